"""Values of a GX device by topic -> Reading: what is added up, and what of it cannot be. No network."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pv_heater.errors import BadReply
from pv_heater.victron.mqtt.lost_devices import HungDrivers, LostDevices, drivers_of, house_of
from pv_heater.victron.mqtt.reading import reading_from_values
from pv_heater.victron.mqtt.steering import OtherBrains
from pv_heater.victron.mqtt.store import GONE, NotAValue, value_of
from pv_heater.victron.mqtt.topics import ALONG, WAKING, GxValues, makes_a_reading
from tests.gx_device import PLANT, charger, ess_house
from tests.source_tools import NOON
from tests.victron.mqtt.values import GRID, reading


def test_a_home_with_everything() -> None:
    seen = reading(PLANT)
    assert seen.source == "gx_mqtt"
    assert seen.taken_at == NOON
    assert (seen.grid_w, seen.grid_phase_w) == (100.0, (100.0,))
    assert seen.pv_w == pytest.approx(2695.12)
    assert seen.consumption_w == 1747.0
    assert (seen.battery_w, seen.battery_v, seen.battery_soc_percent) == (1048, 52.4, 81.5)
    assert seen.charger_state == "external control"
    assert (seen.pv_throttled, seen.feed_in_allowed, seen.grid_connected) == (False, False, True)


def test_three_phases_are_told_one_by_one() -> None:
    house = ess_house(**{"Ac/Grid/L1/Power": -500.0, "Ac/Grid/L2/Power": 200, "Ac/Grid/L3/Power": 50.5})
    assert reading(house).grid_phase_w == (-500.0, 200, 50.5)
    assert reading(house).grid_w == -249.5


def test_ac_pv_behind_the_inverter_and_on_the_generator_counts_too() -> None:
    more = {"Ac/PvOnOutput/L1/Power": 1000, "Ac/PvOnOutput/L3/Power": 300, "Ac/PvOnGenset/L1/Power": 10}
    assert reading(ess_house(**more)).pv_w == pytest.approx(2695.12 + 1310)


@pytest.mark.parametrize(
    ("topic", "value", "field", "said"),
    [
        ("Ac/Grid/L1/Power", "1002", "grid_w", "not a number"),
        ("Ac/Grid/L1/Power", True, "grid_w", "not a number"),
        ("Ac/Grid/L1/Power", [1, 2], "grid_w", "not a number"),
        ("Ac/Grid/L1/Power", {"W": 1}, "grid_w", "not a number"),
        ("Ac/Grid/L1/Power", float("nan"), "grid_w", "not a number"),
        ("Ac/Grid/L1/Power", float("-inf"), "grid_w", "not a number"),
        ("Ac/Grid/L1/Power", 10**4000, "grid_w", "not a number"),
        ("Ac/Grid/L1/Power", -1e9, "grid_w", "no home has"),
        ("Ac/Grid/L2/Power", "1002", "grid_w", "not a number"),
        ("Ac/Consumption/L1/Power", 1e9, "consumption_w", "no home has"),
        ("Ac/Consumption/L1/Power", -4000, "consumption_w", "the wrong way round"),
        ("Dc/Pv/Power", -3000, "pv_w", "the wrong way round"),
        ("Dc/Pv/Power", "lots", "pv_w", "not a number"),
        ("Ac/PvOnGrid/L1/Power", False, "pv_w", "not a number"),
        ("Dc/Battery/Power", "NaN", "battery_w", "not a number"),
        ("Dc/Battery/Power", 4e9, "battery_w", "no home has"),
        ("Dc/Battery/Voltage", 5240, "battery_v", "cannot be"),
        ("Dc/Battery/Soc", 815, "battery_soc_percent", "cannot be"),
        ("Dc/Battery/Soc", -1, "battery_soc_percent", "cannot be"),
        ("Ac/ActiveIn/Source", "grid", "grid_connected", "not a number"),
    ],
    ids=[
        "text", "truth", "list", "object", "not a number", "infinite", "endless digits", "a gigawatt",
        "one phase of two", "use of a gigawatt", "use below zero", "PV below zero", "PV as text", "part of PV as truth",
        "NaN as text", "battery of gigawatts", "voltage a hundredfold", "charge tenfold", "charge below zero",
        "source as text",
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_is_left_out_and_named(topic: str, value: object, field: str, said: str) -> None:
    lines: list[str] = []
    seen = reading({**PLANT, **ess_house(**{topic: value})}, lines)
    assert getattr(seen, field) is None
    assert [said in line for line in lines] == [True]
    assert len(lines[0]) < 200
    others = {"grid_w", "consumption_w", "pv_w", "battery_w", "battery_v", "battery_soc_percent"} - {field}
    assert all(getattr(seen, other) is not None for other in others)


def test_a_pv_inverter_that_draws_a_little_at_night_gives_nothing() -> None:
    assert reading(ess_house(**{"Dc/Pv/Power": 0.0, "Ac/PvOnGrid/L1/Power": -6.0})).pv_w == 0.0


@pytest.mark.parametrize(
    "values",
    [{}, {"system/0/Serial": "c0619ab0a001"}, dict.fromkeys(PLANT), dict.fromkeys(PLANT, "?")],
    ids=["nothing", "only its name", "all null", "all text"],
)
def test_a_device_that_tells_nothing_of_the_house_is_an_error(values: Mapping[str, object]) -> None:
    with pytest.raises(BadReply, match="none of grid, consumption, PV and battery power"):
        reading(values)


@given(
    st.dictionaries(
        st.sampled_from(sorted(PLANT)),
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text(max_size=5)
        | st.lists(st.integers(), max_size=2),
    )
)
def test_any_values_give_a_reading_or_one_of_our_errors(changes: dict[str, object]) -> None:
    values = GxValues({**PLANT, **changes}, [].append)
    lost, frozen = LostDevices(), HungDrivers()
    for tick_s in (0.0, 70.0):
        try:
            doubts = lost.check(values, frozenset(), tick_s)
            hung = frozen.hung(drivers_of(values), house_of(values), tick_s)
            seen = reading_from_values(values, taken_at=NOON, hung=hung, doubts=doubts, complain=[].append)
            OtherBrains().noted(seen, values, tick_s, clock_offset_s=None)
        except BadReply:
            pass


@given(st.binary(max_size=60) | st.sampled_from([b"", b'{"value":1}', b'{"value":null}', b"{}", b"[]"]))
def test_any_payload_is_a_value_or_refused(payload: bytes) -> None:
    with contextlib.suppress(NotAValue):
        value_of(payload)


@pytest.mark.parametrize(
    ("payload", "value"),
    [
        (b'{"value":100.0}', 100.0),
        (b'{"value": 80}', 80),
        (b'{"value":null}', None),
        (b'{"max":1,"min":0,"value":0}', 0),
        (b'{"value":[41284]}', [41284]),
        (b"", GONE),
    ],
)
def test_what_a_device_says(payload: bytes, value: object) -> None:
    assert value_of(payload) == value


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (charger(279, 900.0, state=4), "absorption"),
        (charger(279, 900.0, state=5), "float"),
        (ess_house(**{"Dc/Battery/State": 2}), "discharging"),
        ({"solarcharger/279/State": None, "solarcharger/280/State": None}, "charging"),
        ({"solarcharger/279/State": "x", "solarcharger/280/State": 99}, "charging"),
    ],
)  # fmt: skip
def test_the_charger_that_works_hardest_speaks_for_all(changes: Mapping[str, object], expected: str) -> None:
    assert reading({**PLANT, **changes}).charger_state == expected


def test_everything_that_is_read_is_asked_for() -> None:
    def matches(pattern: str, topic: str) -> bool:
        parts, names = pattern.split("/"), topic.split("/")
        return len(parts) == len(names) and all(part in ("+", name) for part, name in zip(parts, names, strict=True))

    asked = (*WAKING, *ALONG)
    assert [topic for topic in PLANT if sum(matches(pattern, topic) for pattern in asked) != 1] == []
    assert not makes_a_reading("solarcharger/279/Pv/V")
    assert makes_a_reading(GRID)
