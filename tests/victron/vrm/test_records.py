from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pv_heater.core.model.steering import By, Does, Steering
from pv_heater.core.model.values import Reading
from pv_heater.errors import BadReply
from pv_heater.victron.vrm.bodies import logging_interval_s, page_of_records, records_of
from pv_heater.victron.vrm.records import reading_from_bodies
from tests.vrm_server import charger_record, record

NOW_S = 1_782_039_600.0
FIXTURES = Path(__file__).parents[2] / "fixtures"


def read(*records: dict[str, Any], **options: Any) -> Reading:
    page = {"success": True, "records": list(records), "num_records": len(records)}
    return reading_from_bodies({"diagnostics": [page]}, **options)


def system(code: str, value: Any, age_s: float = 0.0, **options: Any) -> dict[str, Any]:
    return record(code, value, timestamp=NOW_S - age_s, **options)


def charger(code: str, value: Any, instance: int = 289, age_s: float = 0.0, **options: Any) -> dict[str, Any]:
    return charger_record(code, value, instance=instance, timestamp=NOW_S - age_s, **options)


def _vebus(code: str, value: Any, age_s: float = 0.0) -> dict[str, Any]:
    return record(code, value, timestamp=NOW_S - age_s, service="vebus", device="VE.Bus System", unit="%s")


def _setup(code: str, value: Any) -> dict[str, Any]:
    """A setting, which is logged when it changes."""
    return record(code, value, timestamp=NOW_S - 2e6, service="settings", device="System overview", unit="%s")


def test_a_portuguese_three_phase_home_is_read_from_a_whole_body() -> None:
    body = json.loads((FIXTURES / "vrm_diagnostics_pt.json").read_text(encoding="utf-8"))
    reading = reading_from_bodies({"diagnostics": [body]})
    assert reading.taken_at == datetime.fromtimestamp(1_782_039_600, UTC)
    assert reading.source == "vrm"
    assert reading.grid_phase_w == (-310.5, 40.0, 22.0)
    assert reading.grid_w == pytest.approx(-248.5)
    assert reading.consumption_w == 2300.0
    assert reading.pv_w == pytest.approx(5347.0)
    assert reading.battery_soc_percent == 46.0
    assert reading.battery_v == 50.38
    assert reading.battery_w == pytest.approx(50.38 * 49.9)
    assert reading.charger_state == "bulk"
    assert reading.pv_throttled is False
    assert reading.grid_connected is True


def test_the_short_status_is_read_with_its_sums() -> None:
    body = json.loads((FIXTURES / "vrm_extended_pt.json").read_text(encoding="utf-8"))
    reading = reading_from_bodies({"extended": body})
    assert (reading.pv_w, reading.consumption_w, reading.grid_w) == (121.849, 118.0, None)
    assert (reading.battery_soc_percent, reading.charger_state) == (99.7, "idle")
    assert reading.battery_w == pytest.approx(13.38 * -1.8)
    assert reading.taken_at == datetime.fromtimestamp(1_782_039_600, UTC)


@pytest.mark.parametrize(("value", "grid_w"), [("78", 78.0), ("-248.6", -248.6), (-5, -5.0), (0.0, 0.0)])
def test_numbers_may_come_as_text(value: Any, grid_w: float) -> None:
    assert read(system("g1", value)).grid_w == grid_w


@pytest.mark.parametrize("value", [None, "", "n/a", True, "NaN", [], {}, "1e999"])
def test_what_is_no_number_is_missing_and_not_zero(value: Any) -> None:
    assert read(system("bs", 50), system("g1", value)).grid_w is None


def test_kilowatts_are_made_watts() -> None:
    assert read(system("g1", 1.5, unit="%.1F kW")).grid_w == 1500.0


def test_a_single_phase_home_needs_no_second_phase() -> None:
    reading = read(system("g1", 120.0), system("a1", 500.0))
    assert (reading.grid_w, reading.grid_phase_w, reading.consumption_w) == (120.0, (120.0,), 500.0)


def test_without_a_grid_meter_the_grid_is_unknown() -> None:
    reading = read(system("bs", 50.0), system("g1", None))
    assert (reading.grid_w, reading.grid_phase_w) == (None, ())


def test_battery_power_is_volts_times_amperes_where_it_is_missing() -> None:
    assert read(system("bv", 50.0), system("bc", -20.0)).battery_w == -1000.0
    assert read(system("bv", 50.0)).battery_w is None


def test_a_battery_monitor_stands_in_where_the_system_is_silent() -> None:
    monitor: dict[str, Any] = {"service": "battery", "device": "Battery Monitor", "instance": 512}
    reading = read(
        system("SOC", "97.0", unit="%.1F %%", **monitor),
        system("V", 53.0, unit="%.2F V", **monitor),
        system("I", 10.0, unit="%.2F A", **monitor),
    )
    assert (reading.battery_soc_percent, reading.battery_w) == (97.0, 530.0)


