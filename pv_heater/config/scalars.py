"""Single values as people write them: numbers, truths, times of day, zones. Each is text or a Python value.

A text may stand elsewhere: ``${NAME}`` in the environment, ``file:path`` in a file of its own (`Secrets`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pv_heater.config.yaml_lines import without_invisible
from pv_heater.core.model.setting import DayTime, SettingProblem

UNIT_NAMES = {
    "W": "watts",
    "Wh": "watt-hours",
    "V": "volts",
    "s": "seconds",
    "%": "percent",
    "deg": "degrees",
    "degC": "degrees Celsius",
    "kWp": "kilowatts peak",
}
_TRUE, _FALSE = {"true", "yes", "on"}, {"false", "no", "off"}
_LARGEST = 1e15
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
# Three digits after a comma may be thousands: then nothing is suggested.
_WITH_UNIT = re.compile(r"([-+]?\d+(?:\.\d+|,\d{1,2}|,\d{4,})?)\s*(°?[^\W\d_]*%?)")
_SCALES: Mapping[str, Mapping[str, float]] = {
    "W": {"w": 1, "watt": 1, "watts": 1, "kw": 1e3},
    "Wh": {"wh": 1, "kwh": 1e3},
    "V": {"v": 1, "volt": 1, "volts": 1, "kv": 1e3},
    "s": {"s": 1, "sec": 1, "seconds": 1, "ms": 1e-3, "m": 60, "min": 60, "minutes": 60, "h": 3600, "d": 86_400},
    "%": {"%": 1, "percent": 1},
    "deg": {"deg": 1, "°": 1, "degrees": 1},
    "degC": {"c": 1, "°c": 1, "°": 1, "degc": 1, "deg": 1},
    "kWp": {"kwp": 1, "kw": 1, "wp": 1e-3, "w": 1e-3},
    "bytes": {"b": 1, "bytes": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9},
}
"""What people write behind a number, and what it makes of it in the unit of the setting."""
# A token or key that stands where something else belongs: one long word of letters and digits.
_LIKE_A_TOKEN = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[A-Za-z0-9_=-]{20,}")
_VARIABLE = re.compile(r"\$\{([^}]+)\}")
_SHORTEST_HIDDEN = 4
"""Shorter texts are hidden only in quotes: hiding each `1` of a sentence would hide the sentence."""


def number(value: Any, unit: str, *, whole: bool) -> float | int:
    """A finite number; `whole` refuses fractions."""
    kind = f"a {'whole ' if whole else ''}number{f' of {UNIT_NAMES.get(unit, unit)}' if unit else ''}"
    problem = f"must be {kind}, not {shown(value)}"
    if isinstance(value, str):
        text = value.strip()
        if re.match(r"[-+]?0\d", text):
            raise SettingProblem(f"{problem}: a leading zero is ambiguous; write {text.lstrip('+-').lstrip('0') or 0}")
        if not _NUMBER.fullmatch(text):
            meant = _meant(text, unit, whole=whole)
            raise SettingProblem(problem if meant is None else f"{problem}; write {meant}")
        value = float(text)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SettingProblem(problem)
    if not abs(value) <= _LARGEST:  # true for NaN as well
        raise SettingProblem(problem)
    if whole and value != int(value):
        raise SettingProblem(problem)
    return int(value) if whole else float(value)


def truth(value: Any) -> bool:
    """True or false, also as yes, no, on and off."""
    if isinstance(value, bool):
        return value
    word = value.lower() if isinstance(value, str) else ""
    if word in _TRUE | _FALSE:
        return word in _TRUE
    raise SettingProblem(f"must be true or false, not {shown(value)}")


def day_time(value: Any) -> DayTime:
    """A clock time, or sunrise or sunset with an offset."""
    if isinstance(value, DayTime):
        return value
    if isinstance(value, time):
        return DayTime(event="clock", clock=value)
    if not isinstance(value, str):
        raise SettingProblem(f'must be a time of day in quotes, such as "18:00", not {shown(value)}')
    try:
        return DayTime.parse(value)
    except OverflowError:
        raise SettingProblem(f"must be a time of day such as sunrise+30m, not {shown(value)}") from None


def clock_time(value: Any) -> time:
    """A time of day by the clock, such as 22:00. Raises SettingProblem, also for sunrise and sunset."""
    clock = day_time(value).clock
    if clock is None:
        raise SettingProblem(f"must be a clock time such as 22:00, not {shown(value)}")
    return clock


def check_zone(name: str) -> None:
    """Raise SettingProblem unless the system knows the time zone `name`."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError, RecursionError):  # a name of many dots is looked up in depth
        import difflib  # only a mistake needs it

        near = difflib.get_close_matches(name[:60], available_timezones(), n=1, cutoff=0.8)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise SettingProblem(f"must be a time zone such as Europe/Vienna, not {shown(name)}{hint}") from None


