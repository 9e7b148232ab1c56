"""The outputs of a home in one piece: what they switch, who may touch the pins meanwhile, and how they are left."""

import json
from pathlib import Path
from typing import Any

import pytest

from bench.doubles.brokers import free_port
from pv_heater.config.load import Config, load_config
from pv_heater.core.model.values import Setpoint
from pv_heater.errors import PinBusy
from pv_heater.io.gpio.pins_file import FILE_NAME
from pv_heater.run.outputs import Outputs
from tests.builders import config
from tests.source_tools import HandClock

ON = Setpoint(on=True, power_w=2000.0)


def relay(name: str, pin: str) -> dict[str, Any]:
    return {"name": name, "type": "relay", "max_power_w": 2000, "relay": {"pin": pin, "active_high": True}}


def home(folder: Path, *loads: dict[str, Any], **changes: Any) -> Config:
    gpio = {"factory": "mock", "pin_log": str(folder / "pins.jsonl")}
    return load_config(config(loads=list(loads), gpio=gpio, **changes))


def outputs(folder: Path, built: Config, *, dry_run: bool = False) -> Outputs:
    return Outputs(built, HandClock(), folder, dry_run=dry_run)


def states(folder: Path, pin: str) -> list[float | None]:
    changes = [json.loads(line) for line in (folder / "pins.jsonl").read_text().splitlines()]
    return [change["state"] for change in changes if change["pin"] == pin]


@pytest.mark.parametrize(
    ("asked", "set_to", "worth"),
    [(False, False, "mock"), (True, False, "dry"), (False, True, "dry"), (True, True, "dry")],
)
def test_a_dry_run_is_one_if_either_the_owner_or_the_settings_say_so(
    asked: bool, set_to: bool, worth: str, tmp_path: Path
) -> None:
    with outputs(tmp_path, home(tmp_path, relay("boiler", "GPIO17"), dry_run=set_to), dry_run=asked) as made:
        made.loads[0].apply(ON, 0.0)
        assert made.worth == worth
        assert made.pretended == (frozenset({"boiler"}) if worth == "dry" else frozenset())
    assert (tmp_path / "pins.jsonl").exists() == (worth == "mock")
    assert (tmp_path / FILE_NAME).exists() == (worth == "mock")


def test_a_device_on_the_network_is_real_whatever_the_pins_are(tmp_path: Path) -> None:
    dimmer = {"name": "dimmer", "type": "http_dimmer", "max_power_w": 1000, "url": f"http://127.0.0.1:{free_port()}"}
    with outputs(tmp_path, home(tmp_path, relay("boiler", "GPIO17"), dimmer)) as made:
        assert made.worth == "real"
        assert [load.name for load in made.loads] == ["boiler", "dimmer"]


def test_the_battery_s_place_in_the_list_is_no_output(tmp_path: Path) -> None:
    with outputs(tmp_path, home(tmp_path, {"type": "battery"}, relay("boiler", "GPIO17"))) as made:
        assert [load.name for load in made.loads] == ["boiler"]


def test_whatever_was_on_is_open_at_the_end_and_the_pins_are_free(tmp_path: Path) -> None:
    built = home(tmp_path, relay("boiler", "GPIO17"))
    with outputs(tmp_path, built) as made:
        made.loads[0].apply(ON, 0.0)
        assert states(tmp_path, "GPIO17")[-1] == 1.0
        with pytest.raises(PinBusy), outputs(tmp_path, built):
            pass
        with outputs(tmp_path, built, dry_run=True) as pretended:
            assert pretended.worth == "dry", "that one takes nothing"
        assert states(tmp_path, "GPIO17")[-1] == 1.0, "who is refused touches nothing"
    assert states(tmp_path, "GPIO17")[-1] != 1.0
    with outputs(tmp_path, built):
        pass


def test_one_that_cannot_be_built_leaves_those_before_it_open_and_all_pins_free(tmp_path: Path) -> None:
    variator = {
        "name": "variator", "type": "mqtt_variator", "max_power_w": 1000, "topic": "a/set",
        "broker": {"host": "127.0.0.1"}, "curve": "missing.csv",
    }  # fmt: skip
    built = home(tmp_path, relay("boiler", "GPIO17"), variator)
    for _ in range(2):  # the second is not refused by what the first left
        with pytest.raises(Exception, match=r"missing\.csv"), outputs(tmp_path, built):
            pass
    assert states(tmp_path, "GPIO17")[-1] != 1.0
