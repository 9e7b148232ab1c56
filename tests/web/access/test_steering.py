"""What switches heaters by way of the page: only for whoever may, and the same truth for all who look."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from pv_heater.io.system.control_client import ask
from pv_heater.io.system.control_socket import SOCKET_NAME
from pv_heater.run.session import control_server
from pv_heater.web.calls import Scope
from tests.web.access.attacked import FORCE, MODE, Attacked

CONTROL = Scope.CONTROL


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Attacked]:
    with Attacked(tmp_path).serving() as attacked:
        yield attacked


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"cookie": None}, 401),
        ({"cookie": None, "authorization": "Basic YWRtaW46YWRtaW4="}, 401),
        ({"cookie": None, "authorization": "Bearer pvh_guess"}, 401),
        ({"authorization": "Bearer pvh_guess"}, 401),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": None}, 403),
        ({"origin": None, "sec_fetch_site": "cross-site"}, 403),
        ({"sec_fetch_site": "same-site"}, 403),
        ({"content_type": "text/plain"}, 415),
        ({"content_type": "application/x-www-form-urlencoded"}, 415),
        ({"host": "evil.example"}, 421),
        ({"host": "evil.example", "origin": "http://evil.example", "sec_fetch_site": "same-origin"}, 421),
    ],
    ids=str,
)
def test_a_heater_is_not_switched_by_whoever_is_not_allowed(
    home: Attacked, headers: dict[str, str | None], status: int
) -> None:
    given = {"cookie": home.login(), **headers}
    answer = home.ask("POST", MODE, FORCE, **given)
    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers.get("Access-Control-Allow-Origin") is None
    assert home.untouched()


def test_who_is_allowed_does_switch_it(home: Attacked) -> None:
    for number, who in enumerate(({"cookie": home.login()}, {"token": home.token(CONTROL), "origin": None}), 1):
        answer = home.ask("POST", MODE, FORCE, **who)  # type: ignore[arg-type]
        assert answer.status == 202
        home.home.tick()
        status = home.home.home.status()
        assert status is not None
        assert (status.commands_seen, status.decision.loads["heater"].mode) == (number, "on")


def test_a_command_that_breaks_off_is_none_though_its_sender_may(home: Attacked) -> None:
    head = (
        f"POST {MODE} HTTP/1.1\r\nHost: {home.netloc}\r\nAuthorization: Bearer {home.token(CONTROL)}\r\n"
        "Content-Type: application/json\r\n"
    )
    body = json.dumps(FORCE)
    for request in (
        head,
        f"{head}Content-Length: {len(body) + 1}\r\n\r\n{body}",
        f"{head}Content-Length: {len(body) - 1}\r\n\r\n{body}",
        f"{head}Transfer-Encoding: chunked\r\n\r\n{len(body):x}\r\n{body}\r\n",
    ):
        assert b" 202 " not in home.raw(request.encode())
    assert home.untouched()


def test_two_browsers_and_the_local_socket_see_one_truth(home: Attacked) -> None:
    one, two = home.login(), home.login()
    control = control_server(home.folder, home.home.home)
    control.start()
    try:
        assert home.ask("POST", MODE, FORCE, cookie=one).status == 202
        assert home.ask("POST", "/api/v1/loads/pump/mode", {"mode": "off", "for_s": 600}, cookie=two).status == 202
        answer = ask(home.folder / SOCKET_NAME, {"command": "force", "load": "heater", "mode": "off", "for_s": 900})
        assert answer["ok"]
        home.home.tick()
        seen = [json.loads(home.ask("GET", "/api/v1/status", cookie=who).text) for who in (one, two)]  # type: ignore[attr-defined]
        local = ask(home.folder / SOCKET_NAME, {"command": "status"})["status"]
    finally:
        control.stop()
    assert seen[0] == seen[1]
    modes = {load["name"]: load["mode"] for load in seen[0]["loads"]}
    assert modes == {"heater": "off", "pump": "off"}  # the last word counts
    assert modes == {name: load["mode"] for name, load in local["decision"]["loads"].items()}
    assert seen[0]["commands_seen"] == 3
