"""Sensors: how warm is the tank? One file and one row here add another.

A row names a class with a `Settings` dataclass, built as ``Class(settings, tools)``, that satisfies
`ports.Sensor`. A load names one in its ``temperature_from:``.
"""

SENSORS: dict[str, str] = {
    "ds18b20": "pv_heater.sensors.ds18b20:Ds18b20",
    "mqtt": "pv_heater.sensors.mqtt:MqttSensor",
    "http": "pv_heater.sensors.http:HttpSensor",
    "gx": "pv_heater.victron.temperature:GxSensor",
}

POWER_METERS: dict[str, str] = {
    "mqtt": "pv_heater.sensors.mqtt:MqttPower",
    "http": "pv_heater.sensors.http:HttpPower",
}
"""The same for what a load draws, in W; a load names one in its ``power_from:``."""

VALUES: dict[str, str] = {
    "mqtt": "pv_heater.sensors.mqtt:MqttValue",
    "http": "pv_heater.sensors.http:HttpValue",
    "file": "pv_heater.sensors.file:FileValue",
}
"""The same for numbers of the owner's own, in ``values:``."""
