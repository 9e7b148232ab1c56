"""Logging in and out, tokens, and what of it stands on the disk."""

import json
import logging
import stat
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pv_heater.io.system.private_file import PrivateFile
from pv_heater.web.access.access import listening
from pv_heater.web.access.credentials import Credentials, CredentialStore
from pv_heater.web.access.passwords import Cost
from pv_heater.web.access.routes import access_routes
from pv_heater.web.access.sessions import MOST_SESSIONS
from pv_heater.web.access.tokens import MOST_TOKENS, made
from pv_heater.web.application import application
from pv_heater.web.calls import Problem, Scope
from pv_heater.web.settings import WebSettings
from tests.waiting import until
from tests.web.access.home import CHEAP, HERE, LAN, PASSWORD, AccessHome, call
from tests.web.rig import WebHome

ADMIN = Scope.ADMIN


@pytest.fixture
def home(tmp_path: Path) -> AccessHome:
    home = AccessHome(tmp_path, listen="0.0.0.0:8080")
    home.set_password()
    return home


def refused(home: AccessHome, password: str = "wrong", remote: str = LAN) -> Problem:
    with pytest.raises(Problem) as caught:
        home.access.login(call("POST", remote=remote), password)
    return caught.value


def test_the_cookie_is_for_this_page_alone(home: AccessHome) -> None:
    plain = home.access.login(call("POST"), PASSWORD)[0][1].split("; ")
    assert plain[1:] == ["Path=/", "HttpOnly", "SameSite=Strict", "Max-Age=2592000"]
    assert "Secure" in home.access.login(call("POST", scheme="https"), PASSWORD)[0][1].split("; ")
    assert len(plain[0].removeprefix("pvh=")) == 43  # 32 bytes


def test_a_session_lasts_thirty_days_from_its_last_use_and_survives_a_restart(home: AccessHome) -> None:
    cookie = home.login()
    assert home.access.gate.check(call(cookie=cookie), ADMIN) == []
    for _ in range(3):
        home.later(days=29)
        home.access = home.built()
        assert [name for name, _ in home.access.gate.check(call(cookie=cookie), ADMIN)] == ["Set-Cookie"]
        assert home.access.gate.check(call(cookie=cookie), ADMIN) == []
    home.later(days=30.1)
    assert home.may(call(cookie=cookie), Scope.READ) == 401


def test_a_clock_that_is_behind_after_a_start_ends_no_session(home: AccessHome) -> None:
    cookie = home.login()
    home.later(days=-1000)
    home.access = home.built()
    assert home.access.gate.check(call(cookie=cookie), ADMIN) == []
    home.later(days=1001)
    assert home.may(call(cookie=cookie), ADMIN) == 0


def test_a_login_gives_a_new_session_and_ends_the_one_before(home: AccessHome) -> None:
    first = home.login()
    second = home.login(cookie=first)
    assert first != second
    assert [home.may(call(cookie=cookie), ADMIN) for cookie in (first, second)] == [401, 0]
    assert [home.may(call(cookie=home.login()), ADMIN), home.may(call(cookie=second), ADMIN)] == [0, 0]


def test_logging_out_ends_this_session_or_all_even_after_a_restart(home: AccessHome) -> None:
    phone, desk, other = home.login(), home.login(), home.login()
    headers = home.access.logout(call("POST", cookie=phone), everywhere=False)
    assert headers[0][1].startswith("pvh=; ")
    assert "Max-Age=0" in headers[0][1]
    home.access = home.built()
    assert [home.may(call(cookie=cookie), ADMIN) for cookie in (phone, desk, other)] == [401, 0, 0]
    with pytest.raises(Problem):
        home.access.logout(call("POST", cookie=phone), everywhere=True)
    home.access.logout(call("POST", cookie=desk), everywhere=True)
    home.access = home.built()
    assert [home.may(call(cookie=cookie), ADMIN) for cookie in (phone, desk, other)] == [401, 401, 401]


@pytest.mark.parametrize("new", ["another good one", None])
def test_another_password_ends_every_session_at_once(home: AccessHome, new: str | None) -> None:
    cookie = home.login()
    home.set_password(new)
    assert home.may(call(cookie=cookie), Scope.READ) == 401
    home.set_password()
    assert home.may(call(cookie=cookie), Scope.READ) == 401
    assert home.may(call(cookie=home.login()), ADMIN) == 0


def test_who_knew_the_password_until_just_now_is_not_let_in(home: AccessHome) -> None:
    """It is changed while the old one is still being looked at, which takes seconds on the first Pis."""
    cookies: list[str] = []
    turnstile = home.access._turnstile
    with turnstile.passed():
        login = threading.Thread(target=lambda: cookies.append(home.login()))
        login.start()
        until(lambda: turnstile._places._value == 0, "the old password waits to be looked at")
        home.set_password("another good one")
    login.join()
    assert home.may(call(cookie=cookies[0]), Scope.READ) == 401


