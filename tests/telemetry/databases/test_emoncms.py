"""Emoncms, played by a server that answers as its input module does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug import Request, Response

from pv_heater import load_config
from pv_heater.core.model.setting import Secret
from pv_heater.errors import AuthRejected, BadReply, ConfigError, Unreachable
from pv_heater.telemetry.databases.emoncms import Emoncms
from tests.builders import config
from tests.http_server import ScriptedServer
from tests.source_tools import tools_for
from tests.telemetry.home import ToldHome, living

KEY = "0123456789abcdef0123456789abcdef"


class Inputs(ScriptedServer):
    """Keeps the newest inputs by node; the key is asked for first, as there."""

    def reset(self) -> None:
        super().reset()
        self.nodes: dict[str, dict[str, float]] = {}
        self.times: list[int] = []

    def answer(self, request: Request) -> Any:
        if request.path == "/emoncms/input/list.json" and request.headers.get("Authorization") == f"Bearer {KEY}":
            return [{"id": 1}] * sum(map(len, self.nodes.values()))
        form = request.form
        if request.path != "/emoncms/input/post" or form.get("apikey") != KEY:
            return Response("Invalid API key", status=401)
        try:
            figures = json.loads(form["fulljson"])
        except ValueError:
            return {"success": False, "message": "Error decoding JSON string (invalid or too deeply nested)"}
        self.nodes.setdefault(form["node"], {}).update(figures)
        self.times.append(int(form["time"]))
        return {"success": True}


@pytest.fixture(scope="module")
def server() -> Iterator[Inputs]:
    with Inputs() as inputs:
        yield inputs


@pytest.fixture
def inputs(server: Inputs) -> Inputs:
    server.reset()
    return server


@pytest.fixture(scope="module")
def house() -> ToldHome:
    return living()


def told(url: str, folder: Path, key: str = KEY, **limits: float) -> Emoncms:
    return Emoncms(Emoncms.Settings(url=f"{url}/emoncms", apikey=Secret(key)), tools_for(folder), **limits)


def test_a_node_gets_the_figures_of_home_and_loads(inputs: Inputs, tmp_path: Path, house: ToldHome) -> None:
    document = house.document()
    assert told(inputs.url, tmp_path).tell(document, 0.0) == ()
    node = inputs.nodes["pv_heater"]
    assert (node["pv_w"], node["battery_soc_percent"], node["heater_temperature_c"]) == (2500.0, 97.0, 41.5)
    assert node["heater_power_w"] == document["loads"][0]["power_w"]
    assert inputs.times == [1782039602]


def test_check_asks_for_its_inputs_and_posts_nothing(inputs: Inputs, tmp_path: Path) -> None:
    assert told(inputs.url, tmp_path).ask() == "answers, and knows 0 inputs"
    with pytest.raises(AuthRejected):
        told(inputs.url, tmp_path, "wrong-key").ask()
    inputs.raw = "{}"
    with pytest.raises(BadReply, match="no list of inputs"):
        told(inputs.url, tmp_path).ask()
    assert inputs.nodes == {}


def test_without_a_tick_nothing_is_told(inputs: Inputs, tmp_path: Path) -> None:
    told(inputs.url, tmp_path).tell(None, 0.0)
    assert inputs.asked == []


def test_a_wrong_key_is_refused_and_shows_nowhere(inputs: Inputs, tmp_path: Path, house: ToldHome) -> None:
    with pytest.raises(AuthRejected, match=r"Emoncms refused access \(401\): Invalid API key") as caught:
        told(inputs.url, tmp_path, "wrong-key").tell(house.document(), 0.0)
    assert "wrong-key" not in str(caught.value)


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ('{"success": false, "message": "Input limit reached"}', "did not take the figures: 'Input limit reached'"),
        ("ok", "not JSON"),
        ('["\\u0000"]', "did not take the figures"),
        ("<html>", "not JSON"),
    ],
)
def test_whatever_else_it_says_is_no_yes(inputs: Inputs, tmp_path: Path, house: ToldHome, raw: str, why: str) -> None:
    inputs.raw = raw
    with pytest.raises(BadReply, match=why):
        told(inputs.url, tmp_path).tell(house.document(), 0.0)


def test_one_that_hangs_costs_its_time_limit_and_is_told_again_later(
    inputs: Inputs, tmp_path: Path, house: ToldHome
) -> None:
    inputs.hanging = True
    with pytest.raises(Unreachable):
        told(inputs.url, tmp_path, whole_s=0.2).tell(house.document(), 0.0)
    inputs.hanging = False
    told(inputs.url, tmp_path).tell(house.document(), 30.0)
    assert "pv_heater" in inputs.nodes


def test_it_comes_back_where_it_was(tmp_path: Path, house: ToldHome) -> None:
    with Inputs() as before:
        emoncms = told(before.url, tmp_path)
        emoncms.tell(house.document(), 0.0)
    with pytest.raises(Unreachable):
        emoncms.tell(house.document(), 30.0)
    with Inputs(before.port) as after:
        emoncms.tell(house.document(), 60.0)
    assert after.nodes.keys() == {"pv_heater"}


def test_a_node_that_emoncms_would_write_in_another_way_is_refused() -> None:
    row = {"type": "emoncms", "url": "http://127.0.0.1:1", "apikey": "x", "node": "my home!"}
    with pytest.raises(ConfigError, match=r"publish\.node: must be letters, digits"):
        load_config(config(publish=row))
