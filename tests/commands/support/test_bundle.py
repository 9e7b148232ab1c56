"""The bundle for who helps: canaries stand in every secret setting and wherever else one may be, and none gets out."""

import io
import json
import os
import re
import stat
import zipfile
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml

from pv_heater.commands.support.bundle import make_bundle
from pv_heater.commands.support.contents import parts
from pv_heater.commands.support.personal import look_at
from pv_heater.config.describe import group_of
from pv_heater.config.load import TABLES, Tables, adapter_class
from pv_heater.config.structure import without_none
from pv_heater.core.model.setting import Secret, key_of, settings_of
from pv_heater.core.settings.mqtt import Broker
from pv_heater.errors import ConfigError
from tests.history.life import Life
from tests.warm_start import PROJECT

SECTIONS = {
    "meters": "meter", "forecasts": "forecast", "loads": "loads", "strategies": "strategy", "displays": "display",
    "sensors": "temperature_from", "power_meters": "power_from", "values": "values", "tariffs": "tariff",
    "publishers": "publish", "messages": "messages",
}  # fmt: skip
"""Under which key the rows of each table stand."""


class Canaries:
    """Words that nothing but knowing them takes out."""

    def __init__(self, first: int = 0) -> None:
        self._first = first
        self.made: dict[str, str] = {}

    def of(self, where: str) -> str:
        number = self._first + len(self.made)
        word = "kanari" + "".join("bdfgklmnprstvwxz"[number >> shift & 15] + "aeiou"[number % 5] for shift in (8, 4, 0))
        return self.made.setdefault(where, word)


def _secret_keys(cls: type[Any]) -> Iterator[tuple[str, ...]]:
    for each in settings_of(cls):
        inner, _ = group_of(each)
        if inner is not None:
            yield from ((key_of(each), *keys) for keys in _secret_keys(inner))
        elif without_none(each.type) is Secret:
            yield (key_of(each),)


def _every_secret(canaries: Canaries) -> dict[str, Any]:
    """A file in which each setting of the type `Secret` is given, and next to nothing else: no program would start."""
    values: dict[str, Any] = {"mqtt": {keys[-1]: canaries.of(f"mqtt.{keys[-1]}") for keys in _secret_keys(Broker)}}
    for table in fields(Tables):
        rows = []
        for word, where in getattr(TABLES, table.name).items():
            settings = getattr(adapter_class(where), "Settings", None)
            for keys in _secret_keys(settings) if settings is not None else ():
                row: Any = canaries.of(f"{SECTIONS[table.name]}.{word}.{'.'.join(keys)}")
                for key in reversed(keys):
                    row = {key: row}
                rows.append({"type": word, **row})
        key = SECTIONS[table.name]
        values[key] = {"to": rows} if key == "messages" else rows
    return values


def _as_it_may_be_said(word: str) -> str:
    """In a log, an address, a header, JSON."""
    header, alone = b64encode(f"me:{word}".encode()).decode(), b64encode(word.encode()).decode()
    as_json = json.dumps({"k": word})
    return f"tried {word} and {quote(word)}x{word.upper()}, {word!r}, {as_json} {alone}\nBasic {header}\n"


def _bundle(folder: Path, **environ: str) -> tuple[dict[str, str], bytes]:
    file, said = folder / "support.zip", io.StringIO()
    assert make_bundle(folder / "config.yaml", file, environ, lambda line: print(line, file=said)) == file
    with zipfile.ZipFile(file) as found:
        texts = {name: found.read(name).decode() for name in found.namelist()}
    assert said.getvalue().splitlines()[0] == f"Into {file} go:"
    assert all(f"  {name} " in said.getvalue() for name in texts), "each is announced"
    return texts, file.read_bytes()


def _escaped(canaries: dict[str, str], texts: dict[str, str]) -> dict[str, str]:
    """Which of them stand where, as they are or in Base64."""
    forms = {where: (word, b64encode(word.encode()).decode().rstrip("=")) for where, word in canaries.items()}
    return {
        f"{where}, in {name}": line
        for where, pair in forms.items()
        for name, text in texts.items()
        for line in text.splitlines()
        if any(form.lower() in line.lower() for form in pair)
    }


def test_no_setting_that_is_secret_gets_out_even_of_a_broken_file(tmp_path: Path) -> None:
    canaries = Canaries()
    values = _every_secret(canaries)
    assert len(canaries.made) >= 25, "the tables are read"
    values |= {"log": {"file": str(tmp_path / "heater.log")}, "limits": {"api_key": canaries.of("a slip of the pen")}}
    (tmp_path / "config.yaml").write_text(f"# {canaries.of('a remark')}\n" + yaml.safe_dump(values))
    texts, _ = _bundle(tmp_path)
    assert _escaped(canaries.made, texts) == {}
    assert "forecast[2].installation_id: is missing" in texts["problems.txt"]
    assert texts["settings.yaml"].count("(secret)") >= len(canaries.made) - 1


