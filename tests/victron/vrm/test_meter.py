from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pv_heater.core.model.setting import Secret, SettingProblem
from pv_heater.errors import AuthRejected, BadReply, RateLimited, Unreachable
from pv_heater.io.system.worker import Worker
from pv_heater.victron.vrm.meter import VrmMeter
from pv_heater.victron.vrm.records import reading_from_bodies
from tests.source_tools import NOON, HandClock, tools_for
from tests.vrm_server import VrmServer, charger_record


@pytest.fixture(scope="module")
def running_vrm() -> Iterator[VrmServer]:
    with VrmServer() as vrm:
        yield vrm


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def vrm(running_vrm: VrmServer, clock: HandClock) -> VrmServer:
    running_vrm.reset()
    running_vrm.clock = lambda: clock.now().timestamp()
    return running_vrm


def with_token(vrm: VrmServer, **settings: Any) -> VrmMeter.Settings:
    settings.setdefault("token", Secret(vrm.token))
    return VrmMeter.Settings(base_url=vrm.url, installation_id=vrm.installation_id, **settings)


def with_login(vrm: VrmServer, **settings: Any) -> VrmMeter.Settings:
    return with_token(vrm, token=None, username=vrm.username, password=Secret(vrm.password), **settings)


@pytest.fixture
def meter(vrm: VrmServer, clock: HandClock, tmp_path: Path) -> VrmMeter:
    return VrmMeter(with_token(vrm), tools_for(tmp_path, clock=clock))


@pytest.fixture
def login_meter(vrm: VrmServer, clock: HandClock, tmp_path: Path) -> VrmMeter:
    return VrmMeter(with_login(vrm), tools_for(tmp_path, clock=clock))


def test_a_token_or_a_login_is_required() -> None:
    with pytest.raises(SettingProblem, match="access token"):
        VrmMeter.Settings(installation_id=1)
    with pytest.raises(SettingProblem, match="access token"):
        VrmMeter.Settings(installation_id=1, username="a@example.com")
    assert VrmMeter.Settings(installation_id=1, token=Secret("x")).interval_s == 60


def test_building_the_meter_asks_nothing(vrm: VrmServer, meter: VrmMeter) -> None:
    assert vrm.requests == []


def test_with_a_token_the_house_is_read_without_a_login(vrm: VrmServer, meter: VrmMeter) -> None:
    reading = meter.read()
    assert (reading.grid_w, reading.consumption_w, reading.pv_w) == (-100.0, 900.0, 1520.0)
    assert (reading.battery_w, reading.battery_soc_percent, reading.charger_state) == (520.0, 80.0, "charging")
    assert (reading.taken_at, reading.interval_s) == (NOON, 60.0)
    assert vrm.logins == 0


def test_with_a_login_the_token_it_gave_is_used_again(vrm: VrmServer, login_meter: VrmMeter) -> None:
    assert login_meter.read().grid_w == -100.0
    login_meter.read()
    assert vrm.logins == 1


def test_a_login_that_expired_is_renewed_within_the_poll(vrm: VrmServer, login_meter: VrmMeter) -> None:
    login_meter.read()
    vrm.expire_logins()
    assert login_meter.read().grid_w == -100.0
    assert vrm.logins == 2


def test_a_refusal_that_goes_on_costs_one_login_a_poll(vrm: VrmServer, login_meter: VrmMeter) -> None:
    login_meter.read()
    vrm.status = 401
    with pytest.raises(AuthRejected, match="erro de teste"):
        login_meter.read()
    assert vrm.logins == 2
    vrm.status = None
    assert login_meter.read().grid_w == -100.0


