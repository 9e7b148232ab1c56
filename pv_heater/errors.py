"""Every error this program raises on purpose, on one page. The type decides what happens, the text is for people.

A message is one or two sentences: what, where, what would be right.
"""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from pathlib import Path


class PvHeaterError(Exception):
    """Base of all our errors. `exit_code` is what the command line ends with."""

    exit_code = 1


class ConfigError(PvHeaterError, ValueError):
    """The settings are wrong. `problems` holds one sentence each, all found at once."""

    exit_code = 2

    def __init__(self, title: str, problems: Sequence[str], places: Sequence[Sequence[str | int]] = ()) -> None:
        """`places`: the keys that lead to each problem, where there are any."""
        self.title = title
        self.problems = tuple(problems)
        self.places = tuple(tuple(place) for place in places)
        count = len(self.problems)
        super().__init__(
            "\n".join(
                [
                    f"{title}: {count} problem{'s' if count != 1 else ''}",
                    *(f"  {problem}" for problem in self.problems),
                ]
            )
        )


class WrongSettings(ConfigError):
    """A change of settings that would make them wrong. `fields`: (the setting, what is wrong with it), all at once."""

    def __init__(self, fields: Sequence[tuple[str, str]]) -> None:
        self.fields = tuple(fields)
        super().__init__("settings", [f"{path}: {message}" for path, message in fields])


class SettingsConflict(PvHeaterError):
    """Somebody else has changed the settings file meanwhile: read it again, then decide."""

    exit_code = 2


class NotEditable(PvHeaterError):
    """The settings cannot be changed from here; the message says why and how else."""

    exit_code = 2


class RecordingError(PvHeaterError, ValueError):
    """A recording cannot be read; the message names the file and the line."""

    exit_code = 2


class HistoryTrouble(PvHeaterError, OSError):
    """The history cannot be written or read now: no space, no rights, a busy file."""

    exit_code = 3


class NoHistory(HistoryTrouble):
    """There is none yet."""

    exit_code = 5

    def __init__(self, path: Path) -> None:
        super().__init__(f"There is no history yet: {path} is not there. A controller that runs keeps one.")


class DamagedHistory(HistoryTrouble):
    """The history's file is no longer what was written."""


class HardwareError(PvHeaterError, OSError):
    """A pin, relay or servo cannot be used."""

    exit_code = 3


class PinBusy(HardwareError):
    """Another running controller holds the pin or the state folder."""

    exit_code = 6


class Refused(PvHeaterError):
    """The running controller does not do what a command asks; the message says what would be right."""

    def __init__(self, message: str, exit_code: int = 2) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class NotRunning(PvHeaterError):
    """No controller answers on this machine. `pid` is the process that should have, by the kernel's word."""

    exit_code = 5

    def __init__(self, message: str, *, pid: int | None = None) -> None:
        super().__init__(message)
        self.pid = pid


class NotOurs(NotRunning):
    """The controller there belongs to another user, who alone may command it."""


class NotBelieved(NotRunning):
    """What answers is a process of a user who has no say about these outputs."""


class SourceError(PvHeaterError):
    """A meter or a forecast did not answer usefully. `retry_after_s` is the source's own wish, if it told one."""

    exit_code = 5

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Unreachable(SourceError):
    """No connection, a time-out, or a server error: worth another try."""


class RateLimited(SourceError):
    """The source asks us to wait; see `retry_after_s`."""


class BadReply(SourceError):
    """An answer that cannot be understood; the message quotes its beginning."""


class AuthRejected(SourceError):
    """The login, the token or the permissions were refused."""

    exit_code = 4


def describe(error: BaseException) -> str:
    """Our own errors speak for themselves; of a bug, its kind, words and place, for a report."""
    if isinstance(error, PvHeaterError):
        return str(error)
    # Without the sources of the lines: reading them takes a descriptor and a cache that threads share.
    places = list(traceback.walk_tb(error.__traceback__))
    frame, line = places[-1] if places else (None, 0)
    place = "" if frame is None else f" at {Path(frame.f_code.co_filename).name} line {line}"
    return f"{type(error).__name__}{place}: {error}"
