from contextlib import suppress

import pytest

from pv_heater.config.load import load_config
from pv_heater.config.scalars import number
from pv_heater.core.model.setting import SettingProblem
from pv_heater.errors import ConfigError
from tests.config.files import COMPLETE, loaded, problems
from tests.config.stand_ins import PLAIN_LOAD, TABLES

TEN_MISTAKES = """\
site:
  latitude: 95
  timezone: Europe/Wien
meter: {type: vrm, token: hunter2 secret, installation_id: lots, intervall_s: 60}
limits:
  max_grid_w: 80 W
  max_grid_w: 90
  daylight: {from: 18:00:00, to: 25:00}
strategy: {type: balence}
loads:
  - name: heater
    type: relay
    max_power_w: 0123
    ready_by: noon
    relay: {active_high: on}
colour: red
"""


def test_all_mistakes_come_at_once_each_with_its_line_and_what_would_be_right(tmp_path):
    found = problems(tmp_path, TEN_MISTAKES)
    assert [item.partition("; known here")[0] for item in found] == [
        "line 2: site.latitude: must be between -90 and 90 deg, not 95",
        "line 3: site.timezone: must be a time zone such as Europe/Vienna, not 'Europe/Wien'; "
        "did you mean Europe/Vienna?",
        "line 4: meter.installation_id: must be a whole number, not 'lots'",
        "line 4: meter.intervall_s: is not a setting; did you mean interval_s?",
        "line 6: limits.max_grid_w: must be a number of watts, not '80 W'; write 80",
        "line 7: limits.max_grid_w: is given twice, in line 6 and here; keep one",
        "line 8: limits.daylight.to: must be a time of day such as 09:00, sunrise+30m or sunset-1h, not '25:00'",
        "line 9: strategy.type: must be one of forecast_gap, balance, plan, bucket, not 'balence'; "
        "did you mean balance?",
        "line 13: loads[0].max_power_w: must be a number of watts, not '0123': a leading zero is ambiguous; write 123",
        "line 14: loads[0].ready_by: must be a time of day such as 09:00, sunrise+30m or sunset-1h, not 'noon'",
        "line 15: loads[0].relay.pin: is missing; header position or chip number: BOARD11 or GPIO17; "
        "gpiochip1/12 on boards that are not a Pi",
        "line 16: colour: is not a setting",
    ]


@pytest.mark.parametrize(
    ("added", "sentence"),
    [
        ("site: {battery: {capacity_wh: 4.8}}", "must be between 100 and 1000000 Wh, not 4.8; did you mean 4800?"),
        ("site: {pv: [{kwp: 2500}]}", "must be between 0.01 and 1000 kWp, not 2500; did you mean 2.5?"),
        ("site: {inverter: {max_w: 3}}", "must be at least 100 W, not 3; did you mean 3000?"),
        ("site: {latitude: 951}", "must be between -90 and 90 deg, not 951"),
        ("site: {timezone: Europe/Londn}", "not 'Europe/Londn'; did you mean Europe/London?"),
        ("mqtt: {host: 'http://venus.local/'}", "not 'http://venus.local/'; write venus.local"),
        ("mqtt: {host: '192.168.1.5/24'}", "not '192.168.1.5/24'; write 192.168.1.5"),
        ("mqtt: {host: 'venus local'}", "must be a bare name or address, such as venus.local"),
        ("mqtt: {host: 'tcp://10.0.0.5:502'}", "write 10.0.0.5 and `port: 502`"),
        ("mqtt: {topic: 'a/#'}", "must be the beginning of a topic, such as pv_heater or home/heater, not 'a/#'"),
        ("mqtt: {topic: /a}", "must be the beginning of a topic"),
        ("mqtt: {balancer: {force_topic: regul/status}}", "must be another topic than status_topic"),
        ("mqtt: {balancer: {status_topic: regul/+}}", "must be one topic without + and #, such as regul/status"),
        ("mqtt: {home_assistant: {prefix: 'ha/#'}}", "must be the beginning of a topic, such as homeassistant"),
        ("mqtt: {home_assistant: {discovery: both}}", "must be one of device, single, not 'both'"),
        ("mqtt: {home_assistant: {water_heater: true}}", "is for setting modes: set mqtt.commands: true as well"),
        ("mqtt: {ca_file: x.pem}", "is for encrypted connections: set tls: true as well"),
        ("mqtt: {host: '127.0.0.1:9'}", "without a port, not '127.0.0.1:9'; write 127.0.0.1 and `port: 9`"),
    ],
)
def test_a_slip_of_thousand_or_of_form_is_answered_with_what_was_meant(tmp_path, added, sentence):
    (line,) = problems(tmp_path, COMPLETE + added + "\n")
    assert sentence in line


