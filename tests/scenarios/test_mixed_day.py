"""A day with every kind of load in one house: a regulator, a variator, two relays with conditions, and a dimmer."""

from functools import cache
from typing import Any

import pytest

from pv_heater.core.model.requests import Force, Mode
from tests.builders import heater
from tests.scenarios.life import HOUR, PLAN, TICK_S, Day, day_of, live

pytestmark = pytest.mark.xdist_group("mixed day")
"""One worker lives the day, once."""
NAMES = ("heater", "variator", "pump", "fan", "dimmer")
USE_W = 300.0
BEGINS = 7.75
SUN = day_of(
    [(0, 0, USE_W), (8, 2600, USE_W), (9, 4200, USE_W), (10.7, 1900, USE_W), (11, 4800, USE_W), (14, 1200, USE_W),
     (14.2, 0, USE_W)], 14.4,
)  # fmt: skip


def row(name: str, kind: str, max_power_w: float, **more: Any) -> dict[str, Any]:
    return heater(name, kind, max_power_w=max_power_w, min_on_s=300, min_off_s=300, **more)


def relay(name: str, pin: str, max_power_w: float, **more: Any) -> dict[str, Any]:
    values = row(name, "relay", max_power_w, relay={"pin": pin, "active_high": True}, **more)
    return {key: value for key, value in values.items() if key != "min_power_w"}


MORE = [
    row("variator", "mqtt_variator", 1000, topic="regul/vload/ECS/cmd"),
    relay("pump", "GPIO17", 500, when="hour >= 10 and battery_soc_percent > 60"),
    relay("fan", "GPIO22", 200, on_when="hour >= 13 and hour < 14"),
    row("dimmer", "http_dimmer", 800, url="http://192.0.2.9"),
]
FORCED = ((9.5, Force(load="dimmer", mode=Mode.ON, for_s=1800.0, power_w=600.0)),
          (12.0, Force(load="variator", mode=Mode.OFF, for_s=3600.0)))  # fmt: skip


@cache
def lived() -> Day:
    return live(SUN, strategy=PLAN, start_percent=45.0, more_loads=MORE, commands=FORCED, from_hour=BEGINS)


def test_the_energy_of_the_loads_adds_up_to_the_meter_within_a_hundredth() -> None:
    day = lived()
    house_wh = sum((reading.consumption_w or 0.0) * TICK_S / HOUR for _, reading in day.home)
    base_wh = USE_W * (SUN.end_s / HOUR - BEGINS)
    assert sum(day.energy_wh.values()) == pytest.approx(house_wh - base_wh, rel=0.01)
    for name in NAMES:
        assert day.energy_wh[name] > 100, f"{name} took part"
        assert day.energy_wh[name] == pytest.approx(day.ledger.heat_wh[name], rel=0.01)


def test_forced_modes_are_obeyed_and_end() -> None:
    day = lived()
    assert {round(day.power_w(hour, "dimmer")) for hour in (9.52, 9.7, 9.98)} == {600}
    modes = {round(at_s / HOUR, 2): decision.loads["dimmer"].mode for at_s, decision, _ in day.seen}
    assert (modes[9.49], modes[9.6], modes[10.01]) == (Mode.AUTO, Mode.ON, Mode.AUTO)
    assert day.heated_s(12.01, 12.99, "variator") == 0
    assert day.power_w(13.5, "variator") > 500, "automatic again after its hour"


def test_conditions_gate_one_relay_and_switch_the_other() -> None:
    day = lived()
    assert day.heated_s(0, 10, "pump") == 0
    assert day.heated_s(13.1, 13.9, "fan") == pytest.approx(0.8 * HOUR, abs=2 * TICK_S)


def test_nothing_is_bought_for_them_by_day() -> None:
    assert lived().bought_wh(8, 14) < 50
