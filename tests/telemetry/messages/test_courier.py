"""One recipient's queue: until it has arrived, at most a day, bounded, and saved."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from pv_heater.errors import AuthRejected, BadReply, RateLimited, SourceError, Unreachable
from pv_heater.telemetry.messages.courier import Courier
from pv_heater.telemetry.messages.message import Message, Urgency
from pv_heater.telemetry.messages.outbox import MOST, Outbox
from pv_heater.telemetry.messages.words import Words
from tests.telemetry.messages.documents import NOON

WORDS = Words("en")


def message(title: str = "a", urgency: Urgency = Urgency.ALARM) -> Message:
    return Message(title=title, text="text", urgency=urgency, kind="hardware", at=NOON)


class Way:
    """A courier on a clock of its own, to somebody who takes messages unless `trouble` says why not."""

    def __init__(self) -> None:
        self.at, self.now_s = NOON, 100.0
        self.arrived: list[Message] = []
        self.trouble: Exception | None = None
        self.changes = 0
        self.courier = self.made()

    def made(self) -> Courier:
        return Courier(
            "ntfy", self, Outbox(WORDS), now=lambda: self.at, monotonic_s=lambda: self.now_s, changed=self.note
        )

    def note(self) -> None:
        self.changes += 1

    def send(self, sent: Message) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.arrived.append(sent)

    def close(self) -> None: ...

    def go_on(self, seconds: float) -> None:
        """As the thread does, without waiting."""
        until_s = self.now_s + seconds
        while True:
            wait_s = self.courier.turn()
            step_s = min(wait_s, until_s - self.now_s)
            self.now_s, self.at = self.now_s + step_s, self.at + timedelta(seconds=step_s)
            if self.now_s >= until_s and wait_s > 0:
                return

    @property
    def titles(self) -> list[str]:
        return [sent.title for sent in self.arrived]


def test_they_arrive_in_their_order() -> None:
    way = Way()
    way.courier.add([message("a"), message("b")])
    way.go_on(1)
    assert (way.titles, way.changes) == (["a", "b"], 2)
    assert way.courier.status().trouble is None


def test_while_offline_they_wait_and_arrive_when_it_is_over() -> None:
    way = Way()
    way.trouble = Unreachable("ntfy cannot be reached")
    way.courier.add([message("a")])
    way.go_on(3600)
    way.courier.add([message("b")])
    assert way.courier.status().trouble == "ntfy cannot be reached (2 waiting)"
    way.trouble = None
    way.go_on(300)
    assert way.titles == ["a", "b"]
    assert way.courier.status().trouble is None


def test_after_a_day_they_are_dropped_and_that_is_told() -> None:
    way = Way()
    way.trouble = Unreachable("gone")
    way.courier.add([message("a"), message("b")])
    way.go_on(86_400 - 600)
    way.courier.add([message("c")])
    way.go_on(1200)
    way.trouble = None
    way.go_on(600)
    assert way.titles == ["Messages were lost", "c"]
    assert way.arrived[0].text == "2 messages could not be sent within a day and were dropped: a; b"
    way.courier.add([message("d")])
    way.go_on(1)
    assert way.titles[2:] == ["d"]


@pytest.mark.parametrize(
    ("trouble", "after_s"),
    [
        (RateLimited("slow down", retry_after_s=400.0), 400.0),
        (AuthRejected("no"), 600.0),
        (Unreachable("gone"), 30.0),
        (RuntimeError("token 123:secret"), 30.0),
    ],
)
def test_it_is_tried_again_when_that_makes_sense(trouble: Exception, after_s: float) -> None:
    way = Way()
    way.trouble = trouble
    way.courier.add([message()])
    assert way.courier.turn() == after_s
    way.trouble = None
    way.go_on(after_s - 1)
    assert way.titles == []
    way.go_on(2)
    assert way.titles == ["a"]


def test_a_bug_in_a_library_shows_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    way = Way()
    way.trouble = RuntimeError("https://api.telegram.org/bot123:secret/sendMessage")
    way.courier.add([message()])
    way.courier.turn()
    assert "secret" not in f"{way.courier.status()} {caplog.text}"
    assert "unexpected RuntimeError" in caplog.text


def test_a_message_that_is_refused_for_what_it_says_does_not_keep_back_the_others() -> None:
    way = Way()

    def send(sent: Message) -> None:
        if sent.title == "a":
            raise BadReply("too long")
        way.arrived.append(sent)

    way.send = send  # type: ignore[method-assign]
    way.courier = way.made()
    way.courier.add([message("a"), message("b")])
    way.go_on(60)
    assert way.titles == ["b"]


def test_a_trouble_is_logged_once_and_its_end(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    way = Way()
    way.trouble = Unreachable("gone")
    way.courier.add([message()])
    way.go_on(3600)
    way.trouble = None
    way.go_on(600)
    assert [record.getMessage() for record in caplog.records] == [
        "messages ntfy: gone. Next try in 30 s.",
        "messages ntfy: they arrive again; 15 tries failed.",
    ]


def test_the_queue_is_bounded_and_danger_goes_last() -> None:
    way = Way()
    way.trouble = Unreachable("gone")
    way.courier.add([message("danger", Urgency.DANGER)])
    way.courier.add([message(str(number)) for number in range(MOST + 20)])
    way.trouble = None
    way.go_on(60)
    assert len(way.arrived) == MOST + 1
    assert way.arrived[0].text.startswith("21 messages could not be sent")
    assert (way.titles[1], way.titles[-1]) == ("danger", str(MOST + 19))


def test_what_waits_survives_a_restart_and_does_not_begin_its_day_anew() -> None:
    way = Way()
    way.trouble = Unreachable("gone")
    way.courier.add([message("a")])
    way.go_on(20 * 3600)
    way.courier.add([message("b")])
    saved = way.courier.as_json(way.at, way.now_s)
    way.at, way.now_s = way.at + timedelta(hours=5), 3.0
    way.courier = way.made()
    way.courier.restore(saved, way.at, way.now_s)
    way.trouble = None
    way.go_on(10)
    assert way.titles == ["Messages were lost", "b"]


@pytest.mark.parametrize(
    "saved",
    [{}, {"waiting": 5}, {"waiting": [None, {"message": {"title": 7}}, {"message": {}, "since_at": "x"}]},
     {"dropped": "x", "titles": 4}, {"waiting": [{"message": message().as_json() | {"urgency": "x"}}]}],
)  # fmt: skip
def test_a_damaged_queue_is_an_empty_one(saved: dict[str, Any]) -> None:
    way = Way()
    way.courier.restore(saved, way.at, way.now_s)
    way.courier.add([message("a")])
    way.go_on(1)
    assert way.titles == ["a"]


def test_a_source_error_that_wishes_for_a_day_is_heard_for_an_hour() -> None:
    way = Way()
    way.trouble = SourceError("later", retry_after_s=1e9)
    way.courier.add([message()])
    assert way.courier.turn() == 3600.0
