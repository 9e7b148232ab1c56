"""The real program with a dimmer on the network: however it ends, the dimmer is told, or goes off by itself."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.http_dimmer_server import DimmerServer
from tests.process.program import RELAY, Program, regulator, run_once, settings
from tests.raw_server import ATTACKS, FlakyDimmer
from tests.vrm_server import VrmServer
from tests.waiting import WITHIN_S

pytestmark = pytest.mark.process


@pytest.fixture
def dimmer() -> Iterator[DimmerServer]:
    with DimmerServer() as server:
        yield server


def boiler(dimmer: DimmerServer | FlakyDimmer) -> dict[str, Any]:
    return {
        "name": "boiler", "type": "http_dimmer", "url": dimmer.url, "max_power_w": 1000, "start_delay_s": 0,
        "min_off_s": 0, "refresh_s": 1,
    }  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_while_a_dimmer_heats_tells_it_to_be_off_before_the_end(
    number: signal.Signals, vrm: VrmServer, dimmer: DimmerServer, tmp_path: Path
) -> None:
    with Program(tmp_path, settings(tmp_path, vrm.url, loads=[boiler(dimmer)])) as program:
        program.wait_for(lambda: dimmer.gives == 100.0, 15, "the dimmer heats")
        assert program.stop(number) == 0
        assert dimmer.percents[-1] == 0.0
        assert dimmer.gives == 0.0
        assert "did not confirm" not in program.log()


def test_a_silent_dimmer_keeps_neither_the_contact_closed_nor_the_program_running(
    vrm: VrmServer, dimmer: DimmerServer, tmp_path: Path
) -> None:
    with Program(tmp_path, settings(tmp_path, vrm.url, loads=[boiler(dimmer), regulator()])) as program:
        program.wait_until_heating()
        program.wait_for(lambda: dimmer.gives == 100.0, 15, "the dimmer heats")
        program.wait_for(program.contact_closed, 15, "the relay is closed beside it")
        dimmer.hanging = True
        watch = program.watch()
        program.process.send_signal(signal.SIGTERM)
        assert program.opens_after_s(watch) < 0.5
        assert program.ends_after_s(watch) < 9
        assert program.process.wait(WITHIN_S) == 0
        assert "boiler: it did not confirm that it is off" in program.log()
        assert "stopped by SIGTERM; not seen off: boiler" in program.log()
        assert "every load is off" not in program.log()
        assert "It goes off by itself 300 s after the last word it heard." in program.log()


def test_a_signal_reaches_a_dimmer_that_drips_on_the_connection_it_has(vrm: VrmServer, tmp_path: Path) -> None:
    with ExitStack() as stack:
        dimmer = stack.enter_context(FlakyDimmer())
        dimmer.once = True
        config = settings(tmp_path, vrm.url, loads=[{**boiler(dimmer), "url": dimmer.url}])
        program = stack.enter_context(Program(tmp_path, config))
        program.wait_for(lambda: dimmer.percent == 100, 15, "the dimmer heats")
        dimmer.attack = ATTACKS["endless 100 Continue"]
        program.wait_for(lambda: dimmer.attack is None, 5, "a connection drips")
        assert program.stop() == 0
        assert dimmer.percent == 0
        assert "stopped by SIGTERM: every load is off" in program.log()


def test_a_dimmer_left_on_by_kill_9_is_switched_off_by_off_or_by_itself(
    vrm: VrmServer, dimmer: DimmerServer, tmp_path: Path
) -> None:
    now_s = [0.0]
    dimmer.clock = lambda: now_s[0]
    config = settings(tmp_path, vrm.url, loads=[boiler(dimmer)])
    with Program(tmp_path, config) as program:
        program.wait_for(lambda: dimmer.gives == 100.0, 15, "the dimmer heats")
        program.process.kill()
        program.process.wait()
    assert dimmer.gives == 100.0
    now_s[0] = 300.0
    assert dimmer.gives == 0.0
    now_s[0] = 0.0
    done = run_once(tmp_path, config, "off")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "boiler: is off, and confirmed it\n"
    assert dimmer.percents[-1] == 0.0


def test_off_beside_the_running_program_does_not_succeed_while_a_dimmer_is_silent(
    vrm: VrmServer, dimmer: DimmerServer, tmp_path: Path
) -> None:
    config = settings(tmp_path, vrm.url, loads=[boiler(dimmer), regulator()])
    with Program(tmp_path, config) as program:
        program.wait_for(lambda: dimmer.gives == 100.0, 15, "the dimmer heats")
        program.wait_for(program.contact_closed, 15, "the relay is closed beside it")
        dimmer.hanging = True
        watch = program.watch()
        done = run_once(tmp_path, config, "off")
        assert watch.took_s() < 6 + 2, "the limit, and a start of the command"
        assert program.opens_after_s(watch) < 2, "what hears is off at once"
        assert done.returncode == 3
        assert "off: boiler: it did not confirm that it is off" in done.stderr
        assert "water_heater: off, seen by the controller" in done.stdout
        assert program.states(RELAY)[-1] == 0.0
        dimmer.hanging = False
        program.wait_for(lambda: dimmer.gives == 0.0, 15, "the dimmer hears again and is off")
        assert run_once(tmp_path, config, "off").returncode == 0


def test_off_beside_the_running_program_reaches_its_dimmer(
    vrm: VrmServer, dimmer: DimmerServer, tmp_path: Path
) -> None:
    config = settings(tmp_path, vrm.url, loads=[boiler(dimmer)])
    with Program(tmp_path, config) as program:
        program.wait_for(lambda: dimmer.gives == 100.0, 15, "the dimmer heats")
        done = run_once(tmp_path, config, "off")
        assert done.returncode == 0, done.stderr
        assert "stay off until" in done.stdout
        assert dimmer.gives == 0.0, "off before `off` says so"
        before = len(dimmer.percents)
        program.wait_for(lambda: len(dimmer.percents) >= before + 3, 6, "it is told again and again")
        assert set(dimmer.percents[before:]) == {0.0}
