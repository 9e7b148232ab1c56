"""What README and docs say is true: links lead somewhere, examples run, names exist, times are the code's own."""

from __future__ import annotations

import contextlib
import re
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from pytest_httpserver import HTTPServer

from pv_heater import Controller, load_config
from pv_heater.cli.app import cli
from pv_heater.config.load import Config, Tables
from pv_heater.core.house import reading_age as evidence
from pv_heater.core.house.guards import SITE_GUARDS
from pv_heater.core.model.rule_id import SAFETY_RULES
from pv_heater.core.model.values import OFF, Inputs, Setpoint
from pv_heater.core.settings.home import Battery, Limits, Site
from pv_heater.core.settings.hot_water import HotWater, Hygiene, Season, Window
from pv_heater.core.settings.load import After, BatteryShare, LoadSettings
from pv_heater.core.settings.pins import ServoPin
from pv_heater.core.settings.timers import Timer
from pv_heater.errors import BadReply, ConfigError, Unreachable
from pv_heater.io.alive import guard, guard_process
from pv_heater.io.gpio import pins as gpio
from pv_heater.io.gpio.pins import Pins
from pv_heater.io.system import clock_trust, watchdog
from pv_heater.loads import LOADS
from pv_heater.meters import METERS
from pv_heater.ports import Tools
from pv_heater.run.loop import LONGEST_STOP_S
from pv_heater.sim.clock import SimClock
from pv_heater.strategies import STRATEGIES
from pv_heater.strategies.balance import Balance
from pv_heater.strategies.forecast_gap import ForecastGap
from pv_heater.strategies.plan import Plan
from tests.builders import NOON, config, reading

