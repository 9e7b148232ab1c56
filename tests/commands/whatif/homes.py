"""Short days and a home for tests of what-if: two hours around noon, so that a day takes some milliseconds."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from pv_heater.commands.whatif.one_day import Carried, DayFigures, DayOutcome, DayTask, live_day
from pv_heater.config.load import Config, load_config
from pv_heater.sim.recording import HomeRecording

VIENNA = ZoneInfo("Europe/Vienna")
STEP_S = 60.0
TEXT = """\
site:
  latitude: 47.05
  longitude: 15.44
  timezone: Europe/Vienna
  pv: [{kwp: 6}]
  battery: {capacity_wh: 4800, max_charge_w: 2400}
meter: {type: gx_mqtt, host: 127.0.0.1}
loads:
  - {type: dry_run, name: heater, max_power_w: 1000}
"""


def config(folder: Path, **changes: str) -> Config:
    """`loads__heater__min_on_s="60"` changes that setting."""
    file = folder / "config.yaml"
    file.write_text(TEXT, encoding="utf-8")
    return load_config(file, changes={path.replace("__", "."): value for path, value in changes.items()})


def noon(number: int = 0, *, pv_w: float = 4500.0, hours: int = 2, from_hour: int = 11) -> HomeRecording:
    start_at = datetime(2026, 6, 20, from_hour, tzinfo=VIENNA) + timedelta(days=number)
    minutes = 60 * hours
    return HomeRecording(
        name=f"noon {number}", start_at=start_at, offsets_s=range(0, 60 * minutes, 60), end_s=60.0 * minutes,
        pv_w=(pv_w,) * minutes, load_w=(400.0,) * minutes,
    )  # fmt: skip


def lived(config: Config, day: HomeRecording | None = None, begin: Carried | None = None) -> DayOutcome:
    return live_day(
        DayTask(
            config=config, day=day or noon(), tomorrow=None, feed="live", seed=1,
            begin=begin or Carried.first(100.0), tick_s=STEP_S,
        )
    )  # fmt: skip


def figures(caught_wh: float = 5000.0, *, bought_wh: float = 0.0, starts: int = 3) -> DayFigures:
    """Of a made-up day with 10 kWh to catch."""
    return DayFigures(
        heat_wh=caught_wh + bought_wh, bought_wh=2000.0 + bought_wh, unserved_wh=0.0,
        spilled_wh=10_000.0 - caught_wh, idle_bought_wh=2000.0, idle_unserved_wh=0.0, idle_spilled_wh=10_000.0,
        starts=starts, moves=40, missed=0, cycles=0, coldest_c=None,
    )  # fmt: skip
