"""The page in Debian's Chromium, against the running demo: what an owner does with it, on a phone and at a desk.

Chromium and the parts that drive it are no part of the project: `make browser` fetches them. Without them this is
skipped, with PV_HEATER_BROWSER=required it fails.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.process.program import Program, settings
from tests.vrm_server import VrmServer
from tests.waiting import WITHIN_S, ended_after, until
from tests.warm_start import PROJECT

pytestmark = [pytest.mark.process, pytest.mark.timeout(900)]

CHECKS = Path(__file__).parent / "browser"
PASSWORD = "for this test only"
NAME = "Home <i>1</i> & sons"
ADDRESS = re.compile(r"the page is at (http://\S+)")
SPEED = "120"
"""Ten minutes of the home take five seconds."""
LEAST_CHECKS = 54
REMARK = "# the owner's own remark"


def missing() -> str | None:
    """What is not here of what a browser test needs."""
    left_out = "the page was not tried in a browser: no login, force, settings, languages, accessibility, offline"
    if shutil.which("node") is None:
        return f"Node.js is not installed, so {left_out}"
    if chromium() is None:
        return f"Chromium is not installed, so {left_out}"
    if not all((CHECKS / "node_modules" / name).is_dir() for name in ("playwright-core", "axe-core")):
        return f"`make browser` has not been run, so {left_out}"
    return None


def chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def home(folder: Path, name: str = NAME) -> Path:
    """The shipped settings, comments and all, with files of their own, a port that is free, and a telling name."""
    text = (PROJECT / "Files" / "config.yaml").read_text(encoding="utf-8")
    text = text.replace("path: Files/recordings", f"path: {PROJECT}/Files/recordings")
    text, names = re.subn(r"(?m)^  name: Home ", f"  name: {name} ", text)
    assert names == 1
    text = re.sub(r"(?m)^web:\n(?:  .*\n)*", "", text)
    text += f"\nlog:\n  file: {folder}/heater.log\nstate_dir: {folder}/state\nweb:\n  listen: 127.0.0.1:0\n"
    path = folder / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def password_for(config: Path) -> None:
    """The owner sets it on the machine itself."""
    command = [sys.executable, str(PROJECT / "main.py"), "password", "--stdin", "--config", str(config)]
    subprocess.run(command, input=PASSWORD + "\n", text=True, check=True, timeout=WITHIN_S, capture_output=True)


@contextmanager
def demo(config: Path, speed: str = SPEED, *options: str) -> Iterator[str]:
    """The running demo; the address of its page."""
    command = [sys.executable, str(PROJECT / "main.py"), "demo", "--config", str(config), "--speed", speed, *options]
    said = config.parent / "out.txt"
    with (
        said.open("w") as out,
        ended_after(subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, cwd=config.parent)),
    ):
        yield address(said.read_text)


@contextmanager
def recorded(folder: Path) -> Iterator[str]:
    """A home with a recorded day behind it, kept by the program itself, and the next one under way; its page."""
    folder.mkdir()
    config, day = home(folder), PROJECT / "Files" / "recordings" / "broken_cloud.csv.gz"
    kept = ["--history", str(folder / "history.db")]
    command = [sys.executable, str(PROJECT / "main.py"), "replay", str(day), *kept, "--config", str(config)]
    subprocess.run(command, check=True, timeout=5 * WITHIN_S, capture_output=True)
    with demo(config, "30", *kept) as base:
        yield base


@contextmanager
def live(folder: Path) -> Iterator[tuple[str, Path]]:
    """A home that is really run, on a portal of this machine; the address of its page, and its settings."""
    folder.mkdir()
    with VrmServer() as vrm:
        program = Program(folder, settings(folder, vrm.url, web={"listen": "127.0.0.1:0"}))
        path = folder / "config.yaml"
        path.write_text(f"{REMARK}\n{path.read_text()}")
        password_for(path)
        with program:
            yield address(program.log), path


def address(log: Callable[[], str]) -> str:
    """Where the page is, once the program says so."""
    until(lambda: ADDRESS.search(log()), "the program says where its page is", more=log)
    found = ADDRESS.search(log())
    assert found is not None
    return found[1]


def in_browser(**asked: Any) -> list[dict[str, Any]]:
    """What the checks found, a line each."""
    command = [shutil.which("node") or "node", "checks.mjs", json.dumps({"chromium": chromium(), **asked})]
    done = subprocess.run(command, cwd=CHECKS, capture_output=True, text=True, timeout=380, check=False)
    found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert found, done.stderr[-4000:]
    assert found[-1].get("done"), f"{done.stdout[-3000:]} {done.stderr[-3000:]}"
    return found


def test_an_owner_in_a_browser(tmp_path: Path) -> None:
    left_out = missing()
    if left_out is not None:
        assert os.environ.get("PV_HEATER_BROWSER") != "required", left_out
        pytest.skip(left_out)
    recorded_day = home(tmp_path)
    password_for(recorded_day)
    with (
        demo(recorded_day) as base,
        live(tmp_path / "live") as (live_base, config),
        recorded(tmp_path / "recorded") as days,
    ):
        setting = {"path": "limits.max_grid_w", "value": 120}
        found = in_browser(
            base=base, live=live_base, recorded=days, password=PASSWORD, name=NAME, load="water_heater", setting=setting
        )
        written = config.read_text()
    checks = [one for one in found if "check" in one]
    failed = [f"{one['check']}: {one['detail']}" for one in checks if not one["ok"]]
    if failed:
        pytest.fail("\n\n".join(failed), pytrace=False)
    assert len(checks) >= LEAST_CHECKS, "some checks were not reached"
    assert REMARK in written
    assert yaml.safe_load(written)["limits"]["max_grid_w"] == 120