PROJECT = Path(__file__).parents[2]
PAGES = [PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", *sorted((PROJECT / "docs").glob("*.md"))]
START = datetime(2026, 6, 21, 10, 0, tzinfo=UTC)

WHOLE = {
    "meter": "meter: {type: recording, path: Files/recordings/summer.csv.gz}",
    "loads": "loads: [{type: dry_run, name: water_heater, max_power_w: 2000}]",
}
"""What a part of a configuration needs to become a whole one."""


def blocks(page: Path, kind: str) -> list[str]:
    """The fenced blocks of `page` whose info string is exactly `kind`; those in lists without their indent."""
    found = re.findall(rf"^( *)```{kind}\n(.*?)^ *```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return ["".join(line.removeprefix(indent) for line in text.splitlines(keepends=True)) for indent, text in found]


def all_blocks(kind: str) -> list[Any]:
    return [
        pytest.param(page, text, id=f"{page.name}-{number}")
        for page in PAGES
        for number, text in enumerate(blocks(page, kind), 1)
    ]


def page_text(name: str) -> str:
    return (PROJECT / name).read_text(encoding="utf-8")


@pytest.fixture
def documented(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tables:
    """The adapter tables with the meter, the load and the strategy of the docs in them."""
    for kind in ("meter", "load", "strategy"):
        (code,) = blocks(PROJECT / "docs" / f"add-a-{kind}.md", f"python {kind}")
        (tmp_path / f"documented_{kind}.py").write_text(code, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    return Tables(
        meters={**METERS, "counter": "documented_meter:CounterMeter"},
        loads={**LOADS, "burst_relay": "documented_load:BurstRelay"},
        strategies={**STRATEGIES, "by_charge": "documented_strategy:ByCharge"},
    )


def tools(folder: Path, clock: SimClock | None = None) -> Tools:
    clock = clock or SimClock(START)
    return Tools(
        clock=clock,
        site=Site(),
        state_dir=folder,
        pins=lambda: Pins(factory="mock", pin_log=None, monotonic_s=clock.monotonic_s),
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_to_a_file(page: Path):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", text) + re.findall(r"<img src=\"([^\"]+)\"", text)
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_heading_finds_it(page: Path):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for name, anchor in re.findall(r"\]\(([^)#\s]*)#([^)\s]+)\)", text):
        if "://" not in name:
            target = (page.parent / name if name else page).read_text(encoding="utf-8")
            headings = re.findall(r"^#+ (.*)$", target, re.MULTILINE)
            anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert anchor in anchors, f"{name}#{anchor}"


@pytest.mark.parametrize(("page", "text"), all_blocks("yaml"))
def test_every_configuration_example_loads_or_the_page_shows_its_mistakes(
    page: Path, text: str, tmp_path: Path, documented: Tables
):
    given = set(yaml.safe_load(text))
    file = tmp_path / "config.yaml"
    file.write_text("\n".join([text, *(line for key, line in WHOLE.items() if key not in given)]), encoding="utf-8")
    for name in re.findall(r"file:([\w./-]+)", text):
        if not name.startswith("/"):
            (tmp_path / name).write_text("secret\n", encoding="utf-8")
    environ = dict.fromkeys(re.findall(r"\$\{(\w+)\}", text), "value")
    problems: tuple[str, ...] = ()
    try:
        load_config(file, tables=documented, environ=environ)
    except ConfigError as error:
        problems = error.problems
    shown = page.read_text(encoding="utf-8")
    assert [problem for problem in problems if problem not in shown] == []


@pytest.mark.parametrize(("page", "code"), all_blocks("python"))
def test_every_python_example_runs(page: Path, code: str):
    with contextlib.chdir(PROJECT):
        exec(compile(code, f"an example of {page.name}", "exec"), {})


def test_git_ignores_every_secret_that_a_page_puts_beside_the_settings():
    ignored = (PROJECT / ".gitignore").read_text(encoding="utf-8").split()
    named = {name for page in PAGES for name in re.findall(r"file:([a-z]\w*[-_]\w+)", page.read_text(encoding="utf-8"))}
    assert len(named) > 10
    left_in = [name for name in named if not any(fnmatch(name, rule.removeprefix("Files/")) for rule in ignored)]
    assert left_in == []


def test_the_readme_table_and_the_command_line_have_the_same_commands():
    section = page_text("README.md").partition("\n## Commands\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)[^|]*\|", section, re.MULTILINE)
    assert set(rows) == set(typer.main.get_command(cli).commands)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_and_option_that_is_named_exists(page: Path):
    commands = typer.main.get_command(cli).commands
    named = re.findall(r"(?:python main\.py|`main\.py) ([^`#|\n]*)", page.read_text(encoding="utf-8"))
    for line in named:
        words = line.split()
        command = next((word for word in words if re.fullmatch(r"[a-z]+", word)), None)
        if not words or words[0].startswith(("-", "#")):
            command = "run"
        assert command in commands, line
        known = {option for item in _parameters(commands[command], words) for option in item.opts}
        known |= {"--help", "--version"}
        options = {word for word in words if word.startswith("--")}
        assert options <= known, f"{line}: {options - known}"


def _parameters(command: Any, words: list[str]) -> list[Any]:
    """Of a command, or of that one of its own (``token add``) which comes next in `words`."""
    own = getattr(command, "commands", {})
    chosen = next((own[word] for word in words if word in own), command)
    return list(chosen.params)


def test_every_setting_named_in_the_tuning_page_exists():
    strategies = [Plan.Settings, Balance.Settings, ForecastGap.Settings]
    tank = [HotWater, Hygiene, Season, Window]
    classes = [Limits, LoadSettings, *tank, After, Timer, BatteryShare, ServoPin, *strategies, Config, Site, Battery]
    keys = {field.metadata.get("key") or field.name for cls in classes for field in fields(cls)}
    nested = {"daylight.from", "daylight.to", "inverter.loads_on", "from", "to"}
    values = {"auto", "battery", "relay", "sunset-1h", "plan", "balance", "forecast_gap", "probe_lost", "in"}
    named = set()
    for quoted in re.findall(r"`([^`\n]+)`", page_text("docs/tuning.md")):
        if not quoted.startswith("python "):
            named.add(quoted.split(":")[0])
    assert named <= keys | nested | values, named - keys - nested - values


def test_the_tuning_page_tells_about_every_setting_that_can_be_tuned():
    text = page_text("docs/tuning.md")
    classes = (Limits, LoadSettings, Plan.Settings, Balance.Settings, ForecastGap.Settings)
    names = [field.name for cls in classes for field in fields(cls)]
    assert [name for name in names if f"`{name}`" not in text and name != "name"] == []


def test_the_page_on_deciding_lists_the_guards_in_their_order():
    rows = re.findall(r"^\| `(\w+)` \| (\w+)", page_text("docs/how-it-decides.md"), re.MULTILINE)
    guards = rows[: len(SITE_GUARDS)]
    assert [name for name, _ in guards] == [guard.__name__ for guard in SITE_GUARDS]
    assert all((kind == "safety") == (name in SAFETY_RULES) for name, kind in guards)


def test_the_worst_times_are_the_sums_of_the_constants():
    defaults = {field.name: field.default for cls in (LoadSettings, ServoPin) for field in fields(cls)}
    tick_s, settle_s = Config.__dataclass_fields__["tick_s"].default, defaults["settle_s"]
    vrm_s = max(evidence.LEAST_AGE_VRM_S, evidence.INTERVALS_OF_AGE * 60)
    slow_s = min(evidence.MOST_AGE_S, evidence.INTERVALS_OF_AGE * 300)
    watchdog_s = watchdog.LONGEST_SILENCE_S * 1.25 + gpio.TRIP_PATIENCE_S
    safety = page_text("docs/safety.md")
    for sum_s in (
        vrm_s + tick_s + settle_s,
        slow_s + tick_s + settle_s,
        defaults["min_on_s"] + tick_s + settle_s,
        tick_s + settle_s,
        watchdog_s,
    ):
        assert f"= {sum_s:g} s" in safety
    assert f"servo within {LONGEST_STOP_S:g} s" in safety
    assert f"every {clock_trust.ASK_EVERY_S:g} s" in safety
    readme = page_text("README.md")
    assert f"| {vrm_s + tick_s + settle_s:.0f} s |" in readme
    assert f"| {defaults['min_on_s'] + tick_s + settle_s:.0f} s, " in readme
    assert f"| {watchdog_s:g} s |" in readme


def test_the_install_page_explains_the_unit_as_it_is():
    unit = page_text("Files/systemd/pv-heater.service")
    for line in re.findall(r"`([A-Z]\w+=\w+)`", page_text("docs/install.md").partition("## 5.")[0]):
        assert line in unit or line.partition("=")[0] in ("LoadCredential",), line
    hang_s = sum(int(re.search(rf"{key}=(\d+)", unit)[1]) for key in ("WatchdogSec", "TimeoutStopSec"))
    assert f"{hang_s} s and a start of Python" in page_text("README.md")
    unguarded_s = guard.LONGEST_SILENCE_S + guard_process.LOOK_MS / 1000
    assert f"| {unguarded_s:g} s and a start of Python |" in page_text("README.md")


def test_the_meter_of_the_docs_reads_and_complains(documented: Tables, tmp_path: Path, httpserver: HTTPServer):
    row = {"type": "counter", "base_url": httpserver.url_for("")}
    load = {"type": "dry_run", "name": "heater", "max_power_w": 2000}
    meter = load_config({"meter": row, "loads": [load]}, tables=documented).meter[0].build(tools(tmp_path))
    httpserver.expect_ordered_request("/rpc/meter").respond_with_json({"export_w": 1250.0, "solar_w": 2100.0})
    httpserver.expect_ordered_request("/rpc/meter").respond_with_json({"export_w": 10.0})
    httpserver.expect_ordered_request("/rpc/meter").respond_with_json({"solar_w": 5.0})
    httpserver.expect_ordered_request("/rpc/meter").respond_with_json({"export_w": 10**400})
    httpserver.expect_ordered_request("/rpc/meter").respond_with_data("", status=500)

    reading = meter.read()
    assert (reading.grid_w, reading.pv_w, reading.taken_at, meter.interval_s) == (-1250.0, 2100.0, START, 5.0)
    assert meter.read().pv_w is None
    for _ in range(2):
        with pytest.raises(BadReply, match="export_w"):
            meter.read()
    with pytest.raises(Unreachable):
        meter.read()
    meter.close()
    meter.close()


def test_the_load_of_the_docs_gives_the_wanted_power_on_average(documented: Tables, tmp_path: Path):
    row = {
        "type": "burst_relay",
        "name": "water_heater",
        "max_power_w": 2000,
        "relay": {"pin": "GPIO17", "active_high": True},
    }
    load = load_config({"loads": [row]}, tables=documented).loads[0].build(tools(tmp_path))
    line = load._line
    tick_s, closed_s, changes = 0.0, 0.0, 0
    while tick_s < 100:
        early_s = load.apply(Setpoint(on=True, power_w=600.0), tick_s)
        assert early_s is not None
        assert early_s > tick_s
        closed_s += (early_s - tick_s) if line.contact_closed else 0.0
        tick_s, changes = early_s, changes + 1
    assert closed_s == pytest.approx(30.0)
    assert changes == 20
    assert load.power_w() == 600.0

    assert load.apply(Setpoint(on=True, power_w=2000.0), 105.0) is None
    assert line.contact_closed
    load.trip()
    load.apply(Setpoint(on=True, power_w=2000.0), 106.0)
    assert not line.contact_closed
    assert load.power_w() == 0.0
    load.reset()
    load.apply(OFF, 107.0)
    assert not line.contact_closed
    load.close()


def test_the_strategy_of_the_docs_waits_for_one_charge_and_spends_until_the_other(documented: Tables):
    row = {"type": "by_charge", "start_percent": 85, "stop_percent": 70}
    home = load_config(config(strategy=row), tables=documented)
    controller, said, own_w = Controller(home), [], 0.0
    for minute, charge_percent in enumerate((80.0, 85.0, 75.0, 60.0)):
        if minute == 2:
            controller, own_w = Controller(home, controller.state()), 0.0  # a restart: contacts were open meanwhile
        now = NOON + timedelta(minutes=minute)
        house = {"consumption_w": 500.0 + own_w, "battery_w": 1000.0 - own_w, "battery_soc_percent": charge_percent}
        decision = controller.step(now, reading(now, pv_w=1500.0, **house), None, Inputs(tick_s=60.0 * minute))
        own_w = decision.setpoints["heater"].power_w
        said.append((own_w, decision.because))
    assert said == [
        (0.0, "1000 W spare, battery 80 %, waits until 85 %"),
        (1000.0, "1000 W spare, battery 85 %, heats from 85 %"),
        (1000.0, "1000 W spare, battery 75 %, heats from 70 %"),
        (0.0, "1000 W spare, battery 60 %, waits until 70 %"),
    ]
    wrong = row | {"stop_percent": 90}
    with pytest.raises(ConfigError, match=r"strategy.*stop_percent.*must be below start_percent"):
        load_config(config(strategy=wrong), tables=documented)
