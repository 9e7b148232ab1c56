"""A charger of an electric car, told whole amps: from 6 A up, the least that cars know (IEC 61851-1); 0 pauses.

Each whole number of amps on its phases is a level of the load, so that what it is set to is what it draws. Over HTTP or
an MQTT broker.
"""

from __future__ import annotations

from dataclasses import field
from typing import Any

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.numbers import number_of
from pv_heater.core.model.setting import SettingProblem, setting
from pv_heater.io.net.json_path import JsonPath
from pv_heater.loads.network.http_device import HttpOutput, HttpOutputSettings, Order, state_of
from pv_heater.loads.network.http_request import LevelConfirmation, Request
from pv_heater.loads.network.mqtt_output import Language, MqttOutput
from pv_heater.loads.network.mqtt_output import state_of as mqtt_state_of
from pv_heater.loads.network.mqtt_settings import MqttOutputSettings
from pv_heater.loads.network.networked import NetworkedLoad, Settling
from pv_heater.ports import Tools

_AMPS = "{amps}"
_WITHIN_A = 0.5
"""A charger answers in whole amps or in tenths."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Current:
    """What the car may be given."""

    min_a: int = setting("least current; below it the car pauses", default=6, unit="A", minimum=6, maximum=32)
    max_a: int = setting("most current, of cable, fuse and car", default=16, unit="A", minimum=6, maximum=32)
    phases: int = setting("phases on which the car charges", default=1, choices=(1, 2, 3))
    voltage_v: float = setting(
        "voltage from a phase to neutral, for the watts of an amp", default=230.0, unit="V", minimum=100, maximum=260
    )

    dwell_s: float = setting(
        "after a change it stays at least this long before it climbs", default=30.0, unit="s", minimum=0, maximum=3600
    )

    def __post_init__(self) -> None:
        if self.max_a < self.min_a:
            raise SettingProblem(f"must not be below min_a ({self.min_a} A), but is {self.max_a} A", "max_a")

    @property
    def amp_w(self) -> float:
        """What one amp is on all its phases."""
        return self.voltage_v * self.phases

    @property
    def levels_w(self) -> tuple[float, ...]:
        """The powers of all whole amps, ascending."""
        return tuple(self.amp_w * amps for amps in range(self.min_a, self.max_a + 1))

    def amps(self, power_w: float) -> int:
        """The whole amps of a power; 0 for none."""
        return round(power_w / self.amp_w)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpEvChargerSettings(HttpOutputSettings):
    """A charger that is told amps by requests."""

    current: Current = setting("the amps that it may be told", factory=Current)
    amps: tuple[Request, ...] = setting(
        "the request that sets its current, with {amps} in it; several are sent one after another"
    )
    confirm: LevelConfirmation | None = setting(
        "where it says whether it may charge, and with how many amps (`level`); not set, a command that it accepted "
        "counts as obeyed",
        default=None,
    )
    max_power_w: float = field(init=False)

    adjustable = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "max_power_w", self.levels_w[-1])
        HttpOutputSettings.__post_init__(self)
        if not any(request.has_amps for request in self.amps):
            raise SettingProblem(f"must hold {_AMPS} where the current belongs", "amps")

    @property
    def levels_w(self) -> tuple[float, ...]:
        """A level for each whole amp."""
        return self.current.levels_w

    @property
    def level_dwell_s(self) -> float:  # type: ignore[override]
        """As the owner set it for its amps."""
        return self.current.dwell_s


class HttpEvCharger(NetworkedLoad):
    """A charger of a car over HTTP. Satisfies `ports.Load`."""

    Settings = HttpEvChargerSettings

    def __init__(self, settings: HttpEvChargerSettings, tools: Tools) -> None:
        super().__init__(settings, http_charger(settings), tools.clock, expires_s=settings.expires_s)

    @staticmethod
    def state_of(settings: HttpEvChargerSettings) -> str:
        """What the charger says now; moves nothing. Blocks; raises SourceError."""
        return state_of(settings, settings.confirm)


def http_charger(settings: HttpEvChargerSettings, settling: Settling | None = None) -> HttpOutput:
    """The device behind such a load. `settling`, with a time limit of its own, is for tests."""
    confirm = settings.confirm

    def order(power_w: float) -> Order:
        amps = settings.current.amps(power_w)

        def disagreement(answer: Any) -> str | None:
            if confirm is None:
                return None
            wrong = confirm.disagreement(answer, on=amps > 0)
            if wrong is not None or amps == 0:
                return wrong
            return confirm.level_disagreement(answer, amps, settings.current.max_a)

        requests = settings.amps if amps > 0 else settings.off
        return Order(
            sendings=tuple(request.for_level(str(amps), power_w) for request in requests), disagreement=disagreement
        )

    return HttpOutput(settings, order, confirm.path if confirm is not None else None, settling=settling)


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttEvChargerSettings(MqttOutputSettings):
    """A charger that is told amps at a topic."""

    current: Current = setting("the amps that it may be told", factory=Current)
    payload: str = setting("what is sent; {amps} in it becomes the current", default=_AMPS)
    off_payload: str | None = setting(
        "what is sent to pause it, also as our last will; auto is the payload with 0", default=None
    )
    max_power_w: float = field(init=False)

    adjustable = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "max_power_w", self.levels_w[-1])
        MqttOutputSettings.__post_init__(self)
        if self.payload.count(_AMPS) != 1:
            raise SettingProblem(f"must contain {_AMPS} once, where the current belongs", "payload")

    @property
    def levels_w(self) -> tuple[float, ...]:
        """A level for each whole amp."""
        return self.current.levels_w

    @property
    def level_dwell_s(self) -> float:  # type: ignore[override]
        """As the owner set it for its amps."""
        return self.current.dwell_s


class MqttEvCharger(NetworkedLoad):
    """A charger of a car behind an MQTT broker. Satisfies `ports.Load`."""

    Settings = MqttEvChargerSettings

    def __init__(self, settings: MqttEvChargerSettings, tools: Tools) -> None:
        device = MqttOutput(settings, charger_language(settings), tools.clock)
        super().__init__(settings, device, tools.clock, expires_s=settings.expires_s)

    @staticmethod
    def state_of(settings: MqttEvChargerSettings) -> str:
        """What broker and charger say now; moves nothing. Blocks; raises SourceError."""
        return mqtt_state_of(settings)


def charger_language(settings: MqttEvChargerSettings) -> Language:
    """How this charger is spoken to and how it answers: amps at `answer_path`, 0 or its off word when it pauses."""
    before, _, after = settings.payload.partition(_AMPS)
    path = JsonPath.parse(settings.answer_path)

    def command(power_w: float) -> str:
        amps = settings.current.amps(power_w)
        if amps == 0 and settings.off_payload is not None:
            return settings.off_payload
        return f"{before}{amps}{after}"

    def is_command(text: str) -> bool:
        inner = text.removeprefix(before).removesuffix(after)
        is_amps = text.startswith(before) and text.endswith(after) and number_of(inner) is not None
        return is_amps or text == settings.off_payload

    def agrees(answer: Any, power_w: float) -> bool:
        said = path.find(answer)
        amps = number_of(said)
        if amps is None:
            return power_w <= 0 and str(said).casefold() in (str(settings.off_payload).casefold(), "false", "off")
        return abs(amps - settings.current.amps(power_w)) <= _WITHIN_A

    return Language(command=command, is_command=is_command, agrees=agrees)
