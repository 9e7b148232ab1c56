"""Houses as no tester would think of them: places, batteries, loads and settings drawn by chance."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

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
    settings: dict[str, Any] = {
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
        heaters = [row for row in settings["loads"] if row["type"] != "battery"]
        heaters[0]["negative_price_max_wh"] = 2000
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
        ("max_phase_w", (400, 1500)),
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
