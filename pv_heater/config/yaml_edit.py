"""One value changed in the text of a YAML file, and nothing else: comments, order, quotes and line ends stay.

`yaml_lines.compose_text` says where everything stands. A setting that is not in the file is written into its section: a
line that is commented out there is taken in, as its owner would do it; else a line is added at the section's end. What
was edited is read again, and must say the same as before but for that value; else the edit is refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import yaml

from pv_heater.config.yaml_lines import KeyPath, compose_text, parse_document, without_invisible
from pv_heater.core.model.lean import dataclass

_PLAIN = re.compile(r"[A-Za-z0-9_.+-][A-Za-z0-9_.:+/-]*(?<!:)")
"""Texts that mean themselves without quotes, in a flow as well."""


class CannotEdit(ValueError):
    """The place is written in a way that is left to its owner; the message says which line and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Splice:
    """At `start` of the text `removed` gave way to `inserted`."""

    start: int
    removed: str
    inserted: str

    def undone(self, text: str) -> str:
        """The text before. Raises CannotEdit where something else stands there now."""
        end = self.start + len(self.inserted)
        if text[self.start : end] != self.inserted:
            raise CannotEdit("the file has changed at the place of this change")
        return text[: self.start] + self.removed + text[end:]


def with_value(text: str, path: KeyPath, written: str) -> str:
    """The text of the file with `written` as the value at `path`. Raises CannotEdit."""
    raw = _Text(text)
    edited = raw.spliced(*_place(raw, path, written))
    return _checked(text, edited, path, written)


def with_order(text: str, path: KeyPath, order: Sequence[int]) -> str:
    """The text with the items of the list at `path` in another order, the comments in front of each with it.

    `order` are the present indices. Raises CannotEdit.
    """
    raw = _Text(text)
    node = _existing(raw.root, path)
    if not isinstance(node, yaml.SequenceNode) or node.flow_style:
        raise CannotEdit(f"{_name(path)} is not a list with a line `- ` for each entry; change its order by hand")
    starts = [raw.item_start(item) for item in node.value]
    ends = [*starts[1:], raw.block_end(node)]
    blocks = [text[start:end] for start, end in zip(starts, ends, strict=True)]
    newline = raw.newline
    whole = [block if block.endswith(("\n", "\r")) else block + newline for block in blocks]
    edited = text[: starts[0]] + "".join(whole[index] for index in order) + text[ends[-1] :]
    if not blocks[-1].endswith(("\n", "\r")):
        edited = edited[: -len(newline)]
    before = _values(text)
    expected = deepcopy(before)
    items = _value_at(before, path)
    _set(expected, path, [items[index] for index in order])
    if _values(edited) != expected:
        raise CannotEdit(f"{_name(path)} is written in a way that cannot be put in order here; do it by hand")
    return edited


def splice_of(before: str, after: str) -> Splice:
    """What must be taken away and put in to make `after` of `before`, in one place."""
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    tail = 0
    while tail < min(len(before), len(after)) - start and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    return Splice(start=start, removed=before[start : len(before) - tail], inserted=after[start : len(after) - tail])


def _checked(text: str, edited: str, path: KeyPath, written: str) -> str:
    """The edited text, once it is sure that it says what was meant."""
    expected = deepcopy(_values(text))
    _set(expected, path, None if written in ("null", "") else written)
    try:
        found = _values(edited)
    except ValueError:
        found = None
    if found != expected:
        raise CannotEdit(f"{_name(path)} stands in a place that cannot be edited here; change it by hand")
    return edited


def _values(text: str) -> dict[str, Any]:
    return parse_document(without_invisible(text)).values


def _value_at(values: Any, path: KeyPath) -> Any:
    for key in path:
        values = values[key]
    return values


def _set(values: Any, path: KeyPath, value: Any) -> None:
    for key in path[:-1]:
        inner = values[key] if type(key) is int else values.get(key)
        if inner is None:
            inner = values[key] = {}
        values = inner
    values[path[-1]] = value


def _name(path: KeyPath) -> str:
    return "".join(f"[{part}]" if type(part) is int else f".{part}" for part in path).lstrip(".")


