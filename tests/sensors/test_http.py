"""A temperature over HTTP, from a server on loopback."""

from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from pv_heater.errors import AuthRejected, BadReply, SourceError, Unreachable
from pv_heater.sensors.http import HttpSensor
from tests.mqtt_brokers import free_port
from tests.source_tools import tools_for

DIMMER = {
    "dimmer": 35, "temperature": "48.6", "power": 350, "alerte": "RAS", "dallas0": "48.6", "addr0": "28AA",
}  # fmt: skip


def sensor(server: HTTPServer, folder: Path, **settings: Any) -> HttpSensor:
    return HttpSensor(HttpSensor.Settings(url=server.url_for("/state"), **settings), tools_for(folder))


def serve(server: HTTPServer, body: Any) -> None:
    server.expect_request("/state").respond_with_json(body)


def test_the_text_of_a_dimmer_is_a_temperature(httpserver: HTTPServer, tmp_path: Path) -> None:
    serve(httpserver, DIMMER)
    assert sensor(httpserver, tmp_path).read() == 48.6
    assert sensor(httpserver, tmp_path, path="dallas0").read() == 48.6


@pytest.mark.parametrize("told", ["0.0", "99.9"])
def test_the_dimmers_words_for_no_probe_are_no_temperature(httpserver: HTTPServer, tmp_path: Path, told: str) -> None:
    serve(httpserver, DIMMER | {"temperature": told})
    tank = sensor(httpserver, tmp_path, lost=(0.0, 99.9))
    with pytest.raises(BadReply, match="which means that it has no probe"):
        tank.read()


BODIES = {
    "null": '{"temperature": null}',
    "truncated": '{"temperature": 48.',
    "a list": "[48.6]",
    "NaN": '{"temperature": NaN}',
    "1e9": '{"temperature": 1e9}',
    "sign flipped": '{"temperature": -48.6}',
    "a truth value": '{"temperature": true}',
    "a group": '{"temperature": {"tC": 48.6}}',
    "another key": '{"temp": 48.6}',
    "brackets": "[" * 50_000,
    "endless digits": '{"temperature": ' + "9" * 4000 + "}",
    "nothing but endless digits": "9" * 4000,
    "empty": "",
    "a page": "<html>login</html>",
    "too much": " " * 100_000 + "48.6",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_body_without_a_temperature_is_refused(httpserver: HTTPServer, tmp_path: Path, body: str) -> None:
    httpserver.expect_request("/state").respond_with_data(body, content_type="application/json")
    with pytest.raises(BadReply, match=r"the sensor at 127\.0\.0\.1:"):
        sensor(httpserver, tmp_path).read()


@pytest.mark.parametrize(
    ("status", "kind"), [(401, AuthRejected), (404, BadReply), (302, BadReply), (429, SourceError), (500, Unreachable)]
)
def test_a_refusal_is_no_temperature_though_its_body_has_one(
    httpserver: HTTPServer, tmp_path: Path, status: int, kind: type[SourceError]
) -> None:
    httpserver.expect_request("/state").respond_with_json(DIMMER, status=status)
    with pytest.raises(kind):
        sensor(httpserver, tmp_path).read()


def test_a_device_that_is_gone_and_comes_back(httpserver: HTTPServer, tmp_path: Path) -> None:
    gone = HttpSensor(HttpSensor.Settings(url=f"http://127.0.0.1:{free_port()}/state"), tools_for(tmp_path))
    with pytest.raises(Unreachable, match="cannot be reached"):
        gone.read()
    tank = sensor(httpserver, tmp_path)
    httpserver.expect_ordered_request("/state").respond_with_handler(lambda _: Response(status=503))
    httpserver.expect_ordered_request("/state").respond_with_json(DIMMER)
    with pytest.raises(Unreachable):
        tank.read()
    assert tank.read() == 48.6
    tank.close()
    tank.close()


def test_a_name_and_password_in_the_address_are_not_shown(tmp_path: Path) -> None:
    url = f"http://me:hunter2@127.0.0.1:{free_port()}/state"
    tank = HttpSensor(HttpSensor.Settings(url=url), tools_for(tmp_path))
    with pytest.raises(Unreachable) as caught:
        tank.read()
    assert "hunter2" not in str(caught.value)
