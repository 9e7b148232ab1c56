"""Takes secrets, names, places and addresses out of any text; what is the same stays the same, under another name.

Two ways, one after the other: texts that are known to be personal, wherever they stand and however they are written,
and whatever looks like it. A line that says less than it could is better than one that says too much.
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote, quote_plus

SECRET, ID, MAIL, USER = "(secret)", "(id)", "(mail)", "(user)"
_SHORTEST_ANYWHERE = 4
"""A shorter secret is only taken out as a word of its own: a `7` stands in many places."""
_NEAR_DEG = 0.02
"""A decimal number so near to the home's latitude or longitude is taken for it."""
_OPEN_HOSTS = (
    "victronenergy.com", "forecast.solar", "open-meteo.com", "energy-charts.info", "awattar.at", "awattar.de",
    "nordpoolgroup.com", "telegram.org", "ntfy.sh", "emoncms.org", "localhost",
)  # fmt: skip
"""Services that many homes ask; which one it is helps, and says nothing of this home."""
_ENDINGS = (
    "local|lan|home|internal|localdomain|box|arpa|net|com|org|info|biz|io|dev|cloud|online|site|xyz|tech|app|"
    "de|at|ch|fr|eu|it|es|pt|nl|be|lu|dk|se|no|fi|pl|cz|sk|hu|si|hr|ee|lv|lt|ie|uk|us|ca|au|nz"
)
_WORDS = (
    "passw(?:or)?d|passphrase|passcode|pwd|token|secret|api_?key|access_?key|authori[sz]ation|cookie|"
    "session|credentials?"
)

_URL = re.compile(r"\b([a-z][a-z0-9+.-]{1,15})://([^\s/?#\"'<>]*)([^\s\"'<>?#]*)(\?[^\s\"'<>#]*)?(#[^\s\"'<>]*)?", re.I)
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_HEADER = re.compile(r"\b(Bearer|Basic|Digest|Token)(\s+)(?!\()[A-Za-z0-9+/=_.~-]{4,}", re.I)
_NAMED = re.compile(rf"""(\b[\w-]*(?:{_WORDS})[\w-]*["']?\s*[:=]\s*)("[^"\n]*"|'[^'\n]*'|[^\s,;&"'}}\])]+)""", re.I)
_ASKED = re.compile(r"([?&][\w.\[\]-]+=)([^\s&\"'<>#,)]+)")
_HARMLESS_ANSWER = re.compile(r"on|off|true|false|toggle|\d{1,3}", re.I)
_CODE = re.compile(r"\bthe code \d{4,8}\b")
_MAC = re.compile(r"\b(?:[0-9a-f]{2}([:-]))(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}\b", re.I)
_V4 = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.]*\.\d)(?!\w)")
_V6 = re.compile(r"(?<![\w:.])[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?:%\w+)?(?![\w:])", re.I)
_PROBE = re.compile(r"\b(?:10|22|28|3b|42)-[0-9a-f]{12}\b", re.I)
_SERIAL = re.compile(
    r"\bHQ\d{2}[0-9A-Z]{7}\b|\b[0-9a-f]{12}\b|\b[0-9a-f]{16,}\b|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.I
)
_BY_ID = re.compile(r"(/dev/serial/by-id/)\S+")
_HOST = re.compile(rf"(?<![\w.@/-])(?:[a-z0-9_-]+\.)+(?:{_ENDINGS})(?![\w.-]*\w)", re.I)
_TOKEN = re.compile(r"(?<![\w./-])[A-Za-z0-9_-]{16,}(?![\w-])")
_DECIMAL = re.compile(r"(?<![\w.])-?\d{1,3}\.\d{2,}(?![\w.])")
_HOME = re.compile(r"(/home/|/Users/)[^/\s\"':]+")
_NUMBERED = re.compile(r"\b(host|probe)-\d+\b")


