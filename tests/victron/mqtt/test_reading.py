"""Values of a GX device by topic -> Reading: what is added up, what is doubted, what is lost. No network."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pv_heater.core.model.power_balance import house_w
from pv_heater.core.model.values import Reading
from pv_heater.errors import BadReply
from pv_heater.victron.mqtt.lost_devices import Doubt, HungDrivers, LostDevices, drivers_of, house_of
from pv_heater.victron.mqtt.other_controllers import company
from pv_heater.victron.mqtt.reading import reading_from_values
from pv_heater.victron.mqtt.store import GONE, NotAValue, value_of
from pv_heater.victron.mqtt.topics import ALONG, WAKING, GxValues, makes_a_reading
from tests.gx_device import PLANT, charger, ess_house, two_trackers
from tests.source_tools import NOON

GRID = "system/0/Ac/Grid/L1/Power"
ESS = "settings/0/Settings/CGwacs"
SETUP = "settings/0/Settings/SystemSetup/HasDcSystem"


def reading(values: Mapping[str, object], said: list[str] | None = None, **options: Any) -> Reading:
    complain = (said if said is not None else []).append
    return reading_from_values(GxValues(values, complain), taken_at=NOON, complain=complain, **options)


def checked(
    values: Mapping[str, object], lost: LostDevices, gone: frozenset[str] = frozenset(), tick_s: float = 0.0
) -> frozenset[Doubt]:
    return lost.check(GxValues(values, [].append), gone, tick_s)


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
        ("Ac/Grid/L1/Power", "1002", "grid_w", "no number"),
        ("Ac/Grid/L1/Power", True, "grid_w", "no number"),
        ("Ac/Grid/L1/Power", [1, 2], "grid_w", "no number"),
        ("Ac/Grid/L1/Power", {"W": 1}, "grid_w", "no number"),
        ("Ac/Grid/L1/Power", float("nan"), "grid_w", "no number"),
        ("Ac/Grid/L1/Power", float("-inf"), "grid_w", "no number"),
        ("Ac/Grid/L1/Power", 10**4000, "grid_w", "no number"),
        ("Ac/Grid/L1/Power", -1e9, "grid_w", "no home has"),
        ("Ac/Grid/L2/Power", "1002", "grid_w", "no number"),
        ("Ac/Consumption/L1/Power", 1e9, "consumption_w", "no home has"),
        ("Ac/Consumption/L1/Power", -4000, "consumption_w", "the wrong way round"),
        ("Dc/Pv/Power", -3000, "pv_w", "the wrong way round"),
        ("Dc/Pv/Power", "lots", "pv_w", "no number"),
        ("Ac/PvOnGrid/L1/Power", False, "pv_w", "no number"),
        ("Dc/Battery/Power", "NaN", "battery_w", "no number"),
        ("Dc/Battery/Power", 4e9, "battery_w", "no home has"),
        ("Dc/Battery/Voltage", 5240, "battery_v", "cannot be"),
        ("Dc/Battery/Soc", 815, "battery_soc_percent", "cannot be"),
        ("Dc/Battery/Soc", -1, "battery_soc_percent", "cannot be"),
        ("Ac/ActiveIn/Source", "grid", "grid_connected", "no number"),
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
            reading_from_values(values, taken_at=NOON, hung=hung, doubts=doubts, complain=[].append)
        except BadReply:
            pass
        company(values)


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


# Throttled, and may it feed in?


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (charger(279, 900.0, mode=1), True),
        (two_trackers(280, (2, 1)), True),
        (two_trackers(280, (2, 0)), False),
        ({**charger(279, 0.0, mode=0), **two_trackers(280, (0, 0))}, None),
        ({**charger(279, 0.0, mode=0), **two_trackers(280, (0, 0)), "multi/1/Pv/1/MppOperationMode": 1}, True),
        ({"inverter/5/MppOperationMode": 1}, True),
        ({"solarcharger/279/MppOperationMode": None}, False),
        ({"solarcharger/279/MppOperationMode": "1"}, False),
    ],
    ids=["one of two", "second tracker", "one resting", "night", "Multi RS", "Inverter RS", "one silent", "as text"],
)
def test_one_tracker_that_is_held_back_is_enough(changes: Mapping[str, object], expected: bool | None) -> None:
    values = {**PLANT, **changes, "pvinverter/20/Ac/PowerLimit": None}
    assert reading(values).pv_throttled is expected


@pytest.mark.parametrize(
    ("limit_w", "power_w", "limiter", "expected"),
    [
        (5000, 400, 0, False),
        (400, 400, 1, True),
        (400, 395, None, True),
        (3000, 400, None, False),
        (75, 74, None, False),
        (75, 74, 0, False),
        (5000, 5000, None, False),
        (None, 400, None, None),
    ],
    ids=[
        "no limit", "limited", "at its limit", "far below its limit", "soft start", "soft start, no limiting",
        "full power", "cannot be limited",
    ],
)  # fmt: skip
def test_a_low_limit_alone_does_not_hold_ac_pv_back(
    limit_w: int | None, power_w: int, limiter: int | None, expected: bool | None
) -> None:
    values = {
        **ess_house(),
        "pvinverter/20/Ac/Power": power_w,
        "pvinverter/20/Ac/PowerLimit": limit_w,
        "pvinverter/20/Ac/MaxPower": 5000,
        "hub4/0/PvPowerLimiterActive": limiter,
    }
    assert reading(values).pv_throttled is expected


DC_ONLY = {topic: value for topic, value in PLANT.items() if not topic.startswith("pvinverter/")}
AC_ONLY = {**PLANT, "system/0/Dc/Pv/Power": None}


@pytest.mark.parametrize(
    ("plant", "changes", "expected"),
    [
        (DC_ONLY, {}, False),
        (DC_ONLY, {f"{ESS}/OvervoltageFeedIn": 1}, True),
        (DC_ONLY, {f"{ESS}/OvervoltageFeedIn": 1, f"{ESS}/PreventFeedback": 1}, True),
        (AC_ONLY, {}, True),
        (AC_ONLY, {f"{ESS}/PreventFeedback": 1}, False),
        (PLANT, {}, False),
        (PLANT, {f"{ESS}/OvervoltageFeedIn": 1}, True),
        (PLANT, {f"{ESS}/OvervoltageFeedIn": 1, f"{ESS}/MaxFeedInPower": 0}, False),
        (PLANT, {f"{ESS}/OvervoltageFeedIn": 1, f"{ESS}/MaxFeedInPower": 3000}, True),
        (PLANT, {f"{ESS}/OvervoltageFeedIn": 1, "hub4/0/PvPowerLimiterActive": 1}, False),
        (PLANT, {f"{ESS}/OvervoltageFeedIn": None}, None),
        (PLANT, {"system/0/SystemType": "Off-grid", "hub4/0/PvPowerLimiterActive": None}, None),
        (PLANT, {"system/0/Ac/ActiveIn/Source": 240}, None),
    ],
    ids=[
        "DC, forbidden", "DC, allowed", "DC, AC setting does not matter", "AC, allowed", "AC, forbidden",
        "both, DC forbidden", "both allowed", "limit of nothing", "limit not reached", "limit reached", "not told",
        "no ESS", "no grid",
    ],
)  # fmt: skip
def test_feeding_in_depends_on_what_the_plant_has(
    plant: Mapping[str, object], changes: Mapping[str, object], expected: bool | None
) -> None:
    assert reading({**plant, **changes}).feed_in_allowed is expected


# The grid


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"Ac/ActiveIn/Source": 3, "Ac/In/0/Source": 3}, True),
        ({"Ac/ActiveIn/Source": 240}, False),
        ({"Ac/ActiveIn/Source": 2}, False),
        ({"Ac/In/0/Connected": 0}, False),
        ({"Ac/ActiveIn/Source": None}, None),
    ],
    ids=["grid", "shore", "on the battery", "generator", "not connected", "no inverter"],
)
def test_the_grid_is_there_when_the_inverter_says_so(changes: Mapping[str, object], expected: bool | None) -> None:
    assert reading(ess_house(**changes)).grid_connected is expected


@pytest.mark.parametrize(
    ("changes", "source"),
    [
        ({}, "grid"),
        ({"Ac/ActiveIn/Source": 2.0, "Ac/In/1/Source": 2}, "generator"),
        ({"Ac/ActiveIn/Source": 3}, "shore"),
        ({"Ac/ActiveIn/Source": 240, "Ac/Genset/L1/Power": 300.0}, "none"),
        ({"Ac/ActiveIn/Source": None, "Ac/Genset/L2/Power": 1200.0}, "generator"),
        ({"Ac/ActiveIn/Source": None, "Ac/Genset/L1/Power": 3.0}, None),
        ({"Ac/ActiveIn/Source": 0}, None),
        ({"Ac/ActiveIn/Source": 1.5}, None),
        ({"Ac/ActiveIn/Source": True}, None),
    ],
    ids=[
        "grid", "genset on the second input", "shore", "a genset that warms up", "a genset and no inverter to tell",
        "a genset at rest", "not known", "no such number", "truth",
    ],
)  # fmt: skip
def test_what_feeds_the_house_is_a_word_of_its_own(changes: Mapping[str, object], source: str | None) -> None:
    assert reading(ess_house(**changes)).ac_source == source


def test_on_a_generator_the_meter_of_the_grid_says_nothing() -> None:
    seen = reading(ess_house(**{"Ac/ActiveIn/Source": 2, "Ac/Grid/L1/Power": 290.0}))
    assert (seen.ac_source, seen.grid_connected, seen.grid_w, seen.grid_phase_w) == ("generator", False, None, ())
    assert seen.feed_in_allowed is None


def test_on_the_battery_the_last_value_of_the_grid_meter_does_not_count() -> None:
    lost = ess_house(**{"Ac/ActiveIn/Source": 240, "Ac/ActiveIn/ServiceType": None, "Ac/In/0/Connected": 0})
    seen = reading(lost)
    assert (seen.grid_w, seen.grid_phase_w, seen.grid_connected) == (None, (), False)
    checked(PLANT, watch := LostDevices())
    # Many meters are fed by the grid themselves and leave with it.
    checked(lost, watch, frozenset({"grid/30/Connected"}))


def test_a_lost_grid_meter_is_no_surplus() -> None:
    """As seen with a real systemcalc: 100 W of import became 300 W of export."""
    lost = LostDevices()
    checked(PLANT, lost)
    without = {topic: value for topic, value in PLANT.items() if not topic.startswith("grid/")}
    with pytest.raises(BadReply, match="lost its grid meter"):
        checked(without, lost, frozenset({"grid/30/Connected"}))
    replaced = {**without, **ess_house(**{"Ac/Grid/L1/Power": -300.0, **_kind("vebus")})}
    for _ in range(2):
        with pytest.raises(BadReply, match="lost its grid meter"):
            checked(replaced, lost)
    checked(PLANT, lost)


def test_a_home_that_never_had_a_grid_meter_needs_none() -> None:
    no_ess = ess_house(**_kind("vebus"), SystemType="Hub-4")
    checked(no_ess, LostDevices())
    chosen = {**ess_house(**_kind("vebus")), f"{ESS}/RunWithoutGridMeter": 1}
    checked(chosen, LostDevices())
    forgotten = {**ess_house(**_kind("vebus")), f"{ESS}/RunWithoutGridMeter": 0}
    with pytest.raises(BadReply, match="ESS is set up with a grid meter"):
        checked(forgotten, LostDevices())


@pytest.mark.parametrize("service", ["vebus", "multi", "acsystem"])
def test_any_inverter_that_stands_in_for_the_grid_meter_is_noticed(service: str) -> None:
    lost = LostDevices()
    checked(PLANT, lost)
    with pytest.raises(BadReply, match="lost its grid meter"):
        checked(ess_house(**_kind(service)), lost)
    on_generator = ess_house(**{**_kind("grid"), "Ac/ActiveIn/ServiceType": "genset", "Ac/ActiveIn/Source": 2})
    checked(on_generator, lost)


def test_a_second_grid_meter_may_leave() -> None:
    lost = LostDevices()
    checked(PLANT, lost)
    checked(PLANT, lost, frozenset({"grid/31/Connected"}))


def test_battery_power_without_battery_and_inverter_is_that_of_the_chargers() -> None:
    """As seen: 2295 W of "charging" went on when both had left."""
    alone = {"Dc/Battery/Soc": None, "SystemType": None, "Dc/Battery/Power": 2295, "Ac/ActiveIn/Source": None}
    lost = LostDevices()
    checked(PLANT, lost)
    with pytest.raises(BadReply, match="lost both the battery monitor and the inverter"):
        checked(ess_house(**alone), lost)
    assert reading(ess_house(**alone)).battery_w is None


# What Victron's calculation makes of a lost inverter: the figures of a run with the real programs

LOST = {
    "Ac/Consumption/L1/Power": 71.0, "Ac/PvOnGrid/L1/Power": None, "Dc/Pv/Power": 1300.0, "Ac/Grid/L1/Power": 50.0,
    "Dc/Battery/Power": 590.0, "SystemType": None, "Ac/ActiveIn/Source": None, "Ac/ActiveIn/ServiceType": None,
    "Ac/In/0/Source": None, "Ac/In/0/ServiceType": None, "Ac/In/0/Connected": None,
}  # fmt: skip
"""760 W of house, of which 71 W hang beside the inverter. 1300 + 50 - 590 = 760."""


def seen_after(home: Mapping[str, object], lost: LostDevices, tick_s: float) -> Reading:
    return reading(home, doubts=checked(home, lost, tick_s=tick_s))


def test_what_hangs_beside_a_lost_inverter_is_not_the_house() -> None:
    lost = LostDevices()
    assert seen_after(PLANT, lost, 0.0).consumption_w == 1747
    without = {**PLANT, **ess_house(**LOST)}
    for tick_s in (10.0, 14.9):
        with pytest.raises(BadReply, match="reports nothing of its inverter"):
            checked(without, lost, tick_s=tick_s)
    for tick_s in (15.0, 3600.0):
        seen = seen_after(without, lost, tick_s)
        assert (seen.consumption_w, seen.ac_source, seen.grid_connected) == (None, None, None)
        assert house_w(seen) == 760.0
    assert seen_after(PLANT, lost, 3601.0).consumption_w == 1747


@pytest.mark.parametrize(
    "missing", [{"SystemType": None}, {"Ac/ActiveIn/Source": None}], ids=["no type of system", "no source of the input"]
)
def test_one_of_its_two_signs_is_enough_once_it_was_there(missing: dict[str, object]) -> None:
    lost = LostDevices()
    checked(PLANT, lost)
    half = ess_house(**{**missing, "Ac/Consumption/L1/Power": 71.0})
    with pytest.raises(BadReply, match="reports nothing of its inverter"):
        checked({**PLANT, **half}, lost, tick_s=1.0)
    assert checked({**PLANT, **half}, lost, tick_s=6.0) == {Doubt.INVERTER}


def test_a_program_that_starts_while_the_inverter_is_lost_does_not_believe_it_either() -> None:
    lost, without = LostDevices(), {**PLANT, **ess_house(**LOST)}
    with pytest.raises(BadReply, match="it is starting"):
        checked(without, lost)
    assert house_w(seen_after(without, lost, 5.0)) == 760.0


def test_a_house_without_inverter_and_battery_needs_none() -> None:
    """AC PV and a grid meter: consumption is what the two make up."""
    values = {"Ac/Consumption/L1/Power": 900.0, "Ac/Grid/L1/Power": -400.0, "Ac/PvOnGrid/L1/Power": 1300.0}
    house = {f"system/0/{name}": value for name, value in values.items()}
    assert seen_after(house, LostDevices(), 0.0).consumption_w == 900


def test_an_inverter_that_measured_the_grid_takes_it_along() -> None:
    """House = PV - battery would take for sun what the grid puts into the battery."""
    lost = LostDevices()
    checked(ess_house(**_kind("vebus"), SystemType="Hub-4"), lost)
    without = ess_house(**{**LOST, "Ac/Grid/L1/Power": None})
    for tick_s in (10.0, 100.0):
        with pytest.raises(BadReply, match="inverter"):
            checked(without, lost, tick_s=tick_s)
    with pytest.raises(BadReply, match="and with it consumption and grid power"):
        checked(without, lost, tick_s=200.0)
    island = LostDevices(off_grid=True)
    checked(ess_house(), island)
    with pytest.raises(BadReply):
        checked(without, island, tick_s=10.0)
    assert checked(without, island, tick_s=100.0) >= {Doubt.INVERTER}


def test_battery_power_that_the_inverter_measured_leaves_with_it() -> None:
    by_inverter = {**ess_house(**LOST), "system/0/ActiveBatteryService": "com.victronenergy.vebus/276"}
    assert reading(by_inverter, doubts={Doubt.INVERTER}).battery_w is None


def test_a_lost_battery_monitor_ends_readings_though_the_inverter_is_there() -> None:
    lost = LostDevices()
    checked(PLANT, lost)
    with pytest.raises(BadReply, match="lost its battery monitor: the state of charge is unknown"):
        checked({**PLANT, **ess_house(**{"Dc/Battery/Soc": None})}, lost)
    never = LostDevices()
    assert checked(ess_house(**{"Dc/Battery/Soc": None}), never) == frozenset()


THREE = {f"Ac/{part}/L{phase}/Power": 300.0 for part in ("Consumption", "Grid") for phase in (1, 2, 3)}


@pytest.mark.parametrize(
    ("part", "doubt", "field"),
    [("Consumption", Doubt.CONSUMPTION, "consumption_w"), ("Grid", Doubt.GRID, "grid_w")],
)
def test_a_sum_that_lacks_a_phase_is_no_sum(part: str, doubt: Doubt, field: str) -> None:
    lost, whole = LostDevices(), {**PLANT, **ess_house(**THREE)}
    assert getattr(seen_after(whole, lost, 0.0), field) == 900.0
    lacks = {**whole, f"system/0/Ac/{part}/L2/Power": None}
    assert checked(lacks, lost) == {doubt}
    assert getattr(seen_after(lacks, lost, 1.0), field) is None
    assert getattr(seen_after(whole, lost, 2.0), field) == 900.0


# Loads on the battery's side


@pytest.mark.parametrize(
    ("changes", "load_w"),
    [
        ({"system/0/Dc/System/Power": 800.0, SETUP: 1}, 800.0),
        ({"system/0/Dc/System/Power": -300, SETUP: 1}, -300.0),
        ({"system/0/Dc/System/Power": 800.0, SETUP: 0, "dcsystem/60/Dc/0/Power": 800.0}, 800.0),
        ({"system/0/Dc/System/Power": 800.0}, 800.0),
        ({"system/0/Dc/System/Power": 0.0, SETUP: 0}, None),
        ({"system/0/Dc/System/Power": None, SETUP: 1}, None),
        ({"system/0/Dc/System/Power": "800", SETUP: 1}, None),
        ({"system/0/Dc/System/Power": 1e9, SETUP: 1}, None),
    ],
    ids=[
        "a boat's loads", "an alternator gives", "a shunt of their own", "setting not told", "no DC system",
        "not valid now", "text", "a gigawatt",
    ],
)  # fmt: skip
def test_dc_loads_are_told_where_the_device_knows_of_them(changes: Mapping[str, object], load_w: float | None) -> None:
    assert reading({**PLANT, **changes}).dc_load_w == load_w


def test_estimated_dc_loads_are_as_good_as_the_drivers_behind_them() -> None:
    estimated = {**PLANT, "system/0/Dc/System/Power": 800.0, SETUP: 1}
    measured = {**estimated, "dcsystem/60/Dc/0/Power": 800.0}
    for doubt in ({"hung": {"solarcharger/279"}}, {"hung": {"vebus/276"}}, {"doubts": {Doubt.INVERTER}}):
        assert reading(estimated, **doubt).dc_load_w is None
        assert reading(measured, **doubt).dc_load_w == 800.0


def _kind(service: str) -> dict[str, object]:
    return {"Ac/ActiveIn/ServiceType": service, "Ac/In/0/ServiceType": service}


# A driver that hangs


def hangs(still: Mapping[str, object], *, house_moves: bool = True, seconds: int = 40) -> frozenset[str]:
    """What is said to hang at the end of that time."""
    watch, found = HungDrivers(), frozenset[str]()
    moving = {topic: value for topic, value in PLANT.items() if not topic.startswith("solarcharger/")}
    for second in range(0, seconds + 1, 5):
        house = ess_house(**{"Dc/Battery/Power": 1000.0 + (second if house_moves else 0)})
        values = GxValues({**moving, **house, **still}, [].append)
        found = watch.hung(drivers_of(values), house_of(values), float(second))
    return found


def test_a_charger_that_claims_power_and_never_moves_hangs() -> None:
    assert hangs(charger(279, 1500.0)) == {"solarcharger/279"}
    assert hangs(two_trackers(280)) == {"solarcharger/280"}
    assert hangs(charger(279, 1500.0), seconds=25) == frozenset()


MULTI = {
    "vebus/276/Ac/ActiveIn/L1/P": -1500.0, "vebus/276/Ac/Out/L1/P": 470, "vebus/276/Dc/0/Voltage": 52.41,
    "vebus/276/Dc/0/Power": 2000.0,
}  # fmt: skip
METER = {"grid/30/Ac/L1/Power": 49.0, "grid/30/Ac/L1/Voltage": 231.4, "grid/30/Ac/L1/Current": 0.4}


def test_an_inverter_or_a_grid_meter_that_never_moves_hangs() -> None:
    assert hangs(MULTI) == {"vebus/276"}
    assert hangs({**MULTI, **METER}) == {"vebus/276", "grid/30"}
    assert hangs(MULTI, seconds=25) == frozenset()
    assert hangs({**MULTI, **METER}, house_moves=False) == frozenset()


def battery(power_w: float, instance: int = 512) -> dict[str, object]:
    own = {"Voltage": 52.4, "Current": power_w / 52.4, "Power": power_w}
    return {f"battery/{instance}/Dc/0/{name}": value for name, value in own.items()}


def test_a_battery_monitor_hangs_after_twice_as_long_and_only_the_one_in_use() -> None:
    live = {"house_moves": True}
    assert hangs(battery(-1500.0), seconds=65, **live) == {"battery/512"}
    assert hangs(battery(-1500.0), seconds=55, **live) == frozenset()
    assert hangs(battery(-300.0), seconds=120, **live) == frozenset(), "a quiet night"
    assert hangs(battery(-1500.0, 278), seconds=120, **live) == frozenset(), "a shunt that the system does not use"


@pytest.mark.parametrize(
    ("number", "source", "connected"), [(1, None, None), (3, None, None), (2, "generator", False), (240, "none", False)]
)
def test_the_last_word_of_a_hung_inverter_counts_only_against_heating(
    number: int, source: str | None, connected: bool | None
) -> None:
    seen = reading({**PLANT, **MULTI, "system/0/Ac/ActiveIn/Source": number}, hung={"vebus/276"})
    assert (seen.ac_source, seen.grid_connected) == (source, connected)


def test_an_inverter_at_rest_and_a_meter_that_stands_for_none_do_not_hang() -> None:
    resting = dict.fromkeys(MULTI, 0.0) | {"vebus/276/Dc/0/Voltage": 52.41}
    assert hangs({**resting, **METER, "grid/30/Ac/L1/Power": 0.0}) == frozenset()


def test_of_a_hung_inverter_neither_consumption_nor_its_input_is_believed() -> None:
    seen = reading({**PLANT, **MULTI}, hung={"vebus/276"})
    assert (seen.consumption_w, seen.ac_source, seen.grid_connected) == (None, None, None)
    assert (seen.pv_w, seen.grid_w, seen.battery_w) == (pytest.approx(2695.12), 100.0, 1048)
    assert house_w(seen) == pytest.approx(2695.12 + 100 - 1048)


def test_a_charger_may_rest_at_night_and_a_house_may_be_still() -> None:
    assert hangs(charger(279, 0.0, mode=0)) == frozenset()
    assert hangs(charger(279, 1500.0), house_moves=False) == frozenset()


def test_the_share_of_a_hung_charger_is_not_believed_and_not_taken_for_nothing() -> None:
    seen = reading(PLANT, hung={"solarcharger/279"})
    assert seen.pv_w is None
    assert (seen.grid_w, seen.battery_w, seen.consumption_w) == (100.0, 1048, 1747.0)
    by_inverter = {**PLANT, "system/0/ActiveBatteryService": "com.victronenergy.vebus/276"}
    assert reading(by_inverter, hung={"solarcharger/279"}).battery_w is None


def test_a_hung_chargers_mode_says_nothing() -> None:
    values = {**PLANT, **charger(279, 1500.0, mode=1)}
    assert reading(values).pv_throttled is True
    assert reading(values, hung={"solarcharger/279"}).pv_throttled is False


# What the charger does, and who else is at work


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


@pytest.mark.parametrize(
    ("topic", "value", "said"),
    [
        (f"{ESS}/Hub4Mode", 3, "external control"),
        ("settings/0/Settings/DynamicEss/Mode", 1, "Dynamic ESS is on"),
        ("platform/0/Services/OpportunityLoads/Mode", 1, "Opportunity Loads is on"),
        (f"{ESS}/BatteryLife/State", 9, "keeps the batteries charged"),
    ],
)
def test_other_controllers_are_named(topic: str, value: int, said: str) -> None:
    assert company(GxValues(PLANT, [].append)) == ()
    notes = company(GxValues({**PLANT, topic: value}, [].append))
    assert len(notes) == 1
    assert said in notes[0]


def test_everything_that_is_read_is_asked_for() -> None:
    def matches(pattern: str, topic: str) -> bool:
        parts, names = pattern.split("/"), topic.split("/")
        return len(parts) == len(names) and all(part in ("+", name) for part, name in zip(parts, names, strict=True))

    asked = (*WAKING, *ALONG)
    assert [topic for topic in PLANT if sum(matches(pattern, topic) for pattern in asked) != 1] == []
    assert not makes_a_reading("solarcharger/279/Pv/V")
    assert makes_a_reading(GRID)
