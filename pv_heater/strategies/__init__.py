"""Strategies: how much would be good? One file and one row here add another.

A row names a class with a `Settings` dataclass, built as ``Class(settings)``, that satisfies
`core.house.surplus.Strategy`. A strategy is pure: no clock, no I/O.
"""

STRATEGIES: dict[str, str] = {
    "forecast_gap": "pv_heater.strategies.forecast_gap:ForecastGap",
    "balance": "pv_heater.strategies.balance:Balance",
    "plan": "pv_heater.strategies.plan:Plan",
    "bucket": "pv_heater.strategies.bucket:Bucket",
}
