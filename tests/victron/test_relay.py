"""A relay that others move too, through random hours: what holds whatever they do."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pv_heater.errors import SourceError, Unreachable
from pv_heater.victron.relay import OVERRULED_S, ContactState, GxRelayDevice
from tests.source_tools import HandClock

STEPS = st.lists(
    st.sampled_from(
        ["on", "on", "off", "other opens", "other closes", "other use", "ours again", "deaf", "hears", "away", "back",
         "minute", "five minutes"]
    ),
    max_size=40,
)  # fmt: skip


class SharedContact:
    """Satisfies `victron.relay.Contact`."""

    name = "relay 1"

    def __init__(self) -> None:
        self.closed = self.other_use = self.deaf = self.away = False
        self.moves: list[bool] = []

    def look(self) -> ContactState:
        if self.away:
            raise Unreachable("it does not answer")
        return ContactState(closed=self.closed, objection="it is a generator's" if self.other_use else None)

    def move(self, closed: bool) -> None:
        self.moves.append(closed)
        if not self.deaf:
            self.closed = closed

    def close(self) -> None:
        """Nothing is open."""


class Hour:
    def __init__(self) -> None:
        self.contact, self.clock = SharedContact(), HandClock()
        self.device = GxRelayDevice(self.contact, self.clock, read_back_s=0.0)

    def step(self, word: str) -> None:
        contact = self.contact
        if word in ("on", "off"):
            self.command(word == "on")
        elif word in ("minute", "five minutes"):
            self.clock.advance(60.0 if word == "minute" else OVERRULED_S)
        elif word in ("other opens", "other closes"):
            contact.closed = word == "other closes"
        else:
            contact.other_use = {"other use": True, "ours again": False}.get(word, contact.other_use)
            contact.deaf = {"deaf": True, "hears": False}.get(word, contact.deaf)
            contact.away = {"away": True, "back": False}.get(word, contact.away)

    def command(self, on: bool) -> None:
        contact, before = self.contact, len(self.contact.moves)
        usable = not contact.away and not contact.other_use
        was_closed = contact.closed
        try:
            self.device.set_power(1500.0 if on else 0.0)
        except SourceError:
            assert on or not usable or contact.deaf, (
                "off is never refused for another reason than that it cannot be done"
            )
        else:
            assert usable
            assert contact.closed == on, "what is confirmed is so"
        moves = contact.moves[before:]
        assert len(moves) <= 1
        assert not (contact.other_use and True in moves), "a generator is never started"
        if not on and usable and was_closed:
            assert moves == [False], "off is always asked for"


@given(STEPS)
def test_what_is_confirmed_is_so_off_is_always_asked_for_and_another_use_never_disturbed(steps: list[str]) -> None:
    hour = Hour()
    for word in steps:
        hour.step(word)


def test_two_programs_that_argue_move_the_contact_once_in_five_minutes() -> None:
    hour = Hour()
    for _ in range(900):
        hour.command(True)
        hour.contact.closed = False
        hour.clock.advance(2.0)
    assert hour.contact.moves.count(True) <= 30 * 60 / OVERRULED_S + 1
