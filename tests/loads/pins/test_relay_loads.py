"""Elements on relays as one load: levels, and break before make."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pv_heater.core.model.setting import SettingProblem
from pv_heater.errors import HardwareError
from pv_heater.loads.pins.relay_loads import Level, SgReady, Stages
from tests.loads.bank_rig import BankRig, relays
from tests.loads.rig import on

TWO = (Level(power_w=1000, closed=(1,)), Level(power_w=2000, closed=(2,)), Level(power_w=3000, closed=(1, 2)))
STAR_DELTA = (Level(power_w=1000, closed=(1, 2)), Level(power_w=3000, closed=(1, 3)))
PAUSE_S = 0.5


def stages(folder: Path, levels: tuple[Level, ...] = TWO, count: int = 2, **changes: Any) -> BankRig:
    row = Stages.Settings(name="boiler", relays=relays(count), levels=levels, pause_s=PAUSE_S, **changes)
    return BankRig(Stages, row, folder)


def test_each_level_closes_its_relays(tmp_path: Path) -> None:
    rig = stages(tmp_path)
    for power_w, closed in ((1000, {1}), (2000, {2}), (3000, {1, 2}), (2000, {2}), (0, set[int]()), (3000, {1, 2})):
        rig.until_quiet(power_w)
        assert rig.closed() == closed
        assert rig.load.power_w() == power_w


def test_what_opens_opens_first_and_nothing_closes_before_the_pause_is_over(tmp_path: Path) -> None:
    rig = stages(tmp_path)
    rig.until_quiet(1000)
    assert rig.apply(2000) == rig.clock.now_s + PAUSE_S
    assert rig.closed() == set()
    assert rig.load.power_w() == 0
    rig.clock.now_s += PAUSE_S - 0.01
    rig.apply(2000)
    assert rig.closed() == set()
    rig.clock.now_s += 0.01
    assert rig.apply(2000) is None
    assert rig.words() == ["+1", "-1", "+2"]


def test_a_change_that_only_closes_needs_no_pause(tmp_path: Path) -> None:
    rig = stages(tmp_path)
    rig.until_quiet(1000)
    assert rig.apply(3000) is None
    assert rig.closed() == {1, 2}


def test_star_and_delta_are_never_closed_together_and_the_main_contact_stays(tmp_path: Path) -> None:
    rig = stages(tmp_path, STAR_DELTA, 3)
    rig.until_quiet(1000)
    rig.apply(3000)
    assert (rig.closed(), rig.load.power_w()) == ({1}, 0)
    rig.until_quiet(3000)
    assert rig.words() == ["+2", "+1", "-2", "+3"]


def test_a_safety_stop_opens_all_at_once_and_the_pause_begins_anew(tmp_path: Path) -> None:
    rig = stages(tmp_path)
    rig.until_quiet(3000)
    assert rig.load.safe(rig.clock.now_s) is None
    assert rig.closed() == set()
    rig.apply(3000)
    assert rig.closed() == set()


def test_a_relay_that_fails_does_not_keep_the_others_closed(tmp_path: Path) -> None:
    rig = stages(tmp_path)
    rig.until_quiet(3000)
    rig.load._lines[0]._pin._function = "input"  # a pin that refuses a level
    with pytest.raises(HardwareError, match="relay at GPIO17"):
        rig.load.safe(rig.clock.now_s)
    assert 2 not in rig.closed()


def test_a_trip_opens_all_and_holds_them_until_reset(tmp_path: Path) -> None:
    rig = stages(tmp_path)
    rig.until_quiet(3000)
    rig.load.trip()
    assert rig.closed() == set()
    rig.clock.now_s += 10
    rig.apply(3000)
    assert rig.closed() == set()
    rig.load.reset()
    rig.until_quiet(3000)
    assert rig.closed() == {1, 2}


@pytest.mark.parametrize("change", range(25))
def test_a_trip_at_any_write_to_a_pin_leaves_all_open(tmp_path: Path, change: int) -> None:
    rig = stages(tmp_path)
    left = [change]

    def trip_at_the_nth() -> None:
        left[0] -= 1
        if left[0] == -1:
            rig.load.trip()

    rig.clock.at_change = trip_at_the_nth
    for power_w in (3000, 1000, 2000, 0, 3000):
        rig.until_quiet(power_w)
    assert rig.closed() == (set() if left[0] < 0 else {1, 2})


def test_closing_lets_every_pin_go_and_may_be_repeated(tmp_path: Path) -> None:
    rig = stages(tmp_path)
    rig.until_quiet(3000)
    rig.load.close()
    rig.load.close()
    assert rig.closed() == set()
    assert [level for _, _, level in rig.relays()[-2:]] == [None, None]


def test_a_pin_that_is_in_use_is_refused(tmp_path: Path) -> None:
    rig = stages(tmp_path)
    row = Stages.Settings(name="other", relays=relays(1), levels=TWO[:1])
    with pytest.raises(HardwareError, match="already in use"):
        Stages(row, rig.tools)


ACTIONS = st.one_of(
    st.tuples(st.just("set"), st.sampled_from([0, 1000, 3000])),
    st.tuples(st.sampled_from(["safe", "trip", "reset"]), st.just(0)),
    st.tuples(st.just("wait"), st.sampled_from([0.1, 0.5, 5.0])),
)


@settings(max_examples=50, deadline=None)
@given(actions=st.lists(ACTIONS, max_size=40))
def test_whatever_happens_star_and_delta_never_meet(
    tmp_path_factory: pytest.TempPathFactory, actions: list[tuple[str, float]]
) -> None:
    rig = stages(tmp_path_factory.mktemp("stages"), STAR_DELTA, 3)
    tripped = False
    for word, number in actions:
        if word == "set":
            rig.apply(number)
        elif word == "wait":
            rig.clock.now_s += number
        elif word == "safe":
            rig.load.safe(rig.clock.now_s)
        else:
            getattr(rig.load, word)()
            tripped = word == "trip"
        assert rig.load.power_w() in (0, 1000, 3000)
        if tripped or word == "safe":
            assert rig.closed() == set()
    closed: set[int] = set()
    opened_s = {2: 0.0, 3: 0.0}
    for at_s, relay, level in rig.relays():
        if level == 1.0:
            closed.add(relay)
            assert not {2, 3} <= closed
            assert relay == 1 or at_s - opened_s[5 - relay] >= PAUSE_S - 0.001
        else:
            if relay in closed:
                opened_s[relay] = at_s
            closed.discard(relay)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"levels": ()}, "must hold at least one level"),
        ({"levels": (Level(power_w=1000, closed=(3,)),)}, "names relay 3, but there are 2"),
        ({"levels": (Level(power_w=1000, closed=()),)}, "must name at least one relay"),
        ({"levels": (TWO[1], TWO[0])}, "must rise, but 1000 W follows 2000 W"),
        ({"levels": TWO, "exclusive": True}, "closes several relays together"),
    ],
)
def test_a_table_that_cannot_be_meant_is_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(SettingProblem, match=says):
        Stages.Settings(name="boiler", relays=relays(2), **changes)


def test_its_full_power_is_its_last_level() -> None:
    row = Stages.Settings(name="boiler", relays=relays(2), levels=TWO)
    assert (row.max_power_w, row.least_power_w, row.levels_w) == (3000, 1000, (1000, 2000, 3000))


def pump(folder: Path, **changes: Any) -> BankRig:
    row = SgReady.Settings(name="pump", relays=relays(2), recommended_w=1500, **changes)
    return BankRig(SgReady, row, folder)


def test_a_heat_pump_is_told_by_the_states_of_sg_ready(tmp_path: Path) -> None:
    rig = pump(tmp_path, ordered_w=2500)
    for power_w, closed in ((1500, {2}), (2500, {1, 2}), (1500, {2}), (0, set[int]()), (2500, {1, 2})):
        rig.until_quiet(power_w)
        assert rig.closed() == closed
        assert rig.load.power_w() == power_w


def test_a_heat_pump_is_never_blocked_on_the_way_to_the_ordered_state_or_back(tmp_path: Path) -> None:
    """Contact 1 alone is state 1, which locks the pump."""
    rig = pump(tmp_path, ordered_w=2500)
    rig.until_quiet(2500)
    rig.until_quiet(0)
    assert rig.words() == ["+2", "+1", "-1", "-2"]


def test_a_maker_with_other_states_has_them_in_the_settings(tmp_path: Path) -> None:
    rig = pump(tmp_path, recommended_state="10")
    rig.until_quiet(1500)
    assert rig.closed() == {1}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"relays": relays(1)}, "must be two contacts, not 1"),
        ({"ordered_w": 1500}, "must be above recommended_w"),
        ({"power_from": object()}, "draws for reasons of its own"),
        ({"ordered_w": 2000, "ordered_state": "01"}, "must differ from recommended_state"),
    ],
)
def test_a_heat_pump_that_cannot_be_meant_is_refused(changes: dict[str, Any], says: str) -> None:
    values: dict[str, Any] = {"name": "pump", "relays": relays(2), "recommended_w": 1500}
    with pytest.raises(SettingProblem, match=says):
        SgReady.Settings(**(values | changes))


def test_the_pause_begins_when_the_contact_opened_and_not_with_the_tick(tmp_path: Path) -> None:
    rig = stages(tmp_path)
    rig.until_quiet(1000)
    tick_s, rig.clock.now_s = rig.clock.now_s, rig.clock.now_s + 0.4
    again_s = rig.load.apply(on(2000), tick_s)
    assert again_s == pytest.approx(rig.clock.now_s + PAUSE_S)
