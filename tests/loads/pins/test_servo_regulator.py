"""The three orders of relay and servo, from any state, interrupted anywhere."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pv_heater.core.model.values import OFF
from pv_heater.errors import ConfigError, HardwareError
from tests.loads.rig import RELAY, SERVO, SETTLE_S, Rig, on

LOG_STEP_S = 0.002
"""The log rounds to milliseconds."""

POWERS_W = [60, 400, 1000, 1999, 2000]
TURNS = [{"zero_deg": 0, "full_deg": 180}, {"zero_deg": 180, "full_deg": 0}, {"zero_deg": 20.3, "full_deg": 151.7}]


def test_construction_opens_the_contact_and_sends_no_pulse() -> None:
    assert Rig().words() == ["open"]
    assert Rig(active_high=False).words() == ["open"]


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("power_w", POWERS_W)
def test_before_closing_the_servo_goes_to_zero_and_settles(power_w: float, turn: dict[str, float]) -> None:
    rig = Rig(**turn)
    rig.until_quiet(power_w)
    assert rig.words() == ["open", "zero", "rest", "close", "turn", "rest"]
    zero, close = rig.seen()[1], rig.seen()[3]
    assert close.at_s - zero.at_s >= SETTLE_S - LOG_STEP_S


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("power_w", POWERS_W)
def test_a_normal_stop_turns_to_zero_before_the_contact_opens(power_w: float, turn: dict[str, float]) -> None:
    rig = Rig(**turn)
    rig.until_quiet(power_w)
    before = len(rig.seen())
    rig.until_quiet(0)
    assert rig.words(before) == ["zero", "rest", "open"]
    zero, opened = rig.seen()[before], rig.seen()[-1]
    assert opened.at_s - zero.at_s >= SETTLE_S - LOG_STEP_S
    assert rig.load.power_w() == 0


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("power_w", POWERS_W)
def test_a_safety_stop_opens_the_contact_first(power_w: float, turn: dict[str, float]) -> None:
    rig = Rig(**turn)
    rig.until_quiet(power_w)
    before = len(rig.seen())
    rig.until_safe()
    assert rig.words(before) == ["open", "zero", "rest"]
    assert rig.seen()[before].at_s == rig.seen()[before + 1].at_s, "at once"


def test_the_servo_goes_to_zero_before_every_closing_though_it_should_be_there() -> None:
    rig = Rig()
    rig.until_quiet(1000)
    rig.until_quiet(0)
    before = len(rig.seen())
    rig.until_quiet(1000)
    assert rig.words(before) == ["zero", "rest", "close", "turn", "rest"]


def test_the_same_setpoint_again_does_not_pulse_the_servo() -> None:
    rig = Rig()
    rig.until_quiet(1000)
    before = len(rig.seen())
    for _ in range(10):
        rig.clock.now_s += 1
        assert rig.apply(1000) is None
    assert rig.words(before) == []


def test_the_contact_is_told_its_state_at_every_call() -> None:
    """A level that something else changed behind our back is put right at the next tick."""
    rig = Rig()
    rig.until_quiet(1000)
    pin = rig.pins._board.pin(_name(RELAY), pulses_only=False)
    pin.state = 0.0
    rig.apply(1000)
    assert pin.state == 1.0
    rig.until_quiet(0)
    pin.state = 1.0
    rig.apply(0)
    assert pin.state == 0.0


def test_a_change_below_half_a_degree_is_not_worth_a_move_but_many_add_up() -> None:
    rig = Rig()
    rig.until_quiet(1000)
    before = len(rig.seen())
    rig.until_quiet(1008)  # 0.36 degrees here, where a degree is 22 W
    assert rig.words(before) == []
    rig.until_quiet(1016)
    assert rig.words(before) == ["turn", "rest"]


def test_power_is_what_the_knob_gives_and_nothing_while_the_contact_is_open() -> None:
    rig = Rig()
    assert rig.load.power_w() == 0
    rig.apply(700)
    assert rig.load.power_w() == 0
    rig.until_quiet(700)
    assert rig.load.power_w() == pytest.approx(700)
    rig.until_quiet(5000)
    assert rig.load.power_w() == pytest.approx(2000)


def test_off_while_it_is_turning_to_zero_never_closes() -> None:
    rig = Rig()
    rig.apply(1000)
    rig.clock.now_s += 0.1
    rig.until_quiet(0)
    assert rig.words() == ["open", "zero", "rest"]


def test_on_while_it_is_stopping_goes_on_without_opening() -> None:
    rig = Rig()
    rig.until_quiet(1000)
    before = len(rig.seen())
    rig.apply(0)
    rig.clock.now_s += 0.1
    rig.until_quiet(1500)
    assert rig.words(before) == ["zero", "turn", "rest"]


def test_a_knob_is_tried_with_the_contact_open_and_that_is_said_at_every_call() -> None:
    rig = Rig()
    rig.until_quiet(1000)
    before = len(rig.seen())
    assert rig.load.turn_while_open(50.0, rig.clock.now_s) is not None, "it asks for the end of its way"
    assert rig.words(before) == ["open", "zero"], "from a closed contact it is a safety stop"
    rig._until_quiet(lambda: rig.load.turn_while_open(50.0, rig.clock.now_s))
    assert rig.words(before) == ["open", "zero", "turn", "rest"]
    relay = rig.pins._board.pin(_name(RELAY), pulses_only=False)
    relay.state = rig.closed  # something else closed it behind our back
    rig.load.turn_while_open(50.0, rig.clock.now_s)
    assert relay.state != rig.closed


@pytest.mark.parametrize("call", ["apply", "close_at_zero", "turn_while_open"])
def test_what_is_held_open_asks_for_the_end_of_its_way_to_zero(call: str) -> None:
    """Whatever is wanted of it, the knob is to come home, and rest there in time."""
    rig = Rig()
    rig.until_quiet(1000)
    rig.load.trip()
    now_s = rig.clock.now_s
    calls = {
        "apply": lambda: rig.apply(1000),
        "close_at_zero": lambda: rig.load.close_at_zero(now_s),
        "turn_while_open": lambda: rig.load.turn_while_open(50.0, now_s),
    }
    again_s = calls[call]()
    assert again_s is not None
    assert again_s >= now_s + SETTLE_S
    assert rig.words()[-1] == "zero"
    assert rig.load.power_w() == 0


def test_a_trip_keeps_it_open_until_reset_and_the_next_call_turns_the_knob_back() -> None:
    rig = Rig()
    rig.until_quiet(1000)
    before = len(rig.seen())
    rig.load.trip()
    assert rig.words(before) == ["open"]
    rig.until_quiet(1000)
    assert rig.words(before) == ["open", "zero", "rest"]
    rig.load.reset()
    rig.until_quiet(1000)
    assert rig.words(before + 3) == ["zero", "rest", "close", "turn", "rest"]


@pytest.mark.parametrize("change", range(40))
def test_a_trip_at_any_write_to_a_pin_leaves_it_open(change: int) -> None:
    rig = Rig()
    left = [change]

    def trip_at_the_nth() -> None:
        left[0] -= 1
        if left[0] == -1:
            rig.load.trip()

    rig.clock.at_change = trip_at_the_nth
    for power_w in (1000, 300, 0, 2000):
        rig.until_quiet(power_w)
    if left[0] < 0:
        assert rig.load.power_w() == 0
        relay = [word for word in rig.words() if word in ("open", "close")]
        assert relay[-1] == "open"


def test_a_safety_stop_opens_the_contact_though_the_servo_fails() -> None:
    rig = Rig()
    rig.until_quiet(1000)
    rig.pins._board.pin(_name(SERVO), pulses_only=True)._function = "input"  # a pin that refuses pulses
    before = len(rig.seen())
    with pytest.raises(HardwareError, match="servo at GPIO21"):
        rig.safe()
    assert rig.words(before)[0] == "open"
    assert rig.load.power_w() == 0


def test_closing_leaves_it_open_and_silent_and_may_be_repeated() -> None:
    rig = Rig()
    rig.until_quiet(1000)
    rig.apply(400)
    before = len(rig.seen())
    rig.load.close()
    rig.load.close()
    assert rig.words(before) == ["let go", "rest"]


ACTIONS = st.one_of(
    st.tuples(st.just("on"), st.sampled_from(POWERS_W)),
    st.tuples(st.sampled_from(["off", "safe", "trip", "reset"]), st.just(0)),
    st.tuples(st.just("wait"), st.sampled_from([0.05, 0.3, 0.6, 5.0])),
)


@settings(max_examples=50, deadline=None)
@given(actions=st.lists(ACTIONS, max_size=40), active_high=st.booleans(), turn=st.sampled_from(TURNS))
def test_whatever_happens_the_contact_only_closes_on_a_settled_zero(
    actions: list[tuple[str, float]], active_high: bool, turn: dict[str, float]
) -> None:
    rig = Rig(active_high=active_high, **turn)
    tripped = False
    for word, number in actions:
        before = len(rig.seen())
        if word == "on":
            rig.apply(number)
        elif word == "off":
            rig.apply(0)
        elif word == "safe":
            was_closed = rig.load.power_w() > 0
            rig.safe()
            assert not was_closed or rig.words(before)[0] == "open"
        elif word == "trip":
            rig.load.trip()
            tripped = True
        elif word == "reset":
            rig.load.reset()
            tripped = False
        else:
            rig.clock.now_s += number
        if tripped or word == "safe":
            assert rig.load.power_w() == 0
            assert "close" not in rig.words(before)
    check_closings(rig)
    before = len(rig.seen())
    rig.until_safe()
    assert _state_of(rig, RELAY) != rig.closed
    assert _state_of(rig, SERVO) is None
    assert "close" not in rig.words(before)


def check_closings(rig: Rig) -> None:
    """Each closing: the last pulses before it were for zero, and began at least the settling time earlier."""
    last_word, since_s = "", 0.0
    for item, word in zip(rig.seen(), rig.words(), strict=True):
        if item.pin == SERVO and word != "rest":
            last_word, since_s = word, item.at_s
        if word == "close":
            assert last_word == "zero"
            assert item.at_s - since_s >= SETTLE_S - LOG_STEP_S


def _state_of(rig: Rig, pin: str) -> float | None:
    return next((item.state for item in reversed(rig.seen()) if item.pin == pin), None)


def test_a_measured_curve_is_followed(tmp_path: Path) -> None:
    curve = tmp_path / "curve.csv"
    curve.write_text("percent;watts\n0;0\n50;1500\n100;2000\n")
    rig = Rig(curve=str(curve))
    rig.until_quiet(1500)
    assert rig.seen()[-2].state == pytest.approx(0.075)


def test_a_bad_curve_is_a_config_error_with_file_and_line(tmp_path: Path) -> None:
    curve = tmp_path / "curve.csv"
    curve.write_text("0;0\n50;many\n")
    with pytest.raises(ConfigError, match=r"servo.curve: .*curve.csv, line 2: must be two numbers"):
        Rig(curve=str(curve))
    with pytest.raises(ConfigError, match="cannot be read"):
        Rig(curve=str(tmp_path / "none.csv"))


def _name(pin: str):  # type: ignore[no-untyped-def]
    from pv_heater.core.settings.pins import PinName

    return PinName.parse(pin)


@pytest.mark.parametrize("late_s", [0.05, 0.5, 3.0])
def test_the_way_to_zero_begins_with_the_pulse_and_not_with_the_tick(late_s: float) -> None:
    """Other loads were written first, or the machine was busy; the next tick then comes early."""
    rig = Rig()
    tick_s, rig.clock.now_s = rig.clock.now_s, rig.clock.now_s + late_s
    rig.load.apply(on(1000), tick_s)
    for _ in range(40):
        rig.clock.now_s += 0.1
        rig.load.apply(on(1000), rig.clock.now_s)
    zero, close = (next(seen for seen in rig.seen() if rig._word(seen) == word) for word in ("zero", "close"))
    assert SETTLE_S - LOG_STEP_S <= close.at_s - zero.at_s <= SETTLE_S + 0.13


def test_ticks_of_half_a_second_close_the_contact_at_the_second_one_after_the_pulse() -> None:
    rig = Rig()
    for _ in range(6):
        tick_s = rig.clock.now_s
        rig.clock.now_s += 0.08  # what stands before this load in the list takes its time
        rig.load.apply(on(1000), tick_s)
        rig.clock.now_s = tick_s + 0.5
    zero, close = (next(seen for seen in rig.seen() if rig._word(seen) == word) for word in ("zero", "close"))
    assert close.at_s - zero.at_s >= SETTLE_S - LOG_STEP_S


def test_in_a_normal_stop_too_the_contact_waits_for_the_knob_and_not_for_the_tick() -> None:
    rig = Rig()
    rig.until_quiet(1000)
    before = len(rig.seen())
    tick_s, rig.clock.now_s = rig.clock.now_s, rig.clock.now_s + 0.5
    rig.load.apply(OFF, tick_s)
    rig.clock.now_s += SETTLE_S - 0.1
    rig.apply(0)
    assert rig.words(before) == ["zero"]
    rig.clock.now_s += 0.2
    rig.apply(0)
    assert rig.words(before) == ["zero", "rest", "open"]