def test_the_title_counts_the_problems_and_no_secret_shows(tmp_path):
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, TEN_MISTAKES)
    lines = str(caught.value).splitlines()
    assert lines[0] == f"{tmp_path / 'config.yaml'}: 12 problems"
    assert lines[1].startswith("  line 2: ")
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(caught.value)
    assert caught.value.exit_code == 2


def test_a_mapping_names_problems_by_key_path():
    source = {"loads": [PLAIN_LOAD, {**PLAIN_LOAD, "max_power_w": "lots"}], "tick_s": 9}
    with pytest.raises(ConfigError) as caught:
        load_config(source, tables=TABLES, environ={})
    assert set(caught.value.problems) == {
        "loads[1].name: boiler is the name of an earlier load; each needs its own",
        "loads[1].max_power_w: must be a number of watts, not 'lots'",
        "tick_s: must be between 0.2 and 5 s, not 9",
    }


@pytest.mark.parametrize(
    ("added", "sentence"),
    [
        ("log: {max_bytes: 1.5e5.}", "log.max_bytes: must be a whole number of bytes"),
        ("log: {max_bytes: 20000.5}", "log.max_bytes: must be a whole number of bytes, not '20000.5'"),
        ("log: 7", "log: must be a group of settings (file, max_bytes, steps), not '7'"),
        ("gpio: {factory: pigpio}", "gpio.factory: must be one of auto, lgpio, rpigpio, mock, not 'pigpio'"),
        ("dry_run: maybe", "dry_run: must be true or false, not 'maybe'"),
        ("dry_run:", "dry_run: is empty; true: decide and log, but switch nothing"),
        ("tick_s: .inf", "tick_s: must be a number of seconds, not '.inf'"),
        ("tick_s: 1e999", "tick_s: must be a number of seconds, not '1e999'"),
        ("tick_s: 0,5", "tick_s: must be a number of seconds, not '0,5'; write 0.5"),
        ("tick_s: 1,000", "tick_s: must be a number of seconds, not '1,000'"),
        ("tick_s: 0x1", "tick_s: must be a number of seconds, not '0x1'"),
        ("web: {listen: nowhere}", "web.listen: must be an address and a port such as 127.0.0.1:8080, not 'nowhere'"),
        ("strategy: balance", "strategy: must be a group with `type:` first, one of forecast_gap, balance"),
        ("strategy: {hold_percent: 97}", "strategy.type: is missing; one of forecast_gap, balance"),
        ("tariff: [{from: sunrise, to: 06:00}]", "tariff[0].from: must be a clock time such as 22:00, not 'sunrise'"),
        ("tariff: cheap", "tariff: must be a group of settings or a list of them, not 'cheap'"),
        ("limits: {daylight: {from: sunrise+9999999999999m}}", "limits.daylight.from: must be a time of day"),
        ("forecast: {type: [sun]}", "forecast.type: must be one of forecast_solar, not a list"),
        ("? [a, b]\n: c", "a key must be a single word"),
        ("site: {name: !python/name:os.system x}", "site.name: a value that begins with ! must stand in quotes"),
        ("site: {pv: [{kwp: 400, tilt: 30}]}", "site.pv[0].tilt: is not a setting; did you mean tilt_deg?"),
        ("site: [[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]", "is nested deeper than 12 levels"),
        ("schema: 2", "schema: is '2', but this version reads layouts up to 1; update the program"),
        ("schema: one", "schema: is 'one', but this version reads layouts up to 1"),
        ("state_dir: [a]", "state_dir: must be a text, not a list"),
    ],
)
def test_a_wrong_value_is_answered_by_a_sentence_that_says_what_would_be_right(tmp_path, added, sentence):
    found = problems(tmp_path, COMPLETE + added + "\n")
    assert any(sentence in item for item in found), found
    assert not any("1,000" in item and "write" in item for item in found)
    assert all(item.startswith("line ") for item in found)


def test_an_adapter_whose_library_is_missing_is_a_problem_not_a_traceback(tmp_path):
    found = problems(tmp_path, "meter: {type: gx_mqtt}\nloads: [{name: a, type: dry_run, max_power_w: 900}]\n")
    assert found == (
        "line 1: meter.type: cannot be used here: No module named 'tests.config.no_such_module'; "
        "docs/install.md lists what each needs",
    )


