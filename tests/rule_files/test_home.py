"""What a rule file is given."""

import pytest

from pv_heater.rule_files.home import Home, NotKnown, Picture, RuleMemory

PICTURE: Picture = {
    "home": {"soc": 95.0, "grid_w": None, "minute_of_day": 700.0, "season": "winter"},
    "load.pump": {"is_on": True, "since_off_s": None},
    "load.soc": {"is_on": False},
}


def home(
    memory: RuleMemory | None = None, now_s: float = 100.0, this: str = "pump", answer: bool | None = None
) -> Home:
    return Home(this, PICTURE, now_s, memory or RuleMemory(), lambda _kind, _target: answer)


def test_values_of_the_home_and_of_loads_are_attributes() -> None:
    assert home().soc == 95.0
    assert home().pump.is_on is True
    assert home().this.is_on is True
    assert home(this="soc").this.is_on is False


def test_a_load_that_is_called_like_a_value_is_reached_by_its_name() -> None:
    assert home().load("soc").is_on is False


def test_what_nobody_tells_is_not_known() -> None:
    with pytest.raises(NotKnown, match="grid_w"):
        _ = home().grid_w
    with pytest.raises(NotKnown, match=r"pump\.since_off_s"):
        _ = home().pump.since_off_s
    assert not home().known("grid_w")
    assert not home().pump.known("since_off_s")
    assert home().known("soc")


def test_a_name_that_there_is_not_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match=r"no socc; docs/rules\.md"):
        _ = home().socc
    with pytest.raises(AttributeError, match=r"no pump\.onn"):
        _ = home().pump.onn
    with pytest.raises(KeyError):
        home().load("nobody")


def test_held_counts_by_its_key() -> None:
    memory = RuleMemory()
    for second in range(0, 70, 10):
        at = home(memory, float(second))
        first, second_held = at.held("first", True, 60), at.held("second", second != 30, 60)
    assert first
    assert not second_held


@pytest.mark.parametrize(
    ("begin", "end", "expected"),
    [
        ("11:00", "19:00", True),
        ("11:40", "11:41", True),
        ("11:41", "19:00", False),
        ("22:00", "06:00", False),
        ("11:00", "06:00", True),
    ],
)
def test_between_knows_midnight(begin: str, end: str, expected: bool) -> None:
    assert home().between(begin, end) is expected


def test_questions_to_the_outside_are_not_known_until_they_are_answered() -> None:
    with pytest.raises(NotKnown, match=r'ping\("printer"\)'):
        home().ping("printer")
    assert home(answer=True).ping("printer")
    assert not home(answer=False).file_exists("/run/x")
