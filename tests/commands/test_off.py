"""`main.py off`: every output safe, whatever the rest of the configuration looks like."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from pv_heater.commands.off import main
from pv_heater.commands.off_asking import ask_all
from pv_heater.commands.off_outputs import find
from pv_heater.core.settings.pins import RelayPin, ServoPin, WiperPins
from pv_heater.io.gpio.lock_places import LockPlaces
from pv_heater.io.gpio.locks import lock_pins, lock_state_dir
from pv_heater.io.gpio.pins_file import outputs_in, read_pins_file, write_pins_file
from pv_heater.io.system.clock import SystemClock
from pv_heater.io.system.control_socket import ControlServer
from pv_heater.loads.pins.relay_loads import Relay
from pv_heater.loads.pins.servo_regulator import ServoRegulator
from tests.io.gpio.test_locks import places as places
from tests.io.gpio.wiper_chip import WiperChip
from tests.strangers import NOBODY, as_root, open_ways, stranger
from tests.waiting import Stopwatch

PROJECT = Path(__file__).parents[2]
CHIP = f"gpiochip{os.getpid()}"
"""Pins nobody else on this machine locks, so that test runs do not meet."""

RELAY, SERVO = f"{CHIP}/17", f"{CHIP}/21"


@dataclass(frozen=True)
class Gpio:
    factory: str
    pin_log: str | None


class Home:
    """A folder with a configuration, a state folder and a pin log."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state_dir = folder / "state"
        self.log = folder / "pins.jsonl"
        self.config = folder / "config.yaml"

    def configure(self, text: str) -> None:
        self.config.write_text(f"gpio: {{factory: mock, pin_log: {self.log}}}\nstate_dir: {self.state_dir}\n{text}")

    def remember_pins(self) -> None:
        """As a real run leaves them."""
        self.state_dir.mkdir()
        heater = ServoRegulator.Settings(
            name="old_heater",
            max_power_w=2000,
            relay=RelayPin(pin=RELAY, active_high=False),
            servo=ServoPin(pin=SERVO, settle_s=0.05),
        )
        write_pins_file(self.state_dir, [heater], Gpio("mock", str(self.log)))

    def off(self, *options: str) -> int:
        return main(["--config", str(self.config), *options])

    def seen(self) -> list[tuple[str, float | None]]:
        if not self.log.exists():
            return []
        lines = [json.loads(line) for line in self.log.read_text().splitlines()]
        return [(line["pin"], line["state"]) for line in lines]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


HEATER = f"""
loads:
  - type: servo_regulator
    name: water_heater
    relay: {{pin: {RELAY}, active_high: false}}
    servo: {{pin: {SERVO}, settle_s: 0.05}}
"""
PUMP = f"""
  - {{type: relay, name: pump, relay: {{pin: {CHIP}/4, active_high: true}}}}
"""


