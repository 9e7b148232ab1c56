"""A real Home Assistant beside the real program and mosquitto: `make home-assistant`. Ten minutes on a quiet machine.

What it answered goes into `answers.json`, which the fast tests read; it fails where something is wrong.

    python -m tests.telemetry.home_assistant.renew --python python3.13 --uv uv --cache FOLDER
"""

from __future__ import annotations

import argparse
import json
import logging
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.telemetry.home_assistant.evening import (
    ANSWERS,
    BIRTH,
    BOILER,
    BOILER_SETTINGS,
    CONFIG,
    ENERGY,
    GONE,
    KEPT_ATTRIBUTES,
    MODE,
    POWER,
    UNKNOWN,
    Evening,
    answer_to,
    enable_all,
    kind_of,
    number,
    registry,
    states,
    until_gone,
)
from tests.telemetry.home_assistant.peer import VERSION, install
from tests.telemetry.home_assistant.rules import faults
from tests.waiting import until

SETTLES_S = 15.0
STATISTICS_S = 420.0
"""The first come at the next full five minutes, and are written a little later."""


def everything_is_there(evening: Evening) -> None:
    """Each entity that was announced is made, and has the value that the program tells."""
    evening.start()
    evening.shows(POWER, lambda seen: seen not in ("", GONE, UNKNOWN), "the first values are there")
    announced = evening.announced()
    assert faults(announced) == []
    registry = enable_all(evening)
    wanted = {each["unique_id"]: each["default_entity_id"] for each in announced["components"].values()}
    assert {row["unique_id"]: row["entity_id"] for row in registry} == wanted, "made as they were announced"
    until(lambda: len(states(evening)) == len(wanted), "all of them have a state", 120.0)
    until(lambda: GONE not in {row["state"] for row in states(evening).values()}, "all of them are available", 120.0)
    evening.shows(ENERGY, lambda seen: kind_of(seen) == "a number", "energies are counted, saved and told")
    by_id = {row["entity_id"]: row["unique_id"] for row in registry}
    evening.entities = {
        by_id[entity_id]: {
            "entity_id": entity_id,
            "state": row["state"],
            **{key: row["attributes"][key] for key in KEPT_ATTRIBUTES if key in row["attributes"]},
        }
        for entity_id, row in sorted(states(evening).items())
    }
    evening.note("announced", len(wanted))
    evening.note("made", len(registry))
    evening.note(
        "enabled at first", sum(each.get("enabled_by_default", True) for each in announced["components"].values())
    )
    evening.note("bytes of the message", len(evening.peer.payloads(CONFIG)[-1]))
    evening.note("unknown", sorted(key for key, row in evening.entities.items() if row["state"] == UNKNOWN))


def commands_arrive(evening: Evening) -> None:
    """Each kind of command, from the click to what Home Assistant shows of it."""
    arrived, act = [], evening.assistant.act

    def shown(service: str, entity_id: str, state: str | Callable[[str], bool], **values: Any) -> None:
        assert act(service, entity_id, **values) == 200, service
        took_s = evening.shows(entity_id, state)
        arrived.append(f"{service} {entity_id} {values or ''}".strip())
        print(f"  {arrived[-1]}: shown after {took_s:.1f} s", flush=True)

    dial = "number.pv_heater_water_heater"
    shown("number/set_value", f"{dial}_force_min", number(45), value=45)
    shown("number/set_value", f"{dial}_force_power", number(700), value=700)
    shown("select/select_option", MODE, "on", option="on")
    evening.shows(POWER, number(700), "it heats with 700 W")
    shown("select/select_option", MODE, "off", option="off")
    evening.shows(POWER, number(0), "it is off")
    shown("select/select_option", MODE, "auto", option="auto")
    shown("switch/turn_on", "switch.pv_heater_vacation", "on")
    shown("switch/turn_off", "switch.pv_heater_vacation", "off")
    for button in ("boost", "clear"):
        before = evening.assistant.state(f"button.pv_heater_pump_{button}")
        shown("button/press", f"button.pv_heater_pump_{button}", lambda seen, old=before: seen != old)
        until(lambda word=button: answer_to(evening, f"loads/pump/{word}/set") is not None, f"{button} is answered")
    evening.note("commands that arrived", arrived)
    before = len(evening.peer.payloads(f"{BOILER}/force_min/set"))
    evening.note("status of a number beyond its limits", act("number/set_value", f"{dial}_force_min", value=99_999))
    assert len(evening.peer.payloads(f"{BOILER}/force_min/set")) == before, "nothing was published"


