"""What a digital dimmer says of itself on its page ``/state``, and whether it does what it was set to. Pure.

``dimmer`` is what it gives, ``commande`` what it was set to (with a child dimmer up to 200); both are whole percents,
cut, not rounded. Temperatures are texts: ``"0.0"`` without a probe, ``"99.9"`` when the probe was lost. A dimmer has
limits of its own, which are learned from its answers (`DimmerLimits`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.numbers import number_of
from pv_heater.errors import BadReply

NO_ALARM = "RAS"
"""What `alerte` says while nothing is wrong."""
_LOST_C = 99.9
_NO_PROBE_C = 0.0
EXACT_PERCENT = 1.0
"""The dimmer cuts its percents to whole ones."""
_MOST_MINPOW_PERCENT = 20.0
"""A dimmer that stays off below this is taken to have its `minpow` there (default 5); above it something is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DimmerState:
    """One look at the dimmer."""

    dimmer_percent: float
    told_percent: float | None
    """What it was last set to, by its own account; None where it does not say."""
    power_w: float | None
    """By the power of its heater as it is set in the dimmer."""
    total_w: float | None
    """The same, a child dimmer included."""
    temperature_c: float | None
    """None where it does not say."""
    switched_on: bool
    """False: somebody switched it off on its own page; it ignores what it is set to."""
    alarm: str | None
    """None while nothing is wrong."""

    @property
    def has_no_probe(self) -> bool:
        """Whether it never saw a probe, so that its own temperature limit does not work."""
        return self.temperature_c == _NO_PROBE_C

    @property
    def why_off(self) -> str | None:
        """Why it would not heat whatever it is set to; None when it shows no reason."""
        if not self.switched_on:
            return "it is switched off on its own page"
        if self.temperature_c == _LOST_C:
            return "its temperature probe is lost (it says 99.9 degrees)"
        return f"its alarm says {self.alarm!r}" if self.alarm is not None else None


def parse_state(document: Any, who: str) -> DimmerState:
    """Read an answer of ``/state``; raises BadReply when it is none. `who` names the device in messages."""
    if not isinstance(document, dict):
        raise BadReply(f"{who} answers no dimmer's state, but {str(document)[:60]!r}")
    dimmer_percent = number_of(document.get("dimmer"))
    if dimmer_percent is None or not 0 <= dimmer_percent <= 200:
        raise BadReply(f"{who} does not say in `dimmer` what it gives, but {str(document.get('dimmer'))[:40]!r}")
    alarm = str(document.get("alerte", NO_ALARM)).strip()[:60]
    return DimmerState(
        dimmer_percent=dimmer_percent,
        told_percent=number_of(document.get("commande")),
        power_w=number_of(document.get("power")),
        total_w=number_of(document.get("Ptotal")),
        temperature_c=number_of(document.get("temperature")),
        switched_on=document.get("onoff") is not False,
        alarm=None if alarm in ("", NO_ALARM) else alarm,
    )


class DimmerLimits:
    """Knows a dimmer's `minpow` and `maxpow` as far as they have shown; says each discovery once.

    `say` gets a sentence. `with_child`: percents up to 200, of which a second dimmer gives a part.
    """

    def __init__(self, say: Callable[[str], None], *, with_child: bool) -> None:
        self._say = say
        self._with_child = with_child
        self._asleep_percent = 0.0
        """Set to this much it stays off."""
        self._most_percent: float | None = None
        """It gives no more than this; None while it always gave what it was set to."""

    def agrees(self, state: DimmerState, told_percent: float) -> bool:
        """Whether this is exactly what was to be expected."""
        if told_percent == 0:
            return _is_off(state)
        if self._obeys(state, told_percent):
            return True
        if told_percent <= self._asleep_percent:
            return _is_off(state)
        most_percent = self._most_percent
        return most_percent is not None and most_percent < told_percent and self._obeys(state, most_percent)

    def given_percent(self, state: DimmerState, told_percent: float) -> float:
        """What it gives in the end, from which its limits are learned; raises BadReply when that does not obey."""
        shown = self._shown(state)
        if told_percent == 0 and not _is_off(state):
            raise BadReply(f"was told to be off and gives {_given(state)}")
        if shown > told_percent + EXACT_PERCENT:
            hint = "; without a probe, set mintemp on its page below 0 degrees" if state.has_no_probe else ""
            raise BadReply(f"was told {told_percent:g} % and gives {shown:g} %{hint}")
        if self.agrees(state, told_percent):
            self._unlearn(state, told_percent)
        elif state.dimmer_percent > 0:
            self._most_percent = shown
            self._say(
                f"gives at most {shown:g} % where it was set to {told_percent:g} %: "
                "raise maxpow on its page, or lower max_power_w"
            )
        elif told_percent <= _MOST_MINPOW_PERCENT:
            self._asleep_percent = told_percent
            self._say(f"stays off at {told_percent:g} %: raise min_power_w above its minpow, or lower that on its page")
        else:
            probe = "" if not state.temperature_c else f"; its probe says {state.temperature_c:g} degrees"
            raise BadReply(f"was told {told_percent:g} % and stays off, without an alarm{probe}")
        return shown if state.dimmer_percent > 0 else 0.0

    def _obeys(self, state: DimmerState, percent: float) -> bool:
        return state.dimmer_percent > 0 and abs(self._shown(state) - percent) <= EXACT_PERCENT

    def _unlearn(self, state: DimmerState, told_percent: float) -> None:
        """Forget a limit that somebody has lifted on its page."""
        if told_percent > 0 and self._obeys(state, told_percent):
            if told_percent <= self._asleep_percent:
                self._asleep_percent = 0.0
            if self._most_percent is not None and told_percent > self._most_percent + EXACT_PERCENT:
                self._most_percent = None

    def _shown(self, state: DimmerState) -> float:
        """What counts as its answer: a child's share is in `commande` only."""
        if self._with_child and state.told_percent is not None:
            return state.told_percent
        return state.dimmer_percent


def _is_off(state: DimmerState) -> bool:
    return state.dimmer_percent == 0 and not (state.total_w or 0.0) > 0


def _given(state: DimmerState) -> str:
    watts = state.total_w if state.total_w is not None else state.power_w
    return f"{state.dimmer_percent:g} %" if watts is None else f"{state.dimmer_percent:g} % ({watts:g} W)"
