"""`init`: answers in, a short settings file out that loads, and a refusal in words where an answer is missing."""

from __future__ import annotations

import os
import pty
import re
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from pv_heater import PROJECT_FOLDER
from pv_heater.commands.setup.init import write_settings
from pv_heater.commands.setup.interview import Questions
from pv_heater.config.load import load_config
from pv_heater.errors import ConfigError
from tests.builders import reading
from tests.commands.test_detect import PORTAL_ID, gx_broker
from tests.vrm_server import VrmServer

SERVO = {"heater": "servo", "heater-power": 2000.0}


class Nobody:
    """Takes every default, and keeps what was said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def ask(self, question: str, default: str | None, *, hidden: bool = False) -> str | None:
        return default

    def say(self, line: str) -> None:
        self.said.append(line)

    def hears(self, problem: str) -> bool:
        return False


class Somebody(Nobody):
    """Gives the answers one after another, then takes every default."""

    def __init__(self, *words: str) -> None:
        super().__init__()
        self._words = list(words)

    def ask(self, question: str, default: str | None, *, hidden: bool = False) -> str | None:
        return self._words.pop(0) if self._words else default

    def hears(self, problem: str) -> bool:
        self.said.append(problem)
        return bool(self._words)


@pytest.fixture
def vrm() -> Iterator[VrmServer]:
    with VrmServer() as server:
        yield server


def answers(vrm: VrmServer, **more: Any) -> Mapping[str, Any]:
    given = {"meter": "vrm", "vrm-token": vrm.token, "vrm-url": vrm.url, "installation": vrm.installation_id}
    return {
        **given,
        **SERVO,
        "timezone": "Europe/Vienna",
        **{key.replace("_", "-"): item for key, item in more.items()},
    }


def test_a_home_at_the_portal_becomes_a_file_that_loads_with_its_token_apart(vrm: VrmServer, tmp_path: Path) -> None:
    file, nobody = tmp_path / "home.yaml", Nobody()
    given = answers(
        vrm, name="Müllers: Haus", latitude=47.05, longitude=15.44, pv_kwp=4.4, battery_wh=4800.0, inverter_w=2400.0
    )
    lines = write_settings(file, given, nobody, force=False)
    config = load_config(file)
    assert (config.site.name, config.site.timezone, config.dry_run) == ("Müllers: Haus", "Europe/Vienna", True)
    assert config.site.battery is not None
    assert (config.site.battery.capacity_wh, config.forecast[0].type) == (4800, "forecast_solar")
    assert (config.loads[0].type, config.policies[0].max_power_w) == ("servo_regulator", 2000)  # type: ignore[union-attr]
    assert config.web is not None
    token = tmp_path / "vrm-token"
    assert (token.read_text(), stat.S_IMODE(token.stat().st_mode)) == (f"{vrm.token}\n", 0o600)
    assert vrm.token not in file.read_text()
    assert nobody.said == ["It answers: PV 1520 W, battery at 80 %."]
    assert f"  python main.py check --config {file}" in lines[2]
    assert len(file.read_text().splitlines()) < 30


def test_a_gx_device_is_asked_how_it_can_be_read(tmp_path: Path) -> None:
    with gx_broker() as port:
        given = {"meter": "gx", "host": f"127.0.0.1:{port}", "heater": "relay", "heater-power": "800"}
        found = Questions(given, Nobody(), tmp_path, lambda *_: None, read=lambda *_: (reading(), None)).home()
    assert found.home.meters[0] == {"type": "gx_mqtt", "host": "127.0.0.1", "port": port, "portal_id": PORTAL_ID}


def test_a_battery_that_the_meter_does_not_report_is_not_asked_for(vrm: VrmServer, tmp_path: Path) -> None:
    without = reading(battery_soc_percent=None)
    given = answers(vrm, battery_wh=4800.0)
    found = Questions(given, Nobody(), tmp_path, lambda *_: None, read=lambda *_: (without, None)).home()
    assert found.home.battery_wh is None


def test_the_only_site_of_a_token_is_taken_and_of_several_one_must_be_named(vrm: VrmServer, tmp_path: Path) -> None:
    given = {key: item for key, item in answers(vrm).items() if key != "installation"}
    with pytest.raises(ConfigError, match=r"--installation is missing: Which site"):
        write_settings(tmp_path / "home.yaml", given, Nobody(), force=False)
    assert list(tmp_path.iterdir()) == []  # no token is left behind either


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"heater_power": None}, r"--heater-power is missing: Its power, W"),
        ({"heater_power": "2 kW"}, r"--heater-power must be a number, not '2 kW'"),
        ({"heater": "sauna"}, r"--heater must be one of servo, relay, dimmer"),
        ({"relay_pin": "11"}, r"--relay-pin must say which numbering"),
        ({"relay_pin": "GPIO21"}, r"is already used by"),
        ({"relay_pin": "GPIO5"}, r"while the Pi boots GPIO5 is pulled high, which closes this relay"),
        ({"timezone": "Vienna"}, r"--timezone must be a time zone|--timezone: must be a time zone"),
        ({"latitude": 95.0, "longitude": 1.0}, r"--latitude must be between -90 and 90, not 95"),
        ({"heater": "dimmer"}, r"--heater-host is missing"),
        ({"vrm_token": "wrong", "installation": None}, r"--vrm-token: VRM refused the access token"),
        ({"meter": "shelly"}, r"--meter must be one of gx, vrm"),
    ],
)
def test_what_is_missing_or_wrong_is_named_by_its_option_and_nothing_is_written(
    vrm: VrmServer, tmp_path: Path, more: dict[str, Any], problem: str
) -> None:
    given = {key: item for key, item in answers(vrm, **more).items() if item is not None}
    with pytest.raises(ConfigError, match=problem):
        write_settings(tmp_path / "home.yaml", given, Nobody(), force=False)
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_answer_is_asked_for_again_and_the_ones_before_are_kept(vrm: VrmServer, tmp_path: Path) -> None:
    given = {key: item for key, item in answers(vrm).items() if key not in ("vrm-token", "timezone", "heater-power")}
    somebody = Somebody(
        "wrong token", vrm.token, "7", str(vrm.installation_id), "47.05 N", "470.5", "47.05", "15.44",
        "Home", "Vienna", "Europe/Vienna",
        "4.4", "4800", "2400", "2 kW", "2000",
    )  # fmt: skip
    del given["installation"]
    write_settings(tmp_path / "home.yaml", given, somebody, force=False)
    config = load_config(tmp_path / "home.yaml")
    assert (config.site.latitude, config.site.timezone, config.policies[0].max_power_w) == (
        47.05,
        "Europe/Vienna",
        2000,
    )
    assert (tmp_path / "vrm-token").read_text() == f"{vrm.token}\n"
    wrong = [line.partition(" ")[0] for line in somebody.said if "must be" in line or "vrm-token" in line]
    assert wrong == ["vrm-token:", "installation", "latitude", "latitude", "timezone:", "heater-power"]


def test_a_file_that_is_there_is_not_replaced_without_force(vrm: VrmServer, tmp_path: Path) -> None:
    file = tmp_path / "home.yaml"
    file.write_text("mine")
    with pytest.raises(ConfigError, match="--force replaces it"):
        write_settings(file, answers(vrm), Nobody(), force=False)
    assert file.read_text() == "mine"
    write_settings(file, answers(vrm), Nobody(), force=True)
    with pytest.raises(ConfigError, match="example that comes with the program"):
        write_settings(PROJECT_FOLDER / "Files" / "config.yaml", answers(vrm), Nobody(), force=True)


def test_the_service_names_this_folder_this_file_and_this_user(vrm: VrmServer, tmp_path: Path) -> None:
    file = tmp_path / "home.yaml"
    lines = write_settings(file, answers(vrm, service=True, page=False), Nobody(), force=False)
    unit = (tmp_path / "pv-heater.service").read_text()
    assert f"main.py run --config {file}" in unit
    assert f"main.py off --config {file}" in unit
    assert "/opt/pv-heater" not in unit
    assert "systemctl enable --now pv-heater" in lines[-1]
    assert load_config(file).web is None


def test_a_device_on_the_network_by_its_preset(vrm: VrmServer, tmp_path: Path) -> None:
    file = tmp_path / "home.yaml"
    write_settings(file, answers(vrm, heater="shelly_gen2_switch", heater_host="192.168.1.9"), Nobody(), force=False)
    assert load_config(file).loads[0].type == "http_switch"  # type: ignore[union-attr]


@pytest.mark.process
def test_a_person_at_a_terminal_is_asked_one_thing_after_another(vrm: VrmServer, tmp_path: Path) -> None:
    file = tmp_path / "home.yaml"
    command = [sys.executable, "main.py", "init", "--config", str(file), "--vrm-url", vrm.url]
    typed = {
        "Where do the values": "vrm", "Access token": vrm.token, "Which site": str(vrm.installation_id),
        "Latitude": "47.05", "Longitude": "15.44", "called?": "", "Time zone": "Europe/Vienna", "Peak power": "4.4",
        "Usable capacity": "4800", "inverter": "", "switched": "relay", "on its plate": "800",
        "Pin of the relay": "GPIO17",
        "high level": "", "browser": "no", "service": "",
    }  # fmt: skip
    ours, theirs = pty.openpty()
    program = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=PROJECT_FOLDER)
    os.close(theirs)
    heard = ""
    seen = 0
    while program.poll() is None or seen < len(heard):
        try:
            heard += os.read(ours, 4096).decode(errors="replace")
        except OSError:
            break
        question = heard[seen:]
        if re.search(r": $", question):
            key = next((key for key in typed if key in question), None)
            assert key is not None, question
            os.write(ours, f"{typed[key]}\n".encode())
            seen = len(heard)
    assert program.wait() == 0, heard
    os.close(ours)
    assert vrm.token not in heard  # typed unseen
    assert load_config(file).policies[0].max_power_w == 800
    assert "Written:" in heard
