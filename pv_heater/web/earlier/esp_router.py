"""ESP-Router-PV, the web side of a Mk2 router: `/api/routeur`, and `/api/info` and `/api/param` of its Wi-Fi client.

That client asks `/api/routeur` every second while it heats and every 10 s else, and follows VO2. If it is refused, or
hears nothing, it keeps its last power for ever. So it is never refused: whoever may not read hears VO2 0 and no more.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pv_heater.core.actuators.curve import RegulatorCurve, phase_cut
from pv_heater.core.model.numbers import number_of
from pv_heater.core.model.requests import Mode
from pv_heater.ports import Follower
from pv_heater.web.access.attempts import network_of
from pv_heater.web.calls import Answer, Call, Door, Problem, Route, Scope, json_answer
from pv_heater.web.earlier.home import EarlierHome

FIELDS = ("FID", "EIB", "MPC", "REE", "POR", "SPL", "VO2")
"""In this order, and no more: the client's parser has room for these seven."""
_HALF_WAVE_US = 10_000


def esp_router_routes(earlier: EarlierHome) -> list[Route]:
    """Its rows."""
    router = EspRouter(earlier)
    return [
        Route(
            method="GET", path="/api/routeur", scope=Scope.READ, handle=router.state, door=Door(refused=_nothing_known)
        ),
        Route(method="GET", path="/api/info", scope=Scope.READ, handle=router.info, door=Door()),
        Route(
            method="POST",
            path="/api/param",
            scope=Scope.CONTROL,
            handle=router.param,
            door=Door(changes=_always),
        ),
    ]


class EspRouter:
    """The home as that router tells it."""

    def __init__(self, earlier: EarlierHome) -> None:
        self._earlier = earlier

    def state(self, call: Call) -> Answer:
        """REE above 0 is surplus, POR is watts, VO2 percent; what is unknown, or only such a router has, is null."""
        self._earlier.seen(call, "esp_router")
        follower = self._follower_at(call)
        percent = 0 if follower is None else follower.asked()
        document = self._earlier.document()
        grid_w, dimmer = self._earlier.grid_w(document), self._earlier.dimmer(document)
        values = {
            "FID": None if dimmer is None else _firing_delay_us(dimmer),
            "EIB": None,
            "MPC": None if dimmer is None else dimmer["min_power_w"],
            "REE": None if grid_w is None else 0.0 - grid_w,
            "POR": None if dimmer is None else dimmer["power_w"],
            "SPL": None,
            "VO2": percent,
        }
        return json_answer(values)

    def info(self, call: Call) -> Answer:
        """What the Wi-Fi client was told last."""
        self._earlier.seen(call, "esp_router")
        return json_answer({"VO2": next((one.percent for one in self._earlier.home.followers.values()), 0)})

    def param(self, call: Call) -> Answer:
        """``ratio``: the load that the client drives at this percent, for a time; 0 gives it back to the sun."""
        self._earlier.seen(call, "esp_router")
        ratio = number_of(_ratio_in(call))
        if ratio is None or not 0 <= ratio <= 100 or ratio != int(ratio):
            raise Problem(422, "ratio must be a whole number from 0 to 100.", fields=["ratio"])
        load = self._driven()
        if ratio:
            self._earlier.force(call, load["name"], Mode.ON, load["max_power_w"] * ratio / 100)
        else:
            self._earlier.force(call, load["name"], Mode.AUTO)
        return json_answer({"ratio": int(ratio), "error": 0})

    def _follower_at(self, call: Call) -> Follower | None:
        """The load of the client that asks."""
        network = network_of(call.remote)
        return next((one for one in self._earlier.home.followers.values() if one.address == network), None)

    def _driven(self) -> Mapping[str, Any]:
        """The load of the Wi-Fi client, else the router's own. Raises Problem before the first tick."""
        document = self._earlier.document()
        load = next((row for row in document["loads"] if row["name"] in self._earlier.home.followers), None)
        return self._earlier.dimmer_now() if load is None else load


def _always(call: Call) -> Scope | None:  # noqa: ARG001 - whatever it says
    return Scope.CONTROL


def _ratio_in(call: Call) -> Any:
    """As JSON, whatever Content-Type says: the client took it so."""
    headers = {**call.headers, "content-type": "application/json"}
    body = Call(method=call.method, path=call.path, headers=headers, body=call.body).json("ratio")
    return body.get("ratio")


def _nothing_known(problem: Problem) -> Answer:  # noqa: ARG001 - whatever the reason
    return json_answer({**dict.fromkeys(FIELDS), "VO2": 0})


def _firing_delay_us(load: Mapping[str, Any]) -> int:
    """What a triac would wait in each half wave to let that power through."""
    return round(_HALF_WAVE_US * (1.0 - _phase_cut(load["max_power_w"]).percent(load["power_w"]) / 100.0))


@lru_cache(maxsize=4)
def _phase_cut(max_power_w: float) -> RegulatorCurve:
    return phase_cut(max_power_w)
