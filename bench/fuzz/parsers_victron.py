"""Parsers of what a GX device says, and of the serial lines of Victron's devices and of a Mk2 router."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from bench.doubles import gx_examples
from bench.fuzz import seeds
from bench.fuzz.parser import Parser, always, unheard
from pv_heater.core.model.values import Reading
from pv_heater.errors import BadReply
from pv_heater.meters.charger_states import charger_word, hardest
from pv_heater.meters.mk2_router import Mk2Decoder, crc8, part_of_mk2
from pv_heater.meters.quantities import HousePart, house_of
from pv_heater.meters.serial_line import Decoder
from pv_heater.meters.ve_direct import VeDirectDecoder, part_of_block
from pv_heater.victron import temperature as gx_sensor
from pv_heater.victron.modbus.limits import feed_in_of, inverter_held_back
from pv_heater.victron.modbus.plausibility import Witness, believed, is_off_balance, missing_at_start
from pv_heater.victron.modbus.reading import DeviceValues, PlantSoFar, reading_of
from pv_heater.victron.modbus.registers import charger_of, grid_meter_w, system_of
from pv_heater.victron.mqtt.conversation import GxPace, GxTalk
from pv_heater.victron.mqtt.lost_devices import HungDrivers, LostDevices, drivers_of
from pv_heater.victron.mqtt.lost_devices import house_of as moving_of
from pv_heater.victron.mqtt.reading import reading_from_values
from pv_heater.victron.mqtt.steering import OtherBrains
from pv_heater.victron.mqtt.store import GxPicture, GxStore, NotAValue, value_of
from pv_heater.victron.mqtt.topics import GxValues

_HEARTBEAT_S = 3.0
_MOST_PICTURES = 10
_POLL_WORDS = {**gx_examples.gx_words({}), **gx_examples.GX_DEVICE_WORDS}


def _payload(payload: bytes) -> object:
    try:
        return type(value_of(payload))  # it may be any value of JSON; what reads it knows
    except NotAValue as error:
        raise BadReply(f"no value: {error}") from None


def _completed(payload: bytes) -> object:
    talk = GxTalk(GxPace(), "0123")
    talk.heard_completed(payload)
    return talk.is_complete(0.0)


def _pictures(payload: bytes) -> list[GxPicture]:
    """What stands in the store at each empty line of such messages as `gx_examples.gx_messages` writes."""
    store = GxStore(unheard)
    pictures: list[GxPicture] = []
    for line in [*payload.split(b"\n"), b""]:
        topic, _, value = line.partition(b" ")
        name = topic.decode("utf-8", errors="replace")[:200]
        if not line:
            if len(pictures) == _MOST_PICTURES:
                break
            pictures.append(store.picture())
        elif value:
            store.keep(name, value, 0.0)
        else:
            store.take_back(name, 0.0, device_left=True)
    return pictures


def _mqtt_reading(payload: bytes) -> object:
    """The last of the readings, made as `victron.mqtt.meter` makes them."""
    lost, drivers, brains, reading = LostDevices(), HungDrivers(), OtherBrains(), None
    for number, picture in enumerate(_pictures(payload)):
        values = GxValues(picture.values, unheard)
        tick_s = number * _HEARTBEAT_S
        doubts = lost.check(values, picture.gone, tick_s)
        hung = drivers.hung(drivers_of(values), moving_of(values), tick_s)
        reading = reading_from_values(values, taken_at=seeds.NOON, hung=hung, doubts=doubts, complain=unheard)
        reading = brains.noted(reading, values, tick_s, clock_offset_s=None)
    return reading


def _temperature(payload: bytes) -> float:
    picture = _pictures(payload)[-1]
    return gx_sensor.temperature_of(picture, gx_sensor.instance_of_tank(picture.values))


def _modbus_reading(payload: bytes) -> Reading | None:
    """The last reading of some polls, made as `victron.modbus.meter` makes them; words that are missing are gaps."""
    seen, reading = PlantSoFar(), None
    addresses = [*sorted(gx_examples.gx_words({})), *sorted(gx_examples.GX_DEVICE_WORDS)]
    size = 2 * len(addresses)
    for first in range(0, max(1, len(payload)), size):
        poll = payload[first : first + size]
        words = {
            address: int.from_bytes(poll[2 * place : 2 * place + 2], "big")
            for place, address in enumerate(addresses)
            if 2 * place + 2 <= len(poll)
        }
        seen, reading = _polled(words, seen)
    return reading


def _polled(words: Mapping[int, int], seen: PlantSoFar) -> tuple[PlantSoFar, Reading]:
    system = system_of(words, unheard)
    trackers = {address: word for address, word in words.items() if 3730 <= address < 3735}
    feed_in = feed_in_of(words, ess_runs=True)
    limiting = feed_in is not None and feed_in.limiting
    sight = DeviceValues(
        grid_meter_w=grid_meter_w(words),
        chargers=(charger_of(words, trackers),),
        charger_state=hardest([charger_word(words[775])]) if 775 in words else None,
        feed_in=feed_in,
        inverters_held_back=(inverter_held_back(words, limiting=limiting),),
        has_charger=True,
        has_pv_inverter=True,
    )
    witness = Witness(grid_meter_w=sight.grid_meter_w, tracker_w=sight.tracker_w, soc_before_percent=seen.soc_percent)
    missing_at_start(system, witness)
    is_off_balance(system)
    values = believed(system, witness, unheard)
    seen = seen.and_now(system, values)
    return seen, reading_of(system, values, sight, seen, taken_at=seeds.NOON, interval_s=1.0)


def _serial_reading(
    payload: bytes,
    new_decoder: Callable[[], Decoder],
    part_of: Callable[[Mapping[str, str]], HousePart | None],
    devices: int,
) -> object:
    """Fed in pieces, as a serial line gives them; the last frames count as those of so many devices."""
    decoder, parts = new_decoder(), []
    for first in range(0, len(payload), 37):
        parts += [part_of(fields) for fields in decoder.feed(payload[first : first + 37])]
    told = [part for part in parts if part is not None]
    return house_of(told[-devices:], [], unheard).as_reading(taken_at=seeds.NOON, source="serial")


def _of_mk2(fields: Mapping[str, str]) -> HousePart | None:
    return part_of_mk2(fields, "mk2", unheard, "water_heater")


def _of_ve_direct(fields: Mapping[str, str]) -> HousePart | None:
    return part_of_block(fields, "tracker", unheard)


_mk2 = partial(_serial_reading, new_decoder=Mk2Decoder, part_of=_of_mk2, devices=1)
_ve_direct = partial(_serial_reading, new_decoder=VeDirectDecoder, part_of=_of_ve_direct, devices=3)


def _mk2_body(payload: bytes) -> object:
    """With the checksum that it should have: damage that a checksum does not show."""
    return _mk2(b"%b$%d\r\n" % (payload, crc8(payload)))


def _ve_direct_body(payload: bytes) -> object:
    return _ve_direct(seeds.ve_direct_block(payload))


GX_PARSERS = {
    "gx.payload": Parser(examples=(b'{"value":230.1}', b'{"max":1,"min":0,"value":"ESS"}'), new=always(_payload)),
    "gx.completed": Parser(
        examples=(b'{"value":1782039600,"full-publish-completed-echo":"0123"}',), new=always(_completed)
    ),
    "gx_mqtt.reading": Parser(examples=gx_examples.GX_MESSAGES, new=always(_mqtt_reading), rows=("meters/gx_mqtt",)),
    "gx_modbus.reading": Parser(examples=gx_examples.GX_POLLS, new=always(_modbus_reading), rows=("meters/gx_modbus",)),
    "gx.temperature": Parser(
        examples=gx_examples.GX_TEMPERATURES, new=always(_temperature), rows=("sensors/gx",), within=(0.0, 110.0)
    ),
    "mk2.frames": Parser(examples=seeds.MK2_FRAMES, new=always(_mk2), rows=("meters/serial",)),
    "mk2.values": Parser(examples=seeds.MK2_BODIES, new=always(_mk2_body), rows=("meters/serial",)),
    "ve_direct.blocks": Parser(examples=seeds.VE_DIRECT_BLOCKS, new=always(_ve_direct), rows=("meters/serial",)),
    "ve_direct.values": Parser(examples=seeds.VE_DIRECT_BODIES, new=always(_ve_direct_body), rows=("meters/serial",)),
}
