"""What the kernel says of a Raspberry Pi's voltage."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pv_heater.io.supply import KEPT_S, TO_DO, Supply
from pv_heater.status.alarms import HELP
from tests.history.life import some_decision


class Pi:
    def __init__(self, folder: Path, chip: str = "rpi_volt") -> None:
        (folder / "hwmon0").mkdir()
        (folder / "hwmon0" / "name").write_text("cpu_thermal\n")
        (folder / "hwmon1").mkdir()
        (folder / "hwmon1" / "name").write_text(f"{chip}\n")
        self.alarm = folder / "hwmon1" / "in0_lcrit_alarm"
        self.alarm.write_text("0\n")
        self.now_s = 50.0
        self.supply = Supply(lambda: self.now_s, folder)

    def live(self, seconds: int) -> None:
        for _ in range(seconds):
            self.now_s += 1
            self.supply.report(datetime.now(UTC), some_decision("tank"), None, None)


def test_a_dip_is_trouble_for_an_hour(tmp_path: Path) -> None:
    pi = Pi(tmp_path)
    assert pi.supply.trouble() is None
    pi.alarm.write_text("1\n")
    assert "4.63 V" in str(pi.supply.trouble())
    pi.alarm.write_text("0\n")
    pi.now_s += KEPT_S - 1
    assert pi.supply.trouble() is not None
    pi.now_s += 1
    assert pi.supply.trouble() is None


def test_a_machine_that_does_not_tell_has_no_trouble(tmp_path: Path) -> None:
    pi = Pi(tmp_path, chip="acpitz")
    pi.alarm.write_text("1\n")
    assert pi.supply.trouble() is None
    assert Supply(lambda: 0.0, tmp_path / "nothing").trouble() is None


def test_a_file_that_goes_away_is_no_trouble(tmp_path: Path) -> None:
    pi = Pi(tmp_path)
    pi.alarm.unlink()
    assert pi.supply.trouble() is None


def test_the_log_says_once_that_it_is_low_with_what_to_do_and_once_that_it_is_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    pi = Pi(tmp_path)
    pi.live(60)
    assert caplog.messages == []
    pi.alarm.write_text("1\n")
    pi.live(2)
    pi.alarm.write_text("0\n")
    pi.live(1000)
    pi.alarm.write_text("1\n")
    pi.live(60)
    pi.alarm.write_text("0\n")
    pi.live(3590)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "4.63 V" in caplog.messages[0]
    assert HELP["low_voltage"] == TO_DO
    assert TO_DO in caplog.messages[0]
    pi.live(20)
    assert caplog.messages[1:] == ["the supply of this machine has kept its voltage for an hour"]
