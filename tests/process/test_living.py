"""The program through the troubles of a real home."""

import json
import time
from pathlib import Path

import pytest

from tests.process.program import RELAY, Program, regulator, run_once, settings
from tests.vrm_server import VrmServer

pytestmark = pytest.mark.process


def test_vrm_gone_is_off_within_the_age_limit_plus_one_interval(vrm: VrmServer, tmp_path: Path) -> None:
    limits = {"daylight": {"from": "00:00", "to": "23:59:59"}, "max_reading_age_s": 5}
    config = settings(tmp_path, vrm.url, limits=limits, loads=[regulator(min_on_s=300)])
    with Program(tmp_path, config) as program:
        program.wait_until_heating()
        watch = program.watch()
        vrm.hanging = True
        assert program.opens_after_s(watch) <= 5 + 1 + 0.5
        assert "no_reading" in program.log()


def test_values_six_hours_old_do_not_heat(vrm: VrmServer, tmp_path: Path) -> None:
    vrm.age_s = 6 * 3600.0
    with Program(tmp_path, settings(tmp_path, vrm.url)) as program:
        program.wait_for(lambda: "the last reading is 216" in program.log(), 10, "log line")
        assert not program.contact_closed()


def test_a_first_login_that_fails_at_boot_heals_by_itself(vrm: VrmServer, tmp_path: Path) -> None:
    vrm.login_status = 503
    config = settings(tmp_path, vrm.url)
    config["meter"] = {
        "type": "vrm", "base_url": vrm.url, "username": vrm.username, "password": vrm.password,
        "installation_id": 123456, "interval_s": 1, "max_requests_per_hour": 10000,
    }  # fmt: skip
    with Program(tmp_path, config) as program:
        program.wait_for(lambda: vrm.logins >= 2, 15, "two logins")
        assert not program.contact_closed()
        vrm.login_status = None
        program.wait_until_heating(25)
        assert vrm.password not in program.log()


def test_network_down_at_boot_then_up_heats(vrm: VrmServer, tmp_path: Path) -> None:
    url, host_port = vrm.url, vrm.url.split("/")[2]
    vrm.stop()
    with Program(tmp_path, settings(tmp_path, url)) as program:
        program.wait_for(lambda: "WARNING" in program.log(), 10, "log line")
        port = int(host_port.split(":")[1])
        with VrmServer(port=port) as back:
            back.values.update(vrm.values)
            program.wait_until_heating(25)
        assert "answers again; " in program.log()


def test_without_any_forecast_it_decides_and_says_from_what(vrm: VrmServer, tmp_path: Path) -> None:
    config = settings(
        tmp_path,
        vrm.url,
        strategy={"type": "forecast_gap"},
        forecast={"type": "forecast_solar", "base_url": "http://127.0.0.1:9"},
        site={"timezone": "UTC", "latitude": 47.0, "longitude": 15.4, "battery": {"capacity_wh": 4800}},
    )
    with Program(tmp_path, config) as program:
        program.wait_until_heating()
        assert "no forecast, so by balance:" in program.log()


def test_state_survives_a_restart(vrm: VrmServer, tmp_path: Path) -> None:
    config = settings(tmp_path, vrm.url, loads=[regulator(min_off_s=6)])
    with Program(tmp_path, config) as program:
        program.wait_until_heating()
        assert program.stop() == 0
    stopped_s = time.monotonic()
    assert json.loads((tmp_path / "state" / "state.json").read_text())["loads"]["water_heater"]["closings"] == 1
    with Program(tmp_path, config) as program:
        program.wait_until_heating()
        assert time.monotonic() - stopped_s >= 6
        assert "water_heater starts in cooldown" in program.log()


