"""The laws that are compared, in the order of the table: one row for each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from inspect import cleandoc

from bench.capture.variants import Variant
from bench.compare.followers import ChargeRule, Evcc, GridFollower, OpportunityLoads, SolarBalancer
from bench.compare.planners import ForecastGap, HalfHourPlan, RestOfForecast
from bench.compare.seen import Home, Law

OURS = "plan"
"""This program's own strategy, as it comes."""
OURS_ASSUMED = (
    "This program as it comes, strategy `plan`: its loop, guards, minimum times and margins included, and the home's "
    "place, panels and battery as its owner would enter them."
)
HOMES = (
    Variant(name="no feed-in"),
    Variant(name="feed-in", feed_in=True),
    Variant(name="no feed-in, VRM", feed="vrm"),
)
"""A meter every 10 s; the last one a reading a minute, each a minute old."""
EVERY_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A law under the name it has in table and picture."""

    name: str
    make: Callable[[Home], Law] | None
    """None: this program."""
    every_s: float = EVERY_S
    """How often it is asked."""
    by_portal: bool = False
    """Whether it is also lived with the portal's readings; the others are not made for them."""

    by_forecast: bool = False
    """Whether another draw of the forecast makes another day of it."""

    def assumed(self) -> str:
        """What is taken to be true of it: the docstring of its class."""
        return OURS_ASSUMED if self.make is None else _of_class(self.make)

    def fits(self, variant: Variant) -> bool:
        """Whether it is lived in this home."""
        return variant.feed != "vrm" or self.by_portal


def _evcc_heater_first(home: Home) -> Law:
    return Evcc(home, priority_percent=0.0, buffer_percent=100.0, start_percent=100.0, least_w=60.0)


def _evcc_battery_first(home: Home) -> Law:
    return Evcc(home, priority_percent=95.0, buffer_percent=95.0, start_percent=98.0, least_w=6 * 230.0)


def _opportunity_switched(home: Home) -> Law:
    return OpportunityLoads(home, continuous=False)


def _opportunity_continuous(home: Home) -> Law:
    return OpportunityLoads(home, continuous=True)


_CLASSES: dict[Callable[[Home], Law], type[Law]] = {
    _evcc_heater_first: Evcc,
    _evcc_battery_first: Evcc,
    _opportunity_switched: OpportunityLoads,
    _opportunity_continuous: OpportunityLoads,
}

LAWS = (
    Row(name="this program", make=None, by_portal=True, by_forecast=True),
    Row(name="rule: rest of the forecast", make=RestOfForecast, by_forecast=True),
    Row(name="30 min plan (EMHASS)", make=HalfHourPlan, by_forecast=True),
    Row(name="evcc, battery first", make=_evcc_battery_first, every_s=30.0),
    Row(name="evcc, heater first", make=_evcc_heater_first, every_s=30.0),
    Row(name="Opportunity Loads, continuous", make=_opportunity_continuous),
    Row(name="Opportunity Loads, switched", make=_opportunity_switched),
    Row(name="balancer of two meters", make=SolarBalancer),
    Row(name="relay above 98 % charge", make=ChargeRule, every_s=60.0),
    Row(name="earlier optimizer", make=ForecastGap, by_portal=True, by_forecast=True),
    Row(name="router that follows the grid", make=GridFollower),
)


def _of_class(make: Callable[[Home], Law]) -> str:
    return cleandoc(_CLASSES.get(make, make).__doc__ or "")
