"""Several meters in front of the real loop, in virtual time: who counts, what is logged, and what the heater does."""

import logging
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from pv_heater import Controller
from pv_heater.cli.status_text import status_lines
from pv_heater.config.load import load_config
from pv_heater.core.model.lean import to_jsonable
from pv_heater.core.model.values import Reading
from pv_heater.io.system.worker import WorkerStatus
from pv_heater.loads.dry_run import DryRun
from pv_heater.ports import Tools
from pv_heater.run.home.newest import NewestStatus
from pv_heater.run.loop import Loop
from pv_heater.run.meters import HouseMeters, MeterSource
from pv_heater.run.sources import named_meters
from pv_heater.run.tick_sources import TickSources
from pv_heater.run.transition_log import TransitionLog
from pv_heater.sim.clock import SimClock
from tests.builders import NOON, config, reading
from tests.source_tools import no_pins


class ScriptedMeter:
    """Says every `pace_s` what the house does, `delay_s` late; a test may silence, freeze or bend it."""

    def __init__(self, name: str, home: "Home", pace_s: float, delay_s: float = 0.0) -> None:
        self.name, self._home, self._pace_s, self._delay_s = name, home, pace_s, delay_s
        self.silent = self.frozen = False
        self.error_w = 0.0
        self.clock_offset_s: float | None = None
        self._newest: Reading | None = None

    def latest(self) -> Reading | None:
        now_s = self._home.clock.monotonic_s()
        known = self._newest
        due = known is None or (self._home.clock.now() - known.taken_at).total_seconds() >= self._pace_s + self._delay_s
        if not self.silent and due:
            at = self._home.clock.now() - timedelta(seconds=self._delay_s)
            if self.frozen and known is not None:
                values = {"pv_w": known.pv_w, "grid_w": known.grid_w, "consumption_w": known.consumption_w}
            else:
                pv_w, use_w = 3000.0 + now_s % 7, 500.0 + self._home.own_w
                values = {"pv_w": pv_w + self.error_w, "grid_w": use_w - pv_w, "consumption_w": use_w}
            self._newest = reading(at, source=self.name, interval_s=self._pace_s, **values)
        return self._newest

    def status(self) -> WorkerStatus:
        trouble = "it cannot be reached." if self.silent else None
        return WorkerStatus(name=self.name, last_success_age_s=1.0, trouble=trouble, next_try_s=1.0)

    def source(self) -> MeterSource:
        return MeterSource(
            name=self.name, feed=self, status=self.status, clock_offset_s=lambda: self.clock_offset_s
        )  # fmt: skip


class Home:
    """One heater, a GX device and VRM, ticking every second."""

    def __init__(self, *, pretended: bool = False, second: bool = True, **settings: object) -> None:
        self.clock = SimClock(NOON)
        self.gx = ScriptedMeter("gx_mqtt", self, 1.0)
        self.vrm = ScriptedMeter("vrm", self, 60.0, 60.0)
        values = load_config(config(meter=[GX], **settings))
        row = values.loads[0]
        self.load = DryRun(row.settings, Tools(clock=self.clock, site=values.site, state_dir=Path(), pins=no_pins))
        names = frozenset({"heater"} if pretended else ())
        meters = [self.gx, self.vrm] if second else [self.gx]
        self.feed = HouseMeters(
            [meter.source() for meter in meters], self.clock, max_reading_age_s=None, pretended=names
        )
        self.newest = NewestStatus()
        self.loop = Loop(
            controller=Controller(values, foresees=False),
            clock=self.clock,
            sources=TickSources(meter=self.feed, distrusted_because=self.feed.distrust),
            loads=[self.load],
            reporters=(self.feed, TransitionLog({"heater": 2000.0}), self.newest),
        )

    @property
    def own_w(self) -> float:
        return self.load.power_w()

    def live(self, seconds: float) -> None:
        until_s = self.clock.monotonic_s() + seconds
        while self.clock.monotonic_s() < until_s:
            self.loop.tick()
            self.clock.wait_until(self.clock.monotonic_s() + 1.0)

    def off_within(self, seconds: int) -> int:
        """Seconds until the heater is off."""
        for second in range(seconds + 1):
            if not self.load.power_w():
                return second
            self.live(1)
        raise AssertionError(f"still on after {seconds} s")


Lines = Callable[[], list[str]]
GX = {"type": "recording", "path": "unused"}


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Lines:
    caplog.set_level(logging.INFO)
    return lambda: caplog.messages


