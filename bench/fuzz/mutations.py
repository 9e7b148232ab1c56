"""Bad payloads made of good ones: damaged as lines, cables, half-written files and strange devices damage them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

MOST_BYTES = 250_000
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.){0,80}"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\b(?:true|false|null)\b')
_NASTY = (
    b"null", b"true", b"false", b"NaN", b"-NaN", b"Infinity", b"-Infinity", b"1e309", b"-1e309", b"1e9", b"-1e9",
    b"1000000001", b"1e-400", b"-1", b"0", b"-0.0", b"0.5", b"65535", b"-32768", b"4294967295", b"-2147483649",
    b"9" * 30, b"9" * 400, b"-" + b"9" * 5000, b'""', b'"x"', b'"1e9"', b'"nan"', b'"\\ud800"', b'"\\u0000"', b"[]",
    b"{}", b"[[1]]", b'{"value": 1}', b'"' + b"A" * 3000 + b'"', b"---", b"1_000", b"0x10", b"1,5", "²".encode(),
    "٣".encode(), b"85000", b"1970-01-01T00:00:00", b"0001-01-01T00:00:00+23:59", b"9999-12-31T23:59:59-23:59",
    b'"2026-06-21T25:61:00"', b"-99999999999999999999", b"1e18", b"253402300800", b"../..", b"\x00",
)  # fmt: skip
"""What stands in place of a number, a text or a truth value."""
_BROKEN_TEXT = (
    b"\xff\xfe",
    b"\x80",
    b"\xed\xa0\x80",
    b"\xf8\x88\x80\x80\x80",
    b"\xef\xbb\xbf",
    b"\xc3",
    b"\r",
    b"\n\n",
)
"""No UTF-8, and what text files begin or end with."""
_DEPTHS = (3, 60, 1500, 1500, 40_000)
_LENGTHS = (100, 2000, 2000, 70_000)
_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1e9, -1e9, float("nan"), float("inf"), 10**30, "", "x", "-5", [], {}, [None],
)  # fmt: skip


def mutated(examples: Sequence[bytes], random: Random) -> bytes:
    """One of `examples`, damaged in one to three ways; what comes depends on `random` alone."""
    payload = random.choice(examples)
    for _ in range(random.choice((1, 1, 2, 3))):
        payload = random.choice(_WAYS)(payload, examples, random)
    return payload[:MOST_BYTES]


def _bits_flipped(payload: bytes, _examples: Sequence[bytes], random: Random) -> bytes:
    damaged = bytearray(payload)
    for _ in range(random.randint(1, 8) if damaged else 0):
        damaged[random.randrange(len(damaged))] ^= 1 << random.randrange(8)
    return bytes(damaged)


def _truncated(payload: bytes, _examples: Sequence[bytes], random: Random) -> bytes:
    at = random.randint(0, len(payload))
    return payload[:at] if random.random() < 0.7 else payload[at:]


def _repeated(payload: bytes, _examples: Sequence[bytes], random: Random) -> bytes:
    begin, end = _span(payload, random)
    return payload[:end] * 2 + payload[end:] if random.random() < 0.2 else payload[:end] + payload[begin:]


def _cut_out(payload: bytes, _examples: Sequence[bytes], random: Random) -> bytes:
    begin, end = _span(payload, random)
    return payload[:begin] + payload[end:]


def _spliced(payload: bytes, examples: Sequence[bytes], random: Random) -> bytes:
    other = random.choice(examples)
    return payload[: random.randint(0, len(payload))] + other[random.randint(0, len(other)) :]


def _token_swapped(payload: bytes, _examples: Sequence[bytes], random: Random) -> bytes:
    return _with_token(payload, random.choice(_NASTY), random)


def _nested(payload: bytes, _examples: Sequence[bytes], random: Random) -> bytes:
    depth = random.choice(_DEPTHS)
    opening, closing = random.choice(((b"[", b"]"), (b'{"a":', b"}"), (b"- ", b""), (b"{a: ", b"}"), (b"a.", b"")))
    return _with_token(payload, opening * depth + b"1" + closing * depth, random)


def _lengthened(payload: bytes, _examples: Sequence[bytes], random: Random) -> bytes:
    return _with_token(
        payload, random.choice((b"A", b"7", b" ", b"\n", b"#", b"\x00")) * random.choice(_LENGTHS), random
    )


def _not_text(payload: bytes, _examples: Sequence[bytes], random: Random) -> bytes:
    at = random.randint(0, len(payload))
    return payload[:at] + random.choice(_BROKEN_TEXT) + payload[at:]


def _lines_swapped(payload: bytes, _examples: Sequence[bytes], random: Random) -> bytes:
    lines = payload.splitlines(keepends=True)
    if len(lines) > 1:
        first, second = random.randrange(len(lines)), random.randrange(len(lines))
        lines[first], lines[second] = lines[second], lines[first]
    return b"".join(lines)


def _emptied(_payload: bytes, _examples: Sequence[bytes], random: Random) -> bytes:
    return random.choice((b"", b" ", b"\n", b"null", b"{}", b"[]", b"0", b'""', b"\x00"))


def _node_swapped(payload: bytes, examples: Sequence[bytes], random: Random) -> bytes:
    """JSON in which a value is of another type, is missing, stands twice or in another's place."""
    try:
        document = json.loads(payload)
    except (ValueError, RecursionError):
        return _token_swapped(payload, examples, random)
    places = _places(document)
    if not places:
        return json.dumps(random.choice(_VALUES)).encode()
    group, key = random.choice(places)
    way = random.random()
    if way < 0.5:
        group[key] = random.choice(_VALUES)
    elif way < 0.7:
        other_group, other_key = random.choice(places)
        group[key] = other_group[other_key]
    elif way < 0.85:
        del group[key]
    elif isinstance(group, list):
        group.insert(key, group[key])
    else:
        group[f"{key}2"] = group.pop(key)
    try:
        return json.dumps(document).encode()
    except (ValueError, RecursionError):  # a group was put into itself
        return payload


def _places(document: Any) -> list[tuple[Any, Any]]:
    """Every (group, key) and (list, index) in it."""
    found: list[tuple[Any, Any]] = []
    todo = [document]
    while todo:
        group = todo.pop()
        keys = list(group) if isinstance(group, dict) else range(len(group)) if isinstance(group, list) else ()
        for key in keys:
            found.append((group, key))
            todo.append(group[key])
    return found


def _with_token(payload: bytes, token: bytes, random: Random) -> bytes:
    """`token` in place of a number, text or truth value, or anywhere where there is none."""
    tokens = list(_TOKEN.finditer(payload))
    begin, end = random.choice(tokens).span() if tokens else (random.randint(0, len(payload)),) * 2
    return payload[:begin] + token + payload[end:]


def _span(payload: bytes, random: Random) -> tuple[int, int]:
    begin = random.randint(0, len(payload))
    return begin, random.randint(begin, len(payload))


_WAYS: tuple[Callable[[bytes, Sequence[bytes], Random], bytes], ...] = (
    _bits_flipped, _truncated, _repeated, _cut_out, _spliced, _not_text, _lines_swapped, _emptied,
    _nested, _lengthened, *(_token_swapped,) * 5, *(_node_swapped,) * 5,
)  # fmt: skip
