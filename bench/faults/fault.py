"""A fault as a small value, and what was seen when it was tried."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from bench.faults.rig import Rig


class Expect(StrEnum):
    """What a fault must come to."""

    OFF = "goes off"
    """It heats, and is off within the bound after the fault."""
    STAYS = "goes on"
    """It heats on, and a SIGTERM while the fault lasts opens the contact within the bound."""
    NEVER = "never on"
    """It is there before the start, and no contact closes."""


class Back(StrEnum):
    """What it takes until it heats again once the fault has ended."""

    ITSELF = "yes"
    NEVER_LEFT = "it went on"
    CLEAR = "needs clear"
    START = "at the next start"
    HANDS = "no"
    """Somebody has to mend what was broken."""


Act = Callable[[Rig], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One that is tried; `name` is what an owner would call it."""

    name: str
    home: str
    """In `homes.HOMES`."""
    does: Act
    bound_s: float
    """Until it is off, from the moment of the fault."""
    sum: str
    """Where the bound comes from."""
    expects: Expect = Expect.OFF
    back: Back = Back.ITSELF
    prepares: Act | None = None
    """What its home needs beside the usual, before the start."""
    ends: Act | None = None
    """Takes the fault away again; None: it has passed, or lasts."""
    done_when: Callable[[Rig], bool] | None = None
    """What ends the time that is measured where it is not that everything is off."""
    may_go_off: bool = False
    """Where nothing has to be switched: it need not go on heating meanwhile either."""
    speed: float = 1.0
    """So many times faster the program's own clock runs; seconds are told as the program has them."""
    says: str = ""
    """Words that the log must have."""
    hold_s: float = 6.0
    """So long it is watched where nothing may change."""
    root: bool = False
    """Only root can do it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What came of one fault."""

    group: str
    name: str
    bound_s: float
    sum: str
    expects: str
    back: str
    measured_s: float | None
    """Until it was off; None where it was not tried."""
    queued_s: float
    """Of these, those in which the program was ready and others had the processor: this machine's, not ours."""
    back_after_s: float | None
    lost_s: float
    """Of the day's counts, over all that happened."""
    wrong: str
    """What was not as promised; empty where all was."""

    @property
    def tried(self) -> bool:
        """Whether this machine could."""
        return self.measured_s is not None or bool(self.wrong)
