"""`bench web`: how late ticks are, by their own stamps."""

import pytest

from bench.cost.page import Crowd, lateness_s, latest_s


@pytest.mark.parametrize(
    ("ticks", "late_s"),
    [
        ([10.0, 10.2, 10.4, 10.6], 0.0),
        ([10.0, 10.2, 10.43, 10.6], 0.03),
        ([10.0, 10.05, 10.2, 10.4], 0.0),  # the one in between came early, for a command
        ([10.0, 10.2, 10.7, 10.8], 0.3),  # one is missing: the following one stands for it
        ([10.11, 10.31, 10.51], 0.0),
        ([], 0.0),
    ],
)
def test_a_tick_is_late_by_the_pace_of_the_punctual_ones(ticks: list[float], late_s: float) -> None:
    assert latest_s(ticks, 0.2) == pytest.approx(late_s, abs=1e-6)


def test_a_line_tells_only_what_was_measured() -> None:
    crowd = Crowd(name="nobody", ticks=50, latest_ms=3.21, own_ms=2.5, p99_ms=1.04, queued_ms=12.0)
    assert crowd.as_line() == (
        "nobody: 50 ticks, the latest 3.2 ms late (2.5 without queuing), p99 1.0 ms, control thread queued 12 ms in all"
    )


def test_time_in_which_others_had_the_processor_is_left_out() -> None:
    late_s = lateness_s([10.0, 10.2, 10.43, 10.6], 0.2, [0.0, 0.01, 0.02, 0.0])
    assert max(late_s) == pytest.approx(0.01)
