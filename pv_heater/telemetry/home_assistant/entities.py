"""What Home Assistant shows of a home and of each load. A new row here is a new entity there."""

from __future__ import annotations

from collections.abc import Iterator

from pv_heater.core.model.requests import FORCE_LONGEST_S, Mode
from pv_heater.core.model.values import Phase
from pv_heater.core.settings.home import Site
from pv_heater.core.settings.load import LoadSettings
from pv_heater.status.document import BELIEVED
from pv_heater.telemetry.home_assistant.entity import (
    EXPIRES_S,
    HIDDEN,
    Entity,
    counter,
    degrees,
    diagnostic,
    of_the_day,
    on_if,
    path,
    percent,
    sentence,
    shown,
    watts,
)

LONGEST_FORCE_MIN = round(FORCE_LONGEST_S / 60)
MODES = [str(mode) for mode in Mode]
_WATER_HEATER = {Mode.AUTO: "eco", Mode.ON: "performance", Mode.OFF: "off"}
"""Home Assistant has fixed names for the modes of a water heater."""
_NOT_MEASURED = {"expire_after": None, **HIDDEN}
_BOX = {"mode": "box", "entity_category": "config"}
"""A number that is typed in, among the settings of the device."""


# A key belongs to one platform: Home Assistant retires an entity by both, and one key cannot be sent with two of them.


def of_the_home(site: Site, *, commands: bool) -> Iterator[Entity]:
    """Of the home itself; `commands`: whoever may publish at the broker may give some."""
    yield watts("pv_w", "Solar power", "flows.pv_w", icon="mdi:solar-power")
    yield watts("house_w", "House power", "flows.house_w", icon="mdi:home-lightning-bolt")
    if not site.off_grid:
        yield watts("grid_w", "Grid power", "flows.grid_w", icon="mdi:transmission-tower")
    if site.battery is not None:
        yield watts("battery_w", "Battery power", "flows.battery_w", icon="mdi:home-battery")
        yield percent("battery_soc", "Battery charge", "flows.battery_soc_percent", device_class="battery")
        yield percent("soc_tonight", "Battery charge expected tonight", "expected.soc_tonight_percent", **_NOT_MEASURED)
    yield watts("loads_w", "Loads power", "flows.loads_w", icon="mdi:water-boiler", **HIDDEN)
    yield watts("pv_possible_w", "Solar power possible", "flows.pv_possible_w", icon="mdi:weather-sunny", **HIDDEN)
    yield from _energies(site)
    yield from _condition()
    yield _vacation(commands=commands)
    if commands:
        stop = {"entity_category": "config", "icon": "mdi:power-off", **HIDDEN}
        yield Entity(key="off", platform="button", name="Everything off until cleared", command="off", more=stop)


def _energies(site: Site) -> Iterator[Entity]:
    yield of_the_day("caught_today", "Sun caught today", "today.caught_wh", icon="mdi:solar-power-variant")
    yield of_the_day("possible_today", "Sun that could be caught today", "today.possible_wh", **HIDDEN)
    yield of_the_day("bought_today", "Bought for loads today", "today.bought_wh", **HIDDEN)
    yield of_the_day("sun_left_today", "Sun expected today", "expected.sun_left_today_wh", icon="mdi:weather-sunny")
    yield of_the_day("sun_tomorrow", "Sun expected tomorrow", "expected.sun_tomorrow_wh", icon="mdi:weather-sunny")
    yield counter("caught_energy", "Sun caught", "totals.caught_wh", **HIDDEN)
    yield counter("bought_energy", "Bought for loads", "totals.bought_wh", **HIDDEN)
    yield counter("pv_energy", "Solar energy", "totals.pv_wh", **HIDDEN)
    yield counter("house_energy", "House energy", "totals.house_wh", **HIDDEN)
    if not site.off_grid:
        yield counter("feed_in_energy", "Energy to the grid", "totals.feed_in_wh", **HIDDEN)


def _condition() -> Iterator[Entity]:
    yield Entity(
        key="meter",
        platform="binary_sensor",
        name="Meter",
        value=on_if(f"{path('state.word')} in {BELIEVED}"),
        more={"device_class": "connectivity", **diagnostic()},
        attributes="{{ value_json.state | tojson }}",
    )
    yield Entity(
        key="reading_age",
        platform="sensor",
        name="Age of the reading",
        value=shown("state.age_s"),
        more={
            "device_class": "duration",
            "unit_of_measurement": "s",
            "suggested_display_precision": 0,
            "expire_after": EXPIRES_S,
            **diagnostic(enabled=False),
        },
    )
    yield Entity(
        key="alarms",
        platform="sensor",
        name="Alarms",
        value="{{ (value_json.alarms or []) | count }}",
        more={"icon": "mdi:alert", **diagnostic()},
        attributes="{{ {'alarms': value_json.alarms or []} | tojson }}",
    )
    yield Entity(
        key="throttled",
        platform="binary_sensor",
        name="Solar chargers throttled",
        value=f"{{{{ {{true: 'ON', false: 'OFF'}}.get({path('flags.pv_throttled')}) }}}}",
        more=diagnostic(enabled=False),
    )


def _vacation(*, commands: bool) -> Entity:
    return Entity(
        key="vacation" if commands else "vacation_shown",
        platform="switch" if commands else "binary_sensor",
        name="Vacation",
        value=on_if(path("flags.vacation_until_at")),
        more={"icon": "mdi:bag-suitcase"},
        command="vacation" if commands else None,
        attributes="{{ {'until': value_json.flags.vacation_until_at} | tojson }}",
    )


