"""`max_changes_per_minute`: a board of relays that switches one after another."""

from typing import Any

from pv_heater.core.loads.switching import Change, Switching
from pv_heater.core.model.requests import Force, Mode
from pv_heater.core.model.values import Decision, Phase
from tests.builders import House, config, heater

BOARD = {f"relay_{number}": 500.0 for number in range(1, 7)}


def board(most: int | None, **changes: Any) -> House:
    rows = [
        {key: value for key, value in heater(
            name, "relay", max_power_w=power_w, relay={"pin": f"GPIO{16 + index}", "active_high": True}, **changes,
        ).items() if key != "min_power_w"}
        for index, (name, power_w) in enumerate(BOARD.items())
    ]  # fmt: skip
    return House(config(limits={"max_changes_per_minute": most, "max_house_w": 9000}, loads=rows))


def on(decision: Decision) -> list[str]:
    return [name for name, point in decision.setpoints.items() if point.on]


def drawn_w(house: House) -> float:
    return sum(point.power_w for point in house.decisions[-1][1].setpoints.values()) if house.decisions else 0.0


def test_six_relays_in_full_sun_go_on_two_a_minute_from_the_top_of_the_list() -> None:
    house = board(2)
    counts = []
    for second in range(0, 200, 10):
        decision = house.at(second, pv_w=6000.0, consumption_w=500.0 + drawn_w(house))
        counts.append(len(on(decision)))
    assert counts == [2] * 6 + [4] * 6 + [6] * 8
    assert on(house.decisions[0][1]) == ["relay_1", "relay_2"]


def test_one_that_has_to_wait_says_for_how_long_and_for_what() -> None:
    house = board(2)
    house.at(0, pv_w=6000.0)
    state = house.at(15, pv_w=6000.0, consumption_w=1500.0).loads["relay_3"]
    assert (state.phase, state.rule, state.margins["wait_s"]) == (Phase.OFF, "switching", 45.0)
    assert state.because.startswith("other loads were just switched, max_changes_per_minute has it wait 45 s; ")


def test_without_the_limit_all_go_on_at_once() -> None:
    assert len(on(board(None).at(0, pv_w=6000.0))) == 6


def test_off_for_safety_is_never_held_up() -> None:
    house = board(6)
    assert len(on(house.at(0, pv_w=6000.0))) == 6
    assert on(house.at(10, pv_w=6000.0, consumption_w=9500.0)) == []


def test_what_must_be_off_at_once_is_off_at_once() -> None:
    house = board(6)
    house.at(0, pv_w=6000.0)
    assert on(house.at(10, pv_w=0.0, grid_w=3500.0, consumption_w=3500.0)) == []


def test_shade_sheds_them_last_to_first_at_the_pace_of_the_board() -> None:
    house = board(6)
    house.at(0, pv_w=6000.0)
    assert len(on(house.at(10, pv_w=500.0, consumption_w=3500.0))) == 6
    assert len(on(house.at(61, pv_w=500.0, consumption_w=3500.0))) == 0


def test_an_owner_is_obeyed_at_once() -> None:
    house = board(1)
    house.at(0, pv_w=6000.0)
    decision = house.at(10, pv_w=6000.0, inputs={"commands": (Force(load="relay_5", mode=Mode.ON),)})
    assert on(decision) == ["relay_1", "relay_5"]


def test_off_comes_first_and_then_what_stood_longest() -> None:
    switching = Switching(1)
    changes = {
        "a": Change(on=True, since_s=50.0), "b": Change(on=True, since_s=None),
        "c": Change(on=False, since_s=90.0), "d": Change(on=False, since_s=80.0),
    }  # fmt: skip
    assert switching.too_many(changes, 100.0) == ["c", "b", "a"]


def test_no_minute_has_more_changes_than_allowed_however_the_sun_flickers() -> None:
    house, before, switched_s = board(3, start_delay_s=2), set(), []
    for second in range(1200):
        sun_w = 6000.0 if second // 20 * 7919 % 83 < 41 else 1200.0
        decision = house.at(second, pv_w=sun_w, consumption_w=500.0 + drawn_w(house))
        now = set(on(decision))
        switched_s += [second] * len(now ^ before)
        before = now
    assert len(switched_s) > 20
    assert all(later - first >= 60 for first, later in zip(switched_s, switched_s[3:], strict=False))