def check_base_url(url: str) -> None:
    """Raise SettingProblem unless `url` is http or https, has a host, and carries no login of its own."""
    try:
        parts = urlsplit(url)
        port_is_fine = parts.port != 0
    except ValueError:  # a port or an IPv6 address that is none
        parts, port_is_fine = urlsplit(""), False
    if "@" in url:
        raise SettingProblem("must not hold a login: an address shows in messages; there are other settings for it")
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_fine:
        raise SettingProblem(f"must be an address such as https://example.org/v2, not {shown(url)}")


def check_host(name: str) -> None:
    """Raise SettingProblem for an address of a page where the bare name of a device belongs."""
    bare = re.sub(r"^\w+://|/.*$", "", name)
    if bare != name or not bare or any(sign.isspace() for sign in bare) or "@" in bare:
        hint = f"; write {bare}" if bare and bare != name and not set("@ ") & set(bare) else ""
        raise SettingProblem(f"must be a bare name or address, such as venus.local, not {shown(name)}{hint}")


def check_host_alone(name: str, port_key: str = "port") -> None:
    """The same, where the port is a setting of its own, `port_key`."""
    if found := re.fullmatch(r"([^:@\s]+):([0-9]{1,5})", re.sub(r"^\w+://|/.*$", "", name)):
        raise SettingProblem(
            f"must be a name or address without a port, not {shown(name)}; write {found[1]} and "
            f"`{port_key}: {found[2]}`"
        )
    check_host(name)


def shown(value: Any) -> str:
    """A wrong value as it may stand in a message: short, groups not spelled out, nothing that may be a secret."""
    if isinstance(value, Mapping):
        return "a group of settings"
    if isinstance(value, list | tuple):
        return "a list"
    if value is None:
        return "nothing"
    if isinstance(value, str) and _LIKE_A_TOKEN.fullmatch(value):
        return f"a word of {len(value)} letters and digits"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


class Secrets:
    """Fetches such texts, and keeps them out of messages."""

    def __init__(self, environ: Mapping[str, str], folder: Path) -> None:
        """`folder` is where a relative ``file:`` path starts."""
        self._environ = environ
        self._folder = folder
        self._hidden: set[str] = set()
        self.in_the_settings = False
        """Whether a secret stands in the configuration itself."""
        self.files: set[Path] = set()
        """The files that secrets were read from."""

    def fetch(self, text: str, *, secret: bool) -> str:
        """The text meant by `text`; raises SettingProblem that names the variable or file, never a value.

        With `secret`, the text is kept out of messages even when it stands in the configuration itself.
        """
        result = self._first_line(text[5:].strip()) if text.startswith("file:") else self._substituted(text)
        if secret and text.startswith("file:"):
            self.files.add(self._folder / Path(text[5:].strip()).expanduser())
        elif secret and result and result == text:
            self.in_the_settings = True
        if result and (secret or result != text):
            self._hidden.add(result)
        return result

    def hide(self, message: str) -> str:
        """The message without any text that `fetch` brought from elsewhere or that is secret."""
        for text in sorted(self._hidden, key=len, reverse=True):
            message = message.replace(repr(text), "(secret)")
            if len(text) >= _SHORTEST_HIDDEN:
                message = message.replace(text, "(secret)")
        return message

    def _substituted(self, text: str) -> str:
        def value_of(match: re.Match[str]) -> str:
            name = match.group(1)
            if name not in self._environ:
                raise SettingProblem(f"names the environment variable {name}, which is not set")
            return without_invisible(self._environ[name])

        return _VARIABLE.sub(value_of, text)

    def _first_line(self, name: str) -> str:
        path = self._folder / name
        try:
            path = self._folder / Path(name).expanduser()
            lines = without_invisible(path.read_text(encoding="utf-8-sig")).splitlines()
        except UnicodeDecodeError:
            raise SettingProblem(
                f"is to be read from {path}, which is not UTF-8 text; save it as UTF-8 in the editor"
            ) from None
        except FileNotFoundError:
            raise SettingProblem(
                f"is to be read from {path}, which does not exist; write the secret into it, as its only line"
            ) from None
        except (OSError, RuntimeError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise SettingProblem(f"is to be read from {path}, but: {reason}") from None
        if not lines or not lines[0].strip():
            raise SettingProblem(f"is to be read from {path}, whose first line is empty")
        text = lines[0].strip()
        if not text.isprintable():
            raise SettingProblem(f"is to be read from {path}, whose first line holds control characters")
        return text


def _meant(text: str, unit: str, *, whole: bool) -> str | None:
    """The number to write for `text`, converted where it names another unit; None where that is not certain."""
    match = _WITH_UNIT.fullmatch(text)
    if match is None:
        return None
    scale = 1.0 if not match[2] else _SCALES.get(unit, {}).get(match[2].lower())
    if scale is None:
        return None
    meant = float(match[1].replace(",", ".")) * scale
    return None if whole and meant != int(meant) else f"{meant:.12g}"
