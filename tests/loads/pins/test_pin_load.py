"""What loads on pins share: whatever one contact raises, the next one is opened."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable

import pytest

from pv_heater.errors import HardwareError
from pv_heater.loads.pins.pin_load import PinLoad


class Contact:
    """Satisfies `loads.pin_load.Contact`, closed; `error` is what its pin raises when it is to open."""

    def __init__(self, error: Exception | None = None) -> None:
        self.contact_closed = True
        self.held_open = False
        self._error = error

    def trip(self) -> None:
        self.held_open = True
        self.release()

    def reset(self) -> None:
        self.held_open = False

    def release(self) -> None:
        if self._error is not None:
            raise self._error
        self.contact_closed = False


def test_a_contact_that_cannot_be_opened_does_not_keep_the_next_one_closed(caplog: pytest.LogCaptureFixture) -> None:
    stuck, other = Contact(HardwareError("relay at GPIO17: no such pin")), Contact()
    load = PinLoad("pump", [stuck, other])
    with caplog.at_level(logging.ERROR):
        load.trip()
    assert not other.contact_closed
    assert load.held_open
    assert load.still_on() == "1 of its contacts is closed"
    expected = "pump: the relay could not be opened: relay at GPIO17: no such pin. Switch it off by hand."
    assert caplog.messages == [expected]
    load.reset()
    assert not load.held_open


@pytest.mark.parametrize("error", [HardwareError("no such pin"), ValueError("a bug")])
@pytest.mark.parametrize("end", [PinLoad.trip, PinLoad.close])
def test_every_contact_is_opened_whatever_the_first_one_raises(
    end: Callable[[PinLoad], None], error: Exception
) -> None:
    stuck, other = Contact(error), Contact()
    load = PinLoad("pump", [stuck, other])
    with contextlib.suppress(HardwareError, ValueError):
        end(load)
    assert not other.contact_closed
    assert stuck.contact_closed
    assert load.still_on() is not None


def test_one_contact_that_is_held_open_holds_the_load() -> None:
    held, free = Contact(), Contact()
    held.trip()
    assert PinLoad("pump", [held, free]).held_open
    assert PinLoad("pump", [free, held]).held_open


def test_one_contact_is_spoken_of_as_such() -> None:
    load = PinLoad("pump", [Contact()])
    assert load.still_on() == "its contact is closed"
    load.close()
    assert load.still_on() is None
