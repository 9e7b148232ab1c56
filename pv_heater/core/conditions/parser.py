"""A user's condition as one line: ``soc > 98 and charger in (absorption, float)``.

The text is parsed by Python's own `ast` and every part of it is looked at once, when the settings are read: only the
names of `core.conditions.names`, numbers, words, comparisons, arithmetic and a handful of functions pass, each with
values of the right kind. What passed is plain closures: nothing of it can reach an object, an attribute or a loop, so
it ends after as many steps as it has signs.

No library does this: those that evaluate Python look up attributes of live objects and have been escaped from that way
more than once, and none knows kinds of values, or that a value may not be known.

What is not known stays not known: a comparison with it is neither true nor false, and a condition that ends up not
known does not hold. `and` and `or` look at both sides, always, so that `held` sees every step.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection

from pv_heater.core.conditions.expression import (
    ARITHMETIC,
    COMPARISONS,
    Expression,
    Probe,
    Scene,
    Step,
    all_of,
    any_of,
    negated,
)
from pv_heater.core.conditions.names import LOAD_NAMES, SITE_NAMES, THIS, Kind, Value, known_words
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import DayTime, SettingProblem

LONGEST_TEXT = 500
"""Signs in one condition; what is longer belongs into a rule file."""
DEEPEST = 25
"""Brackets within brackets; far below what Python's own stack can bear."""
LONGEST_HELD_S = 86_400.0


@dataclass(frozen=True, slots=True)
class _Part:
    """One part of a condition: how to get its value, of which kind it is, and the words it can be."""

    step: Step
    kind: Kind
    words: tuple[str, ...] = ()
    number: float | None = None
    """For a number that stands there as such."""


def parse(text: str, loads: Collection[str] | None = None, values: Collection[str] | None = ()) -> Expression:
    """Check a condition; `loads` are the names of all loads, `values` those of the owner's own values.

    None: any may be meant.

    Raises SettingProblem with a sentence that says what is wrong and what would be right.
    """
    if len(text) > LONGEST_TEXT:
        raise SettingProblem(f"is {len(text)} signs long, the limit is {LONGEST_TEXT}; use a rule file")
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except SyntaxError as error:
        raise SettingProblem(f"is not a condition: {error.msg} at sign {error.offset}: {text!r}") from None
    except (ValueError, RecursionError, MemoryError):
        raise SettingProblem(f"is not a condition: {text[:60]!r}") from None
    parser = _Parser(loads, values)
    part = parser.part(tree.body, 0)
    if part.kind is not Kind.TRUTH:
        raise SettingProblem(f"must be a condition such as soc > 90, but {text!r} is {part.kind}")
    return Expression(
        text=text.strip(),
        step=part.step,
        names=frozenset(parser.names),
        loads=frozenset(parser.used_loads),
        probes=frozenset(parser.probes),
    )


def check_condition(text: str) -> None:
    """Raise SettingProblem for a text that is not a condition, whatever loads and values are called."""
    parse(text, values=None)


