"""Text from anywhere, made harmless for a log, a terminal and a page: what it shows is what it says."""

from __future__ import annotations

import re
from collections.abc import Sequence

_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but tab and new line, DEL, C1: escape sequences, bells, carriage returns
    "\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # invisible, or turning a line
    "\ud800-\udfff\U000e0000-\U000e007f]"  # halves of characters, which no file takes; invisible tags
)
_BREAK = re.compile(r"\r\n|[\r\n\x0b\x0c\x85\u2028\u2029]")
_COMMAND = re.compile("`[^`]+`")
"""What somebody may want to copy is kept in one piece."""
_KEPT_SPACE = "\x00"
CONTINUED = "\n    "
"""A further line of one message; no line of a log or a table begins like this."""
LEAST_WIDTH = 30
"""On a narrower terminal lines are left to it."""


def plain(text: str) -> str:
    """`text` with every control character written out, such as ``\\x1b``. Tabs and new lines stay."""
    return _CONTROL.sub(_written_out, text)


def plain_message(text: str) -> str:
    """The same for one message: whatever breaks its line is followed by spaces, so that it passes for no other line."""
    return plain(_BREAK.sub(CONTINUED, text))


def folded(lines: Sequence[str], width: int) -> list[str]:
    """Lines for a terminal of so many characters, broken between words, their rest indented.

    As they are where it is unknown (0) or too narrow.
    """
    return list(lines) if width < LEAST_WIDTH else [part for line in lines for part in _fold(line, width)]


def _fold(line: str, width: int) -> list[str]:
    if len(line) <= width:
        return [line]
    import textwrap  # only where somebody looks

    indent = " " * (len(line) - len(line.lstrip()))
    parts = textwrap.wrap(
        _COMMAND.sub(lambda match: match.group().replace(" ", _KEPT_SPACE), line.strip()),
        width,
        initial_indent=indent,
        subsequent_indent=f"{indent}    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [part.replace(_KEPT_SPACE, " ") for part in parts] or [line]


def _written_out(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
