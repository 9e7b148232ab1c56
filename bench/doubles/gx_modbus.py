"""A GX device's Modbus TCP server on loopback: pymodbus's own server, behaving as Victron's was observed to.

Invalid values read as 0, integers stop at the end of a register, doubles lose their high bits; a gap fails a block with
exception 2, a missing service fails a block with 2 and a single register with 10, a missing unit answers 10.
"""

from __future__ import annotations

import asyncio
import logging
import math
import struct
import threading
from collections.abc import Iterable
from typing import Any

from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

SYSTEM_UNIT = 100
RELAYS = (806, 807)
OBSERVED_SYSTEM = [
    25392, 13873, 14689, 25136, 24880, 12337, 0, 0, 0, 0, 0, 400, 0, 0, 0, 0, 0, 998, 0, 0,
    0, 0, 0, 0, 0, 0, 1, 65535, 65535, 65535, 0, 0, 27393, 10879, 0, 0, 65535, 65535, 65535, 65535,
    525, 451, 2364, 82, 1, 400, 0, 65535, 65535, 65535, 3797, 724, 65535, 65535, 65535, 0, 65535, 65535, 65535, 65535,
    0,
]  # fmt: skip
"""Registers 800 to 860 as a real systemcalc and a real dbus_modbustcp answered them."""
OBSERVED_ESS = [50, 0, 0, 1, 0, 65535, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 65535, 65535, 65535, 65535, 65535]
"""Registers 2700 to 2723 with ESS running: no limit, and nothing may be fed in from DC."""


def narrow(value: float | None, *, signed: bool) -> int:
    """A D-Bus value as 16 bits: nothing is 0, an integer stops at the end, a double loses its high bits."""
    if value is None:
        return 0
    if isinstance(value, int):
        low, high = (-32767, 32766) if signed else (0, 65534)
        return min(max(value, low), high) & 0xFFFF
    return _rounded(value) & 0xFFFF


def wide(value: float | None, *, signed: bool) -> list[int]:
    """The same as 32 bits, high word first."""
    if value is None:
        return [0, 0]
    number = _rounded(value)
    if isinstance(value, int) and not signed:
        number = max(0, number)
    return list(struct.unpack(">HH", struct.pack(">I", number & 0xFFFFFFFF)))


def _rounded(value: float) -> int:
    return int(math.copysign(math.floor(abs(value) + 0.5), value))


class _Registers:
    """What the server asks for its values; satisfies the library's datastore by having its methods."""

    def __init__(self, gx: ModbusGx) -> None:
        self._gx = gx

    def device_ids(self) -> list[int]:
        """All units."""
        return list(self._gx.units)

    async def async_getValues(self, device_id: int, func_code: int, address: int, count: int = 1) -> Any:  # noqa: N802, ARG002
        """A read."""
        if self._gx.silent:
            await asyncio.Event().wait()
        return self._gx.answer(device_id, address, count)

    async def async_setValues(self, device_id: int, func_code: int, address: int, values: list[int]) -> Any:  # noqa: ARG002, N802
        if self._gx.silent:
            await asyncio.Event().wait()
        return self._gx.take(device_id, address, values)


_WITHIN_S = 60.0
"""To begin or to end; a busy machine may take seconds."""


