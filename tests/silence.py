"""A device that falls silent: known soon while it is, and with all the time of a busy machine otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bench.doubles.gx_modbus import ModbusGx
from pv_heater.io.net.modbus import ModbusClient

PATIENT_S = 20.0
"""A client's time limit where an answer comes."""
SHORT_S = 0.3
"""Where none comes."""


@contextmanager
def silent(gx: ModbusGx, client: ModbusClient) -> Iterator[None]:
    """The device takes every request and answers none; for as long the client waits only `SHORT_S`."""
    gx.silent, patience_s = True, client._timeout_s
    client._timeout_s = SHORT_S
    try:
        yield
    finally:
        gx.silent, client._timeout_s = False, patience_s
