"""Two loads on one device, topic or channel are refused, however their addresses are written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from pv_heater.config import addresses
from pv_heater.config.load import load_config
from pv_heater.core.model.setting import SettingProblem
from pv_heater.core.settings.shared_topic import check_idx, is_meant
from pv_heater.errors import ConfigError
from pv_heater.loads import LOADS
from tests.builders import config

Row = dict[str, Any]


def http(url: str, off: Any = "/relay/0?turn=off", **more: Any) -> Row:
    requests = off if isinstance(off, list) else [off]
    rows = [request if isinstance(request, dict) else {"path": request} for request in requests]
    on = [{"path": rows[-1]["path"].replace("off", "on"), **({"method": "POST"} if "method" in rows[-1] else {})}]
    return {"type": "http_switch", "url": url, "on": on, "off": rows, **more}


def dimmer(url: str, **more: Any) -> Row:
    return {"type": "http_dimmer", "url": url, **more}


def mqtt(topic: str, host: str = "192.168.1.10", **more: Any) -> Row:
    broker = {"host": host, **({"port": more.pop("port")} if "port" in more else {})}
    return {"type": "mqtt_switch", "broker": broker, "topic": topic, **more}


def gx(number: int = 1, host: str = "venus.local", **more: Any) -> Row:
    return {"type": "gx_relay", "gx": {"host": host, **more}, "relay_number": number}


def gx_modbus(number: int = 1, host: str = "venus.local") -> Row:
    return {"type": "gx_relay_modbus", "host": host, "relay_number": number, "relay_is_manual": True}


def car(url: str, path: str = "/mqtt", **more: Any) -> Row:
    off, amps = [{"path": f"{path}?frc=1"}], [{"path": f"{path}?frc=2&amp={{amps}}"}]
    return {"type": "http_ev_charger", "url": url, "off": off, "amps": amps, "max_power_w": None, **more}


def mqtt_car(topic: str, **more: Any) -> Row:
    return {"type": "mqtt_ev_charger", "broker": {"host": "192.168.1.10"}, "topic": topic, "max_power_w": None, **more}


def preset(word: str, **more: Any) -> Row:
    return {"preset": word, "host": "192.168.1.60", **more}


def problems(*rows: Row) -> tuple[str, ...]:
    loads = [{"name": f"load_{index}", "max_power_w": 1000, **row} for index, row in enumerate(rows)]
    loads = [{key: value for key, value in row.items() if value is not None} for row in loads]
    try:
        load_config(config(loads=loads))
    except ConfigError as error:
        return error.problems
    return ()


JSON_OFF = '{"id":1,"src":"pi","method":"Switch.Set","params":{"id":0,"on":false}}'
SAME = {
    "dimmers": [dimmer("http://192.168.1.199"), dimmer("http://192.168.1.199")],
    "default port and slash": [dimmer("http://192.168.1.199"), dimmer("http://192.168.1.199:80/")],
    "capitals": [dimmer("http://Boiler.local"), dimmer("HTTP://boiler.LOCAL.")],
    "localhost": [dimmer("http://localhost:8080"), dimmer("http://127.0.0.1:8080")],
    "IPv6 localhost": [dimmer("http://[::1]:8080"), dimmer("http://127.0.0.1:8080")],
    "a dimmer and a switch on it": [dimmer("http://192.168.1.199"), http("http://192.168.1.199", "/?POWER=0")],
    "one relay": [http("http://192.168.1.60"), http("http://192.168.1.60:80", "/relay/0/?turn=off")],
    "order and capitals of a query": [http("http://a", "/set?ch=1&on=0"), http("http://a", "/Set?on=0&CH=1")],
    "no timer": [http("http://a", "/light/0?turn=off"), http("http://a", "/light/0?turn=off&transition=9")],
    "rpc by path and by body": [
        preset("shelly_gen2_switch"),
        http("http://192.168.1.60", {"path": "/rpc", "method": "POST", "body": JSON_OFF}),
    ],
    "one of several requests": [http("http://a", ["/x", "/relay/0?turn=off"]), http("http://a")],
    "only its off was changed": [
        http("http://a"), http("http://a", "/relay/1?turn=off", on=[{"path": "/relay/0?turn=on"}])
    ],
    "Power and Power1": [preset("tasmota_relay"), http("http://192.168.1.60", "/cm?cmnd=Power%20Off")],
    "Tasmota as switch and dimmer": [preset("tasmota_relay"), preset("tasmota_dimmer")],
    "an address with a path": [http("http://a/boiler/"), http("http://a", "/boiler/relay/0?turn=off")],
    "topics": [mqtt("cmnd/boiler/POWER"), mqtt("cmnd/boiler/POWER")],
    "default port of the broker": [mqtt("cmnd/boiler/POWER"), mqtt("cmnd/boiler/POWER", port=1883)],
    "localhost as broker": [mqtt("boiler/set", "127.0.0.1"), mqtt("boiler/set", "localhost")],
    "capitals and slash of a topic": [mqtt("cmnd/boiler/power"), mqtt("cmnd/Boiler/POWER/")],
    "POWER1 is POWER": [mqtt("cmnd/boiler/POWER1"), mqtt("cmnd/boiler/POWER")],
    "other words at one topic": [mqtt("boiler/set"), mqtt("boiler/set", on_payload="1", off_payload="0")],
    "one idx": [preset("domoticz_mqtt_switch", idx=41), preset("domoticz_mqtt_switch", idx=41)],
    "one idx as switch and dimmer": [preset("domoticz_mqtt_switch", idx=41), preset("domoticz_mqtt_dimmer", idx=41)],
    "GX relay": [gx(), gx()],
    "GX relay over both ways": [gx(), gx_modbus()],
    "GX relay by its portal ID": [gx(portal_id="c0619ab0a001"), gx(host="192.168.1.5", portal_id="C0619AB0A001")],
    "GX relay with the portal ID and without": [gx(portal_id="c0619ab0a001"), gx()],
    "IPv6 in full": [dimmer("http://[2001:DB8::1]"), dimmer("http://[2001:0db8:0:0::1]:80")],
    "IPv4 within IPv6": [dimmer("http://[::ffff:192.168.1.5]"), dimmer("http://192.168.1.5")],
    "IPv6 localhost in full": [dimmer("http://[0:0:0:0:0:0:0:1]:8080"), dimmer("http://localhost:8080")],
    "localhost within IPv6": [dimmer("http://[::ffff:127.0.0.1]:8080"), dimmer("http://127.0.0.1:8080")],
    "a name of localhost": [dimmer("http://boiler.localhost:8080"), dimmer("http://localhost:8080")],
    "zeros before a number": [dimmer("http://192.168.001.007"), dimmer("http://192.168.1.7")],
    "one number": [dimmer("http://3232235783"), dimmer("http://192.168.1.7")],
    "hexadecimal": [dimmer("http://0xC0A80107"), dimmer("http://192.168.1.7")],
    "two numbers": [dimmer("http://10.5"), dimmer("http://10.0.0.5")],
    "umlauts": [dimmer("http://b\u00fccher.local"), dimmer("http://xn--bcher-kva.local")],
    "http and https": [http("https://a"), http("http://a")],
    "dots in a path": [http("http://a", "/x/.././relay/0?turn=off"), http("http://a")],
    "doubled slashes": [http("http://a", "//relay//0?turn=off"), http("http://a")],
    "a fragment": [http("http://a", "/relay/0?turn=off#x"), http("http://a")],
    "off and 0": [http("http://a"), http("http://a", "/relay/0?turn=0", on=[{"path": "/relay/0?turn=true"}])],
    "all relays of Tasmota": [http("http://a", "/cm?cmnd=Power0%20Off"), http("http://a", "/cm?cmnd=Power2%20Off")],
    "IPv6 broker": [mqtt("boiler/set", "2001:db8::1"), mqtt("boiler/set", "2001:0db8::0:1")],
    "IPv6 GX relay": [gx(host="2001:db8::1"), gx_modbus(host="2001:0db8::1")],
    "a router and a dimmer": [{"type": "mk2_client", "address": "192.168.1.8"}, dimmer("http://192.168.1.8")],
    "cars": [car("http://192.168.1.8"), car("http://192.168.1.8/")],
    "cars at one topic": [mqtt_car("go-e/set"), mqtt_car("go-e/set/")],
    "a car and a switch": [mqtt_car("go-e/set"), mqtt("go-e/set")],
}  # fmt: skip
OTHER = {
    "dimmers behind one address": [dimmer("http://gateway/one"), dimmer("http://gateway/two")],
    "dimmers": [dimmer("http://192.168.1.199"), dimmer("http://192.168.1.200")],
    "a port": [dimmer("http://192.168.1.199"), dimmer("http://192.168.1.199:8081")],
    "a channel": [http("http://a", "/relay/0?turn=off"), http("http://a", "/relay/1?turn=off")],
    "a channel in the query": [preset("shelly_gen2_switch"), preset("shelly_gen2_switch", channel=1)],
    "a channel of Tasmota": [preset("tasmota_relay"), preset("tasmota_relay", channel=2)],
    "an idx": [preset("domoticz_switch", idx=41), preset("domoticz_switch", idx=42)],
    "a name of one's own": [http("http://a", "/set?heater=1&state=0"), http("http://a", "/set?heater=2&state=0")],
    "a topic": [mqtt("cmnd/boiler/POWER"), mqtt("cmnd/pump/POWER")],
    "a channel in the topic": [mqtt("cmnd/boiler/POWER1"), mqtt("cmnd/boiler/POWER2")],
    "a broker": [mqtt("boiler/set"), mqtt("boiler/set", "192.168.1.11")],
    "a broker's port": [mqtt("boiler/set"), mqtt("boiler/set", port=1884)],
    "an idx at one topic": [preset("domoticz_mqtt_switch", idx=41), preset("domoticz_mqtt_switch", idx=42)],
    "halves of a plug": [
        mqtt("zigbee2mqtt/plug/set", on_payload='{"state_l1":"ON"}', off_payload='{"state_l1":"OFF"}'),
        mqtt("zigbee2mqtt/plug/set", on_payload='{"state_l2":"ON"}', off_payload='{"state_l2":"OFF"}'),
    ],
    "rpc channels at one topic": [
        mqtt("s/rpc", on_payload='{"params":{"id":0,"on":true}}', off_payload='{"params":{"id":0,"on":false}}'),
        mqtt("s/rpc", on_payload='{"params":{"id":1,"on":true}}', off_payload='{"params":{"id":1,"on":false}}'),
    ],
    "GX relays": [gx(1), gx(2)],
    "IPv6 hosts": [dimmer("http://[2001:db8::1]"), dimmer("http://[2001:db8::11]")],
    "cars of a gateway": [car("http://a", "/one"), car("http://a", "/two")],
    "cars by JSON": [
        mqtt_car("cars/set", payload='{"id": 1, "amps": {amps}}'),
        mqtt_car("cars/set", payload='{"id": 2, "amps": {amps}}'),
    ],
    "names that are nearly numbers": [dimmer("http://300.1.1.1"), dimmer("http://44.1.1.1")],
    "GX devices": [gx(), gx_modbus(host="192.168.1.7")],
    "GX devices at one broker": [gx(portal_id="c0619ab0a001"), gx(portal_id="c0619ab0a002")],
}  # fmt: skip


@pytest.mark.parametrize("case", SAME)
def test_two_loads_on_one_output_are_refused(case: str) -> None:
    found = problems(*SAME[case])
    assert len(found) == 1, found
    assert "is the output of load_0 already; two loads on one output undo each other's commands" in found[0]


@pytest.mark.parametrize("case", OTHER)
def test_two_outputs_are_two_outputs(case: str) -> None:
    assert problems(*OTHER[case]) == ()


def test_the_line_of_the_second_is_named(tmp_path: Path) -> None:
    rows = [{"name": name, "max_power_w": 1000, **dimmer("http://a")} for name in ("boiler", "radiator", "third")]
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(config(loads=rows), sort_keys=False))
    lines = [number for number, line in enumerate(path.read_text().splitlines(), 1) if "url:" in line]
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    said = [problem for problem in caught.value.problems if "output of" in problem]
    assert [problem.split(":")[0] for problem in said] == [f"line {line}" for line in lines[1:]]
    assert "boiler" in said[0]


@pytest.mark.parametrize(
    ("topic", "shared"),
    [
        ("domoticz/out", True), ("home/domoticz/out", True), ("Domoticz/Out", True), ("domoticz/out/Attic", True),
        ("domoticz/out/359", False), ("domoticz/in", False), ("rtl_433/pi/events", True), ("rtl_433/events", True),
        ("rtl_433/pi/devices/Acurite/12/temperature_C", False), ("home/OpenMQTTGateway/BTtoMQTT", True),
        ("home/OpenMQTTGateway/BTtoMQTT/AABBCC", False), ("tele/boiler/SENSOR", False), ("domoticz/output", False),
    ],
)  # fmt: skip
def test_a_topic_that_many_share_needs_the_number_of_the_one_that_is_meant(topic: str, *, shared: bool) -> None:
    check_idx(topic, "359")
    if shared:
        with pytest.raises(SettingProblem, match="every device speaks at"):
            check_idx(topic, None)
    else:
        check_idx(topic, None)


METER = {"type": "mqtt", "host": "h", "values": {"grid_w": {"topic": "domoticz/out", "path": "svalue1"}}}
PROBE = {"type": "mqtt", "host": "h", "topic": "domoticz/out", "path": "svalue1"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"meter": METER},
        {"loads": [{"name": "a", "type": "dry_run", "max_power_w": 1, "temperature_from": PROBE}]},
        {"loads": [{"name": "a", "type": "dry_run", "max_power_w": 1, "power_from": PROBE}]},
        {"loads": [{"name": "a", "max_power_w": 1, **mqtt("domoticz/in", answer_topic="domoticz/out")}]},
    ],
)
def test_every_reader_of_such_a_topic_is_asked_for_it(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"idx: is missing: every device speaks at domoticz/out"):
        load_config(config(**wrong))


@pytest.mark.parametrize(
    ("document", "meant"),
    [({"idx": 359}, True), ({"idx": "359"}, True), ({"id": 359}, True), ({"idx": 36, "id": 359}, False),
     ({"idx": 3590}, False), ({}, False), ({"idx": None}, False), ({"idx": True}, False), ([359], False)],
)  # fmt: skip
def test_only_the_messages_of_the_one_that_is_meant_count(document: Any, *, meant: bool) -> None:
    assert is_meant(document, "359") == meant
    assert is_meant(document, None)


def test_each_kind_of_output_on_a_network_is_compared() -> None:
    here = ("pv_heater.loads.pins.", "pv_heater.loads.dry_run:")
    assert set(addresses._MAKERS) == {word for word, place in LOADS.items() if not place.startswith(here)}
