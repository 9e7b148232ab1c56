"""The http meter against a real server: what it reads, and everything a device can do wrong."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from pv_heater.core.model.setting import Secret, SettingProblem
from pv_heater.core.model.values import Reading
from pv_heater.errors import AuthRejected, BadReply, SourceError, Unreachable
from pv_heater.io.system.worker import Worker
from pv_heater.meters.http import HttpMeter, HttpValue, HttpValues
from tests.mqtt_brokers import free_port
from tests.silence import PATIENT_S
from tests.source_tools import HandClock, tools_for


@pytest.fixture
def server(httpserver: HTTPServer) -> HTTPServer:
    return httpserver


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def home(server: HTTPServer, clock: HandClock, tmp_path: Path) -> Home:
    return Home(server, clock, tmp_path)


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the program logged, without the server's own lines."""
    return [record.getMessage() for record in caplog.records if record.name.startswith("pv_heater")]


def one(path: str = "$", **settings: Any) -> tuple[HttpValue, ...]:
    return (HttpValue(path=path, **settings),)


class Home:
    """A device at /status and meters that ask it."""

    def __init__(self, server: HTTPServer, clock: HandClock, state_dir: Path) -> None:
        self.server, self.clock, self._state_dir = server, clock, state_dir

    def answer(self, body: Any, path: str = "/status", **options: Any) -> None:
        self.server.clear_all_handlers()
        text = body if isinstance(body, str | bytes) else json.dumps(body)
        self.server.expect_request(path).respond_with_data(text, **options)

    def meter(
        self,
        values: HttpValues | None = None,
        *,
        read_s: float = PATIENT_S,
        whole_s: float = PATIENT_S,
        **settings: Any,
    ) -> HttpMeter:
        settings = {
            "url": self.server.url_for("/status"),
            "values": values or HttpValues(grid_w=one("power")),
            **settings,
        }
        return HttpMeter(
            HttpMeter.Settings(**settings), tools_for(self._state_dir, clock=self.clock), read_s=read_s, whole_s=whole_s
        )


def test_every_quantity_is_read_with_its_unit_scale_and_offset(home: Home) -> None:
    home.answer(
        {
            "pv": [{"kw": 1.5}, {"kw": 0.25}],
            "use": "812.5",
            "grid": -900,
            "l": [1, 2, 3],
            "bat": {"mw": 2e6, "mv": 51200},
            "soc": 88,
        }
    )
    reading = home.meter(
        HttpValues(
            pv_w=(HttpValue(path="pv[0].kw", unit="kW"), HttpValue(path="pv[1].kw", unit="kW")),
            consumption_w=one("use", offset=-12.5),
            grid_w=one("grid", scale=-1),
            grid_phase_w=(HttpValue(path="l[0]"), HttpValue(path="l[1]"), HttpValue(path="l[2]")),
            battery_w=one("bat.mw", unit="mW"),
            battery_v=one("bat.mv", unit="mV"),
            battery_soc_percent=one("soc", unit="%"),
        )
    ).read()
    assert (reading.pv_w, reading.consumption_w, reading.grid_w) == (1750.0, 800.0, 900.0)
    assert reading.grid_phase_w == (1.0, 2.0, 3.0)
    assert (reading.battery_w, reading.battery_v, reading.battery_soc_percent) == (2000.0, 51.2, 88.0)
    assert (reading.source, reading.taken_at, reading.interval_s) == ("http", home.clock.now(), 2.0)


def test_the_phases_give_the_grid_where_it_is_not_asked_for(home: Home) -> None:
    home.answer({"l": [100, -20]})
    reading = home.meter(HttpValues(grid_phase_w=(HttpValue(path="l[0]"), HttpValue(path="l[1]")))).read()
    assert (reading.grid_phase_w, reading.grid_w) == ((100.0, -20.0), 80.0)


