"""What counts as the temperature of a tank, and for how long."""

import pytest

from pv_heater.core.model.setting import SettingProblem
from pv_heater.errors import BadReply
from pv_heater.io.net.json_path import JsonPath
from pv_heater.sensors.values import Pace, age_limit_s, check_age, tank_c, value_at

WRONG = {
    "nothing": (None, "says nothing"),
    "an empty text": ("", "says nothing"),
    "unavailable": ("unavailable", "says 'unavailable'"),
    "a long text": ("x" * 500, "says 'xxx"),
    "a truth value": (True, "says True"),
    "a list": ([48.6], "says a list"),
    "a group": ({"value": 48.6}, "says a dict"),
    "NaN": (float("nan"), "says nan"),
    "infinity as text": ("inf", "says 'inf'"),
    "an endless number": (10**400, "says 1000"),
    "a megawatt": (1e9, "1e+09 degC, which no probe can measure"),
    "disconnected": (-127, "-127 degC, which no probe can measure"),
    "the sign flipped": (-48.6, "-48.6 degC, which no probe can measure"),
    "frost": (-5.0, "-5 degC, which no tank can have"),
    "steam": (115.0, "115 degC, which no tank can have"),
    "told lost": ("99.9", "99.9, which means that it has no probe"),
    "told missing": ("0.0", "0, which means that it has no probe"),
}


@pytest.mark.parametrize(("value", "says"), WRONG.values(), ids=WRONG)
def test_what_is_no_temperature_of_a_tank_is_refused_in_a_sentence(value: object, says: str) -> None:
    with pytest.raises(BadReply) as caught:
        tank_c(value, "the boiler", lost=(0.0, 99.9))
    assert str(caught.value).startswith("the boiler says ")
    assert says in str(caught.value)
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize(("value", "temperature_c"), [("48.6", 48.6), (0, 0.0), (110, 110.0), (" 61 ", 61.0)])
def test_numbers_and_their_texts_are_temperatures(value: object, temperature_c: float) -> None:
    assert tank_c(value, "the boiler") == temperature_c


def test_scale_and_offset_apply_before_the_range_and_after_the_lost_values() -> None:
    fahrenheit = {"scale": 5 / 9, "offset_c": -160 / 9}
    assert tank_c(140, "the boiler", **fahrenheit) == pytest.approx(60.0)
    assert tank_c(486, "the boiler", scale=0.1, lost=(48.6,)) == pytest.approx(48.6)


def test_a_path_that_leads_nowhere_says_what_was_there() -> None:
    assert value_at(JsonPath.parse("a[0].b"), {"a": [{"b": 5}]}, "it") == 5
    with pytest.raises(BadReply, match="it does not tell its temperature: there is no tempX in what came, only temp"):
        value_at(JsonPath.parse("tempX"), {"temp": 5}, "it")


@pytest.mark.parametrize(
    ("set_s", "pace_s", "limit_s"), [(None, 1, 30), (None, 60, 180), (None, 3600, 600), (5, 60, 5), (7200, 1, 7200)]
)
def test_the_age_limit_is_three_paces_within_bounds_or_as_set(
    set_s: float | None, pace_s: float, limit_s: float
) -> None:
    assert age_limit_s(set_s, pace_s) == limit_s


def test_a_limit_below_the_interval_is_refused() -> None:
    check_age(11, 10)
    check_age(None, 300)
    with pytest.raises(SettingProblem, match="must be more than interval_s"):
        check_age(10, 10)


def test_the_pace_is_the_longest_of_the_last_five_pauses() -> None:
    pace = Pace()
    assert pace.seconds == 60
    pace.note(0)
    assert pace.seconds == 60
    for tick_s in (300, 302, 304):
        pace.note(tick_s)
    assert pace.seconds == 300
    for tick_s in range(306, 320, 2):
        pace.note(tick_s)
    assert pace.seconds == 2