def long_sentences_are_cut(evening: Evening) -> None:
    """A reason longer than any: shown up to where Home Assistant would refuse it, whole beside it."""
    told, why = evening.told(BOILER), "sensor.pv_heater_water_heater_why"
    long = json.dumps({**told, "why": {**told["why"], "because": "The sun is low, and " * 20}})
    seen: list[int] = []

    def cut() -> bool:
        evening.peer.publish(BOILER, long)  # the program goes on telling its own
        row = evening.assistant.states(why)[why]
        seen[:] = [len(row["state"]), len(row["attributes"].get("because") or "")]
        return seen[1] == 400

    until(cut, "the long reason is shown", 60.0)
    evening.note("characters of a long reason", seen)


def a_kill_and_a_stop_are_seen(evening: Evening) -> None:
    """Nobody believes old values of a program that is gone."""
    counted = float(evening.assistant.state(ENERGY) or 0)
    evening.kill()
    evening.note("seconds until a killed program is gone", round(until_gone(evening), 1))
    evening.start()
    evening.note("seconds until it is back", round(evening.shows(POWER, lambda seen: seen not in (GONE, UNKNOWN)), 1))
    assert float(evening.assistant.state(ENERGY) or 0) >= counted, "an energy went down"
    evening.stop()
    evening.note("seconds until a stopped program is gone", round(until_gone(evening), 1))
    evening.start()
    evening.shows(POWER, lambda seen: seen not in (GONE, UNKNOWN))


def home_assistant_restarts(evening: Evening) -> None:
    """It finds everything again, and is told everything again after its birth."""
    evening.assistant.stop()
    before, heard = len(evening.peer.payloads(CONFIG)), len(evening.peer.payloads(BIRTH))
    began_s = time.monotonic()
    evening.assistant.start()
    evening.shows(POWER, lambda seen: seen not in (GONE, UNKNOWN))
    evening.note("seconds of its restart until values are back", round(time.monotonic() - began_s, 1))
    until(lambda: b"online" in evening.peer.payloads(BIRTH)[heard:], "its birth was heard", 120.0)
    took_s = until(lambda: len(evening.peer.payloads(CONFIG)) > before, "it was told again", 60.0)
    evening.note("told again within 10 s of its birth", took_s < 10.0)
    evening.note("energy after its restart", kind_of(evening.assistant.state(ENERGY)))


def the_broker_restarts(evening: Evening) -> None:
    """With nothing kept: everything comes from us again."""
    evening.broker.stop()
    until_gone(evening)
    evening.broker.start()
    took_s = evening.shows(POWER, lambda seen: seen not in (GONE, UNKNOWN))
    evening.note("seconds until values are back after the broker's restart", round(took_s, 1))


def renamed_and_gone(evening: Evening) -> None:
    """A load under another name stays the same entities; one that is sold leaves none."""
    before = {row["entity_id"] for row in registry(evening)}
    evening.stop()
    evening.start({**BOILER_SETTINGS, "name": "hot_tank"})
    pump = {entity_id for entity_id in before if "_pump_" in entity_id}
    until(lambda: {row["entity_id"] for row in registry(evening)} == before - pump, "the pump is gone", 120.0)
    evening.shows(POWER, lambda seen: seen not in (GONE, UNKNOWN))
    row = evening.assistant.states(POWER)[POWER]
    evening.note("name of a renamed load's power", row["attributes"]["friendly_name"])
    evening.note("entities of a load that is gone", len(pump & {row["entity_id"] for row in registry(evening)}))


