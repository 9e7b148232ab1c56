"""A stand-in for the digital dimmer on loopback, with its manners: the five minutes, the relative power, the limits.

It behaves as its published sources read; its clock is the caller's, so that five minutes cost nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from werkzeug import Request, Response

from tests.http_server import ScriptedServer

AUTO_OFF_S = 300.0


class DimmerServer(ScriptedServer):
    """`clock` gives monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = lambda: 0.0) -> None:
        self.clock = clock
        super().__init__()

    def reset(self) -> None:
        """Healthy, off, as it leaves the factory but for `maxpow`, which is 50 there."""
        super().reset()
        self.minpow, self.maxpow, self.charge_w = 5, 100, 1000
        self.child = False
        self.temperature = "48.6"
        self.alarm = "RAS"
        self.switched_on = True
        self.preheats = False
        self.login: tuple[str, str] | None = None
        self.raw_state: str | None = None
        """Its state is this, whatever it does."""
        self.raw_command: tuple[int, str] | None = None
        self.deaf = False
        """It says yes and does nothing."""
        self.percents: list[float] = []
        """Every absolute power it was told."""
        self._command = 0.0
        self._told_s = self.clock()

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

    def spoilt(self, request: Request) -> Response | None:
        """Only its state drips: commands still reach it."""
        return super().spoilt(request) if request.path == "/state" else None

    def answer(self, request: Request) -> Any:
        given = request.authorization
        if self.login is not None and (given is None or (given.username, given.password) != self.login):
            return Response("no", status=401)
        if request.path == "/state":
            return self._state() if self.raw_state is None else Response(self.raw_state)
        if self.raw_command is not None:
            return Response(self.raw_command[1], status=self.raw_command[0])
        if "POWER" in request.args:
            self._take(request)
        return Response("<html>the dimmer's page</html>", content_type="text/html")

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
