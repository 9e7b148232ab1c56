"""Devices that a GX device lost, and whose last or replaced values would look like surplus. Pure, but it remembers."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from pv_heater.errors import BadReply
from pv_heater.meters.ac_source import GENERATOR, NO_INPUT
from pv_heater.meters.gx_inverter import SETTLE_S, InverterWatch
from pv_heater.meters.gx_topics import PHASES, GxValues

_INVERTERS = frozenset({"vebus", "multi", "acsystem"})
"""Services whose own input stands in for a grid meter: Multi and Quattro, Multi RS, several Multi RS."""
_SYSTEM_TYPE, _SOURCE = "system/0/SystemType", "system/0/Ac/ActiveIn/Source"
_RUN_WITHOUT = "settings/0/Settings/CGwacs/RunWithoutGridMeter"


class Doubt(StrEnum):
    """What of a picture is not the whole truth any more, and is left out."""

    INVERTER = "inverter"
    """What is made up of the inverter's word: consumption, what feeds it, estimated DC loads."""
    CONSUMPTION = "consumption"
    GRID = "grid"


class LostDevices:
    """Remembers what this home has had; to be asked with every picture. `off_grid`: it has no grid."""

    def __init__(self, *, off_grid: bool = False, settle_s: float = SETTLE_S) -> None:
        self._off_grid = off_grid
        self._had_grid_meter = False
        self._had_charge = False
        self._had_system = False
        self._had: set[str] = set()
        """Topics that were told once, and must be told from then on."""
        self._inverter = InverterWatch(settle_s)

    def check(self, values: GxValues, gone: Collection[str], tick_s: float) -> frozenset[Doubt]:
        """What is to be left out; `tick_s` is monotonic.

        Raises BadReply when what the GX device shows of the house can no longer be true.
        """
        self._check_grid_meter(values, gone)
        self._check_battery(values)
        doubts = {Doubt.INVERTER} if self._lost_inverter(values, tick_s) else set()
        parts = {Doubt.CONSUMPTION: "Ac/Consumption", Doubt.GRID: "Ac/Grid"}
        return frozenset(doubts | {doubt for doubt, part in parts.items() if self._lost_phase(values, part)})

    def _check_grid_meter(self, values: GxValues, gone: Collection[str]) -> None:
        """Without its grid meter the GX device shows the inverter's input as the grid.

        AC PV on the grid side and loads beside the inverter are then not seen: 100 W of import were shown as 300 W of
        export, with a real systemcalc. On battery or a generator nothing is imported or exported: it is not missed.
        """
        if values.number(_SOURCE) in (NO_INPUT, GENERATOR):
            return
        is_there = values.has_grid_meter
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
        if self._had_charge and not has_charge and self._had_system and not has_system:
            raise BadReply(
                "the GX device lost both the battery monitor and the inverter: what it shows as battery power is only "
                "that of the solar chargers now"
            )
        if self._had_charge and not has_charge:
            raise BadReply(
                "the GX device lost its battery monitor: the state of charge is unknown, and what it shows as battery "
                "power is only what chargers and inverter say"
            )
        self._had_charge, self._had_system = self._had_charge or has_charge, self._had_system or has_system

    def _lost_inverter(self, values: GxValues, tick_s: float) -> bool:
        """Raises BadReply where the grid is not measured either: its meter is the inverter."""
        signs = (_SYSTEM_TYPE, _SOURCE)
        told = {topic for topic in signs if values.is_told(topic)}
        missing = self._had.intersection(signs) - told
        self._had |= told
        is_lost = self._inverter.is_lost(
            is_told=bool(told) and not missing, has_battery=values.is_told("system/0/Dc/Battery/Soc"), tick_s=tick_s
        )
        if is_lost and not self._off_grid and not values.is_told("system/0/Ac/Grid/L1/Power"):
            raise BadReply(
                "the GX device lost its inverter, and with it consumption and grid power: nothing measures the house. "
                "Look after the cable to the inverter, or set site.off_grid where there is no grid"
            )
        return is_lost

    def _lost_phase(self, values: GxValues, part: str) -> bool:
        """Whether a phase that was told is not any more while others are: the sum would lack it."""
        topics = [f"system/0/{part}/{phase}/Power" for phase in PHASES]
        told = {topic for topic in topics if values.is_told(topic)}
        lacks = bool(told) and bool(self._had.intersection(topics) - told)
        self._had |= told
        return lacks
