"""`main.py tune`: some settings, each with several values over the same days; what each brings and costs; advice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from pv_heater.commands.whatif.days import days_text
from pv_heater.commands.whatif.difference import FEWEST_DAYS, FIGURES, Difference, Draws, by_day
from pv_heater.config.live import rows_of
from pv_heater.config.load import Config
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.usual_battery import IMPORT_COST
from pv_heater.pictures.tradeoff import Panel, Point, tradeoff_svg

WORTH_WH = 20.0
"""A gain of less a day is nobody's trouble worth."""
STARTS_WORTH = 0.5
"""Fewer starts a day that are worth telling."""
BASE, UNSET = "as set", "not set"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """A setting and the values that are tried, as they are written."""

    path: str
    values: tuple[str, ...]
    now: str
    """As it is set."""
    unit: str

    @classmethod
    def parsed(cls, text: str, config: Config) -> Sweep:
        """``PATH=VALUE,VALUE``. Raises ValueError."""
        path, sign, listed = text.partition("=")
        values = tuple(dict.fromkeys(value.strip() for value in listed.split(",") if value.strip()))
        if not sign or not path.strip() or not values:
            raise ValueError(f"{text!r} is no sweep; it must be PATH=VALUE,VALUE, such as limits.max_grid_w=50,80,120")
        return cls.of(path.strip(), values, config)

    @classmethod
    def of(cls, path: str, values: Sequence[str], config: Config) -> Sweep:
        """With what the settings say now."""
        rows = {row.path: row for row in rows_of(config, {})}
        row = rows.get(path)
        now = UNSET if row is None or row.value is None else _written(row.value)
        others = tuple(value for value in values if not _same(value, now))
        return cls(path=path, values=others, now=now, unit="" if row is None else row.field.metadata["unit"])


