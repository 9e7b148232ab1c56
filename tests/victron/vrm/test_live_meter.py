"""Live values from the portal's own broker, with the REST API behind it: who answers when, and what faults do."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bench.doubles.portal import Authority
from pv_heater.cli.status_text import _source_line
from pv_heater.commands.check import check_all
from pv_heater.config.load import Config, load_config
from pv_heater.core.model.lean import to_jsonable
from pv_heater.core.model.setting import Secret, SettingProblem
from pv_heater.errors import AuthRejected, Unreachable
from pv_heater.io.system.clock import SystemClock
from pv_heater.ports import Tools
from pv_heater.run.sources import Sources
from pv_heater.victron.mqtt.conversation import SERIAL
from pv_heater.victron.vrm.live_access import LiveAccess, broker_host, live_access, token_ends_at
from pv_heater.victron.vrm.live_meter import LiveVrmMeter
from tests.builders import config
from tests.gx_device import SPEED
from tests.source_tools import no_pins
from tests.victron.vrm.live_home import PATIENT, SWIFT, Build, is_live, is_rest, until
from tests.victron.vrm.portal import Portal, portal
from tests.vrm_server import VrmServer
from tests.waiting import until as wait_until

GRID = "system/0/Ac/Grid/L1/Power"


def test_a_token_is_enough_for_the_first_reading(home: Portal, build: Build) -> None:
    meter = build(home)
    seen = meter.read()
    assert (seen.source, seen.grid_w, seen.pv_w, seen.interval_s) == ("vrm live", 100.0, 2695.12, 3.0)
    assert 1.9 < time.time() - seen.taken_at.timestamp() < 4.0, "what is under way counts as 2 s old"
    assert home.rest.count("diagnostics") == 0
    assert meter.remark == f"live from VRM's broker at localhost:{home.side.port}"
    assert meter.interval_s == 0.0


def test_the_device_is_kept_talking_for_longer_than_both_of_its_clocks(
    rest: VrmServer, good: tuple[Path, Path], build: Build, tmp_path: Path
) -> None:
    speed = 80.0
    with portal(rest, good, tmp_path, speed=speed) as home:
        meter = build(home, replace(PATIENT, talk=replace(PATIENT.talk, remind_s=30.0 / speed)))
        ends_s = time.monotonic() + 140.0 / speed
        while time.monotonic() < ends_s:
            assert is_live(meter.read())
        home.gx.set({GRID: -7.0})
        assert is_live(until(meter, lambda seen: seen.grid_w == -7.0))
        assert home.gx.full_publishes <= 3
        assert "keepalive" in {topic for topic, _ in home.gx.requests} <= {"keepalive", SERIAL}
        assert home.gx.writes == []


def test_what_a_client_at_home_keeps_awake_is_not_passed_on_until_we_ask(home: Portal, build: Build) -> None:
    """Its way to the portal is open for 130 s after a word from there."""
    meter = build(home)
    meter.read()
    ends_s = time.monotonic() + 135.0 / SPEED
    while time.monotonic() < ends_s:
        home.gx.keep_awake()
        time.sleep(0.1)
    passed_on = home.gx.published
    home.gx.set({GRID: 5.0})
    assert home.gx.published == passed_on
    assert is_live(until(meter, lambda seen: seen.grid_w == 5.0))


def test_a_silent_device_is_read_from_rest_until_it_speaks_again(
    home: Portal, build: Build, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    meter = build(home, SWIFT)
    until(meter, is_live)
    home.gx.hang()
    seen = until(meter, is_rest)
    assert (seen.grid_w, meter.via) == (-100.0, "rest")
    assert "not live: VRM's broker at localhost" in meter.remark
    assert "has been silent for" in meter.remark
    home.gx.hang(False)
    until(meter, is_live)
    ours = [record.getMessage() for record in caplog.records if record.name.endswith("live_meter")][-3:]
    assert [line.partition(" (")[0][:31] for line in ours] == [
        "VRM: live values come from its ", "VRM: no live values: VRM's brok", "VRM: live values come from its ",
    ]  # fmt: skip
    assert ours[2].endswith("again.")


def test_a_killed_broker_is_waited_for_and_found_again(home: Portal, build: Build) -> None:
    meter = build(home, SWIFT)
    until(meter, is_live)
    home.broker.stop()
    until(meter, is_rest)
    home.gx.set({GRID: 55.0})
    home.broker.start()
    assert is_live(until(meter, lambda seen: seen.grid_w == 55.0))


def test_a_flood_makes_readings_and_no_heap(home: Portal, build: Build) -> None:
    meter = build(home)
    meter.read()
    for number in range(300):
        home.gx.set({GRID: float(number)})
    began_s, count = time.monotonic(), 0
    while meter.read().grid_w != 299.0:
        count += 1
    assert count <= 21 * (time.monotonic() - began_s) + 21


def test_a_wrong_token_is_refused_once_and_rest_says_so(
    home: Portal, build: Build, caplog: pytest.LogCaptureFixture
) -> None:
    """Refused by the broker alone: VRM's two sides may not learn of a new token at the same moment."""
    caplog.set_level(logging.DEBUG)
    other = "b2" * 32
    home.rest.token = other
    meter = build(home, token=Secret(other))
    seen = meter.read()
    assert is_rest(seen)
    assert "refuses us" in meter.remark
    assert other not in f"{caplog.text}{meter.remark}{meter._settings!r}{meter._live!r}"


