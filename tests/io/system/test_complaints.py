import logging

import pytest

from pv_heater.io.system.log import Complaints


def test_each_kind_is_said_once_whatever_its_numbers(caplog: pytest.LogCaptureFixture) -> None:
    complain = Complaints(logging.getLogger("tests.complaints"))
    for number in range(100):
        complain(f"grid is {number} W, which cannot be")
        complain("is the meter the wrong way round?")
    assert caplog.messages == ["grid is 0 W, which cannot be.", "is the meter the wrong way round?"]


def test_noise_fills_neither_log_nor_memory(caplog: pytest.LogCaptureFixture) -> None:
    complain = Complaints(logging.getLogger("tests.complaints"))
    for number in range(10_000):
        complain(f"{number:b} is not a number".replace("0", "o").replace("1", "l"))
    assert len(caplog.messages) == 51
    assert caplog.messages[-1].endswith("No more of them are logged.")