def test_all_pv_is_summed_over_direct_and_alternating_current() -> None:
    codes = ("Pdc", "P", "P2", "Pi", "Pi3", "Pj")
    assert read(*(system(code, 100.0) for code in codes)).pv_w == 600.0


def test_two_chargers_with_the_same_codes_both_count() -> None:
    assert read(charger("PVP", 700.0, 289), charger("PVP", 300.0, 290)).pv_w == 1000.0


def test_two_chargers_known_only_by_their_names_both_count() -> None:
    records = [charger("PVP", power_w, instance) for instance, power_w in ((289, 700.0), (290, 300.0))]
    assert read(*({**item, "dbusServiceType": None} for item in records)).pv_w == 1000.0


def test_chargers_are_not_added_to_the_systems_own_total() -> None:
    assert read(system("Pdc", 980.0), charger("PVP", 700.0, 289), charger("PVP", 300.0, 290)).pv_w == 980.0


def test_a_value_that_came_on_two_pages_counts_once_and_the_newer_wins() -> None:
    old, new = charger("PVP", 100.0, age_s=60), charger("PVP", 200.0)
    pages = [{"records": [new]}, {"records": [old]}]
    assert reading_from_bodies({"diagnostics": pages}).pv_w == 200.0
    assert len(records_of({"diagnostics": pages})) == 1


def test_the_age_is_that_of_the_newest_measurement() -> None:
    reading = read(system("g1", 1.0, age_s=300), system("bs", 50.0, age_s=240))
    assert reading.taken_at == datetime.fromtimestamp(NOW_S - 240, UTC)


def test_a_setting_that_is_newer_does_not_make_old_values_fresh() -> None:
    settings = system("si1", 1, service="settings", path="/Settings/SystemSetup/AcInput1")
    reading = read(system("g1", 1.0, age_s=21_600), settings)
    assert reading.taken_at == datetime.fromtimestamp(NOW_S - 21_600, UTC)


def test_a_setting_of_weeks_ago_does_not_make_fresh_values_old() -> None:
    reading = read(system("g1", 1.0), system("si1", 1, age_s=1_600_000, service="settings"))
    assert reading.taken_at == datetime.fromtimestamp(NOW_S, UTC)


def test_a_value_much_older_than_the_others_is_left_out() -> None:
    reading = read(system("bs", 50.0), system("g1", 1.0, age_s=601), system("a1", 300.0, age_s=599))
    assert (reading.grid_w, reading.consumption_w) == (None, 300.0)


def test_a_value_without_a_time_is_left_out() -> None:
    assert read(system("bs", 50.0), record("g1", 10.0, timestamp=None)).grid_w is None


@pytest.mark.parametrize("timestamp", [None, 0, -5, 1e30, "soon"])
def test_answers_without_any_usable_time_are_no_reading(timestamp: Any) -> None:
    with pytest.raises(BadReply, match="installation_id"):
        read({**record("g1", 10.0, timestamp=None), "timestamp": timestamp})


@pytest.mark.parametrize(
    ("number", "word"), [(3, "bulk"), (4, "absorption"), (5, "float"), (7, "equalize"), (247, "equalize"), (0, "off")]
)
def test_charger_states_come_by_number(number: int, word: str) -> None:
    assert read(system("bst", 1), charger("ScS", number, unit="%s")).charger_state == word


def test_a_charger_state_that_came_as_its_text_is_looked_up() -> None:
    named = {"dataAttributeEnumValues": [{"nameEnum": "Absorption", "valueEnum": 4}]}
    assert read({**charger("ScS", "Absorption", unit="%s"), **named}).charger_state == "absorption"
    assert read({**charger("ScS", "Carregar", unit="%s"), "valueEnum": "5"}).charger_state == "float"


def test_the_charger_that_still_charges_speaks_for_all() -> None:
    assert read(charger("ScS", 5, 289), charger("ScS", 3, 290)).charger_state == "bulk"


@pytest.mark.parametrize(("number", "word"), [(0, "idle"), (1, "charging"), (2, "discharging"), (9, None)])
def test_without_a_charger_the_battery_state_is_named_by_its_number(number: int, word: str | None) -> None:
    assert read(system("bst", number, formatted="Carregar")).charger_state == word


def test_a_battery_that_discharges_is_said_to_whatever_the_charger_does() -> None:
    assert read(system("bst", 2), charger("ScS", 5)).charger_state == "discharging"


@pytest.mark.parametrize(
    ("modes", "throttled"),
    [((2, 2), False), ((2, 1), True), ((1, 0), True), ((0, 0), None), ((), None), ((0, 2), False)],
)
def test_one_throttled_tracker_is_enough(modes: tuple[int, ...], throttled: bool | None) -> None:
    records = [
        charger("mppm", mode, 289, unit="%s", path=f"/Pv/{number}/MppOperationMode")
        for number, mode in enumerate(modes)
    ]
    assert read(system("bs", 50.0), *records).pv_throttled is throttled


