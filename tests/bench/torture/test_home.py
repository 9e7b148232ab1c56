"""The home of a long life can be built, and what may befall it needs nothing that it has not."""

from pathlib import Path

import pytest

from bench.torture.home import possible, torture_home


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
