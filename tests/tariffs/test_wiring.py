"""From the settings to the step: what `check` says of a source, and what the live program hands to the controller."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pv_heater.commands.check import check_all
from pv_heater.commands.check_report import Finding
from pv_heater.config.live import rows_of, with_live
from pv_heater.config.load import Config, load_config
from pv_heater.core.model.prices import price_at
from pv_heater.errors import ConfigError
from pv_heater.io.system.clock import SystemClock
from pv_heater.run.sources import Sources
from tests.builders import config
from tests.source_tools import tools_for
from tests.tariffs.exchange import LICENCE, Exchange
from tests.waiting import until

OTHERWISE = {"from": "00:00", "to": "00:00", "import_per_kwh": 0.30}


def settings(exchange: Exchange, **tariff: Any) -> Config:
    """Today, whenever that is, has prices."""
    exchange.published_until = datetime.now(UTC).date() + timedelta(days=2)
    given = {"type": "energy_charts", "zone": "AT", "base_url": exchange.url, "charges": 0.05, "tax_percent": 20}
    return load_config(config(tariff=given | tariff))


def finding(values: Config) -> Finding:
    return next(item for item in check_all(values).findings if item.what.startswith("tariff"))


def test_check_says_source_zone_price_and_until_when(exchange: Exchange) -> None:
    exchange.price = lambda _: 50.0
    said = finding(settings(exchange, export={"market_percent": 100}, otherwise=[OTHERWISE]))
    assert (said.what, said.exit_code) == ("tariff energy_charts", 0)
    assert said.says.startswith("Energy-Charts AT: a bought kWh costs 0.120 now, a sold one earns 0.050; known until ")
    assert said.says.endswith(f"the fixed tariff counts after that; {LICENCE}")
    assert "tariff.otherwise is not set" in finding(settings(exchange)).says


def test_check_says_what_is_wrong_with_it(exchange: Exchange) -> None:
    exchange.status = 503
    said = finding(settings(exchange))
    assert said.exit_code == 5
    assert "Energy-Charts AT has a fault of its own (503)" in said.says


def test_the_live_program_hands_them_to_each_tick_and_shows_how_the_source_fares(
    exchange: Exchange, tmp_path: Path
) -> None:
    values, clock = settings(exchange), SystemClock()
    sources = Sources(values, tools_for(tmp_path, site=values.site), clock, pretended=frozenset())
    try:
        assert sources.of_tick.prices() == ()
        sources.start()
        until(lambda: sources.of_tick.prices() != (), "no prices came")
        assert price_at(sources.of_tick.prices(), clock.now()) is not None
        assert sources.of_tick.prices() is sources.of_tick.prices()
        assert "prices" in {status.name for status in sources.status()}
        known = sources.known_prices()
        assert known is not None
        assert known.licence == LICENCE
    finally:
        sources.stop()
        sources.close()
        clock.close()


@pytest.mark.parametrize(
    ("tariff", "text"),
    [
        (
            {"type": "energy_chart"},
            "tariff.type: must be one of energy_charts, awattar, nordpool, home_assistant, file, ",
        ),
        ({"type": "energy_charts"}, "tariff.zone: is missing"),
        ({"type": "awattar", "zone": "FR"}, "tariff.zone: must be one of AT, DE-LU"),
        ({"type": "awattar", "charges": {"per_kwh": 0.1, "from": "17:05", "to": "20:00"}}, "full quarter of an hour"),
        ({"type": "awattar", "export": {"per_kwh": 0.1, "market_percent": 90}}, "tariff.export.per_kwh: is always"),
        ({"type": "awattar", "otherwise": {"import_per_kwh": 0.3}}, "tariff.otherwise.from: is missing"),
        ({"type": "fixed", "price": 0.3}, "tariff.price: is not a setting"),
    ],
)
def test_a_mistake_in_it_is_told_at_its_place(tariff: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(config(tariff=tariff))
    assert text in str(caught.value)


def test_one_price_all_day_is_a_tariff_of_its_own_and_hours_stay_as_they_were() -> None:
    fixed = load_config(config(tariff={"type": "fixed", "import_per_kwh": 0.29}))
    assert [(row.start, row.end, row.import_per_kwh) for row in fixed.fixed_tariff] == [
        (row.start, row.end, 0.29) for row in load_config(config(tariff=OTHERWISE)).fixed_tariff
    ]
    assert fixed.price_source is None
    market = load_config(config(tariff={"type": "awattar", "otherwise": OTHERWISE}))
    assert market.fixed_tariff[0].import_per_kwh == 0.30


def test_the_fixed_tariff_beside_a_market_may_change_while_it_runs_and_charges_may_not() -> None:
    given = {"type": "awattar", "charges": 0.07, "otherwise": OTHERWISE}
    rows = {row.path: row for row in rows_of(load_config(config(tariff=given)), config(tariff=given))}
    assert rows["tariff.otherwise.import_per_kwh"].live
    assert not [path for path in rows if path.startswith("tariff.charges") and rows[path].live]
    dearer = load_config(config(tariff=given | {"charges": 0.09, "otherwise": OTHERWISE | {"import_per_kwh": 0.4}}))
    taken = with_live(load_config(config(tariff=given)), dearer)
    assert taken.fixed_tariff[0].import_per_kwh == 0.4
    assert taken.price_source is not None
    assert taken.price_source.settings.charges[0].per_kwh == 0.07
