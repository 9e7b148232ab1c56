from pathlib import Path

from pv_heater.core.model.values import OFF
from pv_heater.core.settings.home import Site
from pv_heater.core.settings.pins import RelayPin
from pv_heater.io.gpio.pins import Pins
from pv_heater.loads.pins.relay_loads import Relay
from pv_heater.ports import Tools
from tests.loads.rig import HandClock, on


def build(tmp_path: Path) -> Relay:
    pins = Pins(factory="mock", pin_log=None, monotonic_s=lambda: 0.0)
    tools = Tools(clock=HandClock(), site=Site(), state_dir=tmp_path, pins=lambda: pins)
    settings = Relay.Settings(name="pump", max_power_w=800, relay=RelayPin(pin="GPIO17", active_high=False))
    return Relay(settings, tools)


def test_a_relay_draws_all_or_nothing(tmp_path: Path) -> None:
    relay = build(tmp_path)
    assert relay.power_w() == 0
    assert relay.apply(on(800), 0.0) is None
    assert relay.power_w() == 800
    relay.apply(OFF, 1.0)
    assert relay.power_w() == 0


def test_a_tripped_relay_does_not_close_before_reset(tmp_path: Path) -> None:
    relay = build(tmp_path)
    relay.apply(on(800), 0.0)
    relay.trip()
    relay.apply(on(800), 1.0)
    assert relay.power_w() == 0
    relay.reset()
    relay.apply(on(800), 2.0)
    assert relay.power_w() == 800


def test_safe_and_close_open_it_and_may_be_repeated(tmp_path: Path) -> None:
    relay = build(tmp_path)
    relay.apply(on(800), 0.0)
    assert relay.safe(1.0) is None
    assert (relay.power_w(), relay.still_on()) == (0, None)
    relay.apply(on(800), 2.0)
    relay.close()
    relay.close()
    assert relay.power_w() == 0


def test_a_relay_cannot_be_adjusted() -> None:
    settings = Relay.Settings(name="pump", max_power_w=800, relay=RelayPin(pin="GPIO17", active_high=True))
    assert settings.least_power_w == 800


def test_a_small_load_behind_a_relay_needs_no_least_power() -> None:
    relay = RelayPin(pin="GPIO17", active_high=True)
    assert Relay.Settings(name="fan", max_power_w=25, relay=relay).least_power_w == 25