class _Parser:
    """Turns one tree into steps, and notes what they use."""

    def __init__(self, loads: Collection[str] | None, values: Collection[str] | None) -> None:
        self._loads, self._values = loads, values
        self._words = known_words()
        self._places = 0
        self.names: set[str] = set()
        self.used_loads: set[str] = set()
        self.probes: set[Probe] = set()

    def part(self, node: ast.expr, depth: int) -> _Part:
        if depth > DEEPEST:
            raise SettingProblem(f"has more than {DEEPEST} brackets or signs within each other; use a rule file")
        makers: dict[type[ast.expr], Callable[..., _Part]] = {
            ast.Constant: self._constant,
            ast.Name: self._name,
            ast.Attribute: self._attribute,
            ast.BoolOp: self._bool,
            ast.UnaryOp: self._unary,
            ast.BinOp: self._arithmetic,
            ast.Compare: self._compare,
            ast.Call: self._call,
        }
        maker = makers.get(type(node))
        if maker is None:
            raise SettingProblem(f"cannot hold {ast.unparse(node)[:60]!r}; see docs/rules.md for what it can")
        return maker(node, depth + 1)

    def _constant(self, node: ast.Constant, _depth: int) -> _Part:
        value = node.value
        if isinstance(value, bool):
            return _Part(lambda _scene: value, Kind.TRUTH)
        if isinstance(value, int | float):
            # Compared before it is converted: a whole number of 500 digits is not a float.
            if not abs(value) <= 1e9:
                raise SettingProblem("holds a number above 1000000000")
            number = float(value)
            return _Part(lambda _scene: number, Kind.NUMBER, number=number)
        if isinstance(value, str):
            return self._word(value)
        raise SettingProblem(f"cannot hold {ast.unparse(node)[:60]!r}; known(soc) asks whether a value is known")

    def _word(self, word: str) -> _Part:
        if word not in self._words.values():
            raise SettingProblem(f"does not know the word {word!r}; {_suggestion(word, self._words.values())}")
        return _Part(lambda _scene: word, Kind.WORD, (word,))

    def _name(self, node: ast.Name, _depth: int) -> _Part:
        name = node.id
        if name in SITE_NAMES:
            self.names.add(name)
            return _Part(lambda scene: scene.site(name), SITE_NAMES[name].kind, SITE_NAMES[name].words)
        if name in self._words:
            return self._word(self._words[name])
        if self._values is None or name in self._values:
            self.names.add(name)
            return _Part(lambda scene: scene.site(name), Kind.NUMBER)
        raise SettingProblem(f"does not know {name!r}; {_suggestion(name, [*SITE_NAMES, *self._values, *self._words])}")

    def _attribute(self, node: ast.Attribute, _depth: int) -> _Part:
        if not isinstance(node.value, ast.Name):
            raise SettingProblem(f"cannot hold {ast.unparse(node)[:60]!r}; only a load has values behind a dot")
        load, name = node.value.id, node.attr
        if load != THIS:
            if self._loads is not None and load not in self._loads:
                raise SettingProblem(f"does not know the load {load!r}; {_suggestion(load, [*self._loads, THIS])}")
            self.used_loads.add(load)
        if name not in LOAD_NAMES:
            raise SettingProblem(f"does not know {name!r} of a load; {_suggestion(name, LOAD_NAMES)}")
        self.names.add(f"{load}.{name}")
        return _Part(lambda scene: scene.load(load, name), LOAD_NAMES[name].kind, LOAD_NAMES[name].words)

    def _bool(self, node: ast.BoolOp, depth: int) -> _Part:
        steps = [self._of_kind(value, Kind.TRUTH, depth).step for value in node.values]
        join = all_of if isinstance(node.op, ast.And) else any_of
        return _Part(lambda scene: join([step(scene) for step in steps]), Kind.TRUTH)

    def _unary(self, node: ast.UnaryOp, depth: int) -> _Part:
        if isinstance(node.op, ast.Not):
            step = self._of_kind(node.operand, Kind.TRUTH, depth).step
            return _Part(lambda scene: negated(step(scene)), Kind.TRUTH)
        if not isinstance(node.op, ast.USub):
            raise SettingProblem(f"cannot hold {ast.unparse(node)[:60]!r}")
        operand = self._of_kind(node.operand, Kind.NUMBER, depth)
        minus = ARITHMETIC[ast.Sub]
        number = None if operand.number is None else -operand.number
        return _Part(lambda scene: minus(0.0, operand.step(scene)), Kind.NUMBER, number=number)

    def _arithmetic(self, node: ast.BinOp, depth: int) -> _Part:
        operation = ARITHMETIC.get(type(node.op))
        if operation is None:
            raise SettingProblem(f"can add, subtract, multiply and divide, but not {ast.unparse(node)[:60]!r}")
        left = self._of_kind(node.left, Kind.NUMBER, depth).step
        right = self._of_kind(node.right, Kind.NUMBER, depth).step
        return _Part(lambda scene: operation(left(scene), right(scene)), Kind.NUMBER)

    def _compare(self, node: ast.Compare, depth: int) -> _Part:
        if len(node.ops) > 1 and any(isinstance(item, ast.In | ast.NotIn) for item in node.ops):
            raise SettingProblem(f"needs `and` between comparisons with `in`: {ast.unparse(node)[:60]!r}")
        steps: list[Step] = []
        left = self.part(node.left, depth)
        for operator, other in zip(node.ops, node.comparators, strict=True):
            if isinstance(operator, ast.In | ast.NotIn):
                steps.append(self._membership(left, other, depth, wanted=isinstance(operator, ast.In)))
                continue
            right = self.part(other, depth)
            steps.append(_comparison(left, operator, right, node))
            left = right
        return _Part(lambda scene: all_of([step(scene) for step in steps]), Kind.TRUTH)

    def _membership(self, left: _Part, node: ast.expr, depth: int, *, wanted: bool) -> Step:
        if not isinstance(node, ast.Tuple | ast.List | ast.Set):
            raise SettingProblem("needs a list in brackets after `in`, such as charger in (absorption, float)")
        equal = [_comparison(left, ast.Eq(), self.part(item, depth), node) for item in node.elts]
        if wanted:
            return lambda scene: any_of([step(scene) for step in equal])
        return lambda scene: negated(any_of([step(scene) for step in equal]))

    def _call(self, node: ast.Call, depth: int) -> _Part:
        makers: dict[str, Callable[[list[ast.expr], int], _Part]] = {
            "held": self._held,
            "min_on": lambda given, depth: self._lasting("min_on", given, depth),
            "min_off": lambda given, depth: self._lasting("min_off", given, depth),
            "hysteresis": self._hysteresis,
            "known": self._known,
            "between": self._between,
            "min": lambda given, depth: self._extreme(min, given, depth),
            "max": lambda given, depth: self._extreme(max, given, depth),
            "ping": lambda given, _depth: self._probe("ping", given),
            "file_exists": lambda given, _depth: self._probe("file_exists", given),
        }
        name = node.func.id if isinstance(node.func, ast.Name) else ast.unparse(node.func)[:60]
        if name not in makers or not isinstance(node.func, ast.Name):
            raise SettingProblem(f"cannot call {name!r}; {_suggestion(name, makers)}")
        if node.keywords or any(isinstance(item, ast.Starred) for item in node.args):
            raise SettingProblem(f"gives {name} something other than plain values")
        return makers[name](node.args, depth)

    def _held(self, given: list[ast.expr], depth: int) -> _Part:
        step, for_s = self._condition_and_seconds("held", given, depth)
        number = self._next_place()
        return _Part(lambda scene: scene.held(number, _truth(step(scene)), for_s), Kind.TRUTH)

    def _lasting(self, function: str, given: list[ast.expr], depth: int) -> _Part:
        step, for_s = self._condition_and_seconds(function, given, depth)
        number, on_s, off_s = self._next_place(), *((for_s, 0.0) if function == "min_on" else (0.0, for_s))
        return _Part(lambda scene: scene.lasting(number, _truth(step(scene)), on_s, off_s), Kind.TRUTH)

    def _hysteresis(self, given: list[ast.expr], depth: int) -> _Part:
        if len(given) != 3:
            raise SettingProblem("needs a value and two thresholds in hysteresis, such as hysteresis(soc, 95, 90)")
        step = self._of_kind(given[0], Kind.NUMBER, depth).step
        on_at, off_at = (self._of_kind(item, Kind.NUMBER, depth).number for item in given[1:])
        if on_at is None or off_at is None or on_at == off_at:
            raise SettingProblem("needs two different numbers as thresholds of hysteresis: on from, off beyond")
        number = self._next_place()

        def latched(scene: Scene) -> Value:
            value = step(scene)
            return scene.hysteresis(number, value if isinstance(value, float) else None, on_at, off_at)

        return _Part(latched, Kind.TRUTH)

    def _condition_and_seconds(self, function: str, given: list[ast.expr], depth: int) -> tuple[Step, float]:
        if len(given) != 2:
            raise SettingProblem(
                f"needs a condition and seconds in {function}, such as {function}(charger == float, 60)"
            )
        step = self._of_kind(given[0], Kind.TRUTH, depth).step
        for_s = self._of_kind(given[1], Kind.NUMBER, depth).number
        if for_s is None or not 0 <= for_s <= LONGEST_HELD_S:
            raise SettingProblem(f"needs 0 to {LONGEST_HELD_S:.0f} seconds as the second value of {function}")
        return step, for_s

    def _next_place(self) -> int:
        """The number of one more place of this text that remembers something."""
        self._places += 1
        return self._places

    def _known(self, given: list[ast.expr], depth: int) -> _Part:
        if len(given) != 1:
            raise SettingProblem("needs one name in known, such as known(soc)")
        step = self.part(given[0], depth).step
        return _Part(lambda scene: step(scene) is not None, Kind.TRUTH)

    def _between(self, given: list[ast.expr], _depth: int) -> _Part:
        if len(given) != 2:
            raise SettingProblem('needs two times of day in between, such as between("11:00", "sunset-1h")')
        begin, end = (DayTime.parse(_text("between", item)) for item in given)
        return _Part(lambda scene: scene.between(begin, end), Kind.TRUTH)

    def _extreme(self, choose: Callable[[list[float]], float], given: list[ast.expr], depth: int) -> _Part:
        if len(given) < 2:
            raise SettingProblem("needs at least two numbers in min and max")
        steps = [self._of_kind(item, Kind.NUMBER, depth).step for item in given]

        def step(scene: Scene) -> Value:
            numbers = [value for one in steps if isinstance(value := one(scene), float)]
            return choose(numbers) if len(numbers) == len(steps) else None

        return _Part(step, Kind.NUMBER)

    def _probe(self, kind: str, given: list[ast.expr]) -> _Part:
        if len(given) != 1:
            raise SettingProblem(f'needs one text in {kind}, such as {kind}("...")')
        probe = Probe(kind, _text(kind, given[0]))
        self.probes.add(probe)
        return _Part(lambda scene: scene.probe(probe), Kind.TRUTH)

    def _of_kind(self, node: ast.expr, kind: Kind, depth: int) -> _Part:
        part = self.part(node, depth)
        if part.kind is not kind:
            raise SettingProblem(f"needs {kind} where {ast.unparse(node)[:60]!r} stands, which is {part.kind}")
        return part


