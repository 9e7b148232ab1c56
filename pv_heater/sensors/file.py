"""A number of the owner's own in a file that something else on this machine writes."""

from __future__ import annotations

import os
import stat

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import SettingProblem, setting
from pv_heater.errors import BadReply, Unreachable
from pv_heater.io.net.json_path import JsonPath, document_of
from pv_heater.ports import Tools
from pv_heater.sensors.own import Meaning, own_number
from pv_heater.sensors.values import age_limit_s, check_age, value_at

_MOST_BYTES = 65_536


class FileValue:
    """Reads it again and again; satisfies `ports.Sensor`."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Settings(Meaning):
        """Which file, and what the number is."""

        file: str = setting("the file, with its whole path, such as /run/humidity.json")
        path: str = setting(
            "where the number is in a JSON file; $ where the file holds nothing but the number",
            default="$",
            check=JsonPath.parse,
        )
        scale: float = setting("the number is multiplied by this", default=1.0, minimum=-1000, maximum=1000)
        interval_s: float = setting("how often it is read", default=10.0, unit="s", minimum=1, maximum=300)

        def __post_init__(self) -> None:
            check_age(self.max_age_s, self.interval_s)
            if not os.path.isabs(self.file):
                raise SettingProblem(f"must be a whole path such as /run/humidity.json, not {self.file!r}", "file")
            self.check_meaning()

    def __init__(self, settings: Settings, tools: Tools) -> None:
        self._settings = settings
        self._clock = tools.clock
        self._path = JsonPath.parse(settings.path)
        self._written: tuple[float, float] | None = None
        """The file's own stamp, and the monotonic second at which it was first seen: a clock may have been set."""
        self.interval_s = settings.interval_s
        self.max_age_s = age_limit_s(settings.max_age_s, settings.interval_s)

    def read(self) -> float:
        """The number that stands there now; raises SourceError, also where nobody has written it for too long."""
        file = self._settings.file
        try:
            text, stamp_s = _text(file)
        except OSError as error:
            raise Unreachable(f"{file} cannot be read: {error.strerror or error}") from None
        if self._written is None or self._written[0] != stamp_s:
            self._written = stamp_s, self._clock.monotonic_s()
        age_s = max(self._clock.now().timestamp() - stamp_s, self._clock.monotonic_s() - self._written[1])
        if age_s > self.max_age_s:
            raise Unreachable(f"{file} was last written {age_s:.0f} s ago, and the limit is {self.max_age_s:.0f} s")
        if len(text) > _MOST_BYTES:
            raise BadReply(f"{file} is larger than any number needs")
        return own_number(value_at(self._path, document_of(text), file, "value"), file, settings=self._settings)

    def close(self) -> None:
        """Nothing is kept open."""


def _text(file: str) -> tuple[bytes, float]:
    """What stands in an ordinary file, and when it was written; never waits for a pipe. Raises OSError."""
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as opened:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OSError("it is no ordinary file")
        return opened.read(_MOST_BYTES + 1), found.st_mtime
