"""The running home, as page, API and whoever tells other systems see it. From any thread; nothing waits for the loop.

`run.home.running_home` satisfies this by having the methods, as adapters do with `ports`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

from pv_heater.core.model.prices import KnownPrices
from pv_heater.core.model.status import Status
from pv_heater.core.model.values import Forecast
from pv_heater.core.settings.home import Site
from pv_heater.core.settings.load import LoadSettings
from pv_heater.ports import Follower


class HistoryReader(Protocol):
    """What was kept of the home, for page and API. From any thread; reads beside the writer and never delays it.

    Raises ValueError, with a sentence, for what cannot be asked, and HistoryTrouble when the file cannot be read.
    """

    @property
    def trouble(self) -> str | None:
        """Why nothing is written now, as a sentence; None while all is well."""
        ...

    def columns(
        self, from_at: datetime, to_at: datetime, step_s: int | None = None, series: Sequence[str] | None = None
    ) -> Mapping[str, Any]:
        """``{"t0", "step_s", "series": {name: [number or None]}}``, `to_at` excluded; None asks for what fits."""
        ...

    def csv(
        self, from_at: datetime, to_at: datetime, step_s: int | None = None, series: Sequence[str] | None = None
    ) -> Iterator[str]:
        """The same as text, piece by piece."""
        ...

    def days(self, from_day: date, to_day: date) -> Sequence[Mapping[str, Any]]:
        """The energies of each day of which there are any, both ends included; see `DayEnergies.as_json`."""
        ...

    def transitions(self, from_at: datetime, to_at: datetime, load: str | None = None) -> Sequence[Mapping[str, Any]]:
        """What changed and why, oldest first."""
        ...

    def backup(self) -> Path:
        """A consistent copy of all of it, as a file. Takes a second for each 10 MB on a small machine."""
        ...


class SettingsEditor(Protocol):
    """Live settings of the running program, for whoever lets the owner change them. From any thread."""

    def read(self) -> Mapping[str, Any]:
        """``etag``, ``editable``, ``why_not``, ``undo`` (a count), ``restart_needed`` and ``settings``, a row each.

        JSON types only; a secret is shown as ``set``.
        """
        ...

    def change(self, changes: Mapping[str, Any], *, etag: str, who: str) -> Mapping[str, Any]:
        """Change settings by their paths, None is the default; `etag` as `read` gave it, `who` is for the log.

        The answer has ``message``, ``applied``, ``etag``, ``warnings`` and ``undo``. Raises WrongSettings,
        SettingsConflict, NotEditable; then nothing is changed.
        """
        ...

    def undo(self, *, etag: str, who: str) -> Mapping[str, Any]:
        """Take back the last change. Answers and raises the same."""
        ...


class Home(Protocol):
    """The running controller, as a page sees it. From any thread; nothing here waits for the loop."""

    @property
    def site(self) -> Site:
        """Where it is and what it has."""
        ...

    @property
    def kinds(self) -> Mapping[str, str]:
        """The type of each load, in their order: ``servo_regulator``."""
        ...

    @property
    def is_demo(self) -> bool:
        """Whether it is a recorded day that is being played."""
        ...

    @property
    def log_file(self) -> Path | None:
        """Where the log is; None where nobody writes one."""
        ...

    @property
    def settings(self) -> SettingsEditor | None:
        """Changes live settings; None where nothing may be changed at all."""
        ...

    @property
    def history(self) -> HistoryReader | None:
        """What was kept of it; None where nothing is."""
        ...

    @property
    def followers(self) -> Mapping[str, Follower]:
        """The loads whose devices ask by the page, by name."""
        ...

    def status(self) -> Status | None:
        """The newest tick, the same object until the next; None before the first."""
        ...

    def forecast(self) -> Forecast | None:
        """What the newest tick was told to expect of the sun; None where nobody tells."""
        ...

    def prices(self) -> KnownPrices | None:
        """What a kWh costs today and tomorrow, and who says so; None where nobody does."""
        ...

    def report(self) -> Mapping[str, Any] | None:
        """The newest account of a day, see `report.account`; None before the first evening."""
        ...

    def policies(self) -> Mapping[str, LoadSettings]:
        """The settings of each load, in their order; a power that was learned is in them."""
        ...

    def identity(self) -> Mapping[str, Any]:
        """``home``, ``file``, ``pid``, ``since_at``, ``outputs`` (dry, mock, real) and ``dry``."""
        ...

    def ask(self, request: Mapping[str, Any], /) -> Mapping[str, Any]:
        """Obey: the same requests as on the control socket, see `run.requests`. ``message`` says what will come of it.

        Raises ValueError with what would be right. An answer to a command has its number, ``id``: it is done once
        `Status.commands_seen` has reached that.
        """
        ...

    def entries(self, load: str | None, count: int) -> Sequence[Mapping[str, Any]]:
        """The last `count` changes, oldest first; with `load` its own and the home's. Raises ValueError."""
        ...

    def sources(self) -> Sequence[Mapping[str, Any]]:
        """How each meter, forecast, sensor, display and whoever is told fares."""
        ...

    def troubles(self) -> Mapping[str, str]:
        """What is wrong beside sources and loads: a sentence each, by its code."""
        ...
