"""VE.Direct: blocks in a stream, what a block says, and what several devices say together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pv_heater.meters.quantities import HousePart, house_of
from pv_heater.meters.ve_direct import VeDirectDecoder, part_of_block
from tests.serial_devices import block, history, inverter, monitor, mppt

HEX = b":A0002000148\n"
"""An asynchronous message of the hex protocol."""


def said_by(data: bytes, complaints: list[str] | None = None) -> HousePart | None:
    fields = VeDirectDecoder().feed(data)[0]
    return part_of_block(fields, "port", pytest.fail if complaints is None else complaints.append)


@pytest.mark.parametrize("step", [1, 3, 100, 5000])
@pytest.mark.parametrize("between", [b"", HEX, HEX + HEX], ids=["plain", "a hex message", "two hex messages"])
def test_blocks_are_found_however_they_arrive(step: int, between: bytes) -> None:
    decoder, stream = VeDirectDecoder(), mppt(PPV=1) + between + mppt(PPV=2) + between + mppt(PPV=3)
    found = [fields for start in range(0, len(stream), step) for fields in decoder.feed(stream[start : start + step])]
    assert [fields["PPV"] for fields in found] == ["1", "2", "3"]
    assert decoder.rejected == 0


@pytest.mark.parametrize("place", [0, 1, 2, 5, 30, 60, -3, -6, -11])
def test_a_hex_message_in_the_middle_of_a_block_does_not_count(place: int) -> None:
    data = mppt()
    assert VeDirectDecoder().feed(data[:place] + HEX + data[place:])[0]["PPV"] == "1450"


def test_a_checksum_may_be_any_byte() -> None:
    seen = set()
    for number in range(2000):
        data = block(("V", number), ("SOC", 500))
        seen.add(data[-1])
        decoder = VeDirectDecoder()
        found = decoder.feed(data) + decoder.feed(HEX) + decoder.feed(data)
        assert [fields["V"] for fields in found] == [str(number)] * 2, data
    assert {ord(":"), ord("\t")} <= seen


@pytest.mark.parametrize(
    "garbage", [b"\x00\xff\xfe", b"\r\nV\t1", b"\r\nChecksum\t", b":7", b":" * 50, b"\xff" * 5000], ids=repr
)
def test_after_garbage_the_next_block_but_one_is_found(garbage: bytes) -> None:
    decoder = VeDirectDecoder()
    decoder.feed(mppt())
    assert decoder.feed(garbage + mppt(PPV=1) + mppt(PPV=2))[-1]["PPV"] == "2"


def test_a_changed_digit_is_rejected_and_counted() -> None:
    decoder = VeDirectDecoder()
    decoder.feed(mppt())
    assert decoder.feed(mppt().replace(b"1450", b"1950")) == []
    assert decoder.rejected == 1


def test_the_block_that_was_under_way_when_we_came_is_no_fault() -> None:
    decoder = VeDirectDecoder()
    assert len(decoder.feed(mppt()[40:] + mppt())) == 1
    assert decoder.rejected == 0


@given(st.lists(st.binary(max_size=600) | st.just(mppt()) | st.just(HEX), max_size=8))
def test_whatever_comes_the_decoder_keeps_little_and_raises_nothing(chunks: list[bytes]) -> None:
    decoder = VeDirectDecoder()
    for chunk in chunks:
        decoder.feed(chunk)
        assert len(decoder._buffer) <= 2048


VALUES = st.text(alphabet="0123456789-+.eEnainf_ []", max_size=12) | st.sampled_from(["---", "1e999", "0x1F", "True"])
LABELS = st.sampled_from(
    ["V", "I", "P", "PPV", "SOC", "CS", "MPPT", "MON", "AC_OUT_V", "AC_OUT_I", "AC_OUT_S", "SER#", "H1"]
)


@given(st.dictionaries(LABELS, VALUES))
def test_whatever_a_block_says_it_is_a_part_or_none(fields: dict[str, str]) -> None:
    part = part_of_block(fields, "port", lambda _text: None)
    if part is not None:
        house_of([part, part], [None], lambda _text: None)


def test_a_solar_charger_tells_pv_state_and_whether_it_is_held_back() -> None:
    part = said_by(mppt())
    assert part is not None
    assert (part.pv_w, part.charger_state, part.pv_throttled, part.battery_v) == (1450.0, "absorption", True, 52.1)
    assert part.battery_w is None, "what a charger gives is shared by the battery and all that hangs on it"


@pytest.mark.parametrize(
    ("fields", "throttled"),
    [({"MPPT": 1}, True), ({"MPPT": 2}, False), ({"MPPT": 0}, None), ({"MPPT": 255}, None), ({"MPPT": "---"}, None)],
)
def test_only_a_tracker_that_tracks_says_that_nothing_holds_it_back(fields: dict[str, object], throttled: bool) -> None:
    part = said_by(mppt(**fields))
    assert part is not None
    assert part.pv_throttled is throttled


def test_a_battery_monitor_tells_power_voltage_and_charge() -> None:
    part = said_by(monitor())
    assert part is not None
    assert (part.battery_w, part.battery_v, part.battery_soc_percent) == (400.0, 52.3, pytest.approx(87.4))
    assert part.pv_w is None


def test_an_old_monitor_without_p_is_read_by_voltage_and_current() -> None:
    part = said_by(block(("V", 50000), ("I", -2000), ("SOC", 500)))
    assert part is not None
    assert part.battery_w == pytest.approx(-100.0)


def test_before_it_is_synchronised_a_monitor_has_no_state_of_charge() -> None:
    part = said_by(monitor(SOC="---", TTG="---"))
    assert part is not None
    assert (part.battery_w, part.battery_soc_percent) == (400.0, None)


def test_a_monitor_s_history_says_nothing_of_the_house() -> None:
    assert said_by(history()) is None


def test_a_shunt_that_measures_something_else_is_not_the_battery() -> None:
    said: list[str] = []
    assert said_by(monitor(MON=-9), said) is None
    assert "something else than the battery" in said[0]


@pytest.mark.parametrize(
    ("fields", "use_w"), [({}, 299.0), ({"AC_OUT_S": 310}, 310.0)], ids=["volts times amperes", "apparent power"]
)
def test_an_inverter_s_output_is_the_house_s_use(fields: dict[str, object], use_w: float) -> None:
    part = said_by(inverter(**fields))
    assert part is not None
    assert part.consumption_w == pytest.approx(use_w)
    assert part.charger_state is None


@pytest.mark.parametrize(
    ("data", "quantity", "complaint"),
    [
        pytest.param(mppt(PPV="nan"), "pv_w", "PPV is 'nan', which is not a number", id="not a number"),
        pytest.param(mppt(PPV=10**9), "pv_w", "which no home has", id="a gigawatt"),
        pytest.param(mppt(PPV=-1450), "pv_w", "cannot be below 0", id="sign of PV flipped"),
        pytest.param(mppt(PPV="[1450]"), "pv_w", "which is not a number", id="a list"),
        pytest.param(mppt(PPV="True"), "pv_w", "which is not a number", id="a truth value"),
        pytest.param(mppt(V=-52100), "battery_v", "cannot be below 0", id="voltage negative"),
        pytest.param(mppt(V=52_100_000), "battery_v", "which no home has", id="voltage in another unit"),
        pytest.param(monitor(P=-400), "battery_w", "the battery's power is left out", id="sign of battery flipped"),
        pytest.param(monitor(P=10**9), "battery_w", "which no home has", id="a battery of a gigawatt"),
        pytest.param(monitor(SOC=8740), "battery_soc_percent", "which cannot be", id="charge in another unit"),
        pytest.param(monitor(SOC=-1), "battery_soc_percent", "which cannot be", id="charge negative"),
        pytest.param(inverter(AC_OUT_I=-13), "consumption_w", "cannot be below 0", id="sign of use flipped"),
        pytest.param(inverter(AC_OUT_V="x"), "consumption_w", "which is not a number", id="text for use"),
        pytest.param(block(("PPV", "")), "pv_w", "which is not a number", id="truncated"),
    ],
)
def test_a_value_that_cannot_be_is_left_out_with_a_sentence(data: bytes, quantity: str, complaint: str) -> None:
    said: list[str] = []
    part = said_by(data, said)
    assert part is not None
    assert getattr(part, quantity) is None
    assert complaint in said[0]


def test_charger_and_monitor_are_one_house() -> None:
    parts = [said_by(mppt()), said_by(mppt(SER="HQ2132BBBBB", PPV=50, MPPT=2, CS=3)), said_by(monitor())]
    house = house_of([part for part in parts if part], [], pytest.fail)
    assert (house.pv_w, house.battery_w, house.charger_state) == (1500.0, 400.0, "bulk")
    assert (house.battery_v, house.pv_throttled) == (52.3, True), "the monitor sits at the battery"


def test_a_sum_that_may_lack_a_tracker_is_no_sum() -> None:
    charger, shunt = said_by(mppt(MPPT=2)), said_by(monitor())
    assert charger is not None
    assert shunt is not None
    for lost in (charger, None):
        house = house_of([charger, shunt], [lost], pytest.fail)
        assert (house.pv_w, house.pv_throttled, house.battery_w) == (None, None, 400.0)
    assert house_of([charger], [shunt], pytest.fail).pv_w == 1450.0
    impossible = HousePart(tells=frozenset({"pv_w"}))
    assert house_of([charger, impossible], [], pytest.fail).pv_w is None


def test_one_device_on_two_ports_is_counted_once() -> None:
    said: list[str] = []
    charger = said_by(mppt())
    assert charger is not None
    assert house_of([charger, charger], [], said.append).pv_w == 1450.0
    assert "the same device" in said[0]


def test_of_two_battery_monitors_the_first_is_believed() -> None:
    said: list[str] = []
    first, second = said_by(monitor()), said_by(monitor(P=-100, I=-2000))
    assert first is not None
    assert second is not None
    assert house_of([first, second], [], said.append).battery_w == 400.0
    assert "two devices" in said[0]
