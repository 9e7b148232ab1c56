"""Outputs on the network among the settings: no device, topic or channel for two loads.

Two loads on one output undo each other's commands, and the one that is off is heated by the other. Compared is what
an address means, not how it is written: localhost is 127.0.0.1, a port that is left out is the usual one, and numbers
have one spelling.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address
from itertools import combinations
from posixpath import normpath
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from pv_heater.config.model import Config
from pv_heater.config.yaml_lines import Problem
from pv_heater.core.model.lean import dataclass
from pv_heater.core.settings.load import BatteryShare

_PORTS = {"http": 80, "https": 443}
_USUAL_PORT = 80
"""Of the device, by http and by https: it is one."""
_LOOPBACK = frozenset({"localhost", "localhost.localdomain", "::1", "0.0.0.0", "::", "ip6-localhost", "ip6-loopback"})
_NUMBER = re.compile(r"(?:0x[0-9a-f]{1,8}|[0-9]{1,11})(?:\.(?:0x[0-9a-f]{1,8}|[0-9]{1,11})){0,3}")
_SAME_WORDS = {"off": "0", "false": "0", "on": "1", "true": "1"}
_TIMERS = frozenset({"timer", "toggle_after", "transition"})
"""Say how long, not which."""
_TASMOTA = re.compile(r"(?:power|dimmer)(\d*)\b.*", re.IGNORECASE | re.DOTALL)
"""The dimmer of a device moves the same output as its switch, and Power is Power1."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where one load's output is: places of one `kind` and `device` are the same where one's parts meet the other's."""

    key: str
    """The setting that says so."""
    kind: str
    device: tuple[Any, ...]
    parts: frozenset[Any]
    """Outputs of the device; empty: all of it."""
    portal_id: str | None = None
    """Of the GX device, where it is said: a broker may speak for several."""

    def meets(self, other: _Place) -> bool:
        if None not in (self.portal_id, other.portal_id) and self.portal_id != other.portal_id:
            return False
        if (self.kind, self.device) != (other.kind, other.device):
            return False
        return not self.parts or not other.parts or bool(self.parts & other.parts)


def clashing_addresses(config: Config) -> list[Problem]:
    """A problem for each load whose output an earlier load has."""
    problems = []
    found = [
        (index, row.settings.name, place)
        for index, row in enumerate(config.loads)
        if not isinstance(row, BatteryShare)
        for place in _places(row.type, row.settings)
    ]
    said = set()
    for (before, first, place), (index, _, later) in combinations(found, 2):
        if index not in said and before != index and place.meets(later):
            said.add(index)
            message = f"is the output of {first} already; two loads on one output undo each other's commands"
            problems.append(Problem(("loads", index, later.key), message))
    return problems


def _places(word: str, settings: Any) -> Iterator[_Place]:
    maker = _MAKERS.get(word)
    if maker is not None:
        yield from maker(settings)


def _dimmer(settings: Any) -> Iterator[_Place]:
    device, base = _device(settings.url)
    yield _Place("url", "http", device, frozenset({("dimmer", base)}) if base else frozenset())


def _http(settings: Any) -> Iterator[_Place]:
    device, base = _device(settings.url)
    # What switches it on comes last: a copied row whose `off` alone was changed switches the first one's output on.
    on = next(found for name in ("amps", "power", "on") if (found := getattr(settings, name, None)))
    parts = frozenset(_request(base, request) for request in (*settings.off, *on[-1:]))
    is_all = any(("cmnd", "power0") in said for _, said in parts)
    yield _Place("url", "http", device, frozenset() if is_all else parts)


def _client(settings: Any) -> Iterator[_Place]:
    yield _Place("address", "http", (_host(settings.address), _USUAL_PORT), frozenset())


def _mqtt(settings: Any) -> Iterator[_Place]:
    broker = settings.broker
    topic = _topic(settings.topic)
    parts = _switched(settings)
    yield _Place("topic", "mqtt", (_host(broker.host), broker.port_or_default, topic), parts)


def _gx_mqtt(settings: Any) -> Iterator[_Place]:
    yield from _gx_relay(settings, settings.gx.host, settings.gx.portal_id)


def _gx_modbus(settings: Any) -> Iterator[_Place]:
    yield from _gx_relay(settings, settings.host, None)


def _gx_relay(settings: Any, host: str, portal_id: str | None) -> Iterator[_Place]:
    """By its host, and by its portal ID where it is given: one device may be named in two ways."""
    relay, own_id = frozenset({settings.relay_number}), portal_id.lower() if portal_id is not None else None
    yield _Place("relay_number", "gx", (_host(host),), relay, own_id)
    if own_id is not None:
        yield _Place("relay_number", "gx id", (own_id,), relay, own_id)


