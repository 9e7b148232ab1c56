"""What the loop expects of the world: one small protocol for each thing it can talk to.

Adapters satisfy these by having the methods; nothing inherits from here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.prices import KnownPrices, MarketAnswer
from pv_heater.core.model.requests import Force
from pv_heater.core.model.status import Status
from pv_heater.core.model.values import Forecast, Reading, Setpoint
from pv_heater.core.settings.home import Site
from pv_heater.core.settings.load import LoadSettings

T_co = TypeVar("T_co", covariant=True)


class Clock(Protocol):
    """Time, and the only way to wait for it."""

    def now(self) -> datetime:
        """Wall time, aware."""
        ...

    def monotonic_s(self) -> float:
        """Seconds that never jump."""
        ...

    def wait_until(self, monotonic_s: float) -> None:
        """Return at `monotonic_s`, or earlier when `wake` is called or a signal comes."""
        ...

    def wake(self) -> None:
        """End a running or the next `wait_until` at once; safe from any thread and from a signal handler."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What every adapter is built with beside its own settings."""

    clock: Clock
    site: Site
    state_dir: Path
    """Where an adapter may keep files of its own; it exists."""
    pins: Callable[[], Any]
    """Gives the program's one `io.gpio.pins.Pins`, opened on first use; raises HardwareError."""


class Meter(Protocol):
    """Answers: what is the house doing?

    A source that is asked answers when asked. One that speaks by itself (MQTT, a serial line) returns from `read` as
    soon as there is something new, so that a sample wakes the loop; its `interval_s` is 0.
    """

    @property
    def interval_s(self) -> float:
        """Seconds until it makes sense to ask again."""
        ...

    def read(self) -> Reading:
        """The newest reading. Blocks for as long as the source takes; raises SourceError."""
        ...

    def close(self) -> None:
        """End connections and threads of its own. From any thread; may be repeated."""
        ...


class Meaning(Protocol):
    """What a value of the owner's own is, by its settings."""

    @property
    def unit(self) -> str:
        """Shown behind it; may be empty."""
        ...

    def instead(self, last: float | None) -> float | None:
        """What counts while it is lost; `last` is what came last, if anything did. None: nothing is known."""
        ...


class Sensor(Protocol):
    """Answers one number, such as the temperature of a tank. Asked as a `Meter` is."""

    @property
    def interval_s(self) -> float:
        """Seconds until it makes sense to ask again; 0 for a source that speaks by itself."""
        ...

    @property
    def max_age_s(self) -> float:
        """The age at which its newest value is no longer worth anything, in seconds."""
        ...

    def read(self) -> float:
        """The newest value. Blocks for as long as the source takes; raises SourceError, also for a lost probe."""
        ...

    def close(self) -> None:
        """End connections and threads of its own. From any thread; may be repeated."""
        ...


class ForecastSource(Protocol):
    """Answers: what will the sun give?"""

    @property
    def interval_s(self) -> float:
        """Seconds until it makes sense to ask again."""
        ...

    def fetch(self, now: datetime) -> Forecast:
        """The newest forecast. Blocks for as long as the source takes; raises SourceError."""
        ...


class PriceSource(Protocol):
    """Answers: what does a kWh cost on a market? Asked by `tariffs.price_feed` alone."""

    name: str
    """What messages call it, its zone included."""
    cache_key: str
    """Names what it asks for: equal for equal questions. Holds no secret."""

    @property
    def interval_s(self) -> float | None:
        """How often it may be asked, in seconds; None for one that publishes once a day and is to be asked rarely."""
        ...

    def fetch(self, day: date) -> MarketAnswer:
        """The prices of a day, by the market's calendar, or all it has. Blocks; raises SourceError."""
        ...

    def close(self) -> None:
        """End connections of its own. May be repeated."""
        ...


class Feed(Protocol[T_co]):
    """The latest value of a source, without waiting for it."""

    def latest(self) -> T_co | None:
        """The newest value, or None before the first."""
        ...


