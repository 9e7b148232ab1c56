"""Days of three zones, as three services tell them: what guarantee and hygiene cost, bought blindly or by the market.

The answers in tests/fixtures/prices have the form of the real ones and own numbers. With `-s` each
day prints its costs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from werkzeug import Request, Response

from pv_heater.config.load import load_config
from pv_heater.controller import Controller
from pv_heater.core.model.prices import PricePeriod, price_at
from pv_heater.core.model.values import Inputs
from pv_heater.errors import SourceError
from pv_heater.ports import Tools
from pv_heater.run.sources import price_feed
from pv_heater.sim.tank import TankSettings
from tests.builders import config
from tests.http_server import ScriptedServer
from tests.scenarios.hot_water import COARSE_S, VIENNA, Life
from tests.source_tools import tools_for

FIXTURES = Path(__file__).parents[1] / "fixtures" / "prices"
FLAT = [{"from": "00:00", "to": "00:00", "import_per_kwh": 0.26, "export_per_kwh": 0.05}]
COOL = TankSettings(start_c=35.0, thermostat_c=75.0, draws=())
TANK = {
    "volume_l": 150,
    "mixing_valve": True,
    "hygiene": {"every_days": 1, "at_c": 60, "window": {"from": "09:00", "to": "18:00"}},
}


class Recorded(ScriptedServer):
    """Answers with the file that is named after the last day that is asked for, until `published_until`."""

    def __init__(self, published_until: date) -> None:
        super().__init__()
        self.published_until = published_until

    def answer(self, request: Request) -> Any:
        kind, query = request.path.rpartition("/")[2], request.args
        if kind == "price":
            name, day = "energy_charts_AT", date.fromisoformat(query["end"])
        elif kind == "marketdata":
            day = (datetime.fromtimestamp(int(query["end"]) / 1000, VIENNA) - timedelta(hours=1)).date()
            name = f"awattar_DE-LU_{day}"
        else:
            day = date.fromisoformat(query["date"])
            name = f"nordpool_{query['deliveryArea']}_{day}"
        if day > self.published_until:
            return Response(status=404 if kind == "price" else 204)
        return Response((FIXTURES / f"{name}.json").read_bytes(), content_type="application/json")


@dataclass(frozen=True)
class Zone:
    """One zone's day, and the home in it."""

    tariff: dict[str, Any]
    start: datetime
    hours: float
    published_until: date
    load: dict[str, Any]


AT = Zone(
    tariff={"type": "energy_charts", "zone": "AT", "charges": 0.0712, "tax_percent": 20, "otherwise": FLAT},
    start=datetime(2026, 10, 24, 19, tzinfo=VIENNA),
    hours=24.2,
    published_until=date(2026, 10, 25),
    load={"daily_min_wh": 6000, "ready_by": "18:00", "hot_water": TANK},
)
"""Through the night of 25 hours in which summer time ends."""
SE3 = Zone(
    tariff={"type": "nordpool", "zone": "SE3", "charges": 0.02, "export": {"market_percent": 100}, "otherwise": FLAT},
    start=datetime(2026, 6, 14, 5, tzinfo=VIENNA),
    hours=16.2,
    published_until=date(2026, 6, 15),
    load={"daily_min_wh": 6000, "ready_by": "21:00", "hot_water": TANK},
)
"""An afternoon below zero."""
DE_LU = Zone(
    tariff={
        "type": "awattar",
        "zone": "DE-LU",
        "charges": [{"per_kwh": 0.08}, {"per_kwh": 0.05, "from": "17:00", "to": "21:00"}],
        "tax_percent": 19,
        "otherwise": FLAT,
    },
    start=datetime(2026, 1, 13, 14, tzinfo=VIENNA),
    hours=17.2,
    published_until=date(2026, 1, 13),
    load={"daily_min_wh": 6000, "ready_by": "07:00", "hot_water": TANK},
)
"""Tomorrow is not published until the night is over."""
ZONES = {"AT": AT, "SE3": SE3, "DE-LU": DE_LU}
LAST = {"AT": date(2026, 10, 25), "SE3": date(2026, 6, 15), "DE-LU": date(2026, 1, 14)}
"""The last day that each of the recordings has."""

Prices = Callable[[datetime], tuple[PricePeriod, ...]]


def told(zone: Zone, folder: Path, published_until: date) -> Prices:
    """What the program knows at an instant, by its own reading of the service."""
    with Recorded(published_until) as server:
        tools: Tools = tools_for(folder)
        settings = load_config(config(tariff={**zone.tariff, "base_url": server.url}))
        feed = price_feed(settings, tools)
        assert feed is not None
        known: dict[datetime, tuple[PricePeriod, ...]] = {}
        latest: tuple[PricePeriod, ...] = ()
        for hour in range(int(zone.hours) + 2):
            now = zone.start + timedelta(hours=hour)
            try:
                feed.fetch(now)  # one day at a time
                latest = feed.fetch(now).periods
            except SourceError:
                pass  # the worker goes on with what it had
            known[now] = latest
    return lambda now: known[max(at for at in known if at <= now)]


