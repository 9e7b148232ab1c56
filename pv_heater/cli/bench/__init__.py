"""The command line of the benchmarks."""

from __future__ import annotations

import typer

from pv_heater.cli.bench.broken import faults, torture
from pv_heater.cli.bench.caught import capture, compare, planned
from pv_heater.cli.bench.cost import card, footprint, history, speed, web
from pv_heater.cli.bench.held import fuzz, invariants, kills, mutate, soak

_COST = (speed, history, footprint, card, web)
_CAUGHT = (capture, compare, planned)
_HELD = (invariants, fuzz, soak, kills, faults, torture, mutate)

bench = typer.Typer(help="Measure what the program catches and what it costs.", rich_markup_mode=None)
for _command in (*_COST, *_CAUGHT, *_HELD):
    bench.command()(_command)
