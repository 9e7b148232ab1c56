"""A YAML file as plain values, with the line of every key.

``yaml.compose`` instead of ``safe_load``: it knows lines and guesses no types, so that 18:00:00 stays a clock time
and `off` a word. Scalars come out as text, or None when nothing stands there; the type of the setting decides later
what the text means.
"""

from __future__ import annotations

from dataclasses import field
from pathlib import Path
from typing import Any

import yaml

from pv_heater.core.model.lean import dataclass

KeyPath = tuple[str | int, ...]
"""Where a value stands: ``("loads", 0, "relay", "pin")``."""

_DEEPEST = 12
"""No setting lies deeper than six levels; beyond this a file is not a configuration."""

_MOST_BRACKETS, _LONGEST_LINE = 5000, 10_000
"""Groups within groups need brackets, or dashes or blanks before them in one line."""

_INVISIBLE = dict.fromkeys((0xFEFF, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2065), 0xAD)) | {
    0xA0: " ",
    0x202F: " ",
}

_EMPTY_WORDS = {"", "~", "null", "Null", "NULL"}

# The core schema's number and truth tags are guesses of the YAML library, not the writer's own tags.
_GUESSED_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: where, and a sentence that says what would be right."""

    path: KeyPath
    message: str
    line: int | None = None
    """The line, where it is not simply that of `path`."""


@dataclass(frozen=True, slots=True)
class Document:
    """The settings as they were written."""

    values: dict[str, Any]
    lines: dict[KeyPath, int] = field(default_factory=dict)
    """Line of each key and list item; empty when the settings did not come from a file."""
    problems: list[Problem] = field(default_factory=list)
    earlier_names: dict[KeyPath, str] = field(default_factory=dict)
    """What the writer called a setting that has another name now."""

    def name_of(self, path: KeyPath) -> str:
        """The setting as messages name it: ``loads[0].relay.pin``, and its earlier name where that was used."""
        words = "".join(f"[{part}]" if type(part) is int else f".{part}" for part in path).lstrip(".")
        return f"{self.earlier_names[path]} (now {words})" if path in self.earlier_names else words

    def line_of(self, path: KeyPath) -> int | None:
        """The line of `path`, or of the nearest group around it; None when there is none."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path)


class Unreadable(ValueError):
    """The file as a whole cannot be read; the message is one sentence."""


def read_document(path: Path) -> Document:
    """Read the YAML file at `path`; raise Unreadable with one sentence when it is not a YAML file."""
    document = parse_document(read_text(path))
    if not document.values and not document.problems:
        raise Unreadable("is empty; Files/config.yaml of this program is a complete example to start from")
    return document


def parse_document(text: str) -> Document:
    """Read YAML `text`; raise Unreadable when it is not YAML or not a list of ``key: value`` lines."""
    root = _composed(text)
    if root is None or (isinstance(root, yaml.ScalarNode) and root.value in _EMPTY_WORDS):
        return Document(values={})
    if not isinstance(root, yaml.MappingNode):
        raise Unreadable("must consist of lines such as `dry_run: true`, but begins with something else")
    document = Document(values={})
    document.values.update(_Walk(document).mapping(root, ()))
    return document


def compose_text(text: str) -> tuple[yaml.Node, list[int]]:
    """The nodes of YAML `text` as it lies in the file, and for each position that their marks name its place in it.

    The two differ by what cannot be seen (`without_invisible`). Raises Unreadable.
    """
    kept = [index for index, sign in enumerate(text) if _INVISIBLE.get(ord(sign), sign) is not None]
    root = _composed(without_invisible(text))
    if root is None:
        raise Unreadable("is empty")
    return root, [*kept, len(text)]


def _composed(text: str) -> yaml.Node | None:
    """Raise Unreadable for what is no YAML."""
    _check_depth(text)
    try:
        # The C parser is ten times faster, which is a second on the smallest Pi; wheels without it exist.
        root: yaml.Node | None = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        raise Unreadable(_syntax_sentence(error)) from None
    return root


