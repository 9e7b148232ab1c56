"""Pv router on an ESP8266 (`/state` is text, `/puissance`, `/config`, `/get`), and on an ESP32 (`/state` is JSON).

Watts at the grid are import above 0, as in both. Their band, ``delta`` and ``deltaneg``, is `grid_target_w` of the
limits and `dead_band_w` of the load here: its middle, and half its width.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from pv_heater import __version__
from pv_heater.core.model.requests import Mode
from pv_heater.web.calls import Answer, Call, Door, Problem, Route, Scope, json_answer
from pv_heater.web.earlier.home import EarlierHome, share_percent, whole_percent

TEXT, HTML = "text/plain", "text/html"
CHANGES = ("delta", "deltaneg", "POWER", "servermode", "save")
ELSEWHERE = {
    "send": "dry_run",
    "readtime": "interval_s of the meter",
    "dimmer": "url of the load",
    "fuse": "max_power_w of the load",
    "facteur": "scale of the meter",
    "tmax": "max_c of the load",
    "mqttserver": "host of the meter",
    "resistance": "max_power_w of the load",
    **dict.fromkeys(("cycle", "cosphi", "server", "idx", "idxdimmer", "port", "apiKey", "reset"), "nothing"),
}
"""What such a router can be told beside `CHANGES`, and the setting that means it here."""
_AUTONOMOUS = "Autonome"


def pv_router_routes(earlier: EarlierHome, *, esp32: bool) -> list[Route]:
    """Its rows; `esp32` for those of the successor."""
    router = PvRouter(earlier, "pv_router_esp32" if esp32 else "pv_router")
    rows = {"/state": router.state_text, "/puissance": router.power, "/config": router.config}
    if esp32:
        rows = {"/state": router.state_json, "/stateshort": router.state_short}
    reading = [Route(method="GET", path=path, scope=Scope.READ, handle=rows[path], door=Door()) for path in rows]
    steering = Door(changes=_needed)
    return [*reading, Route(method="GET", path="/get", scope=Scope.READ, handle=router.change, door=steering)]


class PvRouter:
    """The home as that router tells it."""

    def __init__(self, earlier: EarlierHome, name: str) -> None:
        self._earlier = earlier
        self._name = name

    def state_text(self, call: Call) -> Answer:
        """``Injection;-120;35``: what the grid does, its watts, percent of the dimmer."""
        document, grid_w = self._known(call)
        state = _state(grid_w, *self._band_w(), words=("Linky", "Injection", "Stabilise"))
        return _text(f"{state};{round(grid_w)};{share_percent(self._earlier.dimmer(document))}")

    def power(self, call: Call) -> Answer:
        """Watts at the grid with two digits."""
        return _text(f"{self._known(call)[1]:.2f}")

    def config(self, call: Call) -> Answer:
        """Its twenty fields, empty where there is no such thing here."""
        self._earlier.seen(call, self._name)
        return _text(self._fields())

    def state_json(self, call: Call) -> Answer:
        """The successor's state. Its ``dimmer`` is watts, and what it has and this home has not is null."""
        document, grid_w = self._known(call)
        load = self._earlier.dimmer_now()
        return json_answer(
            {
                "state": _state(grid_w, *self._band_w(), words=("Grid", "Injection", "Stable")),
                "watt": round(grid_w),
                "dimmer": round(load["power_w"]),
                "temperature": load["temperature_c"],
                "version": __version__,
                "RSSI": None,
                "name": document["site"]["name"],
                "dallas": load["max_c"] is not None and load["temperature_c"] is None,
                "minuteur": load["mode"] != "auto",
                "security": load["why"]["locked"],
                "relay1": _relay(document, 0),
                "relay2": _relay(document, 1),
                "boost_max_temp": load["max_c"],
            }
        )

    def state_short(self, call: Call) -> Answer:
        """The three of them that change."""
        _, grid_w = self._known(call)
        load = self._earlier.dimmer_now()
        return json_answer(
            {"watt": round(grid_w), "dimmer": round(load["power_w"]), "temperature": load["temperature_c"]}
        )

    def change(self, call: Call) -> Answer:
        """What such a router is told by `/get?`, and its settings as the answer."""
        self._earlier.seen(call, self._name)
        asked = _asked(call)
        if asked.keys() - {"save"}:
            dimmer = self._earlier.dimmer_now()
            if "delta" in asked or "deltaneg" in asked:
                self._set_band(call, dimmer, asked)
            if "POWER" in asked or "servermode" in asked:
                self._steer(call, dimmer, asked)
        return Answer(body=self._fields().encode(), content_type=HTML)

    def _steer(self, call: Call, dimmer: Mapping[str, Any], asked: Mapping[str, str]) -> None:
        """Percent of full power for a time; 0 is off as long; the autonomous mode is the sun's."""
        if "servermode" in asked:
            if asked["servermode"] != _AUTONOMOUS or "POWER" in asked:
                raise Problem(422, f"servermode must be {_AUTONOMOUS}, without POWER.", fields=["servermode"])
            self._earlier.force(call, dimmer["name"], Mode.AUTO)
            return
        percent = whole_percent(asked["POWER"], "POWER")
        if percent:
            self._earlier.force(call, dimmer["name"], Mode.ON, dimmer["max_power_w"] * percent / 100)
        else:
            self._earlier.force(call, dimmer["name"], Mode.OFF)

    def _set_band(self, call: Call, dimmer: Mapping[str, Any], asked: Mapping[str, str]) -> None:
        """The middle of the band becomes the target at the grid, half its width the dead band."""
        low_w, high_w = self._band_w()
        low_w, high_w = _watts(asked, "deltaneg", low_w), _watts(asked, "delta", high_w)
        if low_w > high_w:
            detail = f"deltaneg must not be above delta, but {low_w:g} is above {high_w:g}."
            raise Problem(422, detail, fields=["deltaneg"])
        self._earlier.set(
            call,
            {
                "limits.grid_target_w": (low_w + high_w) / 2,
                f"loads.{dimmer['name']}.dead_band_w": (high_w - low_w) / 2,
            },
        )

    def _known(self, call: Call) -> tuple[Mapping[str, Any], float]:
        """The newest status, and the watts at the grid. Raises Problem 503 while nobody knows them."""
        self._earlier.seen(call, self._name)
        call.asked()
        document = self._earlier.document()
        grid_w = self._earlier.grid_w(document)
        if grid_w is None:
            raise Problem(503, "The power at the grid is not known now.", headers=[("Retry-After", "5")])
        return document, grid_w

    def _band_w(self) -> tuple[float, float]:
        """Between these two it changes nothing, in watts at the grid."""
        status = self._earlier.home.status()
        dimmer = self._earlier.dimmer(self._earlier.document())
        target_w = 0.0 if status is None else status.decision.thresholds.grid_target_w
        half_w = 0.0 if dimmer is None else self._earlier.home.policies()[dimmer["name"]].dead_band_w
        return target_w - half_w, target_w + half_w

    def _fields(self) -> str:
        low_w, high_w = self._band_w()
        dimmer = self._earlier.dimmer(self._earlier.document())
        known = {
            3: f"Version {__version__}",
            5: f"{high_w:.0f}",
            12: "true",
            18: f"{low_w:.0f}",
            19: "" if dimmer is None else f"{dimmer['max_power_w']:.0f}",
        }
        return ";".join(known.get(number, "") for number in range(20))


