"""What is read is what was lived: series of every step, with what is not in the file yet, and as CSV."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pv_heater.core.settings.history import History
from pv_heater.errors import HistoryTrouble
from tests.history.life import BEGIN, VIENNA, Life

NAMES = ["pv_w", "load:tank:power_w", "battery_soc_percent"]


@pytest.mark.parametrize("step_s", [10, 60, 900])
def test_series_of_every_step_are_the_plain_means_also_of_what_is_not_written_yet(tmp_path: Path, step_s: int) -> None:
    life = Life(tmp_path / "history.db")
    life.live(5400 + 170)
    answer = life.kept.columns(BEGIN, BEGIN + timedelta(hours=2), step_s, NAMES)
    assert (answer["t0"], answer["step_s"]) == ("2026-06-01T06:00:00+02:00", step_s)
    sun = answer["series"]["pv_w"]
    assert len(sun) == 7200 // step_s
    whole = 5400 // step_s
    # The first tick came ten seconds after the beginning.
    assert sun[1:whole] == pytest.approx(life.sun_means(BEGIN, whole, step_s)[1:], abs=1.01)
    assert sun[5570 // step_s + 1 :] == [None] * (7200 // step_s - 5570 // step_s - 1)
    assert sun[5400 // step_s] is not None, "what was not committed yet is read all the same"
    assert answer["series"]["load:tank:power_w"][whole - 1] == pytest.approx(sun[whole - 1] / 4, abs=0.6)


def test_a_quarter_hour_has_its_last_charge_its_least_and_most_and_the_integrators_energies(tmp_path: Path) -> None:
    life = Life(tmp_path / "history.db")
    life.live(3610)
    life.writer.close()
    names = ["battery_soc_percent", "pv_w:min", "pv_w:max", "caught_wh", "load:tank:energy_wh", "pv_wh"]
    series = life.kept.columns(BEGIN, BEGIN + timedelta(hours=1), 900, names)["series"]
    assert series["battery_soc_percent"][1] == pytest.approx(50 + 1790 / 300, abs=0.06)
    seen = [life.sun_w(BEGIN + timedelta(seconds=at)) for at in range(900, 1800, 10)]
    assert (series["pv_w:min"][1], series["pv_w:max"][1]) == (round(min(seen)), round(max(seen)))
    assert sum(series["pv_wh"]) == pytest.approx(life.counts.pv_wh, rel=0.01)
    assert series["pv_wh"][1] == pytest.approx(sum(seen) / 90 / 4, rel=1e-4)
    assert series["load:tank:energy_wh"] == pytest.approx([value / 4 for value in series["pv_wh"]], abs=0.01)
    assert series["caught_wh"] == series["load:tank:energy_wh"]


def test_after_three_days_ten_seconds_become_minutes_and_a_finer_step_is_answered_coarser(tmp_path: Path) -> None:
    life = Life(tmp_path / "history.db", settings=History(seconds_days=1, minutes_days=2, backups=0))
    life.live(4 * 86_400 + 7200, step_s=30, looks_s=3600)
    kept, day = life.kept, timedelta(days=1)
    recent = kept.columns(life.now - timedelta(hours=2), life.now, 10, ["pv_w"])
    assert recent["step_s"] == 10
    older = kept.columns(BEGIN + 2.5 * day, BEGIN + 2.6 * day, 10, ["pv_w"])
    assert older["step_s"] == 60
    oldest = kept.columns(BEGIN + 0.5 * day, BEGIN + 0.6 * day, 10, ["pv_w"])
    assert oldest["step_s"] == 900
    at = BEGIN + 2.5 * day
    plain = [
        (life.sun_w(at + timedelta(minutes=minute)) + life.sun_w(at + timedelta(minutes=minute, seconds=30))) / 2
        for minute in range(len(older["series"]["pv_w"]))
    ]
    assert older["series"]["pv_w"] == pytest.approx(plain, abs=1.01)
    across = kept.columns(BEGIN + 2.2 * day, life.now, 60, ["pv_w"])
    assert across["step_s"] == 60
    assert None not in across["series"]["pv_w"], "minutes that were rolled up and those that are made meanwhile meet"
    energies = kept.columns(BEGIN, life.now + timedelta(minutes=15), 900, ["pv_wh"])["series"]["pv_wh"]
    assert sum(value or 0 for value in energies) == pytest.approx(
        sum(row["pv_wh"] for row in kept.days(BEGIN.date(), life.now.date())), rel=0.001
    )


@pytest.mark.parametrize(("day", "minutes"), [("2026-10-25", 1500), ("2026-03-29", 1380)])
def test_days_on_which_the_clocks_change_have_their_own_length(tmp_path: Path, day: str, minutes: int) -> None:
    midnight = datetime.fromisoformat(day).replace(tzinfo=VIENNA)
    end = midnight.replace(tzinfo=None) + timedelta(days=1)
    life = Life(tmp_path / "history.db", begin=midnight.astimezone(UTC) - timedelta(minutes=30))
    life.live(minutes * 60 + 3600, step_s=60, looks_s=3600)
    series = life.kept.columns(midnight, end.replace(tzinfo=VIENNA), 60, ["pv_w"])["series"]["pv_w"]
    assert len(series) == minutes
    assert None not in series
    row = next(row for row in life.kept.days(midnight.date(), midnight.date()))
    assert row["seen_s"] == minutes * 60
    assert row["pv_wh"] == pytest.approx(sum(series) / 60, rel=0.01)


def test_csv_says_zone_and_units_and_has_the_same_values(tmp_path: Path) -> None:
    life = Life(tmp_path / "history.db")
    life.live(3600)
    to_at = BEGIN + timedelta(hours=2)
    lines = "".join(life.kept.csv(BEGIN, to_at, 60, NAMES)).splitlines()
    assert lines[0] == "# pv-heater history, one line each 60 s, times in Europe/Vienna with their offset from UTC"
    assert lines[1] == "# pv_w in W, load:tank:power_w in W, battery_soc_percent in %"
    rows = list(csv.DictReader(lines[2:]))
    assert rows[0]["at"] == "2026-06-01T06:00:00+02:00"
    series = life.kept.columns(BEGIN, to_at, 60, NAMES)["series"]
    assert [float(row["pv_w"]) for row in rows] == [value for value in series["pv_w"] if value is not None]


def test_what_nobody_can_answer_is_refused_in_a_sentence(tmp_path: Path) -> None:
    life = Life(tmp_path / "history.db")
    with pytest.raises(HistoryTrouble, match="There is no history yet"):
        life.kept.days(BEGIN.date(), BEGIN.date())
    life.live(600)
    day = timedelta(days=1)
    for step_s, span, series, why in (
        (7, day, None, "`step` must be one of 10, 60, 900"),
        (10, -day, None, "`to` must be later than `from`"),
        (900, 300 * day, None, "ask for a larger step"),
        (60, day, ["sun"], "there is no series 'sun'"),
    ):
        with pytest.raises(ValueError, match=why):
            life.kept.columns(BEGIN, BEGIN + span, step_s, series)
    with pytest.raises(ValueError, match="need a time zone"):
        life.kept.columns(BEGIN.replace(tzinfo=None), BEGIN + day)
    with pytest.raises(ValueError, match="before"):
        life.kept.days(BEGIN.date(), BEGIN.date() - day)


def test_loads_come_and_go_and_two_whose_names_differ_by_capitals_stop_nothing(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    first = Life(path)
    first.live(900)
    first.kept.close()
    second = Life(path, begin=first.now, loads=("pump", "Pump"))
    second.live(900)
    second.kept.close()
    assert second.kept.trouble is None
    series = second.kept.columns(BEGIN, second.now, 60)["series"]
    assert series["load:tank:power_w"][2] is not None
    assert series["load:tank:power_w"][20] is None
    assert series["load:pump:power_w"][20] is not None


def test_transitions_are_kept_with_rule_reason_and_margins(tmp_path: Path) -> None:
    from pv_heater.core.model.requests import Mode
    from pv_heater.core.model.values import Phase

    life = Life(tmp_path / "history.db")
    life.tick()
    for state in ({"phase": Phase.FULL, "rule": "full", "because": "60 degC reached", "margins": {"c": -1.25}},) * 3:
        life.tick(state=state)
    life.tick(state={"phase": Phase.OFF, "mode": Mode.OFF, "rule": "forced_off", "because": "by its owner"})
    life.kept.close()
    rows = life.kept.transitions(BEGIN, life.now + timedelta(seconds=1))
    assert [(row["from_phase"], row["to_phase"], row["rule"]) for row in rows][1:] == [
        (rows[0]["to_phase"], "full", "full"),
        ("full", "off", "forced_off"),
    ]
    assert rows[1]["because"] == "60 degC reached"
    assert rows[1]["margins"] == pytest.approx({"c": -1.2})
    assert rows[1]["at"] == "2026-06-01T06:00:20+02:00"
    assert rows[2]["mode"] == "off"
    assert not life.kept.transitions(BEGIN, life.now, "another")
