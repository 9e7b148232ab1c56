from pv_heater.core.actuators.setpoint_history import HISTORY_S, SetpointHistory, Span


def history() -> SetpointHistory:
    told = SetpointHistory()
    told.remember(0.0, {"heater": 1500.0})
    told.remember(50.0, {"heater": 1500.0})
    told.remember(90.0, {"heater": 700.0, "pool": 300.0})
    return told


def test_a_span_holds_all_that_was_in_force_between_two_ticks() -> None:
    assert history().spans(80.0, 90.0)["heater"] == Span(least_w=1500.0, most_w=1500.0)
    assert history().spans(80.0, 90.5)["heater"] == Span(least_w=700.0, most_w=1500.0)
    assert history().spans(90.0, 95.0)["heater"] == Span(least_w=700.0, most_w=700.0)


def test_what_is_not_known_counts_as_nothing() -> None:
    assert history().spans(80.0, 95.0)["pool"] == Span(least_w=0.0, most_w=300.0)
    assert history().spans(-10.0, 10.0)["heater"] == Span(least_w=0.0, most_w=1500.0)
    assert SetpointHistory().spans(0.0, 10.0) == {}


def test_a_load_that_can_no_longer_be_felt_may_still_have_been() -> None:
    told = history()
    told.remember(100.0, {"pool": 300.0})  # the heater is out of reach
    assert told.spans(98.0, 101.0)["heater"] == Span(least_w=0.0, most_w=700.0)
    assert "heater" not in told.spans(100.0, 101.0)


def test_a_range_is_told_only_where_it_is_known_all_the_time() -> None:
    assert history().range_w("heater", 80.0, 95.0) == (700.0, 1500.0)
    assert history().range_w("pool", 80.0, 95.0) == (None, None)
    assert history().steady_w(["heater"], 50.0, 90.0) == {"heater": 1500.0}


def test_what_is_older_than_any_reading_is_forgotten() -> None:
    told = SetpointHistory()
    for second in range(0, 3000, 100):
        told.remember(float(second), {"heater": float(second)})
    assert told.range_w("heater", 2900.0 - HISTORY_S, 2950.0)[0] is not None
    assert told.range_w("heater", 0.0, 2950.0) == (None, None)
