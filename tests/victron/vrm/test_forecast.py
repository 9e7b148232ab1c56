from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pv_heater.core.model.setting import Secret, SettingProblem
from pv_heater.errors import AuthRejected, BadReply, RateLimited, SourceError, Unreachable
from pv_heater.victron.vrm.forecast import VrmForecast
from tests.http_server import ScriptedServer
from tests.source_tools import NOON, HandClock, tools_for
from tests.victron.vrm.test_vrm_answer import MIDNIGHT, day

SITE = 123456


@pytest.fixture
def vrm(service: ScriptedServer) -> ScriptedServer:
    service.answers = {"stats": day(), "login": {"token": "bearer-1", "idUser": 22}}
    return service


def source_of(vrm: ScriptedServer, tmp_path: Path, clock: HandClock | None = None, **settings: Any) -> VrmForecast:
    own = {"token": Secret("deadbeef"), "installation_id": SITE, "base_url": vrm.url} | settings
    return VrmForecast(VrmForecast.Settings(**own), tools_for(tmp_path, clock=clock))


def test_the_hours_of_three_local_days_are_asked_for(vrm: ScriptedServer, tmp_path: Path) -> None:
    forecast = source_of(vrm, tmp_path).fetch(NOON)
    assert forecast.power_w_at(NOON) == 1500
    (request,) = vrm.asked
    assert request.path == f"/installations/{SITE}/stats"
    assert request.headers["X-Authorization"] == "Token deadbeef"
    assert dict(request.args) == {
        "type": "forecast",
        "interval": "hours",
        "start": str(int(MIDNIGHT.timestamp())),
        "end": str(int((MIDNIGHT + timedelta(days=3)).timestamp())),
    }


def test_a_login_serves_where_there_is_no_token(vrm: ScriptedServer, tmp_path: Path) -> None:
    source = source_of(vrm, tmp_path, token=None, username="me@example.org", password=Secret("pw"))
    source.fetch(NOON)
    source.fetch(NOON)
    assert [request.path for request in vrm.asked] == ["/auth/login"] + 2 * [f"/installations/{SITE}/stats"]
    assert vrm.asked[1].headers["X-Authorization"] == "Bearer bearer-1"
    assert source.requests == 2


def test_a_token_or_a_login_is_required() -> None:
    with pytest.raises(SettingProblem, match="access token"):
        VrmForecast.Settings(installation_id=SITE)


@pytest.mark.parametrize(
    ("status", "raw", "kind", "says"),
    [
        (401, '{"success": false, "errors": "no"}', AuthRejected, r"forecast\.token"),
        (403, '{"success": false, "errors": "no"}', AuthRejected, "does not let this account see"),
        (404, '{"success": false, "errors": "no"}', BadReply, r"forecast\.installation_id"),
        (429, '{"success": false, "errors": "slow"}', RateLimited, "slow"),
        (500, "", Unreachable, "500"),
        (200, '{"success": false, "errors": "no such site"}', BadReply, "no such site"),
        (200, '{"success": true, "records": {"solar_yield_forecast": false}}', BadReply, "no solar forecast"),
        (200, '{"success": true, "rec', BadReply, "not JSON"),
    ],
    ids=["401", "403", "404", "429", "500", "no success", "false", "broken off"],
)
def test_what_vrm_refuses_is_a_clear_error(
    vrm: ScriptedServer, tmp_path: Path, status: int, raw: str, kind: type[SourceError], says: str
) -> None:
    vrm.status, vrm.raw = status, raw
    with pytest.raises(kind, match=says) as caught:
        source_of(vrm, tmp_path).fetch(NOON)
    assert "deadbeef" not in str(caught.value)
    assert "meter." not in str(caught.value)


def test_more_than_a_dozen_requests_an_hour_are_not_sent(vrm: ScriptedServer, tmp_path: Path) -> None:
    clock = HandClock()
    source = source_of(vrm, tmp_path, clock)
    refused = 0
    for _ in range(60):
        clock.advance(60)
        try:
            source.fetch(clock.now())
        except RateLimited:
            refused += 1
    assert len(vrm.asked) <= 24, "a full bucket of twelve, and twelve more that come back within the hour"
    assert refused == 60 - len(vrm.asked)
