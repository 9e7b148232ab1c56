"""Houses as no tester would think of them: places, batteries, loads and settings drawn by chance.

What goes wrong around a controller: its meter, its forecast, its clock, its hardware and its people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from pv_heater.core.model.requests import ClearFault, Command, Force, Mode, Vacation
from pv_heater.core.model.values import Forecast, Inputs, PricePeriod, Reading

PLACES: tuple[tuple[float | None, float | None, str], ...] = (
    (47.05, 15.44, "Europe/Vienna"),
    (47.05, 15.44, "Europe/Vienna"),
    (69.65, 18.96, "Europe/Oslo"),
    (78.22, 15.65, "Arctic/Longyearbyen"),
    (-33.92, 18.42, "Africa/Johannesburg"),
    (-45.03, 168.66, "Pacific/Auckland"),
    (-0.18, -78.47, "America/Guayaquil"),
    (None, None, "Europe/Berlin"),
)
"""Graz twice as often; beyond the polar circle, on the southern half, on the equator, and nowhere in particular."""

DAYS = ("2026-03-29", "2026-10-25", "2026-04-05", "2026-09-27", "2026-12-31", "2028-02-29", "2026-06-21", "2026-12-21")
"""Summer time begins and ends, north and south; years end and leap; longest and shortest days."""

STRATEGIES: tuple[dict[str, Any], ...] = (
    {"type": "plan"},
    {"type": "plan"},
    {"type": "plan", "probe_wh_per_day": 0},
    {"type": "plan", "hold_percent": 80},
    {"type": "balance"},
    {"type": "balance", "filter_s": 0},
    {"type": "bucket"},
    {"type": "bucket", "capacity_j": 100_000},
    {"type": "forecast_gap"},
)


def strange_settings(chance: Random) -> dict[str, Any]:
    """The settings of a house; the same draws give the same house."""
    latitude, longitude, zone = chance.choice(PLACES)
    site: dict[str, Any] = {"timezone": zone, "feed_in": chance.choice([False, False, True, "auto"])}
    if latitude is not None:
        site |= {"latitude": latitude, "longitude": longitude}
    if chance.random() < 0.8:
        site["pv"] = [{"kwp": chance.choice([0.5, 4.4, 6.0, 15.0]), "azimuth_deg": chance.choice([-90, 0, 90])}]
    if chance.random() < 0.85:
        site["battery"] = _battery(chance)
        site["off_grid"] = chance.random() < 0.2
    if chance.random() < 0.5:
        site["inverter"] = {"max_w": chance.choice([800, 1500, 3000]), "loads_on": chance.choice(["out", "out", "in"])}
    settings = {
        "site": site,
        "strategy": chance.choice(STRATEGIES),
        "limits": _limits(chance),
        "loads": _loads(chance),
        "meter": chance.choice(
            [{"type": "recording", "path": "none.csv"}, {"type": "vrm", "installation_id": 1, "token": "t"}]
        ),
    }
    if chance.random() < 0.3:
        settings["tariff"] = [
            {"from": "22:00", "to": "06:00", "import_per_kwh": chance.choice([-0.1, 0.0, 0.18]), "export_per_kwh": 0.05}
        ]
    return settings


def strange_start(chance: Random, zone: str) -> datetime:
    """A local midnight: one day in three is a day that clocks or the sun make special."""
    if chance.random() < 1 / 3:
        day = datetime.fromisoformat(chance.choice(DAYS))
    else:
        day = datetime(2026, 1, 1) + timedelta(days=chance.randrange(365))  # noqa: DTZ001 - the zone follows
    return day.replace(tzinfo=ZoneInfo(zone))


def _battery(chance: Random) -> dict[str, Any]:
    capacity_wh = chance.choice([1000, 4800, 4800, 10_000, 30_000])
    battery = {
        "capacity_wh": capacity_wh,
        "reserve_percent": chance.choice([0, 10, 20, 40, 100]),
        "chemistry": chance.choice(["lithium", "lithium", "lead"]),
    }
    if chance.random() < 0.5:
        battery["max_charge_w"] = chance.choice([100, capacity_wh / 2, 2 * capacity_wh])
    return battery


def _limits(chance: Random) -> dict[str, Any]:
    limits: dict[str, Any] = {}
    for key, values in (
        ("min_battery_percent", (0, 30, 100)),
        ("max_grid_w", (0, 300, 3000)),
        ("max_battery_discharge_w", (0, 500)),
        ("max_house_w", (1500, 4000)),
        ("max_phase_w", (1000, 3000)),
        ("max_reading_age_s", (20, 900)),
        ("daylight", ({"from": "09:00", "to": "17:00"}, {"from": "22:00", "to": "04:00"})),
    ):
        if chance.random() < 0.3:
            limits[key] = chance.choice(values)
    return limits


def _loads(chance: Random) -> list[dict[str, Any]]:
    loads = [_load(chance, number) for number in range(chance.randint(1, 4))]
    if chance.random() < 0.25:
        row = {"type": "battery", "until_percent": chance.choice([50, 80, 100])}
        loads.insert(chance.randint(0, len(loads)), row)
    return loads


def _load(chance: Random, number: int) -> dict[str, Any]:
    """A regulated load, or one behind a relay; every other setting is now and then set to something."""
    max_power_w = chance.choice([300, 800, 2000, 2000, 6000])
    load: dict[str, Any] = {"name": f"load_{number}", "type": "dry_run", "max_power_w": max_power_w}
    if chance.random() < 0.35:
        load |= {"type": "relay", "relay": {"pin": f"GPIO{17 + number}", "active_high": True}}
    elif chance.random() < 0.5:
        load["min_power_w"] = chance.choice([1, 60, max_power_w / 2, max_power_w])
    for key, values in (
        ("min_on_s", (0, 60, 1800)),
        ("min_off_s", (0, 60, 1800)),
        ("start_delay_s", (0, 120)),
        ("dead_band_w", (0, 500)),
        ("ramp_s", (20, 600)),
        ("max_closings_per_day", (1, 3)),
        ("phase", (1, 2, 3)),
        ("daily_max_wh", (100, 3000)),
        ("target_c", (50,)),
        ("max_c", (60, 70)),
    ):
        if chance.random() < 0.3:
            load[key] = chance.choice(values)
    return load | (_tank(chance) if chance.random() < 0.3 else {})


def _tank(chance: Random) -> dict[str, Any]:
    """What must be heated sun or not; within every limit that a load may have."""
    return {
        "daily_min_wh": chance.choice([50, 100]),
        "ready_by": chance.choice(["00:00", "07:00", "15:00", "19:30"]),
        "hot_water": {
            "volume_l": chance.choice([10, 150, 1000]),
            "two_days_min_wh": chance.choice([500, 8000]),
            "min_c": chance.choice([30, 45]),
            "hygiene": {"every_days": 1, "at_c": 55, "hold_s": chance.choice([60, 1800])},
        },
    }


KEPT_READINGS = 20
_POWERS = ("pv_w", "consumption_w", "grid_w", "battery_w")
_MISSABLE = (*_POWERS, "battery_soc_percent", "pv_throttled", "feed_in_allowed")


class StrangeMeter:
    """Tells what a home's meter says, or something else: less, later, again, in another order, or nonsense."""

    def __init__(self, chance: Random, roughness: float) -> None:
        """`roughness` 0 is an honest meter, 1 a bad day, 4 a nightmare."""
        self._chance = chance
        self._often = roughness
        self._silent_until_s = 0.0
        self._blind: tuple[str, ...] = ()
        self._said: list[Reading] = []
        self._late_s = chance.choice([0.0, 0.0, 60.0, 600.0]) if roughness > 0 else 0.0
        self._throttle = chance.choice(["told", "told", "hidden", "lied"])
        self._phases = chance.choice([(1.0,), (0.2, 0.3, 0.5), (0.0, 1.0, 0.0), (-0.5, 0.7, 0.8)])
        """What of the grid's power each phase carries; one may feed back what another draws."""

    def say(self, truth: Reading, tick_s: float, *, in_order: bool) -> Reading | None:
        """What arrives at the controller now; `truth` is what there is to be seen.

        `in_order`: nothing is said again. Where the controller's clock is behind, nobody could tell that it is old.
        """
        chance = self._chance
        if chance.random() < 0.01 * self._often:
            self._silent_until_s = tick_s + chance.choice([30.0, 400.0, 4000.0])
        if chance.random() < 0.01 * self._often:
            self._blind = tuple(chance.sample(_MISSABLE, chance.randint(0, 3)))
        self._said = [*self._said, self._worsened(truth)][-KEPT_READINGS:]
        if tick_s < self._silent_until_s:
            return None
        if chance.random() < 0.05 * self._often and not in_order:
            return chance.choice(self._said)
        late = timedelta(seconds=self._late_s)
        arrived = [reading for reading in self._said if truth.taken_at - reading.taken_at >= late]
        return arrived[-1] if arrived else None

    def _worsened(self, truth: Reading) -> Reading:
        chance = self._chance
        changes: dict[str, Any] = dict.fromkeys(self._blind)
        if truth.grid_w is not None:
            changes["grid_phase_w"] = tuple(share * truth.grid_w for share in self._phases)
        if self._throttle != "told":
            changes["pv_throttled"] = None if self._throttle == "hidden" else chance.choice([True, False])
        if chance.random() < 0.02 * self._often:
            changes[chance.choice(_POWERS)] = chance.choice([-9000.0, 0.0, 500.0, 1500.0, 25_000.0])
        if chance.random() < 0.02 * self._often:
            changes["battery_soc_percent"] = chance.choice([0.0, 10.0, 22.0, 45.0, 100.0])
        if chance.random() < 0.01 * self._often:
            changes["grid_connected"] = False
        if chance.random() < 0.02 * self._often:
            changes["load_c"] = {}
        return replace(truth, **changes)


