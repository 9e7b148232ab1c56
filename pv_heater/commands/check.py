"""`main.py check`: settings, wiring, and what each source answers now. Moves nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

from pv_heater.commands.access import page_findings
from pv_heater.commands.check_doubts import doubts, open_secrets
from pv_heater.commands.check_loads import ask_loads
from pv_heater.commands.check_report import CheckReport, Finding
from pv_heater.commands.check_sources import ask_rules, ask_sources
from pv_heater.commands.play.days import open_recording, refused_recording
from pv_heater.config.load import Config, TypedSettings
from pv_heater.core.house.guards import DAYLIGHT_FROM_W
from pv_heater.core.settings.load import BatteryShare, LoadSettings
from pv_heater.errors import ConfigError, HardwareError, RecordingError
from pv_heater.io.system.clock import SystemClock, network_time_synchronised
from pv_heater.io.system.log_place import log_place
from pv_heater.loads.network.networked import NetworkedLoad
from pv_heater.loads.pins.power_curve import power_curve
from pv_heater.loads.pins.servo_regulator import ServoRegulator, read_curve
from pv_heater.ports import Tools
from pv_heater.run.identity import OUTPUTS_TEXT
from pv_heater.run.outputs import boot_problems, pin_settings, with_found_curve
from pv_heater.run.state_dir import open_to_all

METERS_THAT_TELL_TEMPERATURES = frozenset({"recording"})
"""All others know the house, not the tanks in it."""


def check_all(config: Config) -> CheckReport:
    """Look at everything; a source that does not answer costs its own time-outs and no more."""
    findings = [Finding(what="settings", says=f"{config.path or 'a mapping'} is complete")]
    warnings = [*config.warnings, *([config.assumed_daylight] if config.assumed_daylight else [])]
    findings += [Finding(what="settings", says=text, warning=True) for text in warnings]
    findings += doubts(config)
    findings += open_secrets(config)
    findings += [Finding(what="settings", says=text, warning=True) for text in open_to_all(config)]
    findings += _wiring(config)
    findings += page_findings(config)
    findings.append(_clock(config))
    findings += _outputs(config)
    findings += _temperatures(config)
    findings += _hygiene(config)
    findings += _curves(config)
    with TemporaryDirectory() as folder:
        tools = Tools(clock=SystemClock(), site=config.site, state_dir=Path(folder), pins=_no_pins)
        findings += [_recording(config, row) for row in config.meter if row.type == "recording"]
        findings += ask_sources(config, tools)
        findings += ask_loads(config, tools.clock)
        findings += ask_rules(config, tools)
    return CheckReport(findings)


def _wiring(config: Config) -> list[Finding]:
    pins = pin_settings(config)
    problems = boot_problems(config)
    if problems:
        return [Finding(what="wiring", says=problem, exit_code=2) for problem in problems]
    used = [(where, pin.names) for where, pin in pins]
    used += [(f"display {row.type}", row.settings.names) for row in config.display if row.settings.names]
    if not used:
        return [Finding(what="wiring", says="no pins are used")]
    return [Finding(what="wiring", says=", ".join(f"{where} at {', '.join(names)}" for where, names in used))]


def _clock(config: Config) -> Finding:
    if config.site.clock == "trusted":
        return Finding(what="clock", says=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, trusted by site.clock")
    if network_time_synchronised():
        return Finding(what="clock", says="set by network time")
    text = (
        "not set by network time. Until that or the meter's own time (within 120 s) vouches for it, loads heat by "
        f"themselves only while PV gives {DAYLIGHT_FROM_W:.0f} W, and timers, tariff, guarantees and hygiene wait; "
        "with a clock chip: `site: {clock: trusted}`"
    )
    return Finding(what="clock", says=text, warning=True)


def _temperatures(config: Config) -> list[Finding]:
    """Loads that wait for a temperature which neither a probe of their own nor a meter tells."""
    if any(row.type in METERS_THAT_TELL_TEMPERATURES for row in config.meter):
        return []
    meters = ", ".join(row.type for row in config.meter)
    findings = []
    for policy in config.policies:
        key, effect = next(iter(_need_temperature(policy)), (None, ""))
        if key is not None and policy.name not in config.temperatures:
            text = (
                f"{key} needs the load's temperature, and the meter ({meters or 'none'}) does not tell it: "
                f"{effect}; give it a probe, such as `temperature_from: {{type: ds18b20}}`"
            )
            findings.append(Finding(what=f"loads.{policy.name}", says=text, exit_code=2))
    return findings


def _need_temperature(policy: LoadSettings) -> list[tuple[str, str]]:
    """Settings that need the load's temperature, and what comes of it without one, the worst first."""
    needs = [(key, "this load would never heat") for key in ("max_c", "target_c") if getattr(policy, key) is not None]
    if policy.hot_water is not None:
        keys = [key for key in ("hygiene", "min_c") if getattr(policy.hot_water, key) is not None]
        needs += [(f"hot_water.{key}", "it would never begin") for key in keys]
    return needs


def _hygiene(config: Config) -> list[Finding]:
    """Tanks whose temperature is known and that nobody heats through against legionella."""
    text = (
        "its tank is never heated through against legionella: add `hygiene: {every_days: 7, at_c: 60}` and, above "
        "55 degC, a thermostatic mixing valve and `mixing_valve: true`; docs/hot-water.md has more"
    )
    return [
        Finding(what=f"loads.{policy.name}.hot_water", says=text, warning=True)
        for policy in config.policies
        if policy.hot_water is not None and policy.hot_water.hygiene is None and policy.name in config.temperatures
    ]


def _outputs(config: Config) -> list[Finding]:
    import os

    names = [policy.name for policy in config.policies]
    networked = any(
        not isinstance(row, BatteryShare) and isinstance(row.cls, type) and issubclass(row.cls, NetworkedLoad)
        for row in config.loads
    )
    switches = "real" if networked or config.gpio.factory != "mock" else "mock"
    log = log_place(config.log.file, os.environ).path
    return [
        Finding(what="loads", says=f"{', '.join(names)} ({OUTPUTS_TEXT['dry' if config.dry_run else switches]})"),
        Finding(what="log", says=f"{log}; follow it with: tail -F {log}"),
    ]


def _recording(config: Config, row: TypedSettings[Any]) -> Finding:
    if (refusal := refused_recording(config)) is not None:
        return Finding(what="meter recording", says=refusal, exit_code=2)
    try:
        recording = open_recording(config.resolve(row.settings.path))
    except RecordingError as error:
        return Finding(what="meter recording", says=str(error), exit_code=error.exit_code)
    return Finding(what="meter recording", says=f"{recording.name}, {recording.days:.1f} days")


def _curves(config: Config) -> list[Finding]:
    findings = []
    for row in config.loads:
        if isinstance(row, BatteryShare):
            continue
        settings = with_found_curve(config, row).settings
        is_servo, curve = isinstance(settings, ServoRegulator.Settings), getattr(settings, "curve", None)
        try:
            if is_servo:
                read_curve(settings)
            elif curve is not None:
                power_curve(settings.name, curve, settings.max_power_w)
        except ConfigError as error:
            what = f"loads.{settings.name}.{'servo.' if is_servo else ''}curve"
            findings += [Finding(what=what, says=problem, exit_code=2) for problem in error.problems]
    return findings


def _no_pins() -> NoReturn:
    raise HardwareError("check moves nothing, so it opens no pins")