def test_half_a_sum_is_no_sum(home: Home) -> None:
    home.answer({"a": 100, "b": None, "grid": 5})
    reading = home.meter(HttpValues(pv_w=(HttpValue(path="a"), HttpValue(path="b")), grid_w=one("grid"))).read()
    assert (reading.pv_w, reading.grid_w) == (None, 5.0)


def test_a_text_answer_is_read_by_its_fields(home: Home) -> None:
    home.answer("Injection;-120;35")
    assert home.meter(HttpValues(grid_w=one(";1"))).read().grid_w == -120.0


def test_values_may_come_from_several_addresses_each_asked_once(home: Home) -> None:
    home.server.expect_request("/status").respond_with_json({"power": 10, "v": 50})
    home.server.expect_request("/pv").respond_with_json({"power": 700})
    values = HttpValues(grid_w=one("power"), battery_v=one("v"), pv_w=one("power", url=home.server.url_for("/pv")))
    reading = home.meter(values).read()
    assert (reading.grid_w, reading.battery_v, reading.pv_w) == (10.0, 50.0, 700.0)
    assert sorted(request.path for request, _ in home.server.log) == ["/pv", "/status"]


def test_one_address_that_is_lost_costs_its_values_only(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    home.server.expect_request("/status").respond_with_json({"power": 10})
    meter = home.meter(HttpValues(grid_w=one("power"), pv_w=one("power", url=f"http://127.0.0.1:{free_port()}/pv")))
    for _ in range(3):
        reading = meter.read()
        assert (reading.grid_w, reading.pv_w) == (10.0, None)
    [line] = said(caplog)
    assert line.startswith("http: pv_w: 127.0.0.1:")
    assert line.endswith("Connection refused; it is left out.")


def test_the_pace_is_the_one_observed_when_answers_take_longer_than_asked(home: Home) -> None:
    home.answer({"power": 1})
    meter = home.meter(interval_s=1.0)
    for _ in range(4):
        meter.read()
        home.clock.advance(7)
    assert meter.read().interval_s == 7.0
    assert meter.interval_s == 1.0


BAD_ANSWERS = {
    "half a JSON": '{"power": 12',
    "no JSON": "<html>busy</html>",
    "nothing at all": "",
    "JSON null": "null",
    "a bare list": "[1, 2]",
    "a text": '"12"',
    "the key is missing": '{"watts": 12}',
    "null in place of the number": '{"power": null}',
    "a word in place of the number": '{"power": "unavailable"}',
    "a truth in place of the number": '{"power": true}',
    "a list in place of the number": '{"power": [12]}',
    "a group in place of the number": '{"power": {"w": 12}}',
    "NaN": '{"power": NaN}',
    "infinity": '{"power": Infinity}',
    "1e9 W": '{"power": 1e9}',
    "the sign flipped into a wrapped register": '{"power": 4294967176}',
    "a number of 4,000 digits": '{"power": ' + "9" * 4000 + "}",
    "very deep": '{"power":' * 50_000,
    "no UTF-8": b'{"power": "\xff\xfe"}',
}


@pytest.mark.parametrize("case", BAD_ANSWERS)
def test_a_bad_answer_is_no_reading_and_heals(home: Home, case: str, caplog: pytest.LogCaptureFixture) -> None:
    home.answer(BAD_ANSWERS[case])
    meter = home.meter()
    for _ in range(3):
        with pytest.raises(BadReply) as caught:
            meter.read()
    assert not said(caplog), "whoever reads says it"
    assert len(str(caught.value)) < 500
    home.answer({"power": 12})
    assert meter.read().grid_w == 12.0, "it heals"


@pytest.mark.parametrize("case", [case for case, body in BAD_ANSWERS.items() if str(body)[:9] == '{"power":'])
def test_a_bad_value_beside_a_good_one_is_left_out_and_said_once(
    home: Home, case: str, caplog: pytest.LogCaptureFixture
) -> None:
    home.server.expect_request("/status").respond_with_data(BAD_ANSWERS[case])
    home.server.expect_request("/pv").respond_with_json({"power": 700})
    meter = home.meter(HttpValues(grid_w=one("power"), pv_w=one("power", url=home.server.url_for("/pv"))))
    for _ in range(3):
        reading = meter.read()
        assert (reading.grid_w, reading.pv_w) == (None, 700.0)
    [line] = said(caplog)
    assert line.startswith("http: grid_w: 127.0.0.1:")
    assert line.endswith("it is left out.")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, AuthRejected),
        (403, AuthRejected),
        (404, BadReply),
        (500, Unreachable),
        (503, Unreachable),
        (302, BadReply),
    ],
)
def test_a_refusal_is_no_reading_even_with_a_number_in_it(home: Home, status: int, kind: type[SourceError]) -> None:
    home.answer({"power": 0}, status=status)
    with pytest.raises(kind, match=str(status)):
        home.meter().read()


