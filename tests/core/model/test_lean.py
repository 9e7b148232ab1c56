"""A lean dataclass behaves as the library's own, and writes nothing before it is needed."""

import copy
import dataclasses
import pickle
from typing import Any

import pytest

from pv_heater.core.model.lean import lean

BOTH = pytest.mark.parametrize("value_class", ["Lean", "Usual"])


def written(decorator: Any, name: str) -> type[Any]:
    """The same class twice, once by each."""

    def check(self: Any) -> None:
        if self.watts < 0:
            raise ValueError("below 0")

    body = {
        "__annotations__": {"watts": "float", "names": "list[str]", "secret": "str", "sum": "float"},
        "__module__": __name__,
        "__qualname__": name,
        "__post_init__": check,
        "names": dataclasses.field(default_factory=list),
        "secret": dataclasses.field(default="s", repr=False, compare=False),
        "sum": dataclasses.field(default=1.0, init=False),
    }
    made: type[Any] = decorator(frozen=True, slots=True, kw_only=True)(type(name, (), body))
    return made


Lean, Usual = written(lean, "Lean"), written(dataclasses.dataclass, "Usual")


@pytest.fixture
def made(value_class: str) -> type[Any]:
    return {"Lean": Lean, "Usual": Usual}[value_class]


@BOTH
def test_values_are_made_compared_and_shown(made: type[Any]) -> None:
    value = made(watts=2.0)
    assert (value.watts, value.names, value.secret, value.sum) == (2.0, [], "s", 1.0)
    assert value == made(watts=2.0, secret="other") != made(watts=3.0)
    assert value != 2.0
    assert value.names is not made(watts=2.0).names
    assert repr(value) == f"{made.__name__}(watts=2.0, names=[], sum=1.0)"
    assert hash(made(watts=2.0, names=())) == hash(made(watts=2.0, names=(), secret="other"))


@BOTH
def test_wrong_words_and_values_are_refused(made: type[Any]) -> None:
    for words in ({}, {"watts": 1.0, "sum": 2.0}, {"watts": 1.0, "other": 2.0}):
        with pytest.raises(TypeError, match=rf"{made.__name__}.__init__\(\)"):
            made(**words)
    with pytest.raises(TypeError):
        made(1.0)
    with pytest.raises(ValueError, match="below 0"):
        made(watts=-1.0)


@BOTH
def test_nobody_writes_into_a_value(made: type[Any]) -> None:
    value = made(watts=2.0)
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'watts'"):
        value.watts = 3.0
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot delete field 'watts'"):
        del value.watts
    with pytest.raises((dataclasses.FrozenInstanceError, TypeError, AttributeError)):
        value.other = 3.0
    assert value.watts == 2.0
    assert not hasattr(value, "__dict__")


def test_a_plain_subclass_writes_what_is_its_own() -> None:
    plain = type("Plain", (Lean,), {})
    value = plain(watts=2.0)
    value.more = 3.0
    assert value.more == 3.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        value.watts = 3.0
    assert value == plain(watts=2.0) != Lean(watts=2.0)


@BOTH
def test_copies_are_equal(made: type[Any]) -> None:
    value = made(watts=2.0, names=["a"])
    for other in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
        assert other == value
    assert dataclasses.replace(value, watts=5.0) == made(watts=5.0, names=["a"])
    assert [field.name for field in dataclasses.fields(made)] == ["watts", "names", "secret", "sum"]


def test_a_class_that_compares_for_itself_goes_on_doing_so() -> None:
    @lean(frozen=True, slots=True)
    class Same:
        number: int

        def __eq__(self, other: object) -> bool:
            return True

        def __repr__(self) -> str:
            return "same"

    assert Same(1) == Same(2)
    assert repr(Same(1)) == "same"
    assert hash(Same(1)) == hash(Same(1))


def test_what_may_change_has_no_hash_and_what_is_no_value_has_its_own() -> None:
    @lean(slots=True)
    class Changing:
        number: int

    @lean(eq=False)
    class Thing:
        number: int

    changing = Changing(1)
    changing.number = 2
    assert changing == Changing(2)
    with pytest.raises(TypeError):
        hash(changing)
    thing = Thing(1)
    assert thing != Thing(1)
    assert {thing: 1}[thing] == 1


def test_a_class_is_written_when_its_first_value_is_made() -> None:
    late = written(lean, "Late")
    before = late.__init__
    late(watts=1.0)
    assert late.__init__ is not before
    assert late.__init__.__code__.co_varnames[:3] == ("self", "watts", "names")
    assert late.__init__.__qualname__ == "Late.__init__"
