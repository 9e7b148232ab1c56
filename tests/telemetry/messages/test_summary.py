"""The day in a few lines, at its hour."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.telemetry.messages.documents import NOON, Told, alarm, load

TODAY: dict[str, Any] = {
    "caught_wh": 6200.0,
    "possible_wh": 8100.0,
    "lost_wh": {"battery_reserve": 1210.0, "load_full": 660.0, "min_off": 30.0},
    "bought_wh": 400.0,
    "bought_money": 0.12,
    "saved_money": 1.24,
}
LOADS = [load(temperature_c=61.2, energy_wh=5140.0), load("pump", energy_wh=1000.0)]


def plan() -> dict[str, Any]:
    """From 20:30 today: 10 kWh of sun in the forty quarters from eight o'clock tomorrow."""
    start_at = NOON.replace(hour=20, minute=30)
    sun = [1000 if 46 <= quarter < 86 else 0 for quarter in range(96)]
    return {
        "start_at": start_at.isoformat(),
        "step_s": 900,
        "sun_w": sun,
        "loads_w": {"water_heater": [power // 2 for power in sun], "pump": [0] * 96},
        "soc_tomorrow_percent": 97.4,
        "purchases": [
            {
                "load": "water_heater",
                "energy_wh": 980,
                "from_at": (start_at + timedelta(hours=8)).isoformat(),
                "until_at": (start_at + timedelta(hours=10)).isoformat(),
            }
        ],
    }


def evening(**settings: Any) -> Told:
    return Told(NOON.replace(hour=20), **{"summary": True, **settings})


def test_the_day_is_summed_up_once_at_its_hour() -> None:
    told = evening()
    told.see(minutes=45 * 60, step_s=600, today=TODAY, loads=LOADS, plan=plan())
    assert [line[:5] for line in told.lines] == ["20:30", "20:30"]
    message = told.messages[0][1]
    assert message.title == "Barn: The day: 6.2 kWh of sun"
    assert message.text.splitlines() == [
        "The loads caught 6.2 kWh of 8.1 kWh that they could have had. Lost: 1.2 kWh kept for the battery; "
        "0.7 kWh the loads were full. That is worth 1.24. 0.4 kWh were bought for them, for 0.12.",
        "water heater: 61 °C, 5.1 kWh today.",
        "pump: 1.0 kWh today.",
        "Tomorrow 10.0 kWh of sun are expected, 5.0 kWh of them for the loads. The battery then holds 97 % in the "
        "evening. 1.0 kWh will be bought for water heater, from 04:30 on.",
    ]


def test_once_the_day_is_accounted_for_it_is_told_against_the_same_day_without_the_heater() -> None:
    report = {
        "day": NOON.date().isoformat(),
        "caught_wh": 5800,
        "possible_wh": 6900,
        "lost_wh": {"forecast": 900, "guard": 300, "beyond": -100},
        "per_kwh": 0.2,
    }
    told = evening()
    told.see(minutes=45, step_s=600, today=TODAY, loads=LOADS, plan=plan(), report=report)
    assert told.messages[0][1].text.splitlines()[0] == (
        "Against the same day without the heater 5.8 kWh were gained, of 6.9 kWh with foresight. Lost: 0.9 kWh not "
        "knowing what comes; 0.3 kWh caution. That is worth 1.16. 0.4 kWh were bought for them, for 0.12."
    )
    yesterdays = evening()
    yesterdays.see(minutes=45, step_s=600, today=TODAY, plan=plan(), report={**report, "day": "2026-06-20"})
    assert yesterdays.messages[0][1].text.startswith("The loads caught 6.2 kWh")


def test_what_is_not_known_is_not_said_as_nothing() -> None:
    told = evening()
    told.see()
    (message,) = told.see(minutes=31)
    assert message.title == "Barn: The day: no sun for the loads"
    assert message.text.splitlines() == [
        "Nobody counted today.", "water heater: 0.0 kWh today.", "What tomorrow brings is not known.",
    ]  # fmt: skip


def test_what_is_still_wrong_stands_at_its_end() -> None:
    told = evening()
    told.see(alarm("hardware", "pump"), minutes=31, today=TODAY)
    assert told.messages[-1][1].text.splitlines()[-1] == "Still open: pump: a fault of the device."


def test_a_program_that_did_not_run_at_the_hour_sums_up_later_but_not_much_later() -> None:
    for away_h, expected in ((2, ["22:00"]), (3.75, [])):
        told = evening()
        told.see(minutes=1)
        told.restart(away_s=away_h * 3600 - 60)
        told.see(minutes=30, step_s=300)
        assert [line[:5] for line in told.lines] == expected


def test_a_first_start_after_the_hour_sums_up_nothing() -> None:
    assert Told(NOON.replace(hour=21), summary=True).see(minutes=30) == []


def test_it_can_be_left_out() -> None:
    assert evening(summary=False).see(minutes=60) == []


def test_in_german_numbers_have_commas() -> None:
    told = evening(language="de")
    told.see(minutes=31, today=TODAY, loads=LOADS, plan=plan())
    assert "6,2 kWh von 8,1 kWh" in told.messages[0][1].text