def test_a_wrong_password_is_refused_and_never_shown(
    vrm: VrmServer, clock: HandClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = with_token(vrm, token=None, username=vrm.username, password=Secret("not-the-password"))
    meter = VrmMeter(settings, tools_for(tmp_path, clock=clock))
    with pytest.raises(AuthRejected, match=r"Invalid credentials.*access token") as caught:
        meter.read()
    assert "not-the-password" not in f"{caught.value}{caplog.text}{settings!r}"


def test_a_second_factor_is_answered_with_the_way_out(vrm: VrmServer, login_meter: VrmMeter) -> None:
    vrm.second_factor = True
    with pytest.raises(AuthRejected, match=r"second factor.*make an access token"):
        login_meter.read()


def test_a_wrong_token_is_refused_and_never_shown(vrm: VrmServer, clock: HandClock, tmp_path: Path) -> None:
    meter = VrmMeter(with_token(vrm, token=Secret("f00d" * 16)), tools_for(tmp_path, clock=clock))
    with pytest.raises(AuthRejected, match=r"Token is invalid") as caught:
        meter.read()
    assert "f00d" not in str(caught.value)


def test_all_pages_are_read(vrm: VrmServer, clock: HandClock, meter: VrmMeter) -> None:
    now_s = clock.now().timestamp()
    vrm.page_size = 4
    vrm.values.pop("Pdc")
    vrm.more_records = [charger_record("PVP", w, instance=n, timestamp=now_s) for n, w in ((289, 700.0), (290, 300.0))]
    assert meter.read().pv_w == 1000.0
    assert vrm.count("diagnostics") == 3


def test_pages_that_repeat_for_ever_are_not_followed_for_ever(vrm: VrmServer, meter: VrmMeter) -> None:
    vrm.raw = b'{"success": true, "records": [{"code": "x"}], "num_records": 100000}'
    with pytest.raises(BadReply):
        meter.read()
    assert vrm.count("diagnostics") == 20


def test_where_diagnostics_are_forbidden_the_short_status_is_read(vrm: VrmServer, meter: VrmMeter) -> None:
    vrm.diagnostics_forbidden = True
    reading = meter.read()
    assert (reading.grid_w, reading.pv_w, reading.consumption_w) == (-100.0, 1520.0, 900.0)
    assert (reading.battery_soc_percent, reading.battery_w) == (80.0, 520.0)
    meter.read()
    assert (vrm.count("diagnostics"), vrm.count("users/me")) == (1, 1)


def test_diagnostics_that_were_forbidden_are_tried_again_after_a_day(
    vrm: VrmServer, clock: HandClock, meter: VrmMeter
) -> None:
    vrm.diagnostics_forbidden = True
    meter.read()
    clock.advance(86_401)
    vrm.diagnostics_forbidden = False
    meter.read()
    assert vrm.count("diagnostics") == 2


def test_forbidden_everywhere_is_a_refusal_and_heals(vrm: VrmServer, meter: VrmMeter) -> None:
    vrm.status = 403
    with pytest.raises(AuthRejected, match="erro de teste"):
        meter.read()
    vrm.status = None
    assert meter.read().grid_w == -100.0


@pytest.mark.parametrize(
    ("status", "error", "said"),
    [
        (404, BadReply, "meter.installation_id"),
        (422, BadReply, "erro de teste"),
        (429, RateLimited, "429"),
        (500, Unreachable, "500"),
        (503, Unreachable, "503"),
    ],
)
def test_every_status_says_what_it_means(
    vrm: VrmServer, meter: VrmMeter, status: int, error: type[Exception], said: str
) -> None:
    vrm.status = status
    with pytest.raises(error, match=said):
        meter.read()


def test_an_unknown_site_is_said_to_be_unknown(vrm: VrmServer, clock: HandClock, tmp_path: Path) -> None:
    settings = VrmMeter.Settings(base_url=vrm.url, installation_id=77, token=Secret(vrm.token))
    with pytest.raises(BadReply, match=r"does not know this site.*meter\.installation_id"):
        VrmMeter(settings, tools_for(tmp_path, clock=clock)).read()


def test_the_wish_to_wait_is_passed_on(vrm: VrmServer, meter: VrmMeter) -> None:
    vrm.status, vrm.headers = 429, {"Retry-After": "120"}
    with pytest.raises(RateLimited) as caught:
        meter.read()
    assert caught.value.retry_after_s == 120
    vrm.headers = {}
    with pytest.raises(RateLimited) as caught:
        meter.read()
    assert caught.value.retry_after_s is None


@pytest.mark.parametrize(
    ("body", "error", "said"),
    [
        ({"success": False, "errors": "ResetType em falta", "error_code": "missing_parameters"}, BadReply, "ResetType"),
        ({"success": False, "errors": ["a", "b"]}, BadReply, "a; b"),
        ({"success": False, "errors": {"token": "expirou"}, "error_code": "token_expired"}, AuthRejected, "expirou"),
        ({"success": False}, BadReply, "no reason given"),
    ],
)
def test_no_success_is_an_error_in_the_apis_own_words(
    vrm: VrmServer, meter: VrmMeter, body: dict[str, Any], error: type[Exception], said: str
) -> None:
    vrm.refusal = body
    with pytest.raises(error, match=said):
        meter.read()


@pytest.mark.parametrize("raw", [b"", b"<html>", b"[]", b"null", b'{"success": true}', b'{"records": 7}', b'{"a": '])
def test_an_answer_of_another_shape_is_a_bad_reply(vrm: VrmServer, meter: VrmMeter, raw: bytes) -> None:
    vrm.raw = raw
    with pytest.raises(BadReply):
        meter.read()


def test_truncated_json_is_a_bad_reply(vrm: VrmServer, meter: VrmMeter) -> None:
    vrm.cut_to_bytes = 300
    with pytest.raises(BadReply, match="not JSON"):
        meter.read()


def test_a_silent_hour_shows_in_the_age(vrm: VrmServer, clock: HandClock, meter: VrmMeter) -> None:
    vrm.age_s = 3600
    assert meter.read().taken_at == clock.now() - timedelta(hours=1)


def test_the_sites_log_interval_is_asked_once_a_day(vrm: VrmServer, clock: HandClock, meter: VrmMeter) -> None:
    vrm.logging_interval_s = 900
    assert meter.read().interval_s == 900
    meter.read()
    assert vrm.count("system-overview") == 1
    clock.advance(86_401)
    meter.read()
    assert vrm.count("system-overview") == 2


def test_a_site_that_does_not_tell_its_log_interval_is_read_all_the_same(vrm: VrmServer, meter: VrmMeter) -> None:
    vrm.logging_interval_s = None
    assert meter.read().interval_s == 60


def test_polls_are_spaced_out_when_requests_run_low(vrm: VrmServer, clock: HandClock, tmp_path: Path) -> None:
    meter = VrmMeter(with_token(vrm, interval_s=1, max_requests_per_hour=6), tools_for(tmp_path, clock=clock))
    assert meter.interval_s == 1
    for _ in range(5):  # and one request for the log interval
        meter.read()
    assert meter.interval_s == pytest.approx(600)
    with pytest.raises(RateLimited, match="due in 600 s") as caught:
        meter.read()
    assert caught.value.retry_after_s == pytest.approx(600)
    assert len(vrm.requests) == 6
    clock.advance(600)
    assert meter.read().grid_w == -100.0


def test_the_portals_clock_is_compared_with_ours(vrm: VrmServer, clock: HandClock, meter: VrmMeter) -> None:
    assert meter.clock_offset_s is None
    meter.read()
    # The loopback server sends the real date, the test's clock stands at noon of a fixed day.
    assert meter.clock_offset_s is not None
    assert abs(meter.clock_offset_s) > 3600


def test_a_recorded_poll_gives_the_same_reading(vrm: VrmServer, meter: VrmMeter) -> None:
    bodies = meter.raw_poll()
    assert set(bodies) == {"diagnostics", "system_overview"}
    assert reading_from_bodies(bodies) == meter.read()


def test_a_false_value_is_logged_once(vrm: VrmServer, meter: VrmMeter, caplog: pytest.LogCaptureFixture) -> None:
    for percent in (180, 181, 182):
        vrm.values["bs"] = percent
        assert meter.read().battery_soc_percent is None
    assert len([text for text in caplog.messages if "which cannot be" in text]) == 1


def test_on_a_worker_an_outage_at_boot_heals(vrm: VrmServer, clock: HandClock, login_meter: VrmMeter) -> None:
    log = logging.getLogger("tests.vrm")
    worker = Worker("VRM", login_meter.read, lambda: login_meter.interval_s, clock.monotonic_s, lambda: None, log)
    vrm.login_status = 503
    worker.poll_once()
    assert worker.latest() is None
    assert "503" in str(worker.status().trouble)
    vrm.login_status = None
    worker.poll_once()
    reading = worker.latest()
    assert reading is not None
    assert reading.grid_w == -100.0
