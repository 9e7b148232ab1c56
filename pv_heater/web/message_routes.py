"""Messages to people: a test of whether they arrive."""

from __future__ import annotations

from typing import Protocol

from pv_heater.web.calls import Answer, Call, Problem, Route, Scope, json_answer


class Testable(Protocol):
    """What sends them."""

    def test(self) -> str:
        """Send a test to everybody soon; a sentence on that."""
        ...


def message_routes(messages: Testable | None) -> list[Route]:
    """One route; None: nobody is told anything."""

    def test(call: Call) -> Answer:
        call.json()
        if messages is None:
            raise Problem(409, "The settings name nobody to tell: `messages:` is missing (docs/messages.md).")
        return json_answer({"message": messages.test()}, 202)

    return [Route(method="POST", path="/api/v1/messages/test", scope=Scope.ADMIN, handle=test)]