_MAKERS: Mapping[str, Callable[[Any], Iterator[_Place]]] = {
    "http_dimmer": _dimmer,
    "http_switch": _http,
    "http_variator": _http,
    "http_ev_charger": _http,
    "mk2_client": _client,
    "mqtt_switch": _mqtt,
    "mqtt_variator": _mqtt,
    "mqtt_ev_charger": _mqtt,
    "gx_relay": _gx_mqtt,
    "gx_relay_modbus": _gx_modbus,
}


def _host(text: str) -> str:
    """One spelling of a host: capitals, the dot at the end, umlauts, and all ways to write a number."""
    host = text.strip().strip("[]").rstrip(".").lower()
    if not host.isascii():
        try:
            host = host.encode("idna").decode()
        except UnicodeError:
            return host
    host = _one_number(host)
    return "127.0.0.1" if host in _LOOPBACK or host.startswith("127.") or host.endswith(".localhost") else host


def _one_number(host: str) -> str:
    """IPv6 in its short form, IPv4 within it and IPv4 as `inet_aton` reads it with four numbers; else as it is."""
    try:
        if ":" in host:
            address = IPv6Address(host)
            return str(address.ipv4_mapped or address)
        if _NUMBER.fullmatch(host) is None:
            return host
        *first, last = [int(part, 16 if "x" in part else 8 if part[0] == "0" else 10) for part in host.split(".")]
        high = sum(part << (24 - 8 * place) for place, part in enumerate(first))
        too_large = any(part > 255 for part in first) or last >= 1 << 8 * (4 - len(first))  # a name, then
        return host if too_large else str(IPv4Address(high + last))
    except ValueError:
        return host


def _device(url: str) -> tuple[tuple[str, int], str]:
    """Host and port of an address, and the path that stands in it."""
    parts = urlsplit(url if "://" in url else f"http://{url}")
    try:
        port = parts.port
    except ValueError:
        port = None
    usual = port is None or port == _PORTS.get(parts.scheme)
    return (_host(parts.hostname or url), _USUAL_PORT if usual or port is None else port), _path(parts.path)


def _path(text: str) -> str:
    """Without doubled slashes, dots, and one at its end."""
    plain = normpath(re.sub("/+", "/", f"/{unquote(text)}")).lower()
    return "" if plain == "/" else plain


def _request(base: str, request: Any) -> tuple[Any, ...]:
    """Which output a request that switches off is for: its path, and all it says but for how long."""
    path, _, query = request.path.partition("#")[0].partition("?")
    path = base + _path(path)
    said: dict[str, str] = {}
    for key, value in parse_qsl(query, keep_blank_values=True):
        said[key.lower()] = _command(value)
    for key, value in _flat(_json(request.body)).items():
        said[key.lower().removeprefix("params.")] = _command(str(value))
    method = said.pop("method", None)
    if path.endswith("/rpc") and method is not None:
        path, said = f"{path}/{method}", {key: value for key, value in said.items() if key != "src"}
    return path, frozenset((key, value) for key, value in said.items() if key not in _TIMERS)


def _command(value: str) -> str:
    """Tasmota's ``Power Off`` is its ``POWER1 0``, "off" is 0; everything else only loses its capitals."""
    found, word = _TASMOTA.fullmatch(value.strip()), value.strip().lower()
    return _SAME_WORDS.get(word, word) if found is None else f"power{found[1] or 1}"


def _topic(text: str) -> str:
    """Two topics that differ in capitals or a slash at the end are one device, written twice."""
    before, _, last = text.strip("/").lower().rpartition("/")
    found = _TASMOTA.fullmatch(last)
    return f"{before}/{last if found is None else f'power{found[1] or 1}'}"


def _switched(settings: Any) -> frozenset[Any]:
    """What a JSON command says beside on and off, such as a number, with each name that it switches; else nothing."""
    payload: str | None = getattr(settings, "payload", None)
    on = settings.on_payload if payload is None else _filled(payload, "50")
    off = settings.off_payload or _filled(payload or "", "0")
    on_said, off_said = _flat(_json(on)), _flat(_json(off))
    if not on_said or not off_said:
        return frozenset()
    same = frozenset((key, str(value)) for key, value in off_said.items() if on_said.get(key) == value)
    names = {key for key in on_said.keys() | off_said.keys() if on_said.get(key) != off_said.get(key)}
    return frozenset((same, name) for name in names)


def _filled(payload: str, number: str) -> str:
    return payload.replace("{percent}", number).replace("{amps}", number)


def _json(text: str | None) -> Any:
    try:
        return json.loads(text) if text is not None else None
    except (ValueError, RecursionError):
        return None


def _flat(document: Any, before: str = "") -> dict[str, Any]:
    """Nested groups as ``params.id``; what is not a group says nothing."""
    if not isinstance(document, dict):
        return {}
    flat: dict[str, Any] = {}
    for key, value in document.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{before}{key}.")
        else:
            flat[f"{before}{key}"] = value
    return flat
