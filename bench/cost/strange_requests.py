"""Requests made up from the description of the API, right ones and wrong ones, as fast as they are answered."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from pv_heater.web.openapi import DOCUMENT

EXAMPLES = 5
"""Of each operation and kind, before the next one's turn."""
_LEFT_OUT = ("post /api/v1/login", "post /api/v1/setup")
"""A password costs a tenth of a second and 16 MiB on purpose."""


def ask_on(netloc: str, watch_s: float, told: Any) -> None:
    """For `watch_s` seconds; then how many were answered, and how many by a mistake of the program, is put into `told`.

    None where schemathesis is not installed.
    """
    try:
        operations = _operations()
    except ImportError:
        told.put(None)
        return
    ends_s, counts, seed = time.monotonic() + watch_s, [0, 0], 0

    def sent(case: Any) -> None:
        if "name" in case.path_parameters and counts[0] % 2:
            case.path_parameters["name"] = "water_heater"
        case.headers["Origin"] = f"http://{netloc}"
        answer = case.call(base_url=f"http://{netloc}", timeout=30)
        counts[0] += 1
        counts[1] += answer.status_code >= 500 and answer.status_code != 503

    while time.monotonic() < ends_s:
        seed += 1
        for strategy in operations:
            if time.monotonic() < ends_s:
                _try(strategy, sent, seed, ends_s)
    told.put(tuple(counts))


def _operations() -> list[Any]:
    """A strategy of requests for each operation and kind. Raises ImportError."""
    import schemathesis
    from schemathesis import GenerationMode

    spec = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    for path, item in spec["paths"].items():
        for method, operation in list(item.items()):
            operation.pop("security", None)  # it would send tokens that it made up
            if f"{method} {path}" in _LEFT_OUT:
                del item[method]
    results: Any = schemathesis.openapi.from_dict(spec).get_all_operations()
    found = []
    for result in results:
        operation = result.ok()
        found.append(operation.as_strategy(GenerationMode.POSITIVE))
        if operation.query or operation.body or operation.headers:
            found.append(operation.as_strategy(GenerationMode.NEGATIVE))
    return found


def _try(strategy: Any, sent: Callable[[Any], None], seed: int, ends_s: float) -> None:
    import hypothesis

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(hypothesis.HealthCheck)
    )
    @hypothesis.given(case=strategy)
    def many(case: Any) -> None:
        if time.monotonic() < ends_s:
            sent(case)

    many()
