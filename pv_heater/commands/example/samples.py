"""What Files/config.yaml begins with, what its demo sets, and a value for each setting that has no default."""

from __future__ import annotations

from typing import Any

HEADER = """\
# Settings of pv_heater. As it stands, this file runs at once and switches nothing: a recorded summer day, dry.
#
#     python main.py                   see what it would have done on that day
#
# From here to your own home, in five steps:
#   1. Copy this file to Files/config-private.yaml; that one is taken when it exists, and git leaves it alone.
#   2. site: your place, time zone, modules and battery.
#   3. meter: replace the recording by `vrm` (its lines are below). `python main.py check` says what it answers.
#   4. loads: your heater, its pins and its power; docs/ says how to wire it. Watch a day or two with dry_run: true.
#   5. dry_run: false. Now it switches.
#
# Lines that begin with # are off and show the default; take away the `# ` to change one. Each comment gives unit,
# range and default, then what the setting is for. Texts may come from the environment, ${NAME}, or from the first
# line of a file, file:name. Times need no quotes. docs/configuration.md has the rest.
"""

DEMO: dict[str, Any] = {
    "dry_run": "true",
    "site": {
        "name": "Home",
        "latitude": "47.05",
        "longitude": "15.44",
        "timezone": "Europe/Vienna",
        "pv": [{"kwp": "6.0", "tilt_deg": "30", "azimuth_deg": "0"}],
        "battery": {"capacity_wh": "4800", "max_charge_w": "2400"},
    },
    "meter": "recording",
    "strategy": "plan",
    "loads": "servo_regulator",
}
"""What the shipped file sets; a word picks the adapter that is on."""

SAMPLES: dict[str, dict[str, Any]] = {
    "recording": {"path": "Files/recordings/summer.csv.gz"},
    "vrm": {"token": "file:vrm-token", "installation_id": "123456"},
    "mqtt": {"host": "192.168.1.10", "values": {"pv_w": [{"topic": "house/pv", "path": "power"}]}},
    "http": {"url": "http://192.168.1.50/status", "values": {"pv_w": [{"path": "power"}]}},
    "pvmonit_xml": {"url": "http://192.168.1.20/data-xml.php"},
    "serial": {"protocol": "vedirect", "device": "/dev/ttyUSB0"},
    "servo_regulator": {
        "name": "water_heater",
        "max_power_w": "2000",
        "relay": {"pin": "BOARD11", "active_high": "true"},
        "servo": {"pin": "BOARD40"},
    },
    "digital_pot": {
        "name": "pool",
        "max_power_w": "3000",
        "relay": {"pin": "GPIO22", "active_high": "true"},
        "wiper": {"clock_pin": "GPIO11", "data_pin": "GPIO10", "select_pin": "GPIO8"},
    },
    "burst_ssr": {
        "name": "rod",
        "max_power_w": "3000",
        "ssr": {"pin": "GPIO24", "active_high": "true"},
        "relay": {"pin": "GPIO25", "active_high": "true"},
    },
    "stages": {
        "name": "boiler",
        "relays": [{"pin": "GPIO5", "active_high": "false"}, {"pin": "GPIO6", "active_high": "false"}],
        "levels": [
            {"power_w": "1000", "closed": "[1]"},
            {"power_w": "2000", "closed": "[2]"},
            {"power_w": "3000", "closed": "[1, 2]"},
        ],
    },
    "relay_board": {
        "name": "rods",
        "step_w": "300",
        "relays": [{"pin": "GPIO16", "active_high": "true"}, {"pin": "GPIO20", "active_high": "true"}],
    },
    "sg_ready": {
        "name": "heat_pump",
        "recommended_w": "1500",
        "min_on_s": "900",
        "min_off_s": "600",
        "start_delay_s": "120",
        "relays": [{"pin": "GPIO23", "active_high": "true"}, {"pin": "GPIO27", "active_high": "true"}],
    },
    "relay": {"name": "pump", "max_power_w": "800", "relay": {"pin": "GPIO17", "active_high": "true"}},
    "http_dimmer": {"name": "boiler", "max_power_w": "1000", "url": "http://192.168.1.199"},
    "http_switch": {
        "name": "pump",
        "max_power_w": "800",
        "url": "http://192.168.1.50",
        "on": [{"path": "/relay/0?turn=on"}],
        "off": [{"path": "/relay/0?turn=off"}],
        "confirm": {"path": "/relay/0", "value": "ison"},
    },
    "http_variator": {
        "name": "radiator",
        "max_power_w": "1000",
        "url": "http://192.168.1.50",
        "power": [{"path": "/light/0?turn=on&brightness={percent}"}],
        "off": [{"path": "/light/0?turn=off"}],
        "confirm": {"path": "/light/0", "value": "ison", "level": "brightness"},
    },
    "mk2_client": {"name": "garage", "max_power_w": "1500", "address": "192.168.1.60"},
    "mqtt_variator": {"name": "ecs", "max_power_w": "2300", "topic": "regul/vload/ECS/cmd"},
    "mqtt_switch": {"name": "pool", "max_power_w": "700", "topic": "cmnd/pool/POWER"},
    "gx_relay": {"name": "immersion", "max_power_w": "1500"},
    "gx_relay_modbus": {"name": "immersion_2", "max_power_w": "1500", "relay_is_manual": "true"},
    "dry_run": {"name": "try_out", "max_power_w": "1000"},
    "domoticz": {"url": "http://192.168.1.20:8080", "loads": [{"load": "water_heater"}]},
    "influxdb": {"url": "http://192.168.1.20:8086", "version": "1", "database": "home"},
    "emoncms": {"url": "http://emonpi.local/emoncms", "apikey": "file:emoncms-key"},
    "tm1638": {"dio": "GPIO19", "clk": "GPIO13", "stb": "GPIO26"},
    "power_from http": {"url": "http://192.168.1.60/rpc/Switch.GetStatus?id=0", "path": "apower"},
    "power_from mqtt": {"host": "192.168.1.10", "topic": "tele/washer/SENSOR", "path": "ENERGY.Power"},
    "energy_charts": {"zone": "AT"},
    "nordpool": {"zone": "SE3"},
    "home_assistant": {"token": "file:ha-token", "entity": "sensor.electricity_price"},
    "file": {"path": "Files/prices.csv"},
    "values mqtt": {"host": "192.168.1.10", "topic": "zigbee2mqtt/cellar", "path": "humidity"},
    "values http": {"url": "http://192.168.1.61/rpc/Switch.GetStatus?id=0", "path": "apower"},
    "values file": {"file": "/run/price.json", "path": "now"},
    "messages ntfy": {"topic": "pv-heater-7fq2x9"},
    "messages telegram": {"token": "file:telegram-token", "chat_id": '"123456789"'},
    "messages mail": {
        "host": "smtp.example.org",
        "username": "me@example.org",
        "password": "file:mail-password",
        "from": "me@example.org",
        "to": "[me@example.org]",
    },
    "messages webhook": {"url": "https://gotify.example.org/message", "token": "file:gotify-token"},
    "messages apprise": {"url": "file:apprise-url"},
    "temperature_from http": {"url": "http://192.168.1.199/state"},
    "temperature_from mqtt": {"host": "192.168.1.10", "topic": "tele/boiler/SENSOR"},
}
"""Values for settings that have no default, by the word behind `type:`; a probe's by where it stands as well."""

OWN_NAMES = {"mqtt": "humidity", "http": "oven_w", "file": "price_ct"}
