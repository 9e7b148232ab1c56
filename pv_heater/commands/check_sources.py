"""What each source and each rule answers now, in a sentence for `main.py check`.

Each source is asked once; the rules are asked with what the meter and the forecast say at this moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from pv_heater.commands.check_report import Finding
from pv_heater.config.load import Config, TypedSettings
from pv_heater.config.model import named_rows
from pv_heater.controller import Controller
from pv_heater.core.house.company.meanings import sentence
from pv_heater.core.house.guards import SLOWEST_REGULATED_S
from pv_heater.core.house.limited import never_judged
from pv_heater.core.house.reading_age import CLOCKS_AGREE_S, ReadingAge, is_local
from pv_heater.core.house.two_measurements import compared_text
from pv_heater.core.model.prices import price_at
from pv_heater.core.model.values import Forecast, Inputs, Reading
from pv_heater.core.model.words import duration_text
from pv_heater.core.rules.rules import RuleAnswers, Wishes
from pv_heater.core.settings.mqtt import Mqtt
from pv_heater.errors import SourceError
from pv_heater.ports import Tools
from pv_heater.rule_files.files import RuleFiles, strays
from pv_heater.rule_files.runner import RuleRunner, rules_folder
from pv_heater.run.sources import named_meters, price_feed

_NUMBERS = ("pv_w", "consumption_w", "grid_w", "battery_w", "battery_v", "battery_soc_percent", "dc_load_w")
_WORDS = {
    "pv_throttled": ("PV is throttled", "PV is not throttled"),
    "feed_in_allowed": ("feed-in is allowed", "feed-in is not allowed"),
    "grid_connected": ("the grid is there", "the grid is gone"),
}
_FED_BY = {
    "grid": "fed by the grid",
    "generator": "a generator runs: nothing heats by itself",
    "shore": "fed by shore power",
    "none": "fed by nothing but battery and sun",
}
ROUNDS = 5
"""So often rules are asked at most, half a second apart: a ping takes up to a second to be answered."""
PAUSE_S = 0.5


def ask_sources(config: Config, tools: Tools) -> Iterator[Finding]:
    """Every meter but recordings, every probe, forecast, and who is told; a silent one costs its own time-outs."""
    readings: list[Reading] = []
    for name, row in named_meters(config.meter):
        if row.type != "recording":
            ask = partial(_ask_meter, limit_s=config.limits.max_reading_age_s, note=readings.append)
            yield _asked(f"meter {name}", row, tools, ask)
    if readings and len(readings) == len(config.meter):
        for problem in never_judged(readings, config.site, config.limits):
            yield Finding(what="limits", says=problem, exit_code=2)
    for name, row in config.temperatures.items():
        yield _asked(f"loads.{name}.temperature_from {row.type}", row, tools, _ask_probe)
    for name, row in config.power_meters.items():
        yield _asked(f"loads.{name}.power_from {row.type}", row, tools, _ask_power)
    for name, row in config.values.items():
        yield _asked(f"values.{name} {row.type}", row, tools, _ask_value)
    for row in config.forecast:
        yield _asked(f"forecast {row.type}", row, tools, _ask_forecast)
    if config.price_source is not None:
        yield _asked(f"tariff {config.price_source.type}", config.price_source, tools, partial(_ask_prices, config))
    for name, row in named_rows(config.publish):
        yield _asked(f"publish {name}", row, tools, _ask_publisher)
    if config.mqtt is not None:
        yield _ask_broker(config.mqtt)


def ask_rules(config: Config, tools: Tools) -> Iterator[Finding]:
    """Each load that has a rule, and the rule files that belong to no load; nothing is asked of a home without."""
    loads, folder = [policy.name for policy in config.policies], rules_folder(config.path)
    if folder is not None:
        for path in strays(folder, loads):
            text = f"belongs to no load; the loads are {', '.join(loads)}, and a rule file is called like its load"
            yield Finding(what=f"rule file {path.name}", says=text, warning=True)
    files = RuleFiles(folder, loads) if folder is not None else RuleFiles.none()
    with_file = set(files.look())
    with_condition = {policy.name for policy in config.policies if policy.when or policy.on_when or policy.only_when}
    if not (with_file or with_condition):
        return
    controller = Controller(config)
    answers, failed = _answers(controller, files, config, tools)
    for name in loads:
        if name in with_file | with_condition:
            yield _finding(name, answers, failed)


def _asked(
    what: str, row: TypedSettings[Any], tools: Tools, ask: Callable[[TypedSettings[Any], Tools], str]
) -> Finding:
    try:
        return Finding(what=what, says=ask(row, tools))
    except SourceError as error:
        return Finding(what=what, says=str(error), exit_code=error.exit_code)


def _ask_broker(settings: Mqtt) -> Finding:
    from pv_heater.telemetry.mqtt.probe import ask_broker

    try:
        return Finding(what="mqtt", says=ask_broker(settings))
    except SourceError as error:
        return Finding(what="mqtt", says=str(error), exit_code=error.exit_code)


def _ask_meter(row: TypedSettings[Any], tools: Tools, *, limit_s: float | None, note: Callable[[Reading], None]) -> str:
    with closing(row.build(tools)) as meter:
        reading: Reading = meter.read()
        remark: str | None = getattr(meter, "remark", None)
    note(reading)
    told = [f"{name} {value:g}" for name in _NUMBERS if (value := getattr(reading, name)) is not None]
    told += [f"{name} {value:g} W" for name, value in reading.load_w.items()]
    told += [words[not value] for name, words in _WORDS.items() if (value := getattr(reading, name)) is not None]
    told += [_FED_BY[reading.ac_source]] if reading.ac_source is not None else []
    if reading.steering is not None and reading.steering.by is not None:
        told.append(sentence(reading.steering, reading, ZoneInfo(tools.site.timezone)))
    twice = compared_text(reading, off_grid=tools.site.off_grid, has_battery=tools.site.battery is not None)
    told += [twice] if twice is not None else []
    return f"{', '.join(told) or 'no values'}; {_age_text(reading, tools, limit_s)}{_pace(reading)}" + (
        "" if remark is None else f"; {remark}"
    )


def _age_text(reading: Reading, tools: Tools, limit_s: float | None) -> str:
    """How old it is. Raises _Stale where `run` would keep every automatic load off for it."""
    now = tools.clock.now()
    age = ReadingAge(max_reading_age_s=limit_s, local_source=is_local(reading.source))
    age.observe(reading, now, 0.0)
    age_s = (now - reading.taken_at).total_seconds()
    if age_s >= age.max_age_s:
        raise _Stale(
            f"its newest reading is {_seconds_text(age_s)} old, from {reading.taken_at:%Y-%m-%d %H:%M} UTC: stale. "
            f"The limit is {_seconds_text(age.max_age_s)}; loads heat by themselves only once a newer one comes"
        )
    if age_s < -CLOCKS_AGREE_S:
        raise _Stale(
            f"its newest reading is stamped {duration_text(-age_s)} ahead of this machine's clock, so how old it is "
            "cannot be told. One of the two clocks is wrong"
        )
    return f"{max(0.0, age_s):.0f} s old"


def _seconds_text(span_s: float) -> str:
    """To the second where two such times may lie close to each other."""
    return f"{span_s:.0f} s" if span_s < 1000 else duration_text(span_s)


class _Stale(SourceError):
    """It answered, with a reading that nothing may be decided from."""

    exit_code = 5


def _pace(reading: Reading) -> str:
    if reading.interval_s is None:
        return ""
    pace = f", a new sample every {reading.interval_s:.0f} s"
    if reading.interval_s <= SLOWEST_REGULATED_S:
        return pace
    advice = "; set the GX device's log interval to 1 min" if reading.source == "vrm" else ""
    return f"{pace}. Too slow to regulate on{advice}"


def _ask_probe(row: TypedSettings[Any], tools: Tools) -> str:
    with closing(row.build(tools)) as sensor:
        return f"{sensor.read():.1f} degC; lost after {sensor.max_age_s:.0f} s without a new value"


def _ask_power(row: TypedSettings[Any], tools: Tools) -> str:
    with closing(row.build(tools)) as sensor:
        return f"{sensor.read():.0f} W; lost after {sensor.max_age_s:.0f} s without a new value"


def _ask_value(row: TypedSettings[Any], tools: Tools) -> str:
    with closing(row.build(tools)) as sensor:
        value = f"{sensor.read():g} {row.settings.unit}".rstrip()
        return f"{value}; lost after {sensor.max_age_s:.0f} s without a new one, then it is {row.settings.when_lost}"


def _ask_forecast(row: TypedSettings[Any], tools: Tools) -> str:
    now = tools.clock.now()
    forecast: Forecast = row.build(tools).fetch(now)
    power_w = forecast.power_w_at(now)
    expects = "nothing" if power_w is None else f"{power_w:.0f} W"
    return f"{forecast.source} expects {expects} now, until {forecast.end_at}"


def _ask_publisher(row: TypedSettings[Any], tools: Tools) -> str:
    with closing(row.build(tools)) as publisher:
        said: str = publisher.ask()
    return said


def _ask_prices(config: Config, _row: TypedSettings[Any], tools: Tools) -> str:
    feed, now, zone = price_feed(config, tools), tools.clock.now(), ZoneInfo(config.site.timezone)
    if feed is None:
        return "nothing to ask"
    with closing(feed):
        known = feed.fetch(now)
    price, until_at = price_at(known.periods, now), known.until_at(now)
    if price is None or until_at is None:
        raise SourceError(f"{known.source} tells no price for now")
    terms = "" if known.licence is None else f"; {known.licence}"
    otherwise = "the fixed tariff counts after that" if config.fixed_tariff else "tariff.otherwise is not set"
    return (
        f"{known.source}: a bought kWh costs {price.import_per_kwh:.3f} now, a sold one earns "
        f"{price.export_per_kwh:.3f}; known until {until_at.astimezone(zone):%Y-%m-%d %H:%M}, {otherwise}{terms}"
    )


def _finding(name: str, answers: RuleAnswers, failed: Mapping[str, str]) -> Finding:
    what = f"loads.{name} rule"
    if name in failed:
        return Finding(what=what, says=f"off: {failed[name]}", exit_code=2)
    wish = answers.wishes.get(name)
    says = "no opinion, the surplus decides" if wish is None else f"{wish}: {answers.because[name]}"
    remark = answers.remarks.get(name)
    return Finding(what=what, says=f"{says}; {remark}" if remark else says, warning=remark is not None)


def _answers(
    controller: Controller, files: RuleFiles, config: Config, tools: Tools
) -> tuple[RuleAnswers, Mapping[str, str]]:
    """What all rules together answer, and the words of rule files that failed."""
    reading, forecast = _reading(config, tools), _forecast(config, tools)

    def step(wishes: Wishes) -> None:
        inputs = Inputs(
            tick_s=tools.clock.monotonic_s(),
            wishes=wishes.wishes,
            wish_because=wishes.because,
            wish_power_w=wishes.power_w,
            probes=wishes.probes,
        )
        controller.step(tools.clock.now(), reading, forecast, inputs)

    step(Wishes())
    rules, clock = controller.rules, tools.clock
    with closing(RuleRunner(files, rules.picture, rules.probes, clock.monotonic_s)) as runner:
        for _ in range(ROUNDS):
            runner.round(rules.picture() or {})
            step(runner.wishes())
            if not runner.waits():
                break
            clock.wait_until(clock.monotonic_s() + PAUSE_S)
        return rules.latest, runner.failures()


def _reading(config: Config, tools: Tools) -> Reading | None:
    """Of the first meter that answers; a recording has no now."""
    for row in config.meter:
        if row.type != "recording":
            with suppress(SourceError), closing(row.build(tools)) as meter:
                reading: Reading = meter.read()
                return reading
    return None


def _forecast(config: Config, tools: Tools) -> Forecast | None:
    for row in config.forecast:
        with suppress(SourceError):
            forecast: Forecast = row.build(tools).fetch(tools.clock.now())
            return forecast
    return None
