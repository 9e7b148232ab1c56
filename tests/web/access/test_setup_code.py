"""The first password from the page: by whoever reads the log, within a quarter of an hour, and by nobody else."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest

from pv_heater.web.access.credentials import CredentialStore
from pv_heater.web.access.setup_code import MOST_TRIES, SetupCode
from pv_heater.web.calls import Problem, Scope
from tests.waiting import until
from tests.web.access.attacked import Attacked
from tests.web.access.home import PASSWORD, AccessHome, call

STRANGER = {"x_forwarded_for": "192.168.1.66"}
"""Not at this machine."""


def code_in(text: str) -> str:
    return re.findall(r"with the code ([0-9]{6}),", text)[-1]


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def refusal(home: AccessHome, code: str, password: str = PASSWORD) -> Problem:
    with pytest.raises(Problem) as refused:
        home.access.set_up(call("POST"), code, password)
    return refused.value


@pytest.fixture
def home(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> tuple[AccessHome, str]:
    """One that is meant for others and has no password yet, and its code."""
    home = AccessHome(tmp_path, listen="0.0.0.0:8080")
    assert home.access.place()[0] == "127.0.0.1"
    home.access.begin_setup()
    assert home.access.place()[0] == "0.0.0.0"
    return home, code_in(caplog.text)


def test_with_the_code_of_the_log_the_owner_sets_the_password_and_is_logged_in(home: tuple[AccessHome, str]) -> None:
    house, code = home
    assert house.access.session(call())["takes_code"] is True
    assert house.may(call(), Scope.READ) == 401, "the code alone lets nobody in"
    assert refusal(house, code, "short").status == 422
    cookie = house.access.set_up(call("POST"), code, PASSWORD)[0][1].partition(";")[0].removeprefix("pvh=")
    assert house.may(call(cookie=cookie), Scope.ADMIN) == 0
    assert refusal(house, code, "another good one").status == 409
    assert house.access.session(call())["takes_code"] is False
    house.login()
    assert house.access.place()[0] == "0.0.0.0"
    house.set_password(None)
    assert refusal(house, code).status == 409, "it has done its work"
    assert house.access.place()[0] == "127.0.0.1"


def test_it_is_guessed_at_five_times_and_counts_no_more(
    home: tuple[AccessHome, str], caplog: pytest.LogCaptureFixture
) -> None:
    house, code = home
    statuses = [refusal(house, wrong(code)).status for _ in range(MOST_TRIES + 2)]
    assert statuses == [401] * (MOST_TRIES - 1) + [409] * 3
    assert refusal(house, code).status == 409
    assert CredentialStore(house.folder).read().password is None
    assert house.access.place()[0] == house.access.place()[0] == "127.0.0.1"
    assert sum("a wrong setup code" in line for line in caplog.messages) == 1
    assert sum("the page stays on 127.0.0.1" in line for line in caplog.messages) == 1


def test_it_counts_for_a_quarter_of_an_hour(home: tuple[AccessHome, str]) -> None:
    house, code = home
    house.later(minutes=15, seconds=1)
    assert refusal(house, code).status == 409
    assert house.access.place()[0] == "127.0.0.1"


def test_a_password_that_is_set_meanwhile_makes_it_worthless(home: tuple[AccessHome, str]) -> None:
    house, code = home
    house.set_password("set at the machine")
    assert refusal(house, code).status == 409
    house.login("set at the machine")


def test_where_only_this_machine_gets_in_or_a_password_is_set_there_is_no_code(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    AccessHome(tmp_path).access.begin_setup()
    house = AccessHome(tmp_path, listen="0.0.0.0:8080")
    house.set_password()
    house.access.begin_setup()
    (tmp_path / "access.json").write_text("{")
    house.access.begin_setup()
    assert "with the code" not in caplog.text
    assert refusal(house, "000000").status == 409
    (tmp_path / "access.json").unlink()
    AccessHome(tmp_path, trusted_proxy="127.0.0.1").access.begin_setup()
    assert "with the code" in caplog.text


def test_codes_are_six_digits_and_not_always_the_same() -> None:
    codes = {SetupCode(lambda: 0.0).begin() for _ in range(50)}
    assert all(re.fullmatch("[0-9]{6}", code) for code in codes)
    assert len(codes) > 40


def test_on_the_wire_the_page_opens_for_the_code_and_closes_when_it_is_guessed_at(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Attacked(tmp_path, None, listen="0.0.0.0:0").serving() as home:
        code, port = code_in(caplog.text), int(home.netloc.rpartition(":")[2])
        assert reached_from_outside(port)
        assert home.ask("GET", "/api/v1/status", **STRANGER).status == 401
        assert home.ask("POST", "/api/v1/setup", {"code": code}, **STRANGER).status == 422
        assert home.ask("POST", "/api/v1/setup", {"code": int(code), "password": PASSWORD}, **STRANGER).status == 422
        foreign = {"origin": "http://evil.example", **STRANGER}
        assert home.ask("POST", "/api/v1/setup", {"code": code, "password": PASSWORD}, **foreign).status == 403
        for _ in range(MOST_TRIES):
            status = home.ask("POST", "/api/v1/setup", {"code": wrong(code), "password": PASSWORD}, **STRANGER).status
        assert status == 409
        until(lambda: home.page.url and not reached_from_outside(port), "the page is for this machine only")
        assert home.ask("GET", "/api/v1/status").status == 200
        assert home.ask("POST", "/api/v1/setup", {"code": code, "password": PASSWORD}).status == 409
        home.set_password(PASSWORD)
        until(lambda: home.page.url and reached_from_outside(port), "with a password it opens")
        assert home.ask("GET", "/api/v1/status").status == 401
    assert "the page stays on 127.0.0.1" in caplog.text


def reached_from_outside(port: int) -> bool:
    """Whether an address answers at which it listens only when it is open to others."""
    try:
        socket.create_connection(("127.0.0.2", port), timeout=30).close()
    except OSError:
        return False
    return True
