"""A stand-in for the VRM portal on loopback: real sockets, made-up answers in the shape of the real ones.

    with VrmServer() as vrm:
        vrm.values["g1"] = -500.0
        vrm.age_s = 6 * 3600.0
        settings = VrmMeter.Settings(base_url=vrm.url, token=Secret(vrm.token), installation_id=vrm.installation_id)
        VrmMeter(settings, tools)

Everything may be changed while it runs. No real diagnostics body is public, so these follow the public API
description and the records that `installations?extended=1` shares with it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from werkzeug import Request, Response

from tests.http_server import ScriptedServer

LOGIN = "/v2/auth/login"
SYSTEM_PATHS = {
    "bs": "/Dc/Battery/Soc",
    "bv": "/Dc/Battery/Voltage",
    "bc": "/Dc/Battery/Current",
    "bp": "/Dc/Battery/Power",
    "bst": "/Dc/Battery/State",
    "a1": "/Ac/Consumption/L1/Power",
    "a2": "/Ac/Consumption/L2/Power",
    "a3": "/Ac/Consumption/L3/Power",
    "g1": "/Ac/Grid/L1/Power",
    "g2": "/Ac/Grid/L2/Power",
    "g3": "/Ac/Grid/L3/Power",
    "P": "/Ac/PvOnOutput/L1/Power",
    "Pi": "/Ac/PvOnGrid/L1/Power",
    "Pdc": "/Dc/Pv/Power",
    "Agl": "/Ac/Alarms/GridLost",
}
UNITS = {"bs": "%.1F %%", "bv": "%.2F V", "bc": "%.2F A", "bst": "%s", "Agl": "%s"}


def record(
    code: str,
    value: Any,
    *,
    timestamp: float | None,
    path: str | None = None,
    service: str | None = "system",
    device: str = "System overview",
    instance: int = 0,
    unit: str | None = None,
    formatted: str | None = None,
) -> dict[str, Any]:
    """One diagnostics record."""
    return {
        "idSite": 123456,
        "timestamp": timestamp,
        "Device": device,
        "instance": instance,
        "idDataAttribute": 1,
        "description": code,
        "formatWithUnit": unit or UNITS.get(code, "%.0F W"),
        "dbusServiceType": service,
        "dbusPath": path or SYSTEM_PATHS.get(code),
        "code": code,
        "bitmask": 0,
        # As the portal does for a Portuguese account: nobody may depend on it.
        "formattedValue": formatted or f"valor {value}",
        "rawValue": value,
        "id": 1,
    }


def charger_record(
    code: str, value: Any, *, instance: int, timestamp: float, path: str | None = None, unit: str | None = None
) -> dict[str, Any]:
    """One record of a solar charger."""
    return record(
        code,
        value,
        timestamp=timestamp,
        path=path,
        service="solarcharger",
        device="Solar Charger",
        instance=instance,
        unit=unit,
    )


class VrmServer(ScriptedServer):
    """Steer by the public attributes. What spoils its answers (`status`, `raw`, `dripping`) leaves logins alone."""

    installation_id = 123456
    user_id = 22

    def reset(self) -> None:
        """Back to a healthy home that was never asked."""
        super().reset()
        self.token = "a1" * 32
        self.username = "owner@example.com"
        self.password = "hunter2-is-secret"
        self.values: dict[str, Any] = {
            "bs": 80.0,
            "bv": 52.0,
            "bc": 10.0,
            "bp": 520.0,
            "bst": 1,
            "g1": -100.0,
            "a1": 900.0,
            "Pdc": 1520.0,
            "Agl": 0,
        }
        """System values by VRM code."""
        self.more_records: list[dict[str, Any]] = []
        """Whole records, sent after those of `values`."""
        self.age_s = 0.0
        """How old the values are."""
        self.clock: Callable[[], float] = time.time
        """Unix seconds of the values' now."""
        self.page_size = 1000
        self.logging_interval_s: int | None = 60
        self.login_status: int | None = None
        self.diagnostics_forbidden = False
        self.refusal: dict[str, Any] | None = None
        """A `success: false` body, sent with status 200."""
        self.email: str | None = "owner@example.com"
        self.site: dict[str, Any] = {}
        """What is known of the site beside its values, such as identifier and mqtt_host."""
        self.tokens: list[dict[str, Any]] = [{"name": "pv", "idAccessToken": "7", "scope": "all", "expires": None}]
        self.refused: dict[str, int] = {}
        """A status for a path that ends so."""
        self.second_factor = False
        self.valid_bearers: set[str] = set()
        self.logins = 0

    @property
    def url(self) -> str:
        """The API's base URL."""
        return f"{super().url}/v2"

    def expire_logins(self) -> None:
        """Let every token that a login gave be refused from now on."""
        self.valid_bearers.clear()

    def records(self) -> list[dict[str, Any]]:
        """All diagnostics records as they are now."""
        at = self.clock() - self.age_s
        return [record(code, value, timestamp=at) for code, value in self.values.items()] + self.more_records

    def spoilt(self, request: Request) -> Response | None:
        return None if request.path == LOGIN else super().spoilt(request)

    def answer(self, request: Request) -> Any:
        if request.path == LOGIN:
            return self._log_in(request)
        if self.status is not None:
            return {"success": False, "errors": "erro de teste"}
        if not self._is_known(request):
            return self.json({"success": False, "errors": "Token is invalid", "error_code": "invalid_token"}, 401)
        if self.refusal is not None:
            return self.refusal
        for end, status in self.refused.items():
            if request.path.endswith(end):
                return self.json({"success": False, "errors": "erro de teste"}, status)
        site, user = f"/v2/installations/{self.installation_id}", f"/v2/users/{self.user_id}"
        answers: dict[str, Callable[[Request], Any]] = {
            f"{site}/diagnostics": self._diagnostics,
            f"{site}/system-overview": self._system_overview,
            "/v2/users/me": self._me,
            f"{user}/installations": self._installations,
            f"{user}/accesstokens/list": lambda _request: {"success": True, "tokens": self.tokens},
        }
        return answers.get(request.path, self._unknown)(request)

    def _is_known(self, request: Request) -> bool:
        scheme, _, credential = request.headers.get("X-Authorization", "").partition(" ")
        return (scheme == "Token" and credential == self.token) or (
            scheme == "Bearer" and credential in self.valid_bearers
        )

    def _log_in(self, request: Request) -> Response:
        self.logins += 1
        if self.login_status is not None:
            return self.json({"success": False, "errors": "erro de teste"}, self.login_status)
        sent = request.get_json()
        if (sent["username"], sent["password"]) != (self.username, self.password):
            return self.json({"success": False, "errors": {"password": "Invalid credentials"}}, 401)
        if self.second_factor:
            return self.json(
                {"token": None, "idUser": self.user_id, "verification_mode": "sms", "verification_sent": True}
            )
        bearer = f"bearer-{self.logins}"
        self.valid_bearers.add(bearer)
        return self.json({"token": bearer, "idUser": self.user_id, "verification_mode": "password"})

    def _diagnostics(self, request: Request) -> Any:
        if self.diagnostics_forbidden:
            return self.json({"success": False, "errors": "Forbidden", "error_code": None}, 403)
        size = min(self.page_size, int(request.args.get("count", 100)))
        first = (int(request.args.get("page", 1)) - 1) * size
        records = self.records()
        return {"success": True, "records": records[first : first + size], "num_records": len(records)}

    def _system_overview(self, request: Request) -> Any:
        gateway = {"name": "Gateway", "productName": "Cerbo GX", "loggingInterval": self.logging_interval_s}
        charger = {"name": "Solar Charger", "instance": 289}
        return {"success": True, "records": {"devices": [charger, gateway]}}

    def _unknown(self, request: Request) -> Response:
        return self.json({"success": False, "errors": "Not found"}, 404)

    def _me(self, request: Request) -> Any:
        who = {"id": self.user_id, "name": "Home Owner", "email": self.email, "idAccessToken": "7"}
        return {"success": True, "user": {key: value for key, value in who.items() if value is not None}}

    def _installations(self, request: Request) -> Any:
        at = self.clock() - self.age_s
        grid_w = sum(self.values.get(code) or 0.0 for code in ("g1", "g2", "g3"))
        extended = [
            record(code, self.values[code], timestamp=at) for code in ("bs", "bv", "bc", "bst") if code in self.values
        ]
        for code, value in (
            ("from_to_grid", grid_w),
            ("solar_yield", self.values.get("Pdc")),
            ("consumption", self.values.get("a1")),
        ):
            extended.append({"code": code, "rawValue": value, "formatWithUnit": "%.0F W", "timestamp": at})
        other = {"idSite": 999, "extended": [record("bs", 1.0, timestamp=at)]}
        return {
            "success": True,
            "records": [other, {"idSite": self.installation_id, **self.site, "extended": extended}],
        }
