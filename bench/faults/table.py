"""All faults, by their group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bench.faults.fault import Fault
from bench.faults.groups import clock, data, disk, gx, network, numbers, outputs, people, process, state

GROUPS: Mapping[str, Sequence[Fault]] = {
    "data": data.FAULTS,
    "false numbers": numbers.FAULTS,
    "GX device": gx.FAULTS,
    "time": clock.FAULTS,
    "network": network.FAULTS,
    "disk": disk.FAULTS,
    "state": state.FAULTS,
    "process": process.FAULTS,
    "outputs": outputs.FAULTS,
    "people": people.FAULTS,
}
