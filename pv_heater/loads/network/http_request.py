"""What a device is told over HTTP, and how its answer shows that it obeys: settings, filled in and judged. Pure."""

from __future__ import annotations

import json
import re
from typing import Any

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.numbers import number_of
from pv_heater.core.model.setting import SettingProblem, setting
from pv_heater.io.net.json_path import JsonPath, NotFound

_PLACE = re.compile(r"\{(percent|power_w|amps)\}")
_TIMER = re.compile(r"\b(timer|toggle_after)\b")
"""How Shelly's devices are told to go back after a time."""


def _check_path(path: str) -> None:
    if not path.startswith("/") or any(sign.isspace() for sign in path):
        raise SettingProblem(
            f"must begin with / and hold no blanks (write %20), such as /relay/0?turn=on, not {path!r}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """A request as it goes out."""

    method: str
    path: str
    body: Any
    """What goes with it as JSON; None: nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One command. ``{percent}``, ``{power_w}`` and a charger's ``{amps}`` in path and body become numbers."""

    path: str = setting("what follows the address, such as /relay/0?turn=on", check=_check_path)
    method: str = setting("how it is sent", default="GET", choices=("GET", "POST", "PUT"))
    body: str | None = setting("JSON that goes with it, in quotes", default=None)

    def __post_init__(self) -> None:
        if self.body is None:
            return
        if self.method == "GET":
            raise SettingProblem("must be POST or PUT where there is a body", "method")
        try:
            self.for_level("0", 0.0)
        except ValueError as error:
            raise SettingProblem(f"must be JSON, but is not: {error}", "body") from None

    def for_level(self, level: str, power_w: float) -> Sending:
        """The request with its numbers, `level` being percent or amps; raises ValueError when the body is not JSON."""
        numbers = {"percent": level, "amps": level, "power_w": f"{power_w:.0f}"}

        def fill(text: str) -> str:
            return _PLACE.sub(lambda match: numbers[match[1]], text)

        body = None if self.body is None else json.loads(fill(self.body))
        return Sending(method=self.method, path=fill(self.path), body=body)

    @property
    def has_a_place(self) -> bool:
        """Whether a number goes into it."""
        return any(_PLACE.search(text) for text in (self.path, self.body or ""))

    @property
    def has_amps(self) -> bool:
        """Whether the current of a charger goes into it."""
        return "{amps}" in self.path or "{amps}" in (self.body or "")

    @property
    def has_a_timer(self) -> bool:
        """Whether it asks the device to go back after a time."""
        return any(_TIMER.search(text) for text in (self.path, self.body or ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """Where a device says what it does."""

    path: str = setting("what is asked after each command, such as /relay/0", check=_check_path)
    value: str = setting("where the answer says on or off, such as ison", default="$", check=JsonPath.parse)
    on: str | None = setting(
        "what it says there when it is on; not set: anything but what it says when it is off", default=None
    )
    off: str = setting("what it says there when it is off; capital letters do not matter", default="false")

    def says_on(self, answer: Any) -> bool:
        """Whether an answer says that it is on; raises SettingProblem when it says neither on nor off."""
        try:
            said = text_of(JsonPath.parse(self.value).find(answer))
        except NotFound as error:
            raise SettingProblem(f"does not say whether it is on: {error}", "confirm") from None
        if said.casefold() == self.off.casefold():
            return False
        if self.on is None or said.casefold() == self.on.casefold():
            return True
        raise SettingProblem(f"says {said[:40]!r}, which is neither {self.on!r} nor {self.off!r}", "confirm")

    def disagreement(self, answer: Any, *, on: bool) -> str | None:
        """What is wrong in an answer; None when it is as it should be."""
        try:
            said = text_of(JsonPath.parse(self.value).find(answer))
        except NotFound as error:
            return f"does not say whether it is on: {error}"
        is_off = said.casefold() == self.off.casefold()
        is_on = not is_off if self.on is None else said.casefold() == self.on.casefold()
        return None if (is_on if on else is_off) else f"was told to be {'on' if on else 'off'} and says {said[:40]!r}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelConfirmation(Confirmation):
    """Where a device says what it does, and how much."""

    level: str | None = setting(
        "where the answer says the level, such as brightness; not set: on or off is all that is compared",
        default=None,
        check=JsonPath.parse,
    )
    tolerance_percent: float = setting(
        "how far its level may be off, since devices round", default=1.0, unit="%", minimum=0, maximum=20
    )

    def level_disagreement(self, answer: Any, told: float, full_level: float) -> str | None:
        """As `disagreement`, for a level above 0; `full_level` is the level of full power."""
        if self.level is None:
            return None
        try:
            found = JsonPath.parse(self.level).find(answer)
        except NotFound as error:
            return f"does not say its level: {error}"
        said = number_of(found)
        if said is None:
            return f"says no level at {self.level}, but {text_of(found)[:40]!r}"
        if abs(said - told) <= self.tolerance_percent * full_level / 100:
            return None
        return f"was told the level {told:g} and says {said:g}"


def text_of(value: Any) -> str:
    """A value as one writes it in the settings: true, 1, on."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
