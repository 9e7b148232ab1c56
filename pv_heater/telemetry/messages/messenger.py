"""Messages beside the loop: looks at the status every few seconds, and gives what is to be told to the couriers."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any

from pv_heater.core.model.numbers import group_in
from pv_heater.errors import describe
from pv_heater.io.alive.threads import Lasting
from pv_heater.io.system.private_file import PrivateFile
from pv_heater.io.system.state_file import UnreadableState
from pv_heater.io.system.worker import WorkerStatus
from pv_heater.telemetry.messages import Sender
from pv_heater.telemetry.messages.courier import Courier
from pv_heater.telemetry.messages.message import Message
from pv_heater.telemetry.messages.outbox import Outbox
from pv_heater.telemetry.messages.settings import MessageSettings
from pv_heater.telemetry.messages.teller import Teller
from pv_heater.telemetry.messages.words import Words

log = logging.getLogger(__name__)

FILE_NAME = "messages.json"
LOOK_S = 5.0


class Messenger:
    """All that is told to people. Nothing here is called by the loop's thread, and nothing here can delay it."""

    def __init__(
        self,
        settings: MessageSettings,
        senders: Mapping[str, Sender],
        document: Callable[[], Mapping[str, Any]],
        file: PrivateFile,
        *,
        zone: tzinfo,
        now: Callable[[], datetime],
        monotonic_s: Callable[[], float],
    ) -> None:
        """`senders` by the names of the recipients; `document` gives the newest status, from any thread."""
        self._document, self._file, self._zone = document, file, zone
        self._now, self._monotonic_s = now, monotonic_s
        words = Words(settings.language)
        self._teller = Teller(settings, words)
        self._couriers = [
            Courier(name, sender, Outbox(words), now=self._local, monotonic_s=monotonic_s, changed=self._save)
            for name, sender in senders.items()
        ]
        self._saving = threading.Lock()
        self._saved: Mapping[str, Any] = {}
        self._save_trouble: str | None = None
        self._look_trouble: str | None = None
        self._stopping = threading.Event()
        self._restore()

    def start(self) -> None:
        """Begin to look and to send."""
        for courier in self._couriers:
            courier.start()
        Lasting(self._run, "messages").start()

    def stop(self) -> None:
        """Tell no more; never waits. What has not arrived is sent after the next start."""
        self._stopping.set()
        for courier in self._couriers:
            courier.stop()

    def close(self) -> None:
        """End all connections."""
        self.stop()
        for courier in self._couriers:
            courier.close()

    def status(self) -> list[WorkerStatus]:
        """How each recipient fares, as sources do."""
        return [courier.status() for courier in self._couriers]

    def test(self) -> str:
        """Send a test to everybody soon; a sentence on that."""
        self._give([self._teller.test(self._local())])
        return f"A test message is on its way to {', '.join(courier.name for courier in self._couriers)}."

    def look(self) -> None:
        """Look once, and give what is new to the couriers. Never raises."""
        try:
            messages = self._teller.look(self._document(), self._local(), self._monotonic_s())
        except Exception as error:  # noqa: BLE001 - the thread must live on
            said = describe(error)
            if said != self._look_trouble:
                log.error("messages: %s", said)
            self._look_trouble = said
            return
        for message in messages:
            log.info("message: %s", message.line)
        self._give(messages)
        self._save()

    def turn(self) -> None:
        """Look, and a turn of every courier, here and now."""
        self.look()
        for courier in self._couriers:
            courier.turn()

    def _give(self, messages: Sequence[Message]) -> None:
        for courier in self._couriers if messages else ():
            courier.add(messages)

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_S):
            self.look()

    def _local(self) -> datetime:
        return self._now().astimezone(self._zone)

    def _restore(self) -> None:
        try:
            saved = self._file.read() or {}
        except UnreadableState as error:
            log.warning("messages: what was told before cannot be read (%s); what is wrong is told anew.", error)
            return
        now, now_s = self._local(), self._monotonic_s()
        self._teller.restore(group_in(saved, "told"), now, now_s)
        for courier in self._couriers:
            courier.restore(group_in(group_in(saved, "to"), courier.name), now, now_s)
        self._saved = self._state()

    def _state(self) -> dict[str, Any]:
        now, now_s = self._local(), self._monotonic_s()
        return {
            "told": self._teller.as_json(now, now_s),
            "to": {courier.name: courier.as_json(now, now_s) for courier in self._couriers},
        }

    def _save(self) -> None:
        """Write what changed, if anything did."""
        with self._saving:
            state = self._state()
            if _lasting(state) == _lasting(self._saved):
                return
            try:
                self._file.put(state)
            except OSError as error:
                trouble = error.strerror or str(error)
                if trouble != self._save_trouble:
                    log.warning("messages: what was told cannot be saved (%s); a start would tell it anew.", trouble)
                self._save_trouble = trouble
                return
            self._saved, self._save_trouble = state, None


def _lasting(state: Mapping[str, Any]) -> Any:
    """What is worth a write to the card: not that instants are reckoned anew, nor what comes and goes untold."""
    told = group_in(state, "told")
    incidents = [
        (row["code"], row["load"], row["told_at"] is None, row["ended"], row["returns"])
        for row in told.get("incidents", ())
        if row["told_at"] is not None or row["ended"]
    ]
    queues = {
        name: ([row["message"] for row in box["waiting"]], box["dropped"])
        for name, box in group_in(state, "to").items()
    }
    return told.get("summed_on"), incidents, queues
