"""What is kept of a password, and which are taken. One pass of the real cost is enough; else a cheap one serves."""

import threading
from itertools import count

import pytest

from pv_heater.web.access.passwords import ARMV6, USUAL, Busy, Cost, StoredPassword, Turnstile, cost_for, weakness

CHEAP = Cost(n=2, r=1, p=1)


def test_the_real_cost_is_what_owasp_asks_for_and_less_on_the_first_pis() -> None:
    assert cost_for("aarch64") == cost_for("armv7l") == USUAL == Cost(n=2**14, r=8, p=5)
    assert cost_for("armv6l") == ARMV6 == Cost(n=2**14, r=8, p=1)
    stored = StoredPassword.of("correct horse battery", ARMV6)
    assert stored.written().startswith("scrypt$16384$8$1$")
    assert stored.matches("correct horse battery")


def test_what_is_written_is_read_again_and_each_has_a_salt_of_its_own() -> None:
    one, two = (StoredPassword.of("correct horse battery", CHEAP) for _ in range(2))
    assert StoredPassword.parse(one.written()) == one
    assert one.written() != two.written()
    assert one.matches("correct horse battery")
    assert not one.matches("correct horse batterz")
    assert one.digest.hex() not in repr(one)
    assert "digest" not in repr(one)


def test_a_phone_and_a_keyboard_write_the_same_password() -> None:
    assert StoredPassword.of("Küche mit Wärme", CHEAP).matches("Ku\u0308che mit Wa\u0308rme")


GOOD = StoredPassword.of("correct horse battery", CHEAP).written()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "correct horse battery",
        GOOD + "$",
        GOOD.replace("scrypt", "md5"),
        GOOD.replace("$2$1$1$", "$2$1$-1$"),
        GOOD.replace("$2$1$1$", "$3$1$1$"),
        GOOD.replace("$2$1$1$", f"${2**40}$1$1$"),
        GOOD.replace("$2$1$1$", "$2$1$99$"),
        GOOD.replace("$2$1$1$", "$2$²$1$"),
        GOOD[:-8],
        GOOD[:-4] + "!!!!",
        "scrypt$2$1$1$$",
    ],
    ids=count(),  # the texts are salted: every worker of the suite would name them otherwise
)
def test_a_damaged_hash_is_no_password_and_costs_nothing(text: str) -> None:
    with pytest.raises(ValueError, match="hash"):
        StoredPassword.parse(text)


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("", "0 characters"),
        ("short", "5 characters"),
        ("x" * 201, "201 characters"),
        ("aaaaaaaaaaaa", "1 different"),
        ("abababababab", "2 different"),
        ("Password123", "'password'"),
        ("motdepasse!!", "'motdepasse'"),
        ("1234567890", "'123456789'"),
        ("tab\there and there", "control character"),
    ],
)
def test_a_weak_password_is_refused_with_what_would_be_right(password: str, why: str) -> None:
    assert why in (weakness(password) or "")


@pytest.mark.parametrize("password", ["correct horse battery", "Zwölf Kühe im Klee", "k3;Vq0-zTe"])
def test_a_good_one_is_taken(password: str) -> None:
    assert weakness(password) is None


def test_one_is_looked_at_one_waits_and_a_third_is_sent_away() -> None:
    turnstile, may_leave = Turnstile(), threading.Event()
    inside, refused = [0], threading.Semaphore(0)
    most_inside = [0]

    def look() -> None:
        try:
            with turnstile.passed():
                inside[0] += 1
                most_inside[0] = max(most_inside[0], inside[0])
                may_leave.wait(20)
                inside[0] -= 1
        except Busy:
            refused.release()

    threads = [threading.Thread(target=look) for _ in range(5)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        assert refused.acquire(timeout=20)
    may_leave.set()
    for thread in threads:
        thread.join(20)
    assert most_inside == [1]
    with turnstile.passed():
        pass
