"""What a step costs, and that another checkout can be measured beside this one."""

from pathlib import Path

import pytest

from bench.cost.step_cost import paired, step_cost


@pytest.mark.parametrize(("loads", "most_calls"), [(1, 400), (4, 650), (12, 1300)])
def test_a_step_makes_no_more_calls_than_it_needs(loads: int, most_calls: int) -> None:
    """The same on every machine. What is asked in each step and answered once a reading, or never, shows here."""
    assert 100 < step_cost(loads, timed=0).calls <= most_calls


def test_what_is_no_checkout_is_not_measured(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="is no checkout"):
        paired([tmp_path], rounds=1)
