"""`main.py record`: write what the meter says until the time is over or Ctrl-C; every line is on disk at once."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn, TypeVar

from pv_heater.config.load import Config, TypedSettings
from pv_heater.errors import ConfigError, HardwareError, SourceError
from pv_heater.io.system.clock import SystemClock
from pv_heater.io.system.worker import retry_delay_s
from pv_heater.ports import Meter, Tools
from pv_heater.sim.recording_writer import VrmRecorder, write_readings

T = TypeVar("T")


def record_meter(config: Config, path: Path, for_s: float, print_line: Callable[[str], None]) -> int:
    """Record the first meter into `path`: raw answers of VRM, readings of any other.

    Returns 0, or 5 when nothing came in all that time. Raises ConfigError and RecordingError.
    """
    if not config.meter or config.meter[0].type == "recording":
        raise ConfigError("record", ["meter: a real one is needed; a recording is there already"])
    row, clock = _asked_only(config.meter[0]), SystemClock()
    with TemporaryDirectory() as folder:
        tools = Tools(clock=clock, site=config.site, state_dir=Path(folder), pins=_no_pins)
        meter: Meter = row.build(tools)
        polls = Polls(clock, until_s=clock.monotonic_s() + for_s, say=print_line)
        polls.stop_on_signals()
        print_line(
            f"recording {row.type} into {path} for {timedelta(seconds=round(for_s))}; Ctrl-C ends it, nothing is lost"
        )
        raw_poll: Callable[[], dict[str, Any]] | None = getattr(meter, "raw_poll", None)
        if raw_poll is None:
            names = [policy.name for policy in config.policies]
            count = write_readings(path, polls.each(meter.read, lambda: meter.interval_s), names)
        else:
            count = 0
            with VrmRecorder(path) as recorder:
                for bodies in polls.each(raw_poll, lambda: meter.interval_s):
                    recorder.write(clock.monotonic_s(), clock.now(), bodies)
                    count += 1
    if not count:
        print_line(f"nothing came in, so there is nothing to play in {path}")
        return SourceError.exit_code
    print_line(f"{count} samples in {path}; play them with: python main.py replay {path}")
    return 0


def _asked_only(row: TypedSettings[Any]) -> TypedSettings[Any]:
    """The meter without the portal's own broker: what the REST API answers is recorded as it comes."""
    wants_live = getattr(row.settings, "wants_live", False)
    return replace(row, settings=replace(row.settings, live=False)) if wants_live else row


class Polls:
    """Asks a source again and again on this thread; troubles are said and waited out."""

    def __init__(self, clock: SystemClock, *, until_s: float, say: Callable[[str], None]) -> None:
        self._clock = clock
        self._until_s = until_s
        self._say = say
        self._stopped = False

    def stop_on_signals(self) -> None:
        """End at the next chance on INT, TERM and HUP."""
        self._clock.wake_on_signals()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._stop)

    def each(self, ask: Callable[[], T], interval_s: Callable[[], float]) -> Iterator[T]:
        """Every answer of `ask`, until the time is over."""
        failures = 0
        while not self._stopped and self._clock.monotonic_s() < self._until_s:
            try:
                answer = ask()
            except SourceError as error:
                failures += 1
                delay_s = retry_delay_s(interval_s(), failures, error.retry_after_s)
                self._say(f"{str(error).rstrip('.')}. Next try in {delay_s:.0f} s.")
            else:
                failures, delay_s = 0, interval_s()
                yield answer
            if not self._stopped:
                self._clock.wait_until(min(self._until_s, self._clock.monotonic_s() + delay_s))

    def _stop(self, number: int, frame: object) -> None:
        del number, frame
        self._stopped = True


def _no_pins() -> NoReturn:
    raise HardwareError("recording moves nothing, so it opens no pins")
