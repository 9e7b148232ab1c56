"""`bench soak`: a short one for real, and what it says of figures that are not good."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from bench.doubles.brokers import Amqtt, free_port
from bench.soak.day import troubles_of
from bench.soak.measure import MOST_MEMORY_MIB, MOST_OBJECTS, Soak, measure
from bench.soak.watch import Held
from pv_heater.core.model.lean import to_jsonable
from pv_heater.errors import NotRunning
from tests.mqtt_brokers import Peer, wait_for

HELD = Held(resident_mib=40.0, objects=40_000, threads=5, files=20)
GOOD = Soak(
    broker="mosquitto", hours=24.0, speed=100.0, seed=1, troubles=36, messages=700_000, readings=30_000, ticks=90_000,
    start=HELD, middle=HELD, end=HELD, longest_age_s=5.0, heater_on_s=20_000.0, heater_on_lost_s=29.0, age_limit_s=30.0,
    longest_tick_s=4.0, log_lines=500,
)  # fmt: skip


def test_ten_minutes_with_every_trouble_leave_nothing_behind() -> None:
    minutes: list[tuple[int, int]] = []
    for speed in (70.0, 30.0, 10.0):
        result = measure(0.17, speed, 3, lambda done, of: minutes.append((done, of)))
        assert result.heater_on_lost_s <= 30 + result.longest_tick_s
        if result.kept and result.readings > 30 and result.heater_on_s > 60:
            break  # else, as the machine may not have kept pace: once more, in less of a hurry
    assert result.kept, result.as_lines()
    assert result.troubles == 5
    assert result.messages > 2000
    assert result.readings > 30
    assert result.ticks > 200
    assert result.heater_on_s > 60
    assert result.heater_on_lost_s > 0
    assert result.log_lines < 150
    assert minutes[-1] == (10, 10)
    json.dumps(to_jsonable(result), allow_nan=False)


@pytest.mark.parametrize(
    ("end", "grown"),
    [
        (replace(HELD, resident_mib=HELD.resident_mib + MOST_MEMORY_MIB + 0.1), ["memory"]),
        (replace(HELD, objects=HELD.objects + MOST_OBJECTS + 1), ["objects"]),
        (replace(HELD, threads=6), ["threads"]),
        (replace(HELD, files=21), ["open files"]),
        (replace(HELD, resident_mib=30.0, objects=10, threads=1, files=3), []),
    ],
)
def test_what_is_more_at_the_end_is_named(end: Held, grown: list[str]) -> None:
    result = replace(GOOD, end=end)
    assert (result.grown, result.kept) == (grown, not grown)
    assert (f"grown: {grown[0]}" if grown else "nothing grew") in result.as_lines()


def test_a_heater_that_stays_on_beyond_the_age_limit_is_not_good() -> None:
    assert GOOD.kept
    assert not replace(GOOD, heater_on_lost_s=34.5).kept


def test_troubles_come_in_order_one_at_a_time_and_every_kind_comes() -> None:
    for hours in (0.2, 3.0, 24.0):
        troubles = troubles_of(hours, 1)
        assert len({each.kind for each in troubles}) == 5
        times = [at_s for each in troubles for at_s in (each.begins_s, each.ends_s)]
        assert times == sorted(times)
        assert 0.1 * 3600 * hours <= times[0]
        assert times[-1] <= 0.92 * 3600 * hours


def test_the_broker_that_needs_no_installation_works_too() -> None:
    with Amqtt() as broker, Peer(broker.port, "a/b") as peer:
        peer.publish("a/b", "1")
        wait_for(lambda: peer.payloads("a/b") == [b"1"], "the message is back")


def test_a_broker_that_cannot_start_is_named() -> None:
    port = free_port()
    with Amqtt(port), pytest.raises(NotRunning, match=f"the broker amqtt did not start on port {port}"):
        Taken(port).start()


def test_a_free_port_is_another_each_time_and_none_that_the_system_gives_away() -> None:
    ports = [free_port() for _ in range(20)]
    assert len(set(ports)) == 20
    assert max(ports) < 32_768, "where the ports begin that Linux gives to whoever asks for any"


class Taken(Amqtt):
    """One whose port answers nobody: another has it."""

    def _listens(self) -> bool:
        return False