def test_forced_on_and_status_from_the_command_line(vrm: VrmServer, tmp_path: Path) -> None:
    vrm.values.update({"Pdc": 0.0})
    config = settings(tmp_path, vrm.url)
    with Program(tmp_path, config) as program:
        program.wait_for(lambda: (tmp_path / "state" / "control.sock").exists(), 10, "control socket")
        time.sleep(1.5)
        done = run_once(tmp_path, config, "force", "water_heater", "ON", "--for", "1h30m", "--power", "1000")
        assert done.returncode == 0, done.stderr
        assert "water_heater: on with 1.0 kW until " in done.stdout
        program.wait_for(program.contact_closed, 3, "relay closed")
        status = run_once(tmp_path, config, "status", "--why")
        assert "mode on until " in status.stdout
        assert "forced on" in status.stdout
        assert "would change it:" in status.stdout
        why = run_once(tmp_path, config, "why", "water_heater", "--last", "1")
        assert "water_heater off -> heating 1000 W: forced on" in why.stdout
        assert "decided by your order" in why.stdout
        assert run_once(tmp_path, config, "force", "water_heater", "auto").returncode == 0
        program.wait_for(lambda: "mode on -> auto: as asked" in program.log(), 10, "end of the forced mode")
        wrong = run_once(tmp_path, config, "force", "boiler", "on")
        assert (wrong.returncode, "there is no load 'boiler'" in wrong.stderr) == (2, True)


def test_the_log_holds_no_secret(vrm: VrmServer, tmp_path: Path) -> None:
    vrm.token = "b2" * 32
    with Program(tmp_path, settings(tmp_path, vrm.url)) as program:
        program.wait_for(lambda: "WARNING" in program.log(), 10, "refusal in the log")
        program.stop()
    everything = program.log() + "".join(path.read_text() for path in tmp_path.rglob("*.json*"))
    assert "a1a1a1" not in everything


def test_dry_run_touches_no_pin(vrm: VrmServer, tmp_path: Path) -> None:
    with Program(tmp_path, settings(tmp_path, vrm.url), "--dry-run") as program:
        program.wait_for(lambda: "-> would heat" in program.log(), 10, "heating in the log")
        assert "DRY RUN" in program.log()
        assert program.pins() == []
        assert program.stop() == 0


def test_a_service_with_a_state_folder_of_its_own_is_found_from_a_shell(vrm: VrmServer, tmp_path: Path) -> None:
    """Under systemd the state folder is $STATE_DIRECTORY, which a shell does not have."""
    config = settings(tmp_path, vrm.url)
    del config["state_dir"]
    (tmp_path / "service").mkdir()
    with Program(tmp_path, config, environ={"STATE_DIRECTORY": str(tmp_path / "service")}) as program:
        program.wait_until_heating()
        assert "water_heater: heating" in run_once(tmp_path, config, "status").stdout
        done = run_once(tmp_path, config, "off")
        assert done.returncode == 0, done.stderr
        assert program.states(RELAY)[-1] == 0.0, "open before `off` says so"


def test_check_says_that_max_c_cannot_work_with_vrm(vrm: VrmServer, tmp_path: Path) -> None:
    done = run_once(tmp_path, settings(tmp_path, vrm.url, loads=[regulator(max_c=70)]), "check")
    assert done.returncode == 2
    assert "this load would never heat" in done.stdout


@pytest.mark.parametrize(
    "text",
    [
        "{",
        '{"schema": 99}',
        '{"schema": 1, "loads": {"water_heater": 5}}',
    ],
)
def test_a_state_file_that_cannot_be_used_puts_every_load_into_fault_until_clear(
    text: str, vrm: VrmServer, tmp_path: Path
) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "state.json").write_text(text)
    config = settings(tmp_path, vrm.url)
    with Program(tmp_path, config) as program:
        program.wait_for(
            lambda: "cannot be used" in program.log() and "starts in fault" in program.log(), 10, "log lines"
        )
        kept = tmp_path / "state" / "state.json"
        program.wait_for(lambda: kept.read_text() != text, 10, "the state is saved")  # a thread of its own does it
        assert json.loads(kept.read_text())["faults"]["water_heater"]
        assert run_once(tmp_path, config, "clear", "water_heater").returncode == 0
        program.wait_until_heating()
    assert (tmp_path / "state" / "state.damaged").read_text() == text
