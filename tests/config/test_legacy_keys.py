from datetime import time

import pytest

from pv_heater.config.load import load_config
from pv_heater.errors import ConfigError
from tests.config.files import COMPLETE, loaded, problems
from tests.config.stand_ins import TABLES

FLAT = """\
api_username: someone@home.example
api_password: hunter2hunter2
diags_url: https://portal.example/v2/installations/123456/diagnostics?count=1000
login_url: https://portal.example/v2/auth/login
logout_url: https://portal.example/v2/auth/logout
log_file: /tmp/heater.log
log_file_size: 20000
day_hourly_fcast: /tmp/hourly
fcast_url: https://sun.example/estimate/watthours/47.05/15.44/37/-20/4.4
fcast_headers: {Accept: application/json}
fcast_time_pull: 07:00:00
fcast_diff: 700
sleep_timer: 3
min_battery: 95
min_day_time: "09:00:00"
max_day_time: 18:00:00
max_grid_draw: 70
max_battery_discharge: 110
adjust_value: 11
tolerance: 120
power_percent: 40
"""


def test_a_file_of_the_earlier_optimizer_still_loads(tmp_path):
    config = loaded(tmp_path, FLAT)
    meter = config.meter[0].settings
    assert (meter.username, meter.password.reveal()) == ("someone@home.example", "hunter2hunter2")
    assert (meter.installation_id, meter.base_url, meter.interval_s) == (123456, "https://portal.example/v2", 3)
    assert (config.log.file, config.log.max_bytes) == ("/tmp/heater.log", 20000)
    assert (config.site.latitude, config.site.longitude) == (47.05, 15.44)
    assert (config.site.pv[0].kwp, config.site.pv[0].tilt_deg, config.site.pv[0].azimuth_deg) == (4.4, 37, -20)
    assert (config.forecast[0].type, config.forecast[0].settings.base_url) == ("forecast_solar", "https://sun.example")
    limits = config.limits
    assert (limits.daylight.start.clock, limits.daylight.end.clock) == (time(9), time(18))
    assert (limits.min_battery_percent, limits.max_grid_w, limits.max_battery_discharge_w) == (95, 70, 110)
    law = config.strategy.settings
    assert config.strategy.type == "forecast_gap"
    assert (law.start_gap_w, law.step_gap_w, law.step_percent, law.start_percent) == (700, 120, 11, 40)


def test_it_drives_the_relay_and_the_servo_that_the_earlier_program_had_wired_in(tmp_path):
    (load,) = loaded(tmp_path, FLAT).loads
    assert (load.type, load.settings.name, load.settings.max_power_w) == ("servo_regulator", "water_heater", 2000)
    assert (load.settings.relay.pin, load.settings.relay.active_high) == ("BOARD11", True)
    servo = load.settings.servo
    assert (servo.pin, servo.min_pulse_s, servo.max_pulse_s) == ("BOARD40", 0.0004, 0.0024)


def test_each_flat_key_gets_one_line_on_its_new_name_and_no_secret(tmp_path):
    warnings = loaded(tmp_path, FLAT).warnings
    for number, line in enumerate(FLAT.splitlines(), 1):
        key = line.split(":")[0]
        assert sum(item.startswith(f"line {number}: {key}: ") for item in warnings) == 1, key
    assert "line 17: max_grid_draw: is now called limits.max_grid_w" in warnings
    assert "line 5: logout_url: is no longer needed: the session ends by itself" in warnings
    assert any("set loads[0].max_power_w to what the heater draws" in item for item in warnings)
    assert any("site.timezone: not given" in item for item in warnings)
    assert "hunter2" not in repr(warnings)


