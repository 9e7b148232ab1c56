"""Live settings: seen, changed and taken back, by the rules of `status.home.SettingsEditor`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pv_heater.errors import NotEditable, SettingsConflict, WrongSettings
from pv_heater.status.home import Home, SettingsEditor
from pv_heater.web.calls import Answer, Call, Problem, Route, Scope, json_answer
from pv_heater.web.control_routes import caller

PATH = "/api/v1/settings"
NOTHING: Mapping[str, Any] = {
    "etag": "",
    "editable": False,
    "why_not": "A recorded day is being played; there is nothing to set.",
    "undo": 0,
    "restart_needed": False,
    "settings": [],
}
"""Where nothing may be changed at all."""


def settings_routes(home: Home) -> list[Route]:
    """Settings may carry addresses of the network, so that seeing them needs `Scope.ADMIN` too."""
    pages = SettingsPages(home.settings)
    rows = {("GET", PATH): pages.read, ("PATCH", PATH): pages.change, ("POST", f"{PATH}/undo"): pages.undo}
    return [
        Route(method=method, path=path, scope=Scope.ADMIN, handle=handle) for (method, path), handle in rows.items()
    ]


class SettingsPages:
    """Turns calls into questions to the editor, and its refusals into problems."""

    def __init__(self, editor: SettingsEditor | None) -> None:
        self._editor = editor

    def read(self, call: Call) -> Answer:
        """Every setting with its value, and whether it may change live."""
        call.asked()
        document = NOTHING if self._editor is None else self._editor.read()
        return json_answer(document, headers=[("ETag", f'"{document["etag"]}"')])

    def change(self, call: Call) -> Answer:
        """``changes`` by path; null is the default. ``If-Match`` says which state of the file they were made for."""
        body = call.json("changes")
        changes = body.get("changes")
        if not isinstance(changes, dict) or not changes:
            detail = "changes must be an object of settings by their paths, such as limits.max_grid_w."
            raise Problem(422, detail, fields=["changes"])
        etag = _if_match(call)
        if etag is None:
            raise Problem(428, "If-Match is missing; it is the etag that GET gave.")
        return self._done(lambda editor: editor.change(changes, etag=etag, who=caller(call)))

    def undo(self, call: Call) -> Answer:
        """Take back the last change, whatever it was, or that of ``If-Match`` only."""
        call.json()
        etag = _if_match(call)
        return self._done(
            lambda editor: editor.undo(etag=editor.read()["etag"] if etag is None else etag, who=caller(call))
        )

    def _done(self, act: Callable[[SettingsEditor], Mapping[str, Any]]) -> Answer:
        document = changed(self._editor, act)
        return json_answer(document, headers=[("ETag", f'"{document["etag"]}"')])


def changed(editor: SettingsEditor | None, act: Callable[[SettingsEditor], Mapping[str, Any]]) -> Mapping[str, Any]:
    """What `act` gives. Raises Problem where the editor refuses, or there is none."""
    if editor is None:
        raise Problem(403, str(NOTHING["why_not"]))
    try:
        return act(editor)
    except WrongSettings as error:
        detail = "; ".join(error.problems)
        raise Problem(422, f"{detail}.", fields=list(error.fields)) from None
    except SettingsConflict as error:
        raise Problem(409, str(error)) from None
    except NotEditable as error:
        raise Problem(403, str(error)) from None


def _if_match(call: Call) -> str | None:
    value = call.headers.get("if-match")
    return None if value is None else value.strip().removeprefix("W/").strip('"')
