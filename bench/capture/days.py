"""Recorded days for benchmarks: what lies in a folder, where each was recorded, cut at local midnights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pv_heater.core.settings.home import PvPlane, Site
from pv_heater.errors import RecordingError
from pv_heater.sim.recording import HomeRecording, cut, whole_days
from pv_heater.sim.recording_file import days_from_folder

CAR_W, CAR_FROM_S, CAR_TO_S = 3700.0, 11 * 3600.0, 14 * 3600.0
"""A car that charges on one phase with 16 A, from 11:00 to 14:00."""
_UNSAID = timezone(timedelta(0), "the file names no zone")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a recording comes from: what its owner would write under `site`."""

    latitude: float
    longitude: float
    timezone: str
    panels: tuple[PvPlane, ...]

    def as_settings(self) -> dict[str, Any]:
        """As in a configuration."""
        planes = [{"kwp": p.kwp, "tilt_deg": p.tilt_deg, "azimuth_deg": p.azimuth_deg} for p in self.panels]
        return {"latitude": self.latitude, "longitude": self.longitude, "timezone": self.timezone, "pv": planes}

    @property
    def site(self) -> Site:
        """As a site without battery."""
        return Site(latitude=self.latitude, longitude=self.longitude, timezone=self.timezone, pv=self.panels)

    @classmethod
    def of_site(cls, site: Site) -> Place | None:
        """The owner's place; None where the settings do not say it or name no panels."""
        if site.latitude is None or site.longitude is None or not site.pv:
            return None
        return cls(latitude=site.latitude, longitude=site.longitude, timezone=site.timezone, panels=site.pv)


GRAZ = Place(latitude=47.05, longitude=15.44, timezone="Etc/GMT-1", panels=(PvPlane(kwp=6.0),))
"""The clock of these files stays at UTC+1 all year; the power was modelled for 6 kWp, 30 degrees, south."""
BERKELEY = Place(latitude=37.87, longitude=-122.27, timezone="Etc/GMT+7", panels=(PvPlane(kwp=3.5),))
"""Pacific daylight time. The peak power is not published with the data: 3.5 kWp is a round figure whose clear July noon
(3.0 kW by `core.house.sun`) lies just above the inverter's own; one figure for all days, as an owner has one."""
PLACES = {"D": GRAZ, "W": GRAZ, "E": BERKELEY}
"""By the letters before the first digit or underscore of a file's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell:
    """The whole days of one file, in their order."""

    name: str
    place: Place
    whole: HomeRecording
    """From the first day's midnight to the last day's."""
    days: tuple[HomeRecording, ...]
    """Each is named by its file's name up to the first underscore, and its date."""


def spells_from_folder(folder: Path, *, pattern: str, elsewhere: Place | None) -> tuple[tuple[Spell, ...], list[str]]:
    """The spells whose file names match `pattern`, and a sentence for each file that was left out.

    `elsewhere` is the place of files that `PLACES` does not know; None leaves them out. Raises RecordingError when no
    day is left.
    """
    found = days_from_folder(folder, _UNSAID, pattern)
    spells, notes = [], list(found.skipped)
    for recording in found.recordings:
        place = PLACES.get(recording.name.partition("_")[0].rstrip("0123456789"), elsewhere)
        if place is None:
            notes.append(f"skipped: nobody says where {recording.name} was recorded; --config with its site would.")
            continue
        spell = _spell(recording, place)
        if spell is None:
            notes.append(f"skipped: {recording.name} holds no whole day from midnight to midnight.")
        else:
            spells.append(spell)
    if not spells:
        raise RecordingError(f"{folder}: no file that matches {pattern} holds a whole day at a known place.")
    return tuple(spells), notes


def days_of(spell: Spell, *, with_car: bool) -> tuple[HomeRecording, ...]:
    """The days of the spell; with a car it charges on the first and on every other after it."""
    if not with_car:
        return spell.days
    return tuple(day if number % 2 else _with_car(day) for number, day in enumerate(spell.days))


def minutes_w(recording: HomeRecording) -> tuple[list[float], list[float]]:
    """(sun, use), each a mean of every minute."""
    sun_w, use_w = [], []
    for minute in range(int(recording.end_s // 60)):
        pieces = list(recording.stretches(60.0 * minute, 60.0 * minute + 60.0))
        sun_w.append(sum(pv_w * (end_s - begin_s) for begin_s, end_s, pv_w, _ in pieces) / 60.0)
        use_w.append(sum(load_w * (end_s - begin_s) for begin_s, end_s, _, load_w in pieces) / 60.0)
    return sun_w, use_w


def _with_car(day: HomeRecording) -> HomeRecording:
    pieces = [
        (begin_s, pv_w, load_w + extra_w)
        for from_s, to_s, extra_w in ((0.0, CAR_FROM_S, 0.0), (CAR_FROM_S, CAR_TO_S, CAR_W), (CAR_TO_S, day.end_s, 0.0))
        for begin_s, _, pv_w, load_w in day.stretches(from_s, to_s)
    ]
    offsets_s, pv_w, load_w = zip(*pieces, strict=True)
    return replace(day, offsets_s=offsets_s, pv_w=pv_w, load_w=load_w)


def _spell(recording: HomeRecording, place: Place) -> Spell | None:
    start_at = recording.start_at
    if start_at.tzinfo is _UNSAID:
        start_at = start_at.replace(tzinfo=ZoneInfo(place.timezone))
    recording = replace(recording, start_at=start_at)
    days = tuple(_named(day) for day in whole_days(recording))
    if not days:
        return None
    from_s = (days[0].start_at - start_at).total_seconds()
    whole = cut(recording, from_s, from_s + sum(day.end_s for day in days))
    return Spell(name=recording.name, place=place, whole=whole, days=days)


def _named(day: HomeRecording) -> HomeRecording:
    return replace(day, name=f"{day.name.partition('_')[0]} {day.start_at:%Y-%m-%d}")
