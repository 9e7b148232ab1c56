"""The home with a real measuring chain: what its meter shows when, and what each loss makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from pv_heater.core.model.values import Reading, Setpoint
from pv_heater.errors import SourceError
from pv_heater.sim.chain_faults import (
    BrokerSilent,
    Contradicts,
    Fault,
    Hung,
    Lost,
    OneSample,
    ShownCharge,
    SystemRestart,
)
from pv_heater.sim.clock import SimClock
from pv_heater.sim.home import HomeSettings
from pv_heater.sim.real_home import During, RealHome, RealHomeSettings, rhythm
from pv_heater.sim.recording import HomeRecording
from pv_heater.sim.victron_chain import EARLY, LATE, ChainSettings
from tests.sim.outputs import Obedient

NOON = datetime(2026, 6, 21, 12, tzinfo=UTC)


class Lived:
    """1800 W of sun and 760 W of use, a tick a second, and a heater that is switched by the test."""

    def __init__(
        self,
        *,
        faults: Sequence[Fault] = (),
        phase_s: Any = EARLY,
        segments: Sequence[tuple[float, float, float]] = ((0, 1800, 760),),
        chain: ChainSettings | None = None,
        **settings: Any,
    ) -> None:
        self.clock = SimClock(NOON)
        self.heater = Obedient()
        recording = HomeRecording(
            name="scripted",
            start_at=NOON,
            offsets_s=tuple(row[0] for row in segments),
            end_s=3600.0,
            pv_w=tuple(row[1] for row in segments),
            load_w=tuple(row[2] for row in segments),
        )
        chain = replace(chain or ChainSettings(), phase_s=phase_s, faults=faults)
        home = settings.pop("home", HomeSettings(start_percent=90.0))
        self.home = RealHome(RealHomeSettings(home=home, chain=chain, **settings), recording, self.clock)
        self.home.connect([self.heater])

    def heat(self, power_w: float) -> None:
        self.heater.apply(Setpoint(on=power_w > 0, power_w=power_w), self.clock.monotonic_s())

    def after(self, seconds: float) -> Reading:
        """The reading at that second, ticks of one second before it."""
        while self.clock.monotonic_s() < seconds:
            self.clock.wait_until(min(seconds, self.clock.monotonic_s() + 1.0))
        return self.home.read()


def w(*powers_w: float | None) -> Any:
    return pytest.approx(powers_w, abs=0.5)


def test_a_steady_home_is_measured_as_it_is() -> None:
    lived = Lived()
    reading = lived.after(10)
    assert (reading.pv_w, reading.consumption_w, reading.grid_w, reading.battery_w) == w(1800, 760, 0, 1040)
    assert (reading.grid_connected, reading.ac_source, reading.pv_throttled) == (True, "grid", False)


@pytest.mark.parametrize(("phase_s", "seen_after_s"), [(EARLY, 1), (LATE, 2)])
def test_a_step_shows_one_to_two_seconds_late_in_readings_dated_after_it(phase_s: Any, seen_after_s: int) -> None:
    lived = Lived(phase_s=phase_s, regulation_s=0.0)
    lived.after(10)
    lived.heat(1000)
    shown = {second: lived.after(10 + second) for second in (1, 2, 3)}
    assert [shown[second].consumption_w for second in (1, 2, 3)] == w(
        *(1760 if second >= seen_after_s else 760 for second in (1, 2, 3))
    )
    assert (shown[1].taken_at - NOON).total_seconds() > 10


def test_the_grid_bears_a_step_until_the_inverter_has_taken_it_over() -> None:
    lived = Lived()
    lived.after(10)
    lived.heat(1000)
    first, later = lived.after(11), lived.after(16)
    assert 500 < (first.grid_w or 0) < 1000
    assert (later.grid_w, later.battery_w) == pytest.approx((0, 40), abs=15)


def test_what_the_grid_bears_of_steps_is_bought_and_sold() -> None:
    """1000 W for a second or so, up and down: some 0.3 Wh each way, and the battery keeps what the grid gave."""
    lived, stiff = Lived(), Lived(regulation_s=0.0)
    for one in (lived, stiff):
        one.after(10)
        one.heat(1000)
        one.after(30)
        one.heat(0)
        one.after(60)
    ours, theirs = lived.home.ledger, stiff.home.ledger
    assert (ours.grid_import_wh, ours.grid_export_wh) == pytest.approx((0.306, 0.306), abs=0.001)
    assert (theirs.grid_import_wh, theirs.grid_export_wh) == (0.0, 0.0)
    assert ours.battery_end_wh == pytest.approx(theirs.battery_end_wh, abs=0.001)


def test_the_order_in_which_devices_look_is_drawn_and_the_same_for_a_seed() -> None:
    def seen(seed: int) -> list[float | None]:
        lived = Lived(phase_s={}, chain=ChainSettings(seed=seed))
        lived.after(10)
        lived.heat(1000)
        return [lived.after(10 + second).consumption_w for second in (1, 2, 3)]

    assert seen(1) == seen(1)
    assert len({tuple(seen(seed)) for seed in range(6)}) > 1


def test_without_the_inverter_the_house_shrinks_to_what_the_grid_gives() -> None:
    """As with Victron's own calculation: a number that still looks like a house."""
    lived = Lived(
        faults=[Lost(device="vebus", from_s=20)], segments=[(0, 500, 760)], home=HomeSettings(start_percent=20)
    )
    before, after = lived.after(15), lived.after(25)
    assert (before.consumption_w, before.grid_w) == w(760, 260)
    assert (after.consumption_w, after.grid_w, after.grid_connected, after.ac_source) == (
        pytest.approx(260, abs=0.5),
        pytest.approx(260, abs=0.5),
        None,
        None,
    )


