"""What the loop expects of the world: one small protocol for each thing it can talk to.

Adapters satisfy these by having the methods; nothing inherits from here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.prices import MarketAnswer
from pv_heater.core.model.requests import Force
from pv_heater.core.model.status import Status
from pv_heater.core.model.values import Forecast, Reading, Setpoint
from pv_heater.core.settings.home import Site

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
