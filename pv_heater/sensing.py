"""What sensors of the loads' own tell, degrees and watts: one worker a sensor, and what is too old is left out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from pv_heater.io.worker import Worker, WorkerStatus
from pv_heater.ports import Sensor

log = logging.getLogger(__name__)


class LoadSensors:
    """The newest value of each load that has a sensor. `latest` returns at once, whatever the sensors do."""

    def __init__(
        self, what: str, unit: str, sensors: Mapping[str, Sensor], clock_monotonic: Callable[[], float]
    ) -> None:
        """`what` they tell, and in which unit; `sensors` by the name of their load."""
        self._what, self._unit = what, unit
        self._sensors = dict(sensors)
        self._monotonic = clock_monotonic
        self._workers = {
            # Nothing is woken: water takes minutes to change what a tick a second takes note of.
            name: Worker(f"{what} of {name}", sensor.read, _interval_of(sensor), clock_monotonic, _nothing, log)
            for name, sensor in self._sensors.items()
        }
        self._began_s = clock_monotonic()
        self._lost: set[str] = set()

    def start(self) -> None:
        """Begin to read, each sensor on a thread of its own."""
        self._began_s = self._monotonic()
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
        now_s, known = self._monotonic(), {}
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
            f"nothing has come for {age_s:.0f} s" if last is None else f"{last:.1f} {self._unit} was {age_s:.0f} s ago",
            limit_s,
            "its sensor has not answered" if trouble is None else trouble,
        )

    def _note_known(self, name: str, value: float) -> None:
        if name in self._lost:
            self._lost.discard(name)
            log.info("The %s of %s is known again: %.1f %s.", self._what, name, value, self._unit)


class LoadTemperatures(LoadSensors):
    """Temperatures, degC."""

    def __init__(self, sensors: Mapping[str, Sensor], clock_monotonic: Callable[[], float]) -> None:
        """`sensors`: by the name of their load."""
        super().__init__("temperature", "degC", sensors, clock_monotonic)


class LoadPowers(LoadSensors):
    """Powers, W."""

    def __init__(self, sensors: Mapping[str, Sensor], clock_monotonic: Callable[[], float]) -> None:
        """`sensors`: by the name of their load."""
        super().__init__("power", "W", sensors, clock_monotonic)


def _interval_of(sensor: Sensor) -> Callable[[], float]:
    return lambda: sensor.interval_s


def _nothing() -> None:
    """Called for a new value that nobody waits for."""
