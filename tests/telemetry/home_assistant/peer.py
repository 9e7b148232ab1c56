"""A real Home Assistant on loopback, in a Python of its own: `make home-assistant` installs it into a cache folder.

It takes some 600 MB and a Python 3.13, so that no test that runs often may need it. What it answered is kept as
`answers.json` beside this file, and `test_answers.py` reads that.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bench.doubles.brokers import free_port
from tests.waiting import until

VERSION = "2026.2.3"
"""The last line that runs on Python 3.13."""
STARTS_WITHIN_S = 300.0
SLOW = ("No ACK from MQTT server", "Updating state for", "is taking over", "Setup of")
BEGINNING = 84
"""Characters of a warning: behind them stands for which of fifty entities it is."""
OWNER, CLIENT = "owner", "http://127.0.0.1/"
_LAUNCH = """
import sys
import homeassistant.const
homeassistant.const.REQUIRED_PYTHON_VER = (3, 13, 0)
from homeassistant.__main__ import main
sys.exit(main())
"""
"""It asks for 3.13.2; nothing that is used here needs it."""
_HASH = """
import base64, bcrypt, sys
print(base64.b64encode(bcrypt.hashpw(sys.argv[1].encode(), bcrypt.gensalt(4))).decode())
"""
_ASK = """
import asyncio, json, sys
import aiohttp

async def ask(url, token, requests):
    async with aiohttp.ClientSession() as session, session.ws_connect(url, max_msg_size=0) as socket:
        await socket.receive_json()
        await socket.send_json({"type": "auth", "access_token": token})
        await socket.receive_json()
        for number, request in enumerate(requests, 1):
            await socket.send_json({"id": number, **request})
            answer = await socket.receive_json()
            yield answer["result"] if answer["success"] else {"refused": answer["error"]}

async def main():
    asked = json.load(sys.stdin)
    print(json.dumps([answer async for answer in ask(**asked)]))

