"""The pins of the last start, kept beside the state: `off` finds its way by them when the configuration is broken."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from attrs import asdict, fields, frozen

from pv_heater.core.pin_names import PinName
from pv_heater.core.pin_settings import RelayPin, ServoPin
from pv_heater.core.setting import SettingProblem, check_range
from pv_heater.io.state_file import write_atomically

FILE_NAME = "pins.json"
VERSION = 1


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
    """Keep name, relay and servo of every load that has pins. Raises OSError.

    To be called for real runs only, before the first pin is touched: a dry run must not forget what is wired.
    """
    loads = []
    for settings in loads_settings:
        pins = {
            key: asdict(value)
            for key in ("relay", "servo")
            if isinstance(value := getattr(settings, key, None), RelayPin | ServoPin)
        }
        if pins:
            loads.append({"name": settings.name, **pins})
    document = {"version": VERSION, "gpio": {"factory": gpio.factory, "pin_log": gpio.pin_log}, "loads": loads}
    write_atomically(state_dir / FILE_NAME, json.dumps(document, indent=1) + "\n")


def read_pins_file(state_dir: Path) -> Mapping[str, Any] | None:
    """The same keys as in a configuration, `gpio` and `loads`; None when there is no file or it cannot be read."""
    try:
        document = json.loads((state_dir / FILE_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return document if isinstance(document, dict) and document.get("version") == VERSION else None


@frozen(kw_only=True)
class Output:
    """The pins of one load."""

    load: str
    relay: RelayPin | None
    servo: ServoPin | None


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
        relay = _relay(load.get("relay"), name, doubts)
        servo = _servo(load.get("servo"), name, doubts)
        if relay is not None or servo is not None:
            outputs.append(Output(load=name, relay=relay, servo=servo))
    return outputs, doubts


def _relay(value: Any, load: str, doubts: list[str]) -> RelayPin | None:
    if not isinstance(value, Mapping):
        return None
    pin = str(value.get("pin"))
    try:
        PinName.parse(pin)
    except SettingProblem as problem:
        doubts.append(f"{load}: the relay cannot be switched, its pin {problem}")
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
    pin = str(value.get("pin"))
    bounds = {item.name: item.metadata for item in fields(ServoPin) if item.name not in ("pin", "curve")}
    try:
        PinName.parse(pin)
        numbers: dict[str, Any] = {key: float(value[key]) for key in bounds if key in value}
        for key, number in numbers.items():
            check_range(number, bounds[key])
        return ServoPin(pin=pin, **numbers)
    except (SettingProblem, ValueError, TypeError) as problem:
        doubts.append(f"{load}: the servo cannot be moved, its settings are wrong: {problem}")
        return None
