"""The GX device that benches and tests talk to does what real ones were seen to do."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from bench.doubles.gx_mqtt import relay_values
from tests.gx_device import PORTAL_ID, GxPeer, fast_broker
from tests.mqtt_brokers import Peer, wait_for

GRID = f"N/{PORTAL_ID}/system/0/Ac/Grid/L1/Power"
VALUES = {
    "system/0/Ac/Grid/L1/Power": 100.0, "solarcharger/280/Pv/0/V": 300, "solarcharger/280/Pv/1/V": None,
    "settings/0/Settings/CGwacs/OvervoltageFeedIn": 0,
}  # fmt: skip


@pytest.fixture
def gx() -> Iterator[tuple[GxPeer, Peer]]:
    with fast_broker() as broker, GxPeer(broker.port, VALUES, speed=30.0) as device, Peer(broker.port, "N/#") as client:
        wait_for(lambda: client.received, "the retained serial number")
        yield device, client


def ask(client: Peer, topic: str, payload: str = "") -> None:
    client.publish(f"R/{PORTAL_ID}/{topic}", payload)


def settled(client: Peer) -> None:
    """Everything that was asked before has been answered, or never will be."""
    client.received.clear()
    ask(client, "system/0/Serial/")  # unknown: no answer
    ask(client, "solarcharger/280/Pv/0/V")
    wait_for(lambda: client.payloads(f"N/{PORTAL_ID}/solarcharger/280/Pv/0/V"), "an answer")


def test_asleep_it_says_its_serial_number_and_no_more(gx: tuple[GxPeer, Peer]) -> None:
    device, client = gx
    assert client.received == [(f"N/{PORTAL_ID}/system/0/Serial", f'{{"value":"{PORTAL_ID}"}}'.encode())]
    device.set({"system/0/Ac/Grid/L1/Power": 5.0})
    settled(client)
    assert client.payloads(GRID) == []


def test_a_keepalive_brings_everything_then_changes_and_heartbeats(gx: tuple[GxPeer, Peer]) -> None:
    device, client = gx
    ask(client, "keepalive", '{"keepalive-options":[{"full-publish-completed-echo":"abc"}]}')
    end = f"N/{PORTAL_ID}/full_publish_completed"
    wait_for(lambda: client.payloads(end), "the end of it")
    assert json.loads(client.payloads(end)[0])["full-publish-completed-echo"] == "abc"
    assert client.payloads(GRID) == [b'{"value":100.0}']
    assert client.payloads(f"N/{PORTAL_ID}/solarcharger/280/Pv/1/V") == [b'{"value":null}']
    assert client.payloads(f"N/{PORTAL_ID}/settings/0/Settings/CGwacs/OvervoltageFeedIn") == [
        b'{"max":1,"min":0,"value":0}'
    ]
    device.set({"system/0/Ac/Grid/L1/Power": 7.0})
    device.set({"system/0/Ac/Grid/L1/Power": 7.0})
    wait_for(lambda: len(client.payloads(f"N/{PORTAL_ID}/heartbeat")) >= 3, "heartbeats")
    assert client.payloads(GRID) == [b'{"value":100.0}', b'{"value":7.0}']
    wait_for(lambda: not device.is_awake, "asleep after its minute", 5.0)


def test_three_full_publishes_a_second_and_the_rest_without_a_word() -> None:
    with fast_broker() as broker, GxPeer(broker.port, VALUES, speed=0.01) as slow, Peer(broker.port) as greedy:
        for _ in range(8):
            ask(greedy, "keepalive")
        wait_for(lambda: len(slow.requests) == 8, "all requests came")
        assert slow.full_publishes == 3


def test_a_device_that_leaves_is_zero_bytes_also_while_asleep(gx: tuple[GxPeer, Peer]) -> None:
    device, client = gx
    device.remove("solarcharger/280")
    wait_for(lambda: len(client.received) == 3, "both topics")
    assert client.received[1:] == [
        (f"N/{PORTAL_ID}/solarcharger/280/Pv/0/V", b""), (f"N/{PORTAL_ID}/solarcharger/280/Pv/1/V", b""),
    ]  # fmt: skip


def test_reading_and_writing_work_while_asleep(gx: tuple[GxPeer, Peer]) -> None:
    device, client = gx
    for payload in ('{"value": 42}', '{"val', "7"):
        client.publish(f"W/{PORTAL_ID}/system/0/Ac/Grid/L1/Power", payload)
    client.publish(f"W/{PORTAL_ID}/system/0/Nothing", '{"value": 1}')
    ask(client, "solarcharger/280")
    wait_for(lambda: len(client.received) == 3, "both leaves")
    assert device.value("system/0/Ac/Grid/L1/Power") == 42
    with pytest.raises(KeyError):
        device.value("system/0/Nothing")


RELAY, SAVED = "system/0/Relay/0/State", "settings/0/Settings/Relay/0/InitialState"


@pytest.mark.parametrize(
    ("function", "right_after", "a_second_later"), [(0, 1, 1), (2, 1, 1), (4, 1, 0), (-1, None, None)]
)
def test_a_relay_obeys_whoever_writes_unless_disabled_and_its_owner_puts_it_back(
    function: int, right_after: object, a_second_later: object
) -> None:
    values = relay_values(0, function=function)
    with fast_broker() as broker, GxPeer(broker.port, values, speed=8.0) as device, Peer(broker.port, "N/#") as client:
        client.publish(f"W/{PORTAL_ID}/{RELAY}", '{"value": 1}')
        settled_relay(client)
        assert device.value(RELAY) == right_after
        wait_for(lambda: device.value(RELAY) == a_second_later, "what its owner leaves", 2)


@pytest.mark.parametrize(("function", "after"), [(2, 1), (0, 0)])
def test_a_restart_restores_a_manual_relay_only(function: int, after: int) -> None:
    with fast_broker() as broker, GxPeer(broker.port, relay_values(0, function=function)) as device:
        device.set({SAVED: 1})
        device.restart()
        assert device.value(RELAY) == after


def settled_relay(client: Peer) -> None:
    """Everything that was written before has been done, or never will be."""
    client.received.clear()
    ask(client, SAVED)
    wait_for(lambda: client.payloads(f"N/{PORTAL_ID}/{SAVED}"), "an answer")
