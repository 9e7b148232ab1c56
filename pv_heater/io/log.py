"""Where log lines go: a rotating file and standard output, written by a thread of their own.

A slow or full disk must not delay a tick, so the control thread only puts records on a queue.
"""

from __future__ import annotations

import atexit
import logging
import logging.handlers
import queue
import sys
import tempfile
from collections.abc import Mapping
from datetime import datetime, tzinfo
from pathlib import Path

FILE_NAME = "pv_heater.log"


def log_path(setting: str | None, environ: Mapping[str, str]) -> Path:
    """The log file: as set, else (None) in $LOGS_DIRECTORY (systemd), else in the temporary folder."""
    if setting is not None:
        return Path(setting)
    folder = environ.get("LOGS_DIRECTORY", "").split(":")[0]
    return Path(folder or tempfile.gettempdir()) / FILE_NAME


class LocalTimeFormatter(logging.Formatter):
    """Time of the event in the home's zone; a record may carry its own instant as `at` (simulated time)."""

    def __init__(self, zone: tzinfo | None) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")
        self._zone = zone

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 (logging's name)
        """``2026-06-21 12:30:05`` in the home's zone."""
        at = getattr(record, "at", None) or datetime.fromtimestamp(record.created).astimezone()
        return f"{at.astimezone(self._zone):{datefmt or '%Y-%m-%d %H:%M:%S'}}"


class LogLines:
    """Logging from construction to `stop`; `problem` is a sentence when the file cannot be written, else None."""

    def __init__(self, path: Path, *, max_bytes: int, zone: tzinfo | None, to_stdout: bool, debug: bool) -> None:
        self.path = path
        self.problem: str | None = None
        handlers: list[logging.Handler] = [logging.StreamHandler(sys.stdout)] if to_stdout else []
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handlers.append(
                logging.handlers.RotatingFileHandler(path, maxBytes=max_bytes, backupCount=1, encoding="utf-8")
            )
        except OSError as error:
            self.problem = f"the log file {path} cannot be written ({error.strerror}); lines go to the terminal only"
            if not to_stdout:
                handlers.append(logging.StreamHandler(sys.stderr))
        for handler in handlers:
            handler.setFormatter(LocalTimeFormatter(zone))
        logging.raiseExceptions = False  # a full disk must not print a traceback for every line
        lines: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
        self._listener: logging.handlers.QueueListener | None = logging.handlers.QueueListener(lines, *handlers)
        root = logging.getLogger()
        root.handlers = [logging.handlers.QueueHandler(lines)]
        root.setLevel(logging.DEBUG if debug else logging.INFO)
        for noisy in ("urllib3", "requests"):
            logging.getLogger(noisy).setLevel(logging.WARNING)
        self._listener.start()
        atexit.register(self.stop)

    def stop(self) -> None:
        """Write what is still queued. May be repeated."""
        if self._listener is not None:
            self._listener.stop()
            self._listener = None