def test_a_foreign_cookie_of_our_name_does_not_lock_the_owner_out(home: AccessHome) -> None:
    cookie = home.login()
    assert home.may(call(without=["cookie"], cookie="x; a=b; pvh=" + cookie), ADMIN) == 401
    assert home.may(call(cookie="foreign; a=b; pvh=" + cookie), ADMIN) == 0
    assert home.may(call(cookie="x; pvh=" * 1000 + cookie), ADMIN) == 401


def test_guessing_is_slowed_down_logged_once_and_does_not_touch_the_right_one(
    home: AccessHome, caplog: pytest.LogCaptureFixture
) -> None:
    assert [refused(home).status for _ in range(5)] == [401] * 5
    waiting = refused(home)
    assert (waiting.status, dict(waiting.headers)) == (429, {"Retry-After": "1"})
    assert refused(home, PASSWORD).status == 429  # not even the right one is looked at
    home.later(seconds=1)
    assert home.login()
    assert [line for line in caplog.messages if "wrong" in line] == [
        f"page: a wrong password from {LAN}; more of this from {LAN} is not logged for an hour",
        f"page: too many wrong passwords, the last from {LAN}; more of this from {LAN} is not logged for an hour",
    ]


def test_a_text_too_long_for_a_password_costs_nothing(home: AccessHome) -> None:
    for _ in range(2):
        home.access._turnstile._places.acquire()
    busy = refused(home)
    assert (busy.status, dict(busy.headers)) == (429, {"Retry-After": "5"})
    assert [refused(home, "x" * 60_000).status for _ in range(5)] == [401] * 5


def test_no_login_without_a_password(tmp_path: Path) -> None:
    assert refused(AccessHome(tmp_path)).status == 409


def test_a_machine_that_can_bear_more_hashes_anew_at_the_next_login(home: AccessHome) -> None:
    before = home.login()
    home.access = home.built(cost=Cost(n=4, r=1, p=2))
    assert refused(home).status == 401
    assert '"scrypt$2$1$1$' in (home.folder / "access.json").read_text()
    cookie = home.login()
    assert '"scrypt$4$1$2$' in (home.folder / "access.json").read_text()
    assert [home.may(call(cookie=one), ADMIN) for one in (before, cookie)] == [0, 0]
    home.access = home.built(cost=CHEAP)
    home.login()
    assert '"scrypt$4$1$2$' in (home.folder / "access.json").read_text()


def test_a_token_is_shown_once_and_its_last_use_is_known(home: AccessHome) -> None:
    made = home.access.add_token(" Home Assistant ", Scope.CONTROL, 365)
    assert made["token"].startswith("pvh_")
    assert len(made["token"]) == 4 + 43
    (row,) = home.access.tokens()
    assert row == {
        "id": made["id"],
        "name": "Home Assistant",
        "scope": "control",
        "created_at": "2026-05-28T12:00:00+00:00",
        "expires_at": "2027-05-28T12:00:00+00:00",
        "last_used_at": None,
    }
    home.later(hours=1)
    home.may(call(token=made["token"]), Scope.READ)
    home.later(hours=1)
    home.may(call(token=made["token"]), Scope.READ)
    assert home.access.tokens()[0]["last_used_at"] == "2026-05-28T14:00:00+00:00"
    home.access.close()
    home.access = home.built()
    assert home.access.tokens()[0]["last_used_at"] == "2026-05-28T14:00:00+00:00"
    home.access.remove_token(made["id"])
    assert home.may(call(token=made["token"]), Scope.OPEN) == 401
    with pytest.raises(Problem, match="no token"):
        home.access.remove_token(made["id"])


@pytest.mark.parametrize(
    ("name", "days", "why"),
    [
        ("", None, "The name must be 1 to 60"),
        ("x" * 61, None, "The name must be"),
        ("a\x1b[2J", None, "The name must be"),
        ("t", None, "There is a token named 't' already"),
        ("u", 0, "A token lasts 1 to 3650 days"),
        ("u", 10**30, "A token lasts"),
    ],
)
def test_a_token_that_cannot_be_made(home: AccessHome, name: str, days: int | None, why: str) -> None:
    home.access.add_token("t", Scope.READ, None)
    with pytest.raises(Problem, match=why) as caught:
        home.access.add_token(name, Scope.READ, days)
    assert caught.value.status == 422


def test_tokens_and_sessions_are_bounded(home: AccessHome) -> None:
    first = home.login()
    file = PrivateFile(home.folder / "sessions.json")
    content: Any = file.read()
    (row,) = content["sessions"].values()
    newer = row | {"seen_at": (home.at + timedelta(seconds=1)).isoformat()}
    content["sessions"] |= {f"{number}": newer for number in range(MOST_SESSIONS)}
    file.put(content)
    home.access = home.built()
    assert home.may(call(cookie=first), ADMIN) == 0
    home.later(seconds=2)
    last = home.login()
    assert [home.may(call(cookie=cookie), ADMIN) for cookie in (first, last)] == [401, 0]
    assert len(json.loads((home.folder / "sessions.json").read_text())["sessions"]) == MOST_SESSIONS
    credentials = Credentials()
    for number in range(MOST_TOKENS):
        credentials = credentials.with_token(made(f"t{number}", Scope.READ, home.at)[0])
    with pytest.raises(ValueError, match="remove one first"):
        credentials.with_token(made("one more", Scope.READ, home.at)[0])


