"""A home as homes are: the software home's physics, what installers add to it, and a meter that is a chain of devices.

Beside the sun, the house and the heaters there are DC loads, losses of the inverter, a generator, a battery whose own
management stops it below 100 %, and a grid that bears each step until the inverter has taken it over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from itertools import pairwise
from typing import Protocol

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.values import Reading
from pv_heater.sim.chain_topics import topics_of
from pv_heater.sim.chain_words import Truth
from pv_heater.sim.clock import SimClock
from pv_heater.sim.home import Home, HomeSettings, Ledger
from pv_heater.sim.recording import HomeRecording
from pv_heater.sim.victron_chain import ChainSettings, VictronChain

FINE_S = 5.0
"""Before the end of each stretch the home is lived second by second for this long: what the drivers still look at."""
STEP_S = 1.0
GENERATOR_CHARGES_W = 1500.0
"""What the inverter charges the battery with while a generator runs, where it can give as much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class During:
    """A power between two seconds of the simulation."""

    from_s: float
    to_s: float
    power_w: float


def rhythm(from_s: float, to_s: float, power_w: float, *, on_s: float, off_s: float) -> tuple[During, ...]:
    """A load with a rhythm of its own between two seconds, such as a car that follows the sun by itself."""
    rows = []
    while from_s < to_s:
        rows.append(During(from_s=from_s, to_s=min(to_s, from_s + on_s), power_w=power_w))
        from_s += on_s + off_s
    return tuple(rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class RealHomeSettings:
    """What a home is made of beyond `HomeSettings`."""

    home: HomeSettings = field(default_factory=HomeSettings)
    full_percent: float = 100.0
    """The charge at which the battery takes nothing more; all of `home.capacity_wh` fits below it."""
    input_share: float = 0.3
    """Part of the house that hangs on the grid's side of the inverter. The heaters hang on its output."""
    second_charger_share: float = 0.4
    """Part of the sun that the second charger has."""
    ac_loads: Sequence[During] = ()
    """What runs beside the recorded house, on the inverter's output: a kettle, a car with a rhythm of its own."""
    dc_loads: Sequence[During] = ()
    generator: Sequence[During] = ()
    """The generator's greatest power; while it runs the grid is away."""
    regulation_s: float = 1.1
    """Time constant with which an ESS takes over what a step of a load first draws from the grid; 0 is at once."""
    standby_w: float = 0.0
    loss_share: float = 0.0
    """What the inverter takes for itself: always, and of what it passes on."""
    chain: ChainSettings = field(default_factory=ChainSettings)


class Draws(Protocol):
    """A load, as far as a home is concerned."""

    @property
    def name(self) -> str:
        """As in `HomeSettings.tanks`."""
        ...

    def power_w(self) -> float:
        """What it is set to draw."""
        ...


class RealHome:
    """Like `RecordedHome`: lives as the simulated clock advances, but is read through a `VictronChain`."""

    def __init__(self, settings: RealHomeSettings, recording: HomeRecording, clock: SimClock) -> None:
        whole = 100.0 / settings.full_percent
        physics = replace(
            settings.home,
            start_percent=min(100.0, settings.home.start_percent * whole),
            reserve_percent=settings.home.reserve_percent * whole,
            tells_loads=True,
            tells_throttling=True,
        )
        self._settings = settings
        self._recording = recording
        self._clock = clock
        self._home = Home(physics, local_start_s=recording.local_start_s)
        self._loads: tuple[Draws, ...] = ()
        self._chain = VictronChain(replace(settings.chain, feed_in=settings.home.feed_in))
        self._inverter_w: float | None = None
        """What the inverter gives to the AC side; None before the first step."""
        self._heat_w = 0.0
        self._generator_ws = 0.0
        self._settled_ws = (0.0, 0.0)
        """What steps of the loads made the grid deliver and take until the inverter had taken them over."""
        rows = (*settings.ac_loads, *settings.dc_loads, *settings.generator)
        self._edges = sorted({edge for row in rows for edge in (row.from_s, row.to_s)})
        self.truth = self._live(0.0, 0.0)
        """What the home does now, without any lateness."""
        clock.on_advance(self.advance)

    def connect(self, loads: Sequence[Draws]) -> None:
        """From now on these loads draw what they say they are set to."""
        self._loads = tuple(loads)

    def advance(self, from_s: float, to_s: float) -> None:
        """Live through a stretch of simulated time; nothing is lived beyond the recording's end."""
        to_s = min(to_s, self._recording.end_s)
        if from_s >= to_s:
            return
        for begin_s, end_s in pairwise(self._moments(from_s, to_s)):
            self.truth = self._live(begin_s, end_s)
            self._chain.keep_silent(end_s, self._clock.at)

    def read(self) -> Reading:
        """What the home's meter says now; raises SourceError while it says nothing."""
        return self._chain.reading(self._clock.monotonic_s(), self._clock.at)

    def topics(self) -> dict[str, object]:
        """What the GX device's broker shows now, by topic; raises SourceError while it shows nothing."""
        settings = self._settings
        words = self._chain.words(self._clock.monotonic_s())
        return topics_of(words, feed_in=settings.home.feed_in, dc_is_measured=settings.chain.dc_is_measured)

    def exact(self) -> Reading:
        """What a meter without any lateness or fault would say of the last stretch, in its middle."""
        now_s = self._clock.monotonic_s()
        truth = self.truth.at((self.truth.from_s + now_s) / 2.0)
        return Reading(
            taken_at=self._clock.now(),
            source="truth",
            pv_w=sum(truth.charger_w),
            consumption_w=truth.output_w + truth.input_w,
            grid_w=truth.grid_w,
            battery_w=truth.battery_w,
            battery_soc_percent=truth.soc_percent,
            pv_throttled=truth.throttled,
        )

    @property
    def soc_percent(self) -> float:
        """The battery's charge as an honest monitor shows it."""
        return self._home.soc_percent * self._settings.full_percent / 100.0

    @property
    def ledger(self) -> Ledger:
        """What became of the energy so far; DC loads and losses count as the house, a generator as sun."""
        ledger = self._home.ledger
        bought_wh, sold_wh = (energy_ws / 3600.0 for energy_ws in self._settled_ws)
        return replace(
            ledger,
            grid_import_wh=ledger.grid_import_wh + bought_wh,
            grid_export_wh=ledger.grid_export_wh + sold_wh,
            battery_end_wh=ledger.battery_end_wh + bought_wh - sold_wh,
        )

    @property
    def generator_wh(self) -> float:
        """What the generator has given since the beginning, Wh."""
        return self._generator_ws / 3600.0

    def _moments(self, from_s: float, to_s: float) -> list[float]:
        """Where the stretch is cut: where something begins or ends, and each second before its end."""
        inner = {edge for edge in self._edges if from_s < edge < to_s}
        fine_s = to_s - STEP_S
        while fine_s > max(from_s, to_s - FINE_S):
            inner.add(fine_s)
            fine_s -= STEP_S
        return [from_s, *sorted(inner), to_s]

    def _live(self, from_s: float, to_s: float) -> Truth:
        heater_w: Mapping[str, float] = {load.name: load.power_w() for load in self._loads}
        truth = None
        for begin_s, end_s, sun_w, use_w in self._recording.stretches(from_s, to_s):
            truth = self._step(begin_s, end_s, sun_w, use_w, heater_w)
            self._chain.note(truth)
        if truth is None:
            raise ValueError(f"nothing is recorded for second {from_s:.0f}")
        return truth

    def _step(self, from_s: float, to_s: float, sun_w: float, use_w: float, heater_w: Mapping[str, float]) -> Truth:
        """One stretch of constant powers; the truth holds from its beginning."""
        settings = self._settings
        loss_w = settings.standby_w + settings.loss_share * abs(self._inverter_w or 0.0)
        dc_w = _power_w(settings.dc_loads, from_s)
        # DC loads and losses take their part of the sun before the battery sees it; what is short the house bears.
        beforehand_w = min(sun_w, dc_w + loss_w)
        generator_w = _power_w(settings.generator, from_s)
        extra_w = _power_w(settings.ac_loads, from_s)
        house_w = use_w + extra_w + dc_w + loss_w - beforehand_w
        served_w = min(generator_w, house_w + self._heat_w)
        charged_w = min(generator_w - served_w, GENERATOR_CHARGES_W)
        offered_w = sun_w - beforehand_w + charged_w
        self._home.advance(from_s, to_s, offered_w, house_w - served_w, heater_w)
        seen = self._home.reading(self._clock.now())
        produced_w = seen.pv_w or 0.0
        pv_w = max(0.0, produced_w - charged_w)
        self._generator_ws += (served_w + produced_w - pv_w) * (to_s - from_s)
        self._heat_w = sum(seen.load_w.values())
        return self._truth_of(
            from_s,
            to_s,
            seen,
            pv_w=pv_w + beforehand_w,
            input_w=use_w * settings.input_share,
            output_w=use_w * (1.0 - settings.input_share) + extra_w + self._heat_w,
            dc_w=dc_w,
            is_generated=generator_w > 0,
        )

    def _truth_of(
        self,
        from_s: float,
        to_s: float,
        seen: Reading,
        *,
        pv_w: float,
        input_w: float,
        output_w: float,
        dc_w: float,
        is_generated: bool,
    ) -> Truth:
        settings = self._settings
        grid_w = seen.grid_w or 0.0
        off_grid = settings.home.off_grid
        wanted_w = input_w + output_w - grid_w
        settling_w = 0.0
        if self._inverter_w is not None and settings.regulation_s > 0 and not off_grid and not is_generated:
            settling_w = wanted_w - self._inverter_w
        truth = Truth(
            from_s=from_s,
            charger_w=(pv_w * (1.0 - settings.second_charger_share), pv_w * settings.second_charger_share),
            throttled=bool(seen.pv_throttled),
            grid_w=grid_w,
            battery_w=seen.battery_w or 0.0,
            soc_percent=round(self.soc_percent, 1),
            output_w=output_w,
            input_w=input_w,
            dc_w=dc_w,
            source="generator" if is_generated else "none" if off_grid else "grid",
            settling_w=settling_w if abs(settling_w) > 1.0 else 0.0,
            settling_s=settings.regulation_s,
            steering=seen.steering,
        )
        left_w = truth.at(to_s).grid_w - truth.grid_w
        settled_ws = (truth.settling_w - left_w) * truth.settling_s
        bought_ws, sold_ws = self._settled_ws
        self._settled_ws = (bought_ws + max(0.0, settled_ws), sold_ws - min(0.0, settled_ws))
        self._inverter_w = wanted_w - left_w
        return truth


def _power_w(rows: Iterable[During], second: float) -> float:
    return sum(row.power_w for row in rows if row.from_s <= second < row.to_s)
