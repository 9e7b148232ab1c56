"""Domoticz as it is spoken to: its devices, with the JSON API or the MQTT gateway in front of them."""

from __future__ import annotations

import json
from typing import Any

from werkzeug import Request, Response

from tests.http_server import ScriptedServer
from tests.mqtt_brokers import Peer


class Devices:
    """What Domoticz keeps: a value a device, a level a selector."""

    def __init__(self, *values: int, selectors: tuple[int, ...] = ()) -> None:
        self.values: dict[int, list[tuple[int, str]]] = {idx: [] for idx in values}
        self.levels = dict.fromkeys(selectors, 20)
        self.code: str | None = None
        """Of a selector that is protected."""
        self.set_by_others: list[tuple[int, int]] = []
        """(idx, level) as they were set through one of the interfaces."""

    def newest(self, idx: int) -> str:
        return self.values[idx][-1][1]


class JsonServer(ScriptedServer):
    """The JSON API. `before_2023` knows the old addresses alone."""

    def reset(self) -> None:
        super().reset()
        self.devices = Devices()
        self.login: str | None = None
        self.before_2023 = False

    def answer(self, request: Request) -> Any:
        if self.login is not None and request.headers.get("Authorization") != self.login:
            page = "<html><head><title>Unauthorized</title></head><body><h1>401 Unauthorized</h1></body></html>"
            return Response(page, status=401)
        given = request.args
        if given["type"] == "devices":
            return self._rows(int(given["rid"]))
        kinds = {"udevice": self._update, "switchlight": self._switch, "getdevices": self._getdevices}
        return kinds[given["param"]](given)

    def _update(self, given: Any) -> Any:
        history = self.devices.values.get(int(given["idx"]))
        if history is None:
            return {"status": "ERR"}
        history.append((int(given["nvalue"]), given["svalue"]))
        return {"status": "OK", "title": "Update Device"}

    def _switch(self, given: Any) -> Any:
        if self.devices.code is not None and given.get("passcode") != self.devices.code:
            return {"status": "ERROR", "message": "WRONG CODE", "title": "SwitchLight"}
        idx, level = int(given["idx"]), int(given["level"])
        self.devices.levels[idx] = level
        self.devices.set_by_others.append((idx, level))
        return {"status": "OK", "title": "SwitchLight"}

    def _getdevices(self, given: Any) -> Any:
        return {"status": "ERR"} if self.before_2023 else self._rows(int(given["rid"]))

    def _rows(self, idx: int) -> Any:
        if idx not in self.devices.levels:
            return {"status": "OK", "title": "Devices"}
        level = self.devices.levels[idx]
        # One that is off tells the level that it had.
        row = {"idx": str(idx), "Name": "Cumulus", "SwitchType": "Selector", "Level": 10, "LevelInt": level or 10,
               "Status": f"Set Level: {level} %" if level else "Off"}  # fmt: skip
        return {"status": "OK", "title": "Devices", "result": [row]}


class Gateway(Peer):
    """The MQTT Client Gateway. With `prevents_loops` what somebody set here is not told again by itself."""

    def __init__(self, port: int, devices: Devices, *, prevents_loops: bool = True) -> None:
        super().__init__(port, "domoticz/in")
        self.devices, self.prevents_loops = devices, prevents_loops

    def on_message(self, topic: str, payload: bytes) -> None:
        super().on_message(topic, payload)
        message = json.loads(payload)
        idx = message["idx"]
        command = message.get("command", "udevice")
        if command == "udevice" and idx in self.devices.values:
            self.devices.values[idx].append((message["nvalue"], message["svalue"]))
        elif command == "getdeviceinfo" and idx in self.devices.levels:
            self._tell(idx)
        elif command == "switchlight":
            self.devices.levels[idx] = message["level"]
            self.devices.set_by_others.append((idx, message["level"]))
            if not self.prevents_loops:
                self._tell(idx)

    def press(self, idx: int, level: int) -> None:
        """Somebody picks a level on the page of Domoticz."""
        self.devices.levels[idx] = level
        self._tell(idx)

    def _tell(self, idx: int) -> None:
        level = self.devices.levels[idx]
        told = {"idx": idx, "name": "Cumulus", "dtype": "Light/Switch", "stype": "Selector Switch",
                "switchType": "Selector", "nvalue": 2 if level else 0, "svalue1": str(level)}  # fmt: skip
        self._client.publish("domoticz/out", json.dumps(told))