def test_no_secret_stands_on_the_disk_in_a_log_or_a_repr(home: AccessHome, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    cookie, token = home.login(), home.access.add_token("t", ADMIN, None)["token"]
    home.may(call(cookie=cookie), ADMIN)
    home.may(call(token=token), ADMIN)
    refused(home, "a wrong guess")
    home.access.close()
    files = {path.name: path for path in home.folder.iterdir()}
    assert files.keys() == {"access.json", "sessions.json", ".access.json.lock", ".sessions.json.lock"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in files.values()} == {0o600}
    credentials = CredentialStore(home.folder).read()
    assert credentials.password is not None
    shown = [*(path.read_text() for path in files.values()), caplog.text, repr(credentials), repr(home.access.tokens())]
    for secret in (PASSWORD, cookie, token, token.removeprefix("pvh_"), "a wrong guess"):
        assert not any(secret in text for text in shown)
    hashes = (credentials.password.digest.hex(), credentials.tokens[0].digest, credentials.generation)
    assert not any(secret in text for secret in hashes for text in shown[len(files) :])


def test_a_full_disk_is_said_once_and_logging_in_goes_on(home: AccessHome, caplog: pytest.LogCaptureFixture) -> None:
    (home.folder / ".sessions.json.new").mkdir()  # the draft cannot be written, whoever runs this
    first, second = home.login(), home.login()
    assert [home.may(call(cookie=cookie), ADMIN) for cookie in (first, second)] == [0, 0]
    assert len([line for line in caplog.messages if "cannot be saved" in line]) == 1
    (home.folder / ".sessions.json.new").rmdir()
    caplog.set_level(logging.INFO)
    home.login()
    assert "logins and logouts are saved again" in caplog.messages


@pytest.mark.parametrize("damage", ["", "{", '{"schema": 1, "sessions": {"a": 1}, "tokens_used_at": {}}', "[]"])
def test_damaged_sessions_mean_that_everybody_logs_in_again(
    home: AccessHome, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    cookie = home.login()
    (home.folder / "sessions.json").write_text(damage)
    home.access = home.built()
    assert home.may(call(cookie=cookie), Scope.READ) == 401
    assert "Everybody logs in again" in caplog.text
    assert home.may(call(cookie=home.login()), ADMIN) == 0
    assert len(json.loads((home.folder / "sessions.json").read_text())["sessions"]) == 1


def test_what_the_page_is_told_of_itself(home: AccessHome) -> None:
    assert home.access.session(call()) == {
        "scope": "none", "password_set": True, "read_without_login": False, "takes_code": False,
    }  # fmt: skip
    assert home.access.session(call(cookie=home.login()))["scope"] == "admin"
    home.set_password(None)
    assert home.access.session(call(remote=HERE)) == {
        "scope": "admin", "password_set": False, "read_without_login": False, "takes_code": False,
    }  # fmt: skip


@pytest.mark.parametrize("listen", ["0.0.0.0:8080", "[::]:8080", "192.168.1.2:8080", "heizung.local:8080"])
def test_beyond_this_machine_only_with_a_password(tmp_path: Path, listen: str) -> None:
    home = AccessHome(tmp_path, listen=listen)
    address, why = listening(CredentialStore(tmp_path), home.settings)
    assert address == ("127.0.0.1", 8080)
    assert why == (
        f"listen is {listen}, which is open to others, and no password is set: the page stays on 127.0.0.1:8080, for "
        "this machine only, until `main.py password`"
    )
    home.set_password()
    assert listening(CredentialStore(tmp_path), home.settings) == (home.settings.address, None)
    (tmp_path / "access.json").write_text("{")
    assert listening(CredentialStore(tmp_path), home.settings)[0] == ("127.0.0.1", 8080)


def test_on_this_machine_no_password_is_needed_but_behind_a_proxy_one_is(tmp_path: Path) -> None:
    assert listening(CredentialStore(tmp_path), WebSettings(listen="[::1]:80")) == (("::1", 80), None)
    address, why = listening(CredentialStore(tmp_path), WebSettings(trusted_proxy="127.0.0.1"))
    assert address == ("127.0.0.1", 8080)
    assert why == "trusted_proxy is 127.0.0.1, and no password is set: nobody gets in until `main.py password`"


def test_a_login_gives_the_new_cookie_last_where_the_one_before_is_renewed(home: AccessHome) -> None:
    cookie = home.login()
    home.later(days=2)
    web = WebHome()
    web.wsgi = application([access_routes(home.access)], home.access.gate)
    own = {"origin": "http://127.0.0.1:8080", "cookie": f"pvh={cookie}"}
    assert web.get("/api/v1/session", **own).headers["set-cookie"].startswith(f"pvh={cookie}; ")
    home.later(days=2)
    reply = web.post("/api/v1/login", {"password": PASSWORD}, **own)
    assert (reply.status, reply.body) == (204, b"")
    new = reply.headers["set-cookie"].partition(";")[0].removeprefix("pvh=")
    assert [home.may(call(cookie=one), ADMIN) for one in (cookie, new)] == [401, 0]
