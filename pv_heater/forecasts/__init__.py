"""Forecasts: what will the sun give? One file and one row here add another.

A row names a class with a `Settings` dataclass, built as ``Class(settings, tools)``, that satisfies
`ports.ForecastSource`.
"""

FORECASTS: dict[str, str] = {
    "forecast_solar": "pv_heater.forecasts.forecast_solar:ForecastSolar",
    "open_meteo": "pv_heater.forecasts.open_meteo:OpenMeteo",
    "vrm": "pv_heater.victron.vrm.forecast:VrmForecast",
    "clear_sky": "pv_heater.forecasts.clear_sky:ClearSky",
}