@dataclass(frozen=True)
class Bill:
    """What came of one run."""

    bought_wh: dict[str, float]
    cost: dict[str, float]
    hours: list[datetime]

    @property
    def whole(self) -> float:
        return sum(self.cost.values())

    @property
    def whole_wh(self) -> float:
        return sum(self.bought_wh.values())


def lived(zone: Zone, known: Prices, truth: Sequence[PricePeriod], **load: Any) -> Bill:
    """The heat that the rules of the load bought, at the true price of each step. A cycle is due from the first day."""
    life = Life(
        start=zone.start, load=zone.load | load, tank=COOL, tariff={**zone.tariff}, site={"timezone": "Europe/Vienna"}
    )
    long_ago = Controller(load_config(life.settings), foresees=False)
    long_ago.step(life.start_at - timedelta(days=2), None, None, Inputs(tick_s=0.0))
    life.controller = Controller(load_config(life.settings), long_ago.state(), foresees=False)
    life.prices = known
    life.live(zone.hours, step_s=COARSE_S)
    bought: dict[str, float] = {}
    cost: dict[str, float] = {}
    for at, decision, _ in life.seen:
        rule, power_w = decision.loads["heater"].rule, decision.setpoints["heater"].power_w
        price = price_at(truth, at)
        if power_w > 0:
            assert price is not None
            kwh = power_w * COARSE_S / 3.6e6
            bought[rule] = bought.get(rule, 0.0) + 1000 * kwh
            cost[rule] = cost.get(rule, 0.0) + kwh * price.import_per_kwh
    return Bill(bought, cost, life.heats())


@pytest.fixture(scope="module")
def known_and_true(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Prices, Sequence[PricePeriod]]]:
    """By zone: what the program knows at an instant, and what the day came to cost. Each is asked for once."""

    @cache
    def of(name: str) -> tuple[Prices, Sequence[PricePeriod]]:
        zone = ZONES[name]
        last = told(zone, tmp_path_factory.mktemp("true"), LAST[name])(zone.start + timedelta(hours=zone.hours))
        return told(zone, tmp_path_factory.mktemp("known"), zone.published_until), last

    return of


@pytest.mark.parametrize(
    ("name", "duty", "least_saved"),
    [
        ("AT", "guarantee", 0.15),
        ("AT", "hygiene", 0.1),
        ("SE3", "guarantee", 0.5),
        ("SE3", "hygiene", 0.5),
        ("DE-LU", "guarantee", 0.05),
        ("DE-LU", "hygiene", 0.0),
    ],
)
def test_what_must_be_bought_costs_less_by_the_market(
    known_and_true: Callable[[str], tuple[Prices, Sequence[PricePeriod]]], name: str, duty: str, least_saved: float
) -> None:
    """Beside the same home that knows its fixed tariff alone, which then buys at equal prices and so at the last."""
    zone, (known, truth) = ZONES[name], known_and_true(name)
    alone: dict[str, Any] = {"daily_min_wh": None, "ready_by": None} if duty == "hygiene" else {"hot_water": None}
    blind, by_market = (lived(zone, prices, truth, **alone) for prices in (lambda _: (), known))
    flat = FLAT[0]["import_per_kwh"]
    print(
        f"{zone.tariff['type']} {name}, {duty}: {by_market.whole_wh:.0f} Wh by the market cost {by_market.whole:.3f}, "
        f"{blind.whole_wh:.0f} Wh by the fixed tariff's hours {blind.whole:.3f}, "
        f"and at its own price {by_market.whole_wh / 1000 * flat:.3f}"  # type: ignore[operator]
    )
    assert by_market.bought_wh.keys() == blind.bought_wh.keys() == {duty}
    assert by_market.whole_wh == pytest.approx(blind.whole_wh, rel=0.05)
    assert duty == "hygiene" or by_market.whole_wh >= 6000
    assert by_market.whole <= blind.whole - least_saved * abs(blind.whole)


def test_below_zero_it_buys_only_what_its_owner_allows(tmp_path: Path) -> None:
    known = told(SE3, tmp_path, SE3.published_until)
    truth = known(SE3.start + timedelta(hours=10))
    plain = {"daily_min_wh": None, "ready_by": None, "hot_water": None}
    assert lived(SE3, known, truth, **plain).bought_wh == {}
    bill = lived(SE3, known, truth, **plain, negative_price_max_wh=3000)
    assert bill.bought_wh.keys() == {"negative_price"}
    assert 2900 <= bill.bought_wh["negative_price"] <= 3200
    assert bill.whole < 0
    for at in bill.hours:
        price = price_at(truth, at)
        assert price is not None
        assert price.import_per_kwh < 0
