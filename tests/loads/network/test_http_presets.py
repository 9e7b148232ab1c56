"""Every preset for an output over HTTP, at a device that behaves as the real one, through a real server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from typing import Any

import pytest

from pv_heater.config.load import load_config
from pv_heater.config.presets import PRESETS_FOLDER, preset_words
from pv_heater.core.model.lean import dataclass
from pv_heater.errors import BadReply
from pv_heater.loads.network.http_output import (
    HttpOutput,
    HttpSwitchSettings,
    HttpVariatorSettings,
    switch_device,
    variator_device,
)
from pv_heater.loads.network.networked import Settling
from tests.http_devices import Device
from tests.source_tools import HandClock

pytestmark = pytest.mark.usefixtures("patient_links")

SWITCHES, VARIATORS = preset_words("loads", "http_switch"), preset_words("loads", "http_variator")


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """What a user must give beside the host, and whether the device goes off by itself."""

    given: dict[str, Any] = field(default_factory=dict)
    expires: bool = True


EXAMPLES = {
    "shelly_gen1_relay": Example(),
    "shelly_gen1_dimmer": Example(),
    "shelly_gen2_switch": Example(),
    "shelly_gen2_dimmer": Example(),
    "tasmota_relay": Example(),
    "tasmota_dimmer": Example(),
    "domoticz_switch": Example(given={"idx": 359}, expires=False),
    "domoticz_dimmer": Example(given={"idx": 360}, expires=False),
}


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Device, HandClock]]:
    clock = HandClock()
    with Device(clock.monotonic_s) as device:
        yield device, clock


@pytest.fixture
def clock(running: tuple[Device, HandClock]) -> HandClock:
    return running[1]


@pytest.fixture
def device(running: tuple[Device, HandClock]) -> Device:
    running[0].reset()
    return running[0]


def settings(word: str, device: Device, **changes: Any) -> HttpSwitchSettings | HttpVariatorSettings:
    host, port = device.address.split(":")
    row = {"preset": word, "host": f"{host}:{port}", "name": "load", "max_power_w": 1000, **EXAMPLES[word].given}
    if word.startswith("domoticz"):
        row |= {"host": host, "port": port}
    found = load_config({"loads": [row | changes]}).policies[0]
    assert isinstance(found, HttpSwitchSettings | HttpVariatorSettings)
    return found


def output(word: str, device: Device, **changes: Any) -> HttpOutput:
    found = settings(word, device, **changes)
    at_once = Settling(longest_s=0.0)
    return switch_device(found, at_once) if isinstance(found, HttpSwitchSettings) else variator_device(found, at_once)


def test_every_preset_has_an_example_and_tells_where_its_shape_is_from() -> None:
    assert set(SWITCHES + VARIATORS) == set(EXAMPLES)
    for word in EXAMPLES:
        text = (PRESETS_FOLDER / "loads" / f"{word}.yaml").read_text(encoding="utf-8")
        assert "# Shape: " in text
        assert f"{{preset: {word}, " in text


@pytest.mark.parametrize("word", EXAMPLES)
def test_it_switches_on_off_and_on_again(word: str, device: Device) -> None:
    told = output(word, device)
    for power_w in (0.0, 1000.0, 0.0, 1000.0, 1000.0, 0.0):
        told.set_power(power_w)
        assert device.output.on == (power_w > 0)
    told.close()


@pytest.mark.parametrize("word", VARIATORS)
def test_a_variator_gives_the_level_that_its_curve_says(word: str, device: Device) -> None:
    told = output(word, device, shape="linear")
    for power_w, level in ((350.0, 35.0), (1000.0, 100.0), (3.0, 1.0)):
        told.set_power(power_w)
        assert device.output.on
        assert device.output.level == level
    output(word, device).set_power(500.0)
    assert device.output.level == 50.0  # half the power is in the middle of phase cut too
    output(word, device).set_power(200.0)
    assert device.output.level == pytest.approx(34, abs=2)


@pytest.mark.parametrize("word", EXAMPLES)
def test_without_another_word_it_goes_off_by_itself_where_it_can(word: str, device: Device, clock: HandClock) -> None:
    found = settings(word, device)
    told = output(word, device)
    told.set_power(1000.0)
    if not EXAMPLES[word].expires:
        assert found.expires_s is None
        return
    assert found.expires_s is not None
    for _ in range(10):
        clock.advance(found.refresh_s)
        assert device.output.on
        told.set_power(1000.0)
    clock.advance(found.expires_s - 1)
    assert device.output.on
    clock.advance(1)
    assert not device.output.on


@pytest.mark.parametrize("word", EXAMPLES)
def test_off_stays_off(word: str, device: Device, clock: HandClock) -> None:
    """A timer beside an off switches a Shelly on when it runs out."""
    told = output(word, device)
    told.set_power(1000.0)
    told.set_power(0.0)
    assert not device.output.goes_back
    clock.advance(100_000)
    assert not device.output.on


@pytest.mark.parametrize("word", EXAMPLES)
def test_a_restart_in_the_middle_is_mended_by_the_next_word(word: str, device: Device) -> None:
    told = output(word, device)
    told.set_power(1000.0)
    device.output.restart()
    told.set_power(1000.0)
    assert device.output.on


@pytest.mark.parametrize("word", EXAMPLES)
def test_one_that_says_yes_and_does_nothing_is_not_believed(word: str, device: Device) -> None:
    told = output(word, device)
    told.set_power(1000.0)
    device.deaf = True
    with pytest.raises(BadReply, match="was told to be off and says"):
        told.set_power(0.0)


@pytest.mark.parametrize("word", EXAMPLES)
@pytest.mark.parametrize("answer", ["<html>login</html>", "{}", "[]", "null", '{"status": "ERROR"}'])
def test_a_wrong_answer_confirms_nothing_not_even_off(word: str, device: Device, answer: str) -> None:
    told = output(word, device)
    device.raw = answer
    for power_w in (0.0, 1000.0):
        with pytest.raises(BadReply):
            told.set_power(power_w)


def test_a_level_that_is_not_taken_is_said(device: Device) -> None:
    told = output("shelly_gen1_dimmer", device, shape="linear")
    told.set_power(300.0)
    device.deaf = True
    with pytest.raises(BadReply, match="was told the level 80 and says 30"):
        told.set_power(800.0)


def test_a_dimmer_of_sixteen_levels_is_believed(device: Device) -> None:
    device.steps = 100 / 15
    output("domoticz_dimmer", device, shape="linear").set_power(550.0)
    assert device.output.level == pytest.approx(53.3, abs=0.1)


def test_a_relay_under_another_name_is_told_by_what_there_is(device: Device) -> None:
    with pytest.raises(BadReply, match="there is no POWER2 in what came, only POWER"):
        output("tasmota_relay", device, key="POWER2").set_power(0.0)
