"""What the tests of outputs on the network share."""

import pytest

from pv_heater.loads.network import http_link
from pv_heater.loads.network.mqtt_output import MqttOutput

PATIENT_S = 60.0


@pytest.fixture
def patient_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """A device or broker beside this process may be late on a busy machine, and what is late is told again.

    For tests in which none is silent on purpose.
    """
    for limit in ("_CONNECT_S", "WORD_S"):
        monkeypatch.setattr(http_link, limit, PATIENT_S)
    limits = {http_link.HttpLink: ("read_s", "whole_s"), MqttOutput: ("echo_s", "answer_s")}
    for kind, names in limits.items():
        for name in names:
            monkeypatch.setitem(kind.__init__.__kwdefaults__, name, PATIENT_S)  # type: ignore[misc]
