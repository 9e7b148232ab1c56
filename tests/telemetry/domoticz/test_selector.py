"""A selector that sets a mode and shows it, second by second."""

from pv_heater.core.model.requests import Mode
from pv_heater.telemetry.domoticz.devices import LoadDevices
from pv_heater.telemetry.domoticz.selector import AGAIN_S, ECHO_S, SETTLE_S, Selector

AUTO, ON, OFF = Mode.AUTO, Mode.ON, Mode.OFF


def selector() -> Selector:
    """Off, day and night, solar: as the MQTT load balancer had it."""
    return Selector(LoadDevices(load="ecs", selector=338).modes)


def test_what_is_told_first_is_no_wish_and_the_load_is_right() -> None:
    one = selector()
    assert one.to_set(AUTO, 0.0) is None
    assert one.heard(0, AUTO, 0.0) is None
    assert one.to_set(AUTO, 0.0) == 20


def test_a_level_that_changes_is_a_wish_and_the_same_again_is_none() -> None:
    one = selector()
    one.heard(20, AUTO, 0.0)
    assert one.heard(0, AUTO, 10.0) is OFF
    assert one.heard(0, AUTO, 11.0) is None
    assert one.to_set(AUTO, 10.0 + SETTLE_S - 0.1) is None, "the load may still follow"
    assert one.to_set(OFF, 10.0 + SETTLE_S) is None


def test_both_levels_of_auto_mean_it() -> None:
    one = selector()
    one.heard(20, AUTO, 0.0)
    assert one.heard(10, AUTO, 10.0) is None
    assert one.to_set(AUTO, 60.0) is None, "day and night is left standing"
    assert one.heard(0, AUTO, 70.0) is OFF
    assert one.heard(10, OFF, 80.0) is AUTO


def test_what_ends_by_itself_is_shown_and_its_echo_is_no_wish() -> None:
    one = selector()
    one.heard(20, AUTO, 0.0)
    one.heard(0, AUTO, 10.0)
    assert one.to_set(AUTO, 7210.0) == 20
    assert one.to_set(AUTO, 7215.0) is None
    # Forced off from the page meanwhile: what comes back is ours and must not undo it.
    assert one.heard(20, OFF, 7210.0 + ECHO_S) is None
    assert one.to_set(OFF, 7211.0 + AGAIN_S) == 0


def test_the_same_level_after_the_echo_is_somebody_elses() -> None:
    one = selector()
    one.heard(0, OFF, 0.0)
    one.to_set(AUTO, 100.0)
    assert one.heard(20, OFF, 100.0 + ECHO_S + 0.1) is AUTO


def test_a_level_that_is_not_taken_is_set_again_in_peace() -> None:
    one = selector()
    one.heard(0, OFF, 0.0)
    sent = [at_s for at_s in range(100) if one.to_set(AUTO, float(at_s)) is not None]
    assert sent == [0, 30, 60, 90]


def test_an_unknown_level_is_no_wish_and_is_put_right() -> None:
    one = selector()
    one.heard(20, AUTO, 0.0)
    assert one.heard(30, AUTO, 10.0) is None
    assert one.to_set(AUTO, 10.0 + SETTLE_S) == 20


def test_a_mode_without_a_level_is_not_shown() -> None:
    one = selector()
    one.heard(20, AUTO, 0.0)
    assert one.to_set(ON, 60.0) is None