def the_other_form(evening: Evening) -> None:
    """One message for each entity, for who reads only those, and back again."""
    wanted = {row["unique_id"] for row in registry(evening)}
    single = "homeassistant/sensor/pv_heater/pv_w/config"
    for form, emptied in (("single", CONFIG), ("device", single)):
        evening.stop()
        before = len(evening.peer.payloads(emptied))
        evening.start({**BOILER_SETTINGS, "name": "hot_tank"}, home_assistant={"discovery": form})
        until(lambda topic=emptied, old=before: b"" in evening.peer.payloads(topic)[old:], "the other form is emptied")
        time.sleep(SETTLES_S)  # what was made by the other form goes, and comes by this one
        assert {row["unique_id"] for row in registry(evening)} == wanted, f"all are there as {form}"
        evening.shows(POWER, lambda seen: seen not in (GONE, UNKNOWN, ""), f"values come as {form}")
        evening.note(f"entities as {form}", len(states(evening)))


def the_energy_dashboard_agrees(evening: Evening) -> None:
    """What it says of our energies once it has the first statistics."""
    sensor = "sensor.pv_heater"
    sources = [
        {
            "type": "solar",
            "stat_energy_from": f"{sensor}_pv_energy",
            "stat_rate": f"{sensor}_pv_w",
            "config_entry_solar_forecast": None,
        },
        {
            "type": "grid",
            "flow_from": [],
            "flow_to": [
                {
                    "stat_energy_to": f"{sensor}_feed_in_energy",
                    "stat_compensation": None,
                    "entity_energy_price": None,
                    "number_energy_price": None,
                }
            ],
            "power": [{"stat_rate": f"{sensor}_grid_w"}],
            "cost_adjustment_day": 0.0,
        },
    ]
    devices = [
        {"stat_consumption": ENERGY, "stat_rate": POWER},
        {"stat_consumption": f"{sensor}_pump_energy", "stat_rate": f"{sensor}_pump_power"},
    ]
    prefs = {"type": "energy/save_prefs", "energy_sources": sources, "device_consumption": devices}
    [saved] = evening.assistant.ask(prefs)
    assert "refused" not in saved, saved
    begun_s = time.monotonic()
    last: list[Any] = []

    def accepted() -> bool:
        [last[:]] = [evening.assistant.ask({"type": "energy/validate"})]
        issues = [issue for part in last[0].values() for rows in part for issue in rows]
        return not issues

    until(accepted, "the energy dashboard accepts everything", STATISTICS_S, more=lambda: json.dumps(last))
    evening.note("energy/validate", last[0])
    print(f"  after {time.monotonic() - begun_s:.0f} s", flush=True)
    [statistics] = evening.assistant.ask({"type": "recorder/list_statistic_ids"})
    evening.note("statistics", sorted(row["statistic_id"] for row in statistics if "pv_heater" in row["statistic_id"]))


PARTS = (
    everything_is_there,
    commands_arrive,
    long_sentences_are_cut,
    a_kill_and_a_stop_are_seen,
    the_broker_restarts,
    the_energy_dashboard_agrees,
    renamed_and_gone,
    the_other_form,
    home_assistant_restarts,
)


def main() -> None:
    """Install, ask, keep."""
    parser = argparse.ArgumentParser()
    for name in ("--python", "--uv", "--cache"):
        parser.add_argument(name, required=True)
    words = parser.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    installed = install(words.python, words.uv, Path(words.cache))
    draft = Path(words.cache) / ANSWERS.name
    with tempfile.TemporaryDirectory() as folder, ExitStack() as ends:
        evening = Evening(installed, Path(folder), ends)
        wrong = [part.__name__ for part in PARTS if not _held(part, evening, draft)]
    if wrong:
        sys.exit(f"{', '.join(wrong)}: wrong; all that was answered is in {draft}")
    shutil.copyfile(draft, ANSWERS)


def _held(part: Callable[[Evening], None], evening: Evening, draft: Path) -> bool:
    """What is wrong does not end the evening, but is not for the fast tests to agree with."""
    print(part.__name__.replace("_", " "), flush=True)
    try:
        part(evening)
    except Exception:  # noqa: BLE001
        traceback.print_exc()
        return False
    never = [payload for _, payload in evening.peer.received if b"NaN" in payload or b"Infinity" in payload]
    evening.facts["messages with NaN"] = len(never)
    evening.facts["complaints of Home Assistant"] = evening.assistant.complaints("mqtt")
    found = {"home_assistant": VERSION, "facts": evening.facts, "entities": evening.entities}
    draft.write_text(json.dumps(found, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
    return True


if __name__ == "__main__":
    main()
