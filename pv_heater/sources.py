"""All that the live program reads from: meters, temperature probes and a forecast, each on a worker of its own."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from pv_heater.config import Config, TypedSettings
from pv_heater.core.types import Forecast
from pv_heater.forecasts.cached import build_forecast
from pv_heater.house_feed import HouseFeed, MeterSource, MeterStatus
from pv_heater.io.clock import SystemClock
from pv_heater.io.worker import Worker, WorkerStatus
from pv_heater.ports import Feed, ForecastSource, Meter, Tools
from pv_heater.sensing import LoadPowers, LoadTemperatures

log = logging.getLogger(__name__)


class NoForecast:
    """Stands for a forecast where none is set up."""

    def latest(self) -> None:
        """Nothing, ever."""
        return


class Sources:
    """Built without a word to any of them; `start` begins to ask."""

    def __init__(self, config: Config, tools: Tools, clock: SystemClock, *, pretended: frozenset[str]) -> None:
        """`pretended` loads switch nothing, so no meter can see them."""
        self._meters: list[Meter] = []
        self._workers: list[Worker[Any]] = []
        self.house = HouseFeed(
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
        self._forecast = _forecast_worker(config, tools, clock)
        self.forecast: Feed[Forecast] = self._forecast or NoForecast()

    def start(self) -> None:
        """Begin to ask all of them."""
        for worker in self._workers:
            worker.start()
        self.temperatures.start()
        self.powers.start()
        if self._forecast is not None:
            self._forecast.start()

    def stop(self) -> None:
        """Ask no more; never waits for an answer that is under way."""
        for worker in self._workers:
            worker.stop()
        self.temperatures.stop()
        self.powers.stop()
        if self._forecast is not None:
            self._forecast.stop()

    def close(self) -> None:
        """End every connection."""
        for meter in self._meters:
            meter.close()
        self.temperatures.close()
        self.powers.close()

    def status(self) -> list[MeterStatus | WorkerStatus]:
        """How each fares, with ages; from any thread."""
        forecast = [] if self._forecast is None else [self._forecast.status()]
        return [*self.house.status(), *self.temperatures.status(), *self.powers.status(), *forecast]

    def _meter(self, name: str, row: TypedSettings[Any], tools: Tools, clock: SystemClock) -> MeterSource:
        meter: Meter = row.build(tools)
        worker = Worker(name, meter.read, partial(_interval_s, meter), clock.monotonic_s, clock.wake, log)
        self._meters.append(meter)
        self._workers.append(worker)
        return MeterSource(name=name, feed=worker, status=worker.status, clock_offset_s=partial(_clock_offset_s, meter))


def named_meters(rows: Sequence[TypedSettings[Any]]) -> Iterator[tuple[str, TypedSettings[Any]]]:
    """Every meter by a name of its own: a second one of the same type is called ``mqtt_2``."""
    types = [row.type for row in rows]
    for index, row in enumerate(rows):
        count = types[: index + 1].count(row.type)
        yield (row.type if count == 1 else f"{row.type}_{count}"), row


def _forecast_worker(config: Config, tools: Tools, clock: SystemClock) -> Worker[Forecast] | None:
    """What expects the sun; None where nothing is set up and the sky over the home is not known either."""
    if not config.forecast and not (config.site.located and config.site.pv):
        return None
    sources: list[ForecastSource] = [row.build(tools) for row in config.forecast]
    source = build_forecast(sources, tools)
    return Worker(
        "forecast", lambda: source.fetch(clock.now()), lambda: source.interval_s, clock.monotonic_s, clock.wake, log
    )


def _interval_s(meter: Meter) -> float:
    return meter.interval_s


def _clock_offset_s(meter: Meter) -> float | None:
    """What a meter with a clock of its own says of ours; None for others."""
    offset_s: float | None = getattr(meter, "clock_offset_s", None)
    return offset_s
