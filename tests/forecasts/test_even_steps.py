from __future__ import annotations

import pytest

from pv_heater.forecasts.steps import Run, Steps, bridged, run_around


def hours(*values: float | None) -> Steps:
    return Steps(start_s=0, step_s=3600, values=values)


@pytest.mark.parametrize(
    ("values", "most", "filled"),
    [
        ([1.0, None, 3.0], 1, [1.0, 2.0, 3.0]),
        ([1.0, None, None, 4.0], 1, [1.0, None, None, 4.0]),
        ([1.0, None, None, 4.0], 2, [1.0, 2.0, 3.0, 4.0]),
        ([None, 2.0, None], 1, [None, 2.0, None]),
        ([0.0, None, 0.0], 0, [0.0, None, 0.0]),
        ([], 4, []),
    ],
    ids=["a short hole", "a hole that is too long", "two in a row", "no neighbour, no line", "none allowed", "nothing"],
)
def test_short_holes_are_filled_by_a_straight_line(
    values: list[float | None], most: int, filled: list[float | None]
) -> None:
    assert bridged(values, most) == filled


@pytest.mark.parametrize(
    ("steps", "at_s", "run"),
    [
        (hours(1, 2, 3), 3600, Run(start_s=0, step_s=3600, values=(1, 2, 3))),
        (hours(None, 2, 3), 7200, Run(start_s=3600, step_s=3600, values=(2, 3))),
        (hours(1, 2, None, None, 5), 10, Run(start_s=0, step_s=3600, values=(1, 2))),
        (hours(1, 2, None, None, 5), 4 * 3600, Run(start_s=4 * 3600, step_s=3600, values=(5,))),
        (hours(1, None, None, 4), 2 * 3600, None),
        (hours(1, 2), 2 * 3600, None),
        (hours(1, 2), -1, None),
        (hours(), 0, None),
    ],
    ids=[
        "all of it", "from the first known on", "up to a long hole", "after a long hole", "in a long hole",
        "beyond the end", "before the beginning", "nothing at all",
    ],
)  # fmt: skip
def test_the_stretch_around_a_moment_has_no_hole(steps: Steps, at_s: float, run: Run | None) -> None:
    assert run_around(steps, at_s) == run


def test_a_run_ends_where_its_last_step_ends() -> None:
    assert Run(start_s=900, step_s=900, values=(1.0, 2.0)).end_s == 2700
