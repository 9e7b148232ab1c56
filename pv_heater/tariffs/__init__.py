"""Prices of markets: what does a kWh cost, quarter by quarter? One file and one row here add another.

A row names a class with a `Settings` dataclass that inherits from `core.settings.tariff.MarketTariff`, built as
``Class(settings, tools)``, that satisfies `ports.PriceSource`.
"""

TARIFFS: dict[str, str] = {
    "energy_charts": "pv_heater.tariffs.energy_charts:EnergyCharts",
    "awattar": "pv_heater.tariffs.awattar:Awattar",
    "nordpool": "pv_heater.tariffs.nordpool:NordPool",
    "home_assistant": "pv_heater.tariffs.home_assistant:HomeAssistant",
    "file": "pv_heater.tariffs.file:PriceFile",
}
