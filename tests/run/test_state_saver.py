"""When the state goes to the disk: what a restart must not forget changed, or a quarter of an hour has passed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from pv_heater.core.model.requests import Force, Mode
from pv_heater.run.state_saver import SAVE_EVERY_S, StateSaver
from tests.builders import NOON, House, config


def test_it_is_saved_at_each_change_of_phase_mode_or_day_and_now_and_then() -> None:
    house = House(config(limits={"daylight": {"from": "00:00", "to": "23:59:59"}}))
    saved: list[dict[str, Any]] = []
    now_s = 0.0
    saver = StateSaver(house.controller.state, lambda state: saved.append(dict(state)), lambda: now_s)

    def tick(second: float, now: datetime | None = None, **inputs: Any) -> int:
        nonlocal now_s
        now_s = second
        decision = house.at(second, now=now, consumption_w=2500.0, inputs=inputs)
        saver.report(NOON, decision, None, None)
        return len(saved)

    assert tick(0) == 1
    assert tick(1) == tick(2)
    before = len(saved)
    assert tick(3, commands=(Force(load="heater", mode=Mode.OFF, for_s=60.0),)) == before + 1
    before = tick(4)
    assert tick(5 + SAVE_EVERY_S) == before + 1
    before = tick(6 + SAVE_EVERY_S)
    assert tick(7 + SAVE_EVERY_S, now=NOON + timedelta(days=1)) == before + 1
    assert saved[-1]["day"] == "2026-06-22", "after a kill the history knows which day's counters go on"