def test_relays_open_before_servos_turn_and_then_all_is_quiet(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.configure(HEATER + PUMP)
    assert home.off() == 0
    assert home.seen() == [
        (RELAY, 1.0),
        (f"{CHIP}/4", 0.0),
        (SERVO, 0.025),
        (SERVO, None),
        (RELAY, None),
        (f"{CHIP}/4", None),
    ]
    assert capsys.readouterr().out == (
        f"water_heater: relay {RELAY} open, servo {SERVO} at zero\npump: relay {CHIP}/4 open\n"
    )
    assert not home.state_dir.exists()


def test_mistakes_elsewhere_in_the_settings_do_not_matter(home: Home) -> None:
    home.configure("meter: 7\nlimits: [nonsense]\nwhat: ever\n" + HEATER)
    assert home.off() == 0
    assert home.seen()[0] == (RELAY, 1.0)


def test_a_relay_without_a_polarity_is_released_and_the_doubt_is_told(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    home.configure(f"loads: [{{name: pump, relay: {{pin: {RELAY}}}}}]\n")
    assert home.off() == 0
    assert not [state for _, state in home.seen() if state is not None]
    assert "only released, not driven: active_high must be true or false" in capsys.readouterr().err


def test_a_broken_configuration_falls_back_to_the_pins_of_the_last_run(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    home.remember_pins()
    home.config.write_text("loads: [\n  - {")
    assert home.off() == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("old_heater: relay")
    assert "cannot be used" in captured.err
    assert home.seen()[0] == (RELAY, 1.0)


def test_pins_of_the_last_run_are_switched_too_when_the_settings_no_longer_name_them(home: Home) -> None:
    home.remember_pins()
    home.configure("loads:" + PUMP)
    assert home.off() == 0
    assert {pin for pin, _ in home.seen()} == {RELAY, SERVO, f"{CHIP}/4"}


def test_a_relay_moved_to_another_pin_is_opened_at_the_old_one_too(home: Home) -> None:
    home.remember_pins()
    home.configure(HEATER.replace(RELAY, f"{CHIP}/5"))
    assert home.off() == 0
    assert {(RELAY, 1.0), (f"{CHIP}/5", 1.0), (SERVO, 0.025)} <= set(home.seen())


@pytest.mark.parametrize("wrong", ["zero_deg: -5", "settle_s: 1.0e+9", "max_pulse_s: 5", "travel_deg: 0.0"])
def test_a_servo_set_beyond_its_bounds_neither_moves_nor_keeps_the_relay_closed(
    home: Home, capsys: pytest.CaptureFixture[str], wrong: str
) -> None:
    home.configure(HEATER.replace("settle_s: 0.05", wrong))
    assert home.off() == 0
    assert (RELAY, 1.0) in home.seen()
    assert not [state for pin, state in home.seen() if pin == SERVO]
    assert "the servo cannot be moved, its settings are wrong: must be" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["dry_run: true\n" + HEATER, "loads: [{name: a, type: dry_run}]\n", "{}\n"])
def test_without_pins_there_is_nothing_to_switch(home: Home, capsys: pytest.CaptureFixture[str], text: str) -> None:
    home.configure("" if text == "{}\n" else text)
    assert home.off() == 0
    assert "Nothing to switch" in capsys.readouterr().out
    assert home.seen() == []


def test_neither_settings_nor_pins_is_a_configuration_error(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert home.off() == 2
    assert "no pins are known" in capsys.readouterr().err


def test_pins_that_cannot_be_driven_are_a_hardware_error(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.configure(HEATER)
    home.config.write_text(home.config.read_text().replace("mock", "rpigpio"))
    assert home.off() == 3
    assert "Switch the heater off by hand" in capsys.readouterr().err


@pytest.fixture
def running(home: Home) -> Iterator[list[Any]]:
    """A controller that holds the pins and hears commands; the list is what it heard."""
    home.configure(HEATER)
    home.state_dir.mkdir()
    heard: list[Any] = []

    def handle(request: Any) -> dict[str, Any]:
        heard.append(request)
        return {"ok": True, "message": "every load is off until it is cleared", "loads": {"water_heater": None}}

    server = ControlServer(home.state_dir / "control.sock", handle)
    server.start()
    with lock_state_dir(home.state_dir, "other.yaml"):
        yield heard
    server.stop()


def test_a_running_controller_is_asked_and_its_pins_left_alone(
    home: Home, running: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert home.off() == 0
    assert running == [{"command": "off"}]
    assert home.seen() == []
    said = capsys.readouterr().out
    assert "other.yaml" in said
    assert "water_heater: off, seen by the controller\n" in said


def test_after_a_dead_controller_one_that_runs_again_is_left_in_peace(
    home: Home, running: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert home.off("--unheld") == 0
    assert running == []
    assert home.seen() == []
    assert "a controller runs again, process" in capsys.readouterr().out


def test_after_a_dead_controller_what_nobody_holds_is_switched_off(home: Home) -> None:
    home.configure(HEATER)
    assert home.off("--unheld") == 0
    assert home.seen()[0] == (RELAY, 1.0)


def test_a_controller_that_does_not_answer_is_named_with_what_to_do(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    home.configure(HEATER)
    home.state_dir.mkdir()
    with lock_state_dir(home.state_dir, "other.yaml"):
        assert home.off() == 3
    said = capsys.readouterr().err
    assert f"off: process {os.getpid()} (other.yaml, since 20" in said
    assert "did not switch them off: no controller answers there." in said
    assert "kill" not in said, "what a file says is no reason to kill a process"
    assert home.seen() == []


def answering(home: Home, answers: dict[str, Any]) -> ControlServer:
    """A controller of this configuration that says the same to everything."""
    home.state_dir.mkdir(exist_ok=True)
    server = ControlServer(home.state_dir / "control.sock", lambda request: answers)
    server.start()
    return server


def test_a_load_that_the_controller_cannot_see_off_is_named_and_the_exit_code_is_3(
    home: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pv_heater.commands.off_asking.SEEN_OFF_S", 0.3)
    home.configure(HEATER + PUMP)
    server = answering(home, {"ok": True, "loads": {"water_heater": "its contact is closed", "pump": None}})
    try:
        assert home.off() == 3
    finally:
        server.stop()
    said = capsys.readouterr()
    assert "off: water_heater: its contact is closed." in said.err
    assert "pump: off, seen by the controller" in said.out


def test_a_load_that_is_seen_off_a_little_later_is_waited_for(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.configure(HEATER)
    home.state_dir.mkdir()
    heard: list[str] = []

    def handle(request: Any) -> dict[str, Any]:
        heard.append(request["command"])
        return {"ok": True, "loads": {"water_heater": None if len(heard) > 3 else "no answer yet"}}

    server = ControlServer(home.state_dir / "control.sock", handle)
    server.start()
    try:
        assert home.off() == 0
    finally:
        server.stop()
    assert heard == ["off", "still_on", "still_on", "still_on"]
    assert "water_heater: off, seen by the controller" in capsys.readouterr().out


@pytest.mark.parametrize(
    "answers", [{"ok": True, "message": "all loads go off"}, {"ok": False}, {"ok": True, "loads": {}}]
)
def test_an_answer_that_does_not_say_what_was_seen_is_no_success(home: Home, answers: dict[str, Any]) -> None:
    home.configure(HEATER)
    server = answering(home, answers)
    try:
        assert home.off() == 3
    finally:
        server.stop()


def test_a_dry_run_is_asked_but_takes_nothing_over(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    """`run --dry-run` with these settings, while the contact is closed by an earlier run that was killed."""
    home.configure(HEATER)
    server = answering(home, {"ok": True, "who": {"dry": True, "outputs": "dry"}, "loads": {"water_heater": None}})
    try:
        assert home.off() == 0
    finally:
        server.stop()
    assert home.seen()[0] == (RELAY, 1.0)
    assert "DRY RUN" in capsys.readouterr().out


def test_a_load_that_the_running_controller_does_not_know_is_switched_here(home: Home) -> None:
    home.configure(HEATER + PUMP)
    server = answering(home, {"ok": True, "loads": {"water_heater": None}})
    try:
        assert home.off() == 0
    finally:
        server.stop()
    assert {pin for pin, _ in home.seen()} == {f"{CHIP}/4"}


def test_after_a_refused_start_systemd_s_off_leaves_the_other_controller_alone(
    home: Home, running: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVICE_RESULT", "exit-code")
    monkeypatch.setenv("EXIT_STATUS", "6")
    assert home.off() == 0
    assert running == []
    monkeypatch.setenv("EXIT_STATUS", "1")
    assert home.off() == 0
    assert running == [{"command": "off"}]


def test_pins_that_a_controller_holds_are_not_called_open_where_its_door_has_been_taken(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    home.remember_pins()
    home.configure("")
    with lock_pins([RELAY, SERVO], "/home/me/config.yaml", "mock", state_dir=home.state_dir):
        assert home.off() == 3
    assert home.seen() == []
    assert f"{RELAY} is held by process {os.getpid()} (/home/me/config.yaml" in capsys.readouterr().err
    assert home.off() == 0


def test_a_controller_of_other_settings_in_another_folder_is_not_asked(home: Home, tmp_path: Path) -> None:
    """Mock pins of the same name are other pins."""
    home.configure(HEATER)
    other = Home(tmp_path / "other")
    other.folder.mkdir()
    other.state_dir.mkdir()
    other.configure(HEATER)
    heard: list[Any] = []
    server = ControlServer(other.state_dir / "control.sock", lambda request: heard.append(request) or {"ok": True})
    server.start()
    try:
        with lock_state_dir(other.state_dir, str(other.config)):
            assert home.off() == 0
    finally:
        server.stop()
    assert heard == []
    assert home.seen()[0] == (RELAY, 1.0)


@as_root
@pytest.mark.parametrize("how", ["rewrites the lock", "waits for the lock", "listens in our place", "claims the pin"])
def test_no_other_user_can_keep_off_from_switching(home: Home, how: str) -> None:
    """What nobody did in November 2026: the contact stayed closed, and `off` said that all was well."""
    home.configure(HEATER)
    home.state_dir.mkdir()
    open_ways(home.state_dir / "x")
    lock_state_dir(home.state_dir, "an earlier run").release()
    claim = Path("/run/lock") / f"pv-heater-{NOBODY}"

    def attack() -> str:
        if how == "claims the pin":
            claim.mkdir()
            fd = os.open(claim / f"pin-{RELAY.replace('/', '-')}.lock", os.O_CREAT | os.O_RDWR, 0o600)
            os.write(fd, json.dumps({"pid": 1, "owner": "x", "started": "x", "state_dir": str(claim)}).encode())
            fcntl.flock(fd, fcntl.LOCK_EX)
            ControlServer(claim / "control.sock", lambda _: {"ok": True, "loads": {"water_heater": None}}).start()
        elif how == "listens in our place":
            ControlServer(home.state_dir / "control.sock", lambda _: {"ok": True, "loads": {"x": None}}).start()
            return str((home.state_dir / "control.sock").exists())
        else:
            with open(home.state_dir / "lock", "r+" if how == "rewrites the lock" else "r") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
        return "done"

    try:
        with stranger(attack):
            assert home.off() == 0
            assert home.seen()[0] == (RELAY, 1.0), "the contact was opened by ourselves"
    finally:
        shutil.rmtree(claim, ignore_errors=True)


@as_root
@pytest.mark.parametrize("how", ["answers", "is silent"])
def test_root_does_not_believe_who_may_not_switch_the_pin(home: Home, places: LockPlaces, how: str) -> None:
    """Real pins: nobody's folder says that he holds GPIO17, and he answers there, or keeps us waiting."""
    home.configure(HEATER.replace(RELAY, "GPIO17").replace(SERVO, "GPIO21"))
    claim = places.shared[0] / f"pv-heater-{NOBODY}"
    (places.devices / "gpiochip0").unlink()  # not even the device can be asked
    open_ways(claim)

    def attack() -> str:
        claim.mkdir()
        for pin in ("GPIO17", "GPIO21"):
            fd = os.open(claim / f"pin-{pin}.lock", os.O_CREAT | os.O_RDWR, 0o600)
            os.write(fd, json.dumps({"pid": 1, "owner": "x", "started": "x", "state_dir": str(claim)}).encode())
            fcntl.flock(fd, fcntl.LOCK_EX)
        if how == "answers":
            ControlServer(claim / "control.sock", lambda _: {"ok": True, "loads": {"water_heater": None}}).start()
        return "held"

    found = find(home.config)
    real = replace(found, factory="auto")
    with stranger(attack) as result:
        assert result == "held"
        watch = Stopwatch()
        asked = ask_all(real, home.config, SystemClock(), places)
        assert watch.took_s() < 2.5
    assert [one.believed for one in asked] == [False]
    assert not any(one.loads for one in asked)


def test_the_pins_file_keeps_what_off_needs_and_nothing_else(home: Home) -> None:
    home.remember_pins()
    kept = read_pins_file(home.state_dir)
    assert kept is not None
    (output,), doubts = outputs_in(kept)
    assert doubts == []
    assert output.relays == (RelayPin(pin=RELAY, active_high=False),)
    assert output.servo == ServoPin(pin=SERVO, settle_s=0.05)


def test_loads_without_pins_are_not_in_the_pins_file(home: Home) -> None:
    home.state_dir.mkdir()
    pump = Relay.Settings(name="pump", max_power_w=800, relay=RelayPin(pin=RELAY, active_high=True))
    write_pins_file(home.state_dir, [object(), pump], Gpio("auto", None))
    kept = read_pins_file(home.state_dir)
    assert kept is not None
    assert [load["name"] for load in kept["loads"]] == ["pump"]


def test_a_damaged_pins_file_counts_as_none(home: Home) -> None:
    home.state_dir.mkdir()
    (home.state_dir / "pins.json").write_text('{"version": 1')
    assert read_pins_file(home.state_dir) is None


def test_off_needs_none_of_the_heavy_libraries() -> None:
    code = (
        "import sys; sys.argv = ['main.py', 'off', '--help']\n"
        "import runpy\n"
        "try: runpy.run_path('main.py', run_name='__main__')\n"
        "except SystemExit: pass\n"
        "heavy = {'requests', 'typer', 'pv_heater.config.load', 'astral', 'tenacity', 'gpiozero'} & set(sys.modules)\n"
        "print(sorted(heavy))"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert "usage: main.py off" in run.stdout
    assert run.stdout.splitlines()[-1] == "[]"


@pytest.mark.process
@pytest.mark.parametrize("option", ["--config", "-c"])
def test_the_real_process_ends_with_0_and_says_what_it_did(home: Home, option: str) -> None:
    """Through the door of its own in main.py, which must know what all other commands know."""
    home.configure(HEATER)
    run = subprocess.run(
        [sys.executable, "main.py", "off", option, str(home.config)], cwd=PROJECT, capture_output=True, text=True
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith("water_heater: relay")


def test_release_is_not_mistaken_for_yaml_s_false(tmp_path: Path) -> None:
    """A plain YAML reader takes the key `off` for the truth value false, and would drive the pin instead."""
    config = tmp_path / "config.yaml"
    config.write_text(
        "loads:\n- {name: pump, type: relay, max_power_w: 800, relay: {pin: GPIO5, active_high: false, off: release}}\n"
        f"gpio: {{factory: mock, pin_log: {tmp_path / 'pins.jsonl'}}}\nstate_dir: {tmp_path / 'state'}\n"
    )
    assert main(["--config", str(config)]) == 0
    states = [json.loads(line)["state"] for line in (tmp_path / "pins.jsonl").read_text().splitlines()]
    assert not any(state is not None for state in states)  # the pin is never driven


@pytest.mark.xdist_group("BOARD11")  # the one pin name that several tests lock
def test_the_wiring_of_the_earlier_optimizer_is_known_from_its_flat_keys(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(
        "api_username: owner@example.com\napi_password: secret\nmin_battery: 95\n"
        f"gpio: {{factory: mock, pin_log: {tmp_path / 'pins.jsonl'}}}\nstate_dir: {tmp_path / 'state'}\n"
    )
    assert main(["--config", str(config)]) == 0
    assert "relay BOARD11 open" in capsys.readouterr().out


MANY = f"""
loads:
  - type: stages
    name: boiler
    relays: [{{pin: {RELAY}, active_high: false}}, {{pin: {CHIP}/4, active_high: true}}, {{pin: nonsense}}]
  - type: burst_ssr
    name: rod
    ssr: {{pin: {CHIP}/5, active_high: true}}
    relay: {{pin: {CHIP}/6, active_high: true}}
  - type: digital_pot
    name: pool
    relay: {{pin: {CHIP}/7, active_high: true}}
    wiper: {{clock_pin: {CHIP}/8, data_pin: {CHIP}/9, select_pin: {CHIP}/10, zero_step: 128, full_step: 0}}
"""


def test_every_relay_of_many_is_opened_and_a_potentiometer_goes_to_zero_after_them(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    home.configure(MANY)
    assert home.off() == 3, "one relay of the boiler was not switched"
    seen = home.seen()
    assert seen[:5] == [
        (RELAY, 1.0),
        (f"{CHIP}/4", 0.0),
        (f"{CHIP}/6", 0.0),
        (f"{CHIP}/5", 0.0),
        (f"{CHIP}/7", 0.0),
    ]
    chip = WiperChip(clock=f"{CHIP}/8", data=f"{CHIP}/9", select=f"{CHIP}/10")
    chip.hear(seen)
    assert chip.steps == [128]
    told = capsys.readouterr()
    assert f"boiler: relay {RELAY} open, relay {CHIP}/4 open" in told.out
    assert "pool: relay" in told.out
    assert "potentiometer at zero" in told.out
    assert "boiler: the relay cannot be switched, its pin must be" in told.err


def test_a_potentiometer_with_wrong_settings_leaves_its_relay_to_be_opened(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    home.configure(MANY.replace("zero_step: 128", "zero_step: 999"))
    assert home.off() == 3, "one relay of the boiler was not switched"
    assert (f"{CHIP}/7", 0.0) in home.seen()
    assert "pool: the potentiometer cannot be moved, its settings are wrong: must be" in capsys.readouterr().err


def test_the_pins_file_knows_every_kind_of_pin(home: Home) -> None:
    home.state_dir.mkdir()
    relay, other = RelayPin(pin=RELAY, active_high=False), RelayPin(pin="GPIO22", active_high=True, off="release")
    wiper = WiperPins(clock_pin="GPIO11", data_pin="GPIO10", select_pin="GPIO8", full_step=256)

    class AllKinds:
        name = "all"

        def __init__(self) -> None:
            self.ssr, self.relays, self.wiper = relay, (other,), wiper

    write_pins_file(home.state_dir, [AllKinds()], Gpio("auto", None))
    kept = read_pins_file(home.state_dir)
    assert kept is not None
    (output,), doubts = outputs_in(kept)
    assert (output.relays, output.wiper, doubts) == ((relay, other), wiper, [])


DEEP, HUGE = "[" * 100_000, '{"servo": {"pin": "GPIO18", "settle_s": 1' + "0" * 400 + "}}"
ENDLESS = '{"wiper": {"clock_pin": "GPIO1", "data_pin": "GPIO2", "select_pin": "GPIO3", "zero_step": Infinity}}'


@pytest.mark.parametrize(
    "kept", [DEEP, f'{{"version": 1, "loads": [{HUGE}]}}', f'{{"version": 1, "loads": [{ENDLESS}]}}']
)
def test_no_pins_file_however_damaged_keeps_the_relay_of_the_settings_closed(home: Home, kept: str) -> None:
    home.configure(f"loads:\n  - {{name: rod, type: relay, relay: {{pin: {RELAY}, active_high: true}}}}\n")
    home.state_dir.mkdir()
    (home.state_dir / "pins.json").write_text(kept)
    assert home.off() == 0
    assert home.seen()[0] == (RELAY, 0.0)


def test_a_pipe_in_the_place_of_the_pins_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pins.json")
    assert read_pins_file(tmp_path) is None


@pytest.mark.parametrize("named", ["~nobody_has_this_name/x", '"a\\0b"', "/tmp/" + "a" * 5000])
def test_no_name_of_a_state_folder_keeps_a_relay_closed(tmp_path: Path, named: str) -> None:
    log, config = tmp_path / "pins.jsonl", tmp_path / "config.yaml"
    config.write_text(
        f"gpio: {{factory: mock, pin_log: {log}}}\nstate_dir: {named}\n"
        f"loads:\n  - {{name: rod, type: relay, relay: {{pin: {RELAY}, active_high: true}}}}\n"
    )
    assert main(["--config", str(config)]) == 0
    assert json.loads(log.read_text().splitlines()[0])["state"] == 0.0