class _Text:
    """A text, where its lines begin, and the nodes in it. Positions of nodes are turned into those of the text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.root, self._offsets = compose_text(text)
        self.newline = "\r\n" if "\r\n" in text else "\n"
        ends = [match.end() for match in re.finditer(r"\r\n|\n|\r", text)]
        self._starts = [0, *ends]

    def spliced(self, start: int, end: int, insert: str) -> str:
        """The text with another piece from `start` to `end`."""
        return self.text[:start] + insert + self.text[end:]

    def at(self, mark: Any) -> int:
        """Where a mark of a node stands in the text."""
        return self._offsets[int(mark.index)]

    def line_start(self, position: int) -> int:
        """Where the line of `position` begins."""
        return max(start for start in self._starts if start <= position)

    def line_end(self, position: int) -> int:
        """Where the line after that of `position` begins; the end of the text for the last."""
        return next((start for start in self._starts if start > position), len(self.text))

    def lines_from(self, position: int) -> list[tuple[int, str]]:
        """Each line from the one that begins at `position`, with where it begins, without its line end."""
        starts = [start for start in self._starts if position <= start < len(self.text)]
        return [(start, self.text[start : self.line_end(start)].rstrip("\r\n")) for start in starts]

    def content_end(self, node: yaml.Node) -> int:
        """Where the last thing inside a node ends, comments left out."""
        if isinstance(node, yaml.ScalarNode):
            end = self.at(node.end_mark)
            while node.style in ("|", ">") and self.text[end - 1].isspace():
                end -= 1
            return end
        if not isinstance(node, yaml.CollectionNode) or node.flow_style:
            return self.at(node.end_mark)
        if not node.value:
            return self.at(node.start_mark)
        last = node.value[-1]
        if isinstance(last, tuple):
            key, value = last
            return max(self.at(key.end_mark), self.content_end(value))
        return self.content_end(last)

    def item_start(self, item: yaml.Node) -> int:
        """Where the lines of a list's entry begin: those of comments that stand directly above it are its own."""
        start = self.line_start(self.at(item.start_mark))
        while start > 0:
            above = self.line_start(start - 1)
            if not self.text[above:start].lstrip().startswith("#"):
                break
            start = above
        return start

    def block_end(self, node: yaml.Node) -> int:
        """Where the lines of a block end, the comments that are indented like it or deeper included."""
        end, column = self.line_end(self.content_end(node)), int(node.start_mark.column)
        for start, line in self.lines_from(end):
            stripped = line.lstrip()
            if not stripped.startswith("#") or len(line) - len(stripped) < max(column, 1):
                break
            end = self.line_end(start)
        return end


def _existing(root: yaml.Node, path: KeyPath) -> yaml.Node | None:
    node: yaml.Node | None = root
    for key in path:
        node = _child(node, key)
    return node


def _child(node: yaml.Node | None, key: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for name, value in node.value if name.value == key), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
        item: yaml.Node = node.value[key]
        return item
    return None


def _place(raw: _Text, path: KeyPath, written: str) -> tuple[int, int, str]:
    """(from, to, what comes there) for one value."""
    node, depth, key_node = raw.root, 0, None
    while depth < len(path) and (child := _child(node, path[depth])) is not None:
        if isinstance(node, yaml.MappingNode):
            key_node = next(name for name, _ in node.value if name.value == path[depth])
        node, depth = child, depth + 1
    missing = [str(key) for key in path[depth:]]
    if not missing:
        return _replaced(raw, node, path, written)
    if isinstance(node, yaml.ScalarNode) and not node.value and key_node is not None:
        # `limits:` with nothing under it but comments
        column = int(key_node.start_mark.column) + 2
        after = raw.line_end(raw.at(key_node.end_mark))
        return _added(raw, missing, written, column=column, search_from=after, add_at=after)
    if not isinstance(node, yaml.MappingNode):
        raise CannotEdit(f"{_name(path[:depth])} is not a group of settings here; change {_name(path)} by hand")
    if node.flow_style:
        return _into_flow(raw, node, missing, written)
    begin = raw.line_start(raw.at(node.start_mark))
    add_at = raw.line_end(raw.content_end(node))
    column = int(node.start_mark.column)
    return _added(raw, missing, written, column=column, search_from=begin, add_at=add_at)


