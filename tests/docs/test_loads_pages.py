"""What the pages on loads, outputs and hot water say is what the code does: types, presets, messages, numbers."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import Any

import pytest

from pv_heater.commands.calibration_walk import LOST_S
from pv_heater.config.load import load_config
from pv_heater.config.presets import PRESETS_FOLDER, preset_words, with_preset
from pv_heater.core.actuators import calibration, learned_curve
from pv_heater.core.actuators import faults as actuator_faults
from pv_heater.core.actuators import learned_curve as curve_lessons
from pv_heater.core.actuators import stuck_on as never_off
from pv_heater.core.actuators.learned_power import ASSUMED_W, STEPS_NEEDED
from pv_heater.core.duties import boost, guarantee
from pv_heater.core.duties import legionella as hygiene
from pv_heater.core.duties import tank as tank_state
from pv_heater.core.duties.cheapest_quarters import CLOUD_DOUBT
from pv_heater.core.settings import hot_water as hot_water_settings
from pv_heater.core.settings.hot_water import HotWater, Hygiene
from pv_heater.core.settings.load import LoadSettings
from pv_heater.core.settings.pins import WiperPins
from pv_heater.io.gpio import burst
from pv_heater.io.system import sender
from pv_heater.loads import LOADS
from pv_heater.loads.network import http_dimmer, http_link, mqtt_output, networked
from pv_heater.loads.network import networked as settling
from pv_heater.loads.network.http_device import HttpOutputSettings
from pv_heater.loads.network.http_dimmer import HttpDimmerSettings
from pv_heater.loads.network.mqtt_loads import MqttVariatorSettings
from pv_heater.loads.network.mqtt_settings import MqttOutputSettings
from pv_heater.loads.pins import burst_ssr
from pv_heater.loads.pins.relay_loads import SgReadySettings, StagesSettings
from pv_heater.ports import Device, Load
from pv_heater.victron import relay as gx_contact
from tests.docs.test_sources_pages import code, page, prose, rows, section

PAGE_OF = {
    re.findall(r"`(\w+)`", cells[0])[0]: (re.findall(r"\]\(([\w-]+)\.md", cells[0]) or ["loads"])[0]
    for cells in rows(page("loads").split("\n## ")[0])[1:]
}
"""Type -> the page to which the table of loads leads, or that page itself."""
NAMES = {"device": "plug", "idx": 359}
FILLED_IN = re.compile(r"\.\.\.|: |'[^']*'|\b\d+\b|\b(?:ON|on|close)\b|\bthe (?:dimmer|device|broker)\b")
"""Where a message on a page has a value, the code has a place for it."""


def settings_of(word: str) -> type[LoadSettings]:
    module, _, name = LOADS[word].partition(":")
    found: type[LoadSettings] = getattr(__import__(module, fromlist=[name]), name).Settings
    return found


def keys_of(cls: type) -> set[str]:
    return {str(field.metadata.get("key") or field.name) for field in fields(cls) if field.init}


def default_of(cls: type, key: str) -> Any:
    return cls.__dataclass_fields__[key].default


def quoted(name: str) -> set[str]:
    """All words between backticks on a page."""
    return {word for text in re.findall(r"`([^`\n]+)`", page(name)) for word in re.findall(r"\w+", text)}


def test_the_table_of_loads_names_every_type_and_its_page() -> None:
    assert list(PAGE_OF) == list(LOADS)


@pytest.mark.parametrize("word", LOADS)
def test_what_an_output_has_of_its_own_is_on_its_page(word: str) -> None:
    own = keys_of(settings_of(word)) - keys_of(LoadSettings)
    assert own <= quoted(PAGE_OF[word]), own - quoted(PAGE_OF[word])


def test_what_every_load_has_is_on_the_page_of_loads() -> None:
    assert keys_of(LoadSettings) <= quoted("loads"), keys_of(LoadSettings) - quoted("loads")


@pytest.mark.parametrize("cls", [HotWater, Hygiene])
def test_what_a_tank_has_is_on_the_page_of_hot_water(cls: type) -> None:
    named = quoted("hot-water") | set(re.findall(r"(\w+):", page("hot-water")))
    assert keys_of(cls) <= named, keys_of(cls) - named


def test_the_table_of_presets_names_every_file_its_way_and_its_own_time() -> None:
    table = rows(section("loads", "Presets"))[1:]
    assert [cells[0].strip("`") for cells in table] == preset_words("loads")
    for cells in table:
        word = cells[0].strip("`")
        text = (PRESETS_FOLDER / "loads" / f"{word}.yaml").read_text(encoding="utf-8")
        filled = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))
        needed = set(re.findall(r"(?<!\$)\{([a-z_]+)\}", filled)) - set(re.findall(r"^(\w+):", filled, re.MULTILINE))
        needed -= {"host", "percent", "power_w"}
        assert set(re.findall(r"`(device|idx)`", cells[2])) == needed, word
        given = {"preset": word, "host": "192.168.1.50", **{key: NAMES[key] for key in needed}}
        assert with_preset(given, "loads").values["type"] == cells[1].strip("`")
        (policy,) = load_config({"loads": [given | {"name": "load", "max_power_w": 1000}]}).policies
        assert isinstance(policy, HttpOutputSettings | MqttOutputSettings)
        own_time = "never" if policy.expires_s is None else f"{policy.expires_s:g} s"
        assert cells[3].startswith(own_time), word


@pytest.mark.parametrize(
    ("name", "title", "column", "least"),
    [
        ("outputs-http", "http_dimmer", 1, 6),
        ("outputs-http", "What happens when", 1, 3),
        ("outputs-mqtt", "What happens when", 1, 4),
        ("gx-relay", "What happens when", 1, 6),
        ("calibrate", "What ends it", 0, 6),
        ("hot-water", "The daily minimum", 1, 1),
    ],
)
def test_messages_that_are_quoted_are_those_of_the_code(name: str, title: str, column: int, least: int) -> None:
    found = [
        text
        for cells in rows(section(name, title))[1:]
        if len(cells) > column
        for text in re.findall(r"`([^`]+)`", cells[column])
        if " " in text and not text.startswith("python ")
    ]
    assert len(found) >= least
    for text in found:
        for piece in FILLED_IN.split(text):
            assert piece.strip(" ()%;:?") in code(), (text, piece)


def test_the_numbers_of_the_network_are_the_constants() -> None:
    text = prose("loads")
    assert f"After {networked.GRACE_S:g} s without an answer" in text
    assert f"waits for its word for at most {networked.LONGEST_OFF_S:g} s" in text
    assert f"{sender._FIRST_RETRY_S:g} s later, then 2, 4" in text
    assert f"is taken for {ASSUMED_W:g} W" in prose("tuning")
    assert f"`auto` takes {ASSUMED_W:g} W until three steps" in text
    assert STEPS_NEEDED == 3
    text = prose("outputs-http")
    assert f"asked for up to {settling.LONGEST_S:g} s" in text
    assert f"gets {http_link._CONNECT_S:g} s to take a connection and {http_link._WHOLE_S:g} s for a whole" in text
    assert f"After {http_dimmer.EXPIRES_S:g} s without a word" in text
    assert f"every `refresh_s` ({default_of(HttpDimmerSettings, 'refresh_s'):g} s)" in text
    text = prose("outputs-mqtt")
    assert f"within {mqtt_output.ANSWER_S:g} s of each command" in text
    assert f"on within {mqtt_output.ECHO_S:g} s" in text
    assert f"every `refresh_s` ({default_of(MqttVariatorSettings, 'refresh_s'):g} s)" in text
    assert mqtt_output.LOOK_S == 1
    text = prose("gx-relay")
    assert f"read back for {gx_contact.READ_BACK_S:g} s" in text
    assert f"looked at every {gx_contact.LOOK_S:g} s" in text
    assert f"left open for {gx_contact.OVERRULED_S / 60:g} min" in text


def test_the_numbers_of_the_pins_are_the_constants() -> None:
    text = prose("outputs-pins")
    assert f"does not speak to it for {burst.DEAD_MAN_S:g} s" in text
    assert f"found after {burst.HANG_S:g} s" in text
    assert f"Contactor first, {burst_ssr.CONTACT_S:g} s" in text
    assert f"for `pause_s` ({default_of(StagesSettings, 'pause_s'):g} s)" in text
    assert f"`level_dwell_s` ({default_of(StagesSettings, 'level_dwell_s'):g} s)" in text
    assert f"`min_on_s` is {default_of(SgReadySettings, 'min_on_s'):g} s" in text
    assert f"`level_dwell_s` ({default_of(SgReadySettings, 'level_dwell_s'):g} s)" in text
    assert f"| MCP4131, MCP4141 | {default_of(WiperPins, 'full_step')} | {default_of(WiperPins, 'command')} |" in text


def test_the_numbers_of_the_page_on_hot_water_are_the_constants() -> None:
    text = prose("hot-water")
    assert f"Above {hot_water_settings.SCALDING_C:g} degrees water scalds" in text
    assert f"at least {hot_water_settings.ROOM_BELOW_MAX_C:g} degrees below `max_c`" in text
    assert f"up to {CLOUD_DOUBT:.0%}".replace("%", " %") in text
    assert f"in time, {guarantee.SPARE_TIME_S / 60:g} min before" in text
    assert (guarantee.MOST_DAYS, guarantee.TANKS_A_DAY) == (2, 3)
    assert f"{boost.LONGEST_S / 3600:g} h at most" in text
    assert hygiene.SUN_DAYS == 2
    assert f"heat {hygiene.ABOVE_C:g} degrees above `at_c`" in text
    assert f"after {hygiene.MOST_TANKS:g} tanks" in text
    assert f"{tank_state.USUAL_TAKEN_W:g} W on average" in text
    for key in ("every_days", "at_c", "hold_s"):
        assert f"| `{key}` | {default_of(Hygiene, key):g} |" in text


def test_the_numbers_of_the_page_on_calibrating_are_the_constants() -> None:
    text = prose("calibrate")
    assert f"for {calibration.Pace().warm_up_s:g} s" in text
    assert f"{calibration.SAME_FULL_SHARE:.0%}".replace("%", " %") + " off what it was" in text
    assert f"within {calibration.UNREST_SHARE:.0%}".replace("%", " %") in text
    assert (calibration.TRIES, LOST_S) == (4, 60)
    assert f"each step of {curve_lessons.LEAST_STEP_W:g} W or more" in text
    assert f"never by more than {learned_curve.LARGEST_SHARE:.0%}".replace("%", " %") in text
    assert (learned_curve.NODES, learned_curve.AGREEING) == (5, 3)


def test_the_times_of_the_network_on_the_safety_page_are_the_constants() -> None:
    text = prose("safety")
    assert f"| {http_dimmer.EXPIRES_S:g} s after the last word it heard (k) |" in text
    assert f"after {networked.GRACE_S:g} s others get the sun" in text
    assert f"left open for {gx_contact.OVERRULED_S:g} s; opened again | {gx_contact.LOOK_S:g} s (r) |" in text
    assert f"| {burst.DEAD_MAN_S:g} s and one unit of cycles (h) |" in text
    assert f"| {networked.LONGEST_OFF_S:g} s, then its own time (t) |" in text
    least_off = f"more than {actuator_faults.LEAST_OFF_W:g} W, or {actuator_faults.OFF_SHARE:.0%}".replace("%", " %")
    assert least_off in text
    assert f"by {actuator_faults.LEAST_MORE_W:g} W or {actuator_faults.MORE_SHARE:.0%}".replace("%", " %") in text
    assert f"a load of {never_off.LEAST_STEP_W:g} W or more" in text
    assert never_off.SWITCH_OFFS == 3


@pytest.mark.parametrize("protocol", [Load, Device])
def test_the_page_on_adding_a_load_shows_every_member_of_its_protocols(protocol: type) -> None:
    for member in (name for name in vars(protocol) if not name.startswith("_")):
        assert re.search(rf"def {member}\(|`{member}\b", page("add-a-load")), member
