"""Any meter that answers over HTTP: Shelly, Tasmota, solar routers, Home Assistant; presets know many, paths others."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import Secret, SettingProblem, setting
from pv_heater.core.model.values import Reading
from pv_heater.errors import BadReply, SourceError, Unreachable
from pv_heater.io.net.http import HttpClient
from pv_heater.io.net.http_login import Login
from pv_heater.io.net.json_path import JsonPath, NotFound, kind_of
from pv_heater.meters.pace import Pace
from pv_heater.meters.quantities import (
    MeasuredValue,
    Probe,
    SaidOnce,
    Unusable,
    check_values,
    is_worth_reading,
    probes_of,
    quantities_of,
    quantity,
)
from pv_heater.ports import Tools

log = logging.getLogger(__name__)

_CONNECT_S, _READ_S, _WHOLE_S = 3.0, 5.0, 10.0
"""A device in the same house that takes longer is of no use for regulation."""
_MOST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpValue(MeasuredValue):
    """A number in an answer."""

    url: str | None = setting("address to ask for it; not set: the meter's own url", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpValues:
    """What is measured, and where it is answered."""

    pv_w: tuple[HttpValue, ...] = quantity("pv_w")
    consumption_w: tuple[HttpValue, ...] = quantity("consumption_w")
    grid_w: tuple[HttpValue, ...] = quantity("grid_w")
    grid_phase_w: tuple[HttpValue, ...] = quantity("grid_phase_w")
    battery_w: tuple[HttpValue, ...] = quantity("battery_w")
    battery_v: tuple[HttpValue, ...] = quantity("battery_v")
    battery_soc_percent: tuple[HttpValue, ...] = quantity("battery_soc_percent")

    def __post_init__(self) -> None:
        check_values(self)


class HttpMeter:
    """Satisfies `ports.Meter`; for use by one thread. Every address is asked once a `read`."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Settings:
        """What is asked, how often and as whom."""

        url: str | None = setting("address of the device's answer, such as http://192.168.1.50/status", default=None)
        interval_s: float = setting("how often it is asked", default=2.0, unit="s", minimum=0.2, maximum=300)
        username: str | None = setting("name at the device, if it asks for one", default=None)
        password: Secret | None = setting("password at the device, if it asks for one", default=None)
        auth: str = setting(
            "how the password is sent; Shelly Gen 2 and later need digest", default="basic", choices=("basic", "digest")
        )
        token: Secret | None = setting("token that goes with every request (Home Assistant)", default=None)
        alive: str | None = setting(
            "path to a counter or time in the answer of url: an answer in which it has not moved is as old as before",
            default=None,
            check=JsonPath.parse,
        )
        values: HttpValues = setting("what is measured, and where it is answered")

        def __post_init__(self) -> None:
            if self.url is None and (self.alive or any(entry.url is None for _, entry in probes_of(self.values))):
                raise SettingProblem("is missing; the address of the device's answer", "url")
            if (self.username is None) != (self.password is None):
                key = "password" if self.password is None else "username"
                raise SettingProblem("is missing; a login needs username and password", key)

    def __init__(self, settings: Settings, tools: Tools, *, read_s: float = _READ_S, whole_s: float = _WHOLE_S) -> None:
        """`read_s` and `whole_s`, time limits of an answer, are for tests."""
        self._settings = settings
        self._clock = tools.clock
        self._by_url: dict[str, list[Probe]] = {settings.url: []} if settings.url and settings.alive else {}
        for probe, entry in probes_of(settings.values):
            self._by_url.setdefault(entry.url or settings.url or "", []).append(probe)
        self._probes = [probe for probes in self._by_url.values() for probe in probes]
        self._clients = {url: self._client(url, read_s, whole_s) for url in self._by_url}
        self._alive = _Alive(settings.alive) if settings.alive else None
        self._pace = Pace()
        self._said = SaidOnce(lambda text: log.warning("http: %s; it is left out.", text))

    @property
    def interval_s(self) -> float:
        """Seconds until the next question, as set."""
        return self._settings.interval_s

    def read(self) -> Reading:
        """Ask every address once; raises SourceError when no value can be had.

        The reading is as old as the first of its answers, or as the last move of what `alive` names.
        """
        numbers: dict[str, float] = {}
        came: list[datetime] = []
        problems: list[Unusable] = []
        lost: SourceError | None = None
        for url, probes in self._by_url.items():
            try:
                document, taken_at = self._answer(url, probes)
            except SourceError as error:
                lost = lost or error
                problems += [Unusable(name=probe.name, kind=type(error).__name__, text=str(error)) for probe in probes]
                continue
            came.append(taken_at)
            for probe in probes:
                try:
                    numbers[probe.name] = probe.number_in(document)
                except Unusable as bad:
                    problems.append(Unusable(name=bad.name, kind=bad.kind, text=f"{_place(url)}: {bad.text}"))
        found = quantities_of(numbers, self._probes)
        if not is_worth_reading(found, self._probes):
            # The worker says so; what is only a part of the trouble is said here.
            raise lost or BadReply(f"Nothing in the answer can be used: {problems[0]}")
        for each in problems:
            self._said(each)
        self._pace.note(self._clock.monotonic_s())
        interval_s = max(self._settings.interval_s, self._pace.interval_or(0.0))
        return Reading(taken_at=min(came), source="http", interval_s=interval_s, **found)

    def close(self) -> None:
        """Close the connections that are kept open. May be repeated."""
        for client in self._clients.values():
            client.close()

    def _client(self, url: str, read_s: float, whole_s: float) -> HttpClient:
        settings = self._settings
        login = None
        if settings.username is not None and settings.password is not None:
            digest = settings.auth == "digest"
            login = Login(username=settings.username, password=settings.password, digest=digest)
        return HttpClient(
            url,
            who=_place(url),
            secrets=(settings.token,),
            login=login,
            connect_s=_CONNECT_S,
            read_s=read_s,
            whole_s=whole_s,
            most_bytes=_MOST_BYTES,
        )

    def _answer(self, url: str, probes: list[Probe]) -> tuple[Any, datetime]:
        """The decoded answer and when it was true; raises SourceError."""
        token = self._settings.token
        headers = {} if token is None else {"Authorization": f"Bearer {token.reveal()}"}
        client = self._clients[url]
        reply = client.exchange("GET", "", headers=headers)
        came_at, came_s = self._clock.now(), self._clock.monotonic_s()
        # Text is what some answers are made of; anywhere else it is half a JSON.
        is_text = reply.body is None and 200 <= reply.status < 300 and all(probe.path.is_text_field for probe in probes)
        document = reply.text if is_text else client.require_ok(reply).body
        if self._alive is not None and url == self._settings.url:
            return document, self._alive.moved_at(document, came_at, came_s, _place(url))
        return document, came_at


class _Alive:
    """Tells answers that are new from those that a device repeats while what it measures with is silent."""

    def __init__(self, path: str) -> None:
        self._path = JsonPath.parse(path)
        self._pace = Pace()
        self._last: Any = None
        self._moved_at: datetime | None = None
        self._moved_s = 0.0

    def moved_at(self, document: Any, came_at: datetime, came_s: float, where: str) -> datetime:
        """When the sign of life last moved; raises BadReply without one, Unreachable when it stands for too long."""
        try:
            sign = self._path.find(document)
        except NotFound as error:
            raise BadReply(f"{where} shows no sign of life at {self._path.text}: {error}") from None
        if self._moved_at is None or sign != self._last:
            self._pace.note(came_s)
            self._last, self._moved_at, self._moved_s = sign, came_at, came_s
        stood_s = came_s - self._moved_s
        if stood_s > self._pace.age_limit_s:
            raise Unreachable(
                f"{where} repeats an old answer: its {self._path.text} has been {kind_of(sign)} for {stood_s:.0f} s, "
                "so what it measures with is silent"
            )
        return self._moved_at


def _place(url: str) -> str:
    """Host and path of an address, without what may be secret in its query."""
    parts = urlsplit(url)
    return f"{parts.netloc}{parts.path}"
