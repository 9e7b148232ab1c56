"""The service file: what systemd thinks of it, and what becomes of the contact when the program dies or hangs."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from tests.process.program import PROJECT, RELAY, SERVO, settings
from tests.vrm_server import VrmServer
from tests.waiting import WITHIN_S, until

UNIT = PROJECT / "Files" / "systemd" / "pv-heater.service"
MANAGER = Path("/lib/systemd/systemd")
SHIPPED_STOP, HURRIED_STOP = "TimeoutStopSec=20", "TimeoutStopSec=8"
SAID = "said.txt"
IN_FORCE = "$XDG_RUNTIME_DIR/systemd/user/pv-heater.service"

pytestmark = pytest.mark.process


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_finds_nothing_to_complain_about() -> None:
    done = subprocess.run(["systemd-analyze", "verify", str(UNIT)], capture_output=True, text=True, timeout=WITHIN_S)
    # The paths in it are examples: what they name is not there.
    complaints = [line for line in done.stderr.splitlines() if "is not executable: No such file" not in line]
    assert complaints == []


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
@pytest.mark.parametrize("unit", sorted(UNIT.parent.glob("*.service")), ids=lambda path: path.name)
def test_it_is_exposed_to_little(unit: Path) -> None:
    asked = ["systemd-analyze", "security", "--offline=true", "--threshold=30", "--no-pager", str(unit)]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=WITHIN_S)
    assert done.returncode == 0, done.stdout[-200:]


def test_the_template_differs_in_what_belongs_to_a_site_alone() -> None:
    one, many = (UNIT.with_name(name).read_text().splitlines()[2:] for name in (UNIT.name, "pv-heater@.service"))
    assert [
        line.replace("/%i", "").replace(", %i", "").replace("Files/sites.yaml", "Files/config-private.yaml")
        for line in many
    ] == one


NAMESPACE = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"]

RUN_MANAGER = f"""
mount -t tmpfs tmpfs /run
export XDG_RUNTIME_DIR=/run/user/0
mkdir -p /run/systemd/system "$XDG_RUNTIME_DIR/systemd/user"
cp "$UNIT_FILE" "{IN_FORCE}"
{MANAGER} --user --unit=basic.target --log-target=console </dev/null &
until systemctl --user is-active basic.target >/dev/null 2>&1; do sleep 0.1; done
while read -r line; do eval "$line" 2>&1; echo "done $?"; done
"""


def can_run_a_manager() -> bool:
    if os.geteuid() != 0 or not MANAGER.exists() or shutil.which("unshare") is None:
        return False
    mount = [*NAMESPACE, "mount", "-t", "tmpfs", "tmpfs", "/run"]
    return subprocess.run(mount, capture_output=True, timeout=10).returncode == 0


class Manager:
    """A systemd of its own with the shipped unit, in a namespace that ends with the test."""

    def __init__(self, folder: Path, url: str) -> None:
        self._pin_log = folder / "pins.jsonl"
        config = folder / "config.yaml"
        config.write_text(yaml.safe_dump(settings(folder, url)))
        unit = folder / "pv-heater.service"
        unit.write_text(for_test(UNIT.read_text(), config))
        self._errors = (folder / "manager.log").open("w")
        self._process = subprocess.Popen(
            [*NAMESPACE, "bash", "-c", RUN_MANAGER],
            env={**os.environ, "UNIT_FILE": str(unit)},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True, bufsize=1,
        )  # fmt: skip

    def run(self, command: str) -> str:
        """What a command prints inside the namespace; it must succeed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{command}\n")
        lines: list[str] = []
        for line in self._process.stdout:
            if line.startswith("done "):
                assert line == "done 0\n", f"{command}: {lines}"
                return "".join(lines)
            lines.append(line)
        raise AssertionError(f"{command}: the manager has ended")

    def property(self, name: str) -> str:
        return self.run(f"systemctl --user show pv-heater.service --value -p {name}").strip()

    def states(self, pin: str) -> list[float | None]:
        return [state for _, state in self.changes(pin)]

    def changes(self, pin: str) -> list[tuple[float, float | None]]:
        """Each with its monotonic second, which is systemd's as well."""
        text = self._pin_log.read_text() if self._pin_log.exists() else ""
        changes = [json.loads(line) for line in text.splitlines() if line.endswith("}")]
        return [(change["mono_s"], change["state"]) for change in changes if change["pin"] == pin]

    def started_s(self) -> float:
        """When the program was started last, as a monotonic second."""
        return int(self.property("ExecMainStartTimestampMonotonic")) / 1e6

    def said(self) -> str:
        """What the program and `off` printed."""
        return self._pin_log.with_name(SAID).read_text()

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()
        self._errors.close()


