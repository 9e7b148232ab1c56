"""What goes wrong around a controller: its meter, its forecast, its clock, its hardware and its people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from pv_heater.core.model.prices import PricePeriod
from pv_heater.core.model.requests import ClearFault, Command, Force, Mode, Vacation
from pv_heater.core.model.values import Forecast, Inputs, Reading

KEPT_READINGS = 20
_POWERS = ("pv_w", "consumption_w", "grid_w", "battery_w")
_MISSABLE = (*_POWERS, "battery_soc_percent", "pv_throttled", "feed_in_allowed")


class StrangeMeter:
    """Tells what a home's meter says, or something else: less, later, again, in another order, or nonsense."""

    def __init__(self, chance: Random, roughness: float) -> None:
        """`roughness` 0 is an honest meter, 1 a bad day, 4 a nightmare."""
        self._chance = chance
        self._often = roughness
        self._silent_until_s = 0.0
        self._blind: tuple[str, ...] = ()
        self._said: list[Reading] = []
        self._late_s = chance.choice([0.0, 0.0, 60.0, 600.0]) if roughness > 0 else 0.0
        self._throttle = chance.choice(["told", "told", "hidden", "lied"])
        self._phases = chance.choice([(1.0,), (0.2, 0.3, 0.5), (0.0, 1.0, 0.0), (-0.5, 0.7, 0.8)])
        """What of the grid's power each phase carries; one may feed back what another draws."""

    def say(self, truth: Reading, tick_s: float, *, in_order: bool) -> Reading | None:
        """What arrives at the controller now; `truth` is what there is to be seen.

        `in_order`: nothing is said again. Where the controller's clock is behind, nobody could tell that it is old.
        """
        chance = self._chance
        if chance.random() < 0.01 * self._often:
            self._silent_until_s = tick_s + chance.choice([30.0, 400.0, 4000.0])
        if chance.random() < 0.01 * self._often:
            self._blind = tuple(chance.sample(_MISSABLE, chance.randint(0, 3)))
        self._said = [*self._said, self._worsened(truth)][-KEPT_READINGS:]
        if tick_s < self._silent_until_s:
            return None
        if chance.random() < 0.05 * self._often and not in_order:
            return chance.choice(self._said)
        late = timedelta(seconds=self._late_s)
        arrived = [reading for reading in self._said if truth.taken_at - reading.taken_at >= late]
        return arrived[-1] if arrived else None

    def _worsened(self, truth: Reading) -> Reading:
        chance = self._chance
        changes: dict[str, Any] = dict.fromkeys(self._blind)
        if truth.grid_w is not None:
            changes["grid_phase_w"] = tuple(share * truth.grid_w for share in self._phases)
        if self._throttle != "told":
            changes["pv_throttled"] = None if self._throttle == "hidden" else chance.choice([True, False])
        if chance.random() < 0.02 * self._often:
            changes[chance.choice(_POWERS)] = chance.choice([-9000.0, 0.0, 500.0, 1500.0, 25_000.0])
        if chance.random() < 0.02 * self._often:
            changes["battery_soc_percent"] = chance.choice([0.0, 10.0, 22.0, 45.0, 100.0])
        if chance.random() < 0.01 * self._often:
            changes["grid_connected"] = False
        if chance.random() < 0.02 * self._often:
            changes["load_c"] = {}
        return replace(truth, **changes)


def strange_forecast(chance: Random, usual: Forecast) -> Forecast | None:
    """The usual forecast, or one that is absurd, scaled, short, or begins or ends in the middle of a day."""
    steps = usual.steps
    first, last = sorted(chance.sample(range(len(steps) + 1), 2))
    kinds: dict[str, tuple[tuple[datetime, float], ...]] = {
        "usual": steps,
        "scaled": tuple((at, chance.choice([0.2, 5.0]) * pv_w) for at, pv_w in steps),
        "absurd": tuple((at, chance.choice([-5000.0, 0.0, 1e7])) for at, _ in steps),
        "constant": tuple((at, 4000.0) for at, _ in steps),
        "nothing": tuple((at, 0.0) for at, _ in steps),
        "part": steps[first:last],
        "empty": (),
    }
    kind = chance.choice(["none", "usual", "usual", *kinds])
    return None if kind == "none" else replace(usual, source=f"{kind} forecast", steps=kinds[kind])


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What happens between two steps, beside the meter."""

    inputs: Inputs
    """Without the tick."""
    clock_jump: timedelta = timedelta(0)
    restart: bool = False


def trouble(chance: Random, roughness: float, names: Sequence[str], now: datetime) -> Trouble:
    """Commands, faults, rules and prices of one step; a jump of the clock or a restart, never both.

    After a restart only the wall clock tells how long the program was away, so a jump then would count as rest.
    """
    often, name = roughness, chance.choice(names)
    commands: list[Command] = []
    if chance.random() < 0.02 * often:
        for_s = chance.choice([None, 0.0, 600.0, 20_000.0])
        power_w = chance.choice([None, 0.0, 700.0, 99_000.0])
        mode = chance.choice(list(Mode))
        # No strange home allows it, so that it is the usual time.
        for_good = for_s is None and power_w is None and mode is not Mode.AUTO
        commands.append(Force(load=name, mode=mode, for_s=for_s, power_w=power_w, for_good=for_good))
    if chance.random() < 0.02 * often:
        commands += [ClearFault(load=each) for each in names]
    if chance.random() < 0.005 * often:
        commands.append(Vacation(until_at=chance.choice([None, now + timedelta(hours=1)])))
    price = PricePeriod(from_at=now, to_at=now + timedelta(hours=1), import_per_kwh=-0.1, export_per_kwh=0.3)
    inputs = Inputs(
        commands=tuple(commands),
        health={name: "relay: stuck"} if chance.random() < 0.005 * often else {},
        wishes={name: chance.choice([Mode.ON, Mode.OFF])} if chance.random() < 0.05 * often else {},
        prices=(price,) if chance.random() < 0.5 else (),
        clock_trusted=False if chance.random() < 0.01 * often else chance.choice([None, True]),
    )
    restart = chance.random() < 0.005 * often
    jump_days = chance.choice([-90.0, -1.0, 1 / 24, 1.0, 90.0]) if chance.random() < 0.003 * often else 0.0
    return Trouble(inputs=inputs, clock_jump=timedelta(days=0.0 if restart else jump_days), restart=restart)
