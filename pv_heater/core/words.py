"""Numbers as people say them, for every sentence of the log, `status` and `why`."""

from __future__ import annotations

NO_TIME = "the time of day is unknown"
"""Neither network time nor the meter vouches for the clock."""


def kilowatts(power_w: float) -> str:
    """A power: ``466 W`` below a kilowatt, ``1.7 kW`` from there on; the sign is kept."""
    return f"{power_w:.0f} W" if abs(power_w) < 999.5 else f"{power_w / 1000:.1f} kW"


def kilowatt_hours(energy_wh: float) -> str:
    """An energy: ``450 Wh`` below a kilowatt-hour, ``9.81 kWh`` from there on."""
    return f"{energy_wh:.0f} Wh" if abs(energy_wh) < 999.5 else f"{energy_wh / 1000:.2f} kWh"


def span_text(span_s: float) -> str:
    """A length of time that somebody has set: ``30 s``, ``1 min``, ``90 s``, ``15 min``, ``2 h``."""
    for unit_s, unit in ((3600, "h"), (60, "min")):
        if span_s >= unit_s and span_s % unit_s == 0:
            return f"{span_s / unit_s:.0f} {unit}"
    return f"{span_s:g} s"


def duration_text(duration_s: float) -> str:
    """A time as people say it: ``45 s``, ``3 min``, ``7 h 12 min``."""
    if round(duration_s) < 90:
        return f"{max(0.0, duration_s):.0f} s"
    minutes = round(duration_s / 60)
    if minutes < 90:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min" if minutes < 48 * 60 else f"{round(minutes / 1440)} days"


def spare_text(spare_w: float, mean_s: float | None = None) -> str:
    """What the sun leaves of what the house draws without its loads, W; below 0 that much is missing.

    `mean_s`: over how many seconds it is a mean; None: it is what the newest reading shows.
    """
    mean = "" if mean_s is None else f" ({span_text(mean_s)} mean)"
    return f"{kilowatts(abs(spare_w))} {'short' if spare_w <= -0.5 else 'spare'}{mean}"
