"""The home of a long life can be built, and what may befall it needs nothing that it has not."""

from pathlib import Path

import pytest

from bench.faults.table import GROUPS
from bench.torture.home import possible, torture_home
from bench.torture.live import _METER, _PROGRAM
from bench.torture.recovery import heated_s


@pytest.mark.process
def test_faults_of_many_groups_may_befall_it_and_none_that_needs_a_load_of_its_own(tmp_path: Path) -> None:
    rig = torture_home(tmp_path, "1", 10.0)
    try:
        found = possible(rig)
    finally:
        rig.close()
    assert {"data", "false numbers", "network", "time", "state", "process", "people"} <= {group for group, _ in found}
    names = [fault.name for _, fault in found]
    assert "a rule that loops" in names, "the lamp is there"
    assert "its values stand still, and a load of ours takes 500 W more" not in names, "and no pump"


def test_what_is_lost_of_a_day_is_heat_at_full_power() -> None:
    loads = {"water_heater": {"energy_wh": 900.0}, "lamp": {"energy_wh": 100.0}}
    assert heated_s({"seen_s": 5, "loads": loads}) == pytest.approx(1000.0 * 3600.0 / 2000.0)
    assert heated_s({}) == 0.0


def test_two_faults_at_once_never_spoil_the_same_meter() -> None:
    """The later would undo the earlier, and nobody could say how long the meter was not to be believed."""
    assert {"data", "false numbers", "network", "time"} == set(_METER)
    assert set(GROUPS) - set(_METER) - set(_PROGRAM) == {"GX device", "disk"}, "a new group: which is it?"
