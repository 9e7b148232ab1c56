"""Loads: make it so. One file and one row here add another kind of output.

A row names a class with a `Settings` class derived from `core.settings.load.LoadSettings`, built as
``Class(settings, tools)``, that satisfies `ports.Load`.
"""

LOADS: dict[str, str] = {
    "servo_regulator": "pv_heater.loads.pins.servo_regulator:ServoRegulator",
    "digital_pot": "pv_heater.loads.pins.digital_pot:DigitalPot",
    "burst_ssr": "pv_heater.loads.pins.burst_ssr:BurstSsr",
    "relay": "pv_heater.loads.pins.relay_loads:Relay",
    "stages": "pv_heater.loads.pins.relay_loads:Stages",
    "relay_board": "pv_heater.loads.pins.relay_loads:RelayBoard",
    "sg_ready": "pv_heater.loads.pins.relay_loads:SgReady",
    "http_dimmer": "pv_heater.loads.network.http_dimmer:HttpDimmer",
    "http_switch": "pv_heater.loads.network.http_output:HttpSwitch",
    "http_variator": "pv_heater.loads.network.http_output:HttpVariator",
    "mqtt_variator": "pv_heater.loads.network.mqtt_loads:MqttVariator",
    "mqtt_switch": "pv_heater.loads.network.mqtt_loads:MqttSwitch",
    "mk2_client": "pv_heater.loads.network.mk2_client:Mk2Client",
    "http_ev_charger": "pv_heater.loads.network.ev_charger:HttpEvCharger",
    "mqtt_ev_charger": "pv_heater.loads.network.ev_charger:MqttEvCharger",
    "gx_relay": "pv_heater.victron.relay_mqtt:GxRelay",
    "gx_relay_modbus": "pv_heater.victron.relay_modbus:GxRelayModbus",
    "dry_run": "pv_heater.loads.dry_run:DryRun",
}
