"""What the pages on meters, probes and forecasts say is what the code does: names, messages, numbers, presets."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pv_heater.commands.detect import Gx, Search, Way
from pv_heater.commands.detect_text import lines_of
from pv_heater.config.load import Config, load_config
from pv_heater.config.presets import PRESETS_FOLDER, preset_words, with_preset
from pv_heater.core.house import meter_choice
from pv_heater.core.house import meter_doubts as disagreement
from pv_heater.core.house import meter_doubts as frozen
from pv_heater.core.house import meter_doubts as wrong_sign
from pv_heater.core.house import reading_age as evidence
from pv_heater.core.house.ahead import expected_sun as sun_ahead
from pv_heater.core.house.ahead import sun_correction
from pv_heater.core.house.company.meanings import BUYS, ENDS, LOADS_TEXT, MEANINGS, SELLS
from pv_heater.core.settings.pins import ServoPin
from pv_heater.forecasts import FORECASTS
from pv_heater.meters import METERS
from pv_heater.meters.http import HttpMeter
from pv_heater.sensors import SENSORS
from pv_heater.sensors import values as tank
from pv_heater.victron.mqtt.conversation import GxPace
from pv_heater.victron.mqtt.lost_devices import HUNG_S
from pv_heater.victron.mqtt.reading import HEARTBEAT_S
from pv_heater.victron.vrm.live_link import LivePace
from pv_heater.victron.vrm.live_meter import SOON_ENDS_DAYS

PROJECT = Path(__file__).parents[2]
DOCS = PROJECT / "docs"


def page(name: str) -> str:
    return (DOCS / f"{name}.md").read_text(encoding="utf-8")


def prose(name: str) -> str:
    """The text of a page with every line break a blank, so that a sentence may be wrapped anywhere."""
    return " ".join(page(name).split())


def section(name: str, title: str) -> str:
    """The text of a page below the heading that begins with `title`, up to the next of that rank."""
    text = page(name)
    start = text.index(f"\n## {title}")
    end = text.find("\n## ", start + 1)
    return text[start : end if end > 0 else None]


def rows(text: str) -> list[list[str]]:
    """The rows of all tables, cell by cell, with their heads."""
    lines = [line for line in text.splitlines() if line.startswith("|") and not re.fullmatch(r"[|\- ]+", line)]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


@cache
def code() -> str:
    """All of the program in one text, with messages that were broken over lines joined again."""
    whole = "\n".join(path.read_text(encoding="utf-8") for path in sorted((PROJECT / "pv_heater").rglob("*.py")))
    return re.sub(r'"\s*\n\s*f?"', "", whole)


@pytest.mark.parametrize(("name", "table"), [("meters", "meters"), ("temperature", "sensors")])
def test_the_tables_of_presets_name_every_file_and_its_way(name: str, table: str) -> None:
    told = {cells[0].strip("`"): cells[1] for cells in rows(section(name, "Presets"))[1:]}
    there = {word: with_type(table, word) for word in preset_words(table)}
    assert told == there


def with_type(table: str, word: str) -> str:
    match = re.search(r"^type: (\w+)", (PRESETS_FOLDER / table / f"{word}.yaml").read_text(), re.MULTILINE)
    assert match
    return match[1]


def test_what_the_tables_say_must_be_given_is_what_a_preset_lacks() -> None:
    """`device` or `grid` stand in the row of a preset that cannot do without."""
    for cells in rows(section("meters", "Presets"))[1:]:
        word = cells[0].strip("`")
        text = (PRESETS_FOLDER / "meters" / f"{word}.yaml").read_text(encoding="utf-8")
        settings = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))
        own_keys = set(re.findall(r"^(\w+):", settings, re.MULTILINE))
        needed = set(re.findall(r"\{([a-z_]+)\}", settings)) - own_keys - {"host"}
        assert all(f"`{key}`" in cells[2] for key in needed), word
        given: dict[str, Any] = dict.fromkeys(needed, "name") | {"preset": word, "host": "192.168.1.50"}
        assert with_preset(given, "meters").values["type"] == cells[1]
        load_config({"meter": given, "loads": [{"type": "dry_run", "name": "heater", "max_power_w": 1000}]})


def test_every_type_has_its_row_and_its_block() -> None:
    head = page("meters").split("\n## ")[0]
    assert {re.sub(r"\W", "", cells[0].split("]")[0]) for cells in rows(head)[1:]} == set(METERS)
    assert {cells[0].strip("`") for cells in rows(page("forecasts").split("\n## ")[0])[1:]} == set(FORECASTS)
    for word in SENSORS:
        assert f"temperature_from: {{type: {word}" in page("temperature")


@pytest.mark.parametrize("name", ["gx", "meters"])
def test_messages_that_are_quoted_are_those_of_the_code(name: str) -> None:
    title = {"gx": "What happens when", "meters": "Lines in the log"}[name]
    column = {"gx": 1, "meters": 0}[name]
    quoted = [
        text
        for cells in rows(section(name, title))[1:]
        for text in re.findall(r"`([^`]+)`", cells[column])
        if " " in text and not text.startswith("baud")
    ]
    assert len(quoted) >= 7
    for text in quoted:
        loose = re.sub(r"\\\.\\\.\\\.|\b\d+\b", ".{1,60}", re.escape(text))
        assert re.search(loose, code()), text


def test_every_sentence_on_who_else_steers_is_on_the_page() -> None:
    texts = [meaning.text for meaning in (*MEANINGS.values(), BUYS, SELLS)]
    said = [re.sub(r"\\{\w+\\}", ".{0,40}", re.escape(text)) for text in (*texts, *ENDS.values(), LOADS_TEXT)]
    page = section("gx", "ESS, and others who steer")
    assert [text for text in said if not re.search(rf"\*{text}\*", page)] == []


def test_the_answer_of_detect_on_the_page_is_its_own() -> None:
    ways = (Way(type="gx_mqtt", port=1883), Way(type="gx_modbus", port=502))
    gx = Gx(address="192.168.1.20", name="venus", portal_id="c0619ab0a001", ways=ways)
    (shown,) = re.findall(r"```text\n(.*?)```", page("gx"), re.DOTALL)
    assert shown.splitlines() == lines_of(Search(found=(gx,)))


def test_the_numbers_of_the_gx_page_are_the_constants() -> None:
    text, pace = prose("gx"), GxPace()
    assert f"{pace.quiet_s * 1000:g} to {pace.longest_burst_s * 1000:g} ms" in text
    assert f"| {1 / pace.spacing_s:g}, however many messages" in text
    assert f"by the heartbeat, every {HEARTBEAT_S:g} s" in text
    assert f"| silence that is trouble | {pace.silence_s:g} s |" in text
    assert f"every {pace.remind_s:g} s, everything anew every {pace.full_s:g} s" in text
    assert f"every {pace.old_life_s:g} s instead" in text
    assert f"After {HUNG_S:g} s without any change" in text
    assert f"Age limit of both: {max(evidence.LEAST_AGE_LOCAL_S, evidence.INTERVALS_OF_AGE * HEARTBEAT_S):g} s" in text


def test_the_numbers_of_live_values_are_the_constants() -> None:
    text, pace = prose("vrm"), LivePace()
    assert f"a word every {pace.talk.remind_s:g} s, everything anew every {pace.talk.full_s:g} s" in text
    assert f"silent for {pace.silence_s:g} s, unreachable, refused" in text
    link = pace.link
    assert f"after {link.first_retry_s:g} s, then twice as long each time, at most {link.longest_retry_s:g} s" in text
    assert (link.spread, link.refused_s) == (0.5, 600.0)
    assert f"plus {evidence.LIVE_LATE_S:g} s for the way; off at {evidence.LEAST_AGE_LOCAL_S:g} s" in text
    assert f"fewer than {SOON_ENDS_DAYS}" in text


def test_the_numbers_of_the_meters_page_are_the_constants() -> None:
    text = prose("meters")
    assert f"has been well for {meter_choice.RETURN_AFTER_S:g} s" in text
    assert f"at most {meter_choice.LONGEST_RETURN_S:g} s" in text
    assert f"After {meter_choice.CALM_S / 60:g} calm minutes" in text
    assert f"waited for {meter_choice.START_PATIENCE_S:g} s" in text
    assert f"PV above {frozen.LEAST_PV_W:g} W" in text
    assert f"the same for {frozen.LONGEST_SAME_S:g} s" in text
    assert f"changed by {frozen.STEP_W:g} W or more" in text
    assert f"from {frozen.STEP_ACTS_S:g} s after the step" in text
    assert f"our step of {wrong_sign.LEAST_STEP_W:g} W or more" in text
    assert f"by {wrong_sign.SHARE_OF_STEP:g} to {wrong_sign.MOST_OF_STEP:g} of it" in text
    assert f"every {wrong_sign.SLOWEST_S:g} s or faster" in text
    assert f"more than {disagreement.LEAST_W:g} W and a fifth ({disagreement.LEAST_PERCENT:g} % in charge)" in text
    assert (disagreement.SHARE, disagreement.MEAN_OVER_S) == (0.2, 600.0)
    assert f"at least {evidence.LEAST_AGE_LOCAL_S:g} s" in text


def test_the_age_limits_in_the_table_are_what_the_core_makes_of_each_pace() -> None:
    for cells in rows(section("meters", "How old"))[1:]:
        pace_s = 2.0 if "interval_s" in cells[1] else float(cells[1].split()[0])
        least_s = evidence.LEAST_AGE_VRM_S if "`vrm`, log" in cells[0] else evidence.LEAST_AGE_LOCAL_S
        limit_s = min(evidence.MOST_AGE_S, max(least_s, evidence.INTERVALS_OF_AGE * pace_s))
        assert cells[2] == f"{limit_s / evidence.INTERVALS_OF_AGE:g} s", cells
        assert cells[3].startswith(f"{limit_s:g} s"), cells


def test_the_numbers_of_the_other_pages_are_the_constants() -> None:
    text = prose("temperature")
    assert f"at least {tank.LEAST_AGE_S:g} s and at most {tank.MOST_AGE_S:g} s" in text
    assert f"below {tank.COLDEST_C:g} or above {tank.HOTTEST_C:g} degC" in text
    text = prose("forecasts")
    assert f"counts against {sun_correction.PRIOR_SHARE:g} of the whole" in text
    assert f"all before it {sun_ahead.KEPT_A_DAY:g}" in text
    assert f"a factor of {sun_ahead.FACTOR_BOUNDS[1]:g} either way" in text
    assert f"clear sky: {sun_ahead.USUAL_SHARE:g} at first" in text


def test_the_worst_times_of_meters_in_the_house_are_sums_of_the_constants() -> None:
    tick_s, settle_s = Config.__dataclass_fields__["tick_s"].default, ServoPin.__dataclass_fields__["settle_s"].default
    end_s, sample_s = tick_s + settle_s, 1.0
    silent_s = max(evidence.LEAST_AGE_LOCAL_S, evidence.INTERVALS_OF_AGE * HEARTBEAT_S)
    # The meter is told of the step at the next tick.
    unseen_s, slow_s = (
        tick_s + frozen.STEP_ACTS_S + frozen.SAMPLES_AFTER_STEP * every_s
        for every_s in (sample_s, HttpMeter.Settings.__dataclass_fields__["interval_s"].default)
    )
    text = prose("safety")
    for sum_s in (silent_s + end_s, frozen.LONGEST_SAME_S + sample_s + end_s, unseen_s + end_s):
        assert f"= {sum_s:g} s" in text
    assert f"{slow_s + end_s:g} s where it is asked every 2 s" in text
    assert f"| {silent_s + end_s:.0f} s |" in (PROJECT / "README.md").read_text(encoding="utf-8")


def test_the_install_page_lists_the_extras_that_env_sh_installs() -> None:
    extras = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    told = {cells[0].strip("`") for cells in rows(page("install")) if cells[0].strip("`") in extras}
    (installed,) = re.findall(
        r"^EXTRAS := ([a-z ]+)$", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert told == set(extras) - {"dev"}
    assert set(installed.split()) == told - {"bench", "cluster", "notify"}
