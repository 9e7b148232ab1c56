"""A real MQTT broker on loopback in a process of its own: mosquitto where it is installed, else amqtt.

``python -m bench.doubles.brokers PORT`` is the process of amqtt: it serves until it is killed.
"""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

from amqtt.broker import Broker

from pv_heater.errors import NotRunning

_PORTS = range(20_000, 32_000)
_TRIES = count()

_START_S, _STOP_S = 20.0, 10.0


def mosquitto_path() -> str | None:
    """Where mosquitto is; Debian puts it where only root looks."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


def free_port() -> int:
    """A TCP port on loopback that nobody uses just now, and that stays free for a broker that ends and begins again.

    It is below those that a system gives to whoever asks for any, and another one each time. Processes that run side by
    side begin far from each other, forked ones too. Raises NotRunning where none is free.
    """
    first = os.getpid() * 997
    for _ in _PORTS:
        port = _PORTS[(first + next(_TRIES)) % len(_PORTS)]
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise NotRunning(f"no port between {_PORTS[0]} and {_PORTS[-1]} is free")


class BrokerProcess(ABC):
    """Begins with `start`, dies with `stop` as by a power cut, and may begin again on the same port."""

    name = ""

    def __init__(self, port: int | None = None) -> None:
        self.port = port or free_port()
        self._folder = TemporaryDirectory()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns once it listens; raises NotRunning when it does not."""
        self._process = subprocess.Popen(
            self._command(Path(self._folder.name)),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "LC_ALL": "C"},
        )
        began_s = time.monotonic()
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() - began_s > _START_S:
                raise NotRunning(f"the broker {self.name} did not start on port {self.port}")
            time.sleep(0.005)

    def stop(self) -> None:
        """Killed. May be repeated."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(_STOP_S)
            self._process = None

    def pause(self) -> None:
        """Frozen: connections stay open, nothing is answered; `resume` ends it."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Go on after `pause`."""
        self._signal(signal.SIGCONT)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._folder.cleanup()

    @abstractmethod
    def _command(self, folder: Path) -> list[str]:
        """What starts it; `folder` is for its files, and ends with it."""

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class Mosquitto(BrokerProcess):
    """mosquitto; `lines` are added to its configuration."""

    name = "mosquitto"

    def __init__(self, port: int | None = None, *, lines: Sequence[str] = ("allow_anonymous true",)) -> None:
        super().__init__(port)
        self._lines = lines

    def _command(self, folder: Path) -> list[str]:
        path = folder / "mosquitto.conf"
        path.write_text("\n".join([f"listener {self.port} 127.0.0.1", "max_queued_messages 0", *self._lines, ""]))
        path.chmod(0o644)
        return [mosquitto_path() or self.name, "-c", str(path)]


class Amqtt(BrokerProcess):
    """amqtt, which is Python and comes with the extra `dev`."""

    name = "amqtt"

    def _command(self, folder: Path) -> list[str]:  # noqa: ARG002 - it needs no file
        return [sys.executable, "-m", "bench.doubles.brokers", str(self.port)]


def installed_broker() -> BrokerProcess:
    """The broker that this machine has, not started yet; raises NotRunning when it has none."""
    if mosquitto_path() is not None:
        return Mosquitto()
    if importlib.util.find_spec("amqtt") is not None:
        return Amqtt()
    raise NotRunning("no MQTT broker is installed here: `sudo apt install mosquitto` or `. ./env.sh dev` brings one")


async def _serve(port: int) -> None:
    broker = Broker(
        {
            "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}", "max_connections": 50}},
            "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
        }
    )
    await broker.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    asyncio.run(_serve(int(sys.argv[1])))
