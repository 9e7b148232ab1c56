"""The command line of the benchmarks."""

from __future__ import annotations

import typer

from pv_heater.cli.bench.broken import faults
from pv_heater.cli.bench.caught import capture, planned
from pv_heater.cli.bench.cost import card, footprint, history, speed, web
from pv_heater.cli.bench.held import fuzz, invariants, kills, mutate, soak

bench = typer.Typer(help="Measure what the program catches and what it costs.", rich_markup_mode=None)
for _command in (speed, history, footprint, card, web, capture, planned, invariants, fuzz, soak, kills, faults, mutate):
    bench.command()(_command)
