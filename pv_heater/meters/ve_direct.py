r"""The VE.Direct text protocol: bytes -> checked blocks -> what a device says of the house. Pure.

About once a second a device sends lines, each ``\r\n``, a label, a tab and a value, the last of them ``Checksum``
with one byte that makes the sum of all bytes of the block 0 modulo 256. Messages of the hex protocol (``:`` ...
``\n``) may come in between and do not count in the sum.

A device is known by what it sends, not by its name: a solar charger sends PPV, a battery monitor (BMV, SmartShunt) SOC,
an inverter (Phoenix) AC_OUT_V; an inverter with a charger inside sends more than one of these. Labels and scales as in
Victron's VE.Direct protocol text and its frame handler.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from pv_heater.core.model.numbers import number_of
from pv_heater.io.system.log import Complain
from pv_heater.meters.charger_states import charger_word
from pv_heater.meters.plausible import MOST_V, plausible_percent, plausible_w
from pv_heater.meters.quantities import HousePart

BAUD = 19_200
_HEX_MESSAGE = re.compile(rb":[0-9A-Fa-f]+\n")
_END = b"\r\nChecksum\t"
_LONGEST_BYTES = 2048
"""A block has at most 22 lines of 44 bytes; more than this without an end is another device or another speed."""
_LONGEST_LABEL, _LONGEST_VALUE = 8, 32
_UNKNOWN = "---"
"""What a battery monitor sends before it is synchronised."""
_SIGN_CHECKED_FROM_W = 50.0
"""Below, rounding and the moment between two samples may well turn the sign."""


class VeDirectDecoder:
    """Finds the blocks in a stream of bytes. A damaged block costs itself and nothing else."""

    def __init__(self) -> None:
        self._buffer = b""
        self._joined = False
        self.rejected = 0
        """Blocks whose checksum was wrong, not counting the one that was under way when we began to listen."""

    def feed(self, data: bytes) -> list[Mapping[str, str]]:
        """The blocks that `data` completes, as label -> text."""
        self._buffer = _HEX_MESSAGE.sub(b"", self._buffer + data)
        blocks: list[Mapping[str, str]] = []
        # The checksum itself may be any byte, a line end too: it is counted off, not looked for.
        while 0 <= (found := self._buffer.find(_END)) < len(self._buffer) - len(_END):
            end = found + len(_END) + 1
            block, self._buffer = self._buffer[:end], self._buffer[end:]
            if sum(block) % 256 == 0:
                blocks.append(_fields(block[:found]))
            elif self._joined:
                self.rejected += 1
            self._joined = True
        self._buffer = self._buffer[-_LONGEST_BYTES:]
        return blocks


def part_of_block(fields: Mapping[str, str], where: str, complain: Complain) -> HousePart | None:
    """What a block says; None for one that says nothing of the house, such as a battery monitor's history.

    `where` begins the complaints about values that are left out.
    """
    block = _Block(fields, where, complain)
    tells = {
        quantity
        for quantity, label in (("pv_w", "PPV"), ("consumption_w", "AC_OUT_V"), ("battery_w", "SOC"))
        if label in fields
    }
    if fields.get("MON", "0") != "0":
        # A SmartShunt that was told to measure one consumer or source sends P and I of that.
        complain(f"{where}: this shunt is set to measure something else than the battery (MON {fields['MON']})")
        tells.discard("battery_w")
    if not tells:
        return None
    return HousePart(
        tells=frozenset(tells),
        serial_number=fields.get("SER#"),
        pv_w=block.at_least_0("PPV", block.watts("PPV")),
        pv_throttled=block.throttled(),
        charger_state=block.charger_state() if "pv_w" in tells else None,
        consumption_w=block.ac_out_w(),
        battery_w=block.battery_w() if "battery_w" in tells else None,
        battery_v=block.battery_v(),
        battery_soc_percent=block.soc_percent() if "battery_w" in tells else None,
    )


def _fields(block: bytes) -> dict[str, str]:
    fields: dict[str, str] = {}
    for line in block.decode("ascii", "replace").split("\r\n"):
        label, tab, value = line.partition("\t")
        if tab and 0 < len(label) <= _LONGEST_LABEL and len(value) <= _LONGEST_VALUE:
            fields[label] = value
    return fields


class _Block:
    """Reads numbers out of a block; what cannot be is None and a complaint."""

    def __init__(self, fields: Mapping[str, str], where: str, complain: Complain) -> None:
        self._fields = fields
        self._where = where
        self._complain = complain

    def number(self, label: str, per_unit: float = 1.0) -> float | None:
        text = self._fields.get(label, _UNKNOWN).strip()
        if text == _UNKNOWN:
            return None
        number = number_of(text)
        if number is None:
            self._complain(f"{self._where}: {label} is {text!r}, which is not a number; it is left out")
            return None
        return number / per_unit

    def watts(self, label: str) -> float | None:
        return plausible_w(f"{self._where}: {label}", self.number(label), self._complain)

    def at_least_0(self, label: str, value: float | None) -> float | None:
        if value is None or value >= 0:
            return value
        self._complain(f"{self._where}: {label} is {value:g}, which cannot be below 0; it is left out")
        return None

    def battery_v(self) -> float | None:
        voltage_v = self.at_least_0("V", self.number("V", 1000))
        if voltage_v is None or voltage_v <= MOST_V:
            return voltage_v
        self._complain(f"{self._where}: V is {voltage_v:.0f} V, which no home has; it is left out")
        return None

    def battery_w(self) -> float | None:
        """Charging is positive. Old monitors send no P; where both come, they must agree about the direction."""
        power_w, current_a, voltage_v = self.watts("P"), self.number("I", 1000), self.battery_v()
        if current_a is None or voltage_v is None:
            return power_w
        product_w = plausible_w(f"{self._where}: V x I", current_a * voltage_v, self._complain)
        if power_w is None or product_w is None:
            return product_w if "P" not in self._fields else None
        if power_w * product_w < 0 and min(abs(power_w), abs(product_w)) > _SIGN_CHECKED_FROM_W:
            self._complain(
                f"{self._where}: P says {power_w:.0f} W, but V x I {product_w:.0f} W; the battery's power is left out"
            )
            return None
        return power_w

    def soc_percent(self) -> float | None:
        return plausible_percent(
            f"{self._where}: the state of charge", self.number("SOC", 10), self._complain
        )  # SOC is per mille

    def ac_out_w(self) -> float | None:
        """Apparent power, which is never less than the power: AC_OUT_S, of older inverters V x I."""
        apparent_va = self.number("AC_OUT_S")
        if apparent_va is None:
            voltage_v, current_a = self.number("AC_OUT_V", 100), self.number("AC_OUT_I", 10)
            apparent_va = None if voltage_v is None or current_a is None else voltage_v * current_a
        return plausible_w(f"{self._where}: AC output", self.at_least_0("AC output", apparent_va), self._complain)

    def charger_state(self) -> str | None:
        state = self.number("CS")
        return None if state is None else charger_word(state)

    def throttled(self) -> bool | None:
        """MPPT 1 is limited by voltage or current, 2 is tracking; 0, off, and older firmware do not tell."""
        mode = self.number("MPPT")
        return None if mode is None else {1.0: True, 2.0: False}.get(mode)
