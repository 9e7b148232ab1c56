"""Settings files of three earlier systems, recognised, with the new name of each of their keys.

The MQTT load balancer kept an INI file (`config.ini`), the relay automation PvMonit a section `domo:` in YAML, and
Pv router a `config.json`. None can be converted by itself, since each names things that only the owner knows (what a
load draws, where it hangs); so every line of it is answered with where its meaning lives now. The keys of the heater
optimizer are those of `legacy_keys`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from math import isfinite

from pv_heater.config.yaml_lines import Document, Problem

_SECTION = re.compile(r"\[([^\]]+)\]\s*")
_NOTHING = "nothing"
_ENTRY = re.compile(r"([^=:]+?)\s*[=:]\s*(.*)")

BALANCER: Mapping[str, Mapping[str, str]] = {
    "mqtt": {
        "broker_ip": "meter.host, and broker.host of each load",
        "port": "meter.port, and broker.port of each load",
        "topic_cons": "`consumption:` of `meter: {preset: pzem_power, ...}`",
        "topic_prod": "`production:` of `meter: {preset: pzem_power, ...}`",
        "topic_regul": "`topic:` of each load, whole",
        "topic_status": "status_topic of `mqtt: {balancer: {...}}`",
        "topic_force": "force_topic of `mqtt: {balancer: {...}, commands: true}`",
        "topic_ecsmode": "out_topic of `publish: {type: domoticz, ...}`, the first two parts of it",
    },
    "domoticz": {
        "idx_injection": "devices.injection of `publish: {type: domoticz, ...}`",
        "idx_grid": "devices.grid of `publish: {type: domoticz, ...}`",
        "idx_ecs_mode": "`selector:` of the load in `publish: {type: domoticz, ...}`",
        "send_*": "nothing: a device that is named is told",
        "*": "`publish: {type: domoticz, ...}`",
    },
    "evaluate": {
        "margin": "limits.max_grid_w (what the grid may give) and dead_band_w of each load",
        "threshold": "dead_band_w of each load",
        "period": "tick_s",
        "status_time": "nothing: with `mqtt: {balancer: true}` its status comes every 5 s",
        "pzem_timeout": "limits.max_reading_age_s",
        "check_at": "ready_by of the load (the hour by which it must be warm)",
        "init_at": "nothing: a full load is tested again by itself, the day begins at midnight",
        "good_forecast": "nothing: the guarantee goes by the forecast of sun",
        "ecs_measure_correction": "`power_from:` or a calibrated `curve:` of the load",
    },
    "season": {"*": "hot_water.seasons of the load, each `{from: MM-DD, ...}`"},
    "fallback": {
        "low_nrj_today_*": "daily_min_wh of the load, or of one of its hot_water.seasons",
        "low_nrj_two_days_*": "two_days_min_wh in hot_water, or in one of its seasons",
    },
    "cloudforecast": {
        "location": "site.latitude and site.longitude",
        "key": "api_key of `forecast:`, where its service asks for one",
        "*": "hot_water.seasons of the load",
    },
    "debug": {
        "simulation": "dry_run",
        "simul_prod": "`python main.py simulate`",
        "simul_fallback": "`python main.py simulate`",
        "debug_file": "log.file",
        "log_file": "log.file",
        "use_persistent": "nothing: state is always kept, in state_dir",
        "*": "nothing: the log is the same on the terminal and in its file",
    },
    "equipments": {
        "*": "a row in `loads:`; water_heater and variable are `type: mqtt_variator`, constant is `type: mqtt_switch`"
    },
}
"""Section and key in small letters to what takes its place; ``*`` stands for any other key, or the end of one."""

EQUIPMENT: Mapping[str, str] = {
    "topic_set_power": "`topic:` of the load",
    "topic_read_power": "`power_from: {type: mqtt, topic: ...}` of the load",
    "json_read_power": "`path:` in power_from of the load",
    "min_power": "min_power_w of the load",
    "min_percent": "min_power_w of the load, in watts",
    "max_power": "max_power_w of the load",
    "full": "daily_max_wh of the load",
    "morning": "daily_min_wh with ready_by of the load",
    "json_on": "on_payload of the load",
    "json_off": "off_payload of the load",
}

PVMONIT: Mapping[str, str] = {
    "daemon": "nothing: one program does it all",
    "dataCheckTime": "interval_s of the meter",
    "dbFile": "state_dir",
    "jsonFile": "`publish: {type: pvmonit_files}`",
    "prefixFileData": "nothing",
    "binGpio": "gpio.factory",
    "fileExpir": "limits.max_reading_age_s",
    "xmlDataExpir": "limits.max_reading_age_s",
    "valueUse": "nothing: a condition that asks for what the meter does not report does not hold",
    "valueSimu": "`python main.py replay` or `simulate`",
    "relay": "rule files in Files/rules named after the load, or `when:` and `on_when:` of the load",
    "relayNb": "one row in `loads:` for each relay",
    "relayName": "`name:` of each load",
    "relayWiringPi": "`relay: {pin: GPIO.., active_high: false}` of each load",
    "relayActionRefresh": "tick_s",
    "tm1638": "`display: {type: tm1638, ...}`",
}
"""Keys below `domo:`."""

PVMONIT_SECTIONS = {
    "domo": "its relays",
    "vedirect": "its meters",
    "www": "its page",
    "emoncms": "its export, now `publish: {type: emoncms, ...}`",
    "weather": "its forecast",
}
"""Sections of its file; they count as such only beside `domo`."""


ROUTER: Mapping[str, str] = {
    "delta": "",
    "deltaneg": "",
    "fuse": "max_power_w of the load, its share of the heater (full_percent of an http_dimmer), and limits.max_house_w",
    "localfuse": "max_power_w of the load, its share of the heater (full_percent of an http_dimmer)",
    "resistance": "max_power_w of the load",
    "charge": "max_power_w of the load",
    "charge1": "max_power_w of the load",
    "tmax": "max_c of the load, with `temperature_from:`",
    "trigger": "hysteresis_c of the load, in degrees",
    "dimmer": "`url:` of a load of `type: http_dimmer`",
    "dimmerlocal": "a load of `type: burst_ssr`",
    "mqttserver": "meter.host",
    "mqtt": "`meter: {type: mqtt, ...}` or a preset",
    "facteur": "`scale:` of the meter",
    "sending": "dry_run",
    "autonome": "dry_run",
    "UseDomoticz": "`publish: {type: domoticz, ...}`",
    "UseJeedom": "nothing: `python main.py status --json` and the page tell whoever asks",
    "hostname": "`url:` of `publish: {type: domoticz, ...}`",
    "port": "`url:` of `publish: {type: domoticz, ...}`",
    "apiKey": "username and password of `publish: {type: domoticz, ...}`",
    "IDX": "devices.grid of `publish: {type: domoticz, ...}`",
    "IDXdimmer": "`power:` of the load in `publish: {type: domoticz, ...}`",
    "otapassword": "nothing: docs/install.md has how it is updated",
    "cosphi": "nothing: the meter measures",
    "cycle": "nothing: the meter measures",
    "readtime": "interval_s of the meter",
}
"""Keys of Pv router's `config.json`. `delta` and `deltaneg` are answered together, with their numbers."""
_OF_A_ROUTER = frozenset(("delta", "deltaneg", "facteur", "cosphi", "autonome", "dimmerlocal", "resistance"))
_LEAST_KEYS = 2
"""So many of those make a file one of the router's."""


