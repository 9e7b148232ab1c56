"""What tells other systems how the home fares, each in a room of its own.

`PUBLISHERS` are what a row of `publish:` may name: one file and one row here add another. A row names a class with a
`Settings` dataclass, built as ``Class(settings, tools)``, that satisfies `ports.Publisher`.
"""

PUBLISHERS: dict[str, str] = {
    "domoticz": "pv_heater.telemetry.domoticz.publisher:Domoticz",
    "influxdb": "pv_heater.telemetry.databases.influxdb:InfluxDb",
    "pvmonit_files": "pv_heater.telemetry.pvmonit.files:PvMonitFiles",
    "emoncms": "pv_heater.telemetry.databases.emoncms:Emoncms",
}
