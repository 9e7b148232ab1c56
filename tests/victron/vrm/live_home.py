"""What tests of the live portal share: its pace, made swift, and the words for what was read."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from pv_heater.core.model.values import Reading
from pv_heater.errors import SourceError
from pv_heater.io.net.mqtt_client import LinkPace
from pv_heater.victron.vrm.live_link import LivePace
from pv_heater.victron.vrm.live_meter import LiveVrmMeter
from tests.gx_device import PACE
from tests.waiting import WITHIN_S

PATIENT = LivePace(
    silence_s=WITHIN_S,
    talk=replace(PACE, patience_s=0.1),
    link=LinkPace(ping_s=30, first_retry_s=0.05, longest_retry_s=0.2, spread=0.5, refused_s=0.2),
)
SWIFT = replace(PATIENT, silence_s=1.0)
"""Where nobody has to be waited for."""

Build = Callable[..., LiveVrmMeter]
"""Makes a meter of a portal (None: REST alone is named), a pace and settings; it is closed at the end of the test."""


def until(meter: LiveVrmMeter, wanted: Callable[[Reading], bool]) -> Reading:
    """The first reading that is as wanted; troubles on the way are waited out."""
    ends_s, seen = time.monotonic() + WITHIN_S, None
    while time.monotonic() < ends_s:
        try:
            seen = meter.read()
        except SourceError as error:
            seen = error
            continue
        if wanted(seen):
            return seen
    raise AssertionError(f"not within {WITHIN_S} s, but {seen!r}")


def is_live(reading: Reading) -> bool:
    return reading.source == "vrm live"


def is_rest(reading: Reading) -> bool:
    return reading.source == "vrm"
