"""Whoever is not known, comes from a foreign page, or calls the home by a wrong name, gets nothing."""

from pathlib import Path

import pytest

from pv_heater.web.access.names import SAFE_METHODS
from pv_heater.web.calls import Problem, Scope
from tests.web.access.home import HERE, LAN, AccessHome, call

OPEN, READ, CONTROL, ADMIN = Scope
EVERYWHERE = "0.0.0.0:8080"


@pytest.fixture
def home(tmp_path: Path) -> AccessHome:
    """Open to the home's network, with a password."""
    home = AccessHome(tmp_path, listen=EVERYWHERE)
    home.set_password()
    return home


def test_nobody_in_particular_may_do_what_is_open_and_no_more(home: AccessHome) -> None:
    for remote in (LAN, HERE, "::1"):
        assert [home.may(call(remote=remote), scope) for scope in Scope] == [0, 401, 401, 401]
        assert [home.may(call("POST", remote=remote), scope) for scope in Scope] == [0, 401, 401, 401]


def test_without_a_password_this_machine_may_everything_and_nobody_else_anything(home: AccessHome) -> None:
    home.set_password(None)
    for remote in (HERE, "::1", "::ffff:127.0.0.1"):
        assert [home.may(call("POST", remote=remote), scope) for scope in Scope] == [0, 0, 0, 0]
    for remote in (LAN, "::ffff:192.168.1.7", "", "unknown", "127.0.0.1.evil.example"):
        assert [home.may(call(remote=remote), scope) for scope in Scope] == [0, 401, 401, 401]
    assert home.may(call(remote=HERE, host="evil.example"), READ) == 421
    assert home.may(call("POST", remote=HERE, origin="http://evil.example"), CONTROL) == 403
    home.set_password()
    assert home.may(call(remote=HERE), READ) == 401


@pytest.mark.parametrize("header", ["x_forwarded_for", "x_forwarded_proto", "forwarded", "via", "x_real_ip"])
def test_a_proxy_on_this_machine_is_not_taken_for_its_owner(tmp_path: Path, header: str) -> None:
    home = AccessHome(tmp_path)
    assert home.may(call(remote=HERE), ADMIN) == 0
    assert home.may(call(remote=HERE, **{header: "for=127.0.0.1"}), READ) == 401
    behind = AccessHome(tmp_path, trusted_proxy="127.0.0.1")
    assert behind.may(call(remote=HERE), READ) == 401


@pytest.mark.parametrize(
    ("listen", "setting", "here", "lan"),
    [
        ("127.0.0.1:8080", None, 0, 401),  # on this machine alone: whoever is here may look
        ("127.0.0.1:8080", False, 401, 401),
        (EVERYWHERE, None, 401, 401),
        (EVERYWHERE, True, 0, 0),
        (EVERYWHERE, False, 401, 401),
    ],
)
def test_reading_without_a_login_is_reading_only(
    tmp_path: Path, listen: str, setting: bool | None, here: int, lan: int
) -> None:
    home = AccessHome(tmp_path, listen=listen, read_without_login=setting)
    home.set_password()
    for remote, expected in ((HERE, here), (LAN, lan)):
        assert home.may(call(remote=remote), READ) == expected
        assert [home.may(call("POST", remote=remote), scope) for scope in (CONTROL, ADMIN)] == [401, 401]


def test_a_session_may_everything_and_a_token_what_it_was_made_for(home: AccessHome) -> None:
    cookie = home.login()
    assert [home.may(call("POST", cookie=cookie), scope) for scope in Scope] == [0, 0, 0, 0]
    for number, scope in enumerate((READ, CONTROL, ADMIN)):
        token = home.access.add_token(f"t{number}", scope, None)["token"]
        allowed = [0, 0, 0 if number > 0 else 403, 0 if number > 1 else 403]
        assert [home.may(call("POST", token=token), needed) for needed in Scope] == allowed


def test_who_shows_a_token_is_known_by_it_alone(home: AccessHome) -> None:
    cookie = home.login()
    token = home.access.add_token("t", READ, None)["token"]
    for wrong in (token[:-1], token + "x", token.upper(), "", "pvh_", " ", "x" * 5000, "\udcff"):
        assert home.may(call(token=wrong, cookie=cookie), OPEN) == 401
    assert home.may(call(token=token, cookie=cookie), ADMIN) == 403
    home.set_password(None)
    assert home.may(call(token="wrong", remote=HERE), READ) == 401


