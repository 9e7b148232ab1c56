"""The Wi-Fi client of a Mk2 router against the real server: it follows VO2, and hears 0 where nobody knows better."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pv_heater.config.load import load_config
from pv_heater.core.model.values import OFF, Setpoint
from pv_heater.errors import ConfigError
from pv_heater.loads.network.mk2_client import HUNG_S, LONGEST_OFF_S, SILENT_OFF_S, SILENT_ON_S
from pv_heater.web.calls import Scope
from pv_heater.web.settings import EarlierClients
from tests.builders import config, heater
from tests.mk2_dimmer import Mk2Dimmer
from tests.web.access.attacked import Attacked
from tests.web.rig import WebHome

WEB = {"earlier": {"clients": ["esp_router"]}}
GARAGE = {"name": "garage", "type": "mk2_client", "address": "127.0.0.1", "max_power_w": 1000, "min_power_w": 60,
          "start_delay_s": 0, "min_on_s": 0, "min_off_s": 0}  # fmt: skip


def garage_home(**changes: Any) -> WebHome:
    house = WebHome(loads=[{**GARAGE, **changes}], web=WEB)
    house.tick(pv_w=600.0, load_c={})
    return house


class Rig:
    """A home whose one load is the client, a second at a time."""

    def __init__(self, attacked: Attacked) -> None:
        self.attacked, self.house = attacked, attacked.home
        self.load = self.house.outputs[0]
        self.dimmer = Mk2Dimmer(attacked.netloc)

    def seconds(self, count: int, **fields: Any) -> None:
        for _ in range(count):
            self.house.tick(consumption_w=500.0 + self.load.power_w(), **fields)
            self.dimmer.turn(self.house.clock.monotonic_s())
            fields = {}

    @property
    def row(self) -> dict[str, Any]:
        found: dict[str, Any] = self.house.get("/api/v1/status").json["loads"][0]
        return found


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    settings = EarlierClients(clients=("esp_router",))
    attacked = Attacked(tmp_path, home=garage_home(), earlier=settings, read_without_login=True)
    with attacked.serving():
        yield Rig(attacked)


def test_it_follows_the_sun_at_its_own_pace(rig: Rig) -> None:
    rig.seconds(1)
    assert (rig.row["power_w"], rig.dimmer.percent, rig.dimmer.questions) == (100, 26, 1)
    rig.seconds(9, pv_w=1500.0)
    assert (rig.row["power_w"], rig.dimmer.percent, rig.dimmer.questions) == (1000, 100, 10)
    rig.seconds(2, pv_w=400.0)
    assert (rig.row["power_w"], rig.dimmer.percent, rig.load.power_w()) == (0, 0, 0)
    asked = rig.dimmer.questions
    rig.seconds(30)
    assert rig.dimmer.questions == asked + 3
    assert rig.load.trouble() is None


def test_it_is_off_once_it_has_heard_so_and_not_before(rig: Rig) -> None:
    rig.seconds(3)
    assert rig.dimmer.percent > 0
    rig.house.tick(pv_w=100.0)
    assert rig.row["power_w"] == 0
    assert rig.load.still_on() == "it heard 26 % last, and keeps to that until it asks again"
    assert rig.load.power_w() == 100
    rig.dimmer.turn(1e9)
    assert (rig.load.still_on(), rig.load.power_w()) == (None, 0)


def test_a_stop_waits_for_it_to_hear_0(rig: Rig) -> None:
    """It asks within a second; without its question the stop ends after five, and says what it does not know."""
    rig.seconds(3)
    clock, began_s = rig.house.clock, rig.house.clock.monotonic_s()
    rig.house.clock.wait_until = _asking(rig, clock.wait_until)  # type: ignore[method-assign]
    rig.house.loop.make_safe()
    assert (rig.dimmer.percent, rig.load.still_on()) == (0, None)
    assert clock.monotonic_s() - began_s <= 1.2


def _asking(rig: Rig, wait_until: Any) -> Any:
    def wait(at_s: float) -> None:
        wait_until(at_s)
        rig.dimmer.turn(rig.house.clock.monotonic_s())

    return wait


def test_a_stop_that_it_does_not_hear_says_so(caplog: pytest.LogCaptureFixture) -> None:
    house = garage_home()
    house.outputs[0].asked()
    began_s = house.clock.monotonic_s()
    house.loop.make_safe()
    assert LONGEST_OFF_S <= house.clock.monotonic_s() - began_s < LONGEST_OFF_S + 1
    assert caplog.messages == [
        "garage: it heard 26 % last, and keeps to that until it asks again. Switch it off by hand."
    ]


def test_refused_it_hears_0_not_nothing(tmp_path: Path) -> None:
    """A client that is answered 401 would keep its power for ever: here its token is taken away while it heats."""
    attacked = Attacked(tmp_path, home=garage_home(), earlier=EarlierClients(clients=("esp_router",)))
    with attacked.serving():
        rig = Rig(attacked)
        rig.seconds(11)
        assert rig.dimmer.percent == 0
        rig.dimmer.path += f"?token={attacked.token(Scope.READ)}"
        rig.seconds(10)
        assert rig.dimmer.percent > 0
        attacked.store.change(lambda credentials: credentials.without_token("for read"))
        rig.seconds(2)
        assert rig.dimmer.percent == 0


def test_a_loop_that_hangs_and_a_watchdog_that_trips_are_both_0(rig: Rig) -> None:
    rig.seconds(3)
    rig.load.trip()
    rig.dimmer.turn(1e9)
    assert rig.dimmer.percent == 0
    rig.load.reset()
    rig.house.clock.wait_until(rig.house.clock.monotonic_s() + HUNG_S + 1)  # no tick
    assert rig.load.asked() == 0


def test_everybody_else_hears_that_there_is_nothing_to_follow() -> None:
    """A second client would heat without anybody knowing, and `/api/info` is there for whoever is curious."""
    house = WebHome(loads=[{**GARAGE, "address": "192.168.1.60"}], web=WEB)
    house.tick(pv_w=600.0, load_c={})
    assert house.get("/api/routeur").json["VO2"] == 0
    assert house.outputs[0].asked() == 26
    assert house.get("/api/routeur").json["VO2"] == 0
    assert house.get("/api/info").json == {"VO2": 26}


def test_a_client_that_falls_silent_is_unreachable_and_its_power_still_counts(rig: Rig) -> None:
    rig.seconds(3)
    for _ in range(int(SILENT_ON_S) + 2):
        rig.house.tick()
    assert rig.row["why"]["rule"] == "unreachable"
    assert "its client at 127.0.0.1 has not asked for" in rig.row["why"]["because"]
    assert (rig.row["power_w"], rig.load.power_w()) == (0, 100)
    rig.seconds(2)
    assert rig.dimmer.percent == 0
    rig.seconds(12)
    assert (rig.row["power_w"], rig.dimmer.percent) == (100, 26)


def test_a_client_that_never_came_is_said_with_what_may_be_missing() -> None:
    house = garage_home()
    load = house.outputs[0]
    for _ in range(int(SILENT_OFF_S)):
        house.tick()
    assert load.trouble() == "no client has asked from 127.0.0.1 for 31 s; is `web.earlier` set?"
    assert load.still_on() == "it has not asked since the start, and keeps to what it heard before"
    assert load.safe(house.clock.monotonic_s()) is None  # nobody would come
    assert load.power_w() == 0


def test_a_restart_in_the_middle_hands_out_0_until_the_control_knows_better(rig: Rig) -> None:
    rig.seconds(3)
    assert rig.dimmer.percent > 0
    again = WebHome(loads=[GARAGE], web=WEB)
    assert again.get("/api/routeur").json["VO2"] == 0
    assert again.outputs[0].still_on() is None  # now it has heard


def test_the_least_that_is_on_is_never_rounded_to_off() -> None:
    load = garage_home(max_power_w=100_000, min_power_w=1).outputs[0]
    load.apply(Setpoint(on=True, power_w=1.0), 0.0)
    assert load.asked() == 1
    load.apply(OFF, 0.0)
    assert load.asked() == 0


def test_a_curve_of_its_own_and_a_ratio_that_is_its_own(tmp_path: Path) -> None:
    curve = tmp_path / "curve.csv"
    curve.write_text("0;0\n50;100\n100;1000\n")
    house = WebHome(loads=[heater(), {**GARAGE, "curve": str(curve)}], web=WEB)
    house.tick(load_c={})
    assert house.post("/api/param", {"ratio": 10}).json == {"ratio": 10, "error": 0}
    house.tick()
    assert [load["mode"] for load in house.get("/api/v1/status").json["loads"]] == ["auto", "on"]
    assert house.get("/api/routeur").json["VO2"] == 50


def test_a_client_whom_nobody_lets_ask_is_a_mistake_in_the_settings() -> None:
    meter = {"type": "http", "url": "http://127.0.0.1:1/", "values": {"grid_w": {"path": "p"}}}
    with pytest.raises(
        ConfigError, match=r"needs a page that it may ask: `web: \{earlier: \{clients: \[esp_router\]\}\}`"
    ):
        load_config(config(loads=[GARAGE], meter=meter))
    with pytest.raises(ConfigError, match=r"must be the address it asks from, .*, not 'esp.local'"):
        load_config(config(loads=[{**GARAGE, "address": "esp.local"}], web=WEB))
    second = {**GARAGE, "name": "cellar"}
    with pytest.raises(ConfigError, match="is the output of garage already"):
        load_config(config(loads=[GARAGE, second], web=WEB))
