"""All that the live program reads from: meters, the loads' own sensors, a forecast, prices; each on its own worker.

A value of a sensor that is too old is left out; the loop sees none rather than an old one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from pv_heater.config.load import Config, TypedSettings
from pv_heater.config.model import named_rows
from pv_heater.core.model.prices import KnownPrices
from pv_heater.core.model.trace import OwnValue
from pv_heater.core.model.values import Forecast
from pv_heater.forecasts.cached import build_forecast
from pv_heater.io.system.clock import SystemClock
from pv_heater.io.system.worker import Worker, WorkerStatus, worker_for
from pv_heater.ports import Feed, ForecastSource, Meaning, Meter, Sensor, Tools
from pv_heater.run.meters import HouseMeters, MeterSource, MeterStatus, PortalNotes
from pv_heater.run.tick_sources import NoFeed, TickSources
from pv_heater.tariffs.market_prices import MarketPrices
from pv_heater.tariffs.price_feed import PriceFeed

log = logging.getLogger(__name__)


class LoadSensors:
    """The newest value of each load that has a sensor. `latest` returns at once, whatever the sensors do."""

    def __init__(self, what: str, unit: str, sensors: Mapping[str, Sensor], monotonic_s: Callable[[], float]) -> None:
        """`what` they tell, and in which unit; `sensors` by the name of their load."""
        self._what, self._unit = what, unit
        self._sensors = dict(sensors)
        self._monotonic_s = monotonic_s
        self._workers = {
            # Nothing is woken: water takes minutes to change what a tick a second takes note of.
            name: worker_for(sensor, f"{what} of {name}", sensor.read, monotonic_s, log)
            for name, sensor in self._sensors.items()
        }
        self._began_s = monotonic_s()
        self._lost: set[str] = set()

    def start(self) -> None:
        """Begin to read, each sensor on a thread of its own."""
        self._began_s = self._monotonic_s()
        for worker in self._workers.values():
            worker.start()

    def stop(self) -> None:
        """Read no more; never waits."""
        for worker in self._workers.values():
            worker.stop()

    def close(self) -> None:
        """Stop, and end what the sensors opened. May be repeated."""
        self.stop()
        for sensor in self._sensors.values():
            sensor.close()

    def poll_once(self) -> None:
        """Read every sensor here and now, on a simulated clock; what they raise is noted as on their threads."""
        for worker in self._workers.values():
            worker.poll_once()

    def status(self) -> list[WorkerStatus]:
        """How each sensor fares."""
        return [worker.status() for worker in self._workers.values()]

    def latest(self) -> dict[str, float]:
        """Values by load, without those that are older than their sensor's limit. See `latest_with_age`."""
        return {name: value for name, (value, _) in self.latest_with_age().items()}

    def latest_with_age(self) -> dict[str, tuple[float, float]]:
        """(value, its age in seconds) by load, without those that are older than their sensor's limit.

        For one thread. Says once when a value is lost, and once when it is back.
        """
        now_s, known = self._monotonic_s(), {}
        for name, worker in self._workers.items():
            newest, limit_s = worker.newest(), self._sensors[name].max_age_s
            age_s = now_s - (self._began_s if newest is None else newest.came_s)
            if newest is not None and age_s <= limit_s:
                known[name] = (newest.value, age_s)
                self._note_known(name, newest.value)
            elif age_s > limit_s:
                self._note_lost(name, None if newest is None else newest.value, age_s, limit_s)
        return known

    def _note_lost(self, name: str, last: float | None, age_s: float, limit_s: float) -> None:
        if name in self._lost:
            return
        self._lost.add(name)
        trouble = self._workers[name].status().trouble
        log.warning(
            "The %s of %s is lost, %s and the limit is %.0f s: %s",
            self._what,
            name,
            f"nothing has come for {age_s:.0f} s"
            if last is None
            else f"{f'{last:.1f} {self._unit}'.rstrip()} was {age_s:.0f} s ago",
            limit_s,
            "its sensor has not answered" if trouble is None else trouble,
        )

    def _note_known(self, name: str, value: float) -> None:
        if name in self._lost:
            self._lost.discard(name)
            log.info("The %s of %s is known again: %s.", self._what, name, f"{value:.1f} {self._unit}".rstrip())


class LoadTemperatures(LoadSensors):
    """Temperatures, degC."""

    def __init__(self, sensors: Mapping[str, Sensor], monotonic_s: Callable[[], float]) -> None:
        """`sensors`: by the name of their load."""
        super().__init__("temperature", "degC", sensors, monotonic_s)


class LoadPowers(LoadSensors):
    """Powers, W."""

    def __init__(self, sensors: Mapping[str, Sensor], monotonic_s: Callable[[], float]) -> None:
        """`sensors`: by the name of their load."""
        super().__init__("power", "W", sensors, monotonic_s)


class OwnValues(LoadSensors):
    """The owner's own values."""

    def __init__(
        self, sensors: Mapping[str, Sensor], meanings: Mapping[str, Meaning], monotonic_s: Callable[[], float]
    ) -> None:
        """`sensors` and what they mean by the names of the values."""
        super().__init__("value", "", sensors, monotonic_s)
        self._meanings = dict(meanings)

    def now(self) -> dict[str, OwnValue]:
        """All of them; what stands in for one that is lost is what its settings say. For one thread."""
        fresh, now_s = self.latest_with_age(), self._monotonic_s()
        return {name: self._one(name, fresh.get(name), now_s) for name in self._sensors}

    def _one(self, name: str, fresh: tuple[float, float] | None, now_s: float) -> OwnValue:
        meaning = self._meanings[name]
        if fresh is not None:
            return OwnValue(value=fresh[0], age_s=fresh[1], unit=meaning.unit)
        worker = self._workers[name]
        newest, trouble = worker.newest(), worker.status().trouble
        return OwnValue(
            value=meaning.instead(None if newest is None else newest.value),
            age_s=None if newest is None else now_s - newest.came_s,
            because=trouble or ("nothing has come yet" if newest is None else "nothing new has come"),
            unit=meaning.unit,
        )


