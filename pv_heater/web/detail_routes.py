"""What stands behind the first screen: one load and its last changes, sources, alarms, forecast, the log's end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from pv_heater.core.model.lean import to_jsonable
from pv_heater.io.system.log_place import last_lines
from pv_heater.status.alarms import alarms_of
from pv_heater.status.document import load_of, money
from pv_heater.status.home import Home
from pv_heater.web.calls import Answer, Call, Problem, Route, Scope, instant_asked, json_answer, whole_number
from pv_heater.web.control_routes import load_named

ENTRIES = 50
MOST_CYCLES = 20
"""Of a tank's record against legionella."""
LOG_LINES, MOST_LOG_LINES = 200, 1000
OF_AN_ENTRY = (
    "at", "load", "from_phase", "to_phase", "from_power_w", "to_power_w", "mode", "from_rule", "rule", "because",
    "margins", "flip", "next_change_at",
)  # fmt: skip


def detail_routes(home: Home) -> list[Route]:
    """The log may name addresses of the network, so it is for `Scope.ADMIN`."""
    details = Details(home)
    rows = {
        "/api/v1/loads/<name>": details.load,
        "/api/v1/sources": details.sources,
        "/api/v1/values": details.values,
        "/api/v1/alarms": details.alarms,
        "/api/v1/forecast": details.forecast,
        "/api/v1/prices": details.prices,
    }
    reading = [Route(method="GET", path=path, scope=Scope.READ, handle=handle) for path, handle in rows.items()]
    return [*reading, Route(method="GET", path="/api/v1/log", scope=Scope.ADMIN, handle=details.log)]


class Details:
    """Looks at the running home; changes nothing."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def load(self, call: Call) -> Answer:
        """The load as in the status; its last changes and the home's, oldest first; what it is decided from now."""
        call.asked()
        name, policy = load_named(self._home, call.parameters["name"])
        status = self._home.status()
        state = None if status is None else status.decision.loads[name]
        decision = None if status is None else status.decision
        return json_answer(
            {
                "load": None if state is None else load_of(name, self._home.kinds[name], policy, state, MOST_CYCLES),
                "entries": [_entry(entry) for entry in self._home.entries(name, ENTRIES)],
                "trace": None if decision is None else to_jsonable(decision.trace),
                "thresholds": None if decision is None else to_jsonable(decision.thresholds.loads[name]),
            }
        )

    def sources(self, call: Call) -> Answer:
        """How each meter, forecast, sensor, display and whoever is told fares."""
        call.asked()
        return json_answer(list(self._home.sources()))

    def values(self, call: Call) -> Answer:
        """The owner's own values; ``lost`` says why one is, and then ``value`` is what stands in, if anything."""
        call.asked()
        status = self._home.status()
        found = {} if status is None else status.decision.trace.values
        rows = [
            {
                "name": name,
                "value": None if own.value is None else round(own.value, 3),
                "unit": own.unit,
                "age_s": None if own.age_s is None else round(own.age_s),
                "lost": own.because,
            }
            for name, own in found.items()
        ]
        return json_answer(rows)

    def alarms(self, call: Call) -> Answer:
        """As in the status."""
        call.asked()
        status = self._home.status()
        return json_answer([] if status is None else alarms_of(self._home, status))

    def forecast(self, call: Call) -> Answer:
        """The sun that is expected: mean power of each step. All null, and no steps, where nobody tells."""
        call.asked()
        forecast = self._home.forecast()
        zone = ZoneInfo(self._home.site.timezone)
        if forecast is None or not forecast.steps:
            nothing = dict.fromkeys(("source", "issued_at", "start_at", "step_s"))
            return json_answer({**nothing, "pv_w": [], "is_clear_sky": False})
        return json_answer(
            {
                "source": forecast.source,
                "issued_at": forecast.issued_at.astimezone(zone).isoformat(timespec="seconds"),
                "start_at": forecast.steps[0][0].astimezone(zone).isoformat(timespec="seconds"),
                "step_s": forecast.step_s,
                "pv_w": [round(pv_w, 1) for _, pv_w in forecast.steps],
                "is_clear_sky": forecast.is_clear_sky,
            }
        )

    def prices(self, call: Call) -> Answer:
        """What a kWh costs and earns, from ``from`` to before ``to`` as far as it is known: today and tomorrow."""
        asked = call.asked("from", "to")
        begin_at, end_at = instant_asked(asked, "from"), instant_asked(asked, "to")
        known, zone = self._home.prices(), ZoneInfo(self._home.site.timezone)
        periods = () if known is None else known.periods
        return json_answer(
            {
                "source": None if known is None else known.source,
                "licence": None if known is None else known.licence,
                "prices": [
                    {
                        "from_at": period.from_at.astimezone(zone).isoformat(timespec="seconds"),
                        "to_at": period.to_at.astimezone(zone).isoformat(timespec="seconds"),
                        "import_per_kwh": money(period.import_per_kwh),
                        "export_per_kwh": money(period.export_per_kwh),
                    }
                    for period in periods
                    if (begin_at is None or period.to_at > begin_at) and (end_at is None or period.from_at < end_at)
                ],
            }
        )

    def log(self, call: Call) -> Answer:
        """The log's last ``lines``."""
        count = whole_number(call.asked("lines"), "lines", default=LOG_LINES, most=MOST_LOG_LINES)
        path = self._home.log_file
        try:
            lines = [] if path is None else last_lines(path, count)
        except OSError as error:
            raise Problem(503, f"The log cannot be read: {error.strerror}.") from None
        return json_answer({"lines": lines})


def _entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: entry[key] for key in OF_AN_ENTRY}
