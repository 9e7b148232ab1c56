"""A minute in one step of the physics is worth the same as the minute in six."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pv_heater.sim.battery import Battery
from pv_heater.sim.home import Home, HomeSettings
from pv_heater.sim.recording import HomeRecording
from pv_heater.sim.recording_file import load_recording
from pv_heater.sim.tank import Tank, TankSettings

NOON = datetime(2026, 6, 21, 11, 0, tzinfo=UTC)
BUNDLED = Path(__file__).parent.parent.parent / "Files" / "recordings"
BARREL = TankSettings(volume_l=100.0)

watts = st.floats(min_value=0.0, max_value=8000.0)
minutes = st.lists(st.tuples(watts, watts, watts), min_size=1, max_size=30)
homes = st.builds(
    HomeSettings,
    capacity_wh=st.floats(min_value=200.0, max_value=20_000.0),
    max_charge_w=st.floats(min_value=100.0, max_value=5000.0),
    reserve_percent=st.floats(min_value=0.0, max_value=60.0),
    start_percent=st.floats(min_value=0.0, max_value=100.0),
    inverter_max_w=st.none() | st.floats(min_value=500.0, max_value=6000.0),
    feed_in=st.booleans(),
)


def live_a_minute(home: Home, at_s: float, step_s: float, powers_w: tuple[float, float, float]) -> None:
    """One minute told to the home in pieces of `step_s`; powers of sun, house and heater."""
    sun_w, house_w, heater_w = powers_w
    for part in range(round(60.0 / step_s)):
        home.advance(at_s + part * step_s, at_s + (part + 1) * step_s, sun_w, house_w, {"heater": heater_w})


def energies_wh(home: Home) -> list[float]:
    ledger = home.ledger
    return [
        ledger.heat_total_wh,
        ledger.grid_import_wh,
        ledger.grid_export_wh,
        ledger.unused_wh,
        ledger.unserved_wh,
        ledger.battery_end_wh,
        ledger.pv_wh,
        ledger.house_wh,
    ]


@given(settings=homes, timeline=minutes)
def test_without_a_taper_whole_minutes_are_exact(
    settings: HomeSettings, timeline: list[tuple[float, float, float]]
) -> None:
    settings = replace(settings, taper_from_percent=100.0)
    whole, pieces = Home(settings), Home(settings)
    for minute, powers_w in enumerate(timeline):
        live_a_minute(whole, 60.0 * minute, 60.0, powers_w)
        live_a_minute(pieces, 60.0 * minute, 10.0, powers_w)
        assert energies_wh(whole) == pytest.approx(energies_wh(pieces), rel=1e-6, abs=0.002)


@given(settings=homes, timeline=minutes, tank=st.sampled_from([None, BARREL, replace(BARREL, start_c=64.5)]))
def test_with_taper_and_thermostat_a_meter_says_the_same_after_every_minute(
    settings: HomeSettings, timeline: list[tuple[float, float, float]], tank: TankSettings | None
) -> None:
    settings = replace(settings, tanks={"heater": tank})
    # From 06:50 on, so that people draw water on the way.
    whole, pieces = Home(settings, local_start_s=24_600.0), Home(settings, local_start_s=24_600.0)
    for minute, powers_w in enumerate(timeline):
        live_a_minute(whole, 60.0 * minute, 60.0, powers_w)
        live_a_minute(pieces, 60.0 * minute, 10.0, powers_w)
        one, many = whole.reading(NOON), pieces.reading(NOON)
        assert one.pv_w == pytest.approx(many.pv_w, abs=1.0)
        assert one.battery_w == pytest.approx(many.battery_w, abs=1.0)
        assert one.grid_w == pytest.approx(many.grid_w, abs=1.0)
        assert one.load_w == many.load_w
        assert one.load_c == pytest.approx(many.load_c, abs=0.001)
    assert energies_wh(whole) == pytest.approx(energies_wh(pieces), rel=1e-3, abs=0.01 * len(timeline))


@pytest.mark.parametrize("name", ["summer", "broken_cloud"])
@pytest.mark.parametrize("tank", [None, TankSettings()], ids=["water without end", "tank"])
@pytest.mark.parametrize("feed_in", [False, True])
def test_recorded_days_end_the_same(name: str, tank: TankSettings | None, feed_in: bool) -> None:
    recording = load_recording(BUNDLED / f"{name}.csv.gz")
    assert isinstance(recording, HomeRecording)
    settings = HomeSettings(tanks={"heater": tank}, feed_in=feed_in)
    whole, pieces = (Home(settings, local_start_s=recording.local_start_s) for _ in range(2))
    for from_s in range(0, int(recording.end_s), 60):
        heater_w = 900.0 if 9.0 <= (from_s / 3600.0) % 24.0 < 15.0 else 0.0
        for begin_s, end_s, pv_w, load_w in recording.stretches(from_s, from_s + 60.0):
            assert end_s - begin_s == 60.0
            live_a_minute(whole, begin_s, 60.0, (pv_w, load_w, heater_w))
            live_a_minute(pieces, begin_s, 10.0, (pv_w, load_w, heater_w))
    assert energies_wh(whole) == pytest.approx(energies_wh(pieces), rel=1e-4)


def battery(start_wh: float) -> Battery:
    return Battery(
        capacity_wh=1000.0,
        start_wh=start_wh,
        reserve_wh=200.0,
        max_charge_w=600.0,
        taper_from_wh=900.0,
        charge_efficiency=1.0,
        discharge_efficiency=1.0,
    )


@pytest.mark.parametrize(
    ("start_wh", "offered_w", "asked_w", "even"),
    [
        (500.0, 5000.0, 0.0, True),
        (889.0, 5000.0, 0.0, True),
        (895.0, 5000.0, 0.0, False),  # the taper begins within the minute
        (950.0, 5000.0, 0.0, False),
        (950.0, 250.0, 0.0, True),  # less than what the taper leaves at the end of the minute
        (1000.0, 5000.0, 0.0, True),
        (500.0, 0.0, 3000.0, True),
        (240.0, 0.0, 3000.0, False),  # the reserve is reached within the minute
        (200.0, 0.0, 3000.0, True),
        (150.0, 0.0, 3000.0, True),
    ],
)
def test_a_battery_knows_whether_its_limits_hold_for_a_minute(
    start_wh: float, offered_w: float, asked_w: float, even: bool
) -> None:
    assert battery(start_wh).is_even(60.0, offered_w, asked_w) is even


def test_a_tank_knows_whether_its_thermostat_or_people_change_the_minute() -> None:
    cool, hot = Tank(BARREL), Tank(replace(BARREL, start_c=64.9))
    assert cool.is_even(0.0, 60.0, 2000.0)
    assert not hot.is_even(0.0, 60.0, 2000.0)
    assert hot.is_even(0.0, 60.0, 0.0)
    assert not cool.is_even(7 * 3600.0 - 30.0, 60.0, 0.0)
