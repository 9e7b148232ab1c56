"""Values of a GX device by topic -> Reading: whether sun is held back, and whether it may feed in."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.gx_device import PLANT, charger, ess_house, two_trackers
from tests.victron.mqtt.values import ESS, reading


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (charger(279, 900.0, mode=1), True),
        (two_trackers(280, (2, 1)), True),
        (two_trackers(280, (2, 0)), False),
        ({**charger(279, 0.0, mode=0), **two_trackers(280, (0, 0))}, None),
        ({**charger(279, 0.0, mode=0), **two_trackers(280, (0, 0)), "multi/1/Pv/1/MppOperationMode": 1}, True),
        ({"inverter/5/MppOperationMode": 1}, True),
        ({"solarcharger/279/MppOperationMode": None}, False),
        ({"solarcharger/279/MppOperationMode": "1"}, False),
    ],
    ids=["one of two", "second tracker", "one resting", "night", "Multi RS", "Inverter RS", "one silent", "as text"],
)
def test_one_tracker_that_is_held_back_is_enough(changes: Mapping[str, object], expected: bool | None) -> None:
    values = {**PLANT, **changes, "pvinverter/20/Ac/PowerLimit": None}
    assert reading(values).pv_throttled is expected


@pytest.mark.parametrize(
    ("limit_w", "power_w", "limiter", "expected"),
    [
        (5000, 400, 0, False),
        (400, 400, 1, True),
        (400, 395, None, True),
        (3000, 400, None, False),
        (75, 74, None, False),
        (75, 74, 0, False),
        (5000, 5000, None, False),
        (None, 400, None, None),
    ],
    ids=[
        "no limit", "limited", "at its limit", "far below its limit", "soft start", "soft start, no limiting",
        "full power", "cannot be limited",
    ],
)  # fmt: skip
def test_a_low_limit_alone_does_not_hold_ac_pv_back(
    limit_w: int | None, power_w: int, limiter: int | None, expected: bool | None
) -> None:
    values = {
        **ess_house(),
        "pvinverter/20/Ac/Power": power_w,
        "pvinverter/20/Ac/PowerLimit": limit_w,
        "pvinverter/20/Ac/MaxPower": 5000,
        "hub4/0/PvPowerLimiterActive": limiter,
    }
    assert reading(values).pv_throttled is expected


DC_ONLY = {topic: value for topic, value in PLANT.items() if not topic.startswith("pvinverter/")}


AC_ONLY = {**PLANT, "system/0/Dc/Pv/Power": None}


@pytest.mark.parametrize(
    ("plant", "changes", "expected"),
    [
        (DC_ONLY, {}, False),
        (DC_ONLY, {f"{ESS}/OvervoltageFeedIn": 1}, True),
        (DC_ONLY, {f"{ESS}/OvervoltageFeedIn": 1, f"{ESS}/PreventFeedback": 1}, True),
        (AC_ONLY, {}, True),
        (AC_ONLY, {f"{ESS}/PreventFeedback": 1}, False),
        (PLANT, {}, False),
        (PLANT, {f"{ESS}/OvervoltageFeedIn": 1}, True),
        (PLANT, {f"{ESS}/OvervoltageFeedIn": 1, f"{ESS}/MaxFeedInPower": 0}, False),
        (PLANT, {f"{ESS}/OvervoltageFeedIn": 1, f"{ESS}/MaxFeedInPower": 3000}, True),
        (PLANT, {f"{ESS}/OvervoltageFeedIn": 1, "hub4/0/PvPowerLimiterActive": 1}, False),
        (PLANT, {f"{ESS}/OvervoltageFeedIn": None}, None),
        (PLANT, {"system/0/SystemType": "Off-grid", "hub4/0/PvPowerLimiterActive": None}, None),
        (PLANT, {"system/0/Ac/ActiveIn/Source": 240}, None),
    ],
    ids=[
        "DC, forbidden", "DC, allowed", "DC, AC setting does not matter", "AC, allowed", "AC, forbidden",
        "both, DC forbidden", "both allowed", "limit of nothing", "limit not reached", "limit reached", "not told",
        "no ESS", "no grid",
    ],
)  # fmt: skip
def test_feeding_in_depends_on_what_the_plant_has(
    plant: Mapping[str, object], changes: Mapping[str, object], expected: bool | None
) -> None:
    assert reading({**plant, **changes}).feed_in_allowed is expected
