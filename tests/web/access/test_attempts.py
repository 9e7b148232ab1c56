"""Guessing is slow, from one address or from a million, and the log says it once."""

import pytest

from pv_heater.web.access.attempts import MOST_ADDRESSES, MOST_NOTICES, Attempts, Notices, network_of


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.168.1.5", "192.168.1.5"),
        ("::ffff:192.168.1.5", "192.168.1.5"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::1"),
        ("unknown", "an unknown address"),
        ("", "an unknown address"),
        (None, "an unknown address"),
    ],
)
def test_one_customer_is_one_network(address: str | None, network: str) -> None:
    assert network_of(address) == network


def test_five_tries_are_free_then_each_waits_twice_as_long_up_to_a_minute() -> None:
    clock = Clock()
    attempts = Attempts(clock)
    waits = []
    for _ in range(14):
        wait_s = attempts.begin("a")
        if wait_s:
            clock.now_s += wait_s / 2
            assert attempts.begin("a") == pytest.approx(wait_s / 2)  # asking meanwhile makes it no longer
            clock.now_s += wait_s / 2
            assert attempts.begin("a") == 0
        waits.append(wait_s)
    assert waits == [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert attempts.begin("b") == 0


def test_the_right_password_and_an_hour_make_it_free_again() -> None:
    clock = Clock()
    attempts = Attempts(clock)
    for _ in range(5):
        attempts.begin("a")
    clock.now_s += 1
    assert attempts.begin("a") == 0
    attempts.right("a")
    assert [attempts.begin("a") for _ in range(6)] == [0, 0, 0, 0, 0, 1]
    clock.now_s += 3600
    assert [attempts.begin("a") for _ in range(6)] == [0, 0, 0, 0, 0, 1]


def test_many_addresses_share_twenty_a_minute_but_nobody_locks_out_who_was_in_before() -> None:
    clock = Clock()
    attempts = Attempts(clock)
    attempts.begin("home")
    attempts.right("home")
    assert [attempts.begin(f"n{number}") for number in range(20)] == [0] * 20
    clock.now_s += 10
    assert [attempts.begin(f"m{number}") for number in range(3)] == [50, 50, 50]
    assert attempts.begin("home") == 0
    clock.now_s += 50
    assert attempts.begin("m0") == 0


def test_a_try_that_was_not_looked_at_does_not_count() -> None:
    attempts = Attempts(Clock())
    for number in range(100):
        assert attempts.begin(f"a{number % 2}") == 0
        attempts.forgiven(f"a{number % 2}")


def test_a_million_addresses_take_no_memory() -> None:
    clock = Clock()
    attempts, notices = Attempts(clock), Notices(clock, lambda text: None)
    for number in range(20_000):
        clock.now_s += 3.0
        assert attempts.begin(f"n{number}") == 0
        notices.tell("password", f"n{number}", "wrong")
    assert len(attempts._tries) <= MOST_ADDRESSES
    assert len(attempts._minute) <= 20
    assert len(notices._said) <= MOST_NOTICES


def test_one_line_an_hour_for_an_address_and_few_in_all() -> None:
    clock, lines = Clock(), list[str]()
    notices = Notices(clock, lines.append)
    for _ in range(50):
        notices.tell("password", "10.0.0.5", "a wrong password from 10.0.0.5")
    assert lines == ["page: a wrong password from 10.0.0.5; more of this from 10.0.0.5 is not logged for an hour"]
    notices.tell("host", "10.0.0.5", "another thing")
    clock.now_s += 3600
    notices.tell("password", "10.0.0.5", "again")
    assert len(lines) == 3
    for number in range(100):
        notices.tell("password", f"n{number}", "wrong")
    assert len(lines) == 2 + MOST_NOTICES + 1
    assert "30 kinds and addresses were refused within an hour" in lines[-1]
    clock.now_s += 3600
    notices.tell("password", "later", "wrong")
    assert "later" in lines[-1]
