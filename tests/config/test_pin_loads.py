"""Loads on several pins, as they are written in a configuration."""

from pathlib import Path

import pytest

from pv_heater import load_config
from pv_heater.commands.check import check_all
from pv_heater.config.load import Config
from pv_heater.errors import ConfigError
from pv_heater.run.outputs import boot_problems, pin_settings

PLAIN = """
site: {latitude: 47.05, longitude: 15.44, timezone: Europe/Vienna}
meter: {type: recording, path: Files/recordings/summer.csv.gz}
gpio: {factory: mock}
loads:
"""
STAGES = """
  - type: stages
    name: boiler
    relays: [{pin: GPIO17, active_high: true}, {pin: GPIO27, active_high: true}]
    levels: [{power_w: 1000, closed: [1]}, {power_w: 3000, closed: [1, 2]}]
"""
BOARD = """
  - type: relay_board
    name: rods
    step_w: 300
    relays: [{pin: GPIO22, active_high: true}, {pin: GPIO23, active_high: true}]
"""
BURST = """
  - {type: burst_ssr, name: rod, max_power_w: 2000, ssr: {pin: GPIO24, active_high: true}}
"""
POT = """
  - type: digital_pot
    name: pool
    max_power_w: 2000
    relay: {pin: GPIO25, active_high: true}
    wiper: {clock_pin: GPIO11, data_pin: GPIO10, select_pin: GPIO9}
"""
PUMP = """
  - type: sg_ready
    name: heat_pump
    recommended_w: 1500
    ordered_w: 2500
    recommended_state: 01
    relays: [{pin: GPIO16, active_high: true}, {pin: GPIO26, active_high: true}]
"""


def loaded(tmp_path: Path, text: str) -> Config:
    file = tmp_path / "config.yaml"
    file.write_text(PLAIN + text)
    return load_config(file)


def test_each_has_its_full_power_and_its_levels(tmp_path: Path) -> None:
    config = loaded(tmp_path, STAGES + BOARD + BURST + POT + PUMP)
    assert {policy.name: policy.max_power_w for policy in config.policies} == {
        "boiler": 3000, "rods": 600, "rod": 2000, "pool": 2000, "heat_pump": 2500,
    }  # fmt: skip
    levels = {policy.name: policy.levels_w for policy in config.policies if not policy.adjustable}
    assert levels == {"boiler": (1000, 3000), "rods": (300, 600), "heat_pump": (1500, 2500)}


def test_every_pin_is_found_with_its_place(tmp_path: Path) -> None:
    config = loaded(tmp_path, STAGES + BURST + POT)
    assert [(where, group.names) for where, group in pin_settings(config)] == [
        ("loads.boiler.relays[0]", ("GPIO17",)),
        ("loads.boiler.relays[1]", ("GPIO27",)),
        ("loads.rod.ssr", ("GPIO24",)),
        ("loads.pool.relay", ("GPIO25",)),
        ("loads.pool.wiper", ("GPIO11", "GPIO10", "GPIO9")),
    ]
    (wiring,) = [finding for finding in check_all(config).findings if finding.what == "wiring"]
    assert "loads.pool.wiper at GPIO11, GPIO10, GPIO9" in wiring.says


def test_relays_that_the_pi_would_close_while_it_boots_are_refused_wherever_they_stand(tmp_path: Path) -> None:
    text = STAGES.replace("GPIO27", "GPIO5") + BURST.replace("GPIO24", "GPIO6")
    first, second = boot_problems(loaded(tmp_path, text))
    assert first.startswith("loads.boiler.relays[1]: GPIO5: while the Pi boots")
    assert second.startswith("loads.rod.ssr: GPIO6: while the Pi boots")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (STAGES + BURST.replace("GPIO24", "BOARD11"),
         "loads[1].ssr.pin: BOARD11 is already used by relays.0 of boiler (GPIO17)"),
        (STAGES + POT.replace("GPIO9", "GPIO27"),
         "loads[1].wiper.select_pin: GPIO27 is already used by relays.1 of boiler (GPIO27)"),
        (POT.replace("GPIO10", "GPIO11"),
         "loads[0].wiper.data_pin: GPIO11 is already used by wiper.clock_pin of pool (GPIO11)"),
        (STAGES.replace("closed: [1, 2]", "closed: [1, 3]"),
         "loads[0].levels[1].closed: names relay 3, but there are 2"),
        (STAGES + "    max_power_w: 3000\n", "loads[0].max_power_w: is not a setting"),
        (PUMP.replace("ordered_w: 2500", "min_on_s: 60"), "loads[0].min_on_s: must be between 600 and 86400 s, not 60"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, text)
    assert says in str(caught.value)