def _check_depth(text: str) -> None:
    """Raise Unreadable for what may be nested so deep that it would take the YAML library's stack, and us with it."""
    brackets, longest = text.count("[") + text.count("{"), max(map(len, text.splitlines()), default=0)
    if brackets > _MOST_BRACKETS:
        raise Unreadable(f"has {brackets} opening brackets, which no configuration needs; is it another file?")
    if longest > _LONGEST_LINE:
        raise Unreadable(f"has a line of {longest} characters, which no configuration needs; is it another file?")


def read_text(path: Path) -> str:
    """The file as text, without what cannot be seen; raise Unreadable where it is none."""
    try:
        if path.is_dir():
            raise Unreadable("is a folder; name the file in it")
        return without_invisible(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise Unreadable("does not exist; name another file with --config or copy Files/config.yaml there") from None
    except UnicodeDecodeError as error:
        raise Unreadable(
            f"is not UTF-8 text (byte {error.start + 1} cannot be read); save it as UTF-8 in the editor"
        ) from None
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror or error}") from None


def without_invisible(text: str) -> str:
    """The text without characters that take no room, such as come along when it is copied from a page or a chat.

    A byte-order mark, the zero-width space and joiners, the marks of writing directions; a no-break space becomes
    one that breaks. No key, token or password is meant to hold one.
    """
    return text.translate(_INVISIBLE)


def _syntax_sentence(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    where = f"line {mark.line + 1}: " if mark is not None else ""
    problem = getattr(error, "problem", None) or "it holds a character that YAML does not allow"
    # The parser quotes the name of an alias, and an unquoted password may begin with a star.
    if "alias" in problem or "anchor" in problem:
        problem = "a value that begins with * or & must stand in quotes"
    if "cannot start any token" in problem:
        problem = "a tab, or a value that begins with @, % or `; indent with spaces, put such a value in quotes"
    if "mapping values are not allowed" in problem:
        problem = "a second `: ` in one line; put the value in quotes, or check the indentation"
    if "single document" in str(getattr(error, "context", "")):
        problem = "a second document begins (---); one file is one configuration"
    began = getattr(error, "context_mark", None)
    if began is not None and "end of stream" in problem and "quoted" in str(getattr(error, "context", "")):
        return f"line {began.line + 1}: is not valid YAML: a quote is opened here and does not end"
    return f"{where}is not valid YAML: {problem}"


def _is_plain(node: yaml.Node) -> bool:
    """Whether a scalar stands without quotes."""
    return isinstance(node, yaml.ScalarNode) and not node.style


class _Walk:
    """Turns nodes into values while noting lines and problems in `document`."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._seen: set[int] = set()

    def mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Any]:
        """The values of a group of settings; of a key given twice the first counts, and a problem is noted."""
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self._problem(path, "a key must be a single word", line)
                continue
            key = key_node.value
            here = (*path, key)
            if key == "<<":
                self._problem(here, "merging (<<) is not supported; write the settings out", line)
            elif key in values:
                self._problem(here, f"is given twice, in line {self._document.lines[here]} and here; keep one", line)
            else:
                self._document.lines[here] = line
                values[key] = self.value(value_node, here)
        return values

    def value(self, node: yaml.Node, path: KeyPath) -> Any:
        """A dict, a list, a text, or None for nothing."""
        line = node.start_mark.line + 1
        if id(node) in self._seen:
            self._problem(path, "an alias (*name) is not supported; write the value out", None)
            return None
        self._seen.add(id(node))
        if len(path) > _DEEPEST:
            self._problem(path[:2], f"is nested deeper than {_DEEPEST} levels", line)
            return None
        if not node.tag.startswith(_GUESSED_TAG):
            self._problem(path, "a value that begins with ! must stand in quotes", line)
            return None
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            items = []
            for index, item in enumerate(node.value):
                self._document.lines[*path, index] = item.start_mark.line + 1
                items.append(self.value(item, (*path, index)))
            return items
        return None if _is_plain(node) and node.value in _EMPTY_WORDS else node.value

    def _problem(self, path: KeyPath, message: str, line: int | None) -> None:
        self._document.problems.append(Problem(path, message, line))
