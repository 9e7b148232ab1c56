"""Values of the owner's own: what counts as a number, and when one is lost."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from werkzeug import Request

from pv_heater.core.model.setting import SettingProblem
from pv_heater.core.settings.home import Site
from pv_heater.errors import BadReply, SourceError, Unreachable
from pv_heater.ports import Tools
from pv_heater.sensors.file import FileValue
from pv_heater.sensors.http import HttpValue
from pv_heater.sensors.mqtt import MqttValue
from pv_heater.sensors.own import own_number
from tests.http_server import ScriptedServer


class Clock:
    """Wall and monotonic time of the test's own."""

    def __init__(self) -> None:
        self.wall_s, self.mono_s = datetime(2026, 6, 21, 12, tzinfo=UTC).timestamp(), 100.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.wall_s, UTC)

    def monotonic_s(self) -> float:
        return self.mono_s


def tools(clock: Clock, folder: Path) -> Tools:
    return Tools(clock=clock, site=Site(), state_dir=folder, pins=lambda: None)  # type: ignore[arg-type]


def written(path: Path, text: str, at_s: float) -> Path:
    path.write_text(text)
    os.utime(path, (at_s, at_s))
    return path


@pytest.mark.parametrize(
    "wrong", ["", "abc", "NaN", "inf", "-inf", "1e308", 1e12, True, None, [1], {"a": 1}, "101", -0.1, float("nan")]
)
def test_what_is_no_number_or_outside_its_range_does_not_count(wrong: Any) -> None:
    settings = FileValue.Settings(file="/run/x", unit="%", min=0, max=100)
    with pytest.raises(BadReply, match="the cellar"):
        own_number(wrong, "the cellar", settings=settings)
    assert own_number("48.5", "the cellar", settings=settings) == 48.5


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"min": 5, "max": 5}, "max"), ({"min": 1e12}, "max"), ({"when_lost": "soon"}, "when_lost"),
        ({"max": 100, "when_lost": "101"}, "when_lost"), ({"max_age_s": 5}, "max_age_s"), ({"file": "x.json"}, "file"),
        ({"unit": "a very long unit"}, "unit"),
    ],
    ids=str,
)  # fmt: skip
def test_settings_that_cannot_be(changes: dict[str, Any], key: str) -> None:
    from pv_heater.config.load import load_config
    from pv_heater.errors import ConfigError
    from tests.builders import config

    with pytest.raises(ConfigError) as refused:
        load_config(config(values={"humidity": {"type": "file", "file": "/run/x", **changes}}))
    assert f"values.humidity.{key}: " in str(refused.value)


def test_what_stands_in_for_a_lost_one() -> None:
    def instead(when_lost: str, last: float | None) -> float | None:
        return FileValue.Settings(file="/run/x", when_lost=when_lost).instead(last)

    assert instead("unknown", 5.0) is None
    assert (instead("last", 5.0), instead("last", None)) == (5.0, None)
    assert (instead("0", 5.0), instead("-2.5", None)) == (0.0, -2.5)


def test_a_file_is_as_old_as_its_last_change_whatever_is_done_to_the_clock(tmp_path: Path) -> None:
    clock = Clock()
    path = written(tmp_path / "price.json", json.dumps({"now": 0.245}), clock.wall_s - 20)
    value = FileValue(FileValue.Settings(file=str(path), path="now", scale=100, max_age_s=60), tools(clock, tmp_path))
    assert value.read() == pytest.approx(24.5)
    clock.wall_s += 50
    with pytest.raises(Unreachable, match="was last written 70 s ago, and the limit is 60 s"):
        value.read()
    clock.wall_s -= 3600
    clock.mono_s += 61
    with pytest.raises(Unreachable, match="61 s ago"):
        value.read()
    written(path, json.dumps({"now": 0.1}), clock.wall_s)
    assert value.read() == pytest.approx(10.0)


def test_a_file_that_is_none(tmp_path: Path) -> None:
    clock = Clock()

    def refused(path: Path, kind: type[SourceError]) -> None:
        with pytest.raises(kind, match=path.name):
            FileValue(FileValue.Settings(file=str(path), path="now"), tools(clock, tmp_path)).read()

    refused(tmp_path / "missing", Unreachable)
    refused(tmp_path, Unreachable)
    os.mkfifo(tmp_path / "pipe")
    refused(tmp_path / "pipe", Unreachable)
    for text in ("", "{", '{"later": 1}', '{"now": null}', "[" * 5000, "1" * 70_000):
        refused(written(tmp_path / "rubbish", text, clock.wall_s), BadReply)


class Oven(ScriptedServer):
    def answer(self, request: Request) -> Any:
        del request
        return {"apower": 2000.5}


def test_one_over_http(tmp_path: Path) -> None:
    with Oven() as oven:
        settings = HttpValue.Settings(url=oven.url, path="apower", unit="W", max=3000)
        value = HttpValue(settings, tools(Clock(), tmp_path))
        assert value.read() == 2000.5
        value.close()


def test_one_over_mqtt_is_declared_like_the_others() -> None:
    settings = MqttValue.Settings(host="h", topic="a/b", path="humidity", unit="%", max_age_s=86_400)
    assert settings.bounds == (-1e9, 1e9)
    with pytest.raises(SettingProblem):
        MqttValue.Settings(host="h", topic="a/b", min=3, max=2)
