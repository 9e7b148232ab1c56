"""The program with rule files of its owner, good and bad."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.process.program import Program, regulator, run_once, settings
from tests.vrm_server import VrmServer
from tests.waiting import WITHIN_S, until

pytestmark = pytest.mark.process


def write_rule(folder: Path, load: str, text: str) -> Path:
    (folder / "rules").mkdir(exist_ok=True)
    path = folder / "rules" / f"{load}.py"
    path.write_text(text, encoding="utf-8")
    return path


def lamp(**changes: Any) -> dict[str, Any]:
    return {"name": "lamp", "type": "dry_run", "max_power_w": 100, "start_delay_s": 0} | changes


def test_a_rule_file_holds_its_load_off_until_it_is_changed(vrm: VrmServer, tmp_path: Path) -> None:
    write_rule(tmp_path, "water_heater", "def rule(home):\n    return 'off', 'not today'\n")
    with Program(tmp_path, settings(tmp_path, vrm.url, loads=[regulator(), lamp()])) as program:
        program.wait_for(lambda: "-> would heat" in program.log(), 15, "the lamp, which has no rule")
        assert not program.contact_closed()
        write_rule(tmp_path, "water_heater", "def rule(home):\n    return None\n")
        program.wait_until_heating()


def test_a_rule_without_end_costs_only_its_own_load(vrm: VrmServer, tmp_path: Path) -> None:
    """One that leaves the processor to others: those that do not are tried in tests/rules."""
    write_rule(tmp_path, "lamp", "import time\ndef rule(home):\n    while True:\n        time.sleep(0.1)\n")
    with Program(tmp_path, settings(tmp_path, vrm.url, loads=[regulator(), lamp()])) as program:
        program.wait_until_heating()
        program.wait_for(lambda: "lamp.py came to no end" in program.log(), 20, "log line")
        assert program.contact_closed()
        assert program.log().count("lamp.py came to no end") == 1
        assert "watchdog" not in program.log()


def test_the_program_stops_at_once_while_a_rule_hangs_and_leaves_no_process(vrm: VrmServer, tmp_path: Path) -> None:
    told = tmp_path / "pid"
    write_rule(
        tmp_path,
        "lamp",
        f"import os, time\nopen({str(told)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)\n",
    )
    with Program(tmp_path, settings(tmp_path, vrm.url, loads=[regulator(), lamp()])) as program:
        program.wait_for(lambda: told.exists() and told.read_text() != "", 15, "rule started")
        watch = program.watch()
        program.process.send_signal(signal.SIGTERM)
        assert program.ends_after_s(watch) < 5
        assert program.process.wait(WITHIN_S) == 0
    assert not Path(f"/proc/{told.read_text()}").exists()
    assert not program.contact_closed()


def test_a_program_that_is_killed_leaves_no_rules_behind(vrm: VrmServer, tmp_path: Path) -> None:
    told = tmp_path / "pid"
    write_rule(
        tmp_path, "lamp", f"import os\nopen({str(told)!r}, 'w').write(str(os.getpid()))\ndef rule(home):\n    pass\n"
    )
    with Program(tmp_path, settings(tmp_path, vrm.url, loads=[regulator(), lamp()])) as program:
        program.wait_for(lambda: told.exists() and told.read_text() != "", 15, "rule started")
        os.kill(program.process.pid, 9)
        program.process.wait(WITHIN_S)
    until(lambda: not Path(f"/proc/{told.read_text()}").exists(), "the rules' process has ended")


def test_check_prints_what_each_rule_answers_now(vrm: VrmServer, tmp_path: Path) -> None:
    write_rule(tmp_path, "lamp", "def rule(home):\n    return 'on', f'{home.soc:.0f} %'\n")
    write_rule(tmp_path, "lmap", "def rule(home):\n    return hme\n")
    loads = [regulator(when="soc > 20"), lamp(), lamp(name="broken"), lamp(name="closed", when="soc > 100")]
    write_rule(tmp_path, "broken", "def rule(home):\n    return hme\n")
    done = run_once(tmp_path, settings(tmp_path, vrm.url, loads=loads), "check")
    lines = [line for line in done.stdout.splitlines() if "rule" in line]
    assert done.returncode == 2
    assert "warning rule file lmap.py: belongs to no load" in lines[0]
    assert lines[1] == "ok      loads.water_heater rule: no opinion, the surplus decides"
    assert lines[2].startswith("ok      loads.lamp rule: on: ")
    assert "WRONG   loads.broken rule: off: its rule failed, broken.py line 2: NameError" in lines[3]
    assert "ok      loads.closed rule: off: its condition does not hold, when: soc > 100 (soc is" in lines[4]
