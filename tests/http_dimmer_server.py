"""A stand-in for the digital dimmer on loopback, with its manners: the five minutes, the relative power, the limits.

It behaves as its published sources read; its clock is the caller's, so that five minutes cost nothing.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

AUTO_OFF_S = 300.0


class DimmerServer:
    """Start with `with`; steer by the public attributes. `clock` gives monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = lambda: 0.0) -> None:
        self._server = HTTPServer(host="127.0.0.1", port=0, threaded=True)
        self._server.expect_request(re.compile(".*")).respond_with_handler(self._answer)
        self.clock = clock
        self._ended = threading.Event()
        self.reset()

    def __enter__(self) -> DimmerServer:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.free.set()
        self._ended.set()
        self._server.clear()
        self._server.stop()

    def reset(self) -> None:
        """Healthy, off, as it leaves the factory but for `maxpow`, which is 50 there."""
        self.minpow, self.maxpow, self.charge_w = 5, 100, 1000
        self.child = False
        self.temperature = "48.6"
        self.alarm = "RAS"
        self.switched_on = True
        self.preheats = False
        self.login: tuple[str, str] | None = None
        self.raw_state: str | None = None
        self.raw_command: tuple[int, str] | None = None
        self.drips = False
        """Its state comes a byte at a time."""
        self.deaf = False
        """It says yes and does nothing."""
        self.paths: list[str] = []
        self.percents: list[float] = []
        """Every absolute power it was told."""
        self.free = threading.Event()
        """While it is not set nothing is answered."""
        self.free.set()
        self._command = 0.0
        self._told_s = self.clock()

    @property
    def url(self) -> str:
        return self._server.url_for("").rstrip("/")

    def restart(self) -> None:
        """As after a power cut or a lost WiFi: it begins at 0."""
        self._command = 0.0

    @property
    def command(self) -> float:
        """What it was told, unless that is five minutes ago."""
        if self.clock() - self._told_s >= AUTO_OFF_S and not self.preheats:
            self._command = 0.0
        return self._command

    @property
    def gives(self) -> float:
        """Its own percents."""
        if self.preheats:
            return float(self.maxpow)
        if not self.switched_on or self.alarm != "RAS" or self.temperature == "99.9" or self.command <= self.minpow:
            return 0.0
        return min(self.command, float(self.maxpow))

    def _answer(self, request: Request) -> Response:
        self.paths.append(request.full_path.rstrip("?"))
        self.free.wait(30)
        given = request.authorization
        if self.login is not None and (given is None or (given.username, given.password) != self.login):
            return Response("no", status=401)
        if request.path == "/state" and self.drips:
            return Response(self._drops())
        if request.path == "/state":
            return Response(self.raw_state if self.raw_state is not None else json.dumps(self._state()))
        if self.raw_command is not None:
            return Response(self.raw_command[1], status=self.raw_command[0])
        if "POWER" in request.args:
            self._take(request)
        return Response("<html>the dimmer's page</html>", content_type="text/html")

    def _drops(self) -> Iterator[str]:
        while self.drips and not self._ended.wait(0.02):
            yield " "

    def _take(self, request: Request) -> None:
        percent = float(int(request.args["POWER"]))
        relative_w = request.args.get("puissance")
        if relative_w is None:
            self.percents.append(percent)
        elif percent != 0:
            percent = self.command + float(relative_w) * 100 / self.charge_w
        if not self.deaf:
            self._command = min(max(percent, 0.0), 200.0 if self.child else 100.0)
            self._told_s = self.clock()

    def _state(self) -> dict[str, Any]:
        own = int(min(self.gives, 100))
        child_w = max(self.command - 100, 0.0) * self.charge_w / 100 if self.child else 0.0
        return {
            "dimmer": own, "commande": int(self.command), "temperature": self.temperature,
            "power": int(own * self.charge_w / 100), "Ptotal": int(child_w + own * self.charge_w / 100),
            "relay1": False, "relay2": 0, "minuteur": False, "onoff": self.switched_on, "alerte": self.alarm,
            "boost_max_temp": 60,
        }  # fmt: skip