def _replaced(raw: _Text, node: yaml.Node, path: KeyPath, written: str) -> tuple[int, int, str]:
    if not isinstance(node, yaml.ScalarNode) or node.style in ("|", ">"):
        raise CannotEdit(f"{_name(path)} is not a single value in one line; change it by hand")
    start, end = raw.at(node.start_mark), raw.at(node.end_mark)
    if start == end:  # nothing stands behind the colon
        return start, end, f" {quoted(written)}"
    return start, end, quoted(written, node.style)


def _into_flow(raw: _Text, node: yaml.MappingNode, missing: list[str], written: str) -> tuple[int, int, str]:
    value = quoted(written)
    for key in reversed(missing[1:]):
        value = f"{{{key}: {value}}}"
    entry = f"{missing[0]}: {value}"
    if not node.value:
        at = raw.at(node.start_mark) + 1
        return at, at, entry
    at = raw.content_end(node.value[-1][1])
    return at, at, f", {entry}"


def _added(
    raw: _Text, missing: list[str], written: str, *, column: int, search_from: int, add_at: int
) -> tuple[int, int, str]:
    """A commented line is taken in, with the heads of its groups; where there is none, lines are added."""
    lines = raw.lines_from(search_from)
    content_end = max(add_at, search_from)
    taken = _commented(lines, missing, column, content_end)
    if taken is not None:
        first, last = taken[0][0], taken[-1][0]
        end = last + len(next(line for start, line in lines if start == last))
        piece = raw.text[first:end]
        for (start, _), key in zip(reversed(taken), reversed(missing), strict=True):
            line = next(line for at, line in lines if at == start)
            is_last = start == last
            fresh = _uncommented(line, column, key, written if is_last else None)
            piece = piece[: start - first] + fresh + piece[start - first + len(line) :]
        return first, end, piece
    newline = raw.newline
    heads = [f"{' ' * (column + 2 * depth)}{key}:" for depth, key in enumerate(missing)]
    added = newline.join([*heads[:-1], f"{heads[-1]} {quoted(written)}"]) + newline
    if add_at > 0 and not raw.text[:add_at].endswith(("\n", "\r")):
        return add_at, add_at, newline + added.removesuffix(newline)
    return add_at, add_at, added


def _commented(
    lines: Sequence[tuple[int, str]], missing: Sequence[str], column: int, content_end: int
) -> list[tuple[int, str]] | None:
    """The lines of the commented-out setting, the heads of its groups first; None where it is not to be found.

    The search ends at the first line after `content_end` that is no comment: there another section begins.
    """
    heads = [re.compile(_off(column, depth, key)) for depth, key in enumerate(missing)]
    found: list[tuple[int, str]] = []
    for start, line in lines:
        stripped = line.strip()
        if start >= content_end and stripped and not stripped.startswith("#"):
            return None
        if heads[len(found)].fullmatch(line):
            found.append((start, line))
            if len(found) == len(missing):
                return found
        elif found and not line.startswith(f"{' ' * column}# {'  ' * len(found)}"):
            found = [(start, line)] if heads[0].fullmatch(line) else []
    return None


def _off(column: int, depth: int, key: str) -> str:
    """A line that is commented out: the sign stands at the column of the outermost group that is off."""
    return rf" {{{column}}}# {'  ' * depth}{re.escape(key)}:(?:\s.*)?"


def _uncommented(line: str, column: int, key: str, written: str | None) -> str:
    """The line taken in; its comment behind stays where it stood, if there is room."""
    code, sign, comment = line[column + 2 :].partition(" #")
    indent = " " * (column + len(code) - len(code.lstrip()))
    fresh = f"{indent}{key}:" + ("" if written is None else f" {quoted(written)}")
    if not sign:
        return fresh
    width = line.index(" #", column + 2) + 1
    return f"{fresh:<{width}}#{comment}" if len(fresh) < width else f"{fresh} #{comment}"


def quoted(written: str, style: str | None = None) -> str:
    """A value as it may stand in the file, in the quotes that were there."""
    if style == "'":
        return "'" + written.replace("'", "''") + "'"
    if style == '"' or not _PLAIN.fullmatch(written):
        return '"' + written.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return written
