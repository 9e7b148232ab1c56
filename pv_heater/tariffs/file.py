"""Prices out of a file that something else on this machine writes: CSV, or JSON as Energy-Charts answers it.

CSV: a line for each price, ``2026-12-01T00:00:00+01:00,0.0931``, with an end in between where it is not the next line's
beginning; lines that begin with ``#`` or a letter are passed over. The file is read again when it has changed.
"""

from __future__ import annotations

import json
import logging
from datetime import date
from pathlib import Path

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.numbers import number_of
from pv_heater.core.model.prices import MarketAnswer
from pv_heater.core.model.setting import setting
from pv_heater.core.settings.tariff import MarketTariff
from pv_heater.errors import BadReply, Unreachable
from pv_heater.io.system.log import Complain, Complaints
from pv_heater.ports import Tools
from pv_heater.tariffs.market import Span, instant_s, list_in, priced, spans_of_starts, with_licence

log = logging.getLogger(__name__)

_MOST_BYTES = 1_000_000
UNITS = {"kwh": "EUR/kWh", "mwh": "EUR/MWh", "cent_kwh": "ct/kWh"}


class PriceFile:
    """Satisfies `ports.PriceSource`."""

    interval_s = 60.0

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Settings(MarketTariff):
        """Which file, and what has to be added to its prices, if it is not all in them."""

        path: Path = setting("the file")
        unit: str = setting("what its prices are for", default="kwh", choices=tuple(UNITS))

    def __init__(self, settings: Settings, tools: Tools) -> None:  # noqa: ARG002
        self.name = f"file {settings.path.name}"
        self.cache_key = str(settings.path)
        self._path, self._unit = settings.path.expanduser(), UNITS[settings.unit]
        self._complain = Complaints(log)

    def fetch(self, day: date) -> MarketAnswer:  # noqa: ARG002
        """All that the file holds; raises SourceError."""
        try:
            with self._path.open("rb") as file:
                content = file.read(_MOST_BYTES + 1)
        except OSError as error:
            raise Unreachable(f"The prices in {self._path} cannot be read: {error.strerror}") from None
        if len(content) > _MOST_BYTES:
            raise BadReply(f"{self._path} has more than {_MOST_BYTES / 1e6:g} MB, which no prices need")
        return answer_of(content, self._unit, str(self._path), self._complain)

    def close(self) -> None:
        """Nothing is kept open."""


def answer_of(content: bytes, unit: str, who: str, complain: Complain) -> MarketAnswer:
    """What can be believed of a file; raises BadReply. Pure."""
    text = content.decode("utf-8-sig", errors="replace")
    if not text.lstrip().startswith(("{", "[")):
        return priced(_spans_of_csv(text, who), unit, who, complain, usual=1.0)
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        raise BadReply(f"{who} is no JSON, though it begins like it") from None
    spans = spans_of_starts(list_in(body, "unix_seconds", who), list_in(body, "price", who))
    return with_licence(priced(spans, unit, who, complain, usual=1.0), body.get("license_info"))


def _spans_of_csv(text: str, who: str) -> list[Span]:
    ended, starts, prices = [], [], []
    for number, line in enumerate(text.splitlines(), 1):
        cells = [cell.strip() for cell in line.split(",")]
        if not cells[0] or cells[0][0] == "#" or cells[0][0].isalpha():
            continue
        start_s = instant_s(cells[0])
        if start_s is None or len(cells) not in (2, 3):
            raise BadReply(f"{who} line {number}: {line[:60]!r} is no instant with its offset and a price")
        end_s = instant_s(cells[1]) if len(cells) == 3 else None
        if end_s is not None:
            ended.append(Span(start_s, end_s, number_of(cells[2])))
        else:
            starts.append(start_s)
            prices.append(cells[-1])
    return [*ended, *spans_of_starts(starts, prices)]
