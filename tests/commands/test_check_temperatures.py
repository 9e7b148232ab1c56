"""What `check` says of the temperatures that loads need."""

from pathlib import Path
from typing import Any

import pytest

from pv_heater.commands.check import CheckReport, check_all
from pv_heater.config.load import load_config
from tests.builders import config, heater

VRM = {"type": "vrm", "token": "abc", "installation_id": 1, "base_url": "http://127.0.0.1:9"}
SERIAL = {"type": "serial", "protocol": "mk2", "device": "/dev/no-such-device"}
GOOD = "72 01 4b 46 7f ff 0e 10 57 : crc=57 YES\n72 01 4b 46 7f ff 0e 10 57 t=48562\n"


def checked(**changes: Any) -> CheckReport:
    return check_all(load_config(config(**changes)))


def says(report: CheckReport, what: str) -> list[tuple[str, int]]:
    return [(finding.says, finding.exit_code) for finding in report.findings if finding.what.startswith(what)]


@pytest.mark.parametrize("key", ["max_c", "target_c"])
@pytest.mark.parametrize("meter", [VRM, [VRM, SERIAL]], ids=["vrm", "two meters"])
def test_a_temperature_that_nobody_tells_is_wrong_and_what_to_add_is_said(meter: Any, key: str) -> None:
    report = checked(meter=meter, loads=[heater("boiler", **{key: 60}), heater("pool")])
    ((text, code),) = says(report, "loads.boiler")
    assert code == 2
    words = "vrm, serial" if isinstance(meter, list) else "vrm"
    assert text == (
        f"{key} needs the load's temperature, and the meter ({words}) does not tell it: this load would never heat; "
        "give it a probe, such as `temperature_from: {type: ds18b20}`"
    )
    assert not says(report, "loads.pool")


def test_a_probe_is_asked_and_its_value_shown(tmp_path: Path) -> None:
    (tmp_path / "28-0316a2795eff").mkdir()
    (tmp_path / "28-0316a2795eff" / "w1_slave").write_text(GOOD)
    probe = {"type": "ds18b20", "folder": str(tmp_path)}
    report = checked(meter=VRM, loads=[heater("boiler", max_c=70, temperature_from=probe)])
    assert says(report, "loads.boiler") == [("48.6 degC; lost after 30 s without a new value", 0)]


def test_a_probe_that_does_not_answer_is_wrong(tmp_path: Path) -> None:
    probe = {"type": "ds18b20", "folder": str(tmp_path)}
    ((text, code),) = says(checked(loads=[heater("boiler", max_c=70, temperature_from=probe)]), "loads.boiler")
    assert (code, "no DS18B20 is found" in text) == (5, True)


def test_a_recording_may_tell_the_temperature() -> None:
    recording = {"type": "recording", "path": "Files/recordings/summer.csv.gz"}
    assert not says(checked(meter=recording, loads=[heater("boiler", max_c=70)]), "loads.boiler")
