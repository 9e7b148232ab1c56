"""Other systems that are told how the home fares: each on a thread of its own. What goes wrong there stays there."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from pv_heater.config.load import Config
from pv_heater.config.model import named_rows
from pv_heater.core.model.status import STALE_S
from pv_heater.io.system.worker import WorkerStatus, worker_for
from pv_heater.ports import Publisher, Tools
from pv_heater.telemetry.told import Told

log = logging.getLogger(__name__)

_FIRST_S = 1.0
"""So often it is looked for the first tick."""


def publishers_of(config: Config, told: Told, tools: Tools) -> list[Telling]:
    """All of the settings, none of them started."""
    return [Telling(f"publish {word}", row.build(tools), told) for word, row in named_rows(config.publish)]


class Telling:
    """One system, told turn by turn. Nothing here is called by the loop's thread."""

    def __init__(self, name: str, publisher: Publisher, told: Told) -> None:
        self._name, self._publisher, self._told = name, publisher, told
        self._worker = worker_for(self, name, self.turn, told.monotonic_s, log)
        self._said: str | None = None
        self._has_told = False

    def start(self) -> None:
        """Begin to tell."""
        self._worker.start()

    def stop(self) -> None:
        """Tell no more; never waits."""
        self._worker.stop()

    def close(self) -> None:
        """Stop, and end the connection."""
        self.stop()
        self._publisher.close()

    def poll_once(self) -> None:
        """A turn here and now; what it raises is noted as on its thread."""
        self._worker.poll_once()

    def status(self) -> WorkerStatus:
        """How it fares."""
        return self._worker.status()

    @property
    def interval_s(self) -> float:
        """Seconds from one turn to the next: its own, once there is something to tell."""
        return self._publisher.interval_s if self._has_told else _FIRST_S

    def turn(self) -> None:
        """Tell what is true now, and hand on what is asked for. Raises SourceError."""
        lag_s, status = self._told.document.look()
        document = self._document() if status is not None and lag_s <= STALE_S else None
        self._has_told = self._has_told or document is not None
        for request in self._publisher.tell(document, self._told.monotonic_s()):
            self._hand_on(request)

    def _document(self) -> Mapping[str, Any]:
        """The newest, each load with all that it ever took, as far as that is known."""
        document, totals = self._told.document.document(), self._told.totals.newest().loads
        identities = self._told.identities
        rows = [
            {**row, "energy_total_wh": totals.get(identities.get(row["name"], row["name"]))}
            for row in document["loads"]
        ]
        return {**document, "loads": rows}

    def _hand_on(self, request: Mapping[str, Any]) -> None:
        try:
            answer = self._told.home.ask(request)
        except ValueError as error:
            if str(error) != self._said:
                self._said = str(error)
                log.warning("%s asks for what cannot be: %s.", self._name, error)
            return
        log.info("%s asks: %s.", self._name, answer.get("message"))
