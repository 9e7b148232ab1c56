from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pv_heater.core.model.setting import SettingProblem
from pv_heater.io.net.json_path import JsonPath, NotFound

DOCUMENT: dict[str, Any] = {
    "power": 5,
    "emeters": [{"power": 1.5}, {"power": -2}],
    "em:0": {"total_act_power": -120.4},
    "StatusSNS": {"ENERGY": {"Power": [7, 8, 9]}},
    "a.b": {"c": "x;y;12"},
    "gone": None,
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("power", 5),
        ("$.power", 5),
        ("emeters[1].power", -2),
        ("em:0.total_act_power", -120.4),
        ("StatusSNS.ENERGY.Power[2]", 9),
        ('["a.b"].c', "x;y;12"),
        ('["a.b"].c;2', "12"),
        ("gone", None),
        ("$", DOCUMENT),
        ("", DOCUMENT),
    ],
)
def test_a_path_leads_to_its_value(path: str, value: Any) -> None:
    assert JsonPath.parse(path).find(DOCUMENT) == value


def test_the_fields_of_a_text_are_told_apart() -> None:
    text = "Injection;-120; 35"
    assert [JsonPath.parse(f";{field}").find(text) for field in range(3)] == ["Injection", "-120", "35"]
    assert JsonPath.parse(";1").is_text_field
    assert not JsonPath.parse("a;1").is_text_field


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("watts", "there is no watts in what came, only power, emeters, em:0, StatusSNS, a.b, gone"),
        ("em:0.a_act_power", "there is no a_act_power in em:0, only total_act_power"),
        ("power.w", "power is the number 5, not a group with w"),
        ("emeters[2]", "emeters is a list of 2, which has no place 2 (the first is 0)"),
        ("emeters[0].power[0]", "power is the number 1.5, not a list"),
        ("gone.power", "gone is nothing (null), not a group with power"),
        ("emeters.power", "emeters is a list of 2, not a group with power"),
        ("em:0[0]", "em:0 is a group of total_act_power, not a list"),
        ('["a.b"].c;3', "c is the text 'x;y;12', not a text with a field 3 between semicolons"),
        ("power;0", "power is the number 5, not a text with a field 0 between semicolons"),
    ],
)
def test_what_is_not_there_is_said_with_what_is(path: str, said: str) -> None:
    with pytest.raises(NotFound) as caught:
        JsonPath.parse(path).find(DOCUMENT)
    assert str(caught.value) == said


@pytest.mark.parametrize("path", ["a..b", "a.", ".a", "a[x]", "a[-1]", "[0", "a[0]b", ";x", "a;1;2", 'a"b"', "[]"])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(SettingProblem, match="must be a path such as power"):
        JsonPath.parse(path)


def test_messages_stay_short_whatever_came() -> None:
    for document in ({f"key {number}" * 50: 1 for number in range(1000)}, "x" * 100_000, 10**4000):
        with pytest.raises(NotFound) as caught:
            JsonPath.parse("power").find(document)
        assert len(str(caught.value)) < 500


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(anything, st.sampled_from(["a", "a.b", "a[0]", "[0].a", ";1", "$", 'a["b"];0']))
def test_any_document_gives_a_value_or_not_found(document: Any, path: str) -> None:
    with suppress(NotFound):
        JsonPath.parse(path).find(document)


@given(st.text())
def test_any_text_is_a_path_or_refused(text: str) -> None:
    with suppress(SettingProblem):
        assert JsonPath.parse(text).text == text