def test_a_file_needs_a_meter_and_loads_and_a_mapping_only_loads(tmp_path):
    assert [item.partition(":")[0] for item in problems(tmp_path, "dry_run: true\n")] == ["meter", "loads"]
    assert load_config({"loads": [PLAIN_LOAD]}, tables=TABLES).meter == ()


def test_without_a_load_there_is_nothing_to_control(tmp_path):
    meter = "meter: {type: recording, path: x}\n"
    for rows in ("loads: []", "loads:", "loads: [{type: battery}]"):
        assert "must hold at least one load" in problems(tmp_path, f"{meter}{rows}\n")[0]
    assert "must be a list" in problems(tmp_path, f"{meter}loads: {{boiler: {{type: relay}}}}\n")[0]


def test_a_mistake_that_only_shows_in_the_whole_is_named_by_its_key(tmp_path):
    text = (
        COMPLETE
        + "  - {name: pump, type: relay, max_power_w: 900,\n     relay: {pin: GPIO5, active_high: true, off: high}}\n"
    )
    assert problems(tmp_path, text) == (
        "line 5: loads[1].relay.off: must not be high: with active_high: true that level closes the contact",
    )
    assert problems(tmp_path, text.replace("GPIO5,", "GPIO99,").replace("off: high", "off: low")) == (
        "line 5: loads[1].relay.pin: must be GPIO0 to GPIO27, the pins on the header, not GPIO99",
    )
    assert "line 3: loads[0].name: must be letters" in problems(tmp_path, COMPLETE.replace("boiler", "hot water"))[0]


def test_any_text_at_all_gives_settings_or_sentences_never_a_traceback(tmp_path):
    """Each line of a good file cut short, doubled, emptied, or turned into something else."""
    good = COMPLETE + "site:\n  pv: [{kwp: 4}]\nlimits:\n  daylight:\n    from: 09:00\n"
    lines = good.splitlines()
    for index, line in enumerate(lines):
        for other in (
            "",
            line[: len(line) // 2],
            line + "\n" + line,
            line.split(":")[0] + ": [x, {y: z}]",
            "- 1",
            "\t",
        ):
            with suppress(ConfigError):
                loaded(tmp_path, "\n".join([*lines[:index], other, *lines[index + 1 :]]))


def test_pins_used_twice_are_found_beside_every_other_mistake_under_any_name(tmp_path):
    text = """\
meter: {type: recording, path: day.csv}
loads:
  - {name: 1pump, type: relay, max_power_w: lots, relay: {pin: GPIO17, active_high: true}}
  - {name: fan, type: relay, max_power_w: 80, relay: {pin: BOARD11, active_high: maybe}}
  - {name: pot, type: relay, max_power_w: 80, relay: {pin: 17, active_high: true}}
"""
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    starts = [problem.partition(" must")[0].partition(" BOARD11")[0] for problem in caught.value.problems]
    assert sorted(starts) == [
        "line 3: loads[0].max_power_w:",
        "line 3: loads[0].name:",
        "line 4: loads[1].relay.active_high:",
        "line 4: loads[1].relay.pin:",
        "line 5: loads[2].relay.pin:",
    ]


@pytest.mark.parametrize(
    ("written", "unit", "proposal"),
    [
        ("2kW", "W", "write 2000"),
        ("1,5 kW", "W", "write 1500"),
        ("4.8 kWh", "Wh", "write 4800"),
        ("4800 Wh", "Wh", "write 4800"),
        ("5m", "s", "write 300"),
        ("2 h", "s", "write 7200"),
        ("4400Wp", "kWp", "write 4.4"),
        ("30 %", "%", "write 30"),
        ("65°C", "degC", "write 65"),
        # What would be a guess is left to the owner.
        ("1,500 W", "W", None),
        ("10 A", "W", None),
        ("500 mW", "W", None),
        ("2h30m", "s", None),
        ("80 %", "W", None),
    ],
)
def test_a_number_with_a_unit_is_answered_with_what_it_means_or_with_nothing(written, unit, proposal):
    with pytest.raises(SettingProblem) as caught:
        number(written, unit, whole=False)
    sentence, _, write = str(caught.value).partition("; ")
    assert sentence.endswith(f"not {written!r}")
    assert write == (proposal or "")


def test_a_whole_number_is_not_answered_with_a_fraction():
    with pytest.raises(SettingProblem, match=r"not '1\.5 s'$"):
        number("1.5 s", "s", whole=True)
