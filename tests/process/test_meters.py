"""The real program with a GX device at a real broker, VRM behind it, and the broker killed while it heats."""

import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from bench.doubles.gx_mqtt import PORTAL_ID, GxPeer
from tests.mqtt_brokers import BROKERS, AmqttBroker
from tests.process.program import Program, settings
from tests.vrm_server import VrmServer
from tests.waiting import until

pytestmark = pytest.mark.process


class SunnyGx:
    """3 kW of sun, 500 W of use, a battery that takes the rest; PV never stands still."""

    def __init__(self, port: int) -> None:
        self.peer = GxPeer(port, {
            "system/0/Ac/Grid/L1/Power": 0, "system/0/Ac/Consumption/L1/Power": 500, "system/0/Dc/Pv/Power": 3000,
            "system/0/Dc/Battery/Power": 2500, "system/0/Dc/Battery/Soc": 97, "system/0/Dc/Battery/Voltage": 52.1,
            "system/0/SystemType": "ESS", "system/0/Ac/ActiveIn/Source": 1,
            "system/0/Ac/ActiveIn/ServiceType": "grid", "grid/30/Ac/Power": 0,
        })  # fmt: skip
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._live, daemon=True)

    def __enter__(self) -> Self:
        self.peer.__enter__()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join()
        self.peer.__exit__(kind, error, trace)

    def _live(self) -> None:
        second = 0
        while not self._stopping.wait(0.5):
            second += 1
            self.peer.set({"system/0/Dc/Pv/Power": 3000 + second % 7})


@pytest.fixture(params=BROKERS, ids=lambda kind: kind.__name__)
def broker(request: pytest.FixtureRequest) -> Iterator[AmqttBroker]:
    with request.param() as broker:
        yield broker


LIMITS = {"daylight": {"from": "00:00", "to": "23:59:59"}, "max_reading_age_s": 9}
"""Nine seconds instead of thirty, so that nobody waits: held for three, off at nine."""


def gx(broker: AmqttBroker) -> dict[str, Any]:
    return {"type": "gx_mqtt", "host": "127.0.0.1", "port": broker.port, "portal_id": PORTAL_ID}


def test_the_broker_is_killed_while_heating_and_vrm_takes_over_until_it_is_back(
    broker: AmqttBroker, vrm: VrmServer, tmp_path: Path
) -> None:
    vrm.age_s = 0.0
    config = settings(tmp_path, vrm.url, limits=LIMITS)
    config["meter"] = [gx(broker), config["meter"]]
    with SunnyGx(broker.port), Program(tmp_path, config) as program:
        program.wait_until_heating()
        assert "The house is read from gx_mqtt." in program.log()
        broker.stop()
        program.wait_for(lambda: "The house is now read from vrm: gx_mqtt" in program.log(), 20, "falls over")
        assert program.contact_closed(), "VRM shows the same sun"
        broker.start()
        program.wait_for(lambda: "The house is read from gx_mqtt again" in program.log(), 15, "returns by itself")
        assert program.contact_closed()
        assert program.stop() == 0
        assert program.log().count("The house is") == 3


def test_the_broker_is_killed_with_nothing_behind_it_goes_safe_and_returns(vrm: VrmServer, tmp_path: Path) -> None:
    config = settings(tmp_path, vrm.url, limits=LIMITS)
    with AmqttBroker() as broker, SunnyGx(broker.port), Program(tmp_path, config | {"meter": gx(broker)}) as program:
        program.wait_until_heating()
        broker.stop()
        assert program.opens_after_s(program.watch()) <= 10.5, "the age limit, and a tick"
        broker.start()
        watch = program.watch()
        until(lambda: "gx_mqtt answers again" in program.log(), "answers again", more=program.log, watch=watch)
        assert watch.took_s() <= 5.5, "four seconds to reconnect, and a full publish"
        program.wait_until_heating()
