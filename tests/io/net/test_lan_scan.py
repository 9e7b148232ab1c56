"""Who listens in a network: sixteen loopback addresses stand for one."""

from __future__ import annotations

import socket
from ipaddress import IPv4Network

from pv_heater.io.net.mdns import open_ports, own_network
from tests.mqtt_brokers import free_port
from tests.waiting import Stopwatch

ADDRESSES = [str(address) for address in IPv4Network("127.0.0.0/28").hosts()]


def test_only_who_listens_is_found_with_the_ports_that_are_open() -> None:
    steps: list[tuple[int, int]] = []
    with socket.create_server(("127.0.0.3", 0)) as first:
        port, other = first.getsockname()[1], free_port()
        with socket.create_server(("127.0.0.9", port)), socket.create_server(("127.0.0.9", other)):
            found = open_ports(ADDRESSES, [port, other], within_s=10.0, progress=lambda *step: steps.append(step))
    assert found == {"127.0.0.3": [port], "127.0.0.9": [port, other]}
    assert steps == [(count, 14) for count in range(1, 15)]


def test_a_network_that_swallows_everything_costs_no_more_than_its_time() -> None:
    with socket.socket() as full:
        # A listener whose queue is full answers nobody, as an address without a machine.
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        watch = Stopwatch()
        ports = [full.getsockname()[1]] * 100
        found = open_ports(["127.0.0.1"], ports, within_s=0.5, connect_s=0.1, progress=lambda *_step: None)
        took_s = watch.took_s()
        for filler in fillers:
            filler.close()
    assert found == {}
    assert took_s < 2.0


def test_the_own_network_is_a_small_private_one_or_none() -> None:
    network = own_network()
    assert network is None or (network.prefixlen == 24 and network.is_private and not network.is_loopback)
