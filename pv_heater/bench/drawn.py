"""The two pictures of a capture run: all days of its first variant, and the day that cost the best strategy most."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pv_heater.bench.capture import Capture
from pv_heater.bench.days import Spell
from pv_heater.bench.lived import course_of
from pv_heater.bench.variants import Variant
from pv_heater.pictures.capture import by_day, one_day


def draw(folder: Path, result: Capture, spells: Sequence[Spell], variants: Sequence[Variant]) -> None:
    """Write capture_by_day.svg and capture_day.svg into `folder`, which is made if need be.

    `spells` and `variants` are those that were measured.
    """
    variant = next(variant for variant in variants if variant.name == result.rows[0].variant)
    rows = [row for row in result.rows if row.variant == variant.name]
    best = max(rows, key=lambda row: row.capture_mean)
    lost = [day.possible_wh - day.gained_wh for day in best.by_day]
    number = lost.index(max(lost))
    spell, day = [(spell, day) for spell in spells for day in range(len(spell.days))][number]
    moments = course_of(spell, day, variant, best.strategy, f"{result.seed} 0")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "capture_by_day.svg").write_text(by_day(rows), encoding="utf-8")
    title = f"{best.by_day[number].day}, {best.strategy}: {lost[number] / 1000:.1f} kWh missed"
    (folder / "capture_day.svg").write_text(one_day(title, moments), encoding="utf-8")
