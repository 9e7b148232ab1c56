from pathlib import Path
from typing import Any

from pv_heater.core.model.values import OFF
from pv_heater.core.settings.home import Site
from pv_heater.core.settings.pins import RelayPin
from pv_heater.loads.dry_run import DryRun
from pv_heater.loads.pins.relay_loads import Relay
from pv_heater.ports import Tools
from tests.loads.rig import HandClock, on


def no_pins() -> Any:
    raise AssertionError("a dry run asked for pins")


def build(tmp_path: Path) -> DryRun:
    settings = Relay.Settings(name="pump", max_power_w=800, relay=RelayPin(pin="GPIO17", active_high=True))
    return DryRun(settings, Tools(clock=HandClock(), site=Site(), state_dir=tmp_path, pins=no_pins))


def test_a_dry_run_stands_in_for_any_load_without_pins(tmp_path: Path) -> None:
    load = build(tmp_path)
    assert load.name == "pump"
    load.apply(on(800), 0.0)
    assert load.power_w() == 800
    load.apply(OFF, 1.0)
    assert load.power_w() == 0


def test_a_tripped_dry_run_stays_off_until_reset(tmp_path: Path) -> None:
    load = build(tmp_path)
    load.apply(on(800), 0.0)
    load.trip()
    assert load.power_w() == 0
    load.apply(on(800), 1.0)
    load.reset()
    assert load.power_w() == 0
    load.apply(on(800), 2.0)
    assert load.power_w() == 800
    load.close()
    assert load.safe(3.0) is None
    assert load.power_w() == 0
