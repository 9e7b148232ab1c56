"""What runs beside the loop ends with it, however it ends."""

from __future__ import annotations

import pytest

from pv_heater.run.session import beside


class Part:
    def __init__(self, name: str, diary: list[str]) -> None:
        self._name, self._diary = name, diary

    def start(self) -> None:
        self._diary.append(f"{self._name} starts")

    def stop(self) -> None:
        self._diary.append(f"{self._name} stops")


def test_what_runs_beside_the_loop_is_stopped_when_the_loop_breaks() -> None:
    diary: list[str] = []
    with pytest.raises(RuntimeError, match="a bug"), beside(Part("sources", diary), Part("watchdog", diary)):
        raise RuntimeError("a bug")
    assert diary == ["sources starts", "watchdog starts", "sources stops", "watchdog stops"]
