"""What a handler is given and what it gives: requests, answers and refusals, without any server."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field, replace
from datetime import UTC, datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlencode

from pv_heater.core.model.lean import dataclass
from pv_heater.status.strict_json import json_bytes

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
PROBLEM = "application/problem+json"


class Scope(StrEnum):
    """What a caller must be allowed to do; each one includes those before it."""

    OPEN = "open"
    """Anybody: the page's own files, the login, whether it lives."""
    READ = "read"
    CONTROL = "control"
    """Modes, boosts, faults, vacation."""
    ADMIN = "admin"
    """Settings, tokens, backups."""


class Problem(Exception):
    """A request that is refused: becomes an answer of `PROBLEM` with `status`."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        fields: Sequence[str | tuple[str, str]] = (),
        headers: Sequence[tuple[str, str]] = (),
    ) -> None:
        """`detail`: one sentence on what would be right. `fields`: what is wrong in the request, each by its name or
        with a sentence of its own.
        """
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.fields = tuple((field, detail) if isinstance(field, str) else field for field in fields)
        self.headers = tuple(headers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request."""

    method: str
    path: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    """The parts of the path that the route names, such as the load."""
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    """By their names in lower case."""
    body: bytes = b""
    remote: str | None = None
    """The caller's address, as the server sees it."""
    scheme: str = "http"
    token: str | None = field(default=None, repr=False)
    """That stood in the address, where the path lets earlier clients in."""
    changes: bool | None = None
    """By such a path: whether it changes something. None: the method says it."""

    def asked(self, *known: str) -> dict[str, str]:
        """What stands behind the ``?``. Raises Problem for a word that is not `known`, and for one said twice."""
        pairs = _pairs_in(self.query, "The part of the address behind the ?")
        _refuse_unknown([key for key, _ in pairs], known, "parameter")
        return dict(pairs)

    def json(self, *known: str) -> dict[str, Any]:
        """The object in the body. Raises Problem: not JSON, not an object, or with keys that are not `known`."""
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != JSON:
            raise Problem(415, f"The body must be {JSON}, and Content-Type must say so.")
        try:
            text = (self.body or b"{}").decode()  # UTF-8 alone: of bytes the parser would guess
            pairs = json.loads(text, object_pairs_hook=_Pairs, parse_constant=_no_number)
        except (ValueError, RecursionError):
            raise Problem(400, "The body is not JSON.") from None
        if not isinstance(pairs, _Pairs):
            raise Problem(422, "The body must be a JSON object.")
        _refuse_unknown([key for key, _ in pairs], known, "key")
        return {key: _plain(value) for key, value in pairs}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What goes back. `body` in parts is sent as it is made, neither compressed nor compared."""

    body: bytes | Iterable[bytes] = b""
    status: int = 200
    content_type: str = JSON
    etag: str | None = None
    """Quoted. Whoever has it already gets 304 and no body."""
    cache: str = "no-store"
    gzipped: bytes | None = None
    """The same body compressed, where it is kept; else it is compressed when somebody asks for it."""
    headers: Sequence[tuple[str, str]] = ()


Handle = Callable[[Call], Answer]


def _nothing(call: Call) -> Scope | None:  # noqa: ARG001 - what a door asks of a call that only reads
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """How a path lets in clients of earlier systems. They cannot send headers, and change things by GET.

    So a token may stand in the address, or in a form, as ``token``; and what changes something passes as a POST does.
    """

    changes: Callable[[Call], Scope | None] = _nothing
    """The scope that a call needs because it changes something, above the route's own; None: it only reads."""
    refused: Callable[[Problem], Answer] | None = None
    """What a client hears that is refused, where silence would keep a heater on."""

    def opened(self, call: Call, scope: Scope) -> tuple[Call, Scope]:
        """The call as handlers see it, a form as what stands behind the ``?``, and the scope that it needs."""
        pairs, body = _pairs_in(call.query, "The part of the address behind the ?"), call.body
        is_json = body.lstrip().startswith(b"{")  # curl calls all that it sends a form
        if not is_json and call.headers.get("content-type", "").partition(";")[0].strip().lower() == FORM:
            pairs, body = pairs + _pairs_in(call.body.decode("latin-1"), "The form"), b""
        tokens = [value for key, value in pairs if key == TOKEN]
        if len(tokens) > 1:
            raise Problem(422, "The token is given twice.", fields=[TOKEN])
        query = urlencode([pair for pair in pairs if pair[0] not in (TOKEN, _ANEW)])
        call = replace(call, query=query, body=body, token=tokens[0] if tokens else None)
        needed = self.changes(call)
        return replace(call, changes=needed is not None), scope if needed is None else needed


TOKEN = "token"
_ANEW = "_"
"""What jQuery adds so that no answer is an old one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One row of what can be asked. `path` may name parts of itself: ``/api/v1/loads/<name>``."""

    method: str
    path: str
    scope: Scope
    handle: Handle
    door: Door | None = None
    """Where clients of earlier systems go in and out."""


def etag_of(body: bytes) -> str:
    """The mark of exactly these bytes, quoted as HTTP has it."""
    return f'"{hashlib.sha256(body).hexdigest()[:16]}"'


def json_answer(value: Any, status: int = 200, headers: Sequence[tuple[str, str]] = ()) -> Answer:
    """The value as JSON."""
    return Answer(body=json_bytes(value), status=status, headers=headers)


def problem_answer(problem: Problem) -> Answer:
    """A refusal as RFC 9457 has it."""
    document = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        "fields": [{"path": path, "message": message} for path, message in problem.fields],
    }
    return Answer(
        body=json_bytes(document), status=problem.status, content_type=PROBLEM, headers=tuple(problem.headers)
    )


def whole_number(asked: Mapping[str, str], key: str, *, default: int, most: int) -> int:
    """A count in the query, 1 to `most`. Raises Problem for anything else."""
    text = asked.get(key)
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) < 10) or not 1 <= int(text) <= most:
        raise Problem(422, f"{key} must be a whole number from 1 to {most}.", fields=[key])
    return int(text)


def instant_asked(asked: Mapping[str, str], key: str) -> datetime | None:
    """An instant in the query; None where it is not asked for. Raises Problem for anything else."""
    if key not in asked:
        return None
    try:
        at = datetime.fromisoformat(asked[key])
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise Problem(422, f"{key} must be a time with its zone, such as 2026-05-28T00:00:00+02:00.", fields=[key])


def _pairs_in(text: str, what: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=100, errors="strict")
    except ValueError:
        raise Problem(400, f"{what} cannot be read.") from None


class _Pairs(list[tuple[str, Any]]):
    """A JSON object as it was written, keys said twice included."""


def _plain(value: Any) -> Any:
    if isinstance(value, _Pairs):
        _refuse_unknown([key for key, _ in value], [key for key, _ in value], "key")
        return {key: _plain(item) for key, item in value}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is not a number")


def _refuse_unknown(given: Sequence[str], known: Sequence[str], what: str) -> None:
    unknown = sorted(set(given) - set(known))
    if unknown:
        there_is = f"there is {', '.join(known)}" if known else "there is none"
        shown = ", ".join(repr(word[:40]) for word in unknown[:5])
        raise Problem(422, f"Unknown {what} {shown}; {there_is}.", fields=[word[:40] for word in unknown[:5]])
    twice = sorted({word for word in given if given.count(word) > 1})
    if twice:
        raise Problem(422, f"The {what} {twice[0]!r} is given twice.", fields=twice[:5])
