"""A load that an MQTT device switches on and off: a plug, a relay, a switch of a home automation."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from pv_heater.core.json_path import JsonPath
from pv_heater.core.setting import SettingProblem, setting
from pv_heater.loads.mqtt_output import Language, MqttOutput, state_of
from pv_heater.loads.mqtt_output_settings import MqttOutputSettings
from pv_heater.loads.networked import NetworkedLoad
from pv_heater.ports import Tools


@frozen(kw_only=True)
class MqttSwitchSettings(MqttOutputSettings):
    """A load that is on or off, and what its device wants to hear."""

    on_payload: str = setting("what is sent to switch it on, plain or JSON in quotes", default="ON")
    off_payload: str = setting("what is sent to switch it off, also as our last will", default="OFF")
    on_answer: str = setting("what its answer says when it is on; capital letters do not matter", default="ON")
    off_answer: str = setting("what its answer says when it is off", default="OFF")

    adjustable = False

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        for on_key, off_key in (("on_payload", "off_payload"), ("on_answer", "off_answer")):
            if getattr(self, on_key).casefold() == getattr(self, off_key).casefold():
                raise SettingProblem(f"must differ from {on_key}", off_key)


class MqttSwitch(NetworkedLoad):
    """Satisfies `ports.Load`."""

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


def _said(value: Any) -> str:
    """A value of an answer as one writes it in the settings: true, 1, on."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
