"""PvMonit's page of values, `data-xml.php`: boxes of VE.Direct devices and whatever else its owner measures.

A value is found by the id of its device and its own; without settings the ones that Victron's devices have are looked
for. `timerefresh` is when a box was filled, by that server's clock, which its answer tells as well: a box that is old,
or that is repeated while its time stands, makes the reading as old.
"""

from __future__ import annotations

import logging
import xml.etree.ElementTree as ET  # no entity is ever expanded, see `_root_of`
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.numbers import number_of
from pv_heater.core.model.setting import Secret, SettingProblem, setting
from pv_heater.core.model.values import Reading
from pv_heater.errors import BadReply, Unreachable
from pv_heater.io.net.http import HttpClient
from pv_heater.io.net.http_login import Login
from pv_heater.meters.plausible import plausible_percent, plausible_v, plausible_w
from pv_heater.ports import Tools

log = logging.getLogger(__name__)

_CONNECT_S, _READ_S, _WHOLE_S = 3.0, 10.0, 15.0
"""It may read its devices before it answers."""
_MOST_BYTES = 200_000
_MOST_BOXES, _MOST_VALUES = 50, 2000
_UNITS = {"": 1.0, "W": 1.0, "kW": 1000.0, "V": 1.0, "mV": 0.001, "%": 1.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class XmlValue:
    """One value of one box."""

    device: str | None = setting("id of its device; auto: of every device that has such a value", default=None)
    id: str = setting("id of the value, such as PPV")
    scale: float = setting("what the number is multiplied by; -1 turns its sign", default=1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class XmlValues:
    """What is measured, and in which box; several are summed."""

    pv_w: tuple[XmlValue, ...] = setting("power of the PV; auto is PPV of every charger", default=(XmlValue(id="PPV"),))
    consumption_w: tuple[XmlValue, ...] = setting("power of the whole house, controlled loads included", default=())
    grid_w: tuple[XmlValue, ...] = setting("power at the grid, import positive", default=())
    battery_w: tuple[XmlValue, ...] = setting(
        "power of the battery, charging positive; auto is P of the monitor", default=(XmlValue(id="P"),)
    )
    battery_v: tuple[XmlValue, ...] = setting("voltage of the battery", default=())
    battery_soc_percent: tuple[XmlValue, ...] = setting(
        "state of charge of the battery; auto is SOC of the monitor", default=(XmlValue(id="SOC"),)
    )


_QUANTITIES = ("pv_w", "consumption_w", "grid_w", "battery_w", "battery_v", "battery_soc_percent")


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One device of the page. `filled_s` is when, by that server; None where it does not say."""

    device: str
    filled_s: float | None
    values: dict[str, tuple[str, str]]
    """Text and unit by id."""


class PvMonitXmlMeter:
    """PvMonit's page `data-xml.php`, with the boxes of its devices.

    Satisfies `ports.Meter`; for use by one thread.
    """

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Settings:
        """Where the page is and which of its boxes count."""

        url: str = setting("address of the page, such as http://192.168.1.20/data-xml.php")
        interval_s: float = setting("how often it is asked", default=15.0, unit="s", minimum=1, maximum=300)
        username: str | None = setting("name at the page, if it asks for one", default=None)
        password: Secret | None = setting("password at the page, if it asks for one", default=None)
        values: XmlValues = setting("what is measured, and in which box", factory=XmlValues)

        def __post_init__(self) -> None:
            if (self.username is None) != (self.password is None):
                key = "password" if self.password is None else "username"
                raise SettingProblem("is missing; a login needs username and password", key)

    def __init__(self, settings: Settings, tools: Tools) -> None:
        """Asks nothing yet."""
        self._settings, self._clock = settings, tools.clock
        parts = urlsplit(settings.url)
        self._where = f"{parts.netloc}{parts.path}"
        login = None
        if settings.username is not None and settings.password is not None:
            login = Login(username=settings.username, password=settings.password, digest=False)
        self._client = HttpClient(
            settings.url,
            who=self._where,
            login=login,
            connect_s=_CONNECT_S,
            read_s=_READ_S,
            whole_s=_WHOLE_S,
            most_bytes=_MOST_BYTES,
            whole_text=True,
        )
        self._moved: dict[str, tuple[float, float]] = {}
        """By device: the time of its box, and the monotonic second at which that last moved."""
        self._said: set[str] = set()

    @property
    def interval_s(self) -> float:
        """Seconds until the next question, as set."""
        return self._settings.interval_s

    def read(self) -> Reading:
        """As old as the oldest box that counts. Raises SourceError."""
        reply = self._client.exchange("GET", "")
        if not 200 <= reply.status < 300:
            raise self._client.error_for(reply)
        return self.reading_of(reply.text, reply.server_time_at)

    def reading_of(self, text: str, server_at: datetime | None) -> Reading:
        """What such a page says; `server_at`: its server's clock, None where it does not tell. Raises SourceError."""
        now, now_s = self._clock.now(), self._clock.monotonic_s()
        boxes = list(_boxes_in(_root_of(text, self._where), self._where))
        self._moved = {box.device: self._moved[box.device] for box in boxes if box.device in self._moved}
        used: list[Box] = []
        found: dict[str, Any] = {
            name: self._sum(name, getattr(self._settings.values, name), boxes, used) for name in _QUANTITIES
        }
        if all(found[name] is None for name in ("pv_w", "consumption_w", "grid_w", "battery_w")):
            raise BadReply(f"{self._where} has none of the values that are looked for")
        battery = self._settings.values.battery_w
        is_wanted = found["battery_soc_percent"] is not None or any(value.device is not None for value in battery)
        if battery and is_wanted and found["battery_w"] is None:
            # Without it, what the battery gives to a heater would pass for sun.
            raise BadReply(f"{self._where} does not tell the battery's power")
        server_s = (server_at or now).timestamp()
        ages_s = [self._age_s(box, server_s, now_s) for box in used]
        known_s = [age_s for age_s in ages_s if age_s is not None]
        if not known_s:
            raise BadReply(f"{self._where} does not say when its values were measured (timerefresh)")
        return Reading(
            taken_at=now - timedelta(seconds=max(known_s)),
            source="pvmonit_xml",
            interval_s=self._settings.interval_s,
            **found,
        )

    def close(self) -> None:
        """Close the connection that is kept open. May be repeated."""
        self._client.close()

    def _sum(self, name: str, wanted: Sequence[XmlValue], boxes: Sequence[Box], used: list[Box]) -> float | None:
        """All of them, as half a sum would be a lie; a battery's power is that of a box which knows its charge."""
        total: float | None = None
        for value in wanted:
            holders = [
                box
                for box in boxes
                if value.id in box.values
                and (box.device == value.device if value.device is not None else _is_meant(name, value, box))
            ]
            if not holders:
                return None
            for box in holders:
                number = self._number(name, value, box)
                if number is None:
                    return None
                total = (total or 0.0) + number
                used.append(box)
        return total

    def _number(self, name: str, value: XmlValue, box: Box) -> float | None:
        text, unit = box.values[value.id]
        number, factor = number_of(text), _UNITS.get(unit)
        what = f"{self._where}: {value.id} of {box.device}"
        if number is None or factor is None:
            self._say(f"{what} is {text[:20]!r} {unit[:10]}, which cannot be used")
            return None
        number *= factor * value.scale
        check = plausible_percent if name.endswith("percent") else plausible_v if name.endswith("_v") else plausible_w
        return check(what, number, self._say)

    def _age_s(self, box: Box, server_s: float, now_s: float) -> float | None:
        """How old a box is: by its server's clock, or as long as its time has stood. None: it does not say."""
        if box.filled_s is None:
            return None
        before = self._moved.get(box.device)
        if before is None or before[0] != box.filled_s:
            self._moved[box.device] = before = (box.filled_s, now_s)
        age_s = max(0.0, server_s - box.filled_s, now_s - before[1])
        if age_s > 86_400.0:
            raise Unreachable(f"{self._where}: the box of {box.device} was filled {age_s / 3600:.0f} h ago")
        return age_s

    def _say(self, text: str) -> None:
        if text not in self._said and len(self._said) < 50:
            self._said.add(text)
            log.warning("pvmonit: %s; it is left out.", text)


def _is_meant(name: str, value: XmlValue, box: Box) -> bool:
    """P is the battery's power in the box of a monitor only: an inverter has one as well."""
    return not (name == "battery_w" and value.id == "P") or "SOC" in box.values


def _root_of(text: str, where: str) -> ET.Element:
    """The root of a document without any declaration of its own: those are what bombs are made of. Raises BadReply."""
    if "<!" in text.replace("<!--", ""):
        raise BadReply(f"{where} declares entities or the like (<!), which PvMonit never does; it is not read")
    try:
        return ET.fromstring(text.lstrip())
    except ET.ParseError as error:
        raise BadReply(f"{where} is not XML ({error}): {text[:60]!r}") from None


def _boxes_in(root: ET.Element, where: str) -> Iterator[Box]:
    devices = list(root.iter("device"))
    if not devices or len(devices) > _MOST_BOXES or sum(1 for _ in root.iter("data")) > _MOST_VALUES:
        raise BadReply(f"{where} has {len(devices)} devices; PvMonit's page has 1 to {_MOST_BOXES}")
    times = [number_of(device.findtext("timerefresh", "").strip()) for device in devices]
    oldest_s = min((time_s for time_s in times if time_s is not None), default=None)
    for device, time_s in zip(devices, times, strict=True):
        values = {
            data.get("id", ""): (data.findtext("value", "").strip(), data.findtext("units", "").strip())
            for data in device.iter("data")
        }
        # What is computed from the others is as old as the oldest of them.
        yield Box(device=device.get("id", ""), filled_s=oldest_s if time_s is None else time_s, values=values)
