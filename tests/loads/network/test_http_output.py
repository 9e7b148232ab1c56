"""Outputs that take requests of the user's own: settings, mistakes in them, and devices that misbehave."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from bench.doubles.brokers import free_port
from pv_heater.config.load import load_config
from pv_heater.errors import AuthRejected, BadReply, ConfigError, SourceError, Unreachable
from pv_heater.loads.network.http_device import HttpOutput
from pv_heater.loads.network.http_output import (
    HttpSwitchSettings,
    HttpVariatorSettings,
    switch_device,
    variator_device,
)
from pv_heater.loads.network.networked import PAUSE_S, Settling

pytestmark = pytest.mark.usefixtures("patient_links")


@pytest.fixture
def server(httpserver: HTTPServer) -> HTTPServer:
    return httpserver


def row(server: HTTPServer | None = None, **changes: Any) -> dict[str, Any]:
    url = server.url_for("").rstrip("/") if server is not None else "http://192.168.1.50"
    given = {"name": "pump", "max_power_w": 800, "type": "http_switch", "url": url,
             "on": {"path": "/on"}, "off": {"path": "/off"}}  # fmt: skip
    return {key: value for key, value in (given | changes).items() if value is not None}


def variator(server: HTTPServer | None = None, **changes: Any) -> dict[str, Any]:
    return row(server, **({"type": "http_variator", "on": None, "power": {"path": "/set?p={percent}"}} | changes))


def output(values: dict[str, Any]) -> HttpOutput:
    settings = load_config({"loads": [values]}).policies[0]
    at_once = Settling(longest_s=0.0)
    if isinstance(settings, HttpSwitchSettings):
        return switch_device(settings, at_once)
    assert isinstance(settings, HttpVariatorSettings)
    return variator_device(settings, at_once)


def problem(values: dict[str, Any]) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config({"loads": [values]})
    (sentence,) = caught.value.problems
    return sentence


def seen(server: HTTPServer) -> list[str]:
    return [f"{request.method} {request.full_path.rstrip('?')}" for request, _ in server.log]


def accept(server: HTTPServer) -> None:
    server.expect_request(re.compile(".*")).respond_with_data("thank you")


def test_several_requests_go_out_in_their_order(server: HTTPServer) -> None:
    accept(server)
    output(row(server, on=[{"path": "/a"}, {"path": "/b?x=1"}, {"path": "/c"}])).set_power(800.0)
    assert seen(server) == ["GET /a", "GET /b?x=1", "GET /c"]


def test_the_second_of_several_requests_is_not_sent_when_the_first_was_refused(server: HTTPServer) -> None:
    server.expect_request("/a").respond_with_data("no", status=500)
    server.expect_request("/b").respond_with_data("yes")
    with pytest.raises(Unreachable):
        output(row(server, on=[{"path": "/a"}, {"path": "/b"}])).set_power(800.0)
    assert seen(server) == ["GET /a"]


def test_a_body_goes_out_as_json_with_its_numbers(server: HTTPServer) -> None:
    body = '{"id": 1, "method": "Light.Set", "params": {"id": 0, "on": true, "brightness": {percent}, "w": {power_w}}}'
    sent = {"id": 1, "method": "Light.Set", "params": {"id": 0, "on": True, "brightness": 75, "w": 600}}
    server.expect_oneshot_request("/rpc", method="POST", json=sent).respond_with_json({})
    request = {"path": "/rpc", "method": "POST", "body": body}
    output(variator(server, power=request, shape="linear")).set_power(600.0)
    server.check_assertions()


def test_levels_have_the_range_and_the_digits_that_are_set(server: HTTPServer) -> None:
    accept(server)
    device = output(variator(server, shape="linear", full_level=254, decimals=1))
    for power_w in (800.0, 400.0, 0.1):
        device.set_power(power_w)
    assert seen(server) == ["GET /set?p=254.0", "GET /set?p=127.0", "GET /set?p=0.1"]


def test_a_token_and_a_login_go_with_every_request(server: HTTPServer) -> None:
    def answer(request: Request) -> Response:
        return Response("{}", status=200 if request.headers.get("Authorization") == "Bearer abc" else 401)

    server.expect_request("/on").respond_with_handler(answer)
    output(row(server, token="abc")).set_power(800.0)
    with pytest.raises(AuthRejected):
        output(row(server)).set_power(800.0)


def test_a_measured_curve_gives_the_level(server: HTTPServer, tmp_path: Path) -> None:
    accept(server)
    (tmp_path / "curve.csv").write_text("0;0\n20;600\n100;800\n")
    output(variator(server, curve=str(tmp_path / "curve.csv"))).set_power(600.0)
    assert seen(server) == ["GET /set?p=20"]


def test_without_a_question_an_accepted_command_counts(server: HTTPServer) -> None:
    accept(server)
    output(row(server)).set_power(0.0)
    assert seen(server) == ["GET /off"]


def test_the_answer_is_asked_for_again_until_the_device_got_there(server: HTTPServer) -> None:
    states = iter(["OFF", "OFF", "ON"])
    server.expect_request("/on").respond_with_data("ok")
    server.expect_request("/state").respond_with_handler(lambda _: Response(f'{{"state": "{next(states)}"}}'))
    settings = load_config({"loads": [row(server, confirm={"path": "/state", "value": "state", "off": "off"})]})
    (policy,) = settings.policies
    assert isinstance(policy, HttpSwitchSettings)
    switch_device(policy, Settling(longest_s=3 * PAUSE_S)).set_power(800.0)
    assert len(server.log) == 4


def test_a_wait_ends_when_the_output_is_closed() -> None:
    settling = Settling(longest_s=3600.0)
    settling.close()
    assert settling.ask(lambda: 1, lambda _: False) == 1


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ('{"ison": false}', "was told to be on and says 'false'"),
        ('{"ison": null}', "was told to be on and says 'None'"),
        ('{"other": 1}', "does not say whether it is on: there is no ison in what came, only other"),
        ("[]", "does not say whether it is on: what came is a list of 0"),
        ('"ON"', "does not say whether it is on"),
        ("<html>", "not JSON"),
        ("", "not JSON"),
        ("[" * 50_000, "not JSON"),
        ('{"ison": ' + "9" * 4000 + "}", "was told to be on and says '999"),
        (" " * 100_000, "more than 0.065536 MB"),
    ],
)  # fmt: skip
def test_an_answer_that_does_not_say_on_confirms_nothing(server: HTTPServer, answer: str, said: str) -> None:
    server.expect_request("/on").respond_with_data("ok")
    server.expect_request("/state").respond_with_data(answer)
    with pytest.raises(SourceError) as caught:
        output(row(server, confirm={"path": "/state", "value": "ison", "on": "true"})).set_power(800.0)
    assert said in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("answer", ['{"ison": true, "level": "high"}', '{"ison": true}', '{"ison": true, "level": 3}'])
def test_a_level_that_is_none_or_another_confirms_nothing(server: HTTPServer, answer: str) -> None:
    server.expect_request("/set").respond_with_data("ok")
    server.expect_request("/state").respond_with_data(answer)
    with pytest.raises(BadReply, match=r"level"):
        output(variator(server, confirm={"path": "/state", "value": "ison", "level": "level"})).set_power(800.0)


def test_no_device_there_is_unreachable() -> None:
    with pytest.raises(Unreachable, match="cannot be reached"):
        output(row(url=f"http://127.0.0.1:{free_port()}")).set_power(0.0)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"off": {"path": "/relay/0?turn=off&timer=60"}}, "off: must not hold a timer: the device would switch on"),
        ({"off": {"path": "/rpc/Switch.Set?id=0&on=false&toggle_after=5"}}, "off: must not hold a timer"),
        ({"off": {"path": "/set?p={percent}"}}, "off: must not hold {percent}, {power_w} or {amps}: off is off"),
        ({"off": None}, "off: is missing"),
        ({"on": []}, "on: must hold at least one request"),
        ({"on": {"path": "on"}}, "on.path: must begin with / and hold no blanks"),
        ({"on": {"path": "/on", "body": "{}"}}, "on.method: must be POST or PUT where there is a body"),
        ({"on": {"path": "/on", "method": "POST", "body": "{x"}}, "on.body: must be JSON, but is not: "),
        ({"on": {"path": "/on", "method": "DELETE"}}, "on.method: must be one of GET, POST, PUT"),
        ({"expires_s": 40}, "expires_s: must be at least 2 x refresh_s (30 s), or one lost word switches it off"),
        ({"username": "admin"}, "password: is missing; a login needs username and password"),
        ({"confirm": {"path": "/x", "value": "a b]["}}, "confirm.value: must be a path such as"),
        ({"curve": "x.csv"}, "curve: is not a setting"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_switchs_settings_is_named(changes: dict[str, Any], said: str) -> None:
    assert f"loads[0].{said}" in problem(row(**changes))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"power": {"path": "/on"}}, "power: must hold {percent} or {power_w} where the power belongs"),
        ({"confirm": {"path": "/x", "level": "]"}}, "confirm.level: must be a path such as"),
        ({"min_power_w": 900}, "min_power_w: must not be above max_power_w (800 W)"),
    ],
)
def test_a_mistake_in_a_variators_settings_is_named(changes: dict[str, Any], said: str) -> None:
    assert f"loads[0].{said}" in problem(variator(**changes))


def test_a_switch_is_all_or_nothing_and_a_variator_is_not() -> None:
    switch, dimmer = load_config({"loads": [row(), variator(name="dimmer", url="http://192.168.1.61")]}).policies
    assert (switch.least_power_w, dimmer.least_power_w) == (800.0, 60.0)
