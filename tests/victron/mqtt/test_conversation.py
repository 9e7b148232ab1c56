"""What a GX device is asked, and when. No network and no waiting: time is an argument."""

from __future__ import annotations

import json

import pytest

from pv_heater.victron.mqtt.conversation import GxPace, GxTalk

PACE = GxPace()
FULL, AWAKE, OLD = "full", "stay awake", "old"


def kind(request: tuple[str, str]) -> str:
    topic, payload = request
    if topic == "system/0/Serial":
        return OLD
    return AWAKE if "suppress-republish" in payload else FULL


def requests(
    talk: GxTalk, seconds: int, *, beats: bool = False, completes: bool = False, values: bool = False
) -> list[tuple[int, str]]:
    """(second, kind) of everything that is asked in that time, of a device that answers so."""
    asked = []
    for second in range(seconds):
        if beats:
            talk.heard_heartbeat()
        if values:
            talk.heard_value(float(second))
        request = talk.due(float(second))
        if request is not None:
            asked.append((second, kind(request)))
            if completes and kind(request) == FULL:
                talk.heard_completed(_answer(request[1]))
    return asked


def _answer(payload: str) -> bytes:
    echo = json.loads(payload)["keepalive-options"][0] if payload else {}
    return json.dumps({"value": 1795238292, **echo}).encode()


def test_a_device_that_answers_is_asked_for_everything_every_three_minutes() -> None:
    asked = requests(GxTalk(PACE, "me"), 400, beats=True, completes=True)
    assert asked == [
        (0, FULL), *((25 * number, AWAKE) for number in range(1, 8)),
        (180, FULL), *((180 + 25 * number, AWAKE) for number in range(1, 8)),
        (360, FULL), (385, AWAKE),
    ]  # fmt: skip


def test_a_device_that_beats_but_does_not_complete_is_asked_every_two_seconds() -> None:
    talk = GxTalk(PACE, "me")
    assert requests(talk, 10, beats=True, values=True) == [(second, FULL) for second in range(0, 10, 2)]
    assert not talk.is_complete(10.0)


def test_a_device_that_is_silent_is_asked_every_two_seconds_and_is_not_old() -> None:
    talk = GxTalk(PACE, "me")
    assert requests(talk, 10) == [(second, FULL) for second in range(0, 10, 2)]
    assert not talk.is_old


def test_values_without_a_heartbeat_are_old_firmware() -> None:
    talk = GxTalk(PACE, "me")
    asked = requests(talk, 20, values=True)
    assert asked[:2] == [(0, FULL), (2, FULL)]
    assert {name for _, name in asked[2:]} == {OLD}
    assert talk.is_old
    assert talk.is_complete(20.0)
    talk.heard_heartbeat()
    assert not talk.is_old


def test_the_first_request_is_plain_and_later_ones_are_marked_as_ours() -> None:
    talk = GxTalk(PACE, "me")
    assert talk.due(0.0) == ("keepalive", "")
    talk.heard_heartbeat()
    request = talk.due(2.0)
    assert request is not None
    assert json.loads(request[1]) == {"keepalive-options": [{"full-publish-completed-echo": "me"}]}


@pytest.mark.parametrize(
    ("payload", "completes"),
    [
        (b'{"value":1795238292}', True),
        (b'{"value":1795238292,"full-publish-completed-echo":"me"}', True),
        (b'{"full-publish-completed-echo":"somebody","value":1795238292}', False),
        (b"", False),
        (b"[]", False),
        (b"17", False),
        (b'{"full-publish', False),
        (b"\xff", False),
        (b"[" * 4000, False),
    ],
    ids=["no echo", "ours", "another client's", "zero bytes", "list", "number", "truncated", "no text", "deep"],
)
def test_only_the_end_of_a_full_publish_that_we_saw_begin_counts(payload: bytes, completes: bool) -> None:
    talk = GxTalk(PACE, "me")
    talk.due(0.0)
    talk.heard_completed(payload)
    assert talk.is_complete(1.0) is completes


def test_another_clients_full_publish_counts_once_we_have_listened_long_enough() -> None:
    talk = GxTalk(PACE, "me")
    for second in (0.0, PACE.retry_s):
        talk.due(second)
    talk.heard_completed(b'{"full-publish-completed-echo":"somebody","value":1795238292}')
    assert talk.is_complete(PACE.retry_s)


def test_what_is_missing_is_asked_for_again_but_not_all_the_time() -> None:
    talk = GxTalk(PACE, "me")
    assert requests(talk, 1, beats=True, completes=True) == [(0, FULL)]
    asked = []
    for second in range(1, 35):
        talk.miss()
        request = talk.due(float(second))
        if request is not None:
            asked.append(second)
            talk.heard_completed(_answer(request[1]))
    assert asked == [10, 20, 30]