def strange_forecast(chance: Random, usual: Forecast) -> Forecast | None:
    """The usual forecast, or one that is absurd, scaled, short, or begins or ends in the middle of a day."""
    steps = usual.steps
    first, last = sorted(chance.sample(range(len(steps) + 1), 2))
    kinds: dict[str, tuple[tuple[datetime, float], ...]] = {
        "usual": steps,
        "scaled": tuple((at, chance.choice([0.2, 5.0]) * pv_w) for at, pv_w in steps),
        "absurd": tuple((at, chance.choice([-5000.0, 0.0, 1e7])) for at, _ in steps),
        "constant": tuple((at, 4000.0) for at, _ in steps),
        "nothing": tuple((at, 0.0) for at, _ in steps),
        "part": steps[first:last],
        "empty": (),
    }
    kind = chance.choice(["none", "usual", "usual", *kinds])
    return None if kind == "none" else replace(usual, source=f"{kind} forecast", steps=kinds[kind])


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What happens between two steps, beside the meter."""

    inputs: Inputs
    """Without the tick."""
    clock_jump: timedelta = timedelta(0)
    restart: bool = False


def trouble(chance: Random, roughness: float, names: Sequence[str], now: datetime) -> Trouble:
    """Commands, faults, rules and prices of one step; a jump of the clock or a restart, never both.

    After a restart only the wall clock tells how long the program was away, so a jump then would count as rest.
    """
    often, name = roughness, chance.choice(names)
    commands: list[Command] = []
    if chance.random() < 0.02 * often:
        for_s = chance.choice([None, 0.0, 600.0, 20_000.0])
        power_w = chance.choice([None, 0.0, 700.0, 99_000.0])
        commands.append(Force(load=name, mode=chance.choice(list(Mode)), for_s=for_s, power_w=power_w))
    if chance.random() < 0.02 * often:
        commands += [ClearFault(load=each) for each in names]
    if chance.random() < 0.005 * often:
        commands.append(Vacation(until_at=chance.choice([None, now + timedelta(hours=1)])))
    price = PricePeriod(from_at=now, to_at=now + timedelta(hours=1), import_per_kwh=-0.1, export_per_kwh=0.3)
    inputs = Inputs(
        commands=tuple(commands),
        health={name: "relay: stuck"} if chance.random() < 0.005 * often else {},
        wishes={name: chance.choice([Mode.ON, Mode.OFF])} if chance.random() < 0.05 * often else {},
        prices=(price,) if chance.random() < 0.5 else (),
        clock_trusted=False if chance.random() < 0.01 * often else chance.choice([None, True]),
    )
    restart = chance.random() < 0.005 * often
    jump_days = chance.choice([-90.0, -1.0, 1 / 24, 1.0, 90.0]) if chance.random() < 0.003 * often else 0.0
    return Trouble(inputs=inputs, clock_jump=timedelta(days=0.0 if restart else jump_days), restart=restart)
