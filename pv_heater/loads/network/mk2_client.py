"""The Wi-Fi client of a Mk2 router: a dimmer that asks `/api/routeur` of the page, and follows VO2.

It asks every second while it heats and every 10 s else. Told something, it keeps to that for ever when nobody answers:
so it counts as off only once it has heard 0, and what it heard last is what it draws, however silent it is.
"""

from __future__ import annotations

import logging
import threading
from ipaddress import AddressValueError, IPv4Address

from pv_heater.core.actuators.curve import RegulatorCurve, phase_cut
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import SettingProblem, setting
from pv_heater.core.model.values import Setpoint
from pv_heater.core.settings.load import LoadSettings
from pv_heater.loads.pins.power_curve import power_curve
from pv_heater.ports import Tools

log = logging.getLogger(__name__)

SILENT_ON_S, SILENT_OFF_S = 10.0, 30.0
"""It counts as lost when it has asked for nothing so long, ten or three times its pace."""
HUNG_S = 10.0
"""What the control wanted is not passed on when it is older than this."""
LONGEST_OFF_S = 5.0
"""A stop waits so long for it to ask once more."""
ASK_AGAIN_S = 0.1


def _check_address(text: str) -> None:
    try:
        IPv4Address(text)
    except AddressValueError:
        raise SettingProblem(f"must be the address it asks from, such as 192.168.1.60, not {text!r}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mk2ClientSettings(LoadSettings):
    """A load behind that client."""

    address: str = setting("the address that the client asks from, such as 192.168.1.60", check=_check_address)
    curve: str | None = setting(
        "CSV file with lines percent;watts, measured; without it an ideal phase-cut regulator is assumed", default=None
    )


class Mk2Client:
    """A dimmer that asks the page what to do: the Wi-Fi client of ESP-Router-PV.

    Satisfies `ports.Load` and `ports.Follower`. Raises ConfigError for a bad curve file.
    """

    Settings = Mk2ClientSettings
    tries = ("blink",)
    """How commissioning may try it, see `run.trials`."""

    def __init__(self, settings: Mk2ClientSettings, tools: Tools) -> None:
        self.name = settings.name
        self.address = settings.address
        self._clock = tools.clock
        self._curve = _curve_of(settings)
        self._lock = threading.Lock()
        self._began_s = tools.clock.monotonic_s()
        self._held_off = False
        self._wanted_w = 0.0
        self._wanted_s: float | None = None
        """When the control last said so; None before it did."""
        self._told: tuple[int, float] | None = None
        """Percent and watts that the client heard last."""
        self._asked_s: float | None = None
        self._safe_since_s: float | None = None

    @property
    def percent(self) -> int:
        """What it was told last; 0 before it asked."""
        return 0 if self._told is None else self._told[0]

    def asked(self) -> int:
        """What it is to do now, in percent; 0 while nobody knows."""
        with self._lock:
            now_s = self._clock.monotonic_s()
            is_old = self._wanted_s is None or now_s - self._wanted_s > HUNG_S
            power_w = 0.0 if is_old or self._held_off else self._wanted_w
            percent = max(1, round(self._curve.percent(power_w))) if power_w > 0 else 0
            self._told, self._asked_s = (percent, power_w), now_s
            return percent

    def apply(self, setpoint: Setpoint, tick_s: float) -> float | None:  # noqa: ARG002 - the client keeps the pace
        """Have it ready for the next question. Never asks for an early tick."""
        with self._lock:
            self._wanted_w, self._wanted_s = setpoint.power_w, self._clock.monotonic_s()
            self._safe_since_s = None
        return None

    def safe(self, tick_s: float) -> float | None:
        """0 from now on; while it heats, asks to be called again until it has heard that, for at most 5 s."""
        with self._lock:
            self._wanted_w, self._wanted_s = 0.0, self._clock.monotonic_s()
            if self._safe_since_s is None:
                self._safe_since_s = tick_s
            waited_s = tick_s - self._safe_since_s
        heats = self._told is not None and self._told[0] > 0
        return tick_s + ASK_AGAIN_S if heats and waited_s < LONGEST_OFF_S else None

    def trip(self) -> None:
        """0 from now on, until `reset`."""
        self._held_off = True

    def reset(self) -> None:
        """Allow it to be on again."""
        self._held_off = False

    def power_w(self) -> float:
        """What it was told last: it keeps to that, whether it asks or not."""
        return 0.0 if self._told is None else self._told[1]

    def still_on(self) -> str | None:
        """Why it has not heard that it is to be off."""
        told = self._told
        if told is None:
            return "it has not asked since the start, and keeps to what it heard before"
        return None if told[0] == 0 else f"it heard {told[0]} % last, and keeps to that until it asks again"

    def trouble(self) -> str | None:
        """Why it cannot be reached; None while it asks."""
        asked_s, told = self._asked_s, self._told
        silent_s = self._clock.monotonic_s() - (self._began_s if asked_s is None else asked_s)
        if silent_s <= (SILENT_ON_S if told is not None and told[0] else SILENT_OFF_S):
            return None
        if told is None:
            return f"no client has asked from {self.address} for {silent_s:.0f} s; is `web.earlier` set?"
        return f"its client at {self.address} has not asked for {silent_s:.0f} s"

    def close(self) -> None:
        """A line in the log if it was to be off and has not heard so. May be repeated."""
        why = self.still_on()
        if self._safe_since_s is not None and self.percent and why is not None:
            log.error("%s: %s. Switch it off by hand.", self.name, why)
        self._safe_since_s = None


def _curve_of(settings: Mk2ClientSettings) -> RegulatorCurve:
    if settings.curve is None:
        return phase_cut(settings.max_power_w)
    return power_curve(settings.name, settings.curve, settings.max_power_w)
