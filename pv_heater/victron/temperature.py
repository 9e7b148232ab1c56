"""A temperature sensor of the GX device: wired or wireless, as the device shows it over MQTT."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.numbers import number_of
from pv_heater.core.model.setting import setting
from pv_heater.errors import BadReply, Unreachable
from pv_heater.ports import Tools
from pv_heater.sensors.values import age_limit_s, age_setting, tank_c
from pv_heater.victron.mqtt.conversation import GxPace
from pv_heater.victron.mqtt.session import GxBroker, GxLink
from pv_heater.victron.mqtt.store import GxPicture

_SUBTREES = ("temperature/+/Temperature", "temperature/+/Status", "temperature/+/TemperatureType")
_HEARTBEAT_S = 3.0
"""What does not change is confirmed this often."""
_WATER_HEATER = 5.0
_OTHER_PLACES = frozenset({0.0, 1.0, 3.0, 4.0, 6.0})
"""TemperatureType of a sensor for hot water; of one for battery, fridge, room, outdoor, freezer. 2 is generic."""
_FAULTS = {1.0: "disconnected", 2.0: "short-circuited", 3.0: "connected the wrong way round", 4.0: "of unknown state"}
"""What Status says when it does not measure."""
_MEASURES = frozenset({0.0, 5.0})
"""Ok, and ok with a battery that is soon empty."""


class GxSensor:
    """Waits for the device to tell, or to confirm by its heartbeat; satisfies `ports.Sensor`."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Settings(GxBroker):
        """Which device and which of its sensors."""

        instance: int | None = setting(
            "number of the sensor, its VRM instance; auto is the only one of type water heater, else of type generic",
            default=None,
            minimum=0,
            maximum=10_000,
        )
        max_age_s: float | None = age_setting()

    interval_s = 0.0

    def __init__(self, settings: Settings, tools: Tools, *, pace: GxPace | None = None) -> None:
        self._link = GxLink(settings, tools.clock, subtrees=_SUBTREES, pace=pace)
        self._instance = settings.instance
        self.max_age_s = age_limit_s(settings.max_age_s, _HEARTBEAT_S)

    def read(self) -> float:
        """The temperature, as soon as it changed or was confirmed; raises SourceError."""
        picture = self._link.next_picture()
        if self._instance is None:
            # Once found it is kept: when it leaves, another one must not stand in for it.
            self._instance = instance_of_tank(picture.values)
        return temperature_of(picture, self._instance)

    def close(self) -> None:
        """Disconnect."""
        self._link.close()


def instance_of_tank(values: Mapping[str, object]) -> int:
    """The only sensor that was set up as a water heater, else the only one without a place; raises SourceError."""
    types = {name: number_of(values.get(f"temperature/{name}/TemperatureType")) for name in _instances(values)}
    tanks = [name for name, place in types.items() if place == _WATER_HEATER]
    others = [name for name, place in types.items() if place not in _OTHER_PLACES]
    for names in (tanks, others):
        if len(names) == 1:
            return names[0]
    if not types:
        raise Unreachable("the GX device shows no temperature sensor")
    raise BadReply(
        f"the GX device has temperature sensors ({_listed(types)}), but not exactly one of type water heater; set "
        f"instance to the one in the tank"
    )


def temperature_of(picture: GxPicture, instance: int) -> float:
    """The temperature of that sensor; raises SourceError."""
    who = f"temperature sensor {instance} of the GX device"
    topic = f"temperature/{instance}/Temperature"
    if topic in picture.gone:
        raise Unreachable(f"{who} has left")
    if topic not in picture.values:
        raise Unreachable(f"{who} is not there; there is {_listed(_instances(picture.values))}")
    status = picture.values.get(f"temperature/{instance}/Status")
    if status is not None and number_of(status) not in _MEASURES:
        fault = _FAULTS.get(number_of(status) or 0.0, f"faulty (status {status!r:.20})")
        raise BadReply(f"{who} is {fault}, says the device")
    return tank_c(picture.values[topic], who)


def _instances(values: Mapping[str, object]) -> list[int]:
    """The sensors that tell a temperature."""
    names = {topic.split("/")[1] for topic in values if topic.endswith("/Temperature")}
    return sorted(int(name) for name in names if name.isdecimal())


def _listed(instances: Iterable[int]) -> str:
    return ", ".join(str(instance) for instance in list(instances)[:10]) or "none"
