"""What every test of a GX device's values starts from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pv_heater.core.model.values import Reading
from pv_heater.victron.mqtt.lost_devices import Doubt, LostDevices
from pv_heater.victron.mqtt.reading import reading_from_values
from pv_heater.victron.mqtt.topics import GxValues
from tests.source_tools import NOON

GRID = "system/0/Ac/Grid/L1/Power"
ESS = "settings/0/Settings/CGwacs"
SETUP = "settings/0/Settings/SystemSetup/HasDcSystem"


def reading(values: Mapping[str, object], said: list[str] | None = None, **options: Any) -> Reading:
    complain = (said if said is not None else []).append
    return reading_from_values(GxValues(values, complain), taken_at=NOON, complain=complain, **options)


def checked(
    values: Mapping[str, object], lost: LostDevices, gone: frozenset[str] = frozenset(), tick_s: float = 0.0
) -> frozenset[Doubt]:
    return lost.check(GxValues(values, [].append), gone, tick_s)


def kind(service: str) -> dict[str, object]:
    return {"Ac/ActiveIn/ServiceType": service, "Ac/In/0/ServiceType": service}