class Load(Protocol):
    """One output. Called on the control thread at every tick, changed or not (level, not edge)."""

    name: str

    def apply(self, setpoint: Setpoint, tick_s: float) -> float | None:
        """Bring the output towards `setpoint`; return the tick at which to be called again early, if any.

        Off means the normal stop. `tick_s` is monotonic. Raises HardwareError.
        """
        ...

    def safe(self, tick_s: float) -> float | None:
        """Safety stop: contact open first, at once, then power to zero, then quiet. May be repeated.

        Returns the tick at which to be called again to finish, None when nothing is left to do.
        Raises HardwareError, after having tried everything.
        """
        ...

    def trip(self) -> None:
        """Open the contact from another thread and hold it open until `reset`; never waits, never raises."""
        ...

    def reset(self) -> None:
        """Allow the output again after `trip`."""
        ...

    def still_on(self) -> str | None:
        """Why it may still be on, in words; None once it was seen off: contacts open, a device confirmed it.

        From any thread; never waits.
        """
        ...

    def trouble(self) -> str | None:
        """Why the output cannot be reached now; None while it can. Ends by itself, unlike a HardwareError."""
        ...

    def power_w(self) -> float:
        """What the output is set to draw right now, by its own account; 0 while the contact is open."""
        ...

    def close(self) -> None:
        """Leave the output safe and give its pins back. May be repeated."""
        ...


@runtime_checkable
class WithKnob(Protocol):
    """A load with a contact in front of a knob, which commissioning moves by themselves. On the control thread."""

    def close_at_zero(self, tick_s: float) -> float | None:
        """Knob to zero, then the contact closed, and both kept so; as `Load.apply` otherwise."""
        ...

    def turn_while_open(self, percent: float, tick_s: float) -> float | None:
        """Contact open and kept open, the knob to `percent`; as `Load.apply` otherwise."""
        ...


class Device(Protocol):
    """An output at the other end of a network, as one thread talks to it; `loads.networked` makes a `Load` of it."""

    @property
    def refresh_s(self) -> float:
        """The setpoint is sent again at least this often: a device switches itself off when nobody speaks to it."""
        ...

    def set_power(self, power_w: float) -> None:
        """Tell the device, 0 for off, and make sure that it took it. Blocks; raises SourceError when it did not."""
        ...

    def close(self) -> None:
        """End the connection. From any thread; may be repeated."""
        ...


@runtime_checkable
class Follower(Protocol):
    """An output whose device asks what it is to do, and keeps to that until it hears something else."""

    name: str

    @property
    def address(self) -> str:
        """From where its device asks."""
        ...

    @property
    def percent(self) -> int:
        """What the device was told last; 0 before it asked."""
        ...

    def asked(self) -> int:
        """What the device is to do, in percent, and that it hears so now. From any thread; never waits."""
        ...


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


class Display(Protocol):
    """A small display, perhaps with buttons. One thread of its own talks to it, and may wait for it."""

    @property
    def interval_s(self) -> float:
        """Seconds from one turn to the next."""
        ...

    def turn(self, status: Status | None, at_s: float) -> tuple[Force, ...]:
        """Show the newest tick, and tell what was pressed; `at_s` is monotonic.

        `status` is None before the first tick and while no new one comes: what was true then may not be true now, so
        it is not shown, and nothing is pressed. Raises SourceError, HardwareError.
        """
        ...

    def close(self) -> None:
        """Go dark and let go of the wires. May be repeated. Raises SourceError, HardwareError."""
        ...


class Publisher(Protocol):
    """Another system that is told how the home fares. One thread of its own talks to it, and may wait for it."""

    @property
    def interval_s(self) -> float:
        """Seconds from one `tell` to the next while all is well."""
        ...

    def tell(self, document: Mapping[str, Any] | None, at_s: float) -> Sequence[Mapping[str, Any]]:
        """Tell it what is true now, and answer what it asks for: requests as `Home.ask` takes them.

        `document` is that of `status`, of the newest tick, with ``energy_total_wh`` in each load, which never goes
        down; None before the first and while no new one comes. `at_s` is monotonic. Raises SourceError.
        """
        ...

    def ask(self) -> str:
        """What it says of itself, for `check`, which tells it nothing. Blocks; raises SourceError."""
        ...

    def close(self) -> None:
        """End the connection. From any thread; may be repeated."""
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
