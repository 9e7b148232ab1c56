"""The saved state on disk: read at the start, replaced atomically by a thread of its own."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)


def write_atomically(path: Path, text: str) -> None:
    """Replace `path` by `text`; a power cut leaves the old or the new file, never half of one. Raises OSError."""
    draft = path.with_name(f".{path.name}.new")
    with open(draft, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)


class StateFile:
    """`save` hands over and returns at once; the newest state wins. Trouble is logged once until it works again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pending: Mapping[str, Any] | None = None
        self._ready = threading.Condition()
        self._failing = False
        self._writing = threading.Lock()
        threading.Thread(target=self._run, name="state", daemon=True).start()

    def load(self) -> dict[str, Any] | None:
        """The saved state; None when there is none. A damaged file is set aside with a log line."""
        try:
            state = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as error:  # RecursionError: brackets within brackets
            self.set_aside(str(error))
            return None
        if not isinstance(state, dict):
            self.set_aside("it holds no object")
            return None
        return state

    def set_aside(self, why: str) -> None:
        """Keep a state that cannot be used under another name, so that its owner can look, and say so."""
        aside = self._path.with_suffix(".damaged")
        log.error(
            "the saved state %s cannot be used: %s. It is kept as %s; timers, forced modes and faults begin anew",
            self._path,
            why,
            aside.name,
        )
        try:
            os.replace(self._path, aside)
        except OSError as error:
            log.error("it could not be renamed: %s", error)

    def save(self, state: Mapping[str, Any]) -> None:
        """Write `state` soon, on the other thread."""
        with self._ready:
            self._pending = state
            self._ready.notify()

    def save_now(self, state: Mapping[str, Any]) -> None:
        """Write `state` before returning; for the end of the program, when every load is safe already."""
        with self._ready:
            self._pending = None
        self._write(state)

    def _run(self) -> None:
        while True:
            with self._ready:
                self._ready.wait_for(lambda: self._pending is not None)
                state, self._pending = self._pending, None
            if state is not None:
                self._write(state)

    def _write(self, state: Mapping[str, Any]) -> None:
        try:
            with self._writing:
                write_atomically(self._path, json.dumps(state, indent=1, sort_keys=True) + "\n")
        except OSError as error:
            if not self._failing:
                log.error("the state cannot be saved to %s: %s; a restart would forget it", self._path, error)
            self._failing = True
            return
        if self._failing:
            log.info("the state is saved again")
        self._failing = False