def of_a_load(policy: LoadSettings, *, commands: bool, water_heater: bool) -> Iterator[Entity]:
    """Of one load, by its settings."""
    yield from _mode(policy) if commands else _mode_shown()
    yield watts("power", "power", "power_w")
    yield counter("energy", "energy", "energy_total_wh")
    yield counter("sun_energy", "energy from the sun", "sun_total_wh", **HIDDEN)
    yield Entity(
        key="phase",
        platform="sensor",
        name="phase",
        value=shown("phase"),
        more={"device_class": "enum", "options": [str(phase) for phase in Phase], "icon": "mdi:state-machine"},
    )
    yield Entity(
        key="why",
        platform="sensor",
        name="why",
        value=sentence("why.because"),
        more={"icon": "mdi:head-question"},
        attributes="{{ value_json.why | tojson }}",
    )
    yield Entity(
        key="running",
        platform="binary_sensor",
        name="running",
        value=on_if(f"{path('power_w')} | float(0) > 0"),
        more={"device_class": "running"},
    )
    yield Entity(
        key="problem",
        platform="binary_sensor",
        name="problem",
        value=on_if(f"{path('fault')} or {path('phase')} == 'fault'"),
        more={"device_class": "problem", **diagnostic()},
        attributes="{{ {'fault': value_json.fault} | tojson }}",
    )
    yield from _times()
    yield from _tank(policy)
    if water_heater and commands:
        yield _water_heater(policy)


def _mode(policy: LoadSettings) -> Iterator[Entity]:
    yield Entity(
        key="mode",
        platform="select",
        name="mode",
        value=shown("mode"),
        more={"options": MODES, "icon": "mdi:auto-mode"},
        command="mode",
        attributes="{{ {'until': value_json.until_at} | tojson }}",
    )
    minutes = {"min": 1, "max": LONGEST_FORCE_MIN, "step": 1, "unit_of_measurement": "min", "device_class": "duration"}
    yield Entity(
        key="force_min",
        platform="number",
        name="minutes of mode on or off",
        value=shown("force_min"),
        more={**minutes, **_BOX},
        command="force_min",
    )
    if policy.adjustable:
        limits = {"min": round(policy.least_power_w), "max": round(policy.max_power_w), "step": 1}
        yield Entity(
            key="force_power",
            platform="number",
            name="power of mode on",
            value=f"{{{{ {path('force_power_w')} or {path('max_power_w')} }}}}",
            more={**limits, "unit_of_measurement": "W", "device_class": "power", **_BOX},
            command="power_w",
        )
    yield Entity(key="boost", platform="button", name="boost", command="boost", more={"icon": "mdi:fire"})
    clear = {"entity_category": "config", "icon": "mdi:restart-alert"}
    yield Entity(key="clear", platform="button", name="clear fault", command="clear", more=clear)


def _mode_shown() -> Iterator[Entity]:
    yield Entity(
        key="mode_shown",
        platform="sensor",
        name="mode",
        value=shown("mode"),
        more={"device_class": "enum", "options": MODES, "icon": "mdi:auto-mode"},
        attributes="{{ {'until': value_json.until_at} | tojson }}",
    )


def _times() -> Iterator[Entity]:
    for key, name, words in (("next_change", "next change", "next_change_at"), ("until", "mode until", "until_at")):
        more = {"device_class": "timestamp", **diagnostic(enabled=False)}
        yield Entity(key=key, platform="sensor", name=name, value=shown(words), more=more)
    more = {"state_class": "total_increasing", "icon": "mdi:counter", **diagnostic(enabled=False)}
    yield Entity(key="starts", platform="sensor", name="starts today", value=shown("starts"), more=more)


def _tank(policy: LoadSettings) -> Iterator[Entity]:
    if policy.hot_water is not None or not all(
        value is None for value in (policy.target_c, policy.max_c, policy.frost_c, policy.temperature_from)
    ):
        yield degrees("temperature", "temperature", "temperature_c")
    if policy.target_c is not None:
        yield degrees("target", "target temperature", "target_c", expire_after=None, **diagnostic(enabled=False))
    if policy.hot_water is not None:
        yield percent("tank", "hot water", "tank.percent", icon="mdi:water-thermometer")


def _water_heater(policy: LoadSettings) -> Entity:
    """Its own card, for whoever wants it. The target is a setting, and not set from there."""
    to_words = ", ".join(f"'{mode}': '{word}'" for mode, word in _WATER_HEATER.items())
    to_modes = ", ".join(f"'{word}': '{mode}'" for mode, word in _WATER_HEATER.items())
    return Entity(
        key="water_heater",
        platform="water_heater",
        name="",
        more={
            "modes": list(_WATER_HEATER.values()),
            "mode_command_template": f"{{{{ {{{to_modes}}}.get(value, 'auto') }}}}",
            "mode_state_template": f"{{{{ {{{to_words}}}.get(value_json.mode) }}}}",
            "current_temperature_template": shown("temperature_c"),
            "temperature_state_template": shown("target_c"),
            "temperature_unit": "C",
            "max_temp": policy.max_c or 95.0,
            "min_temp": 0.0,
        },
        command="mode",
    )