def for_test(unit: str, config: Path) -> str:
    """The shipped unit with this machine's paths, this user, and times a test can wait for.

    Its own /tmp hides this project and this Python where they lie there. A manager that is not the machine's first
    process has no say about devices, nor everywhere about what the kernel keeps in files.
    """
    lines = [
        line
        for line in unit.splitlines()
        if not re.match(
            "User=|SupplementaryGroups=|(State|Logs)Directory(Mode)?=|Device|ProtectKernel(Log|Tunable)s=", line
        )
    ]
    places = {Path(sys.prefix).resolve(), Path(sys.base_prefix).resolve()}
    lines.insert(lines.index("[Service]") + 1, f"BindReadOnlyPaths={' '.join(map(str, sorted(places)))}")
    lines.insert(lines.index("[Service]") + 1, f"StandardOutput=append:{config.with_name(SAID)}")
    text = "\n".join(lines)
    for old, new in (
        ("/opt/pv-heater/.venv/bin/python", f"{Path(sys.prefix).resolve()}/bin/python"),
        ("WorkingDirectory=/opt/pv-heater", f"WorkingDirectory={PROJECT}"),
        ("ReadWritePaths=/opt/pv-heater", f"BindPaths={config.parent} {PROJECT}"),
        ("Files/config-private.yaml", str(config)),
        ("WatchdogSec=30", "WatchdogSec=3"),
        (SHIPPED_STOP, HURRIED_STOP),
        ("RestartSec=10", "RestartSec=4"),
    ):
        assert old in text, old
        text = text.replace(old, new)
    return text


def wait_for(condition: Callable[[], bool], seconds: float, what: str) -> None:
    until(condition, what, seconds)


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    if not can_run_a_manager():
        pytest.skip("needs root, systemd and unshare")
    with VrmServer() as vrm:
        vrm.values.update({"bs": 97.0, "bp": 2500.0, "bc": 48.0, "g1": 0.0, "a1": 500.0, "Pdc": 3000.0})
        running = Manager(tmp_path, vrm.url)
        try:
            yield running
        finally:
            running.close()


def open_after(manager: Manager, number: str, seconds: float) -> None:
    """Send the running program a signal; the contact must open before systemd starts the program anew."""
    wait_for(lambda: manager.states(RELAY)[-1:] == [1.0], 15, f"contact closed before {number}")
    before, restarts = len(manager.states(RELAY)), manager.property("NRestarts")
    manager.run(f"systemctl --user kill --kill-whom=main -s {number} pv-heater.service")
    wait_for(lambda: 0.0 in manager.states(RELAY)[before:], seconds, f"contact open after {number}")
    open_s = next(mono_s for mono_s, state in manager.changes(RELAY)[before:] if state == 0.0)
    assert manager.property("NRestarts") == restarts or open_s < manager.started_s(), manager.said()
    wait_for(lambda: manager.states(SERVO)[-1] is None, 2, f"servo quiet after {number}")


def test_under_systemd_a_killed_and_a_hung_program_leave_the_contact_open(manager: Manager) -> None:
    manager.run("systemctl --user start pv-heater.service")  # returns only after READY=1
    assert manager.property("ActiveState") == "active"
    open_after(manager, "KILL", seconds=3.0)
    open_after(manager, "STOP", seconds=3.0 + 8.0 + 3.0)  # WatchdogSec, TimeoutStopSec, a start of Python
    wait_for(lambda: manager.states(RELAY)[-1:] == [1.0], 15, "contact closed before stop")
    # A hung program was given 8 s, so as not to wait for 20; a healthy one ends by itself in the time that is shipped.
    manager.run(f'sed -i s/{HURRIED_STOP}/{SHIPPED_STOP}/ "{IN_FORCE}" && systemctl --user daemon-reload')
    assert manager.property("TimeoutStopUSec") == "20s"
    manager.run("systemctl --user stop pv-heater.service")
    assert manager.states(RELAY)[-1] is None
    assert manager.property("Result") == "success"
