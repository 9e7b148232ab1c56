"""A probe on the 1-Wire bus, in a folder tree as the kernel's w1_therm driver makes it."""

import os
import threading
from pathlib import Path
from typing import Any

import pytest

from pv_heater.errors import BadReply, SourceError, Unreachable
from pv_heater.sensors.ds18b20 import Ds18b20, bare_temperature_of, temperature_of
from tests.mqtt_brokers import wait_for
from tests.source_tools import tools_for

PROBE = "28-0316a2795eff"
GOOD = "72 01 4b 46 7f ff 0e 10 57 : crc=57 YES\n72 01 4b 46 7f ff 0e 10 57 t=48562\n"


def sensor(folder: Path, **settings: Any) -> Ds18b20:
    return Ds18b20(Ds18b20.Settings(folder=str(folder), **settings), tools_for(folder))


def plug(folder: Path, probe: str = PROBE, **files: str) -> Path:
    """The probe's folder, and the bus master's beside it."""
    (folder / "w1_bus_master1").mkdir(exist_ok=True)
    place = folder / probe
    place.mkdir(exist_ok=True)
    for name, text in (files or {"w1_slave": GOOD, "temperature": "48562\n"}).items():
        (place / name).write_text(text)
    return place


def test_the_one_probe_is_found_and_read(tmp_path: Path) -> None:
    plug(tmp_path)
    assert sensor(tmp_path).read() == 48.562


def test_the_named_probe_is_read_among_several(tmp_path: Path) -> None:
    plug(tmp_path)
    plug(tmp_path, "28-000000000001", w1_slave=GOOD.replace("48562", "9000"))
    assert sensor(tmp_path, id=PROBE).read() == 48.562
    with pytest.raises(BadReply, match=r"there are 2 probes .* set id to the one in the tank"):
        sensor(tmp_path).read()


def test_a_driver_without_w1_slave_is_read_by_its_temperature(tmp_path: Path) -> None:
    plug(tmp_path, temperature="61250\n")
    assert sensor(tmp_path).read() == 61.25


BAD_ANSWERS = {
    "wrong check sum": (GOOD.replace("YES", "NO"), "wrong check sum"),
    "all zeros, whose check sum is right": (
        "00 00 00 00 00 00 00 00 00 : crc=00 YES\n00 00 00 00 00 00 00 00 00 t=0\n", "nothing but zeros"),
    "all ones": ("ff ff ff ff ff ff ff ff ff : crc=c9 NO\nff ff ff ff ff ff ff ff ff t=-62\n", "wrong check sum"),
    "power-up": (GOOD.replace("48562", "85000"), "exactly 85 degC"),
    "disconnected": (GOOD.replace("48562", "-127000"), "-127 degC, which no probe can measure"),
    "sign flipped": (GOOD.replace("48562", "-48562"), "which no probe can measure"),
    "frost": (GOOD.replace("48562", "-1000"), "which no tank can have"),
    "empty": ("", "no answer; is the probe pulled out"),
    "one line": (GOOD.splitlines()[0], "not an answer of a DS18B20"),
    "truncated": (GOOD[:30], "not an answer of a DS18B20"),
    "truncated before the value": (GOOD.replace("t=48562", "t="), "not an answer of a DS18B20"),
    "truncated within the value": (GOOD.removesuffix("562\n"), "not an answer of a DS18B20"),
    "NaN": (GOOD.replace("48562", "nan"), "not an answer of a DS18B20"),
    "an endless number": (GOOD.replace("48562", "1" * 500), "not an answer of a DS18B20"),
    "a thousand lines": (GOOD * 500, "not an answer of a DS18B20"),
    "binary": ("\0\x01\x02" * 50, "not an answer of a DS18B20"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "says"), BAD_ANSWERS.values(), ids=BAD_ANSWERS)
def test_an_answer_that_is_no_measurement_is_refused(tmp_path: Path, text: str, says: str) -> None:
    plug(tmp_path, w1_slave=text)
    with pytest.raises(BadReply, match=PROBE) as caught:
        sensor(tmp_path).read()
    assert says in str(caught.value)


@pytest.mark.parametrize(
    "text", ["", "0\n", "85000\n", "-127000\n", "4856", "NaN\n", "4.8e4", "1" * 5000, "48562\n48562", "\x1e0"]
)
def test_a_bare_temperature_that_is_no_measurement_is_refused(text: str) -> None:
    with pytest.raises(BadReply, match=PROBE):
        bare_temperature_of(text, PROBE)


def test_a_probe_pulled_and_plugged_again_is_lost_and_found(tmp_path: Path) -> None:
    probe = plug(tmp_path)
    tank = sensor(tmp_path)
    named = sensor(tmp_path, id=PROBE)
    for name in ("w1_slave", "temperature"):
        (probe / name).unlink()
    probe.rmdir()
    with pytest.raises(Unreachable, match=r"no DS18B20 is found .*dtoverlay=w1-gpio"):
        tank.read()
    with pytest.raises(Unreachable, match="is the probe pulled out"):
        named.read()
    plug(tmp_path)
    assert tank.read() == named.read() == 48.562


def test_a_machine_without_one_wire_is_told_how_to_switch_it_on(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="dtoverlay=w1-gpio"):
        sensor(tmp_path / "none").read()


def test_a_read_that_fails_in_the_driver_is_a_sentence(tmp_path: Path) -> None:
    probe = plug(tmp_path)
    (probe / "w1_slave").unlink()
    (probe / "w1_slave").mkdir()  # reading it is an OSError, as EIO from the driver is
    with pytest.raises(Unreachable, match=f"{PROBE} cannot be read"):
        sensor(tmp_path).read()


def test_a_read_that_hangs_ends_when_the_driver_answers(tmp_path: Path) -> None:
    """On a thread, as the program reads it; a pipe stands for a bus that hangs."""
    probe = plug(tmp_path)
    (probe / "w1_slave").unlink()
    os.mkfifo(probe / "w1_slave")
    answers: list[float | SourceError] = []
    thread = threading.Thread(target=lambda: answers.append(sensor(tmp_path).read()), daemon=True)
    thread.start()
    (probe / "w1_slave").write_text(GOOD)
    wait_for(lambda: answers, "the answer")
    assert answers == [48.562]


def test_the_age_limit_follows_the_interval(tmp_path: Path) -> None:
    assert sensor(tmp_path).max_age_s == 30
    assert sensor(tmp_path, interval_s=60).max_age_s == 180
    assert sensor(tmp_path, interval_s=60, max_age_s=90).max_age_s == 90


def test_the_parser_takes_what_the_kernel_writes() -> None:
    assert temperature_of(GOOD, PROBE) == 48.562
    assert bare_temperature_of("0048562\n", PROBE) == 48.562
