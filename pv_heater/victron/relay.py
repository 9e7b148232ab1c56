"""A relay of a GX device as an output, whichever way it is reached: looked at often, written seldom, never argued with.

Victron's software takes a write and says nothing when it refuses it; programs of its own (generator, tank pump,
temperature) move the contact when they think fit. So each write is read back, the contact is looked at every two
seconds, and a contact that something else opened is left open for a while.
"""

from __future__ import annotations

import logging
from typing import Protocol

from pv_heater.core.model.lean import dataclass
from pv_heater.errors import BadReply, SourceError, Unreachable
from pv_heater.loads.network.networked import Settling
from pv_heater.ports import Clock

log = logging.getLogger(__name__)

LOOK_S = 2.0
"""Another owner was seen to move the contact back after 0.8 s."""
READ_BACK_S = 1.0
"""A write shows within milliseconds over MQTT, and up to a second later over Modbus."""
OVERRULED_S = 300.0
"""A contact that something else opened stays open this long: two programs that argue wear it out."""
MANUAL = 2
_FUNCTIONS = {
    -1: "disabled", 0: "alarm", 1: "generator start/stop", 3: "tank pump", 4: "temperature", 5: "generator helper",
    6: "opportunity loads",
}  # fmt: skip
"""Values of Settings/Relay/Function, as Victron's own pages name them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactState:
    """What the device says about one of its relays."""

    closed: bool | None
    """None: the relay is not there, or is disabled."""
    objection: str | None = None
    """Why we must not move it; None: we may."""
    unanswered: str | None = None
    """What the device did not say this time, without which nobody knows whether we may; None: it said all."""
    open_may_be_disabled: bool = False
    """True: a disabled relay, whose contact may be closed, shows as open here too."""


class Contact(Protocol):
    """One relay of one device. Both may block for seconds and raise SourceError."""

    name: str
    """Such as: relay 1 of the GX device at venus.local."""

    def look(self) -> ContactState:
        """How it is now."""
        ...

    def move(self, closed: bool) -> None:
        """Ask for it to be closed or open; whether it obeys shows when one looks."""
        ...

    def close(self) -> None:
        """End the connection. From any thread; may be repeated."""
        ...


def objection_to(function: object, polarity: object) -> str | None:
    """Why a relay with these settings must not be moved by us; None when it may. Numbers as Victron stores them."""
    if function is None:
        return "the device does not tell what the relay is used for; its software may be too old"
    if function != MANUAL:
        use = _FUNCTIONS.get(function, f"function {function}") if isinstance(function, int) else str(function)
        return f"its function is {use}; set it to Manual in the device's menu (Settings, Relay)"
    if polarity not in (None, 0):
        return (
            "its polarity is normally closed, so it would heat while the device has no power; set it to normally open"
        )
    return None


def state_text(name: str, state: ContactState) -> str:
    """One look in words, for `check`; raises BadReply where the relay cannot be used."""
    if state.objection is not None:
        raise BadReply(f"{name} cannot be used: {state.objection}")
    if state.closed is None:
        raise BadReply(f"{name} is disabled, or there is no such relay")
    if state.unanswered is not None:
        raise BadReply(f"{name} did not say {state.unanswered}")
    return f"{name} is {'closed' if state.closed else 'open'}"


class GxRelayDevice:
    """Satisfies `ports.Device`: power or none."""

    refresh_s = LOOK_S

    def __init__(self, contact: Contact, clock: Clock, *, read_back_s: float = READ_BACK_S) -> None:
        """`read_back_s` is for tests."""
        self._contact, self._clock = contact, clock
        self._settling = Settling(longest_s=read_back_s)
        self._ours: bool | None = None
        """How we left the contact; None while that is not known, at the start and after any trouble."""
        self._closed_by_us = False
        self._overruled_s: float | None = None
        """When something else opened it."""
        self._left_closed: bool | None = None
        """Whether it was closed when it was last seen, or told to close since; None: it was never seen."""
        self._doubt: str | None = None

    def may_be_on(self) -> str | None:
        """Why its contact may be closed; None when it was seen open, or nothing was tried yet."""
        return self._doubt

    def set_power(self, power_w: float) -> None:
        """Make sure the contact is closed for any power, open for none. Raises SourceError when it is not."""
        try:
            self._set(power_w > 0)
        except SourceError:
            self._ours = None
            raise

    def close(self) -> None:
        """End the connection."""
        self._settling.close()
        self._contact.close()

    def _set(self, closed: bool) -> None:
        state = self._contact.look()
        self._see(state)
        if state.objection is not None:
            self._let_go(state)
            raise BadReply(f"{self._contact.name} cannot be used: {state.objection}{self._and_may_be_closed()}")
        if state.closed is None:
            raise BadReply(f"{self._contact.name} is disabled, or there is no such relay{self._and_may_be_closed()}")
        if state.unanswered is not None:
            self._stay_or_open(state, closed)
            return
        self._note_others(state)
        if closed:
            self._raise_if_overruled()
        if state.closed != closed:
            self._move(closed)
        self._ours, self._closed_by_us = closed, closed

    def _see(self, state: ContactState, *, was_opened: bool = False) -> None:
        """What a look says about the contact, whatever we want of it. `was_opened`: it was closed, and told to open."""
        name = self._contact.name
        if state.closed:
            self._left_closed, self._doubt = True, f"{name} is closed"
        elif state.closed is None:
            if self._left_closed is not False:
                self._doubt = (
                    f"the contact of {name} may still be closed: a relay that is disabled keeps its contact as it was, "
                    "and does not show it. Set its function to Manual, or switch it off by hand"
                )
        elif state.open_may_be_disabled and self._left_closed and not was_opened:
            self._doubt = (
                f"{name} reads open and was not opened from here: something else opened it, or its function was set to "
                "disabled and its contact is still closed. Set its function to Manual, or switch it off by hand"
            )
        else:
            self._left_closed, self._doubt = False, None

    def _and_may_be_closed(self) -> str:
        return "" if self._doubt is None else f"; {self._doubt}"

    def _let_go(self, state: ContactState) -> None:
        """The relay is used for something else now; a heater that we switched on goes off first."""
        if self._closed_by_us and state.closed:
            self._closed_by_us = False  # asked for once: it may be a generator's now
            self._contact.move(False)
            self._see(self._settling.ask(self._contact.look, lambda state: not state.closed), was_opened=True)

    def _stay_or_open(self, state: ContactState, closed: bool) -> None:
        """Nobody knows whether we may move it: what we closed may be opened, everything else stays as it is."""
        if not closed and state.closed and self._closed_by_us:
            self._move(False)
            self._closed_by_us = False
        elif closed or state.closed:
            raise Unreachable(f"{self._contact.name} did not say {state.unanswered}")

    def _note_others(self, state: ContactState) -> None:
        if self._ours is None or self._ours == state.closed:
            return
        if state.closed:
            log.warning("%s was closed by something else; it is opened again.", self._contact.name)
        else:
            self._overruled_s = self._clock.monotonic_s()
            if self._doubt is not None:
                log.warning("%s.", self._doubt)

    def _raise_if_overruled(self) -> None:
        if self._overruled_s is None:
            return
        since_s = self._clock.monotonic_s() - self._overruled_s
        if since_s < OVERRULED_S:
            if self._doubt is not None:
                raise BadReply(f"{self._doubt}. It is tried again in {OVERRULED_S - since_s:.0f} s")
            raise BadReply(
                f"{self._contact.name} was opened by something else {since_s:.0f} s ago; "
                f"it is left alone for {OVERRULED_S - since_s:.0f} s. Which other program or rule switches it?"
            )
        self._overruled_s = None

    def _move(self, closed: bool) -> None:
        self._closed_by_us = self._closed_by_us or closed
        left_closed = self._left_closed
        if closed:
            self._left_closed, self._doubt = True, f"{self._contact.name} was told to close"
        self._contact.move(closed)
        state = self._settling.ask(self._contact.look, lambda state: state.closed == closed)
        if closed and state.closed is False:
            self._left_closed = left_closed  # it was refused
        self._see(state, was_opened=not closed)
        if state.closed == closed:
            return
        raise Unreachable(
            f"{self._contact.name} did not {'close' if closed else 'open'} within {READ_BACK_S:g} s; "
            "the device refused without a word, or something else moved it back at once"
        )
