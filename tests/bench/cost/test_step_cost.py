"""What a step costs, and that another checkout can be measured beside this one."""

from pathlib import Path

import pytest

from bench.cost.step_cost import paired, step_cost


def test_calls_of_a_step_are_counted() -> None:
    """How many there may be is held by tests/controller/test_step_cost.py."""
    cost = step_cost(1, timed=0)
    assert 100 < cost.calls < 1000
    assert f"{cost.calls:.0f} calls" in cost.as_line()


def test_what_is_no_checkout_is_not_measured(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="is no checkout"):
        paired([tmp_path], rounds=1)
