"""A dimmer that drips on the connection it has: each later word reaches it on a new one, `off` above all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pv_heater.core.model.values import Setpoint
from pv_heater.loads.network.http_dimmer import DimmerDevice, HttpDimmerSettings
from pv_heater.loads.network.http_link import WORD_S, HttpLink
from pv_heater.loads.network.networked import LONGEST_OFF_S, NetworkedLoad
from tests.mqtt_brokers import wait_for
from tests.raw_server import ATTACKS, FlakyDimmer
from tests.source_tools import HandClock
from tests.waiting import promised

WHOLE_S = 1.0
ON = Setpoint(on=True, power_w=1000.0)


@pytest.fixture
def dimmer() -> Iterator[FlakyDimmer]:
    with FlakyDimmer() as dimmer:
        yield dimmer


@pytest.mark.parametrize(
    "attack", ["dripped headers", "endless 100 Continue", "dripped chunk size", "endless trailers"]
)
def test_a_dimmer_that_dripped_once_hears_off_on_a_new_connection(dimmer: FlakyDimmer, attack: str) -> None:
    settings = HttpDimmerSettings(name="boiler", max_power_w=1000, url=dimmer.url, refresh_s=1)
    device = DimmerDevice(settings, link=HttpLink(settings, "the dimmer", whole_s=WHOLE_S))
    load = NetworkedLoad(settings, device, HandClock())
    load.apply(ON, 0.0)
    wait_for(lambda: load.power_w() == 1000.0 and dimmer.percent == 100, "on")
    connections, dimmer.attack = dimmer.connections, ATTACKS[attack]
    wait_for(lambda: load.power_w() == 0.0, "nothing is confirmed any more")
    dimmer.attack = None
    load.safe(0.0)
    promised(lambda: load.confirmed_off, "off", LONGEST_OFF_S)
    assert dimmer.percent == 0
    assert dimmer.connections > connections
    load.close()


def test_a_word_and_its_reading_back_end_before_a_stop_gives_up() -> None:
    assert WORD_S < LONGEST_OFF_S
