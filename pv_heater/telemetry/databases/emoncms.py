"""Emoncms, of OpenEnergyMonitor: the newest figures as inputs of one node."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import Secret, SettingProblem, setting
from pv_heater.errors import BadReply
from pv_heater.io.net.http import HttpClient
from pv_heater.ports import Tools
from pv_heater.telemetry.databases.figures import Document, of_each_load, of_the_home, unix_s

_NODE = re.compile(r"[\w.-]{1,32}", re.ASCII)
_CONNECT_S, _READ_S, _WHOLE_S = 5.0, 10.0, 20.0
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def _check_node(text: str) -> None:
    if not _NODE.fullmatch(text):
        raise SettingProblem(f"must be letters, digits, _ . and -, at most 32, not {text!r}")


class Emoncms:
    """Satisfies `ports.Publisher`; `tell` is for one thread."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Settings:
        """Where it is and as whom we write."""

        url: str = setting("its address, such as http://emonpi.local/emoncms or https://emoncms.org")
        apikey: Secret = setting("key that may write, from its page of inputs")
        node: str = setting("name under which the figures stand", default="pv_heater", check=_check_node)
        interval_s: float = setting("how often it is told", default=30.0, unit="s", minimum=5, maximum=3600)

    def __init__(self, settings: Settings, tools: Tools, *, whole_s: float = _WHOLE_S) -> None:  # noqa: ARG002
        """Connects to nothing yet. `whole_s`, the limit of a request, is for tests."""
        self._settings = settings
        self._client = HttpClient(
            settings.url,
            who="Emoncms",
            secrets=(settings.apikey,),
            connect_s=_CONNECT_S,
            read_s=min(_READ_S, whole_s),
            whole_s=whole_s,
            most_bytes=65_536,
        )

    @property
    def interval_s(self) -> float:
        """Seconds from one message to the next."""
        return self._settings.interval_s

    def tell(self, document: Document | None, at_s: float) -> Sequence[Mapping[str, Any]]:  # noqa: ARG002
        """Post the newest figures. Raises SourceError; they are not sent later, newer ones are."""
        now_s = None if document is None else unix_s(document)
        if document is None or now_s is None:
            return ()
        figures = of_the_home(document)
        for load, numbers in of_each_load(document):
            figures |= {f"{_slug(load['name'])}_{name}": value for name, value in numbers.items()}
        form = {
            "node": self._settings.node,
            "time": str(now_s),
            "fulljson": json.dumps(figures, allow_nan=False, separators=(",", ":")),
            "apikey": self._settings.apikey.reveal(),
        }
        reply = self._client.exchange("POST", "/input/post", body=urlencode(form).encode(), headers=_FORM)
        answer = self._client.require_ok(reply).body
        if not isinstance(answer, dict) or answer.get("success") is not True:
            said = answer.get("message") if isinstance(answer, dict) else None
            raise BadReply(self._client.clean(f"Emoncms did not take the figures: {str(said or reply.text)[:120]!r}"))
        return ()

    def ask(self) -> str:
        """Whether it knows our key; nothing is posted. Raises SourceError."""
        headers = {"Authorization": f"Bearer {self._settings.apikey.reveal()}"}
        inputs = self._client.get_json("/input/list.json", headers=headers).body
        if not isinstance(inputs, list):
            raise BadReply("Emoncms answered something that is no list of inputs; is the address right?")
        return f"answers, and knows {len(inputs)} inputs"

    def close(self) -> None:
        """End the connection."""
        self._client.close()


def _slug(text: str) -> str:
    """A load's name as a part of an input's."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", text)
