"""Who gets in by the doors of earlier clients: the real server with a password, asked as those clients ask."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from pv_heater.web.calls import Scope
from pv_heater.web.settings import EarlierClients
from tests.web.access.attacked import Attacked

READ, CONTROL, ADMIN = Scope.READ, Scope.CONTROL, Scope.ADMIN
OFF = "/domo.php?action=changeMod&idRelay=1&changeTo=off"
SHOW = "/domo.php?action=printRefresh"
FORM = "application/x-www-form-urlencoded"
PVMONIT = "http://192.168.1.20"
BARE: dict[str, Any] = {"origin": None, "content_type": None}
"""What an earlier client says of itself: nothing."""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Attacked]:
    earlier = EarlierClients(clients=("esp_router", "pv_router", "pvmonit"), pages=(f"{PVMONIT}/",))
    with Attacked(tmp_path, earlier=earlier).serving() as attacked:
        yield attacked


def commands(home: Attacked) -> int:
    """How many have reached the loop."""
    home.home.tick()
    status = home.home.home.status()
    assert status is not None
    return status.commands_seen


def test_a_token_in_the_address_does_what_it_may_and_no_more(home: Attacked) -> None:
    tokens = {scope: home.token(scope) for scope in (READ, CONTROL, ADMIN)}
    for path in (OFF, "/get?POWER=50"):
        seen = [home.ask("GET", f"{path}&token={tokens[scope]}", **BARE).status for scope in (READ, CONTROL)]
        assert seen == [403, 200]
    assert home.ask("POST", f"/api/param?token={tokens[READ]}", b'{"ratio":50}', **BARE).status == 403
    assert home.ask("POST", f"/api/param?token={tokens[CONTROL]}", b'{"ratio":50}', **BARE).status == 200
    assert commands(home) == 3
    band = "/get?delta=60&deltaneg=-20&token="
    assert home.ask("GET", band + tokens[CONTROL], **BARE).status == 403
    answer = home.ask("GET", band + tokens[ADMIN], **BARE)
    assert (answer.status, "nothing to set" in answer.text) == (403, True)  # type: ignore[attr-defined]


def test_without_a_login_or_a_token_nothing_is_read_and_nothing_changes(home: Attacked) -> None:
    for method, path in (("GET", SHOW), ("GET", OFF), ("GET", "/state"), ("GET", "/get"), ("GET", "/get?POWER=50"),
                         ("GET", "/api/info"), ("GET", "/puissance")):  # fmt: skip
        assert home.ask(method, path, **BARE).status in (401, 403), path
        wrong = f"{path}{'&' if '?' in path else '?'}token=pvh_{'x' * 43}"
        assert home.ask(method, wrong, **BARE).status == 401
    assert home.ask("POST", "/api/param", b'{"ratio":50}', **BARE).status == 403
    assert home.untouched()


def test_a_token_in_an_address_opens_no_other_path(home: Attacked) -> None:
    token = home.token(ADMIN)
    assert home.ask("GET", f"/api/v1/status?token={token}", **BARE).status == 401
    assert home.ask("GET", f"/api/v1/settings?token={token}", **BARE).status == 401
    assert home.ask("POST", f"/api/v1/loads/off?token={token}", {}).status == 401
    assert home.untouched()


def test_a_form_may_bring_its_token_along(home: Attacked) -> None:
    """As the copy of PvMonit's page on a server elsewhere posts."""
    form = f"action=changeMod&idRelay=1&changeTo=off&token={home.token(CONTROL)}".encode()
    answer = home.ask("POST", "/domo.php", form, origin=None, content_type=FORM)
    assert (answer.status, answer.text) == (200, '{"result":0}')  # type: ignore[attr-defined]
    twice = f"/domo.php?token={quote(home.token(READ))}"
    assert home.ask("POST", twice, form, origin=None, content_type=FORM).status == 422
    assert commands(home) == 1


def test_the_login_of_the_page_counts_on_the_page_itself_only(home: Attacked) -> None:
    """A foreign page that makes the owner's browser ask brings no cookie along; that it did would not be enough."""
    cookie = home.login()
    foreign = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "no-cors", "origin": None}
    followed = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "origin": None}
    neighbour = {"sec_fetch_site": "same-site", "sec_fetch_mode": "cors", "origin": "http://127.0.0.1:99"}
    old_browser: dict[str, Any] = {"origin": None}
    for headers in (foreign, followed, neighbour, old_browser, {"origin": PVMONIT}, {"origin": "null"}):
        assert home.ask("GET", OFF, cookie=cookie, **headers).status == 403
    form = b"action=changeMod&idRelay=1&changeTo=off"
    assert home.ask("POST", "/domo.php", form, cookie=cookie, origin=PVMONIT, content_type=FORM).status == 403
    assert home.untouched()
    own = {"sec_fetch_site": "same-origin", "sec_fetch_mode": "cors", "origin": None}
    assert home.ask("GET", OFF, cookie=cookie, **own).status == 200
    assert commands(home) == 1


def test_a_home_without_a_password_is_not_switched_by_a_link_either(home: Attacked) -> None:
    home.set_password(None)
    for headers in ({"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate"}, {}, {"origin": PVMONIT}):
        assert home.ask("GET", OFF, **{"origin": None, "content_type": None, **headers}).status == 403
    assert home.untouched()
    typed = {"sec_fetch_site": "none", "sec_fetch_mode": "navigate", "origin": None}
    assert home.ask("GET", OFF, **typed).status == 200


def test_pvmonits_page_on_its_own_server_reads_where_the_settings_name_it(home: Attacked) -> None:
    token = home.token(CONTROL)
    page = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "cors", "content_type": None}
    answer = home.ask("GET", f"{SHOW}&token={token}", **page, origin=PVMONIT)
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (200, PVMONIT)
    assert home.ask("GET", f"{OFF}&token={token}", **page, origin=PVMONIT).status == 200
    for origin in ("http://192.168.1.21", "http://192.168.1.20.evil.example", "null"):
        answer = home.ask("GET", f"{SHOW}&token={token}", **page, origin=origin)
        assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (200, None)
    assert home.ask("GET", SHOW, **page, origin=PVMONIT).status == 403
    assert "Access-Control-Allow-Origin" not in home.ask("GET", "/api/v1/status", token=token, origin=PVMONIT).headers


def test_a_token_in_an_address_stands_in_no_log_and_no_answer(home: Attacked, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    token = home.token(CONTROL)
    texts = [home.ask("GET", f"{path}&token={token}", **BARE).text  # type: ignore[attr-defined]
             for path in (OFF, SHOW, "/get?POWER=50", "/get?nothing=1", "/domo.php?action=x")]  # fmt: skip
    assert not [text for text in (*texts, *caplog.messages) if token[8:20] in text]


def test_another_name_for_this_home_is_refused_here_too(home: Attacked) -> None:
    token = home.token(CONTROL)
    assert home.ask("GET", f"{OFF}&token={token}", host="evil.example", **BARE).status == 421
    assert home.ask("GET", "/api/routeur", host="evil.example", **BARE).status == 200  # and zeros, see there
    assert home.untouched()