def test_problems_name_the_flat_key_and_its_line(tmp_path):
    wrong = (
        FLAT.replace("max_grid_draw: 70", "max_grid_draw: lots")
        .replace("123456", "<your id>")
        .replace("watthours/47.05", "watthours/147.05")
        .replace("18:00:00", "late")
    )
    assert [item for item in problems(tmp_path, wrong) if "installation_id: is missing" not in item] == [
        "line 3: diags_url: must be an address such as "
        "https://portal.example/v2/installations/123456/diagnostics?count=1000 "
        "with your installation's number; or remove it and set meter.installation_id".replace(
            "portal.example", "vrmapi.victronenergy.com"
        ),
        "line 9: fcast_url (now site.latitude): must be between -90 and 90 deg, not 147.05",
        "line 16: max_day_time (now limits.daylight.to): must be a time of day such as 09:00, sunrise+30m or "
        "sunset-1h, not 'late'",
        "line 17: max_grid_draw (now limits.max_grid_w): must be a number of watts, not 'lots'",
    ]
    assert "line 9: fcast_url: must be an address" in problems(tmp_path, FLAT.replace("/watthours", ""))[0]


def test_flat_and_new_keys_merge(tmp_path):
    config = loaded(
        tmp_path, COMPLETE + "max_grid_draw: 50\nlimits: {min_battery_percent: 40}\nsite: {timezone: Europe/Vienna}\n"
    )
    assert (config.limits.max_grid_w, config.limits.min_battery_percent) == (50, 40)
    assert config.strategy.type == "plan"
    assert config.warnings == ("line 4: max_grid_draw: is now called limits.max_grid_w",)


def test_a_flat_key_goes_into_the_first_of_several_meters(tmp_path):
    text = COMPLETE.replace("{type: recording, path: day.csv}", "[{type: vrm, installation_id: 1}]")
    assert loaded(tmp_path, text + "sleep_timer: 20\n").meter[0].settings.interval_s == 20
    assert problems(tmp_path, text + "sleep_timer: never\n") == (
        "line 4: sleep_timer (now meter[0].interval_s): must be a number of seconds, not 'never'",
    )


def test_flat_law_keys_choose_the_flat_law(tmp_path):
    assert loaded(tmp_path, COMPLETE + "fcast_diff: 300\n").strategy.settings.start_gap_w == 300
    found = problems(tmp_path, COMPLETE + "fcast_diff: 300\nstrategy: {type: balance}\n")
    assert found[0].startswith("line 4: fcast_diff (now strategy.start_gap_w): is not a setting")


def test_the_same_setting_twice_is_a_problem_that_names_both(tmp_path):
    assert problems(tmp_path, COMPLETE + "limits:\n  max_grid_w: 40\nmax_grid_draw: 50\n") == (
        "line 6: max_grid_draw: is the earlier name of limits.max_grid_w, which is set in line 5 as well; keep one",
    )


def test_a_pause_below_a_second_becomes_one_second(tmp_path):
    config = loaded(tmp_path, FLAT.replace("sleep_timer: 3", "sleep_timer: 0.2"))
    assert config.meter[0].settings.interval_s == 1
    assert "line 13: sleep_timer: is now called meter.interval_s (at least 1 s)" in config.warnings


def test_a_key_in_the_forecast_address_stays_secret(tmp_path):
    config = loaded(tmp_path, FLAT.replace("sun.example/estimate", "sun.example/abcd1234/estimate"))
    assert config.forecast[0].settings.api_key.reveal() == "abcd1234"
    assert "abcd1234" not in repr(config)


def test_flat_keys_load_from_a_mapping_too():
    config = load_config({"sleep_timer": 5, "diags_url": "http://h/installations/9/diagnostics"}, tables=TABLES)
    assert (config.meter[0].settings.interval_s, config.meter[0].settings.installation_id) == (5, 9)
    assert "sleep_timer: is now called meter.interval_s" in config.warnings


def test_a_section_that_is_no_group_is_still_one_sentence(tmp_path):
    assert "limits: must be a group of settings" in problems(tmp_path, COMPLETE + "limits: 5\nmax_grid_draw: 50\n")[0]


def test_a_number_beyond_all_bounds_is_refused_in_a_sentence() -> None:
    with pytest.raises(ConfigError, match="must be"):
        load_config({"sleep_timer": 10**400})
