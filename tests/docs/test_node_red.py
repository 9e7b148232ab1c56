"""The flow for Node-RED: what it reads and asks for is there, in the words that the program uses."""

import json
import re

from pv_heater.core.model.values import Phase
from pv_heater.telemetry.mqtt.topics import TAKEN, TOLD, Topics
from tests.docs.test_pages import PROJECT

FLOW = json.loads((PROJECT / "Files" / "node-red" / "pv-heater.json").read_text())
BY_ID = {node["id"]: node for node in FLOW}
PAGE = (PROJECT / "docs" / "node-red.md").read_text()


def topics(kind: str) -> set[str]:
    return {node["topic"] for node in FLOW if node["type"] == kind}


def test_every_topic_is_one_of_ours() -> None:
    names = Topics("pv_heater")
    assert topics("mqtt in") <= {names.of(topic, "water_heater") for topic in TOLD}
    assert topics("mqtt out") <= {names.of(topic, "water_heater") for topic in TAKEN}
    assert topics("mqtt in")
    assert topics("mqtt out")
    assert not [node for node in FLOW if node["type"] == "mqtt out" and node["retain"] != "false"], "a command is kept"


def test_phases_stand_in_the_flow_and_on_the_page_in_one_order() -> None:
    shown = BY_ID["pvheater_shown"]
    found = re.search(r"const PHASES = (\[.*?\]);", shown["func"])
    assert found is not None
    assert json.loads(found[1]) == [str(phase) for phase in Phase]
    assert ",".join(json.loads(found[1])) in PAGE
    assert shown["outputs"] == 3 == PAGE.count("| `{")


def test_every_wire_ends_somewhere() -> None:
    wires = [end for node in FLOW for output in node.get("wires", []) for end in output]
    assert wires
    assert set(wires) <= set(BY_ID)
