"""The command line as a user meets it: the real program, its output and its exit codes."""

import gzip
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.process.program import settings as vrm_settings
from tests.vrm_server import VrmServer
from tests.waiting import WITHIN_S, until
from tests.warm_start import PROJECT, run_warm

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("BOARD11")]  # some run on the shipped pins

SUMMER = PROJECT / "Files" / "recordings" / "summer.csv.gz"


def main(*arguments: str | Path, folder: Path = PROJECT, **environ: str) -> subprocess.CompletedProcess[str]:
    """What it prints and its exit code; see `tests.warm_start`."""
    return run_warm([*map(str, arguments)], folder=folder, environ=environ)


def cold(*arguments: str | Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """The same with all that a start of Python does."""
    command = [sys.executable, "main.py", *map(str, arguments)]
    return subprocess.run(
        command, cwd=PROJECT, capture_output=True, text=True, timeout=2 * WITHIN_S, env={**os.environ, **environ}
    )


def morning(folder: Path) -> Path:
    """The bundled day from nine to ten: enough for what only has to run, and a twentieth of the time."""
    rows = gzip.decompress(SUMMER.read_bytes()).decode().splitlines()
    kept = [row for row in rows if not row.startswith("20") or "T09" <= row[10:13] < "T10"]
    path = folder / "morning.csv"
    path.write_text("\n".join(kept) + "\n")
    return path


def brief(folder: Path, **changes: object) -> Path:
    """The shipped settings on that."""
    return shipped(folder, meter={"type": "recording", "path": str(morning(folder))}, **changes)


def shipped(folder: Path, **changes: object) -> Path:
    """The shipped settings with a log of their own."""
    values = yaml.safe_load((PROJECT / "Files" / "config.yaml").read_text())
    values.update({"log": {"file": str(folder / "heater.log")}, "state_dir": str(folder / "state")})
    values["web"] = {"listen": "127.0.0.1:0"}
    values.update(changes)
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(values, sort_keys=False))
    return path


def test_the_shipped_configuration_plays_the_bundled_day(tmp_path: Path) -> None:
    done = cold("--config", "Files/config.yaml", LOGS_DIRECTORY=str(tmp_path))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert any("-> would heat" in line for line in lines)
    heat = next(line for line in lines if "kWh used" in line)
    assert 10 < float(re.search(r"([\d.]+) kWh used", heat)[1]) < 25  # type: ignore[index]
    assert "starts" in heat
    assert any("kWh bought" in line for line in lines)
    assert any(line.startswith("sun left unused:") for line in lines)
    assert lines[-2:] == [
        f"log file: {tmp_path / 'pv_heater.log'}",
        f"picture of the day: {tmp_path / 'pv_heater.svg'}",
    ]
    assert (tmp_path / "pv_heater.svg").read_text(encoding="utf-8").startswith("<svg")
    assert "-> would heat" in (tmp_path / "pv_heater.log").read_text()


def test_run_without_a_command_and_with_it_are_the_same(tmp_path: Path) -> None:
    config = brief(tmp_path)
    assert main("--config", config).stdout.splitlines()[1:] == main("run", "-c", config).stdout.splitlines()[1:]


def test_the_config_option_works_without_config_file_in_the_environment(tmp_path: Path) -> None:
    """The earlier optimizer raised KeyError for --config unless $CONFIG_FILE was set."""
    environ = {key: value for key, value in os.environ.items() if key != "CONFIG_FILE"}
    command = [sys.executable, "main.py", "--config", str(shipped(tmp_path)), "check"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=2 * WITHIN_S, env=environ)
    assert done.returncode == 0, done.stderr


def test_config_file_of_the_environment_is_taken(tmp_path: Path) -> None:
    done = main("check", CONFIG_FILE=str(shipped(tmp_path)))
    assert str(tmp_path / "config.yaml") in done.stdout


def test_help_names_every_command_in_a_whole_sentence() -> None:
    done = main("--help")
    for command in ("run", "check", "off", "replay", "record", "simulate", "status", "why", "force", "clear"):
        assert re.search(rf"^  {command} +[A-Z].*\.$", done.stdout, re.MULTILINE), command
    assert "..." not in done.stdout.partition("Commands:")[2]
    assert "Exit codes" in done.stdout


@pytest.mark.parametrize(
    "command", ["run", "check", "off", "replay", "record", "simulate", "status", "why", "force", "clear"]
)
def test_each_command_explains_itself(command: str) -> None:
    done = main(command, "--help")
    assert done.returncode == 0
    assert "--config" in done.stdout


