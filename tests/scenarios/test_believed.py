"""A meter one to two seconds late, and devices that say wrong things: what is heated on, and who pays for it."""

from dataclasses import replace
from typing import Any

import pytest

from pv_heater.sim.chain_faults import DEVICES, BrokerSilent, Contradicts, Fault, Hung, Lost, SystemRestart
from pv_heater.sim.real_home import During, RealHomeSettings
from pv_heater.sim.victron_chain import EARLY, LATE, ChainSettings
from pv_heater.strategies.ride_through import MOST_WH
from tests.scenarios.life import BALANCE, PLAN
from tests.scenarios.real_home import live_real, uses

STIFF = RealHomeSettings(regulation_s=0.0)
ALLOWED_W = 100.0
DEAD_BAND_W = 100.0
each_strategy = pytest.mark.parametrize("strategy", [BALANCE, PLAN], ids=["balance", "plan"])
each_phase = pytest.mark.parametrize("phase_s", [EARLY, LATE, None], ids=["early", "late", "mixed"])


@each_strategy
@each_phase
def test_a_start_on_steady_sun_takes_what_is_spare_and_no_more(strategy: Any, phase_s: Any) -> None:
    """1040 W are spare: the first minute costs the battery what it may give, and the second sample is right."""
    day = live_real([(0, 1800, 760)], 90, strategy=strategy, real=STIFF, phase_s=phase_s)
    on_s = day.first_on_s()
    assert day.from_battery_w(on_s, on_s + 60) <= ALLOWED_W
    assert all(abs(day.setpoint_w(on_s + second) - 1040) <= ALLOWED_W + 0.5 for second in range(2, 60))
    assert day.closings() == 1


def test_behind_a_meter_that_is_six_seconds_late_only_the_first_start_overshoots() -> None:
    """What it then gives away on top, before the first step shows, must not hide how late the meter is."""
    suns = [(0, 1800, 760), (100, 300, 760), (180, 1800, 760)]
    day = live_real(suns, 250, strategy=PLAN, real=STIFF, phase_s=LATE, lag_s=dict.fromkeys(DEVICES, 4.0))
    on_s = day.first_on_s(180)
    assert day.from_battery_w(on_s, on_s + 50) <= ALLOWED_W
    assert all(second.setpoint_w <= 1040 + ALLOWED_W + 0.5 for second in day.between(on_s, 250))


@each_strategy
def test_a_step_down_hides_no_sun(strategy: Any) -> None:
    """The house draws 600 W more from 60 on; the heater follows once and does not swing."""
    day = live_real([(0, 2400, 500), (60, 2400, 1100)], 200, strategy=strategy, real=STIFF, phase_s=LATE)
    assert 1300 <= day.setpoint_w(199) <= 1300 + ALLOWED_W + DEAD_BAND_W
    powers = [second.setpoint_w for second in day.between(62, 200)]
    assert powers == sorted(powers, reverse=True)


BELIEVED: dict[str, tuple[Fault, list[tuple[float, float, float]], float]] = {
    "inverter lost": (Lost(device="vebus", from_s=60, to_s=150), [(0, 1300, 760)], 540),
    "inverter hung": (Hung(device="vebus", from_s=60, to_s=150), [(0, 3000, 750), (63, 3000, 2250)], 750),
    "charger hung": (Hung(device="charger_2", from_s=60, to_s=150), [(0, 3000, 760), (80, 1800, 760)], 1040),
    "calculation restarted": (SystemRestart(from_s=60, to_s=62), [(0, 1300, 760)], 540),
    "house halved": (Contradicts(device="vebus", from_s=0, times=0.5), [(0, 1800, 760)], 1040),
    "sun too high": (Contradicts(device="charger_1", from_s=0, times=1.5), [(0, 1800, 760)], 1040),
}


@each_strategy
@pytest.mark.parametrize("case", BELIEVED)
def test_a_value_that_the_other_measurement_contradicts_is_not_heated_on(strategy: Any, case: str) -> None:
    fault, segments, spare_w = BELIEVED[case]
    real = replace(STIFF, second_charger_share=0.5)
    day = live_real(segments, 150, strategy=strategy, real=real, phase_s=LATE, faults=[fault])
    assert day.mean_setpoint_w(92, 150) <= spare_w + ALLOWED_W + 1
    assert day.beyond_spare_wh(60, 150) < MOST_WH


@each_strategy
@pytest.mark.parametrize("change", [{"plus_w": 1500.0}, {"times": 2.5}], ids=["too high", "times 2.5"])
def test_a_home_whose_consumption_is_always_shown_too_high_still_heats(strategy: Any, change: dict[str, float]) -> None:
    """By it nothing is spare; a trial of 500 W shows that sun, grid and battery are right."""

    def shown(seen: Any, _: float) -> Any:
        return replace(
            seen, consumption_w=(seen.consumption_w or 0.0) * change.get("times", 1) + change.get("plus_w", 0)
        )

    day = live_real([(0, 1800, 760)], 60, strategy=strategy, real=STIFF, phase_s=LATE, changed=shown)
    assert any(second.decision.loads["heater"].rule == "trial" for second in day.seconds)
    assert day.setpoint_w(59) == pytest.approx(1040, abs=ALLOWED_W + 0.5)
    assert day.closings() == 1


@each_strategy
@pytest.mark.parametrize("is_measured", [True, False], ids=["measured", "unseen"])
def test_dc_loads_come_before_the_heater(strategy: Any, is_measured: bool) -> None:
    dc_loads = [During(from_s=0, to_s=1e9, power_w=800)]
    real = replace(STIFF, dc_loads=dc_loads, chain=ChainSettings(dc_is_measured=is_measured))
    day = live_real([(0, 2000, 750)], 120, strategy=strategy, real=real, phase_s=LATE)
    assert day.mean_setpoint_w(30, 120) <= 450 + ALLOWED_W + 1


@each_strategy
@pytest.mark.parametrize("burst_s", [2.0, 0.01], ids=["burst", "quiet"])
def test_after_an_outage_old_sun_is_not_heated_on(strategy: Any, burst_s: float) -> None:
    """The sun goes four seconds after the last word; what is told after the return is old at first."""
    silent = BrokerSilent(from_s=60, to_s=135, burst_s=burst_s)
    day = live_real([(0, 3010, 760), (64, 200, 760)], 200, strategy=strategy, real=STIFF, phase_s=LATE, faults=[silent])
    assert day.on_s(135, 200) == 0


@each_strategy
def test_a_kettle_beside_more_sun_than_the_heater_can_use_costs_the_battery_what_is_said(strategy: Any) -> None:
    """3.1 kW are spare, the heater takes 2; a kettle of 2 kW boils from 60 to 240."""
    day = live_real(uses((60, 240, 2000), sun_w=3600, house_w=500), 300, strategy=strategy, real=STIFF, phase_s=LATE)
    assert day.from_battery_wh(60, 240) <= MOST_WH + ALLOWED_W * 180 / 3600 + 1
    assert day.setpoint_w(200) <= 1100 + ALLOWED_W + 1
    assert day.setpoint_w(299) == 2000
