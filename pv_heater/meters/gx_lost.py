"""Devices that a GX device lost, and whose last or replaced values would look like surplus. Pure, but it remembers."""

from __future__ import annotations

from collections.abc import Collection

from pv_heater.errors import BadReply
from pv_heater.meters.ac_source import NO_INPUT
from pv_heater.meters.gx_topics import GxValues

_INVERTERS = frozenset({"vebus", "multi", "acsystem"})
"""Services whose own input stands in for a grid meter: Multi and Quattro, Multi RS, several Multi RS."""
_RUN_WITHOUT = "settings/0/Settings/CGwacs/RunWithoutGridMeter"


class LostDevices:
    """Remembers what this home has had; to be asked with every picture."""

    def __init__(self) -> None:
        self._had_grid_meter = False
        self._had_battery = False

    def check(self, values: GxValues, gone: Collection[str]) -> None:
        """Raise BadReply when what the GX device shows of the house can no longer be true."""
        self._check_grid_meter(values, gone)
        self._check_battery(values)

    def _check_grid_meter(self, values: GxValues, gone: Collection[str]) -> None:
        """Without its grid meter the GX device shows the inverter's input as the grid.

        AC PV on the grid side and loads beside the inverter are then not seen: 100 W of import were shown as 300 W of
        export, with a real systemcalc. On the battery nothing is imported or exported, so the loss is no matter then.
        """
        if values.number("system/0/Ac/ActiveIn/Source") == NO_INPUT:
            return
        meters = [values.number(topic) for _, topic in values.ending(("grid",), ("/Connected",))]
        is_there = any(meters)
        kinds = {values.text(topic) for _, topic in values.ending(("system",), ("/ServiceType",))}
        if is_there or "grid" in kinds:
            self._had_grid_meter = True
        has_left = not is_there and any(topic.startswith("grid/") for topic in gone)
        is_replaced = bool(kinds & _INVERTERS) and "grid" not in kinds
        if self._had_grid_meter and (has_left or is_replaced):
            raise BadReply(
                "the GX device lost its grid meter: what it shows as grid power is only the inverter's input now, "
                "where PV looks like export. Look after the meter and its cable"
            )
        runs_ess = values.text("system/0/SystemType") == "ESS"
        if runs_ess and is_replaced and "vebus" in kinds and values.number(_RUN_WITHOUT) == 0:
            raise BadReply(
                "ESS is set up with a grid meter, but the GX device sees none: what it shows as grid power is only the "
                "inverter's input. Look after the meter, or set Grid metering to Inverter/Charger in the ESS menu"
            )

    def _check_battery(self, values: GxValues) -> None:
        """Without battery and inverter the GX device goes on to show the chargers' power as the battery's."""
        has_charge, has_system = values.is_told("system/0/Dc/Battery/Soc"), values.is_told("system/0/SystemType")
        if self._had_battery and not has_charge and not has_system:
            raise BadReply(
                "the GX device lost both the battery monitor and the inverter: what it shows as battery power is only "
                "that of the solar chargers now"
            )
        self._had_battery = self._had_battery or (has_charge and has_system)
