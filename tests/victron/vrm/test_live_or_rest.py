"""Which of the two ways to the portal counts, on a clock that is moved by hand: live values, and REST behind them."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from pv_heater.core.model.setting import Secret
from pv_heater.core.model.values import Reading
from pv_heater.errors import AuthRejected, BadReply, Unreachable
from pv_heater.victron.vrm.live_meter import LiveVrmMeter
from tests.source_tools import HandClock, tools_for
from tests.vrm_server import VrmServer

SILENCE_S = 25.0


class ScriptedLive:
    """Tells what is laid out, else nothing for two seconds at a time."""

    silence_s = SILENCE_S
    clock_offset_s = 7.0

    def __init__(self, broker: Any, clock: HandClock) -> None:
        self.broker, self.clock = broker, clock
        self.trouble: str | None = None
        self.words: deque[str | Exception] = deque()
        self.reads = 0
        self.closed = False

    def read(self) -> Reading:
        self.reads += 1
        if not self.words:
            self.clock.advance(2.0)
            raise Unreachable(f"VRM's broker {self.trouble or 'has been silent for a while'}")
        self.clock.advance(1.0)
        word = self.words.popleft()
        if isinstance(word, Exception):
            raise word
        return Reading(taken_at=self.clock.now() - timedelta(seconds=2), source="vrm live", grid_w=1.0)

    def close(self) -> None:
        self.closed = True


class Home:
    """A meter, both of its sides, and the clock."""

    def __init__(self, rest: VrmServer, tmp_path: Path) -> None:
        self.clock, self.rest = HandClock(), rest
        rest.clock = lambda: self.clock.now().timestamp()
        rest.site |= {"identifier": "c0619ab27f32"}
        self.links: list[ScriptedLive] = []
        settings = LiveVrmMeter.Settings(
            base_url=rest.url, token=Secret(rest.token), installation_id=rest.installation_id
        )
        self.meter = LiveVrmMeter(settings, tools_for(tmp_path, clock=self.clock), connect=self._connect)
        self.first_trouble: str | None = None

    def _connect(self, broker: Any) -> ScriptedLive:
        self.links.append(ScriptedLive(broker, self.clock))
        self.links[-1].trouble = self.first_trouble
        self.links[-1].words.extend(self.first_words)
        return self.links[-1]

    first_words: tuple[str | Exception, ...] = ()

    @property
    def live(self) -> ScriptedLive:
        return self.links[-1]

    @property
    def polls(self) -> int:
        return self.rest.count("diagnostics")


@pytest.fixture(scope="module")
def running_rest() -> Iterator[VrmServer]:
    with VrmServer() as rest:
        yield rest


@pytest.fixture
def home(running_rest: VrmServer, tmp_path: Path) -> Home:
    running_rest.reset()
    return Home(running_rest, tmp_path)


def speaking(home: Home) -> Home:
    """One that has told its first reading live."""
    home.first_words = ("on",)
    assert home.meter.read().source == "vrm live"
    return home


def test_the_first_reading_waits_for_the_broker_while_there_is_hope(home: Home) -> None:
    began_s = home.clock.monotonic_s()
    assert home.meter.read().source == "vrm"
    assert SILENCE_S <= home.clock.monotonic_s() - began_s < SILENCE_S + 4
    broker = home.live.broker
    assert (broker.address, broker.username) == ("mqtt42.victronenergy.com:8883", home.rest.email)
    assert (broker.portal_id, broker.tls) == ("c0619ab27f32", True)
    assert home.rest.token not in repr(broker)


def test_a_broker_that_cannot_be_reached_is_not_waited_for(home: Home) -> None:
    home.first_trouble = "cannot be reached"
    began_s = home.clock.monotonic_s()
    assert home.meter.read().source == "vrm"
    assert home.clock.monotonic_s() - began_s <= 2


def test_while_it_speaks_rest_is_left_in_peace(home: Home) -> None:
    speaking(home)
    for _ in range(100):
        home.live.words.append("on")
        home.clock.advance(60.0)
        assert home.meter.read().source == "vrm live"
    assert home.polls == 0
    assert home.meter.clock_offset_s == 7.0


def test_rest_takes_over_at_its_own_pace_and_gives_back(home: Home) -> None:
    speaking(home)
    before_s = home.clock.monotonic_s()
    assert home.meter.read().source == "vrm"
    assert SILENCE_S <= home.clock.monotonic_s() - before_s <= SILENCE_S + 3
    for _ in range(3):
        before_s = home.clock.monotonic_s()
        assert home.meter.read().source == "vrm"
        assert 58 <= home.clock.monotonic_s() - before_s <= 63
    assert home.polls == 4
    home.live.words.append("on")
    assert home.meter.read().source == "vrm live"
    assert home.polls == 4


def test_what_rest_knew_before_the_silence_is_no_news(home: Home) -> None:
    speaking(home)
    last_at = home.clock.now()
    home.rest.age_s = 90.0
    seen = home.meter.read()
    assert seen.taken_at > last_at - timedelta(seconds=2)
    assert home.polls > 1


def test_after_a_long_silence_rest_may_tell_whatever_it_knows(home: Home) -> None:
    """How old it is, it says itself; our clock may be ahead of the portal's."""
    speaking(home)
    began_s = home.clock.monotonic_s()
    home.rest.clock = lambda: 1_700_000_000.0
    assert home.meter.read().taken_at.year == 2023
    assert home.clock.monotonic_s() - began_s >= 180


