"""Outputs behind an MQTT broker: a device that switches, or one that varies its power.

One that switches is a plug, a relay, a switch of a home automation; one that varies is given a level, such as percent,
that means watts by a curve.
"""

from __future__ import annotations

from typing import Any

from pv_heater.core.actuators.curve import RegulatorCurve, phase_cut
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.numbers import number_of
from pv_heater.core.model.setting import SettingProblem, setting
from pv_heater.io.net.json_path import JsonPath
from pv_heater.loads.network.mqtt_output import Language, MqttOutput, state_of
from pv_heater.loads.network.mqtt_settings import MqttOutputSettings
from pv_heater.loads.network.networked import NetworkedLoad
from pv_heater.loads.pins.power_curve import power_curve
from pv_heater.ports import Tools

_LEVEL = "{percent}"
_ANSWER_WITHIN_PERCENT = 1.0
"""Devices round to whole percent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttSwitchSettings(MqttOutputSettings):
    """A load that is on or off, and what its device has to be sent."""

    on_payload: str = setting("what is sent to switch it on, plain or JSON in quotes", default="ON")
    off_payload: str = setting("what is sent to switch it off, also as our last will", default="OFF")
    on_answer: str = setting("what its answer says when it is on; capital letters do not matter", default="ON")
    off_answer: str = setting("what its answer says when it is off", default="OFF")

    adjustable = False

    def __post_init__(self) -> None:
        MqttOutputSettings.__post_init__(self)
        for on_key, off_key in (("on_payload", "off_payload"), ("on_answer", "off_answer")):
            if getattr(self, on_key).casefold() == getattr(self, off_key).casefold():
                raise SettingProblem(f"must differ from {on_key}", off_key)


class MqttSwitch(NetworkedLoad):
    """A load that an MQTT device switches on and off: a plug, a relay, a switch of a home automation.

    Satisfies `ports.Load`.
    """

    Settings = MqttSwitchSettings

    def __init__(self, settings: MqttSwitchSettings, tools: Tools) -> None:
        device = MqttOutput(settings, switch_language(settings), tools.clock)
        super().__init__(settings, device, tools.clock, expires_s=settings.expires_s)

    @staticmethod
    def state_of(settings: MqttSwitchSettings) -> str:
        """What broker and device say now; moves nothing. Blocks; raises SourceError."""
        return state_of(settings)


def switch_language(settings: MqttSwitchSettings) -> Language:
    """How this switch is spoken to and how it answers."""
    path = JsonPath.parse(settings.answer_path)
    payloads = (settings.off_payload, settings.on_payload)

    def agrees(answer: Any, power_w: float) -> bool:
        wanted = settings.on_answer if power_w > 0 else settings.off_answer
        return _said(path.find(answer)).casefold() == wanted.casefold()

    return Language(
        command=lambda power_w: payloads[power_w > 0], is_command=lambda text: text in payloads, agrees=agrees
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttVariatorSettings(MqttOutputSettings):
    """A load of variable power, and what its device has to be sent."""

    refresh_s: float = setting(
        "the command is sent again this often; keep it below the time after which the device switches itself off",
        default=10.0,
        unit="s",
        minimum=1,
        maximum=3600,
    )
    payload: str = setting("what is sent; {percent} in it becomes the level", default=_LEVEL)
    off_payload: str | None = setting(
        "what is sent to switch it off, also as our last will; auto is the payload with level 0", default=None
    )
    curve: str | None = setting(
        "CSV file with lines percent;watts, measured; without it the power follows the level as `shape` says",
        default=None,
    )
    shape: str = setting(
        "how the power follows the level: phase_cut as behind a triac that is fired later, linear where the device "
        "counts in power itself",
        default="phase_cut",
        choices=("phase_cut", "linear"),
    )
    full_level: float = setting("the level of full power: 100 for percent", default=100.0, minimum=1, maximum=65_535)
    decimals: int = setting("digits of the level after the point", default=2, minimum=0, maximum=4)
    answer_off_path: str | None = setting(
        "where the answer says that it is off, if that is not level 0 at answer_path",
        default=None,
        check=JsonPath.parse,
    )
    answer_off: str = setting("what it says there when it is off", default="OFF")

    def __post_init__(self) -> None:
        MqttOutputSettings.__post_init__(self)
        if self.payload.count(_LEVEL) != 1:
            raise SettingProblem(f"must contain {_LEVEL} once, where the level belongs", "payload")


class MqttVariator(NetworkedLoad):
    """A load whose power an MQTT device varies: told a level, such as percent, that gives the watts by a curve.

    Satisfies `ports.Load`. Raises ConfigError for a bad curve file.
    """

    Settings = MqttVariatorSettings

    def __init__(self, settings: MqttVariatorSettings, tools: Tools) -> None:
        language = variator_language(settings, curve_of(settings))
        device = MqttOutput(settings, language, tools.clock)
        super().__init__(settings, device, tools.clock, expires_s=settings.expires_s)

    @staticmethod
    def state_of(settings: MqttVariatorSettings) -> str:
        """What broker and device say now; moves nothing. Blocks; raises SourceError."""
        return state_of(settings)


def curve_of(settings: MqttVariatorSettings) -> RegulatorCurve:
    """From power to percent. Raises ConfigError."""
    if settings.curve is None and settings.shape == "phase_cut":
        return phase_cut(settings.max_power_w)
    return power_curve(settings.name, settings.curve, settings.max_power_w)


def variator_language(settings: MqttVariatorSettings, curve: RegulatorCurve) -> Language:
    """How this variator is spoken to and how it answers."""
    before, _, after = settings.payload.partition(_LEVEL)
    path = JsonPath.parse(settings.answer_path)
    off_path = JsonPath.parse(settings.answer_off_path) if settings.answer_off_path is not None else None
    within = _ANSWER_WITHIN_PERCENT * settings.full_level / 100

    def level(power_w: float) -> float:
        return round(curve.percent(power_w) * settings.full_level / 100, settings.decimals)

    def command(power_w: float) -> str:
        if power_w <= 0 and settings.off_payload is not None:
            return settings.off_payload
        return f"{before}{level(power_w):.{settings.decimals}f}{after}"

    def is_command(text: str) -> bool:
        inner = text[len(before) : len(text) - len(after)]
        return text == settings.off_payload or (text == before + inner + after and _is_number(inner))

    def agrees(answer: Any, power_w: float) -> bool:
        if power_w <= 0 and off_path is not None:
            return str(off_path.find(answer)).casefold() == settings.answer_off.casefold()
        said = number_of(path.find(answer))
        if said is None:
            return False
        # Nothing but nothing is off: a level of half a percent still heats.
        return said == 0 if power_w <= 0 else abs(said - level(power_w)) <= within

    return Language(command=command, is_command=is_command, agrees=agrees)


def _said(value: Any) -> str:
    """A value of an answer as one writes it in the settings: true, 1, on."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _is_number(text: str) -> bool:
    return number_of(text) is not None
