"""All faults, by their group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bench.faults.fault import Fault
from bench.faults.groups import data, process

GROUPS: Mapping[str, Sequence[Fault]] = {"data": data.FAULTS, "process": process.FAULTS}
