"""The house as the Victron GX device sees it, every second over the LAN, read from its Modbus TCP registers."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import SettingProblem, setting
from pv_heater.core.model.values import Reading
from pv_heater.errors import BadReply, Unreachable
from pv_heater.io.net.modbus import NOBODY_THERE, TIMEOUT_S, ModbusClient, Refused
from pv_heater.io.system.log import Complaints
from pv_heater.ports import Tools
from pv_heater.victron.ac_source import GENERATOR, NO_INPUT
from pv_heater.victron.lost_inverter import LostInverter
from pv_heater.victron.modbus.block_reader import BlockReader
from pv_heater.victron.modbus.devices import GxDevices
from pv_heater.victron.modbus.plausibility import Witness, believed, is_off_balance, missing_at_start, unaccounted_w
from pv_heater.victron.modbus.reading import DeviceValues, PlantSoFar, reading_of
from pv_heater.victron.modbus.registers import SYSTEM, System, system_of
from pv_heater.victron.modbus.units import MOST_UNIT, Kind, UnitsFile

log = logging.getLogger(__name__)

_SETTLE_S = 20.0
"""After a start, zeros are not measurements for this long; 2 s were seen on a PC, a real GX device is slower."""
_SILENT_S, _CALM_S = 10.0, 3.0
"""After this long without an answer the device first works off what it slept through; that takes two seconds."""
_LOOK_FOR_GRID_METER_S = 2.0
"""A poll; without a grid meter there is no reading that this would delay."""
_LASTING_S = 60.0
"""Powers that do not add up for this long are not a delay between two devices."""


def _check_units(units: Iterable[int]) -> None:
    for unit in units:
        if not 0 <= unit <= MOST_UNIT:
            raise SettingProblem(f"holds {unit}, but unit ids are 0 to {MOST_UNIT}")


class GxModbusMeter:
    """Polls a GX device; satisfies `ports.Meter`. For use by one thread."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Settings:
        """Where the GX device is, and which of its units are what."""

        host: str = setting("name or address of the GX device", default="venus.local")
        port: int = setting("its Modbus TCP port", default=502, minimum=1, maximum=65_535)
        unit: int = setting("unit id of the system as a whole", default=100, minimum=0, maximum=MOST_UNIT)
        interval_s: float = setting("how often it is asked", default=1.0, unit="s", minimum=0.2, maximum=60)
        solar_charger_units: tuple[int, ...] | None = setting(
            "unit ids of solar chargers and Multi RS; auto finds them", default=None, check=_check_units
        )
        pv_inverter_units: tuple[int, ...] | None = setting(
            "unit ids of AC-coupled PV inverters; auto finds them", default=None, check=_check_units
        )
        grid_meter_units: tuple[int, ...] | None = setting(
            "unit ids of grid meters, [] for none; auto finds them. While one is lost there are no readings",
            default=None,
            check=_check_units,
        )

    def __init__(self, settings: Settings, tools: Tools, *, timeout_s: float = TIMEOUT_S) -> None:
        self._settings = settings
        self._clock = tools.clock
        self._site = tools.site
        self._client = ModbusClient(settings.host, settings.port, who="The GX device", timeout_s=timeout_s)
        self._blocks = BlockReader(self._client, self._clock.monotonic_s)
        self._devices = GxDevices(
            self._blocks, _fixed_units(settings), UnitsFile(tools.state_dir), self._clock.monotonic_s
        )
        self._complain = Complaints(log)
        self._fresh_since_s = self._clock.monotonic_s()
        """When the GX device was last seen starting, or may have been."""
        self._balanced_s = self._clock.monotonic_s()
        """When the powers last added up."""
        self._seen = PlantSoFar()
        self._inverter = LostInverter()
        self._poll_s = 0.0
        """What the last poll took."""
        self._answered_s = self._clock.monotonic_s()
        self._has_failed = False
        """Whether an answer failed to come since `_answered_s`."""
        self._calm_at_s = self._clock.monotonic_s()
        """When what is told is true again after a silence."""
        self._hung: frozenset[str] = frozenset()
        self._clock_offset_s: float | None = None

    @property
    def interval_s(self) -> float:
        """Seconds between two polls."""
        return self._settings.interval_s

    @property
    def clock_offset_s(self) -> float | None:
        """The GX device's clock minus ours in seconds; None before the first answer and while its clock is not set."""
        return self._clock_offset_s

    def read(self) -> Reading:
        """What the house does now; raises SourceError, also while what the GX device says cannot be believed.

        The search for devices comes first: a reading is handed over as soon as it is there.
        """
        began_s = self._clock.monotonic_s()
        if not self._client.is_connected:
            self._fresh_since_s = began_s
        self._search_on()
        began_s = self._clock.monotonic_s()
        try:
            return self._polled()
        finally:
            self._poll_s = self._clock.monotonic_s() - began_s

    def _polled(self) -> Reading:
        system = self._system()
        taken_at = self._clock.now()
        self._clock_offset_s = None if system.clock_s is None else system.clock_s - taken_at.timestamp()
        sight = self._sight(system)
        witness = Witness(
            grid_meter_w=sight.grid_meter_w,
            tracker_w=sight.tracker_w,
            soc_before_percent=self._seen.soc_percent,
            off_grid=self._site.off_grid,
            has_battery=self._site.battery is not None,
            has_grid_meter=sight.has_grid_meter,
            drew_on=self._seen.consumption,
        )
        self._require_settled(system, witness)
        if sight.inverter_hangs or self._lost_inverter(system, witness):
            witness = replace(witness, without_inverter=True)
        values = believed(system, witness, self._complain)
        self._seen = self._seen.and_now(system, values)
        self._note_balance(system)
        return reading_of(system, values, sight, self._seen, taken_at=taken_at, interval_s=self._settings.interval_s)

    def _sight(self, system: System) -> DeviceValues:
        """What the devices say. Raises BadReply where one of them is missed, hangs, or is not what a setting says."""
        sight = self._look(system)
        needs_grid = system.active_input not in (NO_INPUT, GENERATOR)
        is_blind = sight.feed_in is not None and sight.feed_in.needs_grid_meter and needs_grid
        if sight.lost_grid_meter is not None:
            # The system may not have noticed yet: that another answers counts from the next poll on.
            self._devices.find_grid_meter(within_s=_LOOK_FOR_GRID_METER_S)
            raise BadReply(sight.lost_grid_meter)
        if is_blind and self._devices.may_look_for_grid_meter:
            if not self._devices.find_grid_meter(within_s=_LOOK_FOR_GRID_METER_S):
                raise BadReply(_NO_GRID_METER if self._devices.knows_no_grid_meter else _LOOKING_FOR_GRID_METER)
            sight = self._look(system)
        if sight.misnamed is not None:
            raise BadReply(f"GX: {sight.misnamed}.")
        self._note_hung(sight)
        return sight

    def _look(self, system: System) -> DeviceValues:
        house = (system.battery_w, system.battery_v, system.consumption_w, system.grid_w)
        return self._devices.look(
            self._settings.unit,
            owner=system.serial_number or self._settings.host,
            needs_grid=system.active_input not in (NO_INPUT, GENERATOR),
            house=house,
        )

    def _note_hung(self, sight: DeviceValues) -> None:
        """Raises BadReply where the driver of a charger or a grid meter hangs: nobody tells what it does now."""
        for name in sorted(sight.hung - self._hung):
            log.warning("GX: the %s has reported the same voltages and currents for a minute: its driver hangs.", name)
        for name in sorted(self._hung - sight.hung):
            log.info("GX: the %s moves again.", name)
        self._hung = sight.hung
        # A hung inverter alone leaves the balance of the others.
        if len(sight.hung) > sight.inverter_hangs:
            raise BadReply(
                f"GX: the driver of the {' and the '.join(sorted(sight.hung))} hangs, so what it does now is "
                "unknown; restart the GX device. Over MQTT (gx_mqtt) readings would continue."
            )

    def _lost_inverter(self, system: System, witness: Witness) -> bool:
        """Raises BadReply in the first seconds without it; a battery monitor that is lost as well is said first."""
        if system.active_input is None:
            return False  # firmware without that register cannot tell
        try:
            return self._inverter.is_lost(
                is_told=system.active_input != 0,
                has_battery=bool(system.battery_soc_percent),
                tick_s=self._clock.monotonic_s(),
            )
        except BadReply:
            believed(system, replace(witness, without_inverter=True), self._complain)
            raise

    def close(self) -> None:
        """End the connection for good."""
        self._client.close()

    def _system(self) -> System:
        now_s = self._clock.monotonic_s()
        try:
            system = system_of(self._blocks.read(self._settings.unit, SYSTEM), self._complain)
        except Refused as error:
            self._has_failed = True
            self._fresh_since_s = now_s
            if error.code in NOBODY_THERE:
                raise Unreachable(
                    f"The GX device answers, but not for its system (exception {error.code} at unit "
                    f"{self._settings.unit}); it is starting, or unit is set to something that is not the system."
                ) from None
            raise
        except Unreachable:
            self._has_failed = True
            raise
        self._require_calm()
        return system

    def _require_calm(self) -> None:
        """Raise Unreachable for three seconds after a longer silence; what comes first is what was slept through."""
        now_s = self._clock.monotonic_s()
        silent_s = now_s - self._answered_s
        if self._has_failed and silent_s >= _SILENT_S:
            self._calm_at_s = now_s + _CALM_S
        self._answered_s, self._has_failed = now_s, False
        if now_s < self._calm_at_s:
            raise Unreachable(
                f"The GX device answers again after {silent_s:.0f} s without an answer, and may still work off what it "
                "slept through."
            )

    def _require_settled(self, system: System, witness: Witness) -> None:
        if self._clock.monotonic_s() - self._fresh_since_s >= _SETTLE_S:
            return
        missing = missing_at_start(system, witness)
        if missing is not None:
            raise Unreachable(
                f"The GX device may have just started: {missing} still read 0, which does not count for the first "
                f"{_SETTLE_S:.0f} s."
            )

    def _note_balance(self, system: System) -> None:
        now_s = self._clock.monotonic_s()
        if not is_off_balance(system):
            self._balanced_s = now_s
        off_w = unaccounted_w(system)
        if off_w is not None and now_s - self._balanced_s >= _LASTING_S:
            what = "come in than are used" if off_w > 0 else "are used than come in"
            self._complain(
                f"GX: for {_LASTING_S:.0f} s now {abs(off_w):.0f} W more {what}: a current clamp or a shunt may be the "
                "wrong way round, or something is not measured"
            )

    def _search_on(self) -> None:
        try:
            self._devices.search_on(poll_s=self._poll_s)
        except BadReply as error:
            log.debug("The search for devices goes on at the next poll: %s", error)
        except Unreachable:
            self._has_failed = True
            raise


_NO_GRID_METER = (
    "GX: ESS is set up with a grid meter, but the GX device has none: what it shows as grid power is only the "
    "inverter's input. Look after the meter, or set Grid metering to Inverter/Charger in the ESS menu."
)
_LOOKING_FOR_GRID_METER = (
    "GX: ESS is set up with a grid meter, and it is still being looked for. grid_meter_units names it by hand."
)


def _fixed_units(settings: GxModbusMeter.Settings) -> dict[Kind, tuple[int, ...]]:
    given = {
        Kind.SOLAR_CHARGER: settings.solar_charger_units,
        Kind.MULTI_RS: settings.solar_charger_units,
        Kind.PV_INVERTER: settings.pv_inverter_units,
        Kind.GRID_METER: settings.grid_meter_units,
    }
    return {kind: units for kind, units in given.items() if units is not None}