@pytest.mark.parametrize(
    ("certificate", "said"),
    [
        (("old", "right", "20210101000000Z"), "it has expired"),
        (("elsewhere", "wrong"), "issued for another name"),
    ],
)  # fmt: skip
def test_a_certificate_that_is_not_the_brokers_gets_no_token(
    certificate: tuple[str, ...], said: str, authority: Authority, rest: VrmServer, build: Build, tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    with portal(rest, authority.certificate(*certificate), tmp_path) as home:
        meter = build(home)
        assert is_rest(meter.read())
        assert said in meter.remark
        careless = build(home, tls_verify=False)
        assert is_live(careless.read())
    assert len([line for line in caplog.messages if "can take the access token" in line]) == 1


def test_an_authority_that_nobody_named_vouches_for_nothing(home: Portal, build: Build) -> None:
    meter = build(home, ca_file=None)
    assert is_rest(meter.read())
    assert "an authority that is not known" in meter.remark


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda rest: rest.site.update(realtimeUpdates=False), "realtimeUpdates is false"),
        (lambda rest: rest.site.pop("identifier"), "does not tell the site's portal ID"),
        (lambda rest: setattr(rest, "email", None), "does not tell the account's e-mail"),
        (lambda rest: rest.refused.update({"users/me": 404}), "404"),
        (lambda rest: rest.refused.update({"users/me": 403}), "403"),
        (lambda rest: rest.refused.update({"users/me": 429}), "429"),
    ],
)
def test_where_the_portal_does_not_tell_enough_rest_answers(
    spoil: Callable[[VrmServer], object], said: str, home: Portal, build: Build
) -> None:
    spoil(home.rest)
    meter = build(home)
    assert is_rest(meter.read())
    assert said in meter.remark


def test_what_the_portal_does_not_tell_may_be_set(home: Portal, build: Build) -> None:
    home.rest.refused["users/me"] = 503
    meter = build(home, username=home.rest.email, portal_id=home.side.portal_id, live_host="localhost")
    assert is_live(meter.read())


def test_a_refused_token_is_said_to_be_refused(home: Portal, build: Build) -> None:
    meter = build(home, token=Secret("c3" * 32))
    with pytest.raises(AuthRejected, match="refused the access token"):
        meter.read()


