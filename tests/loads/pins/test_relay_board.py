"""A board of equal relays: as many closed as there is power for, in turn."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pv_heater.core.model.setting import SettingProblem
from pv_heater.loads.pins.relay_loads import RelayBoard
from tests.loads.bank_rig import BankRig, relays


def board(folder: Path, count: int = 4, **changes: Any) -> BankRig:
    return BankRig(RelayBoard, RelayBoard.Settings(name="rods", relays=relays(count), step_w=300, **changes), folder)


def test_its_power_is_the_number_of_closed_relays(tmp_path: Path) -> None:
    rig = board(tmp_path, 8)
    for count in (1, 3, 8, 5, 0, 2):
        rig.until_quiet(300 * count)
        assert len(rig.closed()) == count
        assert rig.load.power_w() == 300 * count


def test_the_first_in_the_list_closes_first_and_the_one_closed_longest_opens_first(tmp_path: Path) -> None:
    rig = board(tmp_path)
    for count in (1, 2, 1, 2, 3, 2):
        rig.until_quiet(300 * count)
    assert rig.words() == ["+1", "+2", "-1", "+3", "+4", "-2"]


def test_the_same_power_again_moves_nothing(tmp_path: Path) -> None:
    rig = board(tmp_path)
    rig.until_quiet(600)
    before = rig.words()
    for _ in range(10):
        rig.clock.now_s += 1
        rig.apply(600)
    assert rig.words() == before


@settings(max_examples=12, deadline=None)
@given(counts=st.lists(st.integers(0, 5), min_size=40, max_size=120))
def test_all_relays_close_equally_often(tmp_path_factory: pytest.TempPathFactory, counts: list[int]) -> None:
    rig = board(tmp_path_factory.mktemp("board"), 5)
    for count in counts:
        rig.until_quiet(300 * count)
    closings = Counter({f"+{relay}": 0 for relay in range(1, 6)})
    closings.update(word for word in rig.words() if word.startswith("+"))
    assert max(closings.values()) - min(closings.values()) <= 1


def test_after_a_safety_stop_the_turns_go_on(tmp_path: Path) -> None:
    rig = board(tmp_path)
    rig.until_quiet(600)
    rig.load.safe(rig.clock.now_s)
    assert rig.closed() == set()
    rig.until_quiet(600)
    assert rig.closed() == {3, 4}


def test_a_trip_at_any_write_to_a_pin_leaves_all_open(tmp_path: Path) -> None:
    for change in range(20):
        folder = tmp_path / str(change)
        folder.mkdir()
        rig = board(folder)
        left = [change]

        def trip_at_the_nth(rig: BankRig = rig, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] == -1:
                rig.load.trip()

        rig.clock.at_change = trip_at_the_nth
        for count in (4, 1, 3, 0, 4):
            rig.until_quiet(300 * count)
        assert rig.closed() == (set() if left[0] < 0 else {1, 2, 3, 4})


def test_a_board_has_a_level_for_each_relay() -> None:
    row = RelayBoard.Settings(name="rods", relays=relays(3), step_w=300)
    assert (row.levels_w, row.max_power_w, row.least_power_w) == ((300, 600, 900), 900, 300)
    with pytest.raises(SettingProblem, match="at least one relay"):
        RelayBoard.Settings(name="rods", relays=(), step_w=300)
