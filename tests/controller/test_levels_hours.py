"""Random hours with loads of a few levels: every promise holds, and nothing is ever asked for that they cannot do."""

from itertools import pairwise
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pv_heater.config.load import load_config
from tests.builders import config, heater
from tests.controller.test_invariants import SKY, STEP, STRATEGY, play
from tests.scenarios.life import PLAN, day_of, live

TIMES = st.fixed_dictionaries(
    {
        "min_on_s": st.sampled_from([0, 60, 300]),
        "min_off_s": st.sampled_from([0, 60, 300]),
        "start_delay_s": st.sampled_from([0, 30]),
        "dead_band_w": st.sampled_from([0, 100, 5000]),
        "level_dwell_s": st.sampled_from([0, 60]),
    }
)
FULL_POWERS_W = (1000, 2000, 3000)


def relay(line: int) -> dict[str, Any]:
    return {"pin": f"GPIO{line}", "active_high": True}


def stages(name: str, **changes: Any) -> dict[str, Any]:
    levels = [{"power_w": FULL_POWERS_W[0], "closed": [1]}, {"power_w": FULL_POWERS_W[1], "closed": [2]},
              {"power_w": FULL_POWERS_W[2], "closed": [1, 2]}]  # fmt: skip
    return {"name": name, "type": "stages", "relays": [relay(17), relay(27)], "levels": levels, **changes}


def board(name: str, **changes: Any) -> dict[str, Any]:
    return {"name": name, "type": "relay_board", "step_w": 300, "relays": [relay(22), relay(23), relay(24)], **changes}


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TIMES, STRATEGY, SKY, st.lists(STEP, min_size=5, max_size=50))
def test_only_levels_are_asked_for_and_every_promise_holds(
    times: dict[str, Any], law: dict[str, Any], sky_w: float | None, steps: list[dict[str, Any]]
) -> None:
    site = {"pv": [{"kwp": 5}], **config()["site"], "feed_in": "auto"}
    rows = config(site=site, strategy=law, loads=[stages("a", **times), heater("c"), board("b", **times)])
    levels = {policy.name: (0.0, *policy.levels_w) for policy in load_config(rows).policies if not policy.adjustable}
    assert set(levels) == {"a", "b"}
    for decision in play(rows, sky_w, steps):
        for name, powers_w in levels.items():
            assert decision.setpoints[name].power_w in powers_w


def test_on_a_day_of_rising_sun_the_levels_follow_and_the_rest_goes_to_the_regulated_load() -> None:
    """
    10:00  2.7 kW beyond the use: relay 2; 12:00 4.5 kW: both; 16:00 1.5 kW: back to relay 1
    """
    sun = day_of([(0, 0, 300), (8, 1800, 300), (10, 3000, 300), (12, 4800, 300), (16, 1800, 300), (18, 0, 300)], 18.5)
    boiler = stages("boiler", min_on_s=300, min_off_s=300)
    day = live(sun, strategy=PLAN, start_percent=95.0, load={"daily_max_wh": 1}, from_hour=9.0,
               more_loads=[boiler, heater("rest")], tick_s=30.0, interval_s=30.0)  # fmt: skip
    assert [day.power_w(hour, "boiler") for hour in (11.5, 14, 17)] == [2000, 3000, 1000]
    powers_w = [decision.setpoints["boiler"].power_w for _, decision, _ in day.seen]
    assert set(powers_w) <= {0, *FULL_POWERS_W}
    changes = sum(1 for before, after in pairwise(powers_w) if before != after)
    assert changes <= 10
    assert day.bought_wh(6, 18) < 1
    assert day.ledger.heat_total_wh > 25_000, "of 29.4 kWh of sun beyond the use"
