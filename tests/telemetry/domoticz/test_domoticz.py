"""Domoticz over its JSON API and over MQTT: devices are told, selectors obeyed, and whatever it does stays its own."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pv_heater import load_config
from pv_heater.core.model.setting import Secret
from pv_heater.core.settings.mqtt import Broker
from pv_heater.errors import AuthRejected, BadReply, ConfigError, Unreachable
from pv_heater.telemetry.domoticz.devices import HomeDevices, LoadDevices
from pv_heater.telemetry.domoticz.publisher import Domoticz
from tests.builders import config
from tests.mqtt_brokers import BROKERS, free_port
from tests.source_tools import tools_for
from tests.telemetry.domoticz.server import Devices, Gateway, JsonServer
from tests.telemetry.home import ToldHome, living
from tests.waiting import until

HOME = HomeDevices(grid=651, injection=648, pv=652, battery_percent=653, state=654, keep_alive=658)
HEATER = LoadDevices(load="heater", power=700, energy=701, temperature=702, selector=338, for_s=3600)
ALL = (651, 648, 652, 653, 654, 658, 700, 701, 702)


@pytest.fixture(scope="module")
def json_server() -> Iterator[JsonServer]:
    with JsonServer() as server:
        yield server


@pytest.fixture
def server(json_server: JsonServer) -> JsonServer:
    json_server.reset()
    json_server.devices = Devices(*ALL, selectors=(338,))
    return json_server


@pytest.fixture(scope="module", params=BROKERS, ids=lambda kind: kind.__name__)
def broker(request: pytest.FixtureRequest) -> Iterator[Any]:
    with request.param() as one:
        yield one


class Told:
    """A home and what it tells Domoticz, look by look; what is asked for is done."""

    def __init__(self, folder: Path, house: ToldHome | None = None, **settings: Any) -> None:
        self.house = house or living()
        given: dict[str, Any] = {"devices": HOME, "loads": (HEATER,), **settings}
        limits = {"whole_s": given.pop("whole_s")} if "whole_s" in given else {}
        self.domoticz = Domoticz(Domoticz.Settings(**given), tools_for(folder), **limits)
        self.at_s = 0.0
        self.asked: list[Mapping[str, Any]] = []

    def look(self, count: int = 1, seconds: float | None = None) -> None:
        for _ in range(count):
            self.house.tick()
            self.at_s += self.domoticz.interval_s if seconds is None else seconds
            document = self.house.document()
            rows = [{**row, "energy_total_wh": 12_345.0} for row in document["loads"]]
            for request in self.domoticz.tell({**document, "loads": rows}, self.at_s):
                self.asked.append(request)
                self.house.home.ask(request)

    @property
    def mode(self) -> str:
        return str(self.house.document()["loads"][0]["mode"])


def test_its_devices_get_the_figures_and_those_below_zero_are_what_is_fed_in(
    server: JsonServer, tmp_path: Path
) -> None:
    told = Told(tmp_path, url=server.url)
    told.house.tick(grid_w=-1700.4)
    told.look()
    devices = server.devices
    assert (devices.newest(651), devices.newest(648), devices.newest(652)) == ("0", "-1700", "2500")
    assert (devices.newest(653), devices.newest(702), devices.values[658]) == ("97.0", "41.5", [(1, "")])
    assert devices.newest(654) == "heater heating, pump off"
    power = devices.newest(700)
    assert devices.newest(701) == f"{power};12345"
    told.house.tick(grid_w=120.0)
    told.look(seconds=30.0)
    assert (devices.newest(651), devices.newest(648)) == ("120", "0")
    assert len(devices.values[654]) == 1, "the same text is not told again"
    assert next(path for path in server.paths if "udevice" in path) == (
        "/json.htm?type=command&param=udevice&idx=658&nvalue=1&svalue="
    )


def test_what_is_not_believed_is_not_told_and_the_sign_of_life_goes_on(server: JsonServer, tmp_path: Path) -> None:
    told = Told(tmp_path, url=server.url)
    document = told.house.document()
    told.domoticz.tell({**document, "state": {**document["state"], "word": "lost"}}, 0.0)
    devices = server.devices
    assert (devices.values[651], devices.values[648], devices.newest(654)) == ([], [], "no reading")
    assert len(devices.values[658]) == 1


def test_a_loop_that_hangs_gives_no_sign_of_life(server: JsonServer, tmp_path: Path) -> None:
    Told(tmp_path, url=server.url).domoticz.tell(None, 0.0)
    assert server.devices.values[658] == []


@pytest.mark.parametrize("old", [False, True])
def test_its_selector_sets_the_mode_and_shows_when_that_has_ended(
    server: JsonServer, tmp_path: Path, old: bool
) -> None:
    server.before_2023 = old
    told = Told(tmp_path, url=server.url)
    told.look(3)
    assert told.asked == []
    server.devices.levels[338] = 0
    told.look(2)
    assert told.mode == "off"
    assert told.asked == [{"command": "force", "load": "heater", "mode": "off", "for_s": 3600, "who": "Domoticz"}]
    told.look(10)
    assert len(told.asked) == 1
    assert server.devices.set_by_others == []
    told.house.clock.wait_until(told.house.clock.monotonic_s() + 3600.0)
    told.look(6)
    assert told.mode == "auto"
    assert server.devices.set_by_others == [(338, 20)]
    assert server.devices.levels[338] == 20
    told.look(6)
    assert len(told.asked) == 1
    assert any("type=devices&rid=338" in path for path in server.paths) == old


def test_a_login_goes_with_every_request_and_a_wrong_one_is_told_without_it(server: JsonServer, tmp_path: Path) -> None:
    server.login = "Basic bWU6cHc="
    with pytest.raises(AuthRejected, match=r"refused access \(401\).* allow Basic-Auth over plain HTTP"):
        Told(tmp_path, url=server.url).look()
    Told(tmp_path, url=server.url, username="me", password=Secret("pw")).look()
    assert len(server.devices.values[700]) == 1


def test_a_protected_selector_is_set_with_its_code(server: JsonServer, tmp_path: Path) -> None:
    server.devices.code, server.devices.levels[338] = "1234", 0
    with pytest.raises(AuthRejected, match=r"does not set the selector at idx 338: ERROR, WRONG CODE"):
        Told(tmp_path, url=server.url, passcode=Secret("9999")).look()
    Told(tmp_path, url=server.url, passcode=Secret("1234")).look()
    assert server.devices.set_by_others == [(338, 20)]


def test_a_device_that_there_is_not_keeps_no_other_from_its_value(
    server: JsonServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    del server.devices.values[648]
    told = Told(tmp_path, url=server.url)
    with caplog.at_level(logging.WARNING):
        told.look(3, seconds=30.0)
    assert len(server.devices.values[702]) == 3
    said = [record.getMessage() for record in caplog.records if record.name.startswith("pv_heater")]
    assert said == ["Domoticz does not take injection at idx 648: ERR."]


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ("<html>", "not JSON"),
        ("[1]", "not its own"),
        ('{"status": "OK"}', "knows no device at idx 338"),
        ('{"status": "OK", "result": [{"Level": "much"}]}', "has no level; is it a selector"),
        ('{"status": "OK", "result": [{"Level": true}]}', "has no level"),
        ('{"status": "OK", "result": {"Level": 20}}', "knows no device"),
    ],
)
def test_rubbish_sets_no_mode(server: JsonServer, tmp_path: Path, raw: str, why: str) -> None:
    told = Told(tmp_path, url=server.url)
    told.look()
    server.raw = raw
    with pytest.raises(BadReply, match=why):
        told.look()
    assert told.asked == []


def test_one_that_hangs_costs_a_time_limit_once_and_goes_on_where_it_was(server: JsonServer, tmp_path: Path) -> None:
    server.hanging = True
    told = Told(tmp_path, url=server.url, whole_s=0.2)
    with pytest.raises(Unreachable):
        told.look()
    assert len(server.asked) == 1
    server.hanging = False
    Told(tmp_path, url=server.url).look()
    assert server.devices.newest(702) == "41.5"


def test_it_comes_back_where_it_was_and_what_it_tells_then_is_no_wish(tmp_path: Path) -> None:
    devices = Devices(*ALL, selectors=(338,))
    with JsonServer() as before:
        before.devices = devices
        told = Told(tmp_path, url=before.url)
        told.look(2)
    with pytest.raises(Unreachable, match="Domoticz cannot be reached"):
        told.look()
    with JsonServer(before.port) as after:
        after.devices = devices
        told.look(2, seconds=30.0)
    assert len(devices.values[700]) == 3
    assert told.asked == []


def test_check_names_its_devices_and_sets_nothing(server: JsonServer, tmp_path: Path) -> None:
    domoticz = Told(tmp_path, url=server.url, devices=HomeDevices(), loads=(LoadDevices(load="heater", selector=338),))
    assert domoticz.domoticz.ask() == "selector of heater is Cumulus"
    with pytest.raises(BadReply, match=r"knows no device at idx 648 \(injection\): OK"):
        Told(tmp_path, url=server.url, devices=HomeDevices(injection=648), loads=()).domoticz.ask()
    assert not any("udevice" in path or "switchlight" in path for path in server.paths)


def test_over_mqtt_check_says_whether_the_broker_answers(broker: Any, tmp_path: Path) -> None:
    told = Told(tmp_path, broker=Broker(host="127.0.0.1", port=broker.port))
    with closing(told.domoticz):
        assert told.domoticz.ask().startswith(
            f"the broker at 127.0.0.1:{broker.port} answers; whether Domoticz knows grid,"
        )
    nobody = Told(tmp_path, broker=Broker(host="127.0.0.1", port=free_port()))
    with closing(nobody.domoticz), pytest.raises(Unreachable, match="cannot be reached"):
        nobody.domoticz.ask()


def test_over_mqtt_devices_are_told_and_its_selector_sets_the_mode(broker: Any, tmp_path: Path) -> None:
    devices = Devices(*ALL, selectors=(338,))
    told = Told(tmp_path, broker=Broker(host="127.0.0.1", port=broker.port))
    with Gateway(broker.port, devices) as gateway, closing(told.domoticz):
        told_until(told, lambda: devices.values[702], "the figures came")
        assert (devices.newest(652), devices.newest(702)) == ("2500", "41.5")
        told_until(told, lambda: told.domoticz._selectors[338][1]._level == 20, "the level is known")
        gateway.press(338, 0)
        told_until(told, lambda: told.mode == "off", "it is off")
        assert [request["mode"] for request in told.asked] == ["off"]
        told.house.home.ask({"command": "force", "load": "heater", "mode": "auto"})
        told.at_s += 60.0
        told_until(told, lambda: devices.levels[338] == 20, "the selector shows it")
        told.at_s += 3.0
        told_until(told, lambda: told.domoticz._selectors[338][1]._level == 20, "and we know that it does")
        assert len(told.asked) == 1


def test_over_mqtt_nothing_but_a_fresh_level_of_its_own_selector_is_a_wish(
    broker: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    devices = Devices(*ALL, selectors=(338,))
    with Gateway(broker.port, devices, prevents_loops=False) as gateway:
        off = {"idx": 338, "nvalue": 0, "svalue1": "0"}
        gateway.publish("domoticz/out", json.dumps(off), retain=True)
        told = Told(tmp_path, broker=Broker(host="127.0.0.1", port=broker.port))
        with closing(told.domoticz):
            selector = told.domoticz._selectors[338][1]
            told_until(told, lambda: selector._level == 20, "its own answer counts, not what the broker kept")
            assert devices.set_by_others == []
            gateway.publish("domoticz/out", b"", retain=True)
            rubbish: tuple[Any, ...] = (
                [338],
                {"idx": 339, "nvalue": 0},
                {"idx": "338", "nvalue": 0},
                {"idx": [338], "nvalue": 0},
                {"idx": 338},
                {"idx": 338, "nvalue": False, "svalue1": "-20"},
                {"idx": 338, "nvalue": 2},
                {"idx": 338, "nvalue": 2, "svalue1": "9" * 5000},
                {"idx": 338, "nvalue": 2, "svalue1": 0},
            )
            for message in rubbish:
                gateway.publish("domoticz/out", json.dumps(message))
            gateway.publish("domoticz/out", b"338" + b"[" * 10_000)
            gateway.publish("domoticz/out", b"\xff338\x00")
            gateway.press(338, 10)
            told_until(told, lambda: selector._level == 10, "after all of it the next level is heard")
            assert told.asked == []
    assert not any("not understood" in record.getMessage() for record in caplog.records)


def test_over_mqtt_a_broker_that_ends_and_begins_again_is_found(tmp_path: Path) -> None:
    devices = Devices(*ALL, selectors=(338,))
    broker = BROKERS[-1](free_port())
    broker.start()
    told = Told(tmp_path, broker=Broker(host="127.0.0.1", port=broker.port))
    with closing(told.domoticz):
        until(lambda: told.domoticz._way.ready(0.0), "connected")
        broker.stop()

        until(lambda: told.domoticz._way._link.trouble, "the broker is missed")  # type: ignore[attr-defined]
        with pytest.raises(Unreachable, match=r"the broker at 127\.0\.0\.1:"):
            told.look()
        broker.start()
        with Gateway(broker.port, devices):
            told_until(told, lambda: devices.values[652], "figures come again")
    broker.stop()


def test_over_mqtt_one_that_takes_the_connection_and_says_nothing_is_said_so(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        told = Told(tmp_path, broker=Broker(host="127.0.0.1", port=silent.getsockname()[1]))
        with closing(told.domoticz):
            told.look()
            assert told.asked == []


def told_until(told: Told, condition: Any, what: str) -> None:
    """Looks a second apart until it holds; a broker that was just found is missed for a while."""

    def holds() -> bool:
        try:
            told.look()
        except Unreachable:
            return False
        return bool(condition())

    until(holds, what)


def test_settings_that_cannot_be_meant_are_said_with_their_place() -> None:
    def problems(**row: Any) -> tuple[str, ...]:
        with pytest.raises(ConfigError) as caught:
            load_config(config(publish=[{"type": "domoticz", **row}]))
        return caught.value.problems

    url = "http://127.0.0.1:8080"
    assert problems() == ("publish[0].url: is missing: the address of Domoticz, or a broker; one of the two",)
    assert problems(url=url, loads=[{"load": "heater", "on_levels": [20]}]) == (
        "publish[0].loads[0].auto_levels: level 20 stands twice; each means one mode",
    )
    assert problems(url=url, loads=[{"load": "boiler", "power": 3}]) == (
        "publish[0].loads[0].load: there is no load boiler; known here: heater",
    )
    assert problems(url=url, devices={"grid": 0}) == (
        "publish[0].devices.grid: must be between 1 and 2000000000, not 0",
    )