def test_a_hung_driver_repeats_what_it_said_last() -> None:
    lived = Lived(faults=[Hung(device="vebus", from_s=20, to_s=600)], segments=[(0, 1800, 760), (25, 1800, 2260)])
    assert lived.after(300).consumption_w == pytest.approx(760, abs=0.5)
    assert lived.after(610).consumption_w == pytest.approx(2260, abs=0.5)


@pytest.mark.parametrize(
    ("fault", "field", "value"),
    [
        (Lost(device="charger_1", from_s=20), "pv_w", 720),
        (Lost(device="charger_1", from_s=20), "pv_throttled", None),
        (Lost(device="battery", from_s=20), "battery_soc_percent", None),
        (Lost(device="battery", from_s=20), "battery_w", 1040),
        (Contradicts(device="vebus", from_s=20, times=0.5), "consumption_w", 380),
        (Contradicts(device="battery", from_s=20, plus_w=300), "battery_w", 1340),
        (ShownCharge(from_s=20, percent=104.0), "battery_soc_percent", 104.0),
        (ShownCharge(from_s=20, percent=None), "battery_soc_percent", None),
        (OneSample(from_s=29, to_s=31, field="pv_w", power_w=65_535.0), "pv_w", 65_535.0),
    ],
    ids=repr,
)
def test_what_a_fault_makes_of_a_reading(fault: Fault, field: str, value: float | None) -> None:
    shown = getattr(Lived(faults=[fault]).after(30), field)
    assert shown == (value if value is None else pytest.approx(value, abs=0.5))


def test_a_lost_grid_meter_gives_no_reading() -> None:
    lived = Lived(faults=[Lost(device="grid", from_s=20, to_s=40)])
    lived.after(15)
    with pytest.raises(SourceError, match="lost its grid meter"):
        lived.after(30)
    assert lived.after(45).consumption_w == pytest.approx(760, abs=0.5)


def test_a_calculation_that_starts_anew_is_away_and_then_knows_no_inverter() -> None:
    lived = Lived(faults=[SystemRestart(from_s=20, to_s=22)])
    with pytest.raises(SourceError):
        lived.after(21)
    assert lived.after(23).consumption_w == pytest.approx(0, abs=0.5)
    assert lived.after(26).consumption_w == pytest.approx(760, abs=0.5)


