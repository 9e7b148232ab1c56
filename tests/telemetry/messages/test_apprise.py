"""Apprise in a process of its own. A package of that name stands in for it; docs/messages.md tells how to try it."""

from __future__ import annotations

import sys
import venv
from pathlib import Path

import pytest

from pv_heater.core.model.setting import Secret
from pv_heater.errors import BadReply, SourceError, Unreachable
from pv_heater.io.net.apprise_call import without
from pv_heater.telemetry.messages.apprise import Apprise, AppriseSettings
from pv_heater.telemetry.messages.message import Message, Urgency
from tests.telemetry.messages.documents import NOON

ADDRESS = "json://me:passw0rd@example.org/t0kent0ken"
MESSAGE = Message(title="Barn: fault", text="Look.", urgency=Urgency.DANGER, kind="hardware", at=NOON)
STAND_IN = """
import logging, os, sys
class Apprise:
    def add(self, url):
        self.url = url
        return not url.startswith("nonsense")
    def notify(self, title, body, notify_type):
        with open({record!r}, "a") as file:
            file.write(f"{{title}}|{{body}}|{{notify_type}}|{{self.url}}|{{' '.join(sys.argv)}}\\n")
        logging.getLogger("apprise").warning("Failed to send to %s: %s", self.url, "passw0rd refused")
        if "crash" in self.url:
            os.abort()
        return "good" in self.url
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """An interpreter that has the stand-in, and the file in which that notes what it was given."""
    folder = tmp_path_factory.mktemp("apprise")
    venv.create(folder / "env", with_pip=False, symlinks=True)
    site = next((folder / "env" / "lib").glob("python*/site-packages"))
    (site / "apprise.py").write_text(STAND_IN.format(record=str(folder / "record")))
    return str(folder / "env" / "bin" / "python"), folder / "record"


def test_it_is_given_the_message_by_a_pipe(python: tuple[str, Path]) -> None:
    Apprise(AppriseSettings(address=Secret("json://good")), python=python[0]).send(MESSAGE)
    title, body, kind, url, command = python[1].read_text().splitlines()[-1].split("|")
    assert (title, body, kind, url) == ("Barn: fault", "Look.", "failure", "json://good")
    assert "good" not in command


def test_what_it_could_not_deliver_is_said_without_its_address(python: tuple[str, Path]) -> None:
    with pytest.raises(Unreachable, match="could not deliver it: Failed to send") as caught:
        Apprise(AppriseSettings(address=Secret(ADDRESS)), python=python[0]).send(MESSAGE)
    assert not any(part in str(caught.value) for part in ("passw0rd", "t0ken", "example.org"))


def test_an_address_that_it_does_not_know(python: tuple[str, Path]) -> None:
    with pytest.raises(BadReply, match="does not understand"):
        Apprise(AppriseSettings(address=Secret("nonsense://x")), python=python[0]).send(MESSAGE)


def test_a_child_that_crashes_or_cannot_be_started_is_trouble_and_no_more(python: tuple[str, Path]) -> None:
    for interpreter, address in ((python[0], "json://crash"), ("/nowhere/python", ADDRESS)):
        with pytest.raises(SourceError, match=r"ended without an answer|cannot be started"):
            Apprise(AppriseSettings(address=Secret(address)), python=interpreter).send(MESSAGE)


def test_where_it_is_not_installed_that_is_said() -> None:
    with pytest.raises(Unreachable, match="not installed here; `pip install apprise`"):
        Apprise(AppriseSettings(address=Secret(ADDRESS)), python=sys.executable).send(MESSAGE)
    assert "apprise" not in sys.modules


def test_no_part_of_an_address_that_may_be_a_secret_is_told() -> None:
    said = f"Bad request to {ADDRESS} as me with passw0rd, t0kent0ken"
    assert without(Secret(ADDRESS), said) == "Bad request to (secret) as me with (secret), (secret)"
