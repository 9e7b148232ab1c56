"""Which test holds which letter of docs/safety.md to its word."""

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]

HELD_BY: dict[str, tuple[str, ...]] = {
    "a": (
        "tests/run/test_meters.py::test_when_both_are_gone_the_heater_goes_off_in_the_time_of_the_last_one",
        "tests/process/test_meters.py::test_the_broker_is_killed_with_nothing_behind_it_goes_safe_and_returns",
    ),
    "b": ("tests/run/test_meters.py::test_a_frozen_meter_alone_switches_off_at_once_when_it_is_found_out",),
    "b2": ("tests/core/house/test_meter_choice.py::test_a_portal_that_repeats_itself_under_new_times_is_not_believed",),
    "c": ("tests/run/test_meters.py::test_a_step_of_our_own_that_does_not_show_is_noticed_in_a_few_seconds",),
    "d": ("tests/victron/mqtt/test_meter.py::test_a_lost_grid_meter_ends_readings_before_its_false_export_shows",),
    "e": ("tests/victron/mqtt/test_meter.py::test_a_hung_charger_is_said_once_and_ends",),
    "f": ("tests/core/house/test_wrong_sign.py::test_an_import_shown_as_export_is_found_at_the_second_step",),
    "g": (
        "tests/scenarios/test_probe.py::test_a_probe_pulled_out_switches_off_within_its_age_and_heats_again_when_it_is_back",
    ),
    "h": ("tests/loads/pins/test_burst_ssr.py::test_a_control_thread_that_no_longer_speaks_loses_its_power",),
    "i": (
        "tests/core/actuators/test_faults.py::test_a_relay_that_welds_is_a_fault_within_a_minute_of_switching_off_until_it_is_cleared",
    ),
    "j": ("tests/core/actuators/test_faults.py::test_the_house_alone_proves_it_at_the_third_switch_off",),
    "k": (
        "tests/loads/network/test_http_dimmer.py::test_being_told_again_keeps_it_on_and_silence_ends_it_after_five_minutes",
        "tests/process/test_http_outputs.py::test_a_dimmer_left_on_by_kill_9_is_switched_off_by_off_or_by_itself",
    ),
    "l": ("tests/loads/network/test_http_presets.py::test_without_another_word_it_goes_off_by_itself_where_it_can",),
    "m": (
        "tests/loads/network/test_http_in_loop.py::test_a_silent_dimmer_delays_no_tick_no_pin_and_no_other_load",
        "tests/loads/network/test_networked.py::test_a_silent_device_counts_as_unreachable_after_its_grace_and_as_drawing_nothing",
    ),
    "n": ("tests/loads/network/test_http_presets.py::test_one_that_says_yes_and_does_nothing_is_not_believed",),
    "o": (
        "tests/loads/network/test_mqtt_output.py::test_a_broker_that_is_gone_is_trouble_and_a_sentence_after_its_grace",
        "tests/loads/network/test_mqtt_output.py::test_a_broker_that_restarts_gets_the_command_again",
    ),
    "p": ("tests/process/test_mqtt_outputs.py::test_kill_9_leaves_both_off_by_the_last_will",),
    "q": (
        "tests/loads/network/test_mqtt_output.py::test_a_frozen_program_or_a_pi_without_power_leaves_its_device_off_within_fifteen_seconds",
    ),
    "r": (
        "tests/victron/test_relay_mqtt.py::test_a_relay_that_another_owner_opens_again_is_left_alone_for_a_while",
        "tests/victron/test_relay_mqtt.py::test_a_relay_that_something_else_closes_is_opened_every_time",
    ),
    "s": (
        "tests/process/test_http_outputs.py::test_a_silent_dimmer_keeps_neither_the_contact_closed_nor_the_program_running",
    ),
    "t": ("tests/commands/test_off_network.py::test_pins_do_not_wait_for_a_silent_device_and_no_other_device_does",),
    "u": ("tests/loads/network/test_networked.py::test_a_trip_holds_it_off_whatever_is_asked_until_the_reset",),
    "v": (
        "tests/loads/network/test_http_dripping.py::test_a_dimmer_that_dripped_once_hears_off_on_a_new_connection",
        "tests/process/test_http_outputs.py::test_a_signal_reaches_a_dimmer_that_drips_on_the_connection_it_has",
    ),
    "x": ("tests/process/test_guard.py::test_kill_9_leaves_the_contact_open",),
    "y": ("tests/process/test_guard.py::test_a_program_of_which_nothing_runs_is_killed_and_switched_off",),
    "w": ("tests/victron/test_relay_mqtt.py::test_a_relay_that_is_disabled_while_it_is_closed_is_not_called_off",),
}
"""Letter of a row, and the tests that fail when the row is no longer true."""


def test_every_letter_of_the_page_has_its_test_and_the_other_way_round() -> None:
    tables = [line for line in (PROJECT / "docs/safety.md").read_text(encoding="utf-8").splitlines() if "|" in line]
    assert {letter for line in tables for letter in re.findall(r"\(([a-z]\d?)\) \|$", line)} == set(HELD_BY)


@pytest.mark.parametrize(("letter", "test"), [(letter, test) for letter, tests in HELD_BY.items() for test in tests])
def test_every_test_of_the_table_exists(letter: str, test: str) -> None:
    file, _, name = test.partition("::")
    assert f"def {name}(" in (PROJECT / file).read_text(encoding="utf-8"), f"({letter}) {test}"


def test_the_first_screen_tells_of_the_faults_what_the_page_does() -> None:
    said = re.search(
        r"The bench knows (\d+) faults. As promised: (\d+) in each of 3 tries. Not as promised: (\d+)",
        (PROJECT / "docs" / "safety.md").read_text(encoding="utf-8"),
    )
    assert said is not None
    assert said.groups() == (said[1], said[1], "0")
    told = " ".join((PROJECT / "README.md").read_text(encoding="utf-8").split())
    assert f"{said[1]} faults were tried on the real program, three times each, on pretended pins, and each" in told