def _needed(call: Call) -> Scope | None:
    """Settings need `Scope.ADMIN`, as on the page."""
    names = {key for key, _ in parse_qsl(call.query, keep_blank_values=True)}
    if names & {"delta", "deltaneg"}:
        return Scope.ADMIN
    return Scope.CONTROL if names else None


def _asked(call: Call) -> dict[str, str]:
    """What is asked for. Raises Problem for what there is not here, with what means it."""
    for key, _ in parse_qsl(call.query, keep_blank_values=True):
        if key in ELSEWHERE:
            detail = f"{key} does not exist here; {ELSEWHERE[key]} takes its place."
            raise Problem(422, detail, fields=[key])
    return call.asked(*CHANGES)


def _watts(asked: Mapping[str, str], key: str, otherwise_w: float) -> float:
    text = asked.get(key)
    if text is None:
        return otherwise_w
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= 5):
        raise Problem(422, f"{key} must be whole watts, such as 50 or -10.", fields=[key])
    return float(int(text))


def _state(grid_w: float, low_w: float, high_w: float, *, words: tuple[str, str, str]) -> str:
    """One of `words`: bought, fed in, in between."""
    return words[0] if grid_w > high_w else words[1] if grid_w < low_w else words[2]


def _relay(document: Mapping[str, Any], index: int) -> int:
    """1 while that load of those that are only on or off is on."""
    switched = [load for load in document["loads"] if not load["regulated"]]
    return int(len(switched) > index and switched[index]["power_w"] > 0)


def _text(text: str) -> Answer:
    return Answer(body=text.encode(), content_type=TEXT)
