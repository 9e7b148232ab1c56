"""Meters: what is the house doing? One file and one row here add another.

A row names a class with a `Settings` dataclass, built as ``Class(settings, tools)``, that satisfies
`ports.Meter`.
"""

METERS: dict[str, str] = {
    "vrm": "pv_heater.victron.vrm.live_meter:LiveVrmMeter",
    "gx_mqtt": "pv_heater.victron.mqtt.meter:GxMqttMeter",
    "gx_modbus": "pv_heater.victron.modbus.meter:GxModbusMeter",
    "serial": "pv_heater.meters.serial:SerialMeter",
    "mqtt": "pv_heater.meters.mqtt:MqttMeter",
    "http": "pv_heater.meters.http:HttpMeter",
    "pvmonit_xml": "pv_heater.meters.pvmonit_xml:PvMonitXmlMeter",
    "recording": "pv_heater.sim.recording_meter:RecordingMeter",
}
