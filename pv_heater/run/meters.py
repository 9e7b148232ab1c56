"""What the loop reads the house from: every meter that is set up, the right one chosen at each tick, changes told."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from pv_heater.core.house.meter_choice import MeterChoice, WatchedMeter
from pv_heater.core.house.meter_doubts import Disagreement
from pv_heater.core.house.reading_age import is_local
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.values import Decision, Forecast, Reading
from pv_heater.io.system.worker import WorkerStatus
from pv_heater.ports import Clock, Feed

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalNotes:
    """What a meter behind a portal tells of the way to it."""

    via: str | None = None
    """``live`` or ``rest``; None where there are not two ways."""
    token_days: int | None = None
    """Whole days until its access token ends; None: never, or not known."""


def _no_notes() -> PortalNotes:
    return PortalNotes()


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterSource:
    """One meter with its worker."""

    name: str
    feed: Feed[Reading]
    status: Callable[[], WorkerStatus]
    clock_offset_s: Callable[[], float | None]
    """The meter's own clock minus ours, seconds; None when it does not tell."""
    about: Callable[[], PortalNotes] = _no_notes


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterStatus:
    """How a meter fares, for the status page."""

    name: str
    last_success_age_s: float | None
    trouble: str | None
    next_try_s: float | None
    in_use: bool
    reading_age_s: float | None
    """Age of its newest reading by the time it was taken; None before the first."""
    distrusted_because: str | None
    via: str | None = None
    token_days: int | None = None
    """See `PortalNotes`."""


class HouseMeters:
    """Satisfies `ports.Feed`, `loop.Reporter` and the loop's question whether the reading may be trusted."""

    def __init__(
        self,
        sources: Sequence[MeterSource],
        clock: Clock,
        *,
        max_reading_age_s: float | None,
        pretended: frozenset[str] = frozenset(),
    ) -> None:
        """`pretended` loads switch nothing, so no meter can see them."""
        self._sources = {source.name: source for source in sources}
        self._clock = clock
        self._pretended = pretended
        self._choice = MeterChoice(
            [
                WatchedMeter(source.name, max_reading_age_s=max_reading_age_s, local=is_local(source.name))
                for source in sources
            ]
        )
        self._told_of: WatchedMeter | None = None
        """The meter that the log says the house is read from."""
        self._own_w = 0.0
        self._distrusted: dict[str, str] = {}
        self._disagreements: dict[tuple[str, str], Disagreement] = {}
        self._told: dict[tuple[str, str], set[str]] = {}

    def latest(self) -> Reading | None:
        """The reading of the meter that counts now; on the control thread, once a tick."""
        now, tick_s = self._clock.now(), self._clock.monotonic_s()
        for meter in self._choice.meters:
            meter.observe(self._sources[meter.name].feed.latest(), self._own_w, now, tick_s)
            self._tell_of_distrust(meter)
        current = self._choice.choose(tick_s)
        if current is None:
            return None
        if current is not self._told_of and current.usable(tick_s):
            self._tell_of_change(self._told_of, current, tick_s)
            self._told_of = current
        self._compare(current, tick_s)
        return current.reading

    def distrust(self) -> str | None:
        """Why the reading that `latest` gave must not be used; None: it may."""
        current = self._choice.current
        because = None if current is None else current.distrusted_because()
        return None if because is None or current is None else f"{current.name}: {because}"

    def report(self, now: datetime, decision: Decision, reading: Reading | None, forecast: Forecast | None) -> None:
        """Remember what our loads were set to: a meter that does not show it is frozen."""
        del now, reading, forecast
        self._own_w = sum(
            setpoint.power_w for name, setpoint in decision.setpoints.items() if name not in self._pretended
        )

    def clock_offset_s(self) -> float | None:
        """What the first meter that has a clock of its own says of ours."""
        offsets = (source.clock_offset_s() for source in self._sources.values())
        return next((offset_s for offset_s in offsets if offset_s is not None), None)

    def status(self) -> list[MeterStatus]:
        """Every meter, in the owner's order; from any thread."""
        tick_s = self._clock.monotonic_s()
        return [self._status_of(meter, tick_s) for meter in self._choice.meters]

    def _status_of(self, meter: WatchedMeter, tick_s: float) -> MeterStatus:
        worker, about = self._sources[meter.name].status(), self._sources[meter.name].about()
        return MeterStatus(
            name=meter.name,
            last_success_age_s=worker.last_success_age_s,
            trouble=worker.trouble,
            next_try_s=worker.next_try_s,
            in_use=meter is self._choice.current,
            reading_age_s=meter.age_s(tick_s),
            distrusted_because=meter.distrusted_because(),
            via=about.via,
            token_days=about.token_days,
        )

    def _tell_of_distrust(self, meter: WatchedMeter) -> None:
        because, before = meter.distrusted_because(), self._distrusted.get(meter.name)
        if because is not None and before is None:
            log.warning("%s is not believed any more: %s.", meter.name, because.rstrip("."))
            self._distrusted[meter.name] = because
        elif because is None and before is not None:
            log.info("%s is believed again.", meter.name)
            del self._distrusted[meter.name]

    def _tell_of_change(self, before: WatchedMeter | None, current: WatchedMeter, tick_s: float) -> None:
        first = self._choice.meters[0]
        if before is None and current is first:
            log.info("The house is read from %s.", current.name)
        elif current is first:
            log.info("The house is read from %s again, no longer from %s.", current.name, before.name if before else "")
        else:
            left = before or first
            log.warning("The house is now read from %s: %s %s.", current.name, left.name, self._why_left(left, tick_s))

    def _why_left(self, meter: WatchedMeter, tick_s: float) -> str:
        because, trouble = meter.distrusted_because(), self._sources[meter.name].status().trouble
        if because is not None:
            return f"is not believed ({because})"
        age_s = meter.age_s(tick_s)
        late = "has not answered yet" if age_s is None else f"said nothing new for {age_s:.0f} s"
        return late if trouble is None else f"{late} ({trouble.rstrip('.')})"

    def _compare(self, current: WatchedMeter, tick_s: float) -> None:
        """Tell once when another good meter shows another house, and once when they agree again."""
        for other in self._choice.meters:
            pair = (current.name, other.name)
            if other is current or current.reading is None or other.reading is None:
                continue
            if not (current.good(tick_s) and other.good(tick_s)):
                continue
            disagreement = self._disagreements.setdefault(pair, Disagreement())
            disagreement.observe(current.reading, other.reading, tick_s)
            self._tell_of_disagreement(pair, disagreement.texts())

    def _tell_of_disagreement(self, pair: tuple[str, str], texts: dict[str, str]) -> None:
        told = self._told.setdefault(pair, set())
        for name in texts.keys() - told:
            log.warning("%s and %s disagree over the last ten minutes: %s.", *pair, texts[name])
        if told and not texts:
            log.info("%s and %s agree again.", *pair)
        self._told[pair] = set(texts)
