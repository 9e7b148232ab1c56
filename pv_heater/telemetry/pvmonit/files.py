"""PvMonit's files: the modes of its relays, which other scripts may change, and their states, which they may read.

The home is right: what stands in the file of modes and is not what was written last is somebody's wish, handed on once;
then the file shows what became of it. It is replaced as a whole, under a lock that scripts may take too (the file's
name with `.lock`), and never when somebody wrote it since it was read.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import stat
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import setting
from pv_heater.errors import BadReply, SourceError, Unreachable
from pv_heater.io.system.own_files import is_shared
from pv_heater.io.system.state_file import write_atomically
from pv_heater.ports import Tools
from pv_heater.status.relays import FORCED_ON, may_be_for_good, mode_asked, relay_modes, relay_names, relay_states

log = logging.getLogger(__name__)

MOST_BYTES = 4096
SETTLE_S = 12.0
"""So long after a wish the load may take to follow it: a tick is made every 5 s at least."""
OLD_S = 600.0
"""What was written so long before this program started is no wish any more."""
NEW_MODE = 0o664
KEPT = "pvmonit_modes.json"
"""In the state folder: what was written last, so that a restart knows its own words."""
_LOCK_TRIES, _LOCK_PAUSE_S = 10, 0.1
Document = Mapping[str, Any]


class PvMonitFiles:
    """Satisfies `ports.Publisher`; `tell` is for one thread."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Settings:
        """Where the files are, and how long what they ask for lasts."""

        modes_file: str = setting("file of the modes, read and written", default="/tmp/PvMonit_domo_mod")
        states_file: str = setting("file of the states, written only", default="/tmp/PvMonit_domo_etat")
        forced_for_s: float = setting(
            "how long a forced mode lasts that is written there, as it cannot say it; without an end for a load with "
            "forced_without_end",
            default=7200.0,
            unit="s",
            minimum=60,
            maximum=604_800,
        )
        interval_s: float = setting("how often they are looked at", default=2.0, unit="s", minimum=1, maximum=60)

    def __init__(self, settings: Settings, tools: Tools) -> None:
        """Touches nothing yet."""
        self._settings = settings
        self._clock = tools.clock
        self._modes, self._states = Path(settings.modes_file), Path(settings.states_file)
        self._kept = tools.state_dir / KEPT
        self._shown: dict[str, int] | None = None
        """What was written last; None before it is known."""
        self._wished: dict[str, tuple[int, float]] = {}
        self._garbage: bytes | None = None
        self._said: set[str] = set()

    @property
    def interval_s(self) -> float:
        """Seconds from one look to the next."""
        return self._settings.interval_s

    def tell(self, document: Document | None, at_s: float) -> Sequence[Mapping[str, Any]]:
        """Hand on what others wrote, and write what is true. Raises SourceError."""
        if document is None or not document["loads"]:
            return ()
        if is_shared(self._modes.parent):
            self._say(f"whoever may write into {self._modes.parent} may switch the loads by {self._modes.name}")
        try:
            with self._locked():
                requests = self._look(document, at_s)
                self._write(self._states, relay_states(document))
        except OSError as error:
            raise Unreachable(f"{error.filename or self._modes}: {error.strerror or error}") from None
        return requests

    def ask(self) -> str:
        """What stands in the file of modes. Raises SourceError."""
        try:
            content, _ = _read(self._modes)
        except FileNotFoundError:
            return f"{self._modes} is not there yet and will be made"
        except OSError as error:
            raise Unreachable(f"{self._modes}: {error.strerror or error}") from None
        modes = _parsed(content)
        if modes is None:
            raise BadReply(f"{self._modes} is no file of modes: {content[:60]!r}")
        return f"{self._modes} has the modes of {len(modes)} relays"

    def close(self) -> None:
        """Nothing is open."""

    def _look(self, document: Document, at_s: float) -> list[dict[str, Any]]:
        truth = relay_modes(document)
        requests: list[dict[str, Any]] = []
        try:
            content, mark = _read(self._modes)
        except FileNotFoundError:
            content, mark = b"{}", None
        given = _parsed(content)
        if given is None:
            if self._is_still_garbage(content):
                self._write(self._modes, truth, mark)
                self._keep(truth)
            return requests
        self._garbage = None
        names = relay_names(document)
        for number, value in self._changed(given, truth, mark).items():
            if number not in names:
                self._say(
                    f"{self._modes} has a mode for relay {number}, and there are {len(names)} loads; it is ignored"
                )
            elif mode_asked(value) is not mode_asked(truth[number]):
                mode = mode_asked(value)
                forced, for_good = value in (0, FORCED_ON), may_be_for_good(document, names[number])
                requests.append({
                    "command": "force", "load": names[number], "mode": str(mode), "who": "PvMonit's file",
                    "for_s": self._settings.forced_for_s if forced and not for_good else None,
                    "for_good": forced and for_good,
                })  # fmt: skip
                self._wished[number] = (value, at_s)
        self._wished = {number: wish for number, wish in self._wished.items() if at_s - wish[1] < SETTLE_S}
        wanted = {**truth, **{number: value for number, (value, _) in self._wished.items() if number in truth}}
        if wanted != given and not self._write(self._modes, wanted, mark):
            return requests  # somebody was quicker; it is read again
        if wanted != self._shown:
            self._keep(wanted)
        return requests

    def _changed(self, given: Mapping[str, int], truth: Mapping[str, int], mark: _Mark | None) -> dict[str, int]:
        """What others wrote since we did. What is older than this program's start by far is not obeyed."""
        if self._shown is None:
            self._shown = _parsed_file(self._kept)
            if self._shown is None:  # the first time: nobody knows whose words these are
                self._keep(truth)
                return {}
            if mark is not None and self._clock.now().timestamp() - mark.written_s > OLD_S:
                self._say(f"what {self._modes} asks for is older than {OLD_S / 60:.0f} min and is not obeyed")
                return {}
        return {number: value for number, value in given.items() if value != self._shown.get(number)}

    def _is_still_garbage(self, content: bytes) -> bool:
        """Whether it was the same at the look before: a file that is being written may look so for a moment."""
        before, self._garbage = self._garbage, content
        if before != content:
            return False
        self._say(f"{self._modes} is no file of modes ({content[:40]!r}); it is ignored and written anew")
        return True

    def _write(self, path: Path, numbers: Mapping[str, int], mark: _Mark | None = None) -> bool:
        """Replace the file unless it says so already; False where somebody wrote it since `mark`. Raises OSError."""
        text = json.dumps(numbers, separators=(",", ":"))
        with suppress(FileNotFoundError):
            content, now = _read(path)
            if content == text.encode():
                return True
            if mark is not None and now != mark:
                return False
            mark = now
        write_atomically(path, text, NEW_MODE if mark is None else mark.mode)
        os.chmod(path, NEW_MODE if mark is None else mark.mode)
        return True

    def _keep(self, modes: Mapping[str, int]) -> None:
        self._shown = dict(modes)
        write_atomically(self._kept, json.dumps(self._shown))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Raises SourceError when somebody holds it for more than a second."""
        place = self._modes.with_name(f"{self._modes.name}.lock")
        handle = os.open(place, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, NEW_MODE)
        try:
            for _ in range(_LOCK_TRIES):
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    time.sleep(_LOCK_PAUSE_S)
            else:
                raise SourceError(f"somebody holds {place}, so modes are neither read nor written")
            yield
        finally:
            os.close(handle)

    def _say(self, text: str) -> None:
        if text not in self._said and len(self._said) < 20:
            self._said.add(text)
            log.warning("pvmonit: %s.", text)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mark:
    """A file as it was when it was read."""

    inode: int
    written_ns: int
    size: int
    mode: int

    @property
    def written_s(self) -> float:
        return self.written_ns / 1e9


def _read(path: Path) -> tuple[bytes, _Mark]:
    """A plain file's content, cut, and its mark; no link is followed. Raises OSError."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(22, "it is not a plain file", str(path))
        content = os.read(handle, MOST_BYTES + 1)
    finally:
        os.close(handle)
    mode = stat.S_IMODE(found.st_mode)
    return content, _Mark(inode=found.st_ino, written_ns=found.st_mtime_ns, size=found.st_size, mode=mode)


def _parsed(content: bytes) -> dict[str, int] | None:
    """Modes by relay; what is no mode is left out. None for what is no object at all."""
    if len(content) > MOST_BYTES:
        return None
    try:
        found = json.loads(content.decode())
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    return {
        number: value
        for number, value in found.items()
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= FORCED_ON
    }


def _parsed_file(path: Path) -> dict[str, int] | None:
    try:
        return _parsed(_read(path)[0])
    except OSError:
        return None