asyncio.run(main())
"""


class HomeAssistant:
    """Connected to a broker on this machine, with what its energy dashboard needs and nothing else."""

    def __init__(self, installed: Path, folder: Path, broker_port: int) -> None:
        """`installed` is its Python environment, `folder` an empty one for settings and database."""
        self._python, self._folder = installed / "bin" / "python", folder
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._password, self._token = secrets.token_urlsafe(12), ""
        self.log = folder / "home-assistant.log"
        _write_settings(folder, self._port, broker_port)
        self._add_owner()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Until it answers, and has asked its broker for everything."""
        command = [str(self._python), "-c", _LAUNCH, "--config", str(self._folder), "--skip-pip"]
        output = (self._folder / "output.txt").open("ab")
        self._process = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            until(self._answers, "Home Assistant answers", STARTS_WITHIN_S, more=self.last_lines)
            self._token = self._token or self._log_in()
            until(lambda: self.get("/api/config")["state"] == "RUNNING", "Home Assistant runs", STARTS_WITHIN_S)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """As its owner stops it: the broker is told so."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(STARTS_WITHIN_S)
            self._process = None

    def last_lines(self) -> str:
        """Of its log, for somebody who has to find out."""
        output = self._folder / "output.txt"
        return "\n".join(output.read_text(errors="replace").splitlines()[-20:])

    def complaints(self, about: str) -> list[str]:
        """How warnings and errors of its log begin that name `about`, each once; not those of a slow machine."""
        text = (self._folder / "output.txt").read_text(errors="replace")
        found = re.findall(r"(?:WARNING|ERROR) \([^)]*\) (.*)", text)
        kept = {line[:BEGINNING] for line in found if about in line and not any(word in line for word in SLOW)}
        return sorted(line.strip() for line in kept)

    def states(self, beginning: str = "") -> dict[str, dict[str, Any]]:
        """What it shows of each entity whose id has that in it."""
        return {row["entity_id"]: row for row in self.get("/api/states") if beginning in row["entity_id"]}

    def state(self, entity_id: str) -> str | None:
        """One of them; None where there is none."""
        row = self.states(entity_id).get(entity_id)
        return None if row is None else str(row["state"])

    def act(self, service: str, entity_id: str, **values: Any) -> int:
        """What its owner presses, such as ``button/press``; the HTTP status."""
        try:
            self._request(f"/api/services/{service}", {"entity_id": entity_id, **values}, self._token)
        except urllib.error.HTTPError as error:
            return error.code
        return 200

    def ask(self, *requests: Mapping[str, Any]) -> list[Any]:
        """Commands of its WebSocket, one after another."""
        asked = {"url": f"ws://127.0.0.1:{self._port}/api/websocket", "token": self._token, "requests": requests}
        command = [str(self._python), "-c", _ASK]
        done = subprocess.run(command, input=json.dumps(asked).encode(), capture_output=True, check=True)
        answers: list[Any] = json.loads(done.stdout)
        return answers

    def get(self, path: str) -> Any:
        """JSON of its REST API."""
        return self._request(path, None, self._token)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.last_lines()
        try:
            self._request("/auth/providers", None)
        except urllib.error.HTTPError:
            return True  # nobody has gone through its first questions, and nobody has to
        except (OSError, ValueError):
            return False
        return True

    def _log_in(self) -> str:
        begin = {"client_id": CLIENT, "handler": ["homeassistant", None], "redirect_uri": CLIENT}
        flow = self._request("/auth/login_flow", begin)["flow_id"]
        said = {"client_id": CLIENT, "username": OWNER, "password": self._password}
        code = self._request(f"/auth/login_flow/{flow}", said)["result"]
        form = {"client_id": CLIENT, "grant_type": "authorization_code", "code": code}
        body = urllib.parse.urlencode(form).encode()
        with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/auth/token", body, timeout=30) as answer:
            return str(json.load(answer)["access_token"])

    def _request(self, path: str, said: Mapping[str, Any] | None, token: str = "") -> Any:
        headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
        body = None if said is None else json.dumps(said).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self._port}{path}", body, headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def _add_owner(self) -> None:
        """As its own `--script auth add` does, which would load all of it first."""
        command = [str(self._python), "-c", _HASH, self._password]
        hashed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        user = {"username": OWNER, "password": hashed}
        _store(self._folder, "auth_provider.homeassistant", 1, {"users": [user]})


def install(python: str, uv: str, folder: Path) -> Path:
    """Its environment in `folder`, made once; some hundred packages."""
    done = folder / f"complete-{VERSION}"
    if not done.exists():
        _run(python, "-m", "venv", "--clear", str(folder))
        into = (
            uv,
            "pip",
            "install",
            "--quiet",
            "--python",
            str(folder / "bin" / "python"),
            "--python-version",
            "3.13.2",
        )
        _run(*into, f"homeassistant=={VERSION}")
        _run(*into, *_of_the_parts(folder))
        done.touch()
    return folder


def _of_the_parts(folder: Path) -> Sequence[str]:
    """What the parts that are used ask for, in the versions that they name."""
    parts = next(folder.glob("lib/python3*/site-packages/homeassistant/components"))
    names = ("mqtt", "recorder", "frontend", "http", "energy", "history")
    return [
        need
        for name in names
        for need in json.loads((parts / name / "manifest.json").read_text()).get("requirements", [])
    ]


def _run(*words: str) -> None:
    subprocess.run(words, check=True, env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"})


def _write_settings(folder: Path, port: int, broker_port: int) -> None:
    parts = ("api", "auth", "config", "websocket_api", "history", "energy", "system_log", "frontend")
    text = f"http:\n  server_host: 127.0.0.1\n  server_port: {port}\nrecorder:\n  commit_interval: 1\n"
    text += "homeassistant:\n  name: Test\n  time_zone: Europe/Vienna\n  unit_system: metric\n  currency: EUR\n"
    text += "logger:\n  default: warning\n" + "".join(f"{part}:\n" for part in parts)
    (folder / "configuration.yaml").write_text(text)
    (folder / ".storage").mkdir()
    entry = {
        "created_at": "2026-01-01T00:00:00+00:00",
        "modified_at": "2026-01-01T00:00:00+00:00",
        "data": {"broker": "127.0.0.1", "port": broker_port},
        "options": {"discovery": True, "discovery_prefix": "homeassistant"},
        "disabled_by": None,
        "discovery_keys": {},
        "domain": "mqtt",
        "entry_id": "mqtt",
        "minor_version": 1,
        "pref_disable_new_entities": False,
        "pref_disable_polling": False,
        "source": "user",
        "subentries": [],
        "title": "broker",
        "unique_id": None,
        "version": 2,
    }
    _store(folder, "core.config_entries", 5, {"entries": [entry]})


def _store(folder: Path, key: str, minor: int, data: Mapping[str, Any]) -> None:
    stored = {"version": 1, "minor_version": minor, "key": key, "data": data}
    (folder / ".storage" / key).write_text(json.dumps(stored))
