"""What can be changed in a module, one place at a time: pure, text in, texts out."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from pv_heater.core.model.lean import dataclass

_COMPARED: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
}
_RECKONED: dict[type[ast.operator], tuple[str, str]] = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "/"),
    ast.Div: ("/", "*"),
}
_CALLED = {"min": "max", "max": "min", "any": "all", "all": "any"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """One change; the module's text from `start` to `end` becomes `after`."""

    line: int
    first_line: int
    last_line: int
    """Of the statement, or of what a longer one begins with: a test that passes none of them cannot notice."""
    in_function: bool
    place: str
    """Class and function, such as ``Watchdog.look``; empty at the top of the module."""
    kind: str
    start: int
    end: int
    before: str
    after: str
    code: str
    """The line, without its indent."""

    @property
    def name(self) -> str:
        """What it does, without the number of its line: an explanation stays true when the file moves."""
        return f"{self.place or 'module'}: {self.code} [{self.before} -> {self.after}]"

    def applied(self, text: str) -> str:
        """The module with it."""
        gone = text.count("\n", self.start, self.end) - self.after.count("\n")
        return text[: self.start] + self.after + "\n" * gone + text[self.end :]  # every later line keeps its number


def mutations(text: str) -> list[Mutation]:
    """All that can be tried in a module, in its order."""
    return sorted(_Finder(text).found(), key=lambda each: (each.start, each.after))


class _Finder:
    def __init__(self, text: str) -> None:
        self._text, self._lines = text, text.splitlines(keepends=True)
        self._tree = ast.parse(text)
        self._span, self._functions = (1, 1), 0
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))

    def found(self) -> Iterator[Mutation]:
        yield from self._in(self._tree, "", None)

    def _default(self, node: ast.FunctionDef | ast.AsyncFunctionDef, place: str) -> Iterator[Mutation]:
        """Numbers that stand for what a caller does not say."""
        self._span = (node.lineno, node.body[0].lineno - 1)
        for default in [*node.args.defaults, *node.args.kw_defaults]:
            if isinstance(default, ast.Constant):
                yield from self._constant(default, place)

    def _in(self, node: ast.AST, place: str, parent: ast.AST | None) -> Iterator[Mutation]:
        """Annotations, messages of errors, `assert` and what a type checker alone reads stay as they are."""
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            place = f"{place}.{node.name}".lstrip(".")
            outside = self._functions
            if not isinstance(node, ast.ClassDef):
                yield from self._default(node, place)
                self._functions += 1
            for child in node.body:
                yield from self._in(child, place, node)
            self._functions = outside
            return
        if isinstance(node, ast.stmt | ast.match_case | ast.ExceptHandler):
            self._span = _span(node)
        if isinstance(node, ast.Assert | ast.Raise | ast.Import | ast.ImportFrom | ast.JoinedStr):
            return
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return
        if isinstance(node, ast.Expr) and (isinstance(node.value, ast.Constant) or _is_a_word_to_people(node.value)):
            return
        yield from self._of(node, place, parent)
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns", "decorator_list", "slice") and not isinstance(node, ast.Subscript):
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from self._in(child, place, node)

    def _of(self, node: ast.AST, place: str, parent: ast.AST | None) -> Iterator[Mutation]:
        if isinstance(node, ast.Compare):
            left: ast.expr = node.left
            for operator, right in zip(node.ops, node.comparators, strict=True):
                yield from self._between(left, right, place, "comparison", _COMPARED[type(operator)])
                left = right
        elif isinstance(node, ast.BoolOp):
            pair = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
            for first, second in zip(node.values, node.values[1:], strict=False):
                yield from self._between(first, second, place, "logic", pair)
        elif isinstance(node, ast.BinOp) and type(node.op) in _RECKONED:
            yield from self._between(node.left, node.right, place, "arithmetic", _RECKONED[type(node.op)])
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield self._made(self._at(node), self._at(node.operand), place, "logic", "")
        elif isinstance(node, ast.Constant):
            yield from self._constant(node, place)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _CALLED:
            start = self._at(node.func)
            yield self._made(start, start + len(node.func.id), place, "call", _CALLED[node.func.id])
        elif isinstance(node, ast.Return) and not isinstance(node.value, ast.Constant | ast.JoinedStr | None):
            is_logic = isinstance(node.value, ast.Compare | ast.BoolOp)
            text = ast.get_source_segment(self._text, node.value) or ""
            after = f"not ({text})" if is_logic or _is_not(node.value) else "None"
            yield self._made(self._at(node.value), self._end(node.value), place, "return", after)
        elif isinstance(node, ast.If) and isinstance(node.test, ast.Name | ast.Attribute | ast.Call):
            text = ast.get_source_segment(self._text, node.test) or ""
            yield self._made(self._at(node.test), self._end(node.test), place, "condition", f"not {text}")
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and parent is not None and place:
            yield self._made(self._at(node), self._end(node), place, "call left out", "pass")

    def _constant(self, node: ast.Constant, place: str) -> Iterator[Mutation]:
        value = node.value
        if isinstance(value, bool):
            yield self._made(self._at(node), self._end(node), place, "constant", str(not value))
        elif isinstance(value, int | float):
            after = repr(value + 1) if value in (0, 1, -1) else repr(value * 2)
            yield self._made(self._at(node), self._end(node), place, "constant", after)

    def _between(
        self, left: ast.expr, right: ast.expr, place: str, kind: str, pair: tuple[str, str]
    ) -> Iterator[Mutation]:
        """The operator between two operands, past any brackets."""
        begin, end = self._end(left), self._at(right)
        pattern = re.escape(pair[0]).replace(r"\ ", r"\s+")
        word = rf"\b{pattern}\b" if pair[0][0].isalpha() else pattern
        match = re.search(word, re.sub(r"#[^\n]*", lambda found: " " * len(found[0]), self._text[begin:end]))
        if match is not None:
            yield self._made(begin + match.start(), begin + match.end(), place, kind, pair[1])

    def _made(self, start: int, end: int, place: str, kind: str, after: str) -> Mutation:
        line = self._text.count("\n", 0, start) + 1
        return Mutation(
            line=line,
            first_line=self._span[0],
            last_line=self._span[1],
            in_function=self._functions > 0,
            place=place,
            kind=kind,
            start=start,
            end=end,
            before=" ".join(self._text[start:end].split()),
            after=after,
            code=self._lines[line - 1].strip(),
        )

    def _at(self, node: ast.AST) -> int:
        return self._offset(node.lineno, node.col_offset)  # type: ignore[attr-defined]

    def _end(self, node: ast.AST) -> int:
        return self._offset(node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]

    def _offset(self, line: int, column: int) -> int:
        """Columns are counted in bytes of UTF-8."""
        return self._starts[line - 1] + len(self._lines[line - 1].encode()[:column].decode())


def _span(node: ast.stmt | ast.match_case | ast.ExceptHandler) -> tuple[int, int]:
    first = node.pattern if isinstance(node, ast.match_case) else node
    last: int | None = getattr(node, "end_lineno", None)
    body = getattr(node, "body", None)
    if body:
        last = body[0].lineno - 1
    return first.lineno, max(first.lineno, last or 0)


def _is_not(node: ast.expr) -> bool:
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)


def _is_a_word_to_people(node: ast.expr) -> bool:
    """A line of the log decides nothing."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in ("log", "logger")
    )