HOME = """
site: {{name: {name}, latitude: 48.20817, longitude: 16.37378, timezone: Europe/Vienna}}
meter:
  {{type: vrm, installation_id: 654321, token: "file:vrm-token", base_url: "http://127.0.0.1:9/{in_url}", live: false}}
loads:
  - {{name: water_heater, type: dry_run, max_power_w: 2000, temperature_from: {{type: ds18b20, id: 28-0316a4b5c6d7}}}}
  - name: pump
    type: http_switch
    max_power_w: 800
    url: http://127.0.0.1:9
    on: {{path: "/switch?key={in_query}&on=1"}}
    off: {{path: "/switch?key={in_query}&on=0"}}
mqtt: {{host: 127.0.0.1, port: 9, username: {user}, password: {inline}}}
web: {{listen: 127.0.0.1:0, hosts: [{host}.fritz.box]}}
messages:
  to:
    - {{type: telegram, token: "${{BOT}}", chat_id: "987654321"}}
    - {{type: mail, host: mail.example.org, username: {user}, password: {mail}, from: me@example.org, to: a@b.org}}
log: {{file: {folder}/heater.log}}
state_dir: {folder}/state
"""


def _a_lived_home(folder: Path, canaries: Canaries) -> dict[str, str]:
    """A home with settings, log, state and history, each with canaries in it; the environment it has."""
    bot = f"123456:{'A' * 20}{canaries.of('-')}"
    names = Canaries(first=100)
    text = HOME.format(
        folder=folder, name=names.of("the name of the home"), host=names.of("a host"), user=names.of("a user"),
        inline=canaries.of("in the file"), in_url=names.of("in an address") + "77777", mail=canaries.of("of mail"),
        in_query=canaries.of("in a query"),
    )  # fmt: skip
    (folder / "config.yaml").write_text(text)
    (folder / "vrm-token").write_text(canaries.of("in a file of its own") + "\n")
    (folder / "state").mkdir()
    canaries.made["-"] = bot
    names.made |= {"portal id": "c0619ab2d4e7", "site": "654321", "chat": "987654321", "probe": "28-0316a4b5c6d7"}
    names.made |= {"latitude": "48.2082", "longitude": "16.37", "mail": "me@example.org", "address": "10.1.2.3"}
    names.made |= {"serial": "HQ2134ABCDE", "the user": names.of("the user"), "in an address": "x", "host": "x.local"}
    said = "".join(map(_as_it_may_be_said, canaries.made.values())) + f"{' '.join(names.made.values())}\n"
    (folder / "heater.log").write_text(f"2026-06-01 12:00:00 INFO water_heater: on, 1500 W\n{said}")
    (folder / "heater.log.1").write_text(said)
    state = {"schema": 1, "faults": {"water_heater": said}, "loads": {"water_heater": {"energy_wh": 12.5}}, said: said}
    (folder / "state" / "state.json").write_text(json.dumps(state))
    (folder / "state" / "state.damaged").write_text("{" + said)
    (folder / "state" / "login.json").write_text(json.dumps({"hash": names.of("a hash")}))
    life = Life(folder / "state" / "history.db", begin=datetime.now(UTC) - timedelta(hours=2))
    life.live(1800.0)
    life.kept.close()
    canaries.made |= names.made
    del canaries.made["in an address"]
    return {"BOT": bot, "USER": names.made["the user"]}


def test_of_a_lived_home_it_says_what_happened_and_nothing_of_who_or_where(tmp_path: Path) -> None:
    canaries = Canaries()
    environ = _a_lived_home(tmp_path, canaries)
    texts, raw = _bundle(tmp_path, **environ)
    assert texts["problems.txt"] == "none\n"
    assert _escaped(canaries.made, texts) == {}
    assert not any(word.encode() in raw for word in canaries.made.values()), "nor in names of the archive"
    assert "water_heater: on, 1500 W" in texts["log.txt"]
    assert "energy_wh" in texts["state.json"]
    assert "latitude: 48\n" in texts["settings.yaml"]
    assert yaml.safe_load(texts["settings.yaml"])["meter"]["type"] == "vrm"
    assert len(texts["history.csv"].splitlines()) > 2, texts["history.csv"]
    assert "settings" in texts["check.txt"]
    assert "nothing: No controller is running" in texts["status.json"]


def test_a_variable_that_only_the_service_has_keeps_log_state_and_history_from_nobody(tmp_path: Path) -> None:
    environ = _a_lived_home(tmp_path, Canaries())
    del environ["BOT"]
    texts, _ = _bundle(tmp_path, **environ)
    assert "the environment variable BOT, which is not set" in texts["problems.txt"]
    assert "water_heater: on, 1500 W" in texts["log.txt"]
    assert "energy_wh" in texts["state.json"]
    assert len(texts["history.csv"].splitlines()) > 2


def test_the_page_lists_what_is_in_it(tmp_path: Path) -> None:
    page = (PROJECT / "docs" / "support.md").read_text()
    found = look_at(tmp_path / "nothing.yaml", {})
    assert re.findall(r"^\| `([\w.]+)` \|", page, re.MULTILINE) == [part.name for part in parts(found, str, {})]


def test_it_is_for_its_owner_alone_and_replaces_nothing(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("nonsense: [")
    before = os.umask(0)
    try:
        texts, _ = _bundle(tmp_path)
    finally:
        os.umask(before)
    assert "nothing" in texts["check.txt"]
    assert stat.S_IMODE((tmp_path / "support.zip").stat().st_mode) == 0o600
    (tmp_path / "link.zip").symlink_to(tmp_path / "elsewhere")
    for name in ("support.zip", "link.zip", "no/such/folder.zip"):
        with pytest.raises(ConfigError, match=name):
            make_bundle(tmp_path / "config.yaml", tmp_path / name, {}, lambda _: None)
    assert not (tmp_path / "elsewhere").exists()