class ModbusGx:
    """Runs in a thread of its own; `units` may be changed at any time."""

    def __init__(self) -> None:
        self.units: dict[int, dict[int, int]] = {}
        self.without_service: set[int] = set()
        """Addresses whose D-Bus service does not run."""
        self.requests: list[tuple[int, int, int]] = []
        self.writes: list[tuple[int, int, int]] = []
        """Unit, register and word of each write, refused ones as well."""
        self.disabled_relays: set[int] = set()
        """Registers of relays that take no write, which nothing says."""
        self.silent = False
        self.port = 0
        self._server: ModbusTcpServer | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        logging.getLogger("pymodbus").setLevel(logging.CRITICAL)

    def __enter__(self) -> ModbusGx:
        self._thread.start()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def start(self) -> None:
        """Listen, on the same port as before."""
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(_WITHIN_S)

    def stop(self) -> None:
        """Refuse connections and end those that stand, as while dbus_modbustcp restarts."""
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(_WITHIN_S)

    def reset(self) -> None:
        """The usual plant, all well."""
        self.units, self.without_service, self.silent = {}, set(), False
        self.requests.clear()
        self.writes.clear()
        self.disabled_relays.clear()
        self.write(SYSTEM_UNIT, 800, [*OBSERVED_SYSTEM, *([65535] * 23), *([0] * 36)])
        self.write(SYSTEM_UNIT, 2700, OBSERVED_ESS)
        self.write(SYSTEM_UNIT, 826, [1])
        self.house(
            grid=(100.0, None, None), consumption=(998.0, None, None), pv_on_grid=(400.0, None, None), pv_dc=2300
        )

    def write(self, unit: int, address: int, words: Iterable[int]) -> None:
        """Set registers of a unit, which is made where it is new."""
        self.units.setdefault(unit, {}).update(enumerate(words, address))

    def house(self, **values: Any) -> None:
        """Set what systemcalc says: a value or one a phase, None where it has none; the rest stays as it is."""
        signed = {"grid": True, "genset": True, "consumption": False, "pv_on_output": False, "pv_on_grid": False}
        narrow_at = {"grid": 820, "genset": 823, "consumption": 817, "pv_on_output": 808, "pv_on_grid": 811}
        wide_at = {"grid": 908, "genset": 914, "consumption": 902, "pv_on_output": 884, "pv_on_grid": 890}
        scaled = {"pv_dc": (850, 1, False), "battery_v": (840, 10, False), "battery_w": (842, 1, True)}
        scaled |= {"soc": (843, 1, False), "battery_state": (844, 1, False), "source": (826, 1, False)}
        for name, value in values.items():
            if name in narrow_at:
                for phase, power_w in enumerate(value):
                    self.write(SYSTEM_UNIT, narrow_at[name] + phase, [narrow(power_w, signed=signed[name])])
                    if 908 in self.units[SYSTEM_UNIT]:
                        self.write(SYSTEM_UNIT, wide_at[name] + 2 * phase, wide(power_w, signed=signed[name]))
            else:
                address, factor, is_signed = scaled[name]
                number = value if value is None or factor == 1 else float(value * factor)
                self.write(SYSTEM_UNIT, address, [narrow(number, signed=is_signed)])

    def take(self, unit: int, address: int, values: list[int]) -> ExcCodes | None:
        """A write: only those to relays are taken, and a disabled one keeps its state all the same."""
        self.writes.append((unit, address, values[0]))
        if address not in RELAYS:
            return ExcCodes.ILLEGAL_ADDRESS
        if address not in self.disabled_relays:
            self.write(unit or SYSTEM_UNIT, address, values)
        return None

    def old_firmware(self) -> None:
        """Before the gaps were filled and the 32-bit registers came."""
        system = self.units[SYSTEM_UNIT]
        for address in (*range(827, 830), *range(834, 840), *range(847, 850), *range(852, 855), *range(856, 860)):
            system.pop(address, None)
        for address in (*range(861, 920), 2722, 2723):
            system.pop(address, None)

    def solar_charger(self, unit: int, *, pv_w: float | None, mode: int | None, state: int = 252) -> None:
        """A charger with one tracker."""
        self.units[unit] = {}
        self.write(unit, 771, [5245, 100, 0, 1, state, 9000, 20])
        self.write(unit, 789, [narrow(None if pv_w is None else pv_w * 10, signed=False), 991, mode or 0])
        self.write(unit, 792, wide(pv_w, signed=False))

    def two_trackers(self, unit: int, *, pv_w: tuple[int, int], modes: tuple[int, int]) -> None:
        """A charger whose single-tracker registers are empty."""
        self.solar_charger(unit, pv_w=sum(pv_w), mode=None)
        self.write(unit, 776, [0])
        self.write(unit, 3724, [*pv_w, 0, 0, 0, 0, sum(pv_w), *modes, 0, 0])

    def grid_meter(self, unit: int, *power_w: float | None) -> None:
        """A grid meter with these phases."""
        self.write(unit, 2600, [narrow(each, signed=True) for each in power_w])

    def answer(self, unit: int, address: int, count: int) -> list[int] | ExcCodes:
        """What a request brings."""
        self.requests.append((unit, address, count))
        if not 1 <= count <= 125:
            return ExcCodes.ILLEGAL_VALUE
        words = self.units.get(unit or SYSTEM_UNIT)
        if words is None:
            return ExcCodes.GATEWAY_PATH_UNAVIABLE
        asked = range(address, address + count)
        if any(each not in words for each in asked):
            return ExcCodes.ILLEGAL_ADDRESS
        if self.without_service & set(asked):
            return ExcCodes.GATEWAY_PATH_UNAVIABLE if count == 1 else ExcCodes.ILLEGAL_ADDRESS
        return [words[each] for each in asked]

    async def _start(self) -> None:
        device = SimDevice(id=1, simdata=[SimData(0, values=0, datatype=DataType.REGISTERS)])
        self._server = ModbusTcpServer(device, address=("127.0.0.1", self.port))
        self._server.context = _Registers(self)  # type: ignore[assignment]
        await self._server.serve_forever(background=True)
        assert self._server.transport is not None
        self.port = self._server.transport.sockets[0].getsockname()[1]  # type: ignore[attr-defined]

    async def _stop(self) -> None:
        if self._server is not None:
            await self._server.shutdown()  # type: ignore[no-untyped-call]
            self._server = None
