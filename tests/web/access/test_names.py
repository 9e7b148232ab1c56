"""The page answers to its own names only, and changes nothing for a foreign page."""

import pytest

from pv_heater.web.access.names import Names, is_foreign_part, is_loopback, through_somebody

NAMES = Names("Heizung.fritz.box", ["pv.example.org"], "https://sun.example.org/heater")


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:8080", "192.168.1.5", "[::1]:8080", "[fe80::1]", "localhost", "LOCALHOST:80", "localhost.",
        "pv-heater.local:8080", "heizung", "heizung.fritz.box:8080", "pv.example.org", "sun.example.org:443",
    ],
)  # fmt: skip
def test_its_own_names(host: str) -> None:
    assert NAMES.know(host)


@pytest.mark.parametrize(
    "host",
    [
        None, "", "evil.example", "pv.example.org.evil.example", "xpv.example.org", "localhost.evil.example", "local",
        "127.0.0.1.evil.example", "127.1", "0x7f000001", "2130706433", "127.0.0.1, evil.example", "evil@127.0.0.1",
        "127.0.0.1:8080:1", "[::1", "[localhost]", "::1", "a b.local", ".local", "/.local", "\u217c\u2134cal.local",
        "127.0.0.1:x", "x" * 300 + ".local", "127.0.0.1/../evil", "localhost\n",
    ],
)  # fmt: skip
def test_no_other_name(host: str | None) -> None:
    assert not NAMES.know(host)


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "127.0.0.1:8080", "sec-fetch-site": "same-origin"},
        {"host": "127.0.0.1:8080", "sec-fetch-site": "none"},
        {"host": "127.0.0.1:8080", "origin": "http://127.0.0.1:8080"},
        {"host": "[::1]:8080", "origin": "http://[::1]:8080"},
        {"host": "pv.example.org", "origin": "https://pv.example.org"},
        {"host": "pv.example.org:443", "origin": "https://pv.example.org"},
        {"host": "Heizung", "origin": "http://heizung"},
        {"host": "127.0.0.1:8080", "origin": "https://sun.example.org"},  # the public address, behind a proxy
    ],
)
def test_the_page_itself(headers: dict[str, str]) -> None:
    assert NAMES.is_own(headers)


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "127.0.0.1:8080"},
        {"host": "127.0.0.1:8080", "sec-fetch-site": "cross-site", "origin": "http://127.0.0.1:8080"},
        {"host": "127.0.0.1:8080", "sec-fetch-site": "same-site"},
        {"host": "127.0.0.1:8080", "sec-fetch-site": ""},
        {"host": "127.0.0.1:8080", "origin": "null"},
        {"host": "127.0.0.1:8080", "origin": ""},
        {"host": "127.0.0.1:8080", "origin": "http://127.0.0.1"},
        {"host": "127.0.0.1:8080", "origin": "http://127.0.0.1:8081"},  # another program of this machine
        {"host": "127.0.0.1:8080", "origin": "http://127.0.0.1:8080.evil.example"},
        {"host": "127.0.0.1:8080", "origin": "http://evil.example"},
        {"host": "127.0.0.1:8080", "origin": "http://x@127.0.0.1:8080"},
        {"host": "127.0.0.1:8080", "origin": "file://127.0.0.1:8080"},
        {"host": "127.0.0.1:8080", "origin": "http://127.0.0.1:8080, http://evil.example"},
        {"host": "127.0.0.1:8080", "origin": "http://sun.example.org"},  # the public address is https
        {"host": "127.0.0.1:8080", "origin": "http://[::1"},
    ],
)
def test_foreign_pages(headers: dict[str, str]) -> None:
    assert not NAMES.is_own(headers)


def test_a_foreign_page_may_link_here_but_have_nothing_of_here_inside() -> None:
    assert not is_foreign_part({})
    assert not is_foreign_part({"sec-fetch-site": "same-origin", "sec-fetch-mode": "cors"})
    assert not is_foreign_part({"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"})
    assert is_foreign_part({"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"})
    assert is_foreign_part({"sec-fetch-site": "same-site"})


def test_who_sits_at_this_machine() -> None:
    assert all(is_loopback(address) for address in ("127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"))
    assert not any(is_loopback(address) for address in ("192.168.1.5", "::ffff:10.0.0.1", "localhost", "", None))
    assert through_somebody({"x-forwarded-for": "127.0.0.1"})
    assert through_somebody({"via": "1.1 proxy"})
    assert not through_somebody({"host": "127.0.0.1"})