@pytest.mark.parametrize("value", ["Basic YTpi", "Digest x", "pvh_x", "Negotiate", ""])
def test_other_kinds_of_authorization_are_a_proxys_and_ignored(home: AccessHome, value: str) -> None:
    assert home.may(call(cookie=home.login(), authorization=value), ADMIN) == 0
    assert home.may(call(authorization=value), READ) == 401


def test_a_token_may_be_written_in_any_case_and_ends_in_time(home: AccessHome) -> None:
    token = home.access.add_token("t", READ, 30)["token"]
    assert home.may(call(authorization=f"bearer   {token}"), READ) == 0
    home.later(days=29.9)
    assert home.may(call(token=token), READ) == 0
    home.later(days=0.2)
    assert home.may(call(token=token), READ) == 401


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE", "OPTIONS", "TRACE", "get"])
def test_a_foreign_page_changes_nothing_with_the_owners_session(home: AccessHome, method: str) -> None:
    assert method not in SAFE_METHODS
    cookie = home.login()
    for headers in (
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://192.168.1.2:9000"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site", "origin": "http://192.168.1.2:8080"},
    ):
        for scope in Scope:
            assert home.may(call(method, cookie=cookie, **headers), scope) == 403
    assert home.may(call(method, cookie=cookie, without=["origin"]), CONTROL) == 403


def test_a_foreign_page_has_nothing_of_here_inside_but_may_link_here(home: AccessHome) -> None:
    cookie = home.login()
    assert home.may(call(cookie=cookie, sec_fetch_site="cross-site", sec_fetch_mode="no-cors"), READ) == 403
    assert home.may(call(sec_fetch_site="cross-site", sec_fetch_mode="navigate"), OPEN) == 0


def test_a_form_cannot_be_sent_here(home: AccessHome) -> None:
    cookie = home.login()
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
        assert home.may(call("POST", cookie=cookie, content_type=kind), CONTROL) == 415
    assert home.may(call("POST", cookie=cookie, content_type="application/json; charset=utf-8"), CONTROL) == 0
    token = home.access.add_token("t", CONTROL, None)["token"]
    assert home.may(call("POST", token=token, body=b"{}"), CONTROL) == 415
    assert home.may(call("POST", token=token), CONTROL) == 0


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "192.168.1.2.evil.example", "a, b", ""])
def test_a_name_that_suddenly_means_this_machine_reads_nothing(home: AccessHome, host: str) -> None:
    cookie, token = home.login(), home.access.add_token("t", ADMIN, None)["token"]
    for request in (call(host=host), call(cookie=cookie, host=host), call(token=token, host=host)):
        assert [home.may(request, scope) for scope in Scope] == [421] * 4
    assert home.may(call(without=["host"], cookie=cookie), OPEN) == 400


def test_damaged_credentials_let_nobody_in_and_are_said_once(
    home: AccessHome, caplog: pytest.LogCaptureFixture
) -> None:
    cookie, token = home.login(), home.access.add_token("t", ADMIN, None)["token"]
    for damage in ('{"schema": 1}', "", '{"schema": 9, "password": null, "generation": "", "tokens": []}', "[]"):
        (home.folder / "access.json").write_text(damage)
        for remote in (HERE, LAN):
            assert [home.may(call(remote=remote, cookie=cookie), scope) for scope in Scope] == [0, 401, 401, 401]
            assert home.may(call(remote=remote, token=token), READ) == 401
        assert home.access.session(call(remote=HERE))["password_set"]
        with pytest.raises(Problem) as refused:
            home.access.login(call("POST"), "anything at all")
        assert refused.value.status == 503
    assert len([line for line in caplog.messages if "until `main.py password`" in line]) == 2  # two addresses


def test_what_is_refused_is_logged_once_for_an_address_and_harmless(
    home: AccessHome, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(30):
        home.may(call(host="evil.example\x1b[2J"), OPEN)
        home.may(call("POST", origin="http://evil.example"), OPEN)
        home.may(call(token="pvh_guess"), OPEN)
    assert len(caplog.messages) == 3
    assert not any("pvh_guess" in line or "\x1b" in line for line in caplog.messages)
    home.may(call(host="evil.example", remote="192.168.1.8"), OPEN)
    assert len(caplog.messages) == 4
