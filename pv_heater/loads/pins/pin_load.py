"""What loads on pins of this machine have in common: how they are tripped, freed, asked whether they are on, and ended.

A contact is a `Contact`: a relay's pin, or a solid-state relay with the thread that switches it. What one contact
raises never keeps the next from being opened.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Protocol

from pv_heater.errors import HardwareError

log = logging.getLogger(__name__)


class Contact(Protocol):
    """What can stop the current of a load. Safe to use from two threads."""

    @property
    def contact_closed(self) -> bool:
        """Whether current may pass: it was last set to be closed, or could not be opened."""
        ...

    @property
    def held_open(self) -> bool:
        """Whether `trip` forbids closing."""
        ...

    def trip(self) -> None:
        """Open from another thread and hold open until `reset`. Raises HardwareError."""
        ...

    def reset(self) -> None:
        """Allow closing again."""
        ...

    def release(self) -> None:
        """Open, and let the pin go. Raises HardwareError."""
        ...


class PinLoad:
    """The half of `ports.Load` that does not depend on how the power is made; `apply`, `safe` and `power_w` do."""

    tries: tuple[str, ...] = ("click",)
    """How commissioning may try it, see `run.trials`."""

    def __init__(self, name: str, contacts: Sequence[Contact]) -> None:
        """`contacts` are opened in this order by `trip` and `close`."""
        self.name = name
        self._contacts = tuple(contacts)

    @property
    def held_open(self) -> bool:
        """Whether `trip` forbids closing."""
        return any(contact.held_open for contact in self._contacts)

    def trip(self) -> None:
        """Open every contact from another thread and hold it open until `reset`."""
        try_all(partial(self._trip, contact) for contact in self._contacts)

    def reset(self) -> None:
        """Allow closing again."""
        for contact in self._contacts:
            contact.reset()

    def still_on(self) -> str | None:
        """Whether a contact is closed, or could not be opened."""
        closed = sum(contact.contact_closed for contact in self._contacts)
        if not closed:
            return None
        if len(self._contacts) == 1:
            return "its contact is closed"
        return f"{closed} of its contacts {'is' if closed == 1 else 'are'} closed"

    def trouble(self) -> None:
        """Pins are always within reach."""

    def close(self) -> None:
        """Open every contact and let the pins go. Raises HardwareError after having tried all."""
        try_all(contact.release for contact in self._contacts)

    def _trip(self, contact: Contact) -> None:
        try:
            contact.trip()
        except HardwareError as error:
            log.error("%s: the relay could not be opened: %s. Switch it off by hand.", self.name, error)


def try_all(calls: Iterable[Callable[[], None]]) -> None:
    """Make every call, whatever the others raise; then raise what the first one that failed did."""
    problems = []
    for call in calls:
        try:
            call()
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not keep the next contact closed
            problems.append(error)
    if problems:
        raise problems[0]
