"""Bugs that are planted into the real program to see whether the judge notices: one at least for each promise."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bench.torture.judge import Promise


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """One bug."""

    plant: Callable[[], None]
    """Does it, in the program's process, before it begins."""
    promise: Promise
    """That must notice."""
    only: str
    """Faults that put it to the test, by a pattern."""
    faults: int = 4


def _by_the_core(name: str) -> Callable[[], None]:
    """One that `bench invariants` plants too."""

    def plant() -> None:
        from bench.invariants.bugs import BUGS

        BUGS[name].plant()

    return plant


def _nothing_ages() -> None:
    """A limit of the house that nobody has told of for so long would open the contact as well."""
    from pv_heater.core.house.limited import Limited

    _by_the_core("a reading never ages")()
    right = Limited.at

    def wrong(self: Any, tick_s: float, max_age_s: float, *known: Any) -> Any:
        del max_age_s
        return right(self, tick_s, math.inf, *known)

    Limited.at = wrong  # type: ignore[assignment]


def _closes_without_zero() -> None:
    from pv_heater.loads.pins.regulated import Regulated

    def wrong(self: Any, power_w: float, tick_s: float) -> Any:
        self._relay.close_contact()
        self._follow(power_w, tick_s)
        return self._settled_at_s

    Regulated._run = wrong  # type: ignore[method-assign]


def _watchdog_sleeps() -> None:
    from pv_heater.io.system.watchdog import Watchdog

    Watchdog.look = lambda self: None  # type: ignore[method-assign]  # noqa: ARG005


def _faults_are_not_taken_back() -> None:
    from pv_heater.core.loads import home_loads

    right = home_loads.HomeLoads.take_back

    def wrong(self: Any, saved: Any, tick_s: float, away_s: float) -> None:
        del saved
        right(self, {}, tick_s, away_s)

    home_loads.HomeLoads.take_back = wrong  # type: ignore[method-assign]


def _nobody_begins_threads_anew() -> None:
    from pv_heater.io.alive.threads import Supervisor

    Supervisor.look = lambda self: None  # type: ignore[method-assign]  # noqa: ARG005


def _nothing_is_saved() -> None:
    from pv_heater.history.writer import HistoryWriter
    from pv_heater.run.home.minute_record import MinuteRecord
    from pv_heater.run.state_saver import StateSaver

    MinuteRecord.report = lambda *_: None  # type: ignore[method-assign]
    StateSaver.report = lambda *_: None  # type: ignore[method-assign]
    HistoryWriter.look = lambda *_: None  # type: ignore[method-assign]


PLANTED: Mapping[str, Planted] = {
    "a reading never ages": Planted(
        plant=_nothing_ages, promise=Promise.UNREAD, only="a meter in the house answers no more"
    ),
    "house limit forgotten": Planted(
        plant=_by_the_core("house limit forgotten"), promise=Promise.GUARD, only="forced on, and the house*"
    ),
    "max_c plus hysteresis": Planted(
        plant=_by_the_core("max_c plus hysteresis"), promise=Promise.GUARD, only="the tank is too hot"
    ),
    "a lost probe is no trouble": Planted(
        plant=_by_the_core("a lost probe is no trouble"), promise=Promise.PROBE, only="the probe is lost"
    ),
    "closes with the knob anywhere": Planted(plant=_closes_without_zero, promise=Promise.KNOB, only="SIGTERM"),
    "the watchdog sleeps": Planted(plant=_watchdog_sleeps, promise=Promise.OFF, only="the strategy hangs"),
    "a restart forgets faults": Planted(
        plant=_faults_are_not_taken_back, promise=Promise.STILL, only="`off` beside the running program"
    ),
    "nobody begins threads anew": Planted(
        plant=_nobody_begins_threads_anew, promise=Promise.BACK, only="the thread of the meter dies", faults=1
    ),
    "nothing is saved": Planted(plant=_nothing_is_saved, promise=Promise.LOST, only="SIG[KPW]*", faults=12),
}
"""By name."""
