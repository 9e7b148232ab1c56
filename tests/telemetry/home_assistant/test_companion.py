"""When Home Assistant is told, and what becomes of what was announced before."""

import json
from collections.abc import Mapping
from typing import Any

from pv_heater.core.settings.mqtt import HomeAssistant, Mqtt
from pv_heater.telemetry.home_assistant.companion import LONGEST_S, MOST, SHORTEST_S, HomeAssistantCompanion
from tests.builders import heater
from tests.telemetry.home_assistant.rules import faults
from tests.web.rig import WebHome

ALL = "homeassistant/device/pv_heater/config"
BIRTH = "homeassistant/status"


def companion(*names: str, commands: bool = True, **own: Any) -> HomeAssistantCompanion:
    rig = WebHome(loads=[heater(name) for name in names or ("boiler",)])
    ids = {name: name for name in rig.home.policies()}
    settings = Mqtt(commands=commands)
    return HomeAssistantCompanion(
        settings, HomeAssistant(**own), rig.home, ids, between=lambda low, high: (low + high) / 2
    )


def told(one: HomeAssistantCompanion) -> dict[str, Any]:
    """The message for all of it."""
    messages = dict(one.announcements())
    found: dict[str, Any] = json.loads(messages[ALL])
    assert faults(found) == []
    return found


def components(one: HomeAssistantCompanion) -> Mapping[str, Mapping[str, Any]]:
    found: dict[str, Any] = told(one)["components"]
    return found


def test_at_its_birth_everything_comes_again_after_a_few_seconds() -> None:
    one = companion()
    assert BIRTH in one.topics
    assert one.heard(BIRTH, b"online", retained=False) == (SHORTEST_S + LONGEST_S) / 2
    assert one.heard(BIRTH, b"offline", retained=False) is None


def test_a_birth_that_the_broker_kept_is_an_old_one() -> None:
    assert companion().heard(BIRTH, b"online", retained=True) is None


def test_a_load_that_is_gone_is_retired_by_what_the_broker_kept() -> None:
    before = companion("boiler", "pump").announcements()
    now = companion("boiler")
    assert now.heard(ALL, before[0][1], retained=True) == 0.0
    found = components(now)
    retired = {key for key, each in found.items() if set(each) == {"p"}}
    assert {key for key in components(companion("boiler", "pump")) if key.startswith("load_pump_")} == retired
    assert now.heard(ALL, now.announcements()[0][1], retained=True) is None, "what is retired already is no news"


def test_what_it_hears_of_its_own_words_is_no_news() -> None:
    one = companion()
    assert one.heard(ALL, one.announcements()[0][1], retained=True) is None
    assert one.heard(ALL, companion("other").announcements()[0][1], retained=False) is None, (
        "not retained: said just now"
    )


def test_entities_that_give_commands_are_retired_where_commands_are_not_taken() -> None:
    one = companion(commands=False)
    assert one.heard(ALL, companion().announcements()[0][1], retained=True) == 0.0
    assert components(one)["load_boiler_mode"] == {"p": "select"}
    assert components(one)["load_boiler_mode_shown"]["p"] == "sensor"


def test_with_a_message_for_each_entity_the_gone_ones_are_emptied() -> None:
    one = companion(discovery="single")
    gone, there = "homeassistant/select/pv_heater/load_old_mode/config", "homeassistant/sensor/pv_heater/pv_w/config"
    assert one.heard(there, b"{}", retained=True) is None
    assert one.heard(gone, b"{}", retained=True) == 0.0
    messages = dict(one.announcements())
    assert messages[gone] == b""
    assert ALL not in messages
    assert json.loads(messages[there])["unique_id"] == "pv_heater_pv_w"


def test_the_other_form_is_taken_back() -> None:
    single, whole = companion(discovery="single"), companion()
    assert single.heard(ALL, whole.announcements()[0][1], retained=True) == 0.0
    assert dict(single.announcements())[ALL] == b""
    topic, payload = single.announcements()[1]
    assert whole.heard(topic, payload, retained=True) == 0.0
    assert dict(whole.announcements())[topic] == b""


def test_rubbish_that_the_broker_kept_changes_nothing() -> None:
    one = companion()
    before = one.announcements()
    for payload in (
        b"",
        b"\xff",
        b"[]",
        b'{"components": []}',
        b'{"components": {"a": 1}}',
        b'{"components": {"a": {"p": "lamp", "unique_id": "x"}}}',
        b'{"components": {"a": {"p": {}, "unique_id": "x"}}}',
        b"[" * 100_000,
        b"x" * 2_000_000,
    ):
        assert one.heard(ALL, payload, retained=True) is None, payload[:40]
    for topic in ("homeassistant/lamp/pv_heater/x/config", "homeassistant/sensor/other/x/config", "shop/light", ""):
        assert one.heard(topic, b"{}", retained=True) is None, topic
    assert one.announcements() == before


def test_a_broker_that_lies_does_not_fill_the_memory() -> None:
    one = companion(discovery="single")
    for number in range(MOST + 100):
        one.heard(f"homeassistant/sensor/pv_heater/x{number}/config", b"{}", retained=True)
    assert len(one.announcements()) <= MOST + 100


def test_another_prefix() -> None:
    one = companion(prefix="ha")
    assert {topic for topic, _ in one.announcements()} == {"ha/device/pv_heater/config"}
    assert "ha/status" in one.topics
