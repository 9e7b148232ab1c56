"""Every thread of the running program is broken: it is said, it is back, and heating goes on."""

import time
from collections.abc import Iterable
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from pv_heater.errors import NotRunning
from pv_heater.io.system.control_client import ask
from pv_heater.io.system.control_socket import SOCKET_NAME
from tests.http_dimmer_server import DimmerServer
from tests.http_server import ScriptedServer
from tests.mqtt_brokers import BROKERS
from tests.process.program import CHIP, Program, regulator, run_once, settings
from tests.process.test_http_outputs import boiler
from tests.process.test_page import api, netloc
from tests.process.test_rules import lamp, write_rule
from tests.vrm_server import VrmServer

pytestmark = pytest.mark.process

LASTING = {
    "control": "answers `status` and `off`; until it is back the contact opens by TERM and by the watchdog as ever",
    "history": "writes the history; what waits stays in memory",
    "log file": "writes the log; lines wait",
    "log terminal": "standard output",
    "messages": "looks for what people are to be told",
    "messages webhook": "sends it",
    "mqtt": "tells a broker",
    "rules": "asks the rule files; a rule that has not answered for 5 s is off",
    "sender boiler": "a device on the network; unconfirmed it counts as 0 W, and goes off by its own time",
    "state": "saves the state",
    "waitress-0": "answers at the page",
    "watchdog": "opens the contacts of a loop that hangs, begins all others anew; the loop begins it",
    "web": "takes connections to the page",
    "worker vrm": "a meter; its reading gets too old, and all is off",
}
"""What is to run as long as the program, and what its end would cost. A worker or a sender stands for all of them."""
ASLEEP = {"minute", "report"}
"""To last as well, but nothing wakes them here: they wait for the next minute and for the evening."""
AGAIN_S = 15.0
"""What reaches a thread within a destructor is dropped by Python; one that has not broken by then gets another."""
PASSING = {"MainThread", "killer", "command", "burst lamp2", "deadline"}
"""The loop itself, which makes safe however it ends; the test's own; and those that end by themselves."""


def names(folder: Path) -> set[str]:
    found = (folder / "threads").read_text().splitlines()
    return {name for name in found if not name.startswith(("look-up ", "paho-mqtt-client-"))}


def test_each_thread_that_breaks_is_said_and_begun_anew(vrm: VrmServer, tmp_path: Path) -> None:
    write_rule(tmp_path, "lamp", "def rule(home):\n    return None\n")
    ssr: dict[str, Any] = {
        "name": "lamp2", "type": "burst_ssr", "max_power_w": 500, "start_delay_s": 0,
        "ssr": {"pin": f"{CHIP}/5", "active_high": True},
    }  # fmt: skip
    with BROKERS[-1]() as broker, DimmerServer() as dimmer, ScriptedServer() as people:
        config = settings(
            tmp_path, vrm.url, loads=[regulator(), boiler(dimmer), ssr, lamp()], mqtt={"port": broker.port},
            messages={"to": {"type": "webhook", "url": people.url}}, web={"listen": "127.0.0.1:0"},
        )  # fmt: skip
        with Program(tmp_path, config, door="tests/process/killing.py", environ={"KILL": str(tmp_path)}) as program:
            program.wait_until_heating()
            where = netloc(program)
            program.wait_for(lambda: set(LASTING) <= names(tmp_path), 15, "all threads")
            assert {name for name in names(tmp_path) if not name.startswith("waitress-")} <= set(
                LASTING
            ) | ASLEEP | PASSING
            link = next(name for name in (tmp_path / "threads").read_text().splitlines() if name.startswith("paho"))

            def broken(name: str) -> str:
                """What is said of it."""
                if name == link:
                    return "the thread of the broker at"
                if name == "web":
                    return "The page ended by an error and begins anew: SystemExit"
                return f"the thread '{name}' broke: "

            def break_all(wanted: Iterable[str]) -> None:
                """Until each has said so. One that waits breaks once it has something to do."""
                ordered_s, asleep = -AGAIN_S, True

                def have_broken() -> bool:
                    nonlocal ordered_s, asleep
                    # What reaches a thread of waitress within a request ends that request alone.
                    left = [name for name in wanted if name != "waitress-0" and broken(name) not in program.log()]
                    if left and time.monotonic() - ordered_s >= AGAIN_S:
                        (tmp_path / "order").write_text("\n".join(left))
                        (tmp_path / "order").rename(tmp_path / "kill")  # never half of it
                        ordered_s, asleep = time.monotonic(), True
                    with suppress(NotRunning):
                        ask(tmp_path / "state" / SOCKET_NAME, {"command": "status"}, within_s=1.0)
                    with suppress(OSError, HTTPException):  # the page is broken as well
                        if asleep and "messages webhook" in left and not (tmp_path / "kill").exists():
                            api(where, "messages/test", {})  # wakes its sender; only so many may be sent in an hour
                            asleep = False
                        for mode in ("off", "auto"):
                            api(where, "loads/lamp/mode", {"mode": mode})
                    time.sleep(0.2)
                    return not left

                program.wait_for(have_broken, 20, "all have broken")

            # One that breaks while it writes a line has lost it: the logs first, each alone.
            break_all(["log file"])
            break_all(["log terminal"])
            break_all([link, *LASTING])
            program.wait_for(lambda: set(LASTING) <= names(tmp_path), 20, "all are back")
            assert program.contact_closed()
            assert run_once(tmp_path, config, "status").returncode == 0
            assert program.stop() == 0
    assert "Traceback" not in program.log()
