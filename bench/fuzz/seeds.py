"""Good examples of what comes from outside, made up in the shapes that the real ones have; `gx_examples` has more."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from pv_heater.meters.mk2_router import crc8

NOON = datetime(2026, 6, 21, 11, 0, tzinfo=UTC)
"""The moment at which all examples are new."""
_NOON_S = int(NOON.timestamp())


def _record(code: str, value: object, **more: object) -> dict[str, Any]:
    return {
        "code": code, "rawValue": value, "instance": 0, "Device": "System overview", "dbusServiceType": "system",
        "timestamp": _NOON_S, "formatWithUnit": "%.0F W", "formattedValue": str(value), **more,
    }  # fmt: skip


_RECORDS = [
    _record("bs", 81.5, formatWithUnit="%.1F %%"),
    _record("bv", 52.4, formatWithUnit="%.2F V"),
    _record("bc", 20.0, formatWithUnit="%.2F A"),
    _record("bp", 1048),
    _record("a1", 1747),
    _record("g1", -100),
    _record("Pdc", 2.295, formatWithUnit="%.1F kW"),
    _record("Agl", 0, valueEnum=0, dataAttributeEnumValues=[{"nameEnum": "Ok", "valueEnum": 0}]),
    _record("ScS", "Bulk", Device="Solar Charger", dbusServiceType="solarcharger", valueEnum=3),
    _record("x", 2, dbusServiceType="solarcharger", dbusPath="/Pv/0/MppOperationMode"),
]
VRM_DIAGNOSTICS = (
    json.dumps({"success": True, "records": _RECORDS, "num_records": len(_RECORDS)}).encode(),
    json.dumps({"success": True, "records": {str(n): record for n, record in enumerate(_RECORDS)}}).encode(),
)
VRM_EXTENDED = (
    json.dumps({"success": True, "records": [{"idSite": 1, "name": "Home", "extended": _RECORDS[:6]}]}).encode(),
)
VRM_OVERVIEW = (
    json.dumps(
        {"success": True, "records": {"devices": [{"name": "Gateway", "loggingInterval": 300, "instance": 0}]}}
    ).encode(),
)
VRM_SUN = (
    json.dumps(
        {
            "success": True,
            "records": {"solar_yield_forecast": [[1000 * (_NOON_S + 3600 * hour), 400.5] for hour in range(-11, 60)]},
        }
    ).encode(),
    b'{"success": true, "records": {"solar_yield_forecast": false}}',
)


def _open_meteo() -> bytes:
    series = {}
    for name, step_s, count in (("minutely_15", 900, 96), ("hourly", 3600, 48)):
        times = [_NOON_S - 40 * 900 + step_s * number for number in range(count)]
        times = [at_s - times[0] % step_s for at_s in times]
        values = {"global_tilted_irradiance": 420.5, "temperature_2m": 21.5, "cloud_cover": 30}
        series[name] = {"time": times, **{key: [value] * count for key, value in values.items()}}
    return json.dumps({"latitude": 47.05, "utc_offset_seconds": 0, **series}).encode()


OPEN_METEO = (_open_meteo(), b'{"error": true, "reason": "Minutely API request limit exceeded."}')
FORECAST_SOLAR = (
    json.dumps(
        {
            "result": {
                f"{NOON + timedelta(days=day, hours=hour):%Y-%m-%d %H:%M:%S}": (hour + 6) * 500
                for day in (0, 1)
                for hour in range(-6, 8)
            },
            "message": {
                "code": 0, "type": "success", "text": "", "info": {"timezone": "Europe/Vienna"},
                "ratelimit": {"period": 3600, "limit": 12, "remaining": 10},
            },
        }
    ).encode(),
)  # fmt: skip

PVMONIT = (
    b'<?xml version="1.0" encoding="utf-8"?>\n<devices><device id="HQ1"><timerefresh>%d</timerefresh><datas>'
    b'<data id="PPV"><value>300</value><units>W</units></data></datas></device><device id="700"><timerefresh>%d'
    b'</timerefresh><datas><data id="P"><value>-54</value><units>W</units></data><data id="SOC"><value>94.2</value>'
    b"<units>%%</units></data></datas></device></devices>" % (_NOON_S - 3, _NOON_S - 9),
)
HEADERS = (
    b"120\nSun, 21 Jun 2026 11:00:00 GMT",
    b"Sun, 21 Jun 2026 12:00:00 GMT\nSun, 21 Jun 2026 11:00:00 +0000",
    b"Sunday, 21-Jun-26 12:00:00 GMT\nSun Jun 21 11:00:00 2026",
)
"""Retry-After and Date."""

MK2_BODIES = (
    b"EIB>2092.77;REE>-90.43;MPC>37.5;POR>39;FID>4187;SPL>57;VO2>0;",
    b"EIB>3600;REE>1250.5;POR>900;",
)
MK2_FRAMES = (
    b"".join(b"%b$%d\r\n" % (body, crc8(body)) for body in MK2_BODIES),
    b"garbage" + b"%b$%d;" % (MK2_BODIES[0], crc8(MK2_BODIES[0])) * 3,
)
VE_DIRECT_BODIES = (
    b"\r\nPID\t0xA060\r\nSER#\tHQ2132AAAAA\r\nV\t52100\r\nI\t27500\r\nVPV\t98200\r\nPPV\t1450\r\nCS\t4\r\nMPPT\t1",
    b"\r\nPID\t0xA389\r\nV\t52300\r\nI\t7648\r\nP\t400\r\nSOC\t874\r\nTTG\t-1\r\nBMV\tSmartShunt\r\nMON\t0",
    b"\r\nPID\t0xA279\r\nMODE\t2\r\nCS\t9\r\nAC_OUT_V\t23000\r\nAC_OUT_I\t13\r\nAC_OUT_S\t299\r\nV\t51900",
)
"""Without their checksum."""


def ve_direct_block(body: bytes) -> bytes:
    """The body with its checksum."""
    whole = body + b"\r\nChecksum\t"
    return whole + bytes([-sum(whole) % 256])


VE_DIRECT_BLOCKS = (
    b"".join(map(ve_direct_block, VE_DIRECT_BODIES)),
    b":A0102000543\n" + ve_direct_block(VE_DIRECT_BODIES[0]) * 2,
)

W1_SLAVE = (
    b"2d 00 4b 46 ff ff 02 10 19 : crc=19 YES\n2d 00 4b 46 ff ff 02 10 19 t=22812\n",
    b"08 03 4b 46 7f ff 08 10 87 : crc=87 NO\n08 03 4b 46 7f ff 08 10 87 t=48500\n",
)
W1_TEMPERATURE = (b"48562\n", b"-1250\n")

STATES = (
    json.dumps(
        {
            "schema": 1,
            "saved_at": (NOON - timedelta(minutes=5)).isoformat(),
            "day": "2026-06-21",
            "vacation_until_at": None,
            "loads": {
                "water_heater": {
                    "phase": "heating", "opened_ago_s": 0.0, "mode": "on", "mode_left_s": 3000.0, "forced_w": 1000.0,
                    "closings": 3, "energy_wh": 2345.6, "fault": None,
                }
            },
            "strategy": {
                "type": "plan",
                "learned": {"hours": {}, "days": [], "use_w": [300.0] * 24, "sun": [], "ratio": 1.0},
            },
        }
    ).encode(),
)  # fmt: skip
KEPT_FORECASTS = (
    json.dumps(
        {
            "version": 1, "not_before_at": NOON.isoformat(), "failures": 1,
            "forecast": {
                "issued_at": NOON.isoformat(), "source": "forecast.solar", "step_s": 900,
                "first_at": NOON.isoformat(), "pv_w": [100.0] * 40, "cloud_percent": [30.0] * 40,
            },
        }
    ).encode(),
)  # fmt: skip
KEPT_UNITS = (
    b'{"gx": "c0619ab0a001", "units": {"grid_meter": [30], "solar_charger": [279, 280], "multi_rs": [],'
    b' "pv_inverter": [20]}}',
)
REQUESTS = (
    b'{"command": "off"}\n',
    b'{"command": "clear", "load": "water_heater"}\n',
    b'{"command": "force", "load": "water_heater", "mode": "on", "for_s": 7200, "power_w": 1000}\n',
    b'{"command": "status"}\n',
    b'{"command": "why", "load": "water_heater", "last": 5}\n',
)

ANNOUNCED = (b"venus.local\nc0619ab0a001", b"\n0123456789")
"""Name and portal ID that a device tells `detect`."""
HOME_RECORDINGS = (
    b"# pv-heater 1 kind=home zone=Europe/Vienna name=day\n# made up\nt,pv_w,load_w\n"
    b"2026-06-21T10:00:00,2500,400\n2026-06-21T10:01:00,2600.5,410\n2026-06-21T10:02:00,,420\n",
)
READINGS_RECORDINGS = (
    b"# pv-heater 1 kind=readings zone=UTC+2\nt,pv_w,consumption_w,grid_w,battery_w,battery_soc_percent,pv_throttled\n"
    b"2026-06-21T10:00:00,2500,400,-100,2000,55,0\n2026-06-21T10:00:10,2500,400,-100,2000,55,1\n",
)
VRM_RECORDINGS = (
    b'{"pv-heater": 1, "kind": "vrm", "name": "night"}\n'
    + b"".join(
        json.dumps(
            {
                "taken_s": 60.0 * look,
                "at": (NOON + timedelta(seconds=60 * look)).isoformat(),
                "bodies": {"diagnostics": [{"records": _RECORDS[:5]}]},
            }
        ).encode()
        + b"\n"
        for look in range(2)
    ),
)
CONFIGS = (
    b"""site: {latitude: 47.05, longitude: 15.44, timezone: Europe/Vienna, pv: [{kwp: 4.4, tilt_deg: 37}]}