def test_a_device_that_hangs_is_given_up(home: Home) -> None:
    release = threading.Event()

    def hang(_request: Request) -> Response:
        release.wait(10)
        return Response("{}")

    home.server.clear_all_handlers()
    home.server.expect_request("/status").respond_with_handler(hang)
    with pytest.raises(Unreachable, match=r"went silent for 0\.2 s"):
        home.meter(read_s=0.2).read()
    release.set()


def test_a_device_that_drips_is_given_up(home: Home) -> None:
    release = threading.Event()

    def drip(_request: Request) -> Response:
        return Response(b" " for _ in range(1000) if not release.wait(0.02))

    home.server.clear_all_handlers()
    home.server.expect_request("/status").respond_with_handler(drip)
    with pytest.raises(Unreachable, match="had not answered in full after"):
        home.meter(whole_s=0.3).read()
    release.set()


def test_a_device_that_is_gone_is_unreachable(home: Home) -> None:
    with pytest.raises(Unreachable, match="cannot be reached"):
        home.meter(url=f"http://127.0.0.1:{free_port()}/status").read()


def test_a_device_whose_clock_says_1970_does_not_date_the_reading(home: Home) -> None:
    home.answer({"power": 1, "unixtime": 7}, headers={"Date": "Thu, 01 Jan 1970 00:00:07 GMT"})
    assert home.meter().read().taken_at == home.clock.now()


def test_a_token_goes_with_every_request_and_shows_nowhere(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    home.server.expect_request("/status", headers={"Authorization": "Bearer long-lived"}).respond_with_json(
        {"power": 1}
    )
    meter = home.meter(token=Secret("long-lived"))
    assert meter.read().grid_w == 1.0
    home.answer("no long-lived here", status=401)
    with pytest.raises(AuthRejected) as caught:
        meter.read()
    assert "long-lived" not in str(caught.value) + caplog.text + repr(meter)


def test_a_basic_login_is_sent(home: Home) -> None:
    home.server.expect_request("/status", headers={"Authorization": "Basic YWRtaW46c2VzYW1l"}).respond_with_json(
        {"power": 1}
    )
    assert home.meter(username="admin", password=Secret("sesame")).read().grid_w == 1.0


def test_a_digest_login_answers_the_riddle_of_a_shelly(home: Home) -> None:
    def guard(request: Request) -> Response:
        said = dict(re.findall(r'(\w+)="?([^",]+)', request.headers.get("Authorization", "")))
        riddle = 'Digest qop="auth", realm="shelly", nonce="60dc2c69", algorithm=SHA-256'
        if not said:
            return Response("", 401, {"WWW-Authenticate": riddle})
        hashed = [hashlib.sha256(text.encode()).hexdigest() for text in ("admin:shelly:sesame", f"GET:{said['uri']}")]
        whole = f"{hashed[0]}:60dc2c69:{said['nc']}:{said['cnonce']}:auth:{hashed[1]}"
        good = said["response"] == hashlib.sha256(whole.encode()).hexdigest()
        return Response('{"power": 3}' if good else "", 200 if good else 401, {"WWW-Authenticate": riddle})

    home.server.expect_request("/status").respond_with_handler(guard)
    assert home.meter(username="admin", password=Secret("sesame"), auth="digest").read().grid_w == 3.0
    with pytest.raises(AuthRejected):
        home.meter(username="admin", password=Secret("wrong"), auth="digest").read()


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"url": None}, "url"),
        ({"url": None, "alive": "n", "values": HttpValues(pv_w=one(url="http://x"))}, "url"),
        ({"username": "admin"}, "password"),
        ({"password": Secret("x")}, "username"),
    ],
)
def test_settings_that_cannot_work_are_refused(home: Home, settings: dict[str, Any], key: str) -> None:
    with pytest.raises(SettingProblem) as caught:
        home.meter(**settings)
    assert caught.value.key == key


