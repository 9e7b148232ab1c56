"""Where a device behind an MQTT broker listens, and where it says what it does: settings of every such output."""

from __future__ import annotations

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import SettingProblem, setting
from pv_heater.core.settings.load import LoadSettings
from pv_heater.core.settings.mqtt import Broker
from pv_heater.core.settings.shared_topic import check_idx
from pv_heater.io.net.json_path import JsonPath


def check_topic(text: str) -> None:
    """Raise SettingProblem for what is not the name of one topic."""
    if not text or any(sign in text for sign in "+#\0"):
        raise SettingProblem(f"must be one topic without + and #, such as cmnd/boiler/POWER, not {text!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputBroker(Broker):
    """The broker that the device listens to."""

    host: str = setting("name or address of the broker", default="127.0.0.1")


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttOutputSettings(LoadSettings):
    """Where a device listens, and where it says what it does."""

    broker: OutputBroker = setting("the broker that the device listens to", factory=OutputBroker)
    topic: str = setting("where the device takes its commands", check=check_topic)
    refresh_s: float = setting("the command is sent again this often", default=60.0, unit="s", minimum=1, maximum=3600)
    expires_s: float | None = setting(
        "the device switches itself off when it has heard nothing for this long; not set, it never does",
        default=None,
        unit="s",
        minimum=2,
        maximum=86_400,
    )
    boot_topic: str | None = setting(
        "where the device speaks when it starts; whatever comes there, the command is sent again at once",
        default=None,
        check=check_topic,
    )
    answer_topic: str | None = setting(
        "where the device says its state after each command; without it, a command that the broker passed on counts "
        "as obeyed",
        default=None,
        check=check_topic,
    )
    answer_path: str = setting(
        "where the state is in a JSON answer, such as result.output; $ where the answer is nothing else",
        default="$",
        check=JsonPath.parse,
    )
    idx: str | None = setting(
        "where many devices speak at answer_topic, such as domoticz/out: the number (idx or id in the message) of this "
        "one; answers of others are passed over",
        default=None,
    )
    ask_topic: str | None = setting(
        "where the device is asked for its state after each command, if it does not report it by itself",
        default=None,
        check=check_topic,
    )
    ask_payload: str = setting("what is sent there", default="")

    def __post_init__(self) -> None:
        LoadSettings.__post_init__(self)
        if self.expires_s is not None and self.expires_s < 2 * self.refresh_s:
            raise SettingProblem(
                f"must be at least twice refresh_s ({self.refresh_s:g} s), or the device would switch itself off",
                "expires_s",
            )
        check_idx(self.answer_topic, self.idx)
        if self.ask_topic is not None and self.answer_topic is None:
            raise SettingProblem("needs answer_topic, where the answer comes", "ask_topic")
        for key in ("boot_topic", "answer_topic"):
            if getattr(self, key) == self.topic:
                raise SettingProblem("must be another topic than the one that takes the commands", key)
