"""What may be asked over MQTT and what is answered, without a broker in between."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from pv_heater.core.model.requests import Mode
from pv_heater.core.model.values import Phase
from pv_heater.telemetry.identities import identities_of
from pv_heater.telemetry.mqtt.commands import AT_ONCE, Commands
from pv_heater.telemetry.mqtt.dials import Dials
from pv_heater.telemetry.mqtt.request import LONGEST_PAYLOAD
from pv_heater.telemetry.mqtt.topics import Topics
from tests.builders import heater
from tests.web.rig import WebHome


class Asked:
    """A home, its commands, and what they answered; a second passes before each, so that none is too many."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.house, self.dials, self.now_s = WebHome(**settings), Dials(), 0.0
        self.answers: list[Any] = []
        identities = identities_of(self.house.home, folder)
        self.commands = Commands(
            self.house.home, Topics("home"), identities, self.dials, self.answers.append, lambda: self.now_s
        )
        self.house.tick()

    def __call__(self, topic: str, payload: str | bytes, *, at_once: bool = False) -> Any:
        self.now_s += 0.0 if at_once else 1.0
        self.commands.heard(f"home/{topic}", payload if isinstance(payload, bytes) else payload.encode())
        return self.answers[-1] if self.answers else None

    def set(self, **request: Any) -> Any:
        return self("set", json.dumps(request))

    def load(self, name: str = "heater") -> Any:
        self.house.tick()
        status = self.house.home.status()
        assert status is not None
        return status.decision.loads[name]


@pytest.fixture
def ask(tmp_path: Path) -> Asked:
    return Asked(tmp_path)


