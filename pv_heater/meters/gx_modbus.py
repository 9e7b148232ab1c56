"""The house as the Victron GX device sees it, every second over the LAN, read from its Modbus TCP registers."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from attrs import frozen

from pv_heater.core.setting import SettingProblem, setting
from pv_heater.core.types import Reading
from pv_heater.errors import SourceError, Unreachable
from pv_heater.io.complaints import Complaints
from pv_heater.io.modbus import NOBODY_THERE, TIMEOUT_S, ModbusClient, Refused
from pv_heater.meters.ac_source import NO_INPUT
from pv_heater.meters.gx_block_reader import BlockReader
from pv_heater.meters.gx_devices import GxDevices
from pv_heater.meters.gx_reading import Seen, reading_of
from pv_heater.meters.gx_registers import SYSTEM, System, system_of
from pv_heater.meters.gx_trust import Witness, believed, is_off_balance, missing_at_start, unaccounted_w
from pv_heater.meters.gx_units import MOST_UNIT, Kind
from pv_heater.meters.gx_units_file import UnitsFile
from pv_heater.ports import Tools

log = logging.getLogger(__name__)

_SETTLE_S = 20.0
"""After a start, zeros are no measurements for so long; 2 s were seen on a PC, a real GX device is slower."""
_LASTING_S = 60.0
"""Powers that do not add up for so long are no delay between two devices."""


def _check_units(units: Iterable[int]) -> None:
    for unit in units:
        if not 0 <= unit <= MOST_UNIT:
            raise SettingProblem(f"holds {unit}, but unit ids are 0 to {MOST_UNIT}")


class GxModbusMeter:
    """Polls a GX device; satisfies `ports.Meter`. For use by one thread."""

    @frozen(kw_only=True)
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
        self._seen = Seen()
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
        """What the house does now; raises SourceError, also while what the GX device says cannot be believed."""
        system = self._system()
        taken_at = self._clock.now()
        self._clock_offset_s = None if system.clock_s is None else system.clock_s - taken_at.timestamp()
        sight = self._devices.look(
            self._settings.unit,
            owner=system.serial_number or self._settings.host,
            on_battery=system.active_input == NO_INPUT,
        )
        witness = Witness(
            grid_meter_w=sight.grid_meter_w,
            tracker_w=sight.tracker_w,
            soc_before_percent=self._seen.soc_percent,
            off_grid=self._site.off_grid,
            has_battery=self._site.battery is not None,
        )
        self._require_settled(system, witness)
        values = believed(system, witness, self._complain)
        self._seen = self._seen.and_now(system, values)
        self._note_balance(system)
        self._search_on()
        return reading_of(system, values, sight, self._seen, taken_at=taken_at, interval_s=self._settings.interval_s)

    def close(self) -> None:
        """End the connection for good."""
        self._client.close()

    def _system(self) -> System:
        now_s = self._clock.monotonic_s()
        if not self._client.is_connected:
            self._fresh_since_s = now_s
        try:
            return system_of(self._blocks.read(self._settings.unit, SYSTEM), self._complain)
        except Refused as error:
            self._fresh_since_s = now_s
            if error.code in NOBODY_THERE:
                raise Unreachable(
                    f"The GX device answers, but not for its system (exception {error.code} at unit "
                    f"{self._settings.unit}); it is starting, or unit is set to something that is not the system."
                ) from None
            raise

    def _require_settled(self, system: System, witness: Witness) -> None:
        if self._clock.monotonic_s() - self._fresh_since_s >= _SETTLE_S:
            return
        missing = missing_at_start(system, witness)
        if missing is not None:
            raise Unreachable(
                f"The GX device may have just started: {missing} still read 0, which is no measurement for the first "
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
            self._devices.search_on()
        except SourceError as error:
            log.debug("The search for devices goes on at the next poll: %s", error)


def _fixed_units(settings: GxModbusMeter.Settings) -> dict[Kind, tuple[int, ...]]:
    given = {
        Kind.SOLAR_CHARGER: settings.solar_charger_units,
        Kind.MULTI_RS: settings.solar_charger_units,
        Kind.PV_INVERTER: settings.pv_inverter_units,
        Kind.GRID_METER: settings.grid_meter_units,
    }
    return {kind: units for kind, units in given.items() if units is not None}
