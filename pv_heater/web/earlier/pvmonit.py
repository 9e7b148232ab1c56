"""PvMonit's `domo.php`: ``printRefresh`` tells modes and states of the relays, ``changeMod`` changes a mode.

Its page asks by GET, its copy on another server by POST with a form; both are taken, and a change needs a login or a
token whichever it is. A relay is known by its place among the loads: 1 is the first.
"""

from __future__ import annotations

from urllib.parse import parse_qsl

from pv_heater.core.model.requests import Mode
from pv_heater.status.relays import may_be_for_good, relay_modes, relay_names, relay_states
from pv_heater.status.strict_json import json_bytes
from pv_heater.web.calls import Answer, Call, Door, Problem, Route, Scope
from pv_heater.web.earlier.home import EarlierHome, starting

PATH = "/domo.php"
HTML = "text/html; charset=UTF-8"
"""What PHP says where nobody says otherwise."""
CHANGE_TO = {"off": Mode.OFF, "auto": Mode.AUTO, "on": Mode.ON}


def pvmonit_routes(earlier: EarlierHome) -> list[Route]:
    """Its rows."""
    page = PvMonit(earlier)
    return [
        Route(method="GET", path=PATH, scope=Scope.READ, handle=page.domo, door=Door(changes=_needed)),
        Route(method="POST", path=PATH, scope=Scope.CONTROL, handle=page.domo, door=Door(changes=_always)),
    ]


class PvMonit:
    """The loads as its relays."""

    def __init__(self, earlier: EarlierHome) -> None:
        self._earlier = earlier

    def domo(self, call: Call) -> Answer:
        """Either of its actions."""
        self._earlier.seen(call, "pvmonit")
        asked = call.asked("action", "idRelay", "changeTo")
        action = asked.get("action")
        if action not in ("printRefresh", "changeMod"):
            raise Problem(422, "action must be printRefresh or changeMod.", fields=["action"])
        document = self._earlier.document()
        if not document["loads"]:
            raise starting()
        if action == "printRefresh":
            call.asked("action")  # nothing else belongs to it
            return self._answer(call, json_bytes({"etat": relay_states(document), "mod": relay_modes(document)}))
        name = relay_names(document).get(asked.get("idRelay", ""))
        if name is None:
            last = len(document["loads"])
            raise Problem(422, f"There is no such relay; there is 1 to {last}.", fields=["idRelay"])
        mode = CHANGE_TO.get(asked.get("changeTo", ""))
        if mode is None:
            raise Problem(422, f"changeTo must be {', '.join(CHANGE_TO)}.", fields=["changeTo"])
        for_good = mode is not Mode.AUTO and may_be_for_good(document, name)
        self._earlier.force(call, name, mode, for_good=for_good)
        return self._answer(call, json_bytes({"result": 0}))

    def _answer(self, call: Call, body: bytes) -> Answer:
        return self._earlier.readable(call, Answer(body=body, content_type=HTML))


def _needed(call: Call) -> Scope | None:
    """For whatever might change something."""
    return Scope.CONTROL if any(value == "changeMod" for _, value in parse_qsl(call.query)) else None


def _always(call: Call) -> Scope | None:  # noqa: ARG001 - whatever it says
    return Scope.CONTROL
