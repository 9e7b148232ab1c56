"""What the settings say of an MQTT broker, and of what this home tells and takes there. Loads no library."""

from __future__ import annotations

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import Secret, SettingProblem, setting

PLAIN_PORT, TLS_PORT = 1883, 8883
LONGEST_TOPIC = 100
"""Characters of a first part: what follows it is added."""


def _check_fingerprint(text: str) -> None:
    digits = text.replace(":", "")
    if len(digits) != 64 or any(digit not in "0123456789abcdefABCDEF" for digit in digits):
        raise SettingProblem("must be the SHA-256 fingerprint of the certificate: 64 hex digits, colons allowed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """Where a broker is, and as whom it is asked. Settings of adapters begin with these."""

    host: str = setting("name or address of the broker")
    port: int | None = setting(
        "port of the broker; auto is 1883, with TLS 8883", default=None, minimum=1, maximum=65_535
    )
    username: str | None = setting("name at the broker, if it asks for one", default=None)
    password: Secret | None = setting("password at the broker, if it asks for one", default=None)
    tls: bool = setting("true: the connection is encrypted", default=False)
    ca_file: str | None = setting("certificate of the authority that signed the broker's, for TLS", default=None)
    fingerprint: str | None = setting(
        "SHA-256 fingerprint of the broker's own certificate, for TLS; then no other is accepted",
        default=None,
        check=_check_fingerprint,
    )

    def __post_init__(self) -> None:
        for key in ("ca_file", "fingerprint"):
            if getattr(self, key) is not None and not self.tls:
                raise SettingProblem("is for encrypted connections: set tls: true as well", key)

    @property
    def address(self) -> str:
        """Host and port, for messages."""
        return f"{self.host}:{self.port_or_default}"

    @property
    def port_or_default(self) -> int:
        """The port as set, else the usual one."""
        return self.port or (TLS_PORT if self.tls else PLAIN_PORT)


def _check_base(topic: str) -> None:
    """Raise SettingProblem for what cannot stand before `/status`."""
    if not topic or any(sign in topic for sign in "+#\0") or topic[0] in "/$" or topic[-1] == "/":
        raise SettingProblem(f"must be the beginning of a topic, such as pv_heater or home/heater, not {topic!r}")
    if len(topic) > LONGEST_TOPIC:
        raise SettingProblem(f"must have at most {LONGEST_TOPIC} characters, not {len(topic)}")


def _check_topic(topic: str) -> None:
    if not topic or any(sign in topic for sign in "+#\0"):
        raise SettingProblem(f"must be one topic without + and #, such as regul/status, not {topic!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Balancer:
    """Topics of an earlier balancer, for what goes by them still."""

    status_topic: str = setting(
        "where its status is published, in its own words", default="regul/status", check=_check_topic
    )
    force_topic: str = setting(
        "where it takes force and unforce; with mqtt.commands: true only", default="regul/mode", check=_check_topic
    )

    def __post_init__(self) -> None:
        if self.status_topic == self.force_topic:
            raise SettingProblem("must be another topic than status_topic", "force_topic")


def _check_prefix(prefix: str) -> None:
    if not prefix or any(sign in prefix for sign in "+#\0") or prefix[0] in "/$" or prefix[-1] == "/":
        raise SettingProblem(f"must be the beginning of a topic, such as homeassistant, not {prefix!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeAssistant:
    """How Home Assistant finds the home at the broker; `true` is all of the defaults."""

    prefix: str = setting("its discovery prefix, as in its MQTT settings", default="homeassistant", check=_check_prefix)
    discovery: str = setting(
        "device: one message for all; single: one for each entity, for what reads only those, such as Domoticz",
        default="device",
        choices=("device", "single"),
    )
    water_heater: bool = setting(
        "true: each load also as a water heater, whose modes are eco (auto), performance (on) and off; needs commands",
        default=False,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Mqtt(Broker):
    """The broker that gets the status, and may give commands."""

    host: str = setting("name or address of the broker", default="127.0.0.1")
    topic: str = setting("first part of every topic", default="pv_heater", check=_check_base)
    commands: bool = setting(
        "true: whoever may publish at the broker may force, boost, clear and switch off", default=False
    )
    balancer: Balancer | None = setting("topics of an earlier balancer, for what goes by them still", default=None)
    home_assistant: HomeAssistant | None = setting(
        "true: Home Assistant finds the home by itself; or a group of settings", default=None
    )

    def __post_init__(self) -> None:
        Broker.__post_init__(self)
        if self.home_assistant is not None and self.home_assistant.water_heater and not self.commands:
            raise SettingProblem("is for setting modes: set mqtt.commands: true as well", "home_assistant.water_heater")
