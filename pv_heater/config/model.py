"""What a configuration holds once it is read: every section, in order, with its defaults."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

from pv_heater import PROJECT_FOLDER
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import setting
from pv_heater.core.settings.history import History
from pv_heater.core.settings.home import Limits, Site, TariffPeriod, VacationSpan
from pv_heater.core.settings.load import BatteryShare, LoadSettings
from pv_heater.core.settings.mqtt import Mqtt
from pv_heater.telemetry.messages.settings import MessageSettings
from pv_heater.web.settings import WebSettings

S_co = TypeVar("S_co", covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedSettings(Generic[S_co]):
    """One adapter or strategy: its word in the table, its class, and the settings it is built with."""

    type: str
    cls: Callable[..., Any]
    settings: S_co

    def build(self, *tools: Any) -> Any:
        """The adapter itself: ``cls(settings, *tools)``."""
        return self.cls(self.settings, *tools)


def named_rows(rows: Sequence[TypedSettings[S_co]]) -> Iterator[tuple[str, TypedSettings[S_co]]]:
    """Each row by a name of its own: its type, and a second one of the same type is called ``mqtt_2``."""
    types = [row.type for row in rows]
    for index, row in enumerate(rows):
        count = types[: index + 1].count(row.type)
        yield (row.type if count == 1 else f"{row.type}_{count}"), row


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpio:
    """How pins are driven."""

    factory: str = setting(
        "library that drives the pins; mock runs the real code on simulated pins",
        default="auto",
        choices=("auto", "lgpio", "rpigpio", "mock"),
    )
    pin_log: str | None = setting("file that gets a JSON line for each change of a mock pin", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """Where the log goes."""

    file: str | None = setting(
        "log file; auto is in $LOGS_DIRECTORY, else /tmp/pv_heater.log; the start prints the path", default=None
    )
    max_bytes: int = setting(
        "a fuller log is rotated, one older file is kept",
        default=10_000_000,
        unit="bytes",
        minimum=1000,
        maximum=1_000_000_000,
    )
    steps: str = setting(
        "small steps of power and of the plan; folded: one line a quarter hour, all: every one",
        default="folded",
        choices=("folded", "all"),
        live=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All settings. `warnings` are sentences for the log, `path` is the file (None: a mapping)."""

    site: Site = setting("the home", factory=Site)
    meter: tuple[TypedSettings[Any], ...] = setting("what measures the house; the first fresh one counts", default=())
    forecast: tuple[TypedSettings[Any], ...] = setting(
        "where the forecast of the sun comes from, best first", default=()
    )
    strategy: TypedSettings[Any] = setting("how much power is good")
    limits: Limits = setting("conditions in front of every strategy", factory=Limits)
    vacation: tuple[VacationSpan, ...] = setting("when nobody is home", default=())
    tariff: tuple[TariffPeriod | TypedSettings[Any], ...] = setting(
        "prices by time of day, or where the prices of a market come from", default=()
    )
    loads: tuple[TypedSettings[LoadSettings] | BatteryShare, ...] = setting(
        "what the surplus is spent on, first the first in the list"
    )
    values: Mapping[str, TypedSettings[Any]] = setting(
        "the owner's own numbers by name, for rules, history and page; `type:` first in each", factory=dict
    )
    gpio: Gpio = setting("how pins are driven", factory=Gpio)
    log: Log = setting("where the log goes", factory=Log)
    state_dir: str | None = setting(
        "folder for what must survive a restart; auto is $STATE_DIRECTORY, else a folder beside this file",
        default=None,
    )
    history: History = setting("what is kept of what happened; off keeps nothing", factory=History)
    web: WebSettings | None = setting("page and JSON API", default=None)
    mqtt: Mqtt | None = setting("status and commands over MQTT", default=None)
    publish: tuple[TypedSettings[Any], ...] = setting("other systems that are told how the home fares", default=())
    messages: MessageSettings | None = setting("messages to people about what is wrong, and of each day", default=None)
    display: tuple[TypedSettings[Any], ...] = setting("small displays, with buttons or without", default=())
    tick_s: float = setting("how often everything is decided again", default=1.0, unit="s", minimum=0.2, maximum=5)
    guard: bool = setting(
        "a second, small process that switches off when this one is killed or hangs; where systemd watches it is not "
        "needed and not started",
        default=True,
    )
    dry_run: bool = setting("true: decide and log, but switch nothing", default=False)
    schema: int = setting("version of this file's layout; older ones are converted as they are read", default=1)
    warnings: tuple[str, ...] = ()
    path: Path | None = None
    secret_files: tuple[Path, ...] = ()
    """Files in which a token or a password stands, this one included where it does."""

    @property
    def policies(self) -> tuple[LoadSettings, ...]:
        """The settings of every load, the first comes first; the battery's place is left out."""
        return tuple(row.settings for row in self.loads if not isinstance(row, BatteryShare))

    @property
    def fixed_tariff(self) -> tuple[TariffPeriod, ...]:
        """The prices by time of day; beside a market those that count while its own are not known."""
        source = self.price_source
        if source is not None:
            otherwise: tuple[TariffPeriod, ...] = source.settings.otherwise
            return otherwise
        return tuple(row for row in self.tariff if isinstance(row, TariffPeriod))

    @property
    def price_source(self) -> TypedSettings[Any] | None:
        """Where the prices of a market come from; None where all prices are set."""
        return next((row for row in self.tariff if isinstance(row, TypedSettings)), None)

    @property
    def temperatures(self) -> Mapping[str, TypedSettings[Any]]:
        """The sensors of the loads that have one of their own, by the name of the load."""
        rows = {policy.name: policy.temperature_from for policy in self.policies}
        return {name: row for name, row in rows.items() if isinstance(row, TypedSettings)}

    @property
    def power_meters(self) -> Mapping[str, TypedSettings[Any]]:
        """What measures the loads that have a meter of their own, by the name of the load."""
        rows = {policy.name: policy.power_from for policy in self.policies}
        return {name: row for name, row in rows.items() if isinstance(row, TypedSettings)}

    @property
    def assumed_daylight(self) -> str | None:
        """A sentence where daylight is guessed because nobody said where the home is; else None."""
        daylight = self.limits.daylight
        if self.site.located or "clock" in (daylight.start.event, daylight.end.event):
            return None
        return (
            f"without site.latitude and site.longitude the sun is not known: sunrise is taken as 08:00 and sunset as "
            f"18:00 in {self.site.timezone}; name the place, or clock times in limits.daylight"
        )

    def resolve(self, path: str | Path) -> Path:
        """The file meant by a relative `path`: in the current folder, beside the configuration, or in the project."""
        wanted = Path(path).expanduser()
        beside = [self.path.parent / wanted] if self.path is not None else []
        return next((place for place in [wanted, *beside] if place.exists()), PROJECT_FOLDER / wanted)