def test_a_house_that_is_not_whole_is_not_asked_for_elsewhere(home: Home) -> None:
    """The portal shows the same false grid, and does not know that it is one."""
    speaking(home)
    for _ in range(60):
        home.live.words.append(BadReply("the GX device lost its grid meter"))
        with pytest.raises(BadReply):
            home.meter.read()
    assert home.polls == 0


def test_when_neither_answers_both_are_tried_on_and_rest_more_and_more_rarely(home: Home) -> None:
    speaking(home)
    home.rest.status = 503
    tries_s = []
    for _ in range(6):
        with pytest.raises(Unreachable, match="503"):
            home.meter.read()
        tries_s.append(home.clock.monotonic_s())
    gaps_s = [later - earlier for earlier, later in pairwise(tries_s)]
    assert [round(gap_s / 60) for gap_s in gaps_s] == [1, 2, 4, 8, 10]
    reads = home.live.reads
    home.live.words.append("on")
    assert home.meter.read().source == "vrm live"
    assert home.live.reads == reads + 1


def test_a_refused_token_is_said_with_what_to_do(home: Home) -> None:
    home.rest.status = 401
    with pytest.raises(AuthRejected, match="make an access token in VRM"):
        home.meter.read()


def test_who_and_where_is_asked_once_a_day_and_a_move_is_followed(home: Home) -> None:
    speaking(home)
    first = home.live
    home.clock.advance(86_000.0)
    first.words.append("on")
    home.meter.read()
    assert home.rest.count("users/me") == 1
    home.rest.site["mqtt_host"] = "mqtt7.victronenergy.com"
    home.clock.advance(1000.0)
    assert home.meter.read().source == "vrm live"
    assert (home.rest.count("users/me"), first.closed) == (2, True)
    assert home.live.broker.host == "mqtt7.victronenergy.com"


def test_a_portal_that_fails_at_the_daily_question_costs_nothing(home: Home) -> None:
    speaking(home)
    home.rest.refused["users/me"] = 503
    home.clock.advance(90_000.0)
    for _ in range(50):
        home.live.words.append("on")
        assert home.meter.read().source == "vrm live"
    assert (home.rest.count("users/me"), len(home.links)) == (2, 1)


def test_a_site_that_passes_nothing_on_is_not_tried_and_asked_again_after_an_hour(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    home.rest.site["realtimeUpdates"] = False
    assert home.meter.read().source == "vrm"
    assert home.links == []
    assert len([line for line in caplog.messages if "realtimeUpdates is false" in line]) == 1
    home.rest.site["realtimeUpdates"] = True
    home.first_words = ("on",)
    home.clock.advance(3700.0)
    assert home.meter.read().source == "vrm live"


def test_changes_are_said_once_each(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    speaking(home)
    for _ in range(3):
        home.meter.read()
    home.live.words.extend(["on"] * 3)
    for _ in range(3):
        home.meter.read()
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("pv_heater")]
    told = "VRM: live values come from its broker at mqtt42.victronenergy.com:8883"
    assert ours == [
        f"{told}; some 3 GB a month, live: false ends it.",
        "VRM: no live values: VRM's broker has been silent for a while. Its REST API answers instead.",
        f"{told} again.",
    ]