meter:
  - {type: gx_mqtt, host: venus.local, password: "${GX}"}
  - {type: gx_modbus, host: 192.168.1.20, solar_charger_units: [226, 227]}
forecast: [{type: open_meteo}, {type: clear_sky}]
strategy: {type: plan}
limits: {min_battery_percent: 30, max_grid_w: 80, daylight: {from: sunrise+30m, to: "18:00:00"}}
tariff: [{from: "22:00", to: "06:00", import_per_kwh: 0.18, export_per_kwh: 0.05}]
loads:
  - name: water_heater
    type: servo_regulator
    max_power_w: 2000
    relay: {pin: BOARD11, active_high: true, off: low}
    servo: {pin: BOARD40, min_pulse_s: 0.0005, max_pulse_s: 0.0025}
    min_on_s: 300
    max_c: 70
    temperature_from: {type: ds18b20, id: 28-0316a2795eff}
""",
    b"""meter: {preset: shelly_pro_3em, host: 192.168.1.50}
loads:
  - {name: pump, type: relay, max_power_w: 800, relay: {pin: GPIO17, active_high: true}}
  - {type: battery, until_percent: 80}
log: {file: auto, max_bytes: 10000000}
gpio: {factory: mock}
dry_run: true
""",
    b"""api_username: someone@example.org
api_password: "secret"
diags_url: https://vrmapi.victronenergy.com/v2/installations/123456/diagnostics?count=1000
fcast_url: https://api.forecast.solar/estimate/watthours/47.05/15.44/37/20/4.4
sleep_timer: 300
fcast_diff: 500
min_battery: 40
""",
)
