"""Meters: what is the house doing? One file and one row here add another.

A row names a class with a `Settings` attrs class, built as ``Class(settings, tools)``, that satisfies
`ports.Meter`.
"""

METERS: dict[str, str] = {
    "vrm": "pv_heater.meters.vrm:VrmMeter",
    "gx_modbus": "pv_heater.meters.gx_modbus:GxModbusMeter",
    "serial": "pv_heater.meters.serial:SerialMeter",
    "recording": "pv_heater.sim.recording:RecordingMeter",
}
