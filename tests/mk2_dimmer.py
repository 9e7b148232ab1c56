"""The Wi-Fi client of ESP-Router-PV as its firmware behaves: what it asks, when, and what it does with the answer."""

from __future__ import annotations

import http.client
import json
from contextlib import closing


class Mk2Dimmer:
    """Asks over a real socket, at the pace of the clock that it is told: every second while it heats, every 10 s else.

    A number in VO2 of an answer with status 200 is its power from then on; whatever else happens changes nothing.
    """

    def __init__(self, netloc: str) -> None:
        self.netloc = netloc
        self.path = "/api/routeur"
        self.percent = 0
        self.questions = 0
        self._next_s = 0.0

    def turn(self, now_s: float) -> None:
        """Ask, if it is time to."""
        if now_s < self._next_s:
            return
        self.questions += 1
        try:
            with closing(http.client.HTTPConnection(self.netloc, timeout=5)) as connection:
                connection.putrequest("GET", self.path, skip_accept_encoding=True)
                connection.putheader("User-Agent", "ESP8266HTTPClient")
                connection.putheader("Connection", "keep-alive")
                connection.endheaders()
                answer = connection.getresponse()
                body = answer.read()
            if answer.status == 200:
                document = json.loads(body)
                assert len(document) == 7, "its parser has room for seven values"
                self.percent = int(document["VO2"] or 0)
        except (OSError, http.client.HTTPException, ValueError):
            pass  # it goes on as before
        self._next_s = now_s + (1.0 if self.percent else 10.0)
