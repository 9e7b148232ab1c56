"""Defects of the solar routers, their dimmers and their clients, as far as they lay in outputs over HTTP."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from bench.doubles.brokers import free_port
from pv_heater.config.load import load_config
from pv_heater.core.model.setting import Secret
from pv_heater.core.model.values import OFF, Setpoint
from pv_heater.errors import BadReply, Unreachable
from pv_heater.loads.network.http_dimmer import EXPIRES_S, DimmerDevice, HttpDimmer, HttpDimmerSettings
from pv_heater.loads.network.http_link import HttpLink
from pv_heater.loads.network.http_output import HttpSwitchSettings, switch_device
from pv_heater.loads.network.networked import Settling
from tests.http_devices import Device
from tests.http_dimmer_server import DimmerServer
from tests.loads.dimmer import settings
from tests.mqtt_brokers import wait_for
from tests.source_tools import HandClock, tools_for


def dimmer(server: DimmerServer, **changes: Any) -> DimmerDevice:
    return DimmerDevice(settings(server, **changes), settling=Settling(longest_s=0.0))


def test_a_power_beside_puissance_was_a_change_and_crept_up_with_every_word(server: DimmerServer) -> None:
    for _ in range(3):
        with urlopen(f"{server.url}/?POWER=1&puissance=200") as answer:
            assert answer.status == 200
    assert server.gives == 60.0, "the trap: the power that was told is ignored, and 200 W are added each time"
    device = dimmer(server)
    for _ in range(3):
        device.set_power(200.0)
    assert server.gives == 20.0
    assert not any("puissance" in path for path in server.paths[-6:])


def test_whether_the_dimmer_took_its_power_was_never_checked(server: DimmerServer) -> None:
    server.raw_command = (500, "out of memory")
    with pytest.raises(Unreachable, match="has a fault of its own"):
        dimmer(server).set_power(500.0)


def test_small_steps_of_power_were_rounded_to_nothing(server: DimmerServer) -> None:
    """Whole numbers throughout made the step 0 for any balance of less than a step of the regulator."""
    device = dimmer(server)
    for power_w in range(60, 160, 10):
        device.set_power(float(power_w))
    assert server.percents == [float(percent) for percent in range(6, 16)]


def test_the_zero_was_no_longer_sent_once_nothing_was_routed(server: DimmerServer, tmp_path: Path) -> None:
    load = HttpDimmer(settings(server, refresh_s=1), tools_for(tmp_path))
    load.apply(OFF, 0.0)
    try:
        wait_for(lambda: server.percents == [0.0, 0.0, 0.0], "off is told again and again", 5)
    finally:
        load.close()


def test_a_controller_that_was_lost_left_the_last_power_on_for_ever(
    server: DimmerServer, clock: HandClock, tmp_path: Path
) -> None:
    load = HttpDimmer(settings(server), tools_for(tmp_path))
    load.apply(Setpoint(on=True, power_w=700.0), 0.0)
    wait_for(lambda: load.power_w() == 700.0, "it heats")
    load.close()  # without having told it to be off, as kill -9 would
    clock.advance(EXPIRES_S)
    assert server.gives == 0.0
    assert load.expires_s == EXPIRES_S


def test_a_long_address_lost_its_last_character() -> None:
    """Fifteen characters were cut to fourteen; 127.100.100.100 is this machine too, and nobody listens there."""
    link = HttpLink(HttpDimmerSettings(name="boiler", max_power_w=1000, url=f"http://127.100.100.100:{free_port()}"))
    with pytest.raises(Unreachable, match=r"cannot be reached at 127\.100\.100\.100:"):
        link.ask("/state")


def test_preheating_without_a_probe_gave_full_power_and_obeyed_nobody(server: DimmerServer) -> None:
    server.preheats, server.temperature = True, "0.0"
    device = dimmer(server)
    with pytest.raises(
        BadReply, match=r"was told 20 % and gives 100 %; without a probe, set mintemp on its page below 0"
    ):
        device.set_power(200.0)
    with pytest.raises(BadReply, match="was told to be off and gives 100 %"):
        device.set_power(0.0)


@pytest.mark.parametrize("temperature", ["100.", "100.0\x00\x07", "nan", "", "inf"])
def test_a_temperature_of_a_hundred_degrees_ran_over_its_buffer(server: DimmerServer, temperature: str) -> None:
    server.temperature = temperature
    device = dimmer(server)
    device.set_power(400.0)
    device.set_power(0.0)
    assert server.percents == [40.0, 0.0]


def test_a_state_that_could_not_be_read_counted_as_a_state() -> None:
    """The relay automation took `false` for 0, and 0 for on."""
    with Device(lambda: 0.0) as device:
        row = {"preset": "shelly_gen1_relay", "host": device.address, "name": "pump", "max_power_w": 800}
        (policy,) = load_config({"loads": [row]}).policies
        assert isinstance(policy, HttpSwitchSettings)
        told = switch_device(policy, Settling(longest_s=0.0))
        for state in ("null", "0", '""', "[]"):
            device.raw = f'{{"ison": {state}}}'
            with pytest.raises(BadReply, match="was told to be off and says"):
                told.set_power(0.0)
        device.raw = '{"ison": false}'
        told.set_power(0.0)


def test_a_password_stood_on_a_page_for_everyone(
    server: DimmerServer, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    server.raw_state = "<p>user admin, password sesame123</p>"
    server.login = ("admin", "sesame123")
    load = HttpDimmer(settings(server, username="admin", password=Secret("sesame123")), tools_for(tmp_path))
    with caplog.at_level(logging.DEBUG):
        load.safe(0.0)
        wait_for(lambda: "not JSON" in load.doubt(), "the page is quoted")
        load.close()
    assert "sesame123" not in caplog.text + load.doubt()
    assert "(secret)" in load.doubt()
