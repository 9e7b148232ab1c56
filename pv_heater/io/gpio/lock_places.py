"""Where locks on pins lie: a folder of our own, and the device behind the pins."""

from __future__ import annotations

import fcntl
import os
import struct
import zlib
from pathlib import Path

from pv_heater.core.model.lean import dataclass
from pv_heater.io.system.own_files import make_own_folder

_FLOCK = "hhqqi4x"
"""struct flock64, fcntl.h: kind, whence, start, length, process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockPlaces:
    """Where locks lie. Everybody has a folder of his own, made by himself, which no other user can write."""

    run: Path = Path("/run")
    shared: tuple[Path, ...] = (Path("/run/lock"), Path("/tmp"))
    """World-writable folders with a sticky bit, the best first (Filesystem Hierarchy Standard 3.0, section 3.15.7).
    Not $XDG_RUNTIME_DIR: that is removed at log-out while a controller in a screen runs on, and a service has none."""
    devices: Path = Path("/dev")

    @property
    def service_folder(self) -> Path:
        """Made by root, or by systemd for the user of the service (RuntimeDirectory=)."""
        return self.run / "pv-heater"

    def own_folder(self) -> Path | None:
        """Our own folder, made if need be; None where there is no place for one."""
        uid = os.geteuid()
        folders = [folder / f"pv-heater-{uid}" for folder in self.shared]
        service = self.service_folder
        if uid == 0 or (service.is_dir() and service.stat().st_uid == uid):
            folders.insert(0, service)
        for folder in folders:
            try:
                make_own_folder(folder)
            except OSError:
                continue
            return folder
        return None

    def folders(self) -> list[Path]:
        """Where others may hold locks that we can see: root looks at everybody's."""
        word = "*" if os.geteuid() == 0 else str(os.geteuid())
        found = (path for folder in self.shared for path in sorted(folder.glob(f"pv-heater-{word}")))
        return [self.service_folder, *found]

    def pin_devices(self) -> list[Path]:
        """What the pin libraries open, the same order for everybody."""
        chips = sorted(self.devices.glob("gpiochip*"), key=lambda path: (len(path.name), path.name))
        return [*chips, *sorted(self.devices.glob("gpiomem*"))]


SYSTEM = LockPlaces()


def is_free(name: str, places: LockPlaces) -> bool:
    """Whether the device says that nobody holds this pin; False where it cannot be asked."""
    fd = open_device(places)
    if fd is None:
        return False
    try:
        answer = fcntl.fcntl(fd, fcntl.F_OFD_GETLK, byte_of(name))
        return bool(struct.unpack(_FLOCK, answer)[0] == fcntl.F_UNLCK)
    except OSError:
        return False
    finally:
        os.close(fd)


def open_device(places: LockPlaces) -> int | None:
    """A descriptor of the device behind the pins; None without one, or without a right to it."""
    device = next(iter(places.pin_devices()), None)
    try:
        return None if device is None else os.open(device, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None


def byte_of(name: str) -> bytes:
    """The lock of one pin: a byte for each. It belongs to the descriptor: a library that closes its own loses none."""
    return struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, zlib.crc32(name.encode()), 1, 0)
