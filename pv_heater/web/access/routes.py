"""The routes of the login: `/api/v1/login`, `setup`, `logout`, `session` and `tokens`."""

from __future__ import annotations

from typing import Any

from pv_heater.web.access.access import Access
from pv_heater.web.access.tokens import GRANTED
from pv_heater.web.calls import Answer, Call, Problem, Route, Scope, json_answer

_DONE = 204


def access_routes(access: Access) -> tuple[Route, ...]:
    """Their rows."""

    def login(call: Call) -> Answer:
        password = call.json("password").get("password")
        if not isinstance(password, str) or not password:
            raise Problem(422, "The password is missing.", fields=["password"])
        return Answer(status=_DONE, headers=access.login(call, password))

    def set_up(call: Call) -> Answer:
        body = call.json("code", "password")
        texts = [body.get(key) for key in ("code", "password")]
        if missing := [key for key, text in zip(("code", "password"), texts, strict=True) if not isinstance(text, str)]:
            raise Problem(422, f"{' and '.join(missing)} must be given, as text.", fields=missing)
        return Answer(status=_DONE, headers=access.set_up(call, *map(str, texts)))

    def logout(call: Call) -> Answer:
        everywhere = call.json("everywhere").get("everywhere", False)
        if not isinstance(everywhere, bool):
            raise Problem(422, "everywhere must be true or false.", fields=["everywhere"])
        return Answer(status=_DONE, headers=access.logout(call, everywhere=everywhere))

    def session(call: Call) -> Answer:
        call.asked()
        return json_answer(access.session(call))

    def tokens(call: Call) -> Answer:
        call.asked()
        return json_answer({"tokens": access.tokens()})

    def add_token(call: Call) -> Answer:
        return json_answer(access.add_token(*_asked_token(call.json("name", "scope", "days"))), 201)

    def remove_token(call: Call) -> Answer:
        access.remove_token(call.parameters["id"])
        return Answer(status=_DONE)

    return (
        Route(method="POST", path="/api/v1/login", scope=Scope.OPEN, handle=login),
        Route(method="POST", path="/api/v1/setup", scope=Scope.OPEN, handle=set_up),
        Route(method="POST", path="/api/v1/logout", scope=Scope.OPEN, handle=logout),
        Route(method="GET", path="/api/v1/session", scope=Scope.OPEN, handle=session),
        Route(method="GET", path="/api/v1/tokens", scope=Scope.ADMIN, handle=tokens),
        Route(method="POST", path="/api/v1/tokens", scope=Scope.ADMIN, handle=add_token),
        Route(method="DELETE", path="/api/v1/tokens/<id>", scope=Scope.ADMIN, handle=remove_token),
    )


def _asked_token(body: dict[str, Any]) -> tuple[str, Scope, int | None]:
    """Name, scope and days. Raises Problem 422."""
    name, scope, days = body.get("name"), body.get("scope"), body.get("days")
    if not isinstance(name, str):
        raise Problem(422, "The name is missing.", fields=["name"])
    if scope not in GRANTED:
        raise Problem(422, f"The scope must be {', '.join(GRANTED)}.", fields=["scope"])
    if days is not None and (not isinstance(days, int) or isinstance(days, bool)):
        raise Problem(422, "days must be a whole number, or left out for a token without an end.", fields=["days"])
    return name, Scope(scope), days
