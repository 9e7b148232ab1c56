"""The pins of the last start, kept beside the state: `off` finds its way by them when the configuration is broken."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, Protocol

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import SettingProblem, check_range
from pv_heater.core.settings.pins import PinGroup, PinName, RelayPin, ServoPin, WiperPins
from pv_heater.io.system.state_file import UnreadableState, read_object, write_atomically

FILE_NAME = "pins.json"
VERSION = 1
CANNOT = "cannot be switched"
"""In each sentence about a contact that stays as it is; a knob behind an open one heats nothing."""

_RELAYS, _MANY_RELAYS = ("relay", "ssr"), "relays"
"""The keys of a load under which a relay stands, and the one that holds a list of them."""


class GpioSettings(Protocol):
    """What `Pins` was built with."""

    @property
    def factory(self) -> str:
        """auto, lgpio, rpigpio or mock."""
        ...

    @property
    def pin_log(self) -> str | None:
        """The file that gets the changes of mock pins."""
        ...


def write_pins_file(state_dir: Path, loads_settings: Iterable[Any], gpio: GpioSettings) -> None:
    """Keep name and pins of every load that has some. Raises OSError.

    To be called for real runs only, before the first pin is touched: a dry run must not forget what is wired.
    """
    loads = []
    for settings in loads_settings:
        given = {key: getattr(settings, key, None) for key in (*_RELAYS, "servo", "wiper")}
        pins: dict[str, Any] = {key: asdict(value) for key, value in given.items() if isinstance(value, PinGroup)}
        if many := getattr(settings, _MANY_RELAYS, ()):
            pins[_MANY_RELAYS] = [asdict(relay) for relay in many]
        if pins:
            loads.append({"name": settings.name, **pins})
    document = {"version": VERSION, "gpio": {"factory": gpio.factory, "pin_log": gpio.pin_log}, "loads": loads}
    write_atomically(state_dir / FILE_NAME, json.dumps(document, indent=1) + "\n")


def read_pins_file(state_dir: Path) -> Mapping[str, Any] | None:
    """The same keys as in a configuration, `gpio` and `loads`; None when there is no file or it cannot be read."""
    try:
        document = read_object(state_dir / FILE_NAME)
    except UnreadableState:  # whatever stands there, `off` must neither wait for it nor break on it
        return None
    return document if document is not None and document.get("version") == VERSION else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """The pins of one load."""

    load: str
    relays: tuple[RelayPin, ...] = ()
    servo: ServoPin | None = None
    wiper: WiperPins | None = None

    @property
    def groups(self) -> tuple[PinGroup, ...]:
        """All its pins, relays first."""
        return (*self.relays, *(group for group in (self.servo, self.wiper) if group is not None))


def outputs_in(document: Mapping[str, Any]) -> tuple[list[Output], list[str]]:
    """The loads with pins in a configuration or a pins file, read loosely: one mistake must not hide another pin.

    A relay whose polarity cannot be read is to be released. The second list holds a sentence for each doubt.
    """
    outputs: list[Output] = []
    doubts: list[str] = []
    loads = document.get("loads")
    for number, load in enumerate(loads if isinstance(loads, list) else [], 1):
        if not isinstance(load, Mapping):
            continue
        name = str(load.get("name", f"load {number}"))
        many = load.get(_MANY_RELAYS)
        texts = [*(load.get(key) for key in _RELAYS), *(many if isinstance(many, list) else [])]
        output = Output(
            load=name,
            relays=tuple(relay for text in texts if (relay := _relay(text, name, doubts)) is not None),
            servo=_servo(load.get("servo"), name, doubts),
            wiper=_wiper(load.get("wiper"), name, doubts),
        )
        if output.groups:
            outputs.append(output)
    return outputs, doubts


def _relay(value: Any, load: str, doubts: list[str]) -> RelayPin | None:
    if not isinstance(value, Mapping):
        return None
    pin = str(value.get("pin"))
    try:
        PinName.parse(pin)
    except SettingProblem as problem:
        doubts.append(f"{load}: the relay {CANNOT}, its pin {problem}")
        return None
    active_high = {"true": True, "false": False}.get(str(value.get("active_high")).lower())
    try:
        if active_high is None:
            raise SettingProblem("active_high must be true or false")
        return RelayPin(pin=pin, active_high=active_high, off=str(value.get("off", "auto")))
    except SettingProblem as problem:
        doubts.append(f"{load}: {pin} is only released, not driven: {problem}")
        return RelayPin(pin=pin, active_high=True, off="release")


def _servo(value: Any, load: str, doubts: list[str]) -> ServoPin | None:
    if not isinstance(value, Mapping):
        return None
    try:
        pin = str(value.get("pin"))
        PinName.parse(pin)
        keys = [item.name for item in fields(ServoPin) if item.name not in ("pin", "curve")]
        return ServoPin(pin=pin, **_numbers(value, ServoPin, keys, float))
    except (SettingProblem, ValueError, TypeError, OverflowError) as problem:
        doubts.append(f"{load}: the servo cannot be moved, its settings are wrong: {problem}")
        return None


def _wiper(value: Any, load: str, doubts: list[str]) -> WiperPins | None:
    if not isinstance(value, Mapping):
        return None
    names: dict[str, Any] = {key: str(value.get(key)) for key in ("clock_pin", "data_pin", "select_pin")}
    try:
        for name in names.values():
            PinName.parse(name)
        steps = _numbers(value, WiperPins, ("command", "zero_step", "full_step"), int)
        return WiperPins(**names, **steps, **_numbers(value, WiperPins, ("settle_s",), float))
    except (SettingProblem, ValueError, TypeError, OverflowError) as problem:
        doubts.append(f"{load}: the potentiometer cannot be moved, its settings are wrong: {problem}")
        return None


def _numbers(value: Mapping[str, Any], cls: type[Any], keys: Iterable[str], kind: type[float]) -> dict[str, Any]:
    """Those of these settings of `cls` that are given. Raises SettingProblem, ValueError, TypeError, OverflowError."""
    numbers = {key: kind(value[key]) for key in keys if key in value}
    for key, number in numbers.items():
        check_range(number, cls.__dataclass_fields__[key].metadata)
    return numbers
