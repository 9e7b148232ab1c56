"""Whether a dimmer does what it was told, within limits of its own that are learned from its answers."""

from __future__ import annotations

from collections.abc import Callable

from pv_heater.errors import BadReply
from pv_heater.loads.dimmer_state import EXACT_PERCENT, DimmerState

_MOST_MINPOW_PERCENT = 20.0
"""A dimmer that stays off below this is taken to have its `minpow` there (default 5); above it something is wrong."""


class DimmerLimits:
    """Knows a dimmer's `minpow` and `maxpow` as far as they have shown; says each discovery once.

    `say` gets a sentence. `with_child`: percents up to 200, of which a second dimmer gives a part.
    """

    def __init__(self, say: Callable[[str], None], *, with_child: bool) -> None:
        self._say = say
        self._with_child = with_child
        self._asleep_percent = 0.0
        """Told this much it stays off."""
        self._most_percent: float | None = None
        """It gives no more than this; None while it always gave what it was told."""

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
        """What it gives in the end, from which its limits are learned; raises BadReply when that is no obeying."""
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
                f"gives at most {shown:g} % where it was told {told_percent:g} %: "
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
