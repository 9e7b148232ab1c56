"""Values of a GX device by topic -> Reading: loads on the battery's side."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from pv_heater.victron.mqtt.lost_devices import Doubt
from tests.gx_device import PLANT
from tests.victron.mqtt.values import SETUP, reading


@pytest.mark.parametrize(
    ("changes", "load_w"),
    [
        ({"system/0/Dc/System/Power": 800.0, SETUP: 1}, 800.0),
        ({"system/0/Dc/System/Power": -300, SETUP: 1}, -300.0),
        ({"system/0/Dc/System/Power": 800.0, SETUP: 0, "dcsystem/60/Dc/0/Power": 800.0}, 800.0),
        ({"system/0/Dc/System/Power": 800.0}, 800.0),
        ({"system/0/Dc/System/Power": 0.0, SETUP: 0}, None),
        ({"system/0/Dc/System/Power": None, SETUP: 1}, None),
        ({"system/0/Dc/System/Power": "800", SETUP: 1}, None),
        ({"system/0/Dc/System/Power": 1e9, SETUP: 1}, None),
    ],
    ids=[
        "a boat's loads", "an alternator gives", "a shunt of their own", "setting not told", "no DC system",
        "not valid now", "text", "a gigawatt",
    ],
)  # fmt: skip
def test_dc_loads_are_told_where_the_device_knows_of_them(changes: Mapping[str, object], load_w: float | None) -> None:
    assert reading({**PLANT, **changes}).dc_load_w == load_w


def test_estimated_dc_loads_are_as_good_as_the_drivers_behind_them() -> None:
    estimated = {**PLANT, "system/0/Dc/System/Power": 800.0, SETUP: 1}
    measured = {**estimated, "dcsystem/60/Dc/0/Power": 800.0}
    for doubt in ({"hung": {"solarcharger/279"}}, {"hung": {"vebus/276"}}, {"doubts": {Doubt.INVERTER}}):
        assert reading(estimated, **doubt).dc_load_w is None
        assert reading(measured, **doubt).dc_load_w == 800.0
