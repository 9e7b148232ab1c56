"""What else steers this house, as the GX device tells, and what that means for this program. Pure."""

from __future__ import annotations

from pv_heater.victron.mqtt.topics import GxValues

_ESS = "settings/0/Settings/CGwacs"
_EXTERNAL_CONTROL = 3
_KEEP_CHARGED = 9


def company(values: GxValues) -> tuple[str, ...]:
    """One sentence for each other controller that is active. This program only reads the GX device."""
    notes = []
    if values.number(f"{_ESS}/Hub4Mode") == _EXTERNAL_CONTROL:
        notes.append(
            "ESS is under external control: something else sets the grid power, and what it buys or sells shows here "
            "as less or more surplus."
        )
    if values.number("settings/0/Settings/DynamicEss/Mode"):
        notes.append(
            "Dynamic ESS is on: when it buys or sells for the battery, heating waits while the grid delivers more than "
            "max_grid_w."
        )
    if values.number("platform/0/Services/OpportunityLoads/Mode"):
        notes.append(
            "Opportunity Loads is on: give it none of this program's loads, and expect that whoever is faster takes "
            "the surplus first."
        )
    if values.number(f"{_ESS}/BatteryLife/State") == _KEEP_CHARGED:
        notes.append(
            "ESS keeps the batteries charged: the battery does not bridge clouds, so that the grid does while a load "
            "waits out its min_on_s."
        )
    return tuple(notes)
