"""`last_start`: no automatic start late in the day; what runs goes on, and what the owner asks for begins."""

from datetime import timedelta
from typing import Any

from pv_heater.core.model.requests import Force, Mode
from tests.builders import NOON, House, config, heater

LOCAL = timedelta(hours=2)
"""What the clocks of the tests' home are ahead of UTC in summer."""


def house(**changes: Any) -> House:
    return House(config(loads=[heater(**({"last_start": "16:00"} | changes))]))


def at_clock(home: House, hour: int, minute: int = 0, day: int = 0, **fields: Any) -> bool:
    """Whether it is on after a step at that local time, in full sun unless said otherwise."""
    now = NOON.replace(hour=0) + timedelta(days=day, hours=hour, minutes=minute) - LOCAL
    drawn_w = home.decisions[-1][1].setpoints["heater"].power_w if home.decisions else 0.0
    second = (now - NOON).total_seconds() + 86_400
    seen = {"consumption_w": 500.0 + drawn_w} | fields
    return home.at(second, now=now, taken_at=now, **seen).setpoints["heater"].on


def test_it_starts_before_the_hour_and_not_after_it() -> None:
    home = house()
    assert at_clock(home, 15, 59)
    assert [at_clock(home, 16, minute, pv_w=100.0) for minute in range(10)][-1] is False
    assert not at_clock(home, 16, 10)
    state = home.decisions[-1][1].loads["heater"]
    assert (state.rule, state.because) == ("timer", "no automatic start after 16:00 (last_start)")
    assert state.next_change_at == NOON.replace(hour=22), "local midnight"
    assert at_clock(home, 9, 0, day=1)


def test_what_runs_at_that_hour_goes_on() -> None:
    home = house()
    assert all(at_clock(home, 15, minute) for minute in (50, 59))
    assert all(at_clock(home, 16, minute) for minute in range(0, 30, 5))


def test_the_owner_may_start_it_at_any_hour() -> None:
    home = house()
    order = Force(load="heater", mode=Mode.ON)
    assert at_clock(home, 17, inputs={"commands": (order,)})


def test_while_the_time_of_day_is_unknown_nothing_starts() -> None:
    assert not at_clock(house(), 12, inputs={"clock_trusted": False})
