from __future__ import annotations

import pytest

from pv_heater.io.net.request_budget import RequestBudget


def test_a_full_bucket_lets_a_burst_through() -> None:
    budget = RequestBudget(200, now_s=0)
    budget.spend(199, 0)
    assert budget.seconds_until(1, 0) == 0


def test_an_empty_bucket_is_refilled_evenly() -> None:
    budget = RequestBudget(200, now_s=0)
    budget.spend(200, 0)
    assert budget.seconds_until(1, 0) == pytest.approx(18.0)
    assert budget.seconds_until(2, 9) == pytest.approx(27.0)
    assert budget.seconds_until(1, 18) == 0


def test_a_poll_that_overdrew_is_paid_back() -> None:
    budget = RequestBudget(3600, now_s=0)
    budget.spend(3605, 0)
    assert budget.seconds_until(1, 0) == pytest.approx(6.0)


def test_a_quiet_day_does_not_save_up_more_than_an_hour() -> None:
    budget = RequestBudget(10, now_s=0)
    budget.spend(10, 86_400)
    assert budget.seconds_until(1, 86_400) == pytest.approx(360.0)


def test_more_than_a_bucket_is_never_waited_for() -> None:
    assert RequestBudget(10, now_s=0).seconds_until(50, 0) == 0
