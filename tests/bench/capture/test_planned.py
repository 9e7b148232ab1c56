"""What was planned for a sunset against what came, on an evening that takes no time."""

import json
from datetime import datetime, timedelta, timezone

import pytest
from typer.testing import CliRunner

from bench.capture.days import GRAZ, Spell
from bench.capture.planned import Planned, guesses_of, measure
from bench.capture.variants import MAIN
from pv_heater.cli.app import cli
from pv_heater.sim.recording import HomeRecording

GX, SLOW = MAIN[:2]


def evening(*, sun_w: float, use_w: float, minutes: int = 100) -> Spell:
    """From 18:30 on the longest day; in Graz the sun sets at 19:56 by this clock, which stays in winter."""
    recording = HomeRecording(
        name="T",
        start_at=datetime(2026, 6, 21, 18, 30, tzinfo=timezone(timedelta(hours=1))),
        offsets_s=range(0, 60 * minutes, 60),
        end_s=60.0 * minutes,
        pv_w=(sun_w,) * minutes,
        load_w=(use_w,) * minutes,
    )
    return Spell(name="T", place=GRAZ, whole=recording, days=(recording,))


def measured(**changes: object) -> Planned:
    asked = {"variants": [GX, SLOW], "strategies": ["plan"], "draws": 1, "seed": 1}
    return measure([evening(sun_w=0.0, use_w=600.0)], **(asked | changes))  # type: ignore[arg-type]


def test_each_hour_guesses_the_charge_of_the_next_sunset() -> None:
    """The battery gives 600 W from half past six to four to eight: 861 Wh and the loss are 18.5 % of it."""
    (guess,) = guesses_of(evening(sun_w=0.0, use_w=600.0), GX, "plan", "1 0")
    assert (guess.hour, guess.tomorrow) == (19, False)
    assert f"{guess.sunset_at:%H:%M}" == "19:56"
    assert guess.came_percent == pytest.approx(50 - 18.5, abs=0.2)
    assert guess.planned_percent == pytest.approx(guess.came_percent, abs=4)


def test_the_rows_say_mean_and_spread_and_are_the_same_however_many_processes() -> None:
    result = measured()
    assert result == measured(jobs=2)
    assert [(row.variant, row.hour, row.guesses) for row in result.rows] == [
        (variant.name, hour, 1) for variant in (GX, SLOW) for hour in (19, None)
    ]
    row = result.rows[0]
    assert abs(row.mean_error_percent) == row.mean_absolute_error_percent == row.spread_percent
    lines = result.as_lines()
    assert "plan, zero feed-in, gx, sunset today" in lines
    assert lines[-1].startswith("all                1 ")
    assert json.loads(json.dumps(result.as_json()))["rows"][0]["strategy"] == "plan"


def test_a_strategy_that_fits_no_home_is_refused_in_a_sentence() -> None:
    with pytest.raises(ValueError, match="bucket would be measured in none of the chosen variants"):
        measured(strategies=["bucket"])
    asked = ["bench", "planned", "--data", "Files/recordings", "--strategy", "magic"]
    done = CliRunner().invoke(cli, asked)
    assert done.exit_code == 2
    assert "balance" in done.output