def test_a_broker_replays_what_it_slept_through_as_new() -> None:
    lived = Lived(faults=[BrokerSilent(from_s=20, to_s=60)], segments=[(0, 1800, 760), (40, 100, 760)])
    with pytest.raises(SourceError):
        lived.after(30)
    replayed, after = lived.after(60), lived.after(63)
    assert replayed.pv_w == pytest.approx(1800, abs=0.5)
    assert (replayed.taken_at - NOON).total_seconds() == 60
    assert after.pv_w == pytest.approx(100, abs=0.5)


@pytest.mark.parametrize("dc_is_measured", [True, False])
def test_dc_loads_come_from_the_sun_and_are_not_in_the_consumption(dc_is_measured: bool) -> None:
    chain = ChainSettings(dc_is_measured=dc_is_measured)
    reading = Lived(dc_loads=[During(from_s=0, to_s=600, power_w=800)], chain=chain).after(10)
    assert (reading.pv_w, reading.consumption_w, reading.battery_w) == w(1800, 760, 240)
    assert reading.dc_load_w == (pytest.approx(800) if dc_is_measured else None)


def test_a_car_with_a_rhythm_of_its_own_is_part_of_the_house() -> None:
    lived = Lived(ac_loads=rhythm(10.0, 100.0, 3700.0, on_s=20.0, off_s=10.0))
    shown = [lived.after(second).consumption_w for second in (8, 25, 39, 55, 110)]
    assert shown == w(760, 4460, 760, 4460, 760)


def test_a_generator_carries_the_house_and_charges_the_battery() -> None:
    lived = Lived(generator=[During(from_s=10, to_s=600, power_w=3000)], segments=[(0, 0, 760)])
    reading = lived.after(20)
    assert (reading.ac_source, reading.grid_connected, reading.grid_w) == ("generator", False, None)
    assert (reading.pv_w, reading.consumption_w, reading.battery_w) == w(0, 760, 1500)
    assert lived.after(3600).ac_source == "grid"
    assert lived.home.generator_wh == pytest.approx(2260 * 590 / 3600, abs=2)


def test_a_battery_that_stops_early_shows_its_last_charge_and_takes_nothing() -> None:
    lived = Lived(full_percent=96.0, home=HomeSettings(start_percent=95.9), segments=[(0, 3000, 500)])
    lived.after(1200)
    reading = lived.home.read()
    assert reading.battery_soc_percent == 96.0
    assert reading.battery_w == pytest.approx(0, abs=30)
    assert reading.pv_throttled is True


def test_an_inverter_smaller_than_the_panels_leaves_the_rest_to_the_grid() -> None:
    home = HomeSettings(start_percent=90.0, inverter_max_w=1000.0)
    lived = Lived(home=home, segments=[(0, 3000, 760)])
    lived.heat(1500)
    reading = lived.after(20)
    assert (reading.consumption_w, reading.grid_w, reading.battery_w) == w(2260, 1260, 2000)


def test_losses_of_the_inverter_are_paid_and_not_shown() -> None:
    reading = Lived(standby_w=30.0, loss_share=0.05).after(20)
    assert (reading.pv_w, reading.consumption_w, reading.grid_w) == w(1800, 760, 0)
    assert reading.battery_w == pytest.approx(1040 - 30 - 38, abs=0.5)


def test_long_steps_give_what_short_ones_give() -> None:
    short, long = Lived(), Lived()
    for lived in (short, long):
        lived.after(5)
        lived.heat(700)
    short.after(65)
    long.clock.wait_until(65)
    ours, theirs = short.home.read(), long.home.read()
    assert (ours.consumption_w, ours.battery_w) == w(theirs.consumption_w, theirs.battery_w)
    assert short.home.ledger.battery_end_wh == pytest.approx(long.home.ledger.battery_end_wh)


def test_an_unknown_device_is_refused() -> None:
    with pytest.raises(ValueError, match="'inverter'"):
        Lost(device="inverter", from_s=0)
