"""Services and devices on loopback that speak HTTP: real sockets, answers that the test scripts.

    with ScriptedServer() as server:
        server.answers["status"] = {"power": 700}
        client_of(server.url).read()
        assert server.paths == ["/status"]

A device of its own kind gives its own `answer`; what is asked, and all that can go wrong on the way, is here. What
cannot even be said in HTTP (half a line, a header without end) is in `raw_server`.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

LONGEST_SILENCE_S = 60.0
"""A request that is never answered is given up then, so that no thread outlives the tests."""


class QuickServer(HTTPServer):
    """Answers several at once, and ends within a fiftieth of a second instead of half of one."""

    def __init__(self, port: int = 0) -> None:
        super().__init__(host="127.0.0.1", port=port, threaded=True)

    def thread_target(self) -> None:
        assert self.server is not None
        self.server.serve_forever(poll_interval=0.02)


class ScriptedServer:
    """Start with `with`; steer by the public attributes, which may be changed at any time."""

    def __init__(self, port: int = 0) -> None:
        """`port` 0 takes any free one; a number lets a service come back where it was."""
        self._server = QuickServer(port)
        self._server.expect_request(re.compile(".*")).respond_with_handler(self._respond)
        self._may_answer = threading.Event()
        self._over = threading.Event()
        self.reset()

    def reset(self) -> None:
        """Healthy and never asked; starting a server anew would cost more."""
        self._over.set()
        self._over = threading.Event()
        self.asked: list[Request] = []
        self.answers: dict[str, Any] = {}
        """JSON by the last part of the path; what is not here is answered with an empty object."""
        self.raw: str | bytes | None = None
        """Sent as it is, instead of an answer."""
        self.status: int | None = None
        """Of every answer; None: as the device says, 200 in most cases."""
        self.headers: Mapping[str, str] = {}
        """Sent with every answer."""
        self.cut_to_bytes: int | None = None
        """Send only the beginning of each JSON body."""
        self.delay_s = 0.0
        self.hanging = False
        self.dripping = False
        """Send an endless body, a byte every 20 ms."""

    def answer(self, request: Request) -> Any:
        """What this device says: JSON, or a whole response."""
        return self.answers.get(request.path.rpartition("/")[2], {})

    def spoilt(self, request: Request) -> Response | None:
        """What comes instead of an answer, None when it is answered."""
        if self.raw is not None:
            return Response(self.raw, status=self._status, headers=self.headers, content_type="application/json")
        return Response(self.drops(), content_type="application/json") if self.dripping else None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        self._server.start()

    def stop(self) -> None:
        """May be repeated. Who still waits for an answer gets none."""
        self._over.set()
        self._may_answer.set()
        if self._server.is_running():
            self._server.stop()

    @property
    def port(self) -> int:
        return self._server.port

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    @property
    def hanging(self) -> bool:
        """While it is True, requests are taken and none is answered; all of them are when it is False again."""
        return not self._may_answer.is_set()

    @hanging.setter
    def hanging(self, is_hanging: bool) -> None:
        if is_hanging:
            self._may_answer.clear()
        else:
            self._may_answer.set()

    @property
    def paths(self) -> list[str]:
        """Path and query of every request so far."""
        return [request.full_path.rstrip("?") for request in self.asked]

    @property
    def requests(self) -> list[str]:
        """Method, path and query of every request so far."""
        return [f"{request.method} {path}" for request, path in zip(tuple(self.asked), self.paths, strict=False)]

    def count(self, part: str) -> int:
        """How many requests so far had `part` in their path."""
        return sum(part in path for path in self.paths)

    def json(self, body: Any, status: int = 200) -> Response:
        """An answer of its own status."""
        content = json.dumps(body).encode()[: self.cut_to_bytes]
        return Response(content, status=status, headers=self.headers, content_type="application/json")

    def drops(self) -> Iterator[str]:
        """A body that never ends."""
        over = self._over
        while not over.wait(0.02):
            yield " "

    @property
    def _status(self) -> int:
        return 200 if self.status is None else self.status

    def _respond(self, request: Request) -> Response:
        self.asked.append(request)
        if self.delay_s:
            self._over.wait(self.delay_s)
        self._may_answer.wait(LONGEST_SILENCE_S)
        answer = self.spoilt(request)
        if answer is None:
            answer = self.answer(request)
        return answer if isinstance(answer, Response) else self.json(answer, self._status)
