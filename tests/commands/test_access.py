"""`main.py password` and `main.py token`: what they write, what they refuse, and that nothing secret is shown twice."""

import json
import os
import pty
import select
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pv_heater.cli.app import cli
from pv_heater.commands.access import add_token, page_findings, remove_password, remove_token, set_password, tokens
from pv_heater.config.load import Config, load_config
from pv_heater.errors import Refused
from pv_heater.web.access.credentials import CredentialStore
from pv_heater.web.access.passwords import Cost
from tests.builders import config
from tests.waiting import WITHIN_S
from tests.warm_start import PROJECT

CHEAP = Cost(n=2, r=1, p=1)
PASSWORD = "correct horse battery"
RECORDING = {"type": "recording", "path": "Files/recordings/summer.csv.gz"}


def home(folder: Path, **changes: Any) -> Config:
    return load_config(config(state_dir=str(folder / "state"), **changes))


def test_a_password_is_set_changed_and_removed(tmp_path: Path) -> None:
    values, store = home(tmp_path, web={}), CredentialStore(tmp_path / "state")
    said = set_password(values, PASSWORD, CHEAP)
    assert said == f"The password is set (in {tmp_path / 'state'}); every browser logs in anew."
    first = store.read()
    assert first.password is not None
    assert first.password.matches(PASSWORD)
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600
    add_token(values, "t", "read", None)
    set_password(values, "another good one", CHEAP)
    assert store.read().password != first.password
    assert store.read().generation != first.generation
    assert len(store.read().tokens) == 1
    assert remove_password(values).endswith("every session has ended. The page is for this machine only.")
    assert store.read().password is None


def test_the_first_one_opens_the_page(tmp_path: Path) -> None:
    values = home(tmp_path, web={"listen": "0.0.0.0:8080"})
    opens = "While the controller runs, the page is at 0.0.0.0:8080."
    assert set_password(values, PASSWORD, CHEAP).endswith(opens)
    assert "the page stays on 127.0.0.1:8080" in remove_password(values)
    assert "add `web: {}`" in set_password(home(tmp_path), PASSWORD, CHEAP)


@pytest.mark.parametrize("password", ["", "short", "aaaaaaaaaaaaaaa", "Password123"])
def test_a_weak_one_is_refused_and_changes_nothing(tmp_path: Path, password: str) -> None:
    with pytest.raises(Refused, match="The password"):
        set_password(home(tmp_path), password, CHEAP)
    assert not (tmp_path / "state").exists()


def test_a_damaged_file_keeps_its_tokens_out_until_the_password_is_set_anew(tmp_path: Path) -> None:
    values = home(tmp_path, web={})
    set_password(values, PASSWORD, CHEAP)
    (tmp_path / "state" / "access.json").write_text("{")
    for refuses in (lambda: tokens(values), lambda: add_token(values, "t", "read", None)):
        with pytest.raises(Refused, match="sets the password anew"):
            refuses()
    assert "the tokens in it are gone" in set_password(values, PASSWORD, CHEAP)
    assert tokens(values) == []


def test_tokens_are_made_listed_and_removed(tmp_path: Path) -> None:
    values = home(tmp_path)
    made = add_token(values, "home assistant", "control", 30)
    assert made["token"].startswith("pvh_")
    (row,) = tokens(values)
    assert row == {**{key: made[key] for key in ("id", "name", "scope", "created_at", "expires_at")},
                   "last_used_at": None}  # fmt: skip
    assert made["token"] not in json.dumps(row)
    for name, scope, days, why in (
        ("home assistant", "read", None, "There is a token named"),
        ("x", "root", None, "The scope must be one of read, control, admin"),
        ("x", "open", None, "The scope must be"),
        ("x", "read", 0, "A token lasts"),
        ("", "read", None, "The name must be"),
    ):
        with pytest.raises(Refused, match=why):
            add_token(values, name, scope, days)
    assert "is refused from now on" in remove_token(values, "home assistant")
    with pytest.raises(Refused, match="no token"):
        remove_token(values, made["id"])


