"""What was fetched of a market's prices, in one small JSON file: a restart costs no request, nor does a crash loop."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from datetime import date, datetime
from pathlib import Path
from typing import Any

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.numbers import day_in, instant_in, number_in
from pv_heater.core.model.prices import MarketPrice
from pv_heater.errors import SourceError
from pv_heater.io.system.own_files import private
from pv_heater.io.system.state_file import UnreadableState, read_object
from pv_heater.tariffs.market import Span, priced

log = logging.getLogger(__name__)
_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswer:
    """What is known from earlier, and how often was asked for it."""

    prices: tuple[MarketPrice, ...] = ()
    licence: str | None = None
    asked_on: date | None = None
    """The market's day on which `asked` days were asked for."""
    asked: int = 0
    failures: int = 0
    """Tries in a row that did not bring what was asked for; one that a crash ended counts too."""
    not_before_at: datetime | None = None


class PriceCache:
    """One file a source, and a line in the log once where it cannot be written."""

    def __init__(self, folder: Path, key: str) -> None:
        """`key` names what is asked for; it holds no secret."""
        digest = hashlib.sha256(key.encode()).hexdigest()[:12]
        self._path = folder / f"prices_{digest}.json"
        self._told = False

    def load(self) -> KeptAnswer:
        """What was kept; nothing when the file is missing or cannot be read, which is logged."""
        try:
            found = read_object(self._path)
            return KeptAnswer() if found is None else _kept(found)
        except (UnreadableState, LookupError, ValueError, TypeError, AttributeError, SourceError) as error:
            log.warning("The kept prices %s cannot be used (%s) and are ignored.", self._path, error)
            return KeptAnswer()

    def save(self, kept: KeptAnswer) -> None:
        """Replace the file as a whole: a power cut leaves the old or the new one. A full disk is logged, not raised."""
        temporary = self._path.with_suffix(".tmp")
        try:
            with open(temporary, "w", encoding="utf-8", opener=private) as file:
                json.dump(_jsonable(kept), file)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._path)
        except OSError as error:
            if not self._told:
                self._told = True
                log.warning("The prices cannot be kept in %s (%s); a restart will ask again.", self._path, error)


def _jsonable(kept: KeptAnswer) -> dict[str, Any]:
    return {
        "version": _VERSION,
        "licence": kept.licence,
        "asked_on": None if kept.asked_on is None else kept.asked_on.isoformat(),
        "asked": kept.asked,
        "failures": kept.failures,
        "not_before_at": None if kept.not_before_at is None else kept.not_before_at.isoformat(),
        "prices": [[price.start_s, price.end_s, price.per_kwh] for price in kept.prices],
    }


def _kept(data: dict[str, Any]) -> KeptAnswer:
    if data["version"] != _VERSION:
        raise ValueError(f"version {data['version']!r}, not {_VERSION}")
    spans = [Span(float(start_s), float(end_s), float(price)) for start_s, end_s, price in data["prices"]]
    answer = priced(spans, "EUR/kWh", "the kept file", lambda text: log.debug("%s", text), usual=1.0)
    licence = data.get("licence")
    return KeptAnswer(
        prices=answer.prices,
        licence=licence if isinstance(licence, str) else None,
        asked_on=day_in(data, "asked_on"),
        asked=int(number_in(data, "asked") or 0),
        failures=int(number_in(data, "failures") or 0),
        not_before_at=instant_in(data, "not_before_at"),
    )
