"""The watchdog thread's look, on a clock that a test moves."""

from pv_heater.io.system.watchdog import Watchdog


class Contact:
    """The part of a load that a watchdog touches."""

    def __init__(self, name: str, error: Exception | None = None) -> None:
        self.name = name
        self.error = error
        self.trips = 0

    def trip(self) -> None:
        self.trips += 1
        if self.error is not None:
            raise self.error


class Silence:
    def __init__(self, *contacts: Contact) -> None:
        self.now_s = 0.0
        self.watchdog = Watchdog(contacts, lambda: self.now_s)  # type: ignore[arg-type]

    def last(self, seconds: float) -> None:
        self.now_s += seconds
        self.watchdog.look()


def test_contacts_open_after_ten_seconds_without_a_tick() -> None:
    contact = Contact("boiler")
    silence = Silence(contact)
    silence.last(10.0)
    assert (contact.trips, silence.watchdog.tripped()) == (0, None)
    silence.last(0.1)
    assert contact.trips == 1
    assert silence.watchdog.tripped() == "watchdog: the loop completed no tick for 10 s"


def test_contacts_are_told_again_at_every_look() -> None:
    contact = Contact("boiler")
    silence = Silence(contact)
    for _ in range(4):
        silence.last(11.0)
    assert contact.trips == 4


def test_a_bug_in_one_load_keeps_neither_the_next_one_on_nor_the_watchdog_from_looking() -> None:
    broken, other = Contact("boiler", ValueError("a bug")), Contact("pool")
    silence = Silence(broken, other)
    silence.last(11.0)
    silence.last(2.5)
    assert (broken.trips, other.trips) == (2, 2)


def test_a_tick_that_comes_back_does_not_end_what_was_latched() -> None:
    silence = Silence(Contact("boiler"))
    silence.last(11.0)
    silence.watchdog.pet(0.0)
    silence.last(1.0)
    assert silence.watchdog.tripped() is not None
    silence.watchdog.reset()
    silence.last(1.0)
    assert silence.watchdog.tripped() is None


def test_a_trip_that_the_loop_was_not_given_yet_outlasts_a_clear_of_an_earlier_one() -> None:
    silence = Silence(Contact("boiler"))
    assert silence.watchdog.tripped() is None
    silence.last(11.0)
    silence.watchdog.reset()
    assert silence.watchdog.tripped() is not None
