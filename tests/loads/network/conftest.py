"""What the tests of outputs on the network share."""

import pytest

from pv_heater.loads.network import http_link

PATIENT_S = 60.0


@pytest.fixture
def patient_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """A device of this process may be late on a busy machine: for tests in which none is silent on purpose."""
    for limit in ("_CONNECT_S", "WORD_S"):
        monkeypatch.setattr(http_link, limit, PATIENT_S)
    for limit in ("read_s", "whole_s"):
        monkeypatch.setitem(http_link.HttpLink.__init__.__kwdefaults__, limit, PATIENT_S)
