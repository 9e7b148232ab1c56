"""What a home loads before its first decision. On the smallest Pi each module costs a start some ten milliseconds, and
its memory for ever: what only some homes need, or only a mistake or a visitor, is loaded for those.
"""

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.process.program import settings
from tests.waiting import WITHIN_S
from tests.warm_start import PROJECT

pytestmark = pytest.mark.process

FOR_NO_HOME = {
    "argparse",
    "attr",
    "cattrs",
    "charset_normalizer.api",
    "click",
    "difflib",
    "html",
    "multiprocessing",
    "pydoc",
    "rich",
    "typer",
    "typing_extensions",
    "unittest",
    "pv_heater.cli.app",
    "pv_heater.cli.text",
    "pv_heater.commands.check",
    "pv_heater.commands.play",
    "pv_heater.config.example",
    "pv_heater.pictures",
    "pv_heater.sim",
}
OF_OTHER_HOMES = {"asyncio", "paho", "pymodbus", "requests", "serial", "sqlite3", "tenacity", "urllib3", "zeroconf"}
"""Libraries that come with an adapter, or with what is set up."""


def loaded(tmp_path: Path, meter: dict[str, Any], **more: Any) -> set[str]:
    """The modules of the real program until its first decision; nothing answers at the meter's address."""
    config, told = tmp_path / "config.yaml", tmp_path / "told"
    config.write_text(json.dumps({**settings(tmp_path, "http://127.0.0.1:9/v2"), "meter": meter, **more}))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager, told.open("wb") as errors:
        manager.bind(f"{tmp_path}/notify")
        manager.settimeout(WITHIN_S)
        command = [sys.executable, "-X", "importtime", "main.py", "run", "--config", str(config)]
        environ = {**os.environ, "NOTIFY_SOCKET": f"{tmp_path}/notify"}
        with subprocess.Popen(command, cwd=PROJECT, env=environ, stdout=subprocess.DEVNULL, stderr=errors) as process:
            try:
                manager.recv(1000)
            finally:
                process.kill()
    return set(re.findall(r"^import time:.*\| +(\S+)$", told.read_text(), re.MULTILINE))


def among(names: set[str], unwanted: set[str]) -> set[str]:
    return {name for name in names if any(name == one or name.startswith(f"{one}.") for one in unwanted)}


def test_a_home_on_the_portal_loads_nothing_of_other_homes(tmp_path: Path) -> None:
    meter = {"type": "vrm", "base_url": "http://127.0.0.1:9/v2", "token": "a" * 64, "installation_id": 1}
    names = loaded(tmp_path, meter, web={"listen": "127.0.0.1:0"})
    assert {"pv_heater.run.loop", "pv_heater.victron.vrm.api", "requests", "waitress"} <= names
    assert among(names, FOR_NO_HOME) == set()
    assert among(names, OF_OTHER_HOMES - {"requests", "sqlite3", "tenacity", "urllib3"}) == set()
    assert len(among(names, {"pv_heater"})) < 310, "301 when this was written"


def test_a_home_without_a_page_loads_no_server(tmp_path: Path) -> None:
    names = loaded(tmp_path, {"type": "gx_mqtt", "host": "127.0.0.1", "port": 9}, history="off")
    assert {"pv_heater.run.loop", "paho.mqtt.client"} <= names
    assert among(names, FOR_NO_HOME) == set()
    assert among(names, (OF_OTHER_HOMES - {"paho", "sqlite3"}) | {"bottle", "waitress"}) == set()
    assert among(names, {"pv_heater.web.calls", "pv_heater.status", "pv_heater.telemetry.told"}) == set()
    assert len(among(names, {"pv_heater"})) < 285, "280 when this was written"
