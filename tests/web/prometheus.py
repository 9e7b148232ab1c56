"""Prometheus as Debian has it, in a process of its own on loopback, where it is installed."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

from bench.doubles.brokers import free_port
from tests.waiting import until

PROMETHEUS = shutil.which("prometheus")


class Prometheus:
    """Scrapes each of its jobs once a second. Starts with `with`."""

    def __init__(self, folder: Path, jobs: Mapping[str, Mapping[str, Any]]) -> None:
        """`jobs`: settings of each by its name, JSON being YAML as well."""
        self._url = f"http://127.0.0.1:{free_port()}"
        self._folder = folder / "prometheus"
        self._config = folder / "prometheus.yml"
        rows = [{"job_name": name, **settings} for name, settings in jobs.items()]
        self._config.write_text(json.dumps({"global": {"scrape_interval": "1s"}, "scrape_configs": rows}))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        command = [PROMETHEUS or "prometheus", f"--config.file={self._config}", f"--storage.tsdb.path={self._folder}",
                   f"--web.listen-address={self._url.removeprefix('http://')}"]  # fmt: skip
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(self._is_ready, "Prometheus is ready")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def ask(self, query: str) -> Any:
        """The answer to a query: ``status``, and ``data`` or ``error``."""
        return requests.get(f"{self._url}/api/v1/query", params={"query": query}, timeout=60).json()

    def value(self, query: str) -> float | None:
        """The only value of a query; None without one."""
        rows = self.ask(query)["data"]["result"]
        return float(rows[0]["value"][1]) if rows else None

    def why_down(self, job: str) -> str:
        """What went wrong at its last scrape."""
        targets = requests.get(f"{self._url}/api/v1/targets", timeout=60).json()["data"]["activeTargets"]
        return next(str(each["lastError"]) for each in targets if each["labels"]["job"] == job)

    def _is_ready(self) -> bool:
        try:
            return requests.get(f"{self._url}/-/ready", timeout=5).status_code == 200
        except requests.RequestException:
            return False
