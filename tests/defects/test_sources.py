"""Defects of the heater optimizer this program replaces, as far as they lay in its sources: each would fail here."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from traceback import walk_stack
from typing import Any

import pytest

from pv_heater.core.model.setting import Secret
from pv_heater.core.model.values import Forecast, Reading
from pv_heater.errors import BadReply
from pv_heater.forecasts.cached import build_forecast
from pv_heater.forecasts.forecast_solar import ForecastSolar
from pv_heater.io.system.worker import Worker
from pv_heater.ports import ForecastSource
from pv_heater.victron.vrm.meter import VrmMeter
from pv_heater.victron.vrm.records import reading_from_bodies
from tests.forecast_server import ForecastServer
from tests.source_tools import NOON, HandClock, tools_for
from tests.vrm_server import VrmServer, record
from tests.waiting import WITHIN_S

LOG = logging.getLogger("tests.defects")


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[VrmServer, ForecastServer]]:
    with VrmServer() as vrm, ForecastServer() as sky:
        yield vrm, sky


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def vrm(running: tuple[VrmServer, ForecastServer], clock: HandClock) -> VrmServer:
    running[0].reset()
    running[0].clock = lambda: clock.now().timestamp()
    return running[0]


@pytest.fixture
def sky(running: tuple[VrmServer, ForecastServer]) -> ForecastServer:
    running[1].reset()
    return running[1]


def meter_of(vrm: VrmServer, clock: HandClock, state_dir: Path) -> VrmMeter:
    settings = VrmMeter.Settings(
        base_url=vrm.url,
        installation_id=vrm.installation_id,
        username=vrm.username,
        password=Secret(vrm.password),
    )
    return VrmMeter(settings, tools_for(state_dir, clock=clock))


def vrm_worker(meter: VrmMeter, clock: HandClock) -> Worker[Reading]:
    return Worker("VRM", meter.read, lambda: meter.interval_s, clock.monotonic_s, lambda: None, LOG)


def forecast_of(sky: ForecastServer, clock: HandClock, state_dir: Path) -> ForecastSource:
    tools = tools_for(state_dir, clock=clock)
    return build_forecast([ForecastSolar(ForecastSolar.Settings(base_url=sky.url), tools)], tools)


def read(*records: dict[str, Any]) -> Reading:
    return reading_from_bodies({"diagnostics": [{"records": list(records)}]})


def old_style(code: str, value: Any, formatted: str) -> dict[str, Any]:
    return record(code, value, timestamp=NOON.timestamp(), formatted=formatted)


def test_single_phase_reply_without_g2p_is_read() -> None:
    assert read(old_style("g1p", 120.0, "120 W")).grid_w == 120.0


def test_a_reply_without_unused_inputs_and_outputs_is_read() -> None:
    reading = read(old_style("bs", 97.0, "97.0 %"))
    assert (reading.battery_soc_percent, reading.consumption_w) == (97.0, None)


@pytest.mark.parametrize("value", ["", None, "---"])
def test_an_empty_or_unreadable_value_does_not_kill_the_program(value: Any) -> None:
    reading = read(old_style("bs", 97.0, "97.0 %"), old_style("g1", value, ""))
    assert reading.grid_w is None


def test_numbers_are_not_taken_from_translated_text() -> None:
    assert read(old_style("bs", 97.5, "97,5 %"), old_style("g1", 1234.0, "1.234 W")).grid_w == 1234.0


def test_a_discharging_battery_is_known_in_any_language_and_case() -> None:
    for text in ("Discharging", "discharging", "Descarregar"):
        assert read(old_style("bst", 2, text)).charger_state == "discharging"


def test_first_login_failing_at_boot_heals(vrm: VrmServer, clock: HandClock, tmp_path: Path) -> None:
    worker = vrm_worker(meter_of(vrm, clock, tmp_path), clock)
    vrm.login_status = 500
    for _ in range(5):
        worker.poll_once()
    assert worker.latest() is None
    vrm.login_status = None
    worker.poll_once()
    assert worker.latest() is not None


def test_an_expired_login_is_renewed(vrm: VrmServer, clock: HandClock, tmp_path: Path) -> None:
    meter = meter_of(vrm, clock, tmp_path)
    meter.read()
    vrm.expire_logins()
    assert meter.read().grid_w == -100.0


def test_stale_vrm_records_are_seen_as_old(vrm: VrmServer, clock: HandClock, tmp_path: Path) -> None:
    vrm.age_s = 6 * 3600.0
    assert clock.now() - meter_of(vrm, clock, tmp_path).read().taken_at == timedelta(hours=6)


def test_an_outage_is_not_waited_for_by_whoever_wants_the_latest_value(
    vrm: VrmServer, clock: HandClock, tmp_path: Path
) -> None:
    began, release = threading.Event(), threading.Event()
    meter = meter_of(vrm, clock, tmp_path)
    first = meter.read()
    answers = iter([first])

    def read_or_hang() -> Reading:
        reading = next(answers, None)
        if reading is not None:
            return reading
        began.set()
        release.wait(60)
        return first

    worker = Worker("VRM", read_or_hang, lambda: 0.05, clock.monotonic_s, lambda: None, LOG)
    worker.start()
    assert began.wait(WITHIN_S)
    assert worker.latest() == first
    worker.stop()
    release.set()


def test_forecast_is_not_read_one_hour_late(sky: ForecastServer, clock: HandClock, tmp_path: Path) -> None:
    # 13:00 to 14:00 in Vienna, in which the total grows from 12250 to 15050 Wh.
    forecast = forecast_of(sky, clock, tmp_path).fetch(NOON)
    assert forecast.power_w_at(NOON + timedelta(minutes=1)) == pytest.approx(2800.0)


def test_the_hours_of_sunrise_and_sunset_are_not_dropped(sky: ForecastServer, clock: HandClock, tmp_path: Path) -> None:
    forecast = forecast_of(sky, clock, tmp_path).fetch(NOON)
    midnight = NOON - timedelta(hours=13)
    assert forecast.energy_wh_between(midnight, midnight + timedelta(days=1)) == pytest.approx(24_107.0)
    assert (forecast.power_w_at(NOON.replace(hour=3, minute=30)) or 0) > 0
    assert (forecast.power_w_at(NOON.replace(hour=18, minute=30)) or 0) > 0


def test_yesterdays_forecast_file_is_not_used(sky: ForecastServer, clock: HandClock, tmp_path: Path) -> None:
    forecast_of(sky, clock, tmp_path).fetch(NOON)
    sky.status = 500
    forecast = forecast_of(sky, clock, tmp_path).fetch(NOON + timedelta(days=2))
    assert forecast.source == "clear sky"
    assert forecast.power_w_at(NOON + timedelta(days=2)) is not None


def test_a_missing_forecast_file_is_not_waited_for(sky: ForecastServer, clock: HandClock, tmp_path: Path) -> None:
    sky.status = 500
    assert forecast_of(sky, clock, tmp_path).fetch(NOON).source == "clear sky"


def test_reply_without_result_does_not_kill_the_forecast(sky: ForecastServer, clock: HandClock, tmp_path: Path) -> None:
    source = forecast_of(sky, clock, tmp_path)
    worker: Worker[Forecast] = Worker(
        "forecast", lambda: source.fetch(clock.now()), lambda: source.interval_s, clock.monotonic_s, lambda: None, LOG
    )
    sky.raw = '{"message": {"text": "later"}}'
    worker.poll_once()
    sky.raw = None
    clock.advance(7200)
    worker.poll_once()
    forecast = worker.latest()
    assert forecast is not None
    assert forecast.source == "forecast.solar"


def test_an_apostrophe_in_the_forecast_reply_does_no_harm(
    sky: ForecastServer, clock: HandClock, tmp_path: Path
) -> None:
    sky.text = "Rue de l'Église, aujourd'hui"
    assert forecast_of(sky, clock, tmp_path).fetch(NOON).source == "forecast.solar"


def test_a_thousand_forecast_pulls_do_not_deepen_the_stack() -> None:
    depths = set()
    worker = Worker(
        "sky", lambda: depths.add(sum(1 for _ in walk_stack(None))), lambda: 1.0, lambda: 0.0, lambda: None, LOG
    )
    for _ in range(1000):
        worker.poll_once()
    assert len(depths) == 1


def test_a_truncated_reply_is_no_reading(vrm: VrmServer, clock: HandClock, tmp_path: Path) -> None:
    vrm.raw = b'{"success": true, "records": [{"code": "SOC", "formattedVa'
    meter = meter_of(vrm, clock, tmp_path)
    with pytest.raises(BadReply):
        meter.read()
