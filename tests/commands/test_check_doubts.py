"""Slips that load without an error: `check` asks about each, and about nothing in a sound configuration."""

from typing import Any

import pytest

from pv_heater.commands.check_doubts import distance_km, doubts, zone_place
from pv_heater.config.load import load_config

VIENNA = {"latitude": 48.2, "longitude": 16.4, "timezone": "Europe/Vienna"}
HEATER = {"name": "boiler", "type": "dry_run", "max_power_w": 2000}


def asked(site: dict[str, Any] | None = None, **others: Any) -> list[str]:
    config = load_config({"site": VIENNA | (site or {}), "loads": [HEATER], **others})
    findings = doubts(config)
    assert all(finding.warning and not finding.exit_code for finding in findings)
    return [f"{finding.what}: {finding.says}" for finding in findings]


def test_a_sound_home_is_asked_nothing() -> None:
    planes = [{"kwp": 2.5, "tilt_deg": 30, "azimuth_deg": -90}, {"kwp": 4, "tilt_deg": 10, "azimuth_deg": 180}]
    home = {"pv": planes, "battery": {"capacity_wh": 4800}, "inverter": {"max_w": 3000}}
    assert asked(home, limits={"min_battery_percent": 30}) == []
    assert asked(home, meter={"type": "gx_mqtt", "host": "venus.local"}) == []


@pytest.mark.parametrize(
    ("site", "others", "question"),
    [
        ({"timezone": "UTC"}, {}, "site.timezone: is UTC"),
        ({"latitude": 16.4, "longitude": 48.2}, {}, "Are they swapped?"),
        ({"latitude": -0.1, "longitude": 51.5, "timezone": "Europe/London"}, {}, "Are they swapped?"),
        ({"latitude": 33.9, "longitude": 151.2, "timezone": "Australia/Sydney"}, {}, "is a sign missing"),
        ({"latitude": 40.7, "longitude": 74.0, "timezone": "America/New_York"}, {}, "is a sign missing"),
        ({"pv": [{"kwp": 5, "azimuth_deg": 180}]}, {}, "180 faces north, away from the sun"),
        ({"pv": [{"kwp": 5, "azimuth_deg": -170}]}, {}, "-170 faces north"),
        ({"battery": {"capacity_wh": 4800}}, {"limits": {"grid_target_w": 50}}, "limits.grid_target_w: is above 0"),
        (
            {"latitude": -33.9, "longitude": 18.4, "timezone": "Africa/Johannesburg", "pv": [{"kwp": 5}]},
            {},
            "0 faces south, away from the sun",
        ),
        ({"pv": [{"kwp": 440}]}, {}, "440 kWp is a solar park; did you mean 0.44?"),
        ({}, {"limits": {"min_battery_percent": 0.3}}, "limits.min_battery_percent: is 0.3 %, less than one percent"),
        ({"battery": {"capacity_wh": 4800, "reserve_percent": 0.2}}, {}, "reserve_percent: is 0.2 %"),
        ({}, {"loads": [HEATER, {"type": "battery", "until_percent": 0.8}]}, "until_percent: is 0.8 %"),
        ({"battery": {"capacity_wh": 4800}}, {"limits": {"min_battery_percent": 10}}, "below the battery's reserve"),
        ({}, {"loads": [{**HEATER, "max_power_w": 2, "min_power_w": 1}]}, "is 2 W; did you mean 2000?"),
        ({"battery": {"capacity_wh": 200, "max_charge_w": 2400}}, {}, "it would be full within 20 minutes"),
        (
            {},
            {"meter": {"type": "mqtt", "host": "h", "values": {"battery_soc_percent": {"topic": "soc"}}}},
            "neither the grid nor PV and use",
        ),
        (
            {"battery": {"capacity_wh": 4800}},
            {"meter": {"type": "mqtt", "host": "h", "values": {"grid_w": {"topic": "grid"}}}},
            "the grid alone, in a home with a battery",
        ),
    ],
)
def test_a_slip_is_asked_about(site: dict[str, Any], others: dict[str, Any], question: str) -> None:
    assert len([line for line in asked(site, **others) if question in line]) == 1


@pytest.mark.parametrize(
    ("zone", "latitude", "longitude"),
    [
        ("Asia/Shanghai", 39.5, 76.0),  # Kashgar
        ("Europe/Madrid", 28.1, -15.4),  # a Canarian who forgot that the islands have a zone of their own
        ("America/Sao_Paulo", -30.0, -51.2),
        ("Asia/Tokyo", 43.1, 141.3),
        ("Europe/London", 60.2, -1.3),
        ("Etc/GMT-1", 48.2, 16.4),  # a zone without a place
    ],
)
def test_far_corners_of_a_zone_are_believed(zone: str, latitude: float, longitude: float) -> None:
    site = {"timezone": zone, "latitude": latitude, "longitude": longitude}
    assert [line for line in asked(site) if "latitude" in line] == []


def test_the_system_knows_where_a_zone_lies() -> None:
    place = zone_place("Europe/Vienna")
    assert place is not None
    assert distance_km(place, (48.2, 16.37)) < 20
    assert zone_place("Europe/Nowhere") is None


def test_apprise_that_is_not_installed_is_noticed_where_somebody_needs_it() -> None:
    assert asked(messages={"to": [{"type": "ntfy", "topic": "barn"}]}) == []
    (line,) = asked(messages={"to": [{"type": "apprise", "url": "pover://x@y"}]})
    assert line.startswith("messages.to: Apprise is not installed here; `pip install apprise`")
