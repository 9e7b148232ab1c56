"""The scripted service that forecasts are fetched from plays VRM's portal as well; and a portal with its broker."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bench.doubles.portal import Authority
from pv_heater.core.model.setting import Secret
from pv_heater.io.system.clock import SystemClock
from pv_heater.ports import Tools
from pv_heater.victron.vrm.live_link import LiveLink, LivePace
from pv_heater.victron.vrm.live_meter import LiveVrmMeter
from tests.forecasts.conftest import running_service, service
from tests.source_tools import GRAZ, no_pins
from tests.victron.vrm.live_home import PATIENT, Build
from tests.victron.vrm.portal import Portal, portal
from tests.vrm_server import VrmServer

__all__ = ["running_service", "service"]


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def good(authority: Authority) -> tuple[Path, Path]:
    return authority.certificate("good")


@pytest.fixture(scope="module")
def running_rest() -> Iterator[VrmServer]:
    with VrmServer() as rest:
        yield rest


@pytest.fixture
def rest(running_rest: VrmServer) -> VrmServer:
    running_rest.reset()
    return running_rest


@pytest.fixture
def home(rest: VrmServer, good: tuple[Path, Path], tmp_path: Path) -> Iterator[Portal]:
    with portal(rest, good, tmp_path) as running:
        yield running


@pytest.fixture
def build(rest: VrmServer, authority: Authority, tmp_path: Path) -> Iterator[Build]:
    meters: list[LiveVrmMeter] = []

    def build_one(home: Portal | None = None, pace: LivePace = PATIENT, **settings: Any) -> LiveVrmMeter:
        given: dict[str, Any] = {
            "base_url": rest.url,
            "token": Secret(rest.token),
            "installation_id": rest.installation_id,
            "ca_file": str(authority.file),
            "interval_s": 1.0,
        }
        if home is not None:
            given["live_port"] = home.side.port
        tools = Tools(clock=SystemClock(), site=GRAZ, state_dir=tmp_path, pins=no_pins)
        chosen = LiveVrmMeter.Settings(**given | settings)
        connect = partial(LiveLink, tools=tools, verifies=chosen.tls_verify, pace=pace)
        meters.append(LiveVrmMeter(chosen, tools, connect=connect))
        return meters[-1]

    yield build_one
    for meter in meters:
        meter.close()
