"""What came of played days: energies, notes and a picture."""

from __future__ import annotations

from collections import Counter
from typing import Any
from zoneinfo import ZoneInfo

from pv_heater.config.load import Config
from pv_heater.core.model.lean import dataclass, to_jsonable
from pv_heater.pictures.day import day_bars, day_svg
from pv_heater.sim.day_record import DayRecorder
from pv_heater.sim.home import HomeSettings
from pv_heater.sim.recording import Recording
from pv_heater.sim.summary import Summary

MOST_DATES = 2
"""A recording of a day may touch two dates of the home's own zone."""

_TOTALS = {"heat_wh": "used by the loads", "bought_wh": "bought", "unused_wh": "of sun unused"}


@dataclass(frozen=True, slots=True)
class DayPicture:
    """The last day of a played time, drawn: as SVG, and as lines of bars for a terminal."""

    svg: str
    bars: tuple[str, ...]
    plain_bars: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlayedDays:
    """How simulated times ended, one summary each. `notes` say what was left out or cut short."""

    summaries: tuple[Summary, ...]
    notes: tuple[str, ...] = ()
    picture: DayPicture | None = None
    """None for several days, and where nobody knows what became of the sun."""

    def as_lines(self) -> list[str]:
        """For people."""
        lines = list(self.notes)
        for summary in self.summaries:
            lines += [*summary.as_lines(), ""] if len(self.summaries) > 1 else summary.as_lines()
        if len(self.summaries) > 1:
            totals = self._totals()
            kwh = ", ".join(f"{totals[key] / 1000:.2f} kWh {word}" for key, word in _TOTALS.items())
            lines.append(f"all {len(self.summaries)} together: {kwh}")
        return lines

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        result = {**self._totals(), "recordings": [to_jsonable(summary) for summary in self.summaries]}
        return {**_rounded(result), "notes": list(self.notes)}

    def _totals(self) -> dict[str, float]:
        return {
            "heat_wh": sum(sum(summary.heat_wh.values()) for summary in self.summaries),
            "bought_wh": sum(summary.bought_wh for summary in self.summaries),
            "unused_wh": sum(summary.unused_wh or 0.0 for summary in self.summaries),
        }


def _rounded(value: Any) -> Any:
    """Energies to a tenth of a Wh: more would be noise of the arithmetic."""
    if isinstance(value, float):
        return round(value, 1)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list) else value


def picture_of(config: Config, recording: Recording, day: DayRecorder) -> DayPicture | None:
    """The day that most of the recording is of; None where it is of several."""
    zone = ZoneInfo(config.site.timezone)
    dates = Counter(sample.start_at.astimezone(zone).date() for sample in day.samples)
    if not dates or len(dates) > MOST_DATES:
        return None
    date, _ = dates.most_common(1)[0]
    samples = [sample for sample in day.samples if sample.start_at.astimezone(zone).date() == date]
    capacity_wh = config.site.battery.capacity_wh if config.site.battery is not None else HomeSettings().capacity_wh
    bars = [tuple(day_bars(samples, capacity_wh=capacity_wh, zone=zone, plain=plain)) for plain in (False, True)]
    return DayPicture(day_svg(f"{recording.name}, {date}", samples, capacity_wh=capacity_wh, zone=zone), *bars)
