"""A digital dimmer (ESP8266 or ESP32 with a Robotdyn triac or an SSR) that takes its power over HTTP.

It is told ``/?POWER=<percent>`` and read back by ``/state``. Never with ``puissance`` beside it: that makes the number
a change instead of a power. It switches itself off five minutes after the last word, so a lost controller ends there.
"""

from __future__ import annotations

import logging
from contextlib import closing

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import setting
from pv_heater.errors import BadReply
from pv_heater.loads.network.dimmer_state import EXACT_PERCENT, DimmerLimits, DimmerState, parse_state
from pv_heater.loads.network.http_link import HttpLink, HttpLoadSettings
from pv_heater.loads.network.networked import NetworkedLoad, Settling
from pv_heater.loads.pins.power_curve import power_curve
from pv_heater.ports import Tools

log = logging.getLogger(__name__)

EXPIRES_S = 300.0
"""The dimmer's own AUTO_OFF: off after five minutes without a word."""
_WRONG_CHARGE = 0.2
"""A dimmer whose own idea of its heater is this far from `max_power_w` is worth a line."""
_LEAST_CHECKED_PERCENT = 20.0
"""Below this a percent cut to a whole one says too little about the heater."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpDimmerSettings(HttpLoadSettings):
    """A heater behind a digital dimmer."""

    curve: str | None = setting(
        "CSV file with lines percent;watts, measured; without it a straight line, which is what the dimmer aims at",
        default=None,
    )
    full_percent: float = setting(
        "POWER that gives max_power_w; 200 with a child dimmer", default=100.0, unit="%", minimum=1, maximum=200
    )
    refresh_s: float = setting(
        "its power is sent again and read back this often; it switches itself off after 300 s",
        default=15.0,
        unit="s",
        minimum=1,
        maximum=120,
    )


class HttpDimmer(NetworkedLoad):
    """Satisfies `ports.Load`. Raises ConfigError for a bad curve file."""

    Settings = HttpDimmerSettings

    def __init__(self, settings: HttpDimmerSettings, tools: Tools) -> None:
        self._dimmer = DimmerDevice(settings)
        super().__init__(settings, self._dimmer, tools.clock, expires_s=EXPIRES_S)

    @staticmethod
    def state_of(settings: HttpDimmerSettings) -> str:
        """What the dimmer says now; moves nothing. Blocks; raises SourceError."""
        with closing(HttpLink(settings, "the dimmer", patient=True)) as link:
            state = parse_state(link.ask("/state"), link.who)
        said = f"the dimmer gives {state.dimmer_percent:g} %"
        if state.has_no_probe:
            said += ", has no temperature probe"
        return said if state.why_off is None else f"{said}, and would not heat: {state.why_off}"

    def power_w(self) -> float:
        """What it was told and gives, within limits of its own; 0 while it does not answer."""
        return min(super().power_w(), self._dimmer.given_w)

    def trouble(self) -> str | None:
        """Why it cannot be used now: it would not heat whatever it is set to, or it does not answer."""
        return self._dimmer.blocked_by or super().trouble()


class DimmerDevice:
    """Satisfies `ports.Device`. Raises ConfigError for a bad curve file."""

    def __init__(
        self, settings: HttpDimmerSettings, *, link: HttpLink | None = None, settling: Settling | None = None
    ) -> None:
        """`link` and `settling`, with time limits of their own, are for tests."""
        self.refresh_s = settings.refresh_s
        self.blocked_by: str | None = None
        """Why it stayed off when it was set to heat; None while it heats, or would."""
        self.given_w = 0.0
        """What it gave when it was read back last: less than it was set to beyond its own limits."""
        self._settings = settings
        self._full_percent = settings.full_percent
        self._curve = power_curve(settings.name, settings.curve, settings.max_power_w)
        self._link = link or HttpLink(settings, "the dimmer")
        self._settling = settling or Settling()
        self._said: set[str] = set()
        self._limits = DimmerLimits(
            lambda text: log.warning("%s: the dimmer %s.", settings.name, text), with_child=settings.full_percent > 100
        )

    def set_power(self, power_w: float) -> None:
        """Tell it and read it back; raises SourceError unless it does what it was set to."""
        told_percent = self._percent(power_w)
        self._link.begin()
        self._link.order(f"/?POWER={told_percent}")
        state = self._settling.ask(self._state, lambda state: self._limits.agrees(state, told_percent))
        self._note(state)
        # Off when told so says nothing about the alarm; that is over when it no longer shows, or does not hinder.
        if told_percent > 0 and state.dimmer_percent == 0 and state.why_off is not None:
            self.blocked_by = f"the dimmer does not heat: {state.why_off}"
            raise BadReply(self.blocked_by)
        if self.blocked_by is not None and (state.why_off is None or state.dimmer_percent > 0):
            log.info("%s: the dimmer may heat again.", self._settings.name)
            self.blocked_by = None
        try:
            given_percent = self._limits.given_percent(state, told_percent)
        except BadReply as error:
            raise BadReply(f"{self._link.who} {error}") from None
        is_as_told = abs(given_percent - told_percent) <= EXACT_PERCENT
        self.given_w = power_w if is_as_told else self._curve.power_w(given_percent * 100 / self._full_percent)

    def close(self) -> None:
        """End the connection. From any thread; may be repeated."""
        self._settling.close()
        self._link.close()

    def _percent(self, power_w: float) -> int:
        percent = self._curve.percent(power_w) * self._full_percent / 100
        return 0 if power_w <= 0 else max(1, round(percent))

    def _state(self) -> DimmerState:
        return parse_state(self._link.ask("/state"), self._link.who)

    def _note(self, state: DimmerState) -> None:
        """Say once what is worth knowing and changes nothing."""
        if state.has_no_probe:
            self._say_once("probe", "the dimmer has no temperature probe, so its own limit protects nothing")
        settings = self._settings
        if state.power_w is None or settings.curve or state.dimmer_percent < _LEAST_CHECKED_PERCENT:
            return
        if settings.full_percent <= 100:
            charge_w = state.power_w / state.dimmer_percent * settings.full_percent
            if abs(charge_w - settings.max_power_w) > _WRONG_CHARGE * settings.max_power_w:
                self._say_once(
                    "charge",
                    f"the dimmer takes its heater for one of {charge_w:.0f} W, but max_power_w is "
                    f"{settings.max_power_w:.0f}; set both to what the heater's plate says",
                )

    def _say_once(self, what: str, text: str) -> None:
        if what not in self._said:
            self._said.add(what)
            log.warning("%s: %s.", self._settings.name, text)
