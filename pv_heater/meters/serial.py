"""Devices on serial ports: a Mk2 router, or Victron's solar chargers, battery monitors and inverters (VE.Direct)."""

from __future__ import annotations

import logging
import threading

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import SettingProblem, setting
from pv_heater.core.model.values import Reading
from pv_heater.errors import BadReply, Unreachable
from pv_heater.io.net.serial_port import wait_readable
from pv_heater.io.system.log import Complaints
from pv_heater.meters.mk2_router import BAUD as MK2_BAUD
from pv_heater.meters.mk2_router import Mk2Decoder, part_of_mk2
from pv_heater.meters.quantities import HousePart, house_of
from pv_heater.meters.serial_line import Decode, SerialLine
from pv_heater.meters.ve_direct import BAUD as VE_DIRECT_BAUD
from pv_heater.meters.ve_direct import VeDirectDecoder, part_of_block
from pv_heater.ports import Tools

log = logging.getLogger(__name__)

_PACE_S = 1.0
"""All these devices send once a second."""
_SILENCE_S = 5.0
"""Whoever is silent for this long is counted out."""
_REOPEN_S = 2.0
_LOOK_S = 0.2
"""How soon a `close` from another thread is noticed."""
_GATHER_S = 0.02
"""A frame takes about a tenth of a second to come; to wake for each of its bytes would keep a small board busy."""


class SerialMeter:
    """Listens to one or more ports; satisfies `ports.Meter`."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Settings:
        """Which ports, and what is spoken there."""

        protocol: str = setting("what the devices speak", choices=("mk2", "vedirect"))
        device: tuple[str, ...] = setting(
            "port, or list of ports: all devices are one house; names in /dev/serial/by-id survive replugging",
            default=("/dev/ttyUSB0",),
        )
        baud: int | None = setting(
            "speed of the port; auto is 19200 for VE.Direct and 9600 for a Mk2 router, whose firmware V7 needs 2400",
            default=None,
            minimum=300,
            maximum=1_000_000,
        )
        routed_load: str | None = setting(
            "load that a Mk2 router heats; set it only where the router's POR is in W (V7), not in percent (V6)",
            default=None,
        )

        def __post_init__(self) -> None:
            if not self.device or "" in self.device:
                raise SettingProblem("is empty: name the port, such as /dev/ttyUSB0", "device")
            if len(set(self.device)) < len(self.device):
                raise SettingProblem("names a port twice, which would count its device twice", "device")
            if self.protocol != "mk2" and self.routed_load is not None:
                raise SettingProblem("is for protocol: mk2 only", "routed_load")

    def __init__(self, settings: Settings, tools: Tools, *, silence_s: float = _SILENCE_S) -> None:
        self._clock = tools.clock
        self._silence_s = silence_s
        self._complain = Complaints(log)
        self._lines = [
            SerialLine(device, settings.baud or _speed(settings), _decoding(settings), _REOPEN_S, Complaints(log))
            for device in settings.device
        ]
        self._first_read_s: float | None = None
        self._counted_out: set[str] = set()
        self._closing = threading.Event()
        self._reading = threading.Lock()

    @property
    def interval_s(self) -> float:
        """0: the devices speak by themselves."""
        return 0.0

    def read(self) -> Reading:
        """The house as soon as a device sent something new.

        Raises Unreachable when no port can be opened or after five seconds of silence, BadReply when what came in that
        time was no frame, or when no frame told anything of use.
        """
        with self._reading:
            began_s = self._clock.monotonic_s()
            self._first_read_s = began_s if self._first_read_s is None else self._first_read_s
            news = False
            bytes_before = sum(line.received_bytes for line in self._lines)
            while not self._closing.is_set():
                now_s = self._clock.monotonic_s()
                news = any([line.listen(now_s) for line in self._lines]) or news  # noqa: C419 - all have to be heard
                if news and not self._others_may_still_come(now_s - self._first_read_s):
                    return self._house(now_s)
                if not any(line.is_open for line in self._lines):
                    raise Unreachable(" ".join(line.trouble or "" for line in self._lines), retry_after_s=_REOPEN_S)
                if now_s - began_s >= self._silence_s:
                    raise self._silence(sum(line.received_bytes for line in self._lines) - bytes_before)
                wait_readable([line.port for line in self._lines], _LOOK_S)
                self._closing.wait(_GATHER_S)
            raise Unreachable("The serial meter was closed.")

    def close(self) -> None:
        """Give the ports back. From any thread; a running `read` ends within a fraction of a second."""
        self._closing.set()
        with self._reading:
            for line in self._lines:
                line.close()

    def _others_may_still_come(self, since_first_read_s: float) -> bool:
        """After the start every device gets its time to speak: until then it is neither lost nor known."""
        never_spoke = any(line.is_open and line.part is None for line in self._lines)
        return never_spoke and since_first_read_s < self._silence_s

    def _house(self, now_s: float) -> Reading:
        fresh = [line for line in self._lines if line.age_s(now_s) < self._silence_s]
        lost = [line for line in self._lines if line not in fresh]
        self._tell_of_lost(fresh, lost)
        house = house_of(
            [line.part for line in fresh if line.part is not None], [line.part for line in lost], self._complain
        )
        self._require_something(house, fresh)
        return house.as_reading(taken_at=self._clock.now(), source="serial", interval_s=_PACE_S)

    def _require_something(self, house: HousePart, fresh: list[SerialLine]) -> None:
        values = (house.pv_w, house.consumption_w, house.grid_w, house.battery_w, house.battery_soc_percent)
        if all(value is None for value in values):
            names = ", ".join(line.device for line in fresh)
            raise BadReply(
                f"The serial devices that are heard ({names}) tell neither PV, use, grid nor battery power; what they "
                "sent cannot be, or another device that the sum needs is silent."
            )

    def _tell_of_lost(self, fresh: list[SerialLine], lost: list[SerialLine]) -> None:
        """Once when a device falls silent beside others, once when it is back."""
        for line in lost:
            if line.device not in self._counted_out:
                self._counted_out.add(line.device)
                why = line.trouble or f"{line.device} has sent nothing valid for {self._silence_s:g} s."
                log.warning("%s The house is read without it.", why)
        for line in fresh:
            if line.device in self._counted_out:
                self._counted_out.discard(line.device)
                log.info("%s is heard again.", line.device)

    def _silence(self, received_bytes: int) -> Unreachable | BadReply:
        names = ", ".join(line.device for line in self._lines)
        if received_bytes:
            return BadReply(
                f"{names}: {received_bytes} bytes came in {self._silence_s:g} s, but no valid frame; is it the right "
                f"protocol, and is {self._lines[0].baud} the right baud?"
            )
        return Unreachable(f"{names}: nothing came for {self._silence_s:g} s; is the device on and the cable whole?")


def _speed(settings: SerialMeter.Settings) -> int:
    return MK2_BAUD if settings.protocol == "mk2" else VE_DIRECT_BAUD


def _decoding(settings: SerialMeter.Settings) -> Decode:
    if settings.protocol == "mk2":
        return Decode(
            new_decoder=Mk2Decoder,
            part_of=lambda fields, where, complain: part_of_mk2(fields, where, complain, settings.routed_load),
        )
    return Decode(new_decoder=VeDirectDecoder, part_of=part_of_block)
