from datetime import time

import pytest

from pv_heater.config.load import load_config
from pv_heater.core.model.setting import DayTime
from pv_heater.errors import ConfigError
from tests.config.files import COMPLETE, loaded, problems
from tests.config.stand_ins import PLAIN_LOAD, TABLES


def test_clock_times_need_no_quotes(tmp_path):
    config = loaded(
        tmp_path, COMPLETE + "limits: {daylight: {from: 06:30, to: 18:00:00}}\ntariff: {from: 21:30, to: 6:00}\n"
    )
    assert config.limits.daylight.start == DayTime(event="clock", clock=time(6, 30))
    assert config.limits.daylight.end == DayTime(event="clock", clock=time(18))
    assert (config.tariff[0].start, config.tariff[0].end) == (time(21, 30), time(6))


def test_a_truth_may_be_off_and_no_and_a_word_stays_a_word(tmp_path):
    config = loaded(tmp_path, COMPLETE + "site: {name: NO, off_grid: yes, feed_in: off}\ndry_run: On\n")
    assert (config.site.name, config.site.off_grid, config.site.feed_in, config.dry_run) == ("NO", True, False, True)


def test_the_key_off_is_a_key(tmp_path):
    rows = "  - {name: p, type: relay, max_power_w: 900, relay: {pin: GPIO1, active_high: no, off: release}}\n"
    assert loaded(tmp_path, COMPLETE + rows).loads[1].settings.relay.off == "release"


@pytest.mark.parametrize(("text", "number"), [("1e0", 1.0), ("+1.", 1.0), (".5", 0.5), ("'2'", 2.0), ("20e-1", 2.0)])
def test_numbers_are_what_people_take_for_numbers(tmp_path, text, number):
    assert loaded(tmp_path, COMPLETE + f"tick_s: {text}\n").tick_s == number


def test_auto_and_nothing_mean_that_the_program_decides(tmp_path):
    text = (
        COMPLETE + "site: {feed_in: auto}\nlimits: {max_reading_age_s: auto, max_house_w: }\nlog: {file: auto}\nweb:\n"
    )
    config = loaded(tmp_path, text)
    assert (config.site.feed_in, config.limits.max_reading_age_s, config.limits.max_house_w) == (None, None, None)
    assert (config.log.file, config.web) == (None, None)


def test_the_speed_of_a_recording_may_be_max(tmp_path):
    meter = loaded(tmp_path, COMPLETE.replace("path:", "speed: max, hours: [6, 7.5], copy: a.csv, path:")).meter[0]
    assert meter.settings.speed is None
    assert meter.settings.hours == (6.0, 7.5)
    assert str(meter.settings.copy) == "a.csv"
    assert "must be a number" in problems(tmp_path, COMPLETE + "tick_s: max\n")[0]


def test_an_empty_group_is_a_group_of_defaults(tmp_path):
    config = loaded(tmp_path, COMPLETE + "limits:\n  # all off\nsite: ~\n")
    assert config.limits.max_grid_w == 80
    assert config.site.timezone == "UTC"


def test_lists_may_be_lists_or_one_group_alone(tmp_path):
    one = loaded(tmp_path, COMPLETE + "forecast: {type: forecast_solar}\nsite: {pv: {kwp: 4}}\n")
    two = loaded(tmp_path, COMPLETE + "forecast: [{type: forecast_solar}, {type: forecast_solar, fetch_at: 6:00}]\n")
    assert [item.type for item in one.forecast] == ["forecast_solar"]
    assert one.site.pv[0].kwp == 4
    assert two.forecast[1].settings.fetch_at == time(6)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"# nothing but a remark\n", "is empty"),
        (b"---\n...\n", "is empty"),
        (b"site: {name: H\xf6hle}\n", "is not UTF-8 text (byte 15"),
        (b"site: {name: [\n", "is not valid YAML"),
        (b"site:\n  name: a: b\n", "line 2: is not valid YAML: a second `: ` in one line"),
        (b'site: {name: "a}\nloads: []\n', "line 1: is not valid YAML: a quote is opened here and does not end"),
        (b"site:\n\tname: a\n", "line 2: is not valid YAML: a tab"),
        (b"a: 1\n---\nb: 2\n", "a second document begins"),
        (b"a: \x00\n", "is not valid YAML"),
        (b"- 1\n- 2\n", "must consist of lines such as"),
        (b"just a text", "must consist of lines such as"),
        (b"meter: {password: *hunter2}\n", "a value that begins with * or & must stand in quotes"),
    ],
)
def test_a_file_that_is_no_configuration_is_answered_by_one_sentence(tmp_path, content, sentence):
    path = tmp_path / "config.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load_config(path, tables=TABLES)
    assert len(caught.value.problems) == 1
    assert sentence in caught.value.problems[0]
    assert "hunter2" not in str(caught.value)


def test_a_folder_or_no_file_is_answered_by_one_sentence(tmp_path):
    for path, sentence in ((tmp_path, "is a folder"), (tmp_path / "no.yaml", "does not exist")):
        with pytest.raises(ConfigError, match=sentence):
            load_config(path, tables=TABLES)


def test_aliases_and_merges_are_refused_even_when_they_run_in_circles(tmp_path):
    assert "alias" in problems(tmp_path, COMPLETE + "site: &home {name: a, battery: *home}\n")[0]
    assert "merging (<<) is not supported" in problems(tmp_path, COMPLETE + "site: {<<: {name: a}}\n")[0]


def test_a_byte_order_mark_does_not_matter(tmp_path):
    assert loaded(tmp_path, "\ufeff" + COMPLETE).loads[0].type == "dry_run"


def test_a_mapping_may_hold_python_values_and_is_left_as_it_was():
    source = {
        "loads": (PLAIN_LOAD,),
        "site": {"off_grid": True, "name": 7},
        "limits": {"daylight": {"from": time(9), "to": DayTime(event="sunset")}, "max_house_w": None},
        "max_grid_draw": 50,
    }
    config = load_config(source, tables=TABLES)
    assert config.limits.daylight.start.clock == time(9)
    assert config.limits.daylight.end.event == "sunset"
    assert config.limits.max_grid_w == 50
    assert config.site.name == "7"
    assert "max_grid_draw" in source
    assert "max_grid_w" not in source["limits"]


def test_what_safe_load_made_of_a_clock_time_is_refused_with_a_hint():
    with pytest.raises(ConfigError, match='in quotes, such as "18:00", not 64800'):
        load_config({"loads": [PLAIN_LOAD], "limits": {"daylight": {"from": 64800}}}, tables=TABLES)


def test_numbers_that_are_no_numbers_are_refused_in_a_mapping():
    for value in (float("nan"), float("inf"), True, 10**400, [1]):
        with pytest.raises(ConfigError, match="tick_s: must be a number of seconds"):
            load_config({"loads": [PLAIN_LOAD], "tick_s": value}, tables=TABLES)


def test_keys_that_are_no_texts_are_unknown_settings():
    with pytest.raises(ConfigError, match="False: is not a setting"):
        load_config({"loads": [PLAIN_LOAD], False: 1}, tables=TABLES)


def test_a_file_copied_from_a_page_reads_like_one_that_was_typed(tmp_path):
    copied = "\ufeff" + COMPLETE.replace("loads:", "lo\u200bads:").replace(": ", ":\u00a0") + "tick_s: 2\u2060\u200f\n"
    assert loaded(tmp_path, copied).tick_s == 2
    assert loaded(tmp_path, copied).loads == loaded(tmp_path, COMPLETE).loads
