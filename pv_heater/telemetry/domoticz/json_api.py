"""Domoticz over its JSON API: the addresses of 2023.2 and later, and those of before where it knows no others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pv_heater.core.model.setting import Secret
from pv_heater.errors import AuthRejected, BadReply
from pv_heater.io.net.http import HttpClient
from pv_heater.io.net.http_login import Login
from pv_heater.telemetry.domoticz.devices import Update

POLL_S = 5.0
"""So often each selector is asked for its level."""
_PATH = "/json.htm"
_CONNECT_S, _READ_S, _WHOLE_S = 3.0, 5.0, 8.0


class JsonApi:
    """Satisfies `domoticz.publisher.Way`; for one thread."""

    look_s = POLL_S

    def __init__(self, url: str, login: Login | None, passcode: Secret | None, *, whole_s: float | None = None) -> None:
        """Connects to nothing yet. `passcode` is for protected switches."""
        self._passcode, self._is_plain = passcode, not url.startswith("https://")
        whole_s = whole_s or _WHOLE_S
        self._client = HttpClient(
            url,
            who="Domoticz",
            secrets=(passcode,),
            login=login,
            connect_s=_CONNECT_S,
            read_s=min(_READ_S, whole_s),
            whole_s=whole_s,
            most_bytes=1_000_000,
        )
        self._is_old = False

    def ready(self, at_s: float) -> bool:  # noqa: ARG002
        """Always: each question finds out by itself."""
        return True

    def update(self, update: Update) -> None:
        """Tell one device. Raises SourceError; BadReply where only this one was not taken."""
        about = {"idx": update.idx, "nvalue": update.nvalue, "svalue": update.svalue}
        answer = self._ask({"type": "command", "param": "udevice", **about})
        if answer.get("status") != "OK":
            raise BadReply(f"Domoticz does not take {update.what} at idx {update.idx}: {_said(answer)}")

    def heard(self, idx: int, at_s: float) -> int | None:  # noqa: ARG002 - the API tells only when asked
        """The selector's level now. Raises SourceError."""
        row = self._row(idx, "selector")
        # The level of one that is off may be the last that it had; that of one that a script set stands in LevelInt.
        level = 0 if row.get("Status") == "Off" else row.get("LevelInt", row.get("Level"))
        if not isinstance(level, int) or isinstance(level, bool):
            raise BadReply(f"the device at idx {idx} of Domoticz has no level; is it a selector?")
        return level

    def set_level(self, idx: int, level: int, at_s: float) -> None:  # noqa: ARG002
        """Set the selector. Raises SourceError."""
        code = {} if self._passcode is None else {"passcode": self._passcode.reveal()}
        about = {"idx": idx, "switchcmd": "Set Level", "level": level, **code}
        answer = self._ask({"type": "command", "param": "switchlight", **about})
        if answer.get("status") != "OK":
            error = AuthRejected if "CODE" in str(answer.get("message", "")).upper() else BadReply
            raise error(f"Domoticz does not set the selector at idx {idx}: {_said(answer)}")

    def ask(self, wanted: Mapping[str, int]) -> str:
        """The names of the devices; see `Way`."""
        names = {what: self._row(idx, what).get("Name") for what, idx in wanted.items()}
        return ", ".join(f"{what} is {name!s:.40}" for what, name in names.items()) or "answers"

    def close(self) -> None:
        """End the connection."""
        self._client.close()

    def _row(self, idx: int, what: str) -> dict[str, Any]:
        answer = self._device(idx)
        rows = answer.get("result")
        row = rows[0] if isinstance(rows, list) and rows else None
        if not isinstance(row, dict):
            raise BadReply(f"Domoticz knows no device at idx {idx} ({what}): {_said(answer)}")
        return row

    def _device(self, idx: int) -> dict[str, Any]:
        if not self._is_old:
            answer = self._ask({"type": "command", "param": "getdevices", "rid": idx})
            if "result" in answer or answer.get("status") == "OK":
                return answer
        answer = self._ask({"type": "devices", "rid": idx})
        self._is_old = "result" in answer
        return answer

    def _ask(self, params: dict[str, Any]) -> dict[str, Any]:
        reply = self._client.exchange("GET", _PATH, params=params)
        if reply.status == 401 and self._is_plain:
            raise AuthRejected(
                "Domoticz refused access (401): give username and password here, and allow Basic-Auth over plain HTTP "
                "in its settings (Security)"
            )
        answer = self._client.require_ok(reply).body
        if not isinstance(answer, dict):
            raise BadReply("Domoticz answered JSON that is not its own; is the address right?")
        return answer


def _said(answer: dict[str, Any]) -> str:
    words = [str(answer[key])[:80] for key in ("status", "message") if key in answer]
    return ", ".join(words) or "it says nothing of it"
