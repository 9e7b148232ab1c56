"""Shelly, Tasmota and Domoticz as they are spoken to over HTTP, on loopback; their clock is the caller's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from werkzeug import Request, Response

from tests.http_server import ScriptedServer


class Output:
    """What all of them drive: on or off, a level, and perhaps a time after which it goes back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self._on = False
        self.level = 100.0
        self._back_at_s: float | None = None

    @property
    def on(self) -> bool:
        if self._back_at_s is not None and self.clock() >= self._back_at_s:
            self._on, self._back_at_s = not self._on, None
        return self._on

    @property
    def goes_back(self) -> bool:
        return self._back_at_s is not None

    def switch(self, on: bool, back_after_s: float | None = None) -> None:
        self._on = on
        self._back_at_s = None if back_after_s is None else self.clock() + back_after_s

    def restart(self) -> None:
        self._on, self._back_at_s = False, None


class Device(ScriptedServer):
    """Which of them it is follows from what it is asked."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        super().__init__()

    def reset(self) -> None:
        """As delivered."""
        super().reset()
        self.output = Output(self._clock)
        self.pulse_s: float | None = None
        self.deaf = False
        """It says yes and does nothing."""
        self.steps = 1.0
        """Its levels are multiples of this."""

    def answer(self, request: Request) -> Any:
        arguments = dict(request.args)
        if request.is_json and isinstance(request.json, dict):
            arguments |= request.json
        first = request.path.split("/")[1]
        handlers: dict[str, Callable[[str, dict[str, Any]], Any]] = {
            "relay": self._shelly_gen1, "light": self._shelly_gen1, "rpc": self._shelly_rpc,
            "cm": self._tasmota, "json.htm": self._domoticz,
        }  # fmt: skip
        if first not in handlers:
            return Response("not found", status=404)
        return handlers[first](request.path, arguments)

    def _set(self, on: bool, level: Any = None, back_after_s: Any = None) -> None:
        if not self.deaf:
            if level is not None:
                self.output.level = round(float(level) / self.steps) * self.steps
            self.output.switch(on, None if back_after_s is None else float(back_after_s))

    def _shelly_gen1(self, path: str, given: dict[str, Any]) -> Any:
        if "turn" in given:
            self._set(given["turn"] == "on", given.get("brightness"), given.get("timer"))
        state = {"ison": self.output.on, "has_timer": self.output.goes_back, "source": "http"}
        return state | ({"mode": "white", "brightness": self.output.level} if path.startswith("/light") else {})

    def _shelly_rpc(self, path: str, given: dict[str, Any]) -> Any:
        kind, _, method = path.removeprefix("/rpc/").partition(".")
        if method == "Set":
            was_on = self.output.on
            self._set(given["on"] in ("true", True), given.get("brightness"), given.get("toggle_after"))
            return {"was_on": was_on} if kind == "Switch" else None
        state = {"id": int(given["id"]), "source": "HTTP_in", "output": self.output.on}
        return state | ({"apower": 0.0} if kind == "Switch" else {"brightness": self.output.level})

    def _tasmota(self, path: str, given: dict[str, Any]) -> Any:
        word, _, value = given["cmnd"].partition(" ")
        if word.startswith("PulseTime"):
            self.pulse_s = float(value) - 100
            return {word: {"Set": int(value), "Remaining": 0}}
        if word == "Dimmer" and value:
            if not self.deaf:
                self.output.level = float(value)
                if not self.output.on:  # only switching on starts the pulse
                    self.output.switch(True, self.pulse_s)
            return {"POWER": "ON", "Dimmer": int(self.output.level)}
        if word.startswith("Power") and value:
            self._set(value == "On", back_after_s=self.pulse_s if value == "On" else None)
        power = {"POWER": "ON" if self.output.on else "OFF"}
        return power | ({"Time": "2026-06-21T11:00:00", "Dimmer": int(self.output.level)} if word == "State" else {})

    def _domoticz(self, path: str, given: dict[str, Any]) -> Any:
        if given["param"] == "switchlight":
            command = given["switchcmd"]
            self._set(command != "Off", given.get("level"))
            return {"status": "OK", "title": "SwitchLight"}
        dims = self.output.on and self.output.level < 100
        status = f"Set Level: {self.output.level:.0f} %" if dims else ("On" if self.output.on else "Off")
        row = {"idx": given["rid"], "Status": status, "Data": status, "Level": int(self.output.level)}
        return {"result": [row], "status": "OK", "title": "Devices"}
