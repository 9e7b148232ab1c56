"""Settings that may change while the program runs: which they are, and what a running home takes of a changed file."""

import re
from typing import Any

import pytest

from pv_heater import PROJECT_FOLDER
from pv_heater.config.live import LiveRow, differs_otherwise, order_of, rows_of, with_live
from pv_heater.config.load import Config, load_config
from pv_heater.core.model.setting import Secret
from tests.builders import config, heater


def home(**changes: Any) -> dict[str, Any]:
    """A home with every kind of live setting in it."""
    tank = {
        "volume_l": 100,
        "mixing_valve": True,
        "min_c": 40,
        "hygiene": {"window": {"from": "10:00", "to": "16:00"}},
        "seasons": [{"from": "12-01", "daily_min_wh": 100}],
    }
    values = {
        "limits": {"max_grid_w": 80, "daylight": {"from": "06:00", "to": "20:00"}},
        "loads": [heater("first", hot_water=tank, target_c=60, max_c=80), heater("second"), {"type": "battery"}],
        "tariff": [{"from": "22:00", "to": "06:00", "import_per_kwh": 0.2}],
    }
    return config(**(values | changes))


def rows(values: dict[str, Any]) -> dict[str, LiveRow]:
    return {row.path: row for row in rows_of(load_config(values), values)}


def test_nothing_that_a_wire_an_address_or_a_secret_hangs_on_is_live() -> None:
    example = home(
        meter=[{"type": "vrm", "token": "abcdef", "installation_id": 1}],
        loads=[
            heater("first", "servo_regulator", relay={"pin": "GPIO17", "active_high": True}, servo={"pin": "GPIO21"}),
            heater("second", "http_dimmer", url="http://192.168.1.9", password="geheim", username="me"),
        ],
    )
    found = rows(example)
    live = {path for path, row in found.items() if row.live}
    fixed = (
        "pin",
        "url",
        "host",
        "token",
        "password",
        "username",
        "type",
        "name",
        "curve",
        "max_power_w",
        "active_high",
    )
    assert not {path for path in live if path.rpartition(".")[2] in fixed}
    assert not {path for path in live if path.startswith(("meter", "forecast", "gpio", "web", "mqtt", "display"))}
    assert {"limits.max_grid_w", "strategy.filter_s", "loads.first.min_on_s", "site.battery.reserve_percent"} <= live


def test_the_page_names_every_live_setting() -> None:
    page = (PROJECT_FOLDER / "docs" / "configuration.md").read_text(encoding="utf-8")
    section = page.partition("## Changed while it runs")[2].partition("\n## ")[0]
    named = set(re.findall(r"`([a-z_]+)`", section))
    inside = (
        "strategy.",
        "tariff[",
        "limits.daylight.",
        "loads.first.hot_water.seasons",
        "loads.first.hot_water.hygiene",
    )
    for row in LIVE:
        assert row.path.startswith(inside) or row.path.rpartition(".")[2] in named, row.path


def test_a_secret_is_never_shown() -> None:
    example = home(meter=[{"type": "vrm", "token": "abcdef", "installation_id": 1}])
    row = rows(example)["meter[0].token"].as_json(7)
    assert (row["value"], row["secret"], row["live"], row["line"]) == ("set", True, False, 7)
    assert rows(example)["meter[0].token"].value == Secret("abcdef")
    assert rows(home(site={"name": "${HOME}"}))["site.name"].as_json(None)["value"] == "${HOME}"


def other(row: LiveRow) -> Any:
    """Another value that is allowed."""
    special = {"chemistry": "lead", "steps": "all", "mixing_valve": True, "forced_without_end": True}
    key = row.path.rpartition(".")[2]
    if key in special:
        return special[key]
    if row.kind == "time":
        return "11:00"
    if key == "from":
        return "11-11"
    near = {"min_c": 45, "hot_c": 62, "target_c": 61, "max_c": 79, "at_c": 61, "max_changes_per_minute": 6}
    about = row.field.metadata
    at_least = max(near.get(key, 61), about["minimum"] or 0)
    return min(at_least, about["maximum"] or at_least)


def changed(values: dict[str, Any], row: LiveRow) -> dict[str, Any]:
    """The mapping with one row changed."""

    def at(node: Any, keys: tuple[str | int, ...]) -> Any:
        if not keys:
            return other(row)
        if isinstance(node, list):
            return [at(item, keys[1:]) if index == keys[0] else item for index, item in enumerate(node)]
        return {**(node or {}), keys[0]: at((node or {}).get(keys[0]), keys[1:])}

    result: dict[str, Any] = at(values, row.keys)
    return result


LIVE = [row for row in rows(home()).values() if row.live]


@pytest.mark.parametrize("row", LIVE, ids=lambda row: row.path)
def test_each_live_setting_is_taken_over(row: LiveRow) -> None:
    before, after = load_config(home()), load_config(changed(home(), row))
    joined = with_live(before, after)
    assert {path: found.value for path, found in _rows(joined).items()} == {
        path: found.value for path, found in _rows(after).items()
    }
    assert joined != before
    assert not differs_otherwise(before, after)


def _rows(settings: Config) -> dict[str, LiveRow]:
    return {row.path: row for row in rows_of(settings, home())}


def test_loads_are_matched_by_name_and_what_needs_a_start_is_left_and_told() -> None:
    before = load_config(home())
    turned = load_config(
        home(loads=[{"type": "battery"}, heater("second", min_on_s=7), heater("first", max_power_w=999, min_off_s=9)])
    )
    joined = with_live(before, turned)
    assert order_of(joined) == ["battery", "second", "first"]
    by_name = {policy.name: policy for policy in joined.policies}
    assert (by_name["second"].min_on_s, by_name["first"].min_off_s, by_name["first"].max_power_w) == (7, 9, 2000)
    assert differs_otherwise(before, turned)


def test_a_load_more_or_less_waits_for_the_next_start() -> None:
    before = load_config(home())
    more = load_config(home(loads=[heater("third"), heater("second", dead_band_w=50)], dry_run=True))
    joined = with_live(before, more)
    assert order_of(joined) == ["first", "second", "battery"]
    assert joined.policies[1].dead_band_w == 50
    assert not joined.dry_run