def test_the_second_meter_takes_over_and_gives_back_with_a_line_each(lines: Lines) -> None:
    home = Home()
    home.live(100)
    assert home.load.power_w() > 1000
    home.gx.silent = True
    home.live(100)
    assert home.load.power_w() > 1000, "VRM shows the same sun"
    home.gx.silent = False
    home.live(30)
    told = [line for line in lines() if line.startswith("The house is")]
    assert told == [
        "The house is read from gx_mqtt.",
        "The house is now read from vrm: gx_mqtt said nothing new for 11 s (it cannot be reached).",
        "The house is read from gx_mqtt again, no longer from vrm.",
    ]


def test_when_both_are_gone_the_heater_goes_off_in_the_time_of_the_last_one() -> None:
    home = Home()
    home.live(300)
    home.gx.silent = home.vrm.silent = True
    assert home.off_within(180) <= 180
    alone = Home(second=False)
    alone.live(100)
    alone.gx.silent = True
    assert alone.off_within(31) <= 31


def test_a_frozen_meter_alone_switches_off_at_once_when_it_is_found_out(lines: Lines) -> None:
    home = Home(second=False)
    home.live(100)
    home.gx.frozen = True
    assert home.off_within(30) <= 22
    assert any("the meter is not believed: gx_mqtt: it has said exactly the same for 20 s" in line for line in lines())
    home.live(60)
    home.gx.frozen = False
    home.live(60)
    assert home.load.power_w() > 1000, "it comes back by itself"
    assert [line.split(" ", 1)[1] for line in lines() if "believed" in line and line.startswith("gx_mqtt is")] == [
        "is not believed any more: it has said exactly the same for 20 s, with 3000 W of sun.".replace(
            "3000 W", _pv_in(lines)
        ),
        "is believed again.",
    ]


def _pv_in(lines: Lines) -> str:
    line = next(line for line in lines() if "not believed any more" in line)
    return line.rsplit("with ", 1)[1].split(" of")[0]


def test_a_frozen_meter_hands_over_to_the_next(lines: Lines) -> None:
    home = Home()
    home.live(100)
    home.gx.frozen = True
    home.live(60)
    assert home.load.power_w() > 1000
    assert any("now read from vrm: gx_mqtt is not believed (it has said exactly" in line for line in lines())


def test_a_step_of_our_own_that_does_not_show_is_noticed_in_a_few_seconds() -> None:
    home = Home(second=False)
    home.gx.frozen = True
    home.live(1)
    assert home.load.power_w() > 1000, "the first sample shows sun"
    assert home.off_within(10) <= 7


def test_a_dry_run_is_not_taken_for_a_frozen_meter() -> None:
    home = Home(second=False, pretended=True)
    home.live(1)
    home.gx.frozen = True
    home.live(10)
    assert home.feed.distrust() is None


def test_two_meters_that_show_another_house_are_told_once(lines: Lines) -> None:
    home = Home()
    home.gx.error_w = 2000.0
    home.live(1500)
    told = [line for line in lines() if "disagree" in line]
    assert len(told) == 1
    assert told[0].startswith("gx_mqtt and vrm disagree over the last ten minutes: PV 50")
    home.gx.error_w = 0.0
    home.live(3000)
    assert [line for line in lines() if "vrm agree again" in line] == ["gx_mqtt and vrm agree again."]


def test_the_status_tells_every_age_and_which_one_counts() -> None:
    home = Home()
    home.live(100)
    home.gx.silent = True
    home.live(5)
    status = to_jsonable(home.newest.status)
    assert status_lines({"status": status, "sources": to_jsonable(home.feed.status())}, False, NOON.tzinfo)[-2:] == [
        "gx_mqtt (in use): answered 1 s ago; reading 6 s old; it cannot be reached.",
        "vrm: answered 1 s ago; reading 105 s old",
    ]


def test_the_first_clock_that_is_known_vouches_for_ours() -> None:
    home = Home()
    assert home.feed.clock_offset_s() is None
    home.vrm.clock_offset_s = 3.0
    assert home.feed.clock_offset_s() == 3.0
    home.gx.clock_offset_s = -1.0
    assert home.feed.clock_offset_s() == -1.0


def test_a_portal_that_stands_by_is_not_live_unless_its_owner_wants_it() -> None:
    vrm = {"type": "vrm", "token": "t", "installation_id": 1}
    rows = load_config(config(meter=[vrm, vrm, {**vrm, "live": True}])).meter
    assert [(name, row.settings.wants_live) for name, row in named_meters(rows)] == [
        ("vrm", True), ("vrm_2", False), ("vrm_3", True),
    ]  # fmt: skip
