"""One serial port, its decoder and the newest thing its device said."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Protocol

from pv_heater.core.model.lean import dataclass
from pv_heater.errors import Unreachable
from pv_heater.io.net.serial_port import SerialPort
from pv_heater.io.system.log import Complain
from pv_heater.meters.quantities import HousePart

_OLD_NEWS_S = 3.0
"""When nobody read for this long, what waits in the system's buffer began then, and its end may be lost."""
_CATCH_UP_S, _MUCH_BYTES = 0.2, 1024
"""A system hands on what waited in pieces of 4 kB, read by read: after a pause nothing is new for so long, nor as long
as a read still brings as much as a device says in half a second, though no longer than old news is old."""


class Decoder(Protocol):
    """Finds frames in a stream of bytes."""

    rejected: int
    """Frames whose checksum was wrong."""

    def feed(self, data: bytes) -> list[Mapping[str, str]]:
        """The frames that `data` completes."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Decode:
    """A protocol: how frames are found, and what one says of the house."""

    new_decoder: Callable[[], Decoder]
    part_of: Callable[[Mapping[str, str], str, Complain], HousePart | None]


class SerialLine:
    """Opens its port again when it was unplugged, at most every `reopen_s`."""

    def __init__(self, device: str, baud: int, decode: Decode, reopen_s: float, complain: Complain) -> None:
        self.device = device
        self.baud = baud
        self.port = SerialPort(device, baud)
        self.part: HousePart | None = None
        """What the device said last; None before it ever spoke."""
        self.trouble: str | None = None
        """Why the port is not open, a sentence; None while it is."""
        self.received_bytes = 0
        self._decode = decode
        self._decoder = decode.new_decoder()
        self._rejected = 0
        self._reopen_s = reopen_s
        self._complain = complain
        self._heard_s = -math.inf
        self._listened_s = -math.inf
        self._behind_since_s: float | None = None
        """What comes may have waited while nobody listened: since when it is passed over. None: it is news."""
        self._open_due_s = -math.inf

    @property
    def is_open(self) -> bool:
        """Whether its device can be heard."""
        return self.port.is_open

    def age_s(self, now_s: float) -> float:
        """Seconds since the device last said something valid; infinite before the first time."""
        return now_s - self._heard_s

    def listen(self, now_s: float) -> bool:
        """Take what came; whether the device said something new. Never waits and never raises."""
        if not self.is_open and not self._reopened(now_s):
            return False
        if now_s - self._listened_s > _OLD_NEWS_S:
            self._behind_since_s = now_s
        self._listened_s = now_s
        try:
            data = self.port.read()
        except Unreachable as error:
            self.trouble = str(error)
            return False
        self.received_bytes += len(data)
        if self._behind_since_s is not None:
            self._begin_anew()
            behind_s = now_s - self._behind_since_s
            if behind_s >= _OLD_NEWS_S or (behind_s >= _CATCH_UP_S and len(data) < _MUCH_BYTES):
                self._behind_since_s = None
            return False
        parts = [self._decode.part_of(fields, self.device, self._complain) for fields in self._decoder.feed(data)]
        if self._decoder.rejected > self._rejected:
            self._rejected = self._decoder.rejected
            self._complain(
                f"{self.device}: a frame with a wrong checksum is left out; that was number {self._rejected}"
            )
        said = [part for part in parts if part is not None]
        if not said:
            return False
        self.part, self._heard_s = said[-1], now_s
        return True

    def close(self) -> None:
        """Give the port back."""
        self.port.close()

    def _reopened(self, now_s: float) -> bool:
        if now_s < self._open_due_s:
            return False
        self._open_due_s = now_s + self._reopen_s
        try:
            self.port.open()
        except Unreachable as error:
            self.trouble = str(error)
            return False
        self.trouble = None
        self._listened_s = now_s
        self._begin_anew()
        return True

    def _begin_anew(self) -> None:
        """What was under way is not continued by what comes now."""
        self._decoder, self._rejected = self._decode.new_decoder(), 0
