"""Frames of a Mk2 router: what is found in a stream, and what it says of the house."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pv_heater.meters.mk2_router import Mk2Decoder, crc8, part_of_mk2
from tests.serial_devices import mk2_frame


def test_the_checksum_is_that_of_dallas_and_maxim() -> None:
    assert crc8(b"123456789") == 0xA1  # the check value of CRC-8/MAXIM-DOW


def test_a_frame_gives_its_fields() -> None:
    fields = Mk2Decoder().feed(mk2_frame())[0]
    assert (fields["EIB"], fields["REE"], fields["VO2"]) == ("2092.77", "90.43", "0")


@pytest.mark.parametrize("step", [1, 2, 7, 1000])
@pytest.mark.parametrize("end", [b"\r\n", b"\n", b" ", b";", b""], ids=repr)
def test_frames_are_found_however_they_arrive_and_end(step: int, end: bytes) -> None:
    decoder, stream = Mk2Decoder(), mk2_frame(end, FID=1) + mk2_frame(end, FID=2) + mk2_frame(end, FID=3) + b"E"
    found = [fields for start in range(0, len(stream), step) for fields in decoder.feed(stream[start : start + step])]
    assert [fields["FID"] for fields in found] == ["1", "2", "3"]


@pytest.mark.parametrize(
    "garbage",
    [b"\x00\xff\xfe", b"EIB>20", b"$$$12\n", b"hello, world\r\n", b"EIB>1;$999\n", b"EIB>;;;\n", b"\n" * 3000],
    ids=repr,
)
def test_after_garbage_the_next_frame_but_one_is_found(garbage: bytes) -> None:
    decoder = Mk2Decoder()
    decoder.feed(mk2_frame())
    found = decoder.feed(garbage + mk2_frame(FID=1) + mk2_frame(FID=2))
    assert found[-1]["FID"] == "2"


def test_a_changed_digit_is_rejected_and_counted() -> None:
    decoder = Mk2Decoder()
    decoder.feed(mk2_frame())
    assert decoder.feed(mk2_frame().replace(b"90.43", b"99.43")) == []
    assert decoder.rejected == 1


def test_the_frame_that_was_under_way_when_we_came_is_no_fault() -> None:
    decoder = Mk2Decoder()
    assert len(decoder.feed(mk2_frame()[40:] + mk2_frame())) == 1
    assert decoder.rejected == 0


@given(st.lists(st.binary(max_size=300) | st.just(mk2_frame()), max_size=8))
def test_whatever_comes_the_decoder_keeps_little_and_raises_nothing(chunks: list[bytes]) -> None:
    decoder = Mk2Decoder()
    for chunk in chunks:
        for fields in decoder.feed(chunk):
            part_of_mk2(fields, "port", lambda _text: None, "heater")
        assert len(decoder._buffer) <= 1024


def test_export_is_negative_grid_power_and_a_percentage_is_not_taken_for_watts() -> None:
    part = part_of_mk2({"REE": "90.43", "POR": "39"}, "port", pytest.fail, None)
    assert part is not None
    assert (part.grid_w, part.load_w) == (-90.43, {})


def test_the_routed_power_is_the_load_s_where_it_is_said_to_be_in_watts() -> None:
    part = part_of_mk2({"REE": "-90.43", "POR": "784.76"}, "port", pytest.fail, "water_heater")
    assert part is not None
    assert (part.grid_w, part.load_w) == (90.43, {"water_heater": 784.76})


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        pytest.param({"REE": "nan"}, "REE is 'nan', which is not a number", id="not a number"),
        pytest.param({"REE": "1e9"}, "REE is 1000000000 W, which no home has", id="a gigawatt"),
        pytest.param({"REE": "-1e9"}, "REE is -1000000000 W, which no home has", id="a gigawatt the other way"),
        pytest.param({"REE": "inf"}, "REE is 'inf', which is not a number", id="infinite"),
        pytest.param({"REE": "[1]"}, "which is not a number", id="wrong type"),
        pytest.param({"REE": ""}, "which is not a number", id="empty"),
        pytest.param({"REE": "1.2.3"}, "which is not a number", id="two points"),
    ],
)
def test_a_power_that_cannot_be_is_left_out(fields: dict[str, str], complaint: str) -> None:
    said: list[str] = []
    part = part_of_mk2(fields, "port", said.append, None)
    assert part is not None
    assert part.grid_w is None
    assert complaint in said[0]


def test_routed_power_below_zero_is_left_out() -> None:
    said: list[str] = []
    part = part_of_mk2({"REE": "5", "POR": "-100"}, "port", said.append, "water_heater")
    assert part is not None
    assert (part.grid_w, part.load_w) == (-5.0, {})
    assert "a heater gives nothing back" in said[0]
