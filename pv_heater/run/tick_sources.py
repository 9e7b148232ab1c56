"""What a tick asks before it decides. Whoever fetches does so on a thread of its own: every answer comes at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.prices import PricePeriod
from pv_heater.core.model.requests import Command
from pv_heater.core.model.trace import OwnValue
from pv_heater.core.model.values import Forecast, Inputs, Reading
from pv_heater.core.rules.rules import NO_WISHES, Wishes
from pv_heater.ports import Feed


class NoFeed:
    """Stands for a forecast, or a meter, where none is set up."""

    def latest(self) -> None:
        """Always None."""
        return


def _nobody_knows(*_: object) -> None:
    return None


def _no_wishes() -> Wishes:
    return NO_WISHES


@dataclass(frozen=True, slots=True, kw_only=True)
class TickSources:
    """One home's, all of them; what is left out knows nothing."""

    meter: Feed[Reading]
    forecast: Feed[Forecast] = NoFeed()
    temperatures: Callable[[], Mapping[str, float]] = dict
    """What sensors of the loads' own say, degC by load."""
    powers: Callable[[], Mapping[str, tuple[float, float]]] = dict
    """What meters of the loads' own say, (W, age in seconds) by load."""
    prices: Callable[[], tuple[PricePeriod, ...]] = tuple
    """What is known of a market's prices."""
    values: Callable[[], Mapping[str, OwnValue]] = dict
    """The owner's own values."""
    wishes: Callable[[], Wishes] = _no_wishes
    """What rule files ask for."""
    distrusted_because: Callable[[], str | None] = _nobody_knows
    """Why the reading that `meter` gave last must not be used; None: it may."""
    clock_trusted: Callable[[datetime, Reading | None], bool | None] = _nobody_knows
    """Whether the wall clock may be believed; None: nobody asks."""

    def inputs(
        self,
        now: datetime,
        reading: Reading | None,
        *,
        tick_s: float,
        commands: tuple[Command, ...],
        health: Mapping[str, str],
        unreachable: Mapping[str, str],
    ) -> Inputs:
        """What the controller is to know beside `reading`, which is the meter's newest. `tick_s` is monotonic."""
        powers, wishes = self.powers(), self.wishes()
        return Inputs(
            tick_s=tick_s,
            commands=commands,
            health=health,
            unreachable=unreachable,
            load_w={name: power_w for name, (power_w, _) in powers.items()},
            load_w_age_s={name: age_s for name, (_, age_s) in powers.items()},
            load_c=self.temperatures(),
            values=self.values(),
            wishes=wishes.wishes,
            wish_because=wishes.because,
            wish_power_w=wishes.power_w,
            probes=wishes.probes,
            prices=self.prices(),
            clock_trusted=self.clock_trusted(now, reading),
            distrusted_because=self.distrusted_because(),
        )
