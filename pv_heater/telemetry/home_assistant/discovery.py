"""The messages by which Home Assistant finds the home: one for all of it, or one for each entity. Pure.

The device is known by the first part of the topics, since two homes at one broker cannot share that, and a load by its
identity (`telemetry.identities`): neither a new name of the home nor one of a load makes a second one there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from zlib import crc32

from pv_heater import __version__
from pv_heater.core.model.lean import dataclass
from pv_heater.core.settings.home import Site
from pv_heater.core.settings.load import LoadSettings
from pv_heater.status.strict_json import json_bytes
from pv_heater.telemetry.home_assistant.entities import of_a_load, of_the_home
from pv_heater.telemetry.home_assistant.entity import Entity
from pv_heater.telemetry.mqtt import topics as told_at
from pv_heater.telemetry.mqtt.topics import Topics

PROGRAM = "pv_heater"
QOS = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """All that is told of one home."""

    device_id: str
    device: Mapping[str, Any]
    """What every entity belongs to, who says so, and where it is said that we are there."""
    components: Mapping[str, Mapping[str, Any]]
    """Each entity in Home Assistant's words, by a key of its own; ``p`` is its platform."""


def announced(
    site: Site,
    loads: Mapping[str, LoadSettings],
    identities: Mapping[str, str],
    topics: Topics,
    *,
    commands: bool,
    water_heater: bool,
) -> Announced:
    """Of a home and its loads, both by the loads' names; `identities` are those of `telemetry.identities`."""
    device_id = device_id_of(topics.base)
    components = {
        entity.key: _component(entity, device_id, entity.key, topics.of(told_at.STATUS), _of_home(topics))
        for entity in of_the_home(site, commands=commands)
    }
    for name, policy in loads.items():
        identity = identities[name]
        for entity in of_a_load(policy, commands=commands, water_heater=water_heater):
            key, part = f"load_{identity}_{entity.key}", f"{identity}_{entity.key}"
            named = f"{words_of(name)} {entity.name}".strip()
            found = _component(
                entity, device_id, part, topics.of(told_at.LOAD_STATE, identity), _of_load(topics, identity)
            )
            components[key] = {**found, "unique_id": f"{device_id}_{key}", "name": named}
    return Announced(device_id=device_id, device=_device(site, device_id, topics), components=components)


def device_id_of(base: str) -> str:
    """By the first part of the topics, in the characters that a topic of Home Assistant's may have."""
    plain = re.sub(r"[^a-zA-Z0-9_-]", "_", base)
    different = "" if plain == base else f"_{crc32(base.encode()):08x}"
    return f"{'' if plain.startswith(PROGRAM) else f'{PROGRAM}_'}{plain}{different}"


def words_of(name: str) -> str:
    """``water_heater`` as people read it."""
    return name.replace("_", " ").strip().capitalize()


def as_one(home: Announced, prefix: str, gone: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    """The message for all of it; of `gone`, which was told before and is no more, the platforms by their keys."""
    retired = {key: {"p": platform} for key, platform in gone.items()}
    body = {**home.device, "qos": QOS, "components": {**home.components, **retired}}
    yield topic_of_all(prefix, home.device_id), json_bytes(body)


def one_by_one(home: Announced, prefix: str, gone: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    """A message for each entity, for readers that do not know the one for all; an empty one retires what is gone."""
    for key, platform in gone.items():
        yield _topic_of_one(prefix, platform, home.device_id, key), b""
    for key, component in home.components.items():
        told = {name: value for name, value in component.items() if name != "p"}
        topic = _topic_of_one(prefix, str(component["p"]), home.device_id, key)
        yield topic, json_bytes({**home.device, "qos": QOS, **told})


def topic_of_all(prefix: str, device_id: str) -> str:
    """Where `as_one` is published."""
    return f"{prefix}/device/{device_id}/config"


def _topic_of_one(prefix: str, platform: str, device_id: str, key: str) -> str:
    return f"{prefix}/{platform}/{device_id}/{key}/config"


def _device(site: Site, device_id: str, topics: Topics) -> dict[str, Any]:
    name = "pv-heater" if site.name.lower() in ("home", "") else f"pv-heater {site.name}"
    return {
        "device": {
            "identifiers": [device_id],
            "name": name,
            "manufacturer": "pv-heater",
            "model": "surplus controller",
            "sw_version": __version__,
        },
        "origin": {"name": "pv-heater", "sw_version": __version__},
        "availability": [
            {
                "topic": topics.of(told_at.AVAILABILITY),
                "payload_available": told_at.ONLINE,
                "payload_not_available": told_at.OFFLINE,
            }
        ],
    }


def _of_home(topics: Topics) -> dict[str, str]:
    return {"vacation": topics.of(told_at.VACATION), "off": topics.of(told_at.OFF)}


def _of_load(topics: Topics, identity: str) -> dict[str, str]:
    return {
        "mode": topics.of(told_at.MODE, identity),
        "force_min": topics.of(told_at.FORCE_MIN, identity),
        "power_w": topics.of(told_at.POWER, identity),
        "boost": topics.of(told_at.BOOST, identity),
        "clear": topics.of(told_at.CLEAR, identity),
    }


def _component(
    entity: Entity, device_id: str, part: str, state_topic: str, commands: Mapping[str, str]
) -> dict[str, Any]:
    told: dict[str, Any] = {
        "p": entity.platform,
        "unique_id": f"{device_id}_{part}",
        "default_entity_id": f"{entity.platform}.{device_id}_{part}".lower(),
        "name": entity.name,
        **{key: value for key, value in entity.more.items() if value is not None},
    }
    if entity.platform == "water_heater":
        return {**told, **_topics_of_a_water_heater(state_topic, commands["mode"])}
    if entity.value is not None:
        told |= {"state_topic": state_topic, "value_template": entity.value}
    if entity.command is not None:
        told["command_topic"] = commands[entity.command]
    if entity.attributes is not None:
        told |= {"json_attributes_topic": state_topic, "json_attributes_template": entity.attributes}
    return told


def _topics_of_a_water_heater(state_topic: str, mode_topic: str) -> dict[str, str]:
    return {
        "mode_state_topic": state_topic,
        "current_temperature_topic": state_topic,
        "temperature_state_topic": state_topic,
        "mode_command_topic": mode_topic,
    }
