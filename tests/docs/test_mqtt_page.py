"""docs/mqtt.md says of topics and times what the code does."""

import json
import re
import shlex
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from pv_heater.core.commands import FORCE_DEFAULT_S
from pv_heater.core.model.setting import Secret
from pv_heater.run.home.minute_record import EVERY_S, QUIET_S
from pv_heater.telemetry.identities import identities_of
from pv_heater.telemetry.mqtt import telemetry
from pv_heater.telemetry.mqtt.balancer import EACH_S, balancer_request
from pv_heater.telemetry.mqtt.commands import AT_ONCE, Commands
from pv_heater.telemetry.mqtt.dials import Dial, Dials
from pv_heater.telemetry.mqtt.request import KEYS
from pv_heater.telemetry.mqtt.topics import TAKEN, TOLD, Topic, Topics
from tests.builders import heater
from tests.mqtt_brokers import MOSQUITTO, Mosquitto, wait_for
from tests.telemetry.mqtt.rig import Listener, telling
from tests.web.rig import WebHome

PAGE = (Path(__file__).parents[2] / "docs" / "mqtt.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("mark", "topics"), [("told", TOLD), ("taken", TAKEN)])
def test_the_tables_are_those_of_the_code(mark: str, topics: Sequence[Topic]) -> None:
    rows = [f"| `{row.path}` | {row.payload} | {'yes' if row.retained else 'no'} | {row.what} |" for row in topics]
    [found] = re.findall(rf"<!-- {mark} -->\n.*\n.*\n((?:\|.*\n)*)<!-- end -->", PAGE)
    assert found.splitlines() == rows, "paste these rows"


def test_the_times_are_those_of_the_code() -> None:
    assert f"at least every {telemetry.REPEAT_S:g} s" in PAGE
    assert (telemetry.LOOK_S, EVERY_S, QUIET_S) == (1.0, 60.0, 300.0)
    assert f"more than {AT_ONCE} commands at once" in PAGE
    assert f"gets its JSON every {EACH_S:g} s" in PAGE
    assert (FORCE_DEFAULT_S, Dial().force_min) == (7200.0, 120.0)
    for word, keys in KEYS.items():
        assert f"`{word}`" in PAGE
        assert all(f"`{key}`" in PAGE for key in keys)


def test_the_commands_on_it_are_obeyed(tmp_path: Path) -> None:
    house = WebHome(loads=[heater("water_heater")])
    house.tick()
    now_s, answers = 0.0, list[Any]()
    identities = identities_of(house.home, tmp_path)
    commands = Commands(house.home, Topics("pv_heater"), identities, Dials(), answers.append, lambda: now_s)
    lines = re.findall(r"^mosquitto_pub .* -t (.*) -m (.*)$", PAGE, re.MULTILINE)
    assert len(lines) == 4
    for topic, payload in lines:
        commands.heard(topic, shlex.split(payload)[0].encode())
        assert answers[-1]["ok"], answers[-1]
    assert answers[-1].keys() == json.loads(re.findall(r"^\{\"ok\".*$", PAGE, re.MULTILINE)[0]).keys()


def test_the_balancers_orders_are_understood() -> None:
    policies = WebHome(loads=[heater("ecs")]).home.policies()
    found = re.findall(r'\{"command": "(?:un)?force", "name".*?\}', PAGE)
    assert [balancer_request(text.encode(), policies)["mode"] for text in found] == ["on", "auto"]


@pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")
def test_the_rights_on_it_are_what_it_says(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    users, rights = tmp_path / "users", tmp_path / "rights"
    [text] = re.findall(r"```text\n(user heater.*?)```", PAGE, re.DOTALL)
    rights.write_text(text)
    users.touch()
    for name in ("heater", "family"):
        subprocess.run(["mosquitto_passwd", "-b", str(users), name, "secret"], check=True)
    lines = ("allow_anonymous false", f"password_file {users}", f"acl_file {rights}", "user root")
    house = WebHome(loads=[heater("water_heater")])
    house.tick()
    login = {"username": "heater", "password": Secret("secret")}
    with (
        Mosquitto(lines=lines) as broker,
        Listener(broker.port, "pv_heater/#", login=("family", "secret")) as family,
        Listener(broker.port, login=("family", "secret")) as denied,
        telling(house, tmp_path, broker.port, commands=True, **login),
    ):
        wait_for(lambda: family.text("pv_heater/availability") == "online", "it is there")
        for topic in ("off/set", "loads/water_heater/mode/set"):
            with suppress(RuntimeError):  # mosquitto 2.0.11 may throw out whoever asks for what is not his
                denied.publish(f"pv_heater/{topic}", "off")
        answer = family.asked("loads/water_heater/boost/set", "now")
        assert (answer["ok"], answer["topic"]) == (True, "pv_heater/loads/water_heater/boost/set")
        assert house.outputs[0].trips == 0
