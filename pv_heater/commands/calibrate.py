"""`main.py calibrate` on the real home: the same locks, outputs, guards and watchdog as the controller.

Only the clock need not be trusted: nothing here depends on the time of day.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from pv_heater.commands.calibration_walk import (
    Calibrator,
    config_for,
    curve_of,
    pace_of,
    percents_of,
    progress_text,
    read_progress,
)
from pv_heater.config.load import Config, TypedSettings
from pv_heater.controller import Controller
from pv_heater.core.actuators.calibration import Walk
from pv_heater.core.actuators.curve import RegulatorCurve, curve_text
from pv_heater.core.house.least_charge import least_charge
from pv_heater.core.house.reading_age import LEAST_AGE_VRM_S
from pv_heater.core.loads.saved import Saved
from pv_heater.core.model.lean import dataclass
from pv_heater.errors import ConfigError, HardwareError
from pv_heater.io.system.clock import SystemClock
from pv_heater.io.system.state_file import UnreadableState, read_object, write_atomically
from pv_heater.io.system.stop_signals import StopSignals
from pv_heater.io.system.watchdog import Watchdog
from pv_heater.pictures.curve import curve_picture
from pv_heater.run.live import STATE_NAME
from pv_heater.run.loop import Loop
from pv_heater.run.outputs import Outputs
from pv_heater.run.session import beside, clock_and_signals, own_state_dir
from pv_heater.run.sources import Sources, named_meters


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationRequest:
    """What the owner asked for."""

    load: str
    points: int = 21
    meter: str | None = None
    """The name of one meter of the configuration; None: as the controller chooses."""
    warm_up_s: float = 500.0
    resume: bool = False
    to: Path | None = None
    """The file to write; None: beside the configuration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationResult:
    """A measured curve, or how far the walk came before it was stopped."""

    points: Mapping[float, float]
    file: Path | None
    """The curve; None where it was stopped before the end."""
    stopped_because: str | None
    progress: Path


def calibrate_live(config: Config, wish: CalibrationRequest, tell: Callable[[str], None]) -> CalibrationResult:
    """Measure one load's curve and write it. Raises ConfigError, PinBusy beside a running controller, HardwareError."""
    clock, signals = clock_and_signals()
    with ExitStack() as ends:
        folder = ends.enter_context(own_state_dir(config, f"calibrate {wish.load}"))
        progress, line = folder / f"calibration_{wish.load}.json", folder.absolute() / "calibration_line.csv"
        plain = config_for(config, wish.load, line, _meter(config, wish.meter))
        _refuse_fault(folder / STATE_NAME, wish.load)
        known = read_progress(progress) if wish.resume else ()
        straight = RegulatorCurve(((0.0, 0.0), (100.0, plain.policies[0].max_power_w)))
        write_atomically(line, curve_text(straight))
        ends.callback(line.unlink, missing_ok=True)
        outputs = ends.enter_context(Outputs(plain, clock, folder, dry_run=False))

        def measured(points: Mapping[float, float]) -> None:
            write_atomically(progress, progress_text(points))
            percent = list(points)[-1]  # the newest
            tell(f"{percent:5.1f} %  {points[percent]:7.1f} W   ({len(points)} of {wish.points})")

        calibrator, why = _walk(plain, wish, known, clock, signals, outputs, measured)
    file = None if why is not None else _write(config, wish, calibrator.points, straight.points[-1][1])
    if file is not None:
        progress.unlink(missing_ok=True)
    return CalibrationResult(points=dict(calibrator.points), file=file, stopped_because=why, progress=progress)


def _walk(
    plain: Config,
    wish: CalibrationRequest,
    known: Sequence[tuple[float, float]],
    clock: SystemClock,
    signals: StopSignals,
    outputs: Outputs,
    measured: Callable[[Mapping[float, float]], None],
) -> tuple[Calibrator, str | None]:
    """The walk through the loop, and why it ended early, if it did; whatever ends it, the load is safe by then."""
    max_power_w = plain.policies[0].max_power_w
    sources = Sources(plain, outputs.tools, clock, pretended=frozenset())
    watchdog = Watchdog(outputs.loads, clock.monotonic_s)
    calibrator = Calibrator(
        wish.load,
        max_power_w,
        lambda interval_s: Walk(percents_of(wish.points), max_power_w, pace_of(interval_s, wish.warm_up_s), known),
        least_battery_percent=least_charge(plain.site, plain.limits, plain.policies, LEAST_AGE_VRM_S).percent,
        submit=lambda command: loop.submit(command),
        stop=lambda why: loop.stop(why),
        measured=measured,
    )
    loop = Loop(
        controller=Controller(plain, calibrating={wish.load}),
        clock=clock,
        sources=sources.of_tick,
        loads=outputs.loads,
        reporters=(sources.house, calibrator),
        tick_s=plain.tick_s,
        watchdogs=(watchdog,),
    )
    signals.attach(loop)
    with closing(sources), beside(sources, watchdog):
        loop.run()
    return calibrator, calibrator.stopped_because or (None if calibrator.done else f"ended by {loop.stop_reason}")


def _write(config: Config, wish: CalibrationRequest, points: Mapping[float, float], max_power_w: float) -> Path:
    """The curve and its picture. Raises HardwareError where they cannot be written."""
    beside = config.path.parent if config.path is not None else Path()
    file = wish.to if wish.to is not None else beside / f"{wish.load}_curve.csv"
    curve = curve_of(points)
    try:
        write_atomically(file, curve_text(curve, [f"{wish.load}, measured at {len(points)} positions"]))
        write_atomically(file.with_suffix(".svg"), curve_picture(wish.load, curve, max_power_w))
    except OSError as error:
        raise HardwareError(f"{file} cannot be written: {error.strerror}; name another with --to") from error
    return file


def _meter(config: Config, name: str | None) -> TypedSettings[Any] | None:
    meters = dict(named_meters(config.meter))
    if not meters:
        raise ConfigError("settings", ["meter: is missing; what measures the house?"])
    if name is not None and name not in meters:
        raise ConfigError("--meter", [f"there is no meter {name!r}; there is {', '.join(meters)}"])
    return None if name is None else meters[name]


def _refuse_fault(state: Path, load: str) -> None:
    """A load with a latched fault is not touched, nor one that may have had one. Raises ConfigError."""
    try:
        given = read_object(state)
        saved = None if given is None else Saved.parse(given).of([load]).get(load)
    except (UnreadableState, ValueError) as error:
        raise ConfigError("calibrate", [f"{state} cannot be read ({error}), and it may have held a fault"]) from error
    if saved is not None and (fault := saved.fault):
        raise ConfigError("calibrate", [f"{load} has a fault: {fault}; fix it and `clear {load}` first"])