class Sources:
    """Built without a word to any of them; `start` begins to ask."""

    def __init__(self, config: Config, tools: Tools, clock: SystemClock, *, pretended: frozenset[str]) -> None:
        """`pretended` loads switch nothing, so no meter can see them."""
        self._meters: list[Meter] = []
        self._workers: list[Worker[Any]] = []
        self.house = HouseMeters(
            [self._meter(name, row, tools, clock) for name, row in named_meters(config.meter)],
            clock,
            max_reading_age_s=config.limits.max_reading_age_s,
            pretended=pretended,
        )
        self.temperatures = LoadTemperatures(
            {name: row.build(tools) for name, row in config.temperatures.items()}, clock.monotonic_s
        )
        self.powers = LoadPowers(
            {name: row.build(tools) for name, row in config.power_meters.items()}, clock.monotonic_s
        )
        self.values = OwnValues(
            {name: row.build(tools) for name, row in config.values.items()},
            {name: row.settings for name, row in config.values.items()},
            clock.monotonic_s,
        )
        self._sensors = (self.temperatures, self.powers, self.values)
        self._forecast = _forecast_worker(config, tools, clock)
        self.forecast: Feed[Forecast] = self._forecast or NoFeed()
        self.prices = _market_prices(config, tools, clock)
        self.of_tick = TickSources(
            meter=self.house,
            forecast=self.forecast,
            temperatures=self.temperatures.latest,
            powers=self.powers.latest_with_age,
            prices=tuple if self.prices is None else self.prices.latest,
            values=self.values.now,
            distrusted_because=self.house.distrust,
        )
        """What the loop asks of them at each tick."""

    def start(self) -> None:
        """Begin to ask all of them."""
        for worker in self._workers:
            worker.start()
        for source in (*self._sensors, self._forecast, self.prices):
            if source is not None:
                source.start()

    def stop(self) -> None:
        """Ask no more; never waits for an answer that is under way."""
        for worker in self._workers:
            worker.stop()
        for source in (*self._sensors, self._forecast, self.prices):
            if source is not None:
                source.stop()

    def close(self) -> None:
        """End every connection."""
        for meter in self._meters:
            meter.close()
        for sensors in self._sensors:
            sensors.close()
        if self.prices is not None:
            self.prices.close()

    def known_prices(self) -> KnownPrices | None:
        """What the market's source has said; None without one, and before its first answer. From any thread."""
        return None if self.prices is None else self.prices.known()

    def status(self) -> list[MeterStatus | WorkerStatus]:
        """How each fares, with ages; from any thread."""
        own = [status for sensors in self._sensors for status in sensors.status()]
        others = [worker.status() for worker in (self._forecast, self.prices) if worker is not None]
        return [*self.house.status(), *own, *others]

    def _meter(self, name: str, row: TypedSettings[Any], tools: Tools, clock: SystemClock) -> MeterSource:
        meter: Meter = row.build(tools)
        worker = worker_for(meter, name, meter.read, clock.monotonic_s, log, on_new=clock.wake)
        self._meters.append(meter)
        self._workers.append(worker)
        return MeterSource(
            name=name,
            feed=worker,
            status=worker.status,
            clock_offset_s=partial(_clock_offset_s, meter),
            about=partial(_portal_notes, meter),
        )


def named_meters(rows: Sequence[TypedSettings[Any]]) -> Iterator[tuple[str, TypedSettings[Any]]]:
    """Every meter by a name of its own, as `named_rows` has it.

    What costs something all day is not done for one that only stands by, unless its owner wants it.
    """
    for index, (name, row) in enumerate(named_rows(rows)):
        standing_by = getattr(row.settings, "standing_by", None)
        if index and standing_by is not None:
            row = replace(row, settings=standing_by())
        yield name, row


def _forecast_worker(config: Config, tools: Tools, clock: SystemClock) -> Worker[Forecast] | None:
    """What expects the sun; None where nothing is set up and the sky over the home is not known either."""
    if not config.forecast and not (config.site.located and config.site.pv):
        return None
    sources: list[ForecastSource] = [row.build(tools) for row in config.forecast]
    source = build_forecast(sources, tools)
    return worker_for(source, "forecast", lambda: source.fetch(clock.now()), clock.monotonic_s, log, on_new=clock.wake)


def _market_prices(config: Config, tools: Tools, clock: SystemClock) -> MarketPrices | None:
    feed = price_feed(config, tools)
    if feed is None:
        return None
    return MarketPrices(feed, clock, timezone=config.site.timezone, has_fixed=bool(config.fixed_tariff))


def price_feed(config: Config, tools: Tools) -> PriceFeed | None:
    """The source of the settings with charges and taxes, not asked yet; None where all prices are set."""
    row = config.price_source
    if row is None:
        return None
    settings = row.settings
    if hasattr(settings, "path"):
        settings = replace(settings, path=Path(config.resolve(settings.path)))
    return PriceFeed(row.cls(settings, tools), settings, tools)


def _clock_offset_s(meter: Meter) -> float | None:
    """What a meter with a clock of its own says of ours; None for others."""
    offset_s: float | None = getattr(meter, "clock_offset_s", None)
    return offset_s


def _portal_notes(meter: Meter) -> PortalNotes:
    """What a meter behind a portal tells of the way to it; nothing of others."""
    return PortalNotes(via=getattr(meter, "via", None), token_days=getattr(meter, "token_days", None))
