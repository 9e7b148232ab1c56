"""What is personal in a file of settings, even in a broken one, and the same file without it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import field, fields, is_dataclass
from pathlib import Path
from typing import Any

from pv_heater.commands.support.scrub import ID, SECRET, USER, Scrubber
from pv_heater.config.load import Config, load_config
from pv_heater.config.yaml_lines import Unreadable, parse_document, read_text
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import Secret
from pv_heater.errors import ConfigError
from pv_heater.run.state_dir import state_dir

_SECRET_KEYS = re.compile(
    r"passw|passphrase|passcode|pwd|token|secret|api_?key|credential|cookie|authori[sz]ation", re.I
)
_HIDDEN_GROUPS = frozenset({"headers", "params", "query"})
"""Whatever stands in these may be a login."""
_HIDDEN_IN_MESSAGES = frozenset({"url", "topic", "chat_id", "from", "to", "also"})
"""Addresses of people and of their telephones; some are as good as a password."""
_IDS = frozenset(
    {"installation_id", "portal_id", "id", "database", "bucket", "organisation", "node", "entity", "passcode"}
)
_USERS = frozenset({"username", "user", "email", "login", "account", "vrm_user", "vrm_username"})
_HOSTS = frozenset({"host", "hosts", "live_host", "broker", "server", "trusted_proxy", "clients", "dimmer"})
_PLACES = frozenset({"latitude", "longitude", "lat", "lon", "lng"})
_NO_NAMES = frozenset({"pi", "root", "home", "localhost", "auto", "admin", "nobody"})
"""Nobody is known by these."""
_SHORTEST_LINE = 6
"""Further lines of a file with a secret; a bracket is none."""
_SHORTEST_NAME = 5
"""The first part of a host's name is looked for alone from here on: `gx` stands in many words."""
_PLAIN = re.compile(r"[\w.(/-][\w.()/+-]*")
_URL_USER = re.compile(r"://([^\s/@:]*)(?::([^\s/@]*))?@")
_ASKED_VALUE = re.compile(r"[?&][\w.\[\]-]+=([^\s&\"'<>#{}]{6,})")
"""A longer value in an address may be a key."""
_URL_HOST = re.compile(r"^[a-z][a-z0-9+.-]*://(?:[^\s/@]*@)?([^\s/:?#\[\]]+)", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The settings as far as they can be read, and what is wrong with them."""

    path: Path
    values: Mapping[str, Any]
    config: Config | None
    problems: tuple[str, ...]

    def text_at(self, *keys: str) -> str | None:
        """A text of the file, also of one that no program would start with."""
        value: Any = self.values
        for key in keys:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value if isinstance(value, str) and value != "auto" else None

    def state_folder(self, environ: Mapping[str, str]) -> Path:
        """Where the state is, as far as that can be said."""
        if self.config is not None:
            return state_dir(self.config, environ)
        given = self.text_at("state_dir") or environ.get("STATE_DIRECTORY", "").split(":")[0]
        return Path(given).expanduser() if given else self.path.parent / "state"


def look_at(path: Path, environ: Mapping[str, str]) -> Found:
    """Reads what there is; never raises."""
    try:
        values: Mapping[str, Any] = parse_document(read_text(path)).values
    except (Unreadable, OSError):
        values = {}
    try:
        return Found(path=path, values=values, config=load_config(path, environ=environ), problems=())
    except ConfigError as error:
        return Found(path=path, values=values, config=None, problems=(error.title, *error.problems))


def scrubber_of(found: Found, environ: Mapping[str, str]) -> Scrubber:
    """It knows all that these settings name, and this machine."""
    known = _Known()
    known.take(found.values, (), found.path.parent, environ)
    if found.config is not None:
        known.secrets |= {secret.reveal() for secret in _secrets_in(found.config)}
        for file in found.config.secret_files:
            if file != found.config.path:
                known.secrets |= _lines_of(file)
    known.hosts.add(os.uname().nodename)
    known.hosts |= {first for host in known.hosts if len(first := host.partition(".")[0]) >= _SHORTEST_NAME}
    known.users |= {environ.get(name, "") for name in ("USER", "LOGNAME", "SUDO_USER")}
    return Scrubber(
        secrets=known.secrets,
        ids=known.ids,
        users={name for name in known.users if name.lower() not in _NO_NAMES},
        hosts={name for name in known.hosts if name.lower() not in _NO_NAMES},
        place=known.place,
    )


def settings_text(found: Found, scrubber: Scrubber) -> str:
    """The settings without remarks, which may say anything, and without what is personal; still YAML."""
    return "\n".join(_lines(_shown(found.values, (), scrubber), 0)) + "\n"


@dataclass
class _Known:
    secrets: set[str] = field(default_factory=set)
    ids: set[str] = field(default_factory=set)
    users: set[str] = field(default_factory=set)
    hosts: set[str] = field(default_factory=set)
    place: list[float] = field(default_factory=list)

    def take(self, value: Any, keys: tuple[str, ...], folder: Path, environ: Mapping[str, str]) -> None:
        if isinstance(value, Mapping):
            for key, item in value.items():
                self.take(item, (*keys, str(key)), folder, environ)
        elif isinstance(value, list | tuple):
            for item in value:
                self.take(item, keys, folder, environ)
        elif value is not None and (text := str(value).strip()):
            self._take_text(text, keys, folder, environ)

    def _take_text(self, text: str, keys: tuple[str, ...], folder: Path, environ: Mapping[str, str]) -> None:
        key = keys[-1] if keys else ""
        meant = _fetched(text, folder, environ)
        if _is_secret(keys):
            self.secrets |= {text, *meant}
        elif meant:
            self.secrets |= meant  # it was put elsewhere for a reason
        elif key in _IDS:
            self.ids.add(text)
        elif key in _USERS:
            self.users.add(text)
        elif key in _HOSTS:
            self.hosts.add(text.partition("/")[0].partition(":")[0])
        elif key in _PLACES:
            with suppress(ValueError):
                self.place.append(float(text))
        elif keys == ("site", "name") and text.lower() not in _NO_NAMES:
            self.users.add(text)
        for user, password in _URL_USER.findall(text):
            self.secrets |= {password} - {""}
            self.users |= {user} - {""}
        self.secrets |= set(_ASKED_VALUE.findall(text))
        if (host := _URL_HOST.match(text)) is not None:
            self.hosts.add(host[1])


def _is_secret(keys: tuple[str, ...]) -> bool:
    key = keys[-1] if keys else ""
    if keys and keys[0] == "messages" and key in _HIDDEN_IN_MESSAGES:
        return True
    return bool(_SECRET_KEYS.search(key)) or not _HIDDEN_GROUPS.isdisjoint(keys)


def _shown(value: Any, keys: tuple[str, ...], scrubber: Scrubber) -> Any:
    key = keys[-1] if keys else ""
    if isinstance(value, Mapping):
        return {scrubber.text(str(name)): _shown(item, (*keys, str(name)), scrubber) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(item, keys, scrubber) for item in value]
    if value is None:
        return None
    if _is_secret(keys):
        return SECRET
    if key in _IDS or key in _USERS:
        return ID if key in _IDS else USER
    if key in _PLACES:
        with suppress(ValueError, OverflowError):
            return str(scrubber.degrees(float(str(value))))
        return ID
    return scrubber.text(str(value))


def _lines(value: Any, depth: int) -> Iterator[str]:
    indent = "  " * depth
    rows: list[tuple[str, Any]] = []
    if isinstance(value, Mapping):
        rows = [(f"{_word(str(key))}:", item) for key, item in value.items()]
    elif isinstance(value, list):
        rows = [("-", item) for item in value]
    for head, item in rows:
        if isinstance(item, Mapping | list) and item:
            yield indent + head
            yield from _lines(item, depth + 1)
        else:
            yield f"{indent}{head} {_scalar(item)}".rstrip()


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    return _word(value) if isinstance(value, str) else "{}" if isinstance(value, Mapping) else "[]"


def _word(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else json.dumps(text)


def _fetched(text: str, folder: Path, environ: Mapping[str, str]) -> set[str]:
    """What a text means that stands elsewhere: in a file of its own, in the environment."""
    if text.startswith("file:"):
        return _lines_of(folder / os.path.expanduser(text[5:].strip()))
    return {environ[name] for name in re.findall(r"\$\{(\w+)\}", text) if environ.get(name)}


def _lines_of(path: Path) -> set[str]:
    try:
        text = path.read_text(encoding="utf-8-sig", errors="replace")[:100_000]
    except (OSError, RuntimeError, ValueError):
        return set()
    lines = [line.strip() for line in text.splitlines()[:100]]
    return {line for number, line in enumerate(lines) if line and (not number or len(line) >= _SHORTEST_LINE)}


def _secrets_in(value: Any) -> Iterator[Secret]:
    if isinstance(value, Secret):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _secrets_in(item)
    elif isinstance(value, tuple):
        for item in value:
            yield from _secrets_in(item)
    elif is_dataclass(value) and not isinstance(value, type):
        for each in fields(value):
            yield from _secrets_in(getattr(value, each.name, None))
