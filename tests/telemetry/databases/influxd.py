"""InfluxDB 1 as Debian has it, in a process of its own on loopback, where it is installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

from bench.doubles.brokers import free_port
from tests.waiting import until

INFLUXD = shutil.which("influxd")


class Influxd:
    """Starts with `with`; `stop` is a power cut, `start` begins again with what it has kept."""

    def __init__(self, folder: Path, *, login: bool = False) -> None:
        self.port, rpc = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._config = folder / "influxdb.conf"
        self._config.write_text(
            f"""reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:{self.port}"
  auth-enabled = {str(login).lower()}
  log-enabled = false
"""
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            [INFLUXD or "influxd", "-config", str(self._config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until(self._answers, "InfluxDB answers")

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def ask(self, query: str, **login: str) -> Any:
        """The answer's only series; None where there is none."""
        answer = requests.post(
            f"{self.url}/query", params={"db": "home", "epoch": "s", "q": query, **login}, timeout=60
        ).json()
        series = answer["results"][0].get("series")
        return (
            None
            if series is None
            else [dict(zip(series[0]["columns"], row, strict=True)) for row in series[0]["values"]]
        )

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/ping", timeout=5).status_code == 204
        except requests.RequestException:
            return False
