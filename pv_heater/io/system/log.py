"""Where log lines go: a rotating file and standard output, each written by a thread of its own.

A slow or full disk must not delay a tick, so the control thread only puts lines on queues. Neither waits for the other:
the file goes on when nobody reads standard output, and then what standard output cannot take is dropped and counted.

What is wrong with a source's values goes through `Complaints`, which says each kind of it once.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import sys
from collections.abc import Callable
from datetime import datetime, tzinfo
from functools import partial
from typing import Any

from pv_heater.core.model.plain_text import plain_message
from pv_heater.io.alive.threads import Lasting
from pv_heater.io.system.line_writer import FileLines, LineQueue, StreamLines
from pv_heater.io.system.log_place import LogPlace

MOST_WAITING = 1000
"""Lines that wait for a standard output which nobody reads; a minute or two of a busy controller, with `--debug` some
seconds."""
STREAM_STOP_S = 0.5
FILE_STOP_S = 5.0
Complain = Callable[[str], None]
"""Gets a sentence for each value that is left out; its full stop may be missing."""
_MOST_KINDS = 50
"""A source that finds more ways than this to be wrong sends noise, and noise must not fill log and memory."""


class LocalTimeFormatter(logging.Formatter):
    """Time of the event in the home's zone; a record may carry its own instant as `at` (simulated time).

    Control characters are written out, whoever brought them: a server's error text, a device's name, an exception.
    """

    def __init__(self, zone: tzinfo | None) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")
        self._zone = zone

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 (logging's name)
        """``2026-06-21 12:30:05`` in the home's zone."""
        at = getattr(record, "at", None) or datetime.fromtimestamp(record.created).astimezone()
        return f"{at.astimezone(self._zone):{datefmt or '%Y-%m-%d %H:%M:%S'}}"

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (logging's name)
        """The line without a traceback."""
        record.message = plain_message(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802 (logging's name)
        """The traceback; its lines pass for no lines of the log, whatever the error says."""
        return plain_message("\n" + super().formatException(ei)).removeprefix("\n")


class LogLines:
    """Logging from construction to `stop`. Lines are kept back until `release`: who is refused writes nothing."""

    def __init__(
        self, place: LogPlace, *, max_bytes: int, zone: tzinfo | None, to_stdout: bool, debug: bool, drops: bool = True
    ) -> None:
        """`drops`: lines that standard output does not take are dropped after a while; False: they are waited for."""
        self._place = place
        self.path = place.path
        self._max_bytes = max_bytes
        self._drops = drops
        self._to_stdout = to_stdout
        self._file, self._terminal = LineQueue(None), LineQueue(MOST_WAITING if drops else None)
        logging.raiseExceptions = False  # a full disk must not print a traceback for every line
        handler = _Handler([self._file, self._terminal])
        handler.setFormatter(LocalTimeFormatter(zone))
        root = logging.getLogger()
        root.handlers = [handler]
        root.setLevel(logging.DEBUG if debug else logging.INFO)
        for noisy in ("urllib3", "requests"):
            logging.getLogger(noisy).setLevel(logging.WARNING)
        self._threads: list[tuple[Lasting, float | None]] = []
        self._stopped = False
        atexit.register(self.stop)

    def release(self) -> None:
        """Write what was kept back, and all that follows as it comes. Once."""
        if self._threads or self._stopped:
            return
        stream = sys.stdout if self._to_stdout else None
        try:
            self._place.make_folder()
            file: FileLines | None = FileLines(self.path, self._max_bytes)
        except OSError as error:
            file = None
            stream = stream or sys.stderr
            why = f"the log file {self.path} cannot be written ({error.strerror}); lines go to the terminal only"
            logging.getLogger(__name__).warning(why)
        if file is not None:
            self._start("log file", self._file, file.write, FILE_STOP_S)
        else:
            self._file.close(drop=True)
        if stream is not None:
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
            lines = StreamLines(stream, self.path, self._terminal, patient=not self._drops)
            self._start("log terminal", self._terminal, lines.write, STREAM_STOP_S if self._drops else None)
        else:
            self._terminal.close(drop=True)

    def abandon(self) -> None:
        """Write nothing of what was kept back, not even open the file: it is another process's."""
        self._stopped = True
        logging.getLogger().handlers = [logging.NullHandler()]

    def stop(self) -> None:
        """Write what is still queued, within a limit where nobody takes it. May be repeated."""
        if self._stopped:
            return
        self.release()
        self._stopped = True
        for queue in (self._file, self._terminal):
            queue.close()
        for thread, limit_s in self._threads:
            thread.join(limit_s)

    def _start(self, name: str, queue: LineQueue, write: Any, limit_s: float | None) -> None:
        thread = Lasting(partial(queue.drain, write), name)
        thread.start()
        self._threads.append((thread, limit_s))


class Complaints:
    """Says each kind of trouble once, so that a value that is wrong every second is still one line."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._said: set[str] = set()

    def __call__(self, text: str) -> None:
        """Warn, unless the same was said before but for its numbers."""
        kind = "".join(character for character in text if not character.isdigit())
        if kind in self._said or len(self._said) >= _MOST_KINDS:
            return
        self._said.add(kind)
        self._log.warning("%s", text if text.endswith((".", "?", "!")) else f"{text}.")
        if len(self._said) == _MOST_KINDS:
            self._log.warning("Too many kinds of errors: this source sends noise. No more of them are logged.")


class _Handler(logging.Handler):
    """Formats a record once and gives the line to every queue."""

    def __init__(self, queues: list[LineQueue]) -> None:
        super().__init__()
        self._queues = queues

    def emit(self, record: logging.LogRecord) -> None:
        """Never waits."""
        try:
            line = self.format(record)
        except Exception:  # noqa: BLE001 - a wrong format in one line must not break who says it
            line = plain_message(f"a log line could not be worded: {record.msg!r}")
        for queue in self._queues:
            queue.put(line)
