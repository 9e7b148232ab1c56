"""Other systems that are told how the home fares: each on a thread of its own. What goes wrong there stays there."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pv_heater.config.load import Config
from pv_heater.io.system.worker import Worker, WorkerStatus, worker_for
from pv_heater.ports import Home, Publisher, Tools
from pv_heater.run.sources import named_meters

if TYPE_CHECKING:
    from pv_heater.status.newest import NewestDocument

log = logging.getLogger(__name__)

STALE_S = 15.0
"""A tick is made every 5 s at least; later than this the loop hangs, and what it last said may not be true."""
_FIRST_S = 1.0
"""So often it is looked for the first tick."""


class Publishers:
    """All of the settings. Nothing here is called by the loop's thread."""

    def __init__(self, config: Config, home: Home, tools: Tools) -> None:
        self._publishers: list[Publisher] = []
        self._workers: list[Worker[None]] = []
        if not config.publish:
            return
        from pv_heater.status.newest import NewestDocument

        newest = NewestDocument(home, tools.clock.monotonic_s)
        for word, row in named_meters(config.publish):
            name = f"publish {word}"
            publisher: Publisher = row.build(tools)
            telling = Telling(name, publisher, newest, home.ask, tools.clock.monotonic_s)
            self._publishers.append(publisher)
            self._workers.append(worker_for(telling, name, telling.turn, tools.clock.monotonic_s, log))

    def start(self) -> None:
        """Begin to tell."""
        for worker in self._workers:
            worker.start()

    def stop(self) -> None:
        """Tell no more; never waits."""
        for worker in self._workers:
            worker.stop()

    def close(self) -> None:
        """Stop, and end every connection."""
        self.stop()
        for publisher in self._publishers:
            publisher.close()

    def poll_once(self) -> None:
        """A turn of each here and now; what they raise is noted as on their threads."""
        for worker in self._workers:
            worker.poll_once()

    def status(self) -> Sequence[WorkerStatus]:
        """How each fares."""
        return [worker.status() for worker in self._workers]


class Telling:
    """One system, turn by turn."""

    def __init__(
        self,
        name: str,
        publisher: Publisher,
        newest: NewestDocument,
        ask: Callable[[Mapping[str, Any]], Mapping[str, Any]],
        monotonic_s: Callable[[], float],
    ) -> None:
        self._name, self._publisher, self._newest = name, publisher, newest
        self._ask, self._monotonic_s = ask, monotonic_s
        self._said: str | None = None
        self._has_told = False

    @property
    def interval_s(self) -> float:
        """Seconds from one turn to the next: its own, once there is something to tell."""
        return self._publisher.interval_s if self._has_told else _FIRST_S

    def turn(self) -> None:
        """Tell what is true now, and hand on what is asked for. Raises SourceError."""
        lag_s, status = self._newest.look()
        document = self._newest.document() if status is not None and lag_s <= STALE_S else None
        self._has_told = self._has_told or document is not None
        for request in self._publisher.tell(document, self._monotonic_s()):
            self._hand_on(request)

    def _hand_on(self, request: Mapping[str, Any]) -> None:
        try:
            answer = self._ask(request)
        except ValueError as error:
            if str(error) != self._said:
                self._said = str(error)
                log.warning("%s asks for what cannot be: %s.", self._name, error)
            return
        log.info("%s asks: %s.", self._name, answer.get("message"))