class Scrubber:
    """Knows what is personal in one home. The same host is `host-1` everywhere."""

    def __init__(
        self,
        *,
        secrets: Iterable[str] = (),
        ids: Iterable[str] = (),
        users: Iterable[str] = (),
        hosts: Iterable[str] = (),
        place: Iterable[float] = (),
    ) -> None:
        """What is known; `place` are latitude and longitude."""
        self._place = tuple(place)
        self._names: dict[str, str] = {}
        labels: dict[str, str] = {}
        for host in hosts:
            if host and not _is_open(host):
                labels[host] = self._named("host", host)
        labels |= dict.fromkeys(filter(None, users), USER)
        labels |= dict.fromkeys(filter(None, ids), ID)
        labels |= dict.fromkeys((form for secret in secrets if secret for form in _forms(secret)), SECRET)
        self._known = [
            (re.compile(_as_known(text, label), re.I), label)
            for text, label in sorted(labels.items(), key=lambda item: -len(item[0]))
            if text not in (SECRET, ID, MAIL, USER)
        ]

    def text(self, text: str) -> str:
        """Any text, such as a line of a log, a file of settings, JSON."""
        for pattern, label in self._known:
            text = pattern.sub(label, text)
        text = _URL.sub(self._url, text)
        text = _ASKED.sub(_without_answer, text)
        text = _ADDRESS.sub(MAIL, text)
        text = _HEADER.sub(rf"\1\2{SECRET}", text)
        text = _NAMED.sub(_without_value, text)
        text = _CODE.sub(f"the code {SECRET}", text)
        text = _BY_ID.sub(rf"\1{ID}", text)
        text = _PROBE.sub(lambda found: self._named("probe", found.group()), text)
        text = _MAC.sub(ID, text)
        text = _V6.sub(self._number_address, text)
        text = _V4.sub(self._number_address, text)
        text = _SERIAL.sub(_unless_a_number, text)
        text = _HOST.sub(lambda found: self._host(found.group()), text)
        text = _TOKEN.sub(_unless_words, text)
        text = _DECIMAL.sub(self._decimal, text)
        return _HOME.sub(rf"\1{USER}", text)

    def tree(self, value: Any) -> Any:
        """The same for what will be JSON: each text by itself, before line breaks become letters in it."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(key)): self.tree(item) for key, item in value.items()}
        return [self.tree(item) for item in value] if isinstance(value, list | tuple) else value

    def degrees(self, value: float) -> int:
        """A coordinate to some 100 km: enough to reckon the sun by, and no place."""
        return round(value)

    def _host(self, host: str) -> str:
        return host if _is_open(host) or _NUMBERED.fullmatch(host) else self._named("host", host)

    def _named(self, kind: str, text: str) -> str:
        key = f"{kind} {text.lower()}"
        if key not in self._names:
            self._names[key] = f"{kind}-{1 + sum(name.startswith(f'{kind} ') for name in self._names)}"
        return self._names[key]

    def _url(self, found: re.Match[str]) -> str:
        scheme, where, path, query, fragment = found.groups()
        where = where.rpartition("@")[2]
        host, colon, port = where.partition(":") if not where.startswith("[") else (where, "", "")
        shown = "" if not host else host if host == SECRET else self._host(host) if not _is_address(host) else host
        path = "/".join(self._piece(piece) for piece in path.split("/"))
        return f"{scheme}://{shown}{colon}{port}{path}{query or ''}{'#' + SECRET if fragment else ''}"

    def _piece(self, piece: str) -> str:
        """Part of a path: words stay, and short numbers; what may be a key does not."""
        if re.fullmatch(r"-?\d{1,3}\.\d+", piece):
            return str(self.degrees(float(piece)))
        plain = re.fullmatch(r"[A-Za-z_.,;:()-]{0,24}|[A-Za-z_.-]{0,16}\d{0,4}[A-Za-z_.-]{0,8}", piece)
        return piece if plain else ID

    def _number_address(self, found: re.Match[str]) -> str:
        text = found.group()
        try:
            address = ip_address(text.partition("%")[0])
        except ValueError:
            return text
        return text if address.is_loopback or address.is_unspecified else self._named("host", str(address))

    def _decimal(self, found: re.Match[str]) -> str:
        value = float(found.group())
        near = (degree for degree in self._place if math.isclose(abs(value), abs(degree), abs_tol=_NEAR_DEG))
        return found.group() if next(near, None) is None else str(self.degrees(value))


def _forms(secret: str) -> set[str]:
    """How a text may be written in a log, an address, JSON, Python or a header."""
    forms = {secret, quote(secret, safe=""), quote(secret), quote_plus(secret), repr(secret)[1:-1]}
    forms |= {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    if len(secret) >= _SHORTEST_ANYWHERE:
        raw = secret.encode("utf-8", "surrogatepass")
        forms |= {
            raw.hex(),
            base64.b64encode(raw).decode().rstrip("="),
            base64.urlsafe_b64encode(raw).decode().rstrip("="),
        }
    return forms


def _as_known(text: str, label: str) -> str:
    pattern = re.escape(text)
    if label == SECRET and len(text) >= _SHORTEST_ANYWHERE:
        return pattern
    return rf"(?:(?<![\w.])|(?<=\\[nrt])){pattern}(?!\w)"  # a line break may be written out


def _is_open(host: str) -> bool:
    return any(host.lower() == name or host.lower().endswith(f".{name}") for name in _OPEN_HOSTS)


def _is_address(host: str) -> bool:
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _without_value(found: re.Match[str]) -> str:
    """A value in quotes keeps them, so that JSON stays JSON."""
    head, value = found.groups()
    if value in ("null", "true", "false", "None") or SECRET[:-1] in value:
        return found.group()
    mark = value[0] if value[0] in "\"'" else ""
    return f"{head}{mark}{SECRET}{mark}"


def _without_answer(found: re.Match[str]) -> str:
    """What a request asks for by name, as in `?turn=on&key=...`."""
    head, value = found.groups()
    return found.group() if _HARMLESS_ANSWER.fullmatch(value) or SECRET[:-1] in value else f"{head}{SECRET}"


def _unless_a_number(found: re.Match[str]) -> str:
    """Twelve decimal digits are milliseconds; with letters among them, or more of them, they name a device."""
    text = found.group()
    return text if text.isdigit() and len(text) < 16 else ID


def _unless_words(found: re.Match[str]) -> str:
    """`energy_today_2026` and a date are words and numbers; letters and digits in one piece are a key."""
    text = found.group()
    pieces = re.split(r"[_-]", text)
    mixed = [piece for piece in pieces if re.search(r"\d", piece) and re.search(r"[A-Za-z]", piece)]
    is_key = any(len(piece) >= 12 for piece in mixed) or (len(text) >= 24 and len(mixed) >= 2)
    return SECRET if is_key else text