def test_a_request_is_obeyed_answered_and_logged(ask: Asked, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    answer = ask.set(command="force", load="heater", mode="off", for_s=600, id="a1")
    assert (answer["ok"], answer["id"], answer["topic"]) == (True, "a1", "home/set")
    assert answer["message"].startswith("heater: off until")
    assert ask.load().mode is Mode.OFF
    assert f"mqtt: {answer['message']}, asked at home/set." in caplog.messages


def test_a_mode_lasts_as_long_as_its_dial_says(ask: Asked) -> None:
    assert ask("loads/heater/force_min/set", "15")["message"] == "heater: the next mode on or off lasts 15 min"
    assert ask("loads/heater/mode/set", "OFF")["ok"]
    state = ask.load()
    assert state.mode is Mode.OFF
    assert round((state.until_at - state.since_at).total_seconds(), -1) == 900
    assert ask("loads/heater/mode/set", "auto")["ok"]
    assert ask.load().mode is Mode.AUTO


def test_a_power_waits_for_mode_on_and_never_switches_on(ask: Asked) -> None:
    assert ask("loads/heater/power_w/set", "700.0")["message"] == "heater: the next mode on takes 700 W"
    assert ask.load().mode is Mode.AUTO
    assert not ask("loads/heater/power_w/set", "9000")["ok"]
    assert ask.dials.of("heater").power_w == 700
    assert ask("loads/heater/power_w/set", "max")["ok"]
    assert ask.dials.of("heater").power_w is None


def test_a_power_leaves_a_mode_without_an_end_without_one(tmp_path: Path) -> None:
    ask = Asked(tmp_path, loads=[heater(forced_without_end=True)])
    assert ask.set(command="force", load="heater", mode="on", for_good=True)["message"].startswith(
        "heater: on with 2.0 kW for good"
    )
    assert ask.load().until_at is None
    assert ask("loads/heater/power_w/set", "700")["ok"]
    state = ask.load()
    assert (state.mode, state.until_at, state.power_w) == (Mode.ON, None, 700)


def test_boost_clear_and_vacation(ask: Asked) -> None:
    assert ask("loads/heater/boost/set", "PRESS")["message"].startswith("heater: on with up to")
    assert ask("loads/pump/clear/set", "PRESS")["error"] == "pump has no fault"
    assert ask("vacation/set", "2026-07-01T12:00:00+02:00")["message"].startswith("vacation until 2026-07-01 12:00")
    assert ask("vacation/set", "ON")["message"].startswith("vacation until 2027-06-2")
    ask.load()
    assert ask("vacation/set", "OFF")["message"] == "the vacation is over, the sun decides again"


def test_off_opens_everything_at_once_and_says_who(ask: Asked) -> None:
    assert ask("off/set", "PRESS")["ok"]
    assert [output.trips for output in ask.house.outputs] == [1, 1]
    state = ask.load()
    assert state.phase is Phase.FAULT
    assert "switched off by MQTT" in state.because
    assert ask("loads/heater/clear/set", "PRESS")["ok"]


@pytest.mark.parametrize(
    ("topic", "payload", "said"),
    [
        ("set", b"", "an empty message is no command"),
        ("set", b"\xff\xfe", "not text in UTF-8"),
        ("set", b"[" * 1500, "must be a JSON object"),
        ("set", b" " * (LONGEST_PAYLOAD + 1), f"at most {LONGEST_PAYLOAD} are read"),
        ("set", b"[1]", "must be a JSON object"),
        ("set", b'{"command": "force", "load": "heater", "mode": "on", "for_s": NaN}', "NaN is no number in JSON"),
        ("set", b'{"command": "force", "load": "heater", "mode": "on", "for_s": 1e999}', "for_s must be a number"),
        ("set", b'{"command": "force", "command": "off"}', "a key stands in it twice"),
        ("set", b'{"command": "force", "load": "heater", "mode": "on", "for": 60}', "'for' is not known"),
        ("set", b'{"command": "try", "load": "heater"}', "command must be force, boost, clear, vacation, off"),
        ("set", b'{"command": "status"}', "command must be"),
        ("set", b'{"command": "off", "id": [1]}', "id must be a text"),
        ("set", b'{"command": "off", "id": "\\ud800"}', "id must be a text"),
        ("set", b'{"command": "clear", "load": "attic"}', "there is no load 'attic'; there is heater, pump"),
        ("loads/heater/mode/set", b"full", "the mode must be on, off or auto"),
        ("loads/heater/mode/set", b"", "an empty message is no command"),
        ("loads/heater/boost/set", b"", "an empty message is no command"),
        ("off/set", b"", "an empty message is no command"),
        ("loads/heater/power_w/set", b"nan", "must be a number"),
        ("loads/heater/force_min/set", b"0", "must be 1 to 10080"),
        ("loads/heater/force_min/set", b"inf", "must be a number"),
        ("loads/attic/mode/set", b"on", "there is no such load; in topics there is heater, pump"),
        ("vacation/set", b"tomorrow", "must be a time with its offset"),
        ("vacation/set", b"2020-01-01T00:00:00+00:00", "must lie ahead"),
        ("something/else", b"1", "there is no such load"),
    ],
)  # fmt: skip
def test_garbage_is_refused_with_what_would_be_right(ask: Asked, topic: str, payload: bytes, said: str) -> None:
    answer = ask(topic, payload)
    assert not answer["ok"]
    assert said in answer["error"]
    assert {ask.load(name).mode for name in ("heater", "pump")} == {Mode.AUTO}
    assert not any(output.trips for output in ask.house.outputs)


def test_a_flood_is_passed_over_after_a_few_and_said_once(ask: Asked, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(500):
        ask("loads/heater/force_min/set", str(1 + number), at_once=True)
    assert ask.dials.of("heater").force_min == AT_ONCE
    assert len(ask.answers) == AT_ONCE + 1
    assert "too many commands" in ask.answers[-1]["error"]
    assert len(caplog.messages) == 1
    assert ask("off/set", "PRESS", at_once=True)["ok"], "an off has an allowance of its own"
    assert ask("set", '{"command": "off"}', at_once=True)["ok"]


def test_what_the_broker_had_kept_is_said_once_and_not_obeyed(ask: Asked, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        ask.commands.heard_retained("home/loads/heater/mode/set", b"on")
    assert (ask.answers, ask.load().mode) == ([], Mode.AUTO)
    assert [text for text in caplog.messages if "the broker kept a command at home/loads/heater/mode/set" in text] == [
        caplog.messages[0]
    ]


def test_before_the_first_tick_nothing_is_obeyed(tmp_path: Path) -> None:
    ask = Asked(tmp_path)
    ask.house = WebHome()
    ask.commands = Commands(
        ask.house.home, Topics("home"), {"heater": "heater"}, ask.dials, ask.answers.append, lambda: ask.now_s
    )
    for topic, payload in (("vacation/set", "ON"), ("loads/heater/mode/set", "on")):
        assert "has not completed its first tick yet" in ask(topic, payload)["error"]


def test_a_renamed_load_answers_to_both_of_its_names(tmp_path: Path) -> None:
    ask = Asked(tmp_path)
    ask.commands = Commands(
        ask.house.home, Topics("home"), {"heater": "boiler", "pump": "pump"}, ask.dials, ask.answers.append,
        lambda: ask.now_s,
    )  # fmt: skip
    assert ask("loads/boiler/mode/set", "off")["message"].startswith("heater: off")
    assert ask.set(command="force", load="boiler", mode="auto")["ok"]
    assert ask.set(command="force", load="heater", mode="auto")["ok"]
    assert not ask("loads/heater/mode/set", "off")["ok"]
