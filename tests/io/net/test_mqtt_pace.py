"""How long a link waits between its tries: computed with chance laid out, and watched at a broker that refuses."""

from __future__ import annotations

import socket
import time
from itertools import repeat

import pytest

from pv_heater.core.model.setting import Secret
from pv_heater.core.settings.mqtt import Broker
from pv_heater.io.net.mqtt import MqttLink
from pv_heater.io.net.mqtt_client import LimitedClient, LinkPace
from pv_heater.io.net.names import Names
from tests.mqtt_brokers import wait_for
from tests.raw_server import RawServer

PORTAL = LinkPace(first_retry_s=5.0, longest_retry_s=300.0, spread=0.5, refused_s=600.0)
BAD_LOGIN, NOT_AUTHORIZED, UNAVAILABLE = 4, 5, 3


def waits_s(pace: LinkPace, tries: int, *, chance: float = 0.0, refused: bool = False) -> list[float]:
    """Those of a client whose tries all fail."""
    client = LimitedClient(
        "c", print, connect_s=1.0, names=Names(), pace=pace, refused=lambda: refused, chance=lambda: chance
    )
    return [client.next_wait_s() for _ in repeat(None, tries)]


def test_the_wait_doubles_from_the_first_to_the_longest() -> None:
    assert waits_s(PORTAL, 9) == [5, 10, 20, 40, 80, 160, 300, 300, 300]
    assert waits_s(LinkPace(), 5) == [1, 2, 4, 4, 4]


def test_chance_makes_it_longer_by_half_at_most() -> None:
    assert waits_s(PORTAL, 8, chance=1.0) == [7.5, 15, 30, 60, 120, 240, 450, 450]
    assert waits_s(PORTAL, 3, chance=0.5) == [6.25, 12.5, 25]
    assert waits_s(LinkPace(), 2, chance=1.0) == [1, 2], "a broker in the house is found at once"


def test_after_a_refused_login_it_is_ten_minutes_at_least() -> None:
    assert waits_s(PORTAL, 3, refused=True) == [600, 600, 600]
    assert waits_s(LinkPace(), 2, refused=True) == [1, 2]


@pytest.mark.parametrize(("answer", "asked_again"), [(BAD_LOGIN, False), (NOT_AUTHORIZED, False), (UNAVAILABLE, True)])
def test_only_a_refused_login_is_left_alone_for_long(answer: int, asked_again: bool) -> None:
    """What else a broker refuses for may be over the next moment."""

    def talk(connection: socket.socket, _number: int) -> None:
        connection.recv(4096)
        connection.sendall(bytes([0x20, 2, 0, answer]))

    pace = LinkPace(first_retry_s=0.01, longest_retry_s=0.02, refused_s=600.0)
    with RawServer(talk) as server:
        broker = Broker(host="127.0.0.1", port=server.port, username="me", password=Secret("no"))
        link = MqttLink(broker, topics=[], on_message=print, pace=pace)
        link.start()
        wait_for(lambda: "refuses us" in str(link.trouble), "refused")
        assert link.refused is not asked_again
        assert ("check username" in str(link.trouble)) is not asked_again
        if asked_again:
            wait_for(lambda: server.connections >= 4, "asked again")
        else:
            time.sleep(0.3)
            assert server.connections == 1
        link.close()