def balancer_lines(text: str) -> list[str]:
    """A sentence for each line of the balancer's `config.ini`, one for another INI file; empty when it is neither."""
    entries = list(_ini_entries(text))
    if not {section for _, section, _ in entries} & {"mqtt", "equipments", "evaluate"}:
        if not entries:
            return []
        return ["is an INI file, and these settings are YAML: copy Files/starter.yaml and change what is yours"]
    lines = ["is a config.ini of the MQTT load balancer. Write a new file; this is what each line is called now:"]
    for number, section, key in entries:
        known = BALANCER.get(section, EQUIPMENT)
        lines.append(f"line {number}: [{section}] {key}: {_successor(known, key)}")
    return lines


def _ini_entries(text: str) -> Iterator[tuple[int, str, str]]:
    """(line number, section, key) of each entry; nothing from the first line on that no INI file would have."""
    section = None
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if not bare or bare[0] in "#;":
            continue
        if heading := _SECTION.fullmatch(bare):
            section = heading[1].strip().lower()
            continue
        entry = _ENTRY.fullmatch(bare)
        if section is None or entry is None:
            return
        yield number, section, entry[1].lower()


def _successor(known: Mapping[str, str], key: str) -> str:
    endings = [text for name, text in known.items() if name.endswith("*") and key.startswith(name[:-1])]
    successor = known.get(key) or next(iter(endings), None)
    if successor is None:
        return "nothing here has its meaning"
    if successor.startswith(_NOTHING):
        return "is no longer needed" + successor.removeprefix(_NOTHING)
    return f"is now {successor}"


def take_out_pvmonit(document: Document) -> None:
    """Answer each key of PvMonit's `domo:` in `document` with its new name, as problems, and take the section out."""
    domo = document.values.get("domo")
    if domo is None:
        return
    for section in PVMONIT_SECTIONS.keys() & document.values.keys():
        document.values.pop(section)
        message = f"is a section of PvMonit ({PVMONIT_SECTIONS[section]}); write a new file, docs/loads.md shows how"
        document.problems.append(Problem((section,), message))
    if isinstance(domo, dict):
        document.problems.extend(Problem(("domo", key), _successor(PVMONIT, key)) for key in domo)


def take_out_router(document: Document) -> None:
    """Answer each key of Pv router's file in `document` with its new name, as problems, and take the keys out."""
    values = document.values
    if len(_OF_A_ROUTER & values.keys()) < _LEAST_KEYS:
        return
    band = _band_text(values.get("delta"), values.get("deltaneg"))
    for key in [key for key in values if key in ROUTER]:
        values.pop(key)
        successor = band if key in ("delta", "deltaneg") else ROUTER[key]
        document.problems.append(Problem((key,), _successor({str(key): successor}, str(key))))


def _band_text(delta: object, deltaneg: object) -> str:
    """Between the two the router changed nothing: their middle is aimed at, and their distance is not worth a move."""
    try:
        above_w, below_w = float(str(delta)), float(str(deltaneg))
    except ValueError:
        return (
            "limits.grid_target_w (the middle of delta and deltaneg) and dead_band_w of the load (half their distance)"
        )
    if not (isfinite(above_w) and isfinite(below_w)):
        return "limits.grid_target_w and dead_band_w of the load"
    middle_w, half_w = (above_w + below_w) / 2.0, abs(above_w - below_w) / 2.0
    return (
        f"`limits: {{grid_target_w: {middle_w:g}}}`, the middle of delta and deltaneg, and `dead_band_w: {half_w:g}` "
        "of the load, half their distance"
    )