def _comparison(left: _Part, operator: ast.cmpop, right: _Part, node: ast.expr) -> Step:
    compare, ordered = COMPARISONS.get(type(operator)), not isinstance(operator, ast.Eq | ast.NotEq)
    if compare is None or left.kind is not right.kind or (ordered and left.kind is not Kind.NUMBER):
        raise SettingProblem(
            f"cannot compare {left.kind} with {right.kind} in that way: {ast.unparse(node)[:60]!r}"
            if compare is not None
            else f"cannot compare in that way: {ast.unparse(node)[:60]!r}"
        )
    if left.words and right.words and not set(left.words) & set(right.words):
        wrong, possible = (right, left) if len(left.words) >= len(right.words) else (left, right)
        raise SettingProblem(f"compares with {wrong.words[0]!r}, which it never is; it is {', '.join(possible.words)}")
    return lambda scene: compare(left.step(scene), right.step(scene))


def _text(function: str, node: ast.expr) -> str:
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or not node.value.strip():
        raise SettingProblem(f"needs texts in quotes in {function}")
    return node.value


def _truth(value: Value) -> bool | None:
    return value if isinstance(value, bool) else None


def _suggestion(word: str, known: Collection[str]) -> str:
    import difflib  # only a mistake needs it

    close = difflib.get_close_matches(word, list(known), n=1)
    return f"did you mean {close[0]}?" if close else f"known here: {', '.join(dict.fromkeys(known))}"