def test_ten_mistakes_give_ten_lines_exit_2_no_traceback_and_no_secret(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(
        """\
site: {latitude: 470, timezone: Vienna, batery: {capacity_wh: 4800}}
meter: {type: vrm, token: top-secret-token, installation_id: abc, interval_s: 0}
strategy: {type: balanc}
limits: {min_battery_percent: 950, max_gird_w: 80, daylight: {from: sunrisee}}
loads:
  - {name: heater, type: relay, relay: {pin: GPIO17}}
tick_s: 60
"""
    )
    done = main("--config", path)
    lines = done.stderr.splitlines()
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "top-secret-token" not in done.stdout + done.stderr
    assert len(lines) - 1 >= 10
    assert all(re.match(r"  line \d+: ", line) for line in lines[1:])
    for suggestion in ("did you mean battery?", "did you mean max_grid_w?"):
        assert suggestion in done.stderr


def test_a_missing_configuration_is_one_sentence() -> None:
    done = main("--config", "nowhere.yaml")
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "nowhere.yaml" in done.stderr


def test_a_recording_with_real_outputs_is_refused(tmp_path: Path) -> None:
    done = main("--config", shipped(tmp_path, dry_run=False))
    assert done.returncode == 2
    assert "a recording must not switch real outputs" in done.stderr


def test_a_recording_on_mock_pins_runs_the_real_adapters(tmp_path: Path) -> None:
    gpio = {"factory": "mock", "pin_log": str(tmp_path / "pins.jsonl")}
    done = main("--config", brief(tmp_path, dry_run=False, gpio=gpio))
    assert done.returncode == 0, done.stderr
    changes = [json.loads(line) for line in (tmp_path / "pins.jsonl").read_text().splitlines()]
    relay = [change["state"] for change in changes if change["pin"] == "GPIO17"]
    assert relay.count(1.0) >= 1
    assert relay[-1] is None


def test_dry_run_counts_before_the_command_too_and_is_refused_where_nobody_heeds_it(tmp_path: Path) -> None:
    pin_log = tmp_path / "pins.jsonl"
    config = brief(tmp_path, dry_run=False, gpio={"factory": "mock", "pin_log": str(pin_log)})
    done = main("--dry-run", "--config", config, "run")
    assert done.returncode == 0, done.stderr
    assert "would heat" in done.stdout + done.stderr
    assert not pin_log.exists()
    refused = main("--dry-run", "--config", config, "off")
    assert refused.returncode == 2
    assert "--dry-run is for a run" in refused.stderr


def test_replay_gives_json_and_leaves_the_live_log_alone(tmp_path: Path) -> None:
    config = shipped(tmp_path)
    done = main("replay", morning(tmp_path), "--config", config, "--json")
    result = json.loads(done.stdout)
    assert result["recordings"][0]["open_loop"] is False
    assert result["heat_wh"] > 500
    assert not (tmp_path / "heater.log").exists()
    assert (tmp_path / "heater_replay.log").exists()


def test_replay_of_a_missing_file_names_it_where_the_user_is(tmp_path: Path) -> None:
    done = main("replay", "nope.csv", "--config", shipped(tmp_path), folder=tmp_path)
    assert done.returncode == 2
    assert str(tmp_path / "nope.csv") in done.stderr


def test_simulate_is_the_same_for_the_same_seed(tmp_path: Path) -> None:
    config = shipped(tmp_path)
    data = tmp_path / "data"
    data.mkdir()
    morning(data)
    words = ("simulate", "--data", data, "--config", config, "--seed", "7", "--json")
    # One of its own, whose sets and dicts are in another order.
    first, again = (json.loads(start(*words).stdout) for start in (main, cold))
    assert first["recordings"] == again["recordings"]
    made_up = json.loads(main("simulate", "--config", config, "--seed", "8", "--json").stdout)
    assert made_up["recordings"][0]["name"] == "mixed weather, seed 8"


def test_ctrl_c_in_the_middle_of_a_paced_day_ends_with_a_summary(tmp_path: Path) -> None:
    meter = {"type": "recording", "path": str(morning(tmp_path)), "speed": 200}
    config, log = shipped(tmp_path, meter=meter), tmp_path / "heater.log"
    command = [sys.executable, "main.py", "--config", str(config)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        until(lambda: log.exists() and " -> " in log.read_text(), "a first change of the paced day")
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=2 * WITHIN_S)
    assert process.returncode == 0
    assert errors == ""
    assert "stopped by SIGINT at 2017-05-28" in output
    assert "kWh used" in output


def test_check_tells_what_each_source_answers(tmp_path: Path) -> None:
    with VrmServer() as vrm:
        config = tmp_path / "config.yaml"
        config.write_text(yaml.safe_dump(vrm_settings(tmp_path, vrm.url)))
        done = main("check", "--config", config)
        assert done.returncode == 0, done.stdout
        assert "ok      meter vrm: pv_w 1520" in done.stdout
        vrm.token = "other"
        refused = main("check", "--config", config)
        assert refused.returncode == 4
        assert "WRONG   meter vrm:" in refused.stdout
    unreachable = main("check", "--config", config, "--json")
    assert unreachable.returncode == 5
    assert json.loads(unreachable.stdout)["ok"] is False


def test_pins_used_twice_and_relays_that_close_at_boot_are_refused(tmp_path: Path) -> None:
    relay = {"pin": "GPIO17", "active_high": False}
    rows = [
        {"name": "pump", "type": "relay", "max_power_w": 800, "relay": relay},
        {"name": "fan", "type": "relay", "max_power_w": 80, "relay": {"pin": "BOARD11", "active_high": True}},
    ]
    for command in ("check", "run"):
        done = main(command, "--config", shipped(tmp_path, loads=rows))
        assert done.returncode == 2
        assert "BOARD11 is already used by relay of pump (GPIO17)" in done.stderr
    done = main("check", "--config", shipped(tmp_path, loads=rows[:1]))
    assert done.returncode == 2
    assert "while the Pi boots GPIO17 is pulled low, which closes this relay" in done.stdout
    relay["pull"] = "external"
    assert main("check", "--config", shipped(tmp_path, loads=rows[:1])).returncode == 0


def test_check_finds_a_missing_recording_and_a_missing_curve(tmp_path: Path) -> None:
    done = main("check", "--config", shipped(tmp_path, meter={"type": "recording", "path": "nope.csv"}))
    assert done.returncode == 2
    assert "WRONG   meter recording:" in done.stdout
    values = yaml.safe_load(shipped(tmp_path).read_text())
    values["loads"][0]["servo"]["curve"] = "nowhere.csv"
    done = main("check", "--config", shipped(tmp_path, loads=values["loads"]))
    assert done.returncode == 2
    assert "nowhere.csv" in done.stdout
    dimmer = {"type": "http_dimmer", "name": "a", "max_power_w": 1000, "url": "http://192.168.1.9", "curve": "no.csv"}
    done = main("check", "--config", shipped(tmp_path, loads=[dimmer]))
    assert done.returncode == 2
    assert "WRONG   loads.a.curve: curve: " in done.stdout


def test_record_then_replay_is_scrubbed_and_says_open_loop(tmp_path: Path) -> None:
    with VrmServer() as vrm:
        config = tmp_path / "config.yaml"
        config.write_text(yaml.safe_dump(vrm_settings(tmp_path, vrm.url)))
        file = tmp_path / "home.jsonl"
        done = main("record", file, "--config", config, "--for", "3s")
        assert done.returncode == 0, done.stderr + done.stdout
    text = file.read_text()
    assert len(text.splitlines()) >= 3
    assert "123456" not in text
    assert vrm.token not in text
    done = main("replay", file, "--config", config)
    assert done.returncode == 0, done.stderr
    assert "open loop: the recorded house did not answer to these decisions" in done.stdout


def test_a_bug_is_a_sentence_and_a_traceback_only_with_debug(tmp_path: Path) -> None:
    config = shipped(tmp_path, strategy={"type": "faulty"})
    for extra, traceback in (((), False), (("--debug",), True)):
        done = subprocess.run(
            [sys.executable, "tests/process/faulty.py", *extra, "--config", str(config)],
            cwd=PROJECT, capture_output=True, text=True, timeout=2 * WITHIN_S,
            env={**os.environ, "FAULT": "raise", "PYTHONPATH": str(PROJECT)},
        )  # fmt: skip
        assert done.returncode == 1
        assert ("Traceback" in done.stderr) == traceback
        assert "a bug in a strategy" in done.stderr


@pytest.mark.parametrize("command", ["status", "why"])
def test_nobody_running_is_told_apart_from_a_bug(command: str, tmp_path: Path) -> None:
    done = main(command, "--config", shipped(tmp_path))
    assert done.returncode == 5
    assert done.stderr.startswith(
        f"No controller is running with {tmp_path / 'config.yaml'}. Start it with `python main"
    )
    assert len(done.stderr.splitlines()) == 1


def test_output_in_a_pipe_that_closes_is_no_traceback(tmp_path: Path) -> None:
    command = f"{sys.executable} main.py --config {brief(tmp_path)} | head -n 2"
    done = subprocess.run(["bash", "-c", command], cwd=PROJECT, capture_output=True, text=True, timeout=2 * WITHIN_S)
    assert "Traceback" not in done.stderr


def test_check_says_when_daylight_is_only_guessed(tmp_path: Path) -> None:
    done = main("check", "--config", shipped(tmp_path, site={"timezone": "UTC"}))
    assert "warning settings: without site.latitude and site.longitude the sun is not known" in done.stdout
    assert "the sun is not known" not in main("check", "--config", shipped(tmp_path)).stdout


@pytest.mark.parametrize("given", [["on", "--for-good", "--for", "1h"], ["auto", "--for-good"]])
def test_for_good_goes_with_no_other_end(given: list[str]) -> None:
    done = main("force", "heater", *given)
    assert done.returncode == 2
    assert "--for-good goes with on or off" in done.stderr
