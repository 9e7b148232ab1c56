"""However the program ends, every kind of output on pins is off."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pv_heater.errors import PinBusy
from pv_heater.io.gpio.locks import lock_pins
from tests.io.gpio.wiper_chip import WiperChip
from tests.process.program import CHIP, PROJECT, Program, settings
from tests.vrm_server import VrmServer
from tests.waiting import WITHIN_S, until

pytestmark = pytest.mark.process

ELEMENTS = (f"{CHIP}/1", f"{CHIP}/2")
SSR, CONTACTOR = f"{CHIP}/3", f"{CHIP}/4"
POT_RELAY = f"{CHIP}/5"
CLOCK, DATA, SELECT = (f"{CHIP}/{line}" for line in (6, 7, 8))
CONTACTS = (*ELEMENTS, SSR, CONTACTOR, POT_RELAY)


def relay(pin: str) -> dict[str, Any]:
    return {"pin": pin, "active_high": True}


def load(name: str, kind: str, **values: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "start_delay_s": 0, "min_off_s": 0, **values}


LOADS = [
    load("boiler", "stages", relays=[relay(pin) for pin in ELEMENTS],
         levels=[{"power_w": 200, "closed": [1]}, {"power_w": 300, "closed": [1, 2]}]),
    load("rod", "burst_ssr", max_power_w=300, ssr=relay(SSR), relay=relay(CONTACTOR)),
    load("pool", "digital_pot", max_power_w=300, relay=relay(POT_RELAY),
         wiper={"clock_pin": CLOCK, "data_pin": DATA, "select_pin": SELECT, "settle_s": 0.1}),
]  # fmt: skip


def running(folder: Path, vrm: VrmServer) -> Program:
    return Program(folder, settings(folder, vrm.url, loads=LOADS))


def wait_until_heating(program: Program) -> None:
    for pin in CONTACTS:
        program.wait_for(lambda pin=pin: program.states(pin)[-1:] == [1.0], 20, f"{pin} closed")  # type: ignore[misc]
    program.wait_for(lambda: step(program) > 0, 20, "the potentiometer turned up")


def step(program: Program) -> int:
    """Where the potentiometer stands."""
    chip = WiperChip(clock=CLOCK, data=DATA, select=SELECT)
    chip.hear((change["pin"], change["state"]) for change in program.pins())
    return chip.steps[-1] if chip.steps else 0


def is_all_off(program: Program) -> bool:
    return all(program.states(pin)[-1] in (0.0, None) for pin in CONTACTS)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_while_all_heat_switches_every_pin_off_and_the_wiper_to_zero(
    number: signal.Signals, vrm: VrmServer, tmp_path: Path
) -> None:
    with running(tmp_path, vrm) as program:
        wait_until_heating(program)
        assert program.stop(number) == 0
        assert is_all_off(program)
        assert step(program) == 0
        assert "Traceback" not in program.log()


def test_what_kill_9_leaves_on_is_switched_off_by_off(vrm: VrmServer, tmp_path: Path) -> None:
    with running(tmp_path, vrm) as program:
        wait_until_heating(program)
        program.process.kill()
        program.process.wait(WITHIN_S)
        assert not is_all_off(program)
        (tmp_path / "config.yaml").write_text("loads: [\n")  # and the settings are broken: the pins file must do
        environ = {**os.environ, "STATE_DIRECTORY": str(tmp_path / "state")}
        command = [sys.executable, "main.py", "off", "--config", str(tmp_path / "config.yaml")]
        assert subprocess.run(command, cwd=PROJECT, env=environ, timeout=2 * WITHIN_S, check=False).returncode == 0
        assert is_all_off(program)
        assert step(program) == 0


def test_every_pin_of_a_potentiometer_is_locked(vrm: VrmServer, tmp_path: Path) -> None:
    """Mock pins are locked in the state folder, which no second process may use: the lock itself is tried."""
    with running(tmp_path, vrm) as program:
        wait_until_heating(program)
        with pytest.raises(PinBusy, match=f"{DATA} is held by process {program.process.pid}"):
            lock_pins([DATA], "thief", "mock", state_dir=tmp_path / "state")
        assert program.process.poll() is None


def test_a_hung_loop_loses_every_contact_after_ten_seconds(vrm: VrmServer, tmp_path: Path) -> None:
    config = settings(tmp_path, vrm.url, loads=LOADS, strategy={"type": "faulty"})
    with Program(tmp_path, config, environ={"FAULT": "hang"}, door="tests/process/faulty.py") as program:
        program.wait_for(lambda: "the strategy hangs" in program.log(), 15, "it hangs")
        assert not is_all_off(program)
        watch = program.watch()
        until(lambda: is_all_off(program), "every contact open", more=program.log, watch=watch)
        assert watch.took_s() < 10 + 2.5
