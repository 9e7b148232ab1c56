"""What the journal keeps of a time line, and how it reads."""

import json
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pv_heater.cli.text import entry_lines, trace_lines
from pv_heater.core.model.lean import to_jsonable
from pv_heater.core.model.values import Phase
from pv_heater.run.journal import KEPT_ENTRIES, Entry, Journal
from tests.builders import NOON, House, config, forecast, heater

VIENNA = ZoneInfo("Europe/Vienna")


class Diary:
    """A house whose every decision goes through a journal."""

    def __init__(self, journal: Journal | None = None, **changes: Any) -> None:
        self.house = House(config(**changes))
        self.journal = journal or Journal()

    def at(self, seconds: float, **fields: Any) -> list[Entry]:
        """The entries that this step added."""
        before = set(map(id, self.journal.last(KEPT_ENTRIES)))
        decision = self.house.at(seconds, **fields)
        self.journal.report(NOON + timedelta(seconds=seconds), decision, None, None)
        return [entry for entry in self.journal.last(KEPT_ENTRIES) if id(entry) not in before]


def lines(entry: Entry) -> list[str]:
    return entry_lines(json.loads(json.dumps(to_jsonable(entry))), VIENNA)


def test_only_what_changes_something_is_kept() -> None:
    diary = Diary()
    assert [entry.load for entry in diary.at(0, pv_w=500.0)] == ["heater"]
    assert diary.at(1, pv_w=501.0) == []
    (started,) = diary.at(2, pv_w=1500.0)
    assert (started.from_phase, started.to_phase) == (Phase.OFF, Phase.HEATING)
    assert diary.at(3, pv_w=1550.0, consumption_w=1500.0) == []  # inside the dead band
    (raised,) = diary.at(4, pv_w=2000.0, consumption_w=1500.0)
    assert (raised.from_power_w, raised.to_power_w) == (1000, 1500)


def test_a_guard_is_one_entry_when_it_begins_and_one_when_it_ends() -> None:
    diary = Diary()
    diary.at(0, pv_w=500.0)
    (begun,) = diary.at(10, pv_w=500.0, grid_w=200.0)
    assert (begun.load, begun.from_rule, begun.rule) == (None, None, "grid_draw")
    assert begun.margins == {"grid_w": -128}
    assert begun.flip == "128 W less from the grid"
    assert diary.at(20, pv_w=500.0, grid_w=190.0) == []
    (ended,) = diary.at(30, pv_w=500.0)
    assert (ended.load, ended.from_rule, ended.rule) == (None, "grid_draw", None)


def test_a_rule_that_changes_without_a_move_is_an_entry() -> None:
    diary = Diary(loads=[heater(min_on_s=300)])
    diary.at(0, pv_w=560.0)
    diary.at(10, pv_w=620.0)
    (entry,) = diary.at(20, pv_w=100.0, consumption_w=500.0)
    assert (entry.from_phase, entry.to_phase, entry.rule) == (Phase.HEATING, Phase.HEATING, "min_on")
    assert entry.flip == "340 W more, or 5 min"


def test_memory_is_bounded_and_the_newest_stay() -> None:
    diary = Diary(Journal(kept=3))
    for step in range(10):
        diary.at(step, pv_w=1500.0 if step % 2 else 500.0)
    kept = diary.journal.last(100)
    assert [entry.at for entry in kept] == [NOON + timedelta(seconds=step) for step in (7, 8, 9)]
    assert diary.journal.last(1) == kept[-1:]


def test_a_load_is_told_its_own_story_and_that_of_the_home() -> None:
    diary = Diary(loads=[heater("boiler", max_power_w=1000), heater("pool")])
    diary.at(0, pv_w=500.0)
    diary.at(10, pv_w=1000.0)
    diary.at(20, pv_w=1000.0, consumption_w=1000.0, battery_soc_percent=21.0)
    story = {entry.load for entry in diary.journal.last(100, "pool")}
    assert story == {"pool", None}
    with pytest.raises(ValueError, match="there is no load 'bolier'; there is boiler, pool"):
        diary.journal.last(5, "bolier")


def test_an_entry_holds_what_it_was_decided_from_as_plain_json() -> None:
    diary = Diary()
    (entry,) = diary.at(0, pv_w=1500.0, battery_w=0.0, with_forecast=forecast(pv_w=4000.0), pv_throttled=True)
    told = json.loads(json.dumps(to_jsonable(entry)))
    assert told["trace"]["reading_source"] == "test"
    assert told["trace"]["reading_age_s"] == 0
    assert told["trace"]["base_w"] == 500
    assert told["trace"]["spare_w"] == 1000
    assert told["trace"]["forecast_pv_w"] == 4000
    assert told["trace"]["pv_throttled"] is True
    assert told["trace"]["load_c"] == {}
    assert told["thresholds"]["battery_release_percent"] == pytest.approx(22.9)
    assert told["thresholds"]["max_house_w"] is None
    assert told["thresholds"]["loads"]["heater"]["start_w"] == 100
    assert told["margins"] == {"surplus_w": -1040}  # what throttled chargers hide is asked for step by step


def test_an_entry_reads_as_what_because_of_what_from_what_and_what_would_flip_it() -> None:
    diary = Diary(loads=[heater(start_delay_s=30)])
    diary.at(0, pv_w=540.0)
    (entry,) = diary.at(10, pv_w=1500.0, with_forecast=forecast())
    what, rule, house, spare, sky, offered, flip = lines(entry)
    assert what == ("2026-06-21 13:00:10 heater off -> armed: 1.0 kW spare, battery 97 % needs nothing; must last 30 s")
    assert rule == (
        "  decided by the start delay, before by the balance of sun and use; "
        "starts at 100 W, stops below 60 W, ignores steps below 100 W"
    )
    assert house == "  test, 0 s old: sun 1500 W, house 500 W, own loads 0 W, grid 0 W, battery 1000 W, charge 97 %"
    assert spare == "  spare now: sun 1500 W - house without own loads 500 W = 1000 W"
    assert sky == "  test forecast, 10 s old, expects 4000 W of sun"
    assert offered == "  for the loads: 1000 W"
    assert flip == "  would change it: 900 W less, or 30 s; at 13:00:40 the start delay ends"


def test_a_lost_meter_reads_as_that() -> None:
    diary = Diary()
    first, *_ = diary.at(0, silent=True)
    assert lines(first)[0].endswith("blocked by no_reading: the meter has not answered yet")
    assert lines(first)[1:3] == ["  no reading yet", "  no forecast"]
    assert lines(first)[3] == "  would change it: a new reading"
    diary.at(10)
    late = diary.at(600, silent=True)
    told = json.loads(json.dumps(to_jsonable(late[0].trace)))
    assert "; ".join(trace_lines(told)).startswith("no usable reading, the last is 10 min old")
    assert told["pv_w"] is None
