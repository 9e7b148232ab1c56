"""The real program with displays that are not there: it heats, ends and is told off as if it had none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.process.program import CHIP, Program, run_once, settings
from tests.vrm_server import VrmServer

pytestmark = pytest.mark.process

DISPLAYS = [
    {"type": "tm1638", "dio": f"{CHIP}/19", "clk": f"{CHIP}/13", "stb": f"{CHIP}/26"},
    {"type": "ssd1306", "port": 99},
]


def test_absent_displays_are_a_line_each_and_change_nothing(vrm: VrmServer, tmp_path: Path) -> None:
    values = settings(tmp_path, vrm.url, display=DISPLAYS)
    with Program(tmp_path, values) as program:
        program.wait_until_heating()
        program.wait_for(lambda: "display ssd1306: there is no /dev/i2c-99" in program.log(), 5, "the line")
        assert program.log().count("no TM1638 board answers") == 1
        told = run_once(tmp_path, values, "status", "--json").stdout
        assert "display tm1638" in told
        assert program.stop() == 0
        assert not program.contact_closed()
    assert "Traceback" not in program.log()


def test_a_display_in_a_dry_run_disturbs_neither_start_nor_end(vrm: VrmServer, tmp_path: Path) -> None:
    values = settings(tmp_path, vrm.url, display=DISPLAYS, dry_run=True)
    with Program(tmp_path, values) as program:
        program.wait_for(lambda: "no TM1638 board answers" in program.log(), 15, "the line")
        assert program.stop() == 0
    assert program.pins() == []