def test_check_says_where_the_page_is_and_why_it_is_not_where_it_should_be(tmp_path: Path) -> None:
    def found(**web: Any) -> tuple[str, int]:
        (finding,) = page_findings(home(tmp_path, web=web))
        return finding.says, finding.exit_code

    assert page_findings(home(tmp_path)) == []
    assert found() == ("the page is at 127.0.0.1:8080, for this machine only, without a login", 0)
    assert not (tmp_path / "state").exists()
    says, code = found(listen="0.0.0.0:8080")
    assert says.startswith("listen is 0.0.0.0:8080, which is open to others, and no password is set: the page stays")
    assert (code, found(trusted_proxy="127.0.0.1")[1]) == (2, 2)
    set_password(home(tmp_path), PASSWORD, CHEAP)
    assert found(listen="0.0.0.0:8080") == ("the page is at 0.0.0.0:8080, with a login", 0)
    (tmp_path / "state" / "access.json").write_text("{")
    assert "but nobody gets in" in found()[0]
    assert found(listen="0.0.0.0:8080")[1] == 2


def test_the_command_line(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(json.dumps(config(state_dir=str(tmp_path / "state"), web={}, meter=RECORDING)))

    def main(*words: str, said: str = "") -> tuple[int, str]:
        done = CliRunner().invoke(cli, ["--config", str(path), *words], input=said)
        if isinstance(done.exception, Refused):  # as `main` turns it into a sentence and an exit code
            return done.exception.exit_code, str(done.exception)
        return done.exit_code, done.output

    assert main("password", "--stdin", said=PASSWORD + "\r\n")[0] == 0
    stored = CredentialStore(tmp_path / "state").read().password
    assert stored is not None
    assert stored.matches(PASSWORD)
    assert main("password", "--stdin", said="short\n") == (
        2, "The password has 5 characters; take at least 10, such as three or four words.",
    )  # fmt: skip
    assert main("password") == (2, "There is no terminal to ask for the password: use --stdin.")
    said, secret = main("token", "add", "home assistant", "--scope", "control")[1].splitlines()
    assert said == "The token 'home assistant' is made, scope control. It is shown this once:"
    assert secret.startswith("pvh_")
    listed = main("token", "list")[1]
    assert "control  home assistant: made" in listed
    assert secret not in listed
    assert json.loads(main("token", "list", "--json")[1])[0]["name"] == "home assistant"
    assert main("token", "remove", "home assistant")[0] == 0
    assert main("token", "list")[1] == "There are no tokens.\n"
    assert "is removed" in main("password", "--remove")[1]


@pytest.mark.process
@pytest.mark.parametrize(("again", "code"), [(PASSWORD, 0), ("another one", 2)])
def test_on_a_terminal_it_asks_twice_and_shows_nothing(tmp_path: Path, again: str, code: int) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(json.dumps(config(state_dir=str(tmp_path / "state"), web={}, meter=RECORDING)))
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [sys.executable, str(PROJECT / "main.py"), "-c", str(path), "password"])
    shown = ""
    for question, answer in (("New password:", PASSWORD), ("Once more:", again), ("", "")):
        shown += _read_until(terminal, question)
        if question:
            os.write(terminal, f"{answer}\n".encode())
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == code
    assert ("The password is set" in shown) == (code == 0)
    assert ("The two are not the same" in shown) == (code == 2)
    assert PASSWORD not in shown


def _read_until(terminal: int, text: str) -> str:
    """What the terminal shows until `text`; without one, until the program ends."""
    shown = ""
    while not text or text not in shown:
        assert select.select([terminal], [], [], WITHIN_S)[0], f"nothing more after {shown!r}"
        try:
            part = os.read(terminal, 1000)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        shown += part.decode()
    return shown