def test_a_value_without_any_or_with_a_foreign_unit_is_refused() -> None:
    with pytest.raises(SettingProblem, match="at least one of pv_w"):
        HttpValues()
    with pytest.raises(SettingProblem, match="must be one of V, mV here, not W"):
        HttpValues(battery_v=one(unit="W"))


def test_a_meter_may_be_closed_twice(home: Home) -> None:
    meter = home.meter()
    meter.close()
    meter.close()


# What the systems before this one got wrong.


def test_defect_an_http_error_counted_as_no_power_at_all(home: Home, clock: HandClock) -> None:
    """The ESP32 router took a Shelly's answer of 400 and above for a valid 0 W."""
    meter = home.meter()
    home.answer({"power": -1500})
    worker = Worker("http", meter.read, lambda: 1.0, clock.monotonic_s, lambda: None, logging.getLogger("tests"))
    worker.poll_once()
    home.answer('{"power": 0}', status=400)
    clock.advance(5)
    worker.poll_once()
    latest = worker.latest()
    assert latest is not None
    assert (latest.grid_w, clock.now() - latest.taken_at) == (-1500.0, timedelta(seconds=5)), "the old one, growing old"


def test_defect_the_last_frame_served_for_ever(home: Home, clock: HandClock, caplog: pytest.LogCaptureFixture) -> None:
    """ESP-Router-PV goes on answering the last frame when its measuring side is silent; a counter tells."""
    meter = home.meter(HttpValues(grid_w=one("REE", scale=-1)), alive="FID", interval_s=1.0)
    for frame in range(4187, 4192):
        home.answer({"FID": frame, "REE": 900.0})
        clock.advance(1)
        assert meter.read().taken_at == clock.now()
    last_at = clock.now()
    for _ in range(30):
        clock.advance(1)
        assert meter.read().taken_at == last_at, "the same frame is no newer for being told again"
    clock.advance(1)
    with pytest.raises(Unreachable, match=r"its FID has been the number 4191 for 31 s"):
        meter.read()
    home.answer({"FID": 4192, "REE": 900.0})
    assert meter.read().taken_at == clock.now()


def test_an_answer_without_its_sign_of_life_is_refused(home: Home) -> None:
    home.answer({"REE": 900.0})
    with pytest.raises(BadReply, match="no sign of life at FID"):
        home.meter(HttpValues(grid_w=one("REE")), alive="FID").read()


def test_without_the_battery_that_is_measured_there_is_no_reading(home: Home) -> None:
    """What the battery gives to the heater would pass for sun."""
    values = HttpValues(grid_w=one("grid"), battery_w=one("battery"))
    home.answer({"grid": -50, "battery": None})
    with pytest.raises(BadReply, match="battery is nothing"):
        home.meter(values).read()
    home.answer({"grid": -50, "battery": -900})
    assert home.meter(values).read().battery_w == -900.0


def test_a_battery_alone_is_no_reading_of_a_home_whose_powers_are_measured(home: Home) -> None:
    home.answer({"soc": 90})
    values = HttpValues(grid_w=one("power"), battery_soc_percent=one("soc"))
    with pytest.raises(BadReply, match="there is no power in what came, only soc"):
        home.meter(values).read()
    only_battery: Reading = home.meter(HttpValues(battery_soc_percent=one("soc"))).read()
    assert only_battery.battery_soc_percent == 90.0
