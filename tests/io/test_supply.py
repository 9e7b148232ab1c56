"""What the kernel says of a Raspberry Pi's voltage."""

from __future__ import annotations

from pathlib import Path

from pv_heater.io.supply import KEPT_S, Supply


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