def test_a_host_that_the_portal_does_not_name_is_computed() -> None:
    site = {"identifier": "d41243cd7c66"}
    assert live_access({"email": "a@example.com"}, site) == LiveAccess(
        email="a@example.com", portal_id="d41243cd7c66", host="mqtt47.victronenergy.com"
    )
    assert live_access({}, site | {"mqtt_host": "evil.example/x"}).host == broker_host("D41243CD7C66")


def test_live_false_asks_rest_alone(home: Portal, build: Build) -> None:
    meter = build(home, live=False)
    assert is_rest(meter.read())
    assert meter.interval_s == 1.0
    assert home.gx.requests == []
    assert meter.remark == "by VRM's REST API"
    assert meter.raw_poll is not None


def test_live_needs_a_token() -> None:
    with pytest.raises(SettingProblem, match="needs an access token"):
        LiveVrmMeter.Settings(installation_id=1, username="a", password=Secret("b"), live=True)
    assert not LiveVrmMeter.Settings(installation_id=1, username="a", password=Secret("b")).wants_live


def test_a_token_that_ends_soon_is_said_once(home: Portal, build: Build, caplog: pytest.LogCaptureFixture) -> None:
    ends_s = (datetime.now(UTC) + timedelta(days=9, hours=1)).timestamp()
    home.rest.tokens = [
        {"name": "other", "idAccessToken": "6", "expires": "1"},
        {"name": "pv", "idAccessToken": 7, "expires": f"{ends_s:.0f}"},
    ]
    meter = build(home)
    meter.read()
    assert meter.token_days == 9
    assert meter.remark.endswith("the access token is valid for 9 more days")
    assert len([line for line in caplog.messages if "valid for 9 more days" in line]) == 1


@pytest.mark.parametrize("tokens", [None, {}, {"tokens": False}, {"tokens": [None, {"idAccessToken": 8}]}])
def test_a_token_of_which_nothing_is_told_has_no_end(tokens: object) -> None:
    assert token_ends_at({"idAccessToken": 7}, tokens) is None


def test_closing_ends_a_wait(home: Portal, build: Build) -> None:
    meter = build(home)
    meter.read()
    home.gx.hang()
    threading.Timer(0.2, meter.close).start()
    with pytest.raises(Unreachable, match="closed"):
        until_closed(meter)
    meter.close()


def until_closed(meter: LiveVrmMeter) -> None:
    while True:
        meter.read()


def as_configured(home: Portal, authority: Authority) -> Config:
    """Settings whose first meter is this portal."""
    meter = {
        "type": "vrm", "base_url": home.rest.url, "token": home.rest.token, "live": "auto",
        "installation_id": home.rest.installation_id, "live_port": home.side.port, "ca_file": str(authority.file),
    }  # fmt: skip
    return load_config(config(meter=meter))


def test_check_and_its_settings_reach_the_broker(home: Portal, authority: Authority) -> None:
    report = check_all(as_configured(home, authority))
    (said,) = (finding.says for finding in report.findings if finding.what == "meter vrm")
    assert f"2 s old, a new sample every 3 s; live from VRM's broker at localhost:{home.side.port}" in said


def test_status_says_who_answers_and_how_long_the_token_is_valid(
    home: Portal, authority: Authority, tmp_path: Path
) -> None:
    ends_s = (datetime.now(UTC) + timedelta(days=30, hours=1)).timestamp()
    home.rest.tokens = [{"name": "pv", "idAccessToken": 7, "expires": ends_s}]
    values, clock = as_configured(home, authority), SystemClock()
    tools = Tools(clock=clock, site=values.site, state_dir=tmp_path, pins=no_pins)
    sources = Sources(values, tools, clock, pretended=frozenset())
    try:
        sources.start()
        wait_until(lambda: sources.house.status()[0].via is not None, "a reading came")
        (meter,) = sources.house.status()
        assert (meter.via, meter.token_days) == ("live", 30)
        said = _source_line(to_jsonable(meter))
        assert said.startswith("vrm")
        assert "live; answered" in said
        assert "access token valid for 30 more days" in said
    finally:
        sources.stop()
        sources.close()
        clock.close()