def usual_sweeps(config: Config) -> list[Sweep]:
    """The few settings that weigh sun against wear: of the first load, and the battery's limit."""
    load = f"loads.{config.policies[0].name}"
    battery = config.site.battery
    sweeps = [
        Sweep.of(f"{load}.min_on_s", ("60", "120", "300", "600"), config),
        Sweep.of(f"{load}.min_off_s", ("60", "120", "300", "600"), config),
        Sweep.of(f"{load}.dead_band_w", ("50", "100", "200"), config),
    ]
    if battery is not None:
        reserve = battery.reserve_percent
        values = tuple(f"{reserve + above:g}" for above in (5.0, 15.0, 30.0) if reserve + above <= 90.0)
        sweeps.append(Sweep.of("limits.min_battery_percent", values, config))
    return sweeps


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One value of a setting, over all days."""

    value: str
    draws: Draws
    caught: Difference
    bought: Difference
    net: Difference
    """Caught, less twice what was bought: as the software home values it."""
    starts: Difference

    @classmethod
    def of(cls, value: str, base: Draws, draws: Draws, compared: int) -> Tried:
        """Beside the settings as they are."""

        def more(name: str) -> Difference:
            return Difference.between(base, draws, FIGURES[name], compared=compared)

        net = Difference.between(base, draws, lambda day: day.caught_wh - IMPORT_COST * day.extra_wh, compared=compared)
        return cls(
            value=value, draws=draws, caught=more("caught_wh"), bought=more("bought_wh"), net=net, starts=more("starts")
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """A setting with all its values."""

    sweep: Sweep
    base: Draws
    tried: tuple[Tried, ...]

    @property
    def advice(self) -> str:
        """What to do, and why; never more than the days can tell."""
        what, now = self.sweep.path, self._now
        days = len(self.base[0])
        if days < FEWEST_DAYS:
            few = f"{days_text(days)} {'is' if days == 1 else 'are'} too little for advice"
            return f"{what}: {few}; {FEWEST_DAYS} are the least."
        better = [one for one in self.tried if one.net.is_real and one.net.mean >= WORTH_WH]
        if better:
            return f"{what}: {self._praise(max(better, key=lambda one: one.net.mean))}"
        same = [one for one in self.tried if not (one.net.is_real and one.net.mean <= -WORTH_WH)]
        calmer = [one for one in same if one.starts.is_real and one.starts.mean <= -STARTS_WORTH]
        if calmer:
            best = min(calmer, key=lambda one: one.starts.mean)
            rest = (
                f"within its spread of {best.net.spread or 0.0:.0f} Wh" if not best.net.is_real else "next to nothing"
            )
            return (
                f"{what}: {self._said(best.value)} spares {-best.starts.mean:.1f} starts a day; what else it changes, "
                f"{best.net.mean:+.0f} Wh a day, is {rest}."
            )
        return f"{what}: keep {now}; {self._why_keep()}"

    def _praise(self, best: Tried) -> str:
        value, now = self._said(best.value), self._now
        gain = f"{value} catches {self._caught(best)} a day"
        bought = best.bought.mean
        if abs(bought) >= WORTH_WH:
            gain += f", buys {abs(bought):.0f} Wh {'more' if bought > 0 else 'less'}"
        spread = f"the gain, {best.net.mean:.0f} Wh, is more than its spread of {best.net.spread or 0.0:.0f} Wh"
        if best.starts.mean >= STARTS_WORTH:
            return (
                f"{gain} and starts {best.starts.mean:.1f} times a day more ({spread}); "
                f"keep {now} if the relay's life counts more."
            )
        return f"{gain}, with {_starts(best.starts.mean)}: better than {now} ({spread})."

    def _why_keep(self) -> str:
        if not self.tried:
            return "nothing else was tried."
        best = max(self.tried, key=lambda one: one.net.mean)
        if best.net.mean <= 0:
            return (
                f"nothing else that was tried gains anything ({self._said(best.value)}: {best.net.mean:+.0f} Wh a day)."
            )
        if not best.net.is_real:
            return (
                f"the best other, {self._said(best.value)}, gains {best.net.mean:.0f} Wh a day, "
                f"which is within its spread of {best.net.spread or 0.0:.0f} Wh."
            )
        return f"the best other, {self._said(best.value)}, gains only {best.net.mean:.0f} Wh a day."

    def _caught(self, one: Tried) -> str:
        base_wh = fmean(by_day(self.base, FIGURES["caught_wh"]))
        share = 100.0 * one.caught.mean / base_wh if base_wh >= 1.0 else 0.0
        return f"{abs(share):.1f} % {'more' if share >= 0 else 'less'}"

    @property
    def _now(self) -> str:
        return "it as it is, not set" if self.sweep.now == UNSET else self._said(self.sweep.now)

    def _said(self, value: str) -> str:
        return f"{value} {self.sweep.unit}".strip() if value[:1].isdigit() else value

    def rows(self) -> list[tuple[str, Draws, Tried | None]]:
        """Each value with its days, as it is set among the others."""
        rows: list[tuple[str, Draws, Tried | None]] = [(one.value, one.draws, one) for one in self.tried]
        return sorted([*rows, (self.sweep.now, self.base, None)], key=lambda row: _order(row[0]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """What tune found."""

    title: str
    swept: tuple[Swept, ...]
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "title": self.title,
            "days": len(self.swept[0].base[0]),
            "draws": len(self.swept[0].base),
            "sweeps": [
                {
                    "path": one.sweep.path,
                    "unit": one.sweep.unit,
                    "now": one.sweep.now,
                    "advice": one.advice,
                    "values": [_value_json(*row) for row in one.rows()],
                }
                for one in self.swept
            ],
            "notes": list(self.notes),
        }

    def as_lines(self) -> list[str]:
        """For people."""
        lines = [*self.notes, f"{self.title}. A day, as a mean; in brackets what chance between days leaves open:"]
        for one in self.swept:
            unit = f", {one.sweep.unit}" if one.sweep.unit else ""
            lines += [
                "",
                f"{one.sweep.path}{unit}",
                f"{'':13}{'caught, kWh':>12}{'more':>16}{'bought, kWh':>13}{'starts':>8}",
            ]
            for value, draws, tried in one.rows():
                mark = f"{value} *" if tried is None else value
                lines.append(f"  {mark:<11}{_cells(draws, tried)}")
        lines += ["", "* as it is set", ""]
        return [*lines, *(one.advice for one in self.swept), "Nothing was changed."]

    def as_svg(self) -> str:
        """As a picture."""
        return tradeoff_svg("What the settings weigh", self.title, [_panel(one) for one in self.swept])


def _panel(one: Swept) -> Panel:
    points = [
        Point(
            label=value,
            caught_kwh=fmean(by_day(draws, FIGURES["caught_wh"])) / 1000,
            spread_kwh=0.0 if tried is None or tried.caught.spread is None else tried.caught.spread / 1000,
            bought_kwh=fmean(by_day(draws, FIGURES["bought_wh"])) / 1000,
            starts=fmean(by_day(draws, FIGURES["starts"])),
            is_set=tried is None,
        )
        for value, draws, tried in one.rows()
    ]
    return Panel(path=one.sweep.path, unit=one.sweep.unit, points=points, advice=one.advice)


def _cells(draws: Draws, tried: Tried | None) -> str:
    caught, bought = (fmean(by_day(draws, FIGURES[name])) / 1000 for name in ("caught_wh", "bought_wh"))
    starts = fmean(by_day(draws, FIGURES["starts"]))
    more = "" if tried is None else f"{tried.caught.mean / 1000:+.2f} ({_kwh(tried.caught.spread)})"
    return f"{caught:>12.2f}{more:>16}{bought:>13.2f}{starts:>8.1f}"


def _value_json(value: str, draws: Draws, tried: Tried | None) -> dict[str, Any]:
    means = {name: round(fmean(by_day(draws, figure)), 2) for name, figure in FIGURES.items()}
    if tried is None:
        return {"value": value, "is_set": True, **means}
    spread = tried.net.spread
    net = {"net_wh": round(tried.net.mean, 1), "spread_wh": None if spread is None else round(spread, 1)}
    return {"value": value, "is_set": False, **means, **net, "is_real": tried.net.is_real}


def settings_to_try(sweeps: Sequence[Sweep]) -> Mapping[str, dict[str, str]]:
    """Label -> what is changed in it; the first is the settings as they are."""
    return {BASE: {}} | {f"{sweep.path}={value}": {sweep.path: value} for sweep in sweeps for value in sweep.values}


def tuned(title: str, sweeps: Sequence[Sweep], lived: Mapping[str, Draws], notes: Sequence[str]) -> Tuning:
    """The days as lived with each of `settings_to_try`."""
    compared = max(1, sum(len(sweep.values) for sweep in sweeps))
    swept = tuple(
        Swept(
            sweep=sweep,
            base=lived[BASE],
            tried=tuple(
                Tried.of(value, lived[BASE], lived[f"{sweep.path}={value}"], compared) for value in sweep.values
            ),
        )
        for sweep in sweeps
    )
    return Tuning(title=title, swept=swept, notes=tuple(notes))


def _kwh(spread_wh: float | None) -> str:
    return "-" if spread_wh is None else f"±{spread_wh / 1000:.2f}"


def _starts(more: float) -> str:
    if abs(more) < 0.05:
        return "as many starts"
    return f"{abs(more):.1f} starts a day {'more' if more > 0 else 'fewer'}"


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def _same(value: str, now: str) -> bool:
    try:
        return float(value) == float(now)
    except ValueError:
        return value == now


def _order(value: str) -> tuple[int, float, str]:
    """Numbers by their size, words before them."""
    try:
        return 1, float(value), ""
    except ValueError:
        return 0, 0.0, value