def test_a_tracker_that_stopped_reporting_is_not_throttled() -> None:
    old = charger("mppm", 1, age_s=3600, unit="%s", path="/MppOperationMode")
    assert read(system("bs", 50.0), old).pv_throttled is None


@pytest.mark.parametrize(("alarm", "connected"), [(0, True), (2, False), (None, None)])
def test_a_lost_grid_shows_whatever_the_alarms_age(alarm: int | None, connected: bool | None) -> None:
    assert read(system("bs", 50.0), system("Agl", alarm, age_s=90_000)).grid_connected is connected


@pytest.mark.parametrize(
    ("records", "source"),
    [
        ([system("as", 2, path="/Ac/ActiveIn/Source")], "generator"),
        ([system("as", 240, path="/Ac/ActiveIn/Source"), system("gs1", 900.0)], "none"),
        ([_vebus("AI", 0), _setup("si1", 1), _setup("si2", 2), system("gs1", 900.0)], "grid"),
        ([_vebus("AI", 1), _setup("si1", 1), _setup("si2", 2)], "generator"),
        ([_vebus("AI", 0), _setup("si1", 3)], "shore"),
        ([_vebus("AI", 240), _setup("si1", 1)], "none"),
        ([_vebus("AI", 1), _setup("si1", 1)], None),
        ([_vebus("AI", 1, age_s=3600), _setup("si2", 2)], None),
        ([system("gs1", 900.0)], "generator"),
        ([system("gs1", 12.0)], None),
        ([system("gs1", 900.0, age_s=3600)], None),
        ([], None),
    ],
    ids=[
        "told", "told before the generator's meter", "the first input is the grid", "a genset on the second input",
        "shore", "no input", "input of unknown kind", "an inverter that no longer reports", "its power alone",
        "the noise of a meter", "its last power", "nobody tells",
    ],
)  # fmt: skip
def test_what_feeds_the_house_is_told_by_the_best_that_is_there(records: list[dict[str, Any]], source: str) -> None:
    assert read(system("bs", 50.0), *records).ac_source == source


@pytest.mark.parametrize(("values", "load_w"), [([800.0], 800.0), ([-40], -40.0), ([None], None), ([], None)])
def test_dc_loads_are_read_where_the_device_knows_of_them(values: list[Any], load_w: float | None) -> None:
    reading = read(system("bs", 50.0), *(system("dc", value, path="/Dc/System/Power") for value in values))
    assert reading.dc_load_w == load_w


def test_what_cannot_be_true_is_left_out_and_said() -> None:
    said: list[str] = []
    reading = read(system("bs", 180.0), system("g1", 2e6), system("Pdc", 500.0), complain=said.append)
    assert (reading.battery_soc_percent, reading.grid_w, reading.grid_phase_w, reading.pv_w) == (None, None, (), 500.0)
    assert len(said) == 2
    assert any("180 %" in text for text in said)
    assert any("2000000 W" in text for text in said)


def test_the_pace_is_the_sites_log_interval_or_ours_if_that_is_slower() -> None:
    page = {"records": [system("bs", 50.0)]}
    overview = {"records": {"devices": [{"name": "Charger"}, {"name": "Gateway", "loggingInterval": 900}]}}
    assert reading_from_bodies({"diagnostics": [page], "system_overview": overview}).interval_s == 900
    assert reading_from_bodies({"diagnostics": [page]}, poll_interval_s=5).interval_s == 60
    assert reading_from_bodies({"diagnostics": [page]}, poll_interval_s=300).interval_s == 300


@pytest.mark.parametrize("body", [None, {}, {"records": None}, {"records": {"devices": None}}, {"records": []}, []])
def test_an_overview_of_any_shape_is_no_trouble(body: Any) -> None:
    assert logging_interval_s(body) is None


@pytest.mark.parametrize("body", [None, [], {}, {"records": None}, {"records": "none"}])
def test_an_answer_without_records_is_a_bad_reply(body: Any) -> None:
    with pytest.raises(BadReply, match="without records"):
        page_of_records(body)


def test_records_may_be_an_object() -> None:
    assert len(page_of_records({"records": {"17": {"code": "g1"}, "18": None}})) == 1


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (257, Steering(by=By.SUSTAIN, does=Does.CHARGES)),
        (258, Steering(by=By.RECHARGE, does=Does.CHARGES)),
        (259, Steering(by=By.SCHEDULED_CHARGING, does=Does.CHARGES)),
        (260, Steering(by=By.DYNAMIC_ESS)),
        (256, None),
        (3, None),
        ("", None),
    ],
)
def test_the_state_of_the_system_tells_who_else_steers(state: Any, expected: Steering | None) -> None:
    assert read(system("bs", 50), system("ss", state)).steering == expected
    assert read(system("bs", 50), system("ss", 260, age_s=3600)).steering is None
