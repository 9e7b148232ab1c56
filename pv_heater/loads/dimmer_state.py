"""What a digital dimmer says of itself on its page ``/state``, and what that means for what it was told. Pure.

``dimmer`` is what it gives, ``commande`` what it was told (with a child dimmer up to 200); both are whole percents,
cut, not rounded. Temperatures are texts: ``"0.0"`` without a probe, ``"99.9"`` when the probe was lost.
"""

from __future__ import annotations

from typing import Any

from attrs import frozen

from pv_heater.core.numbers import number_of
from pv_heater.errors import BadReply

NO_ALARM = "RAS"
"""What `alerte` says while nothing is wrong."""
_LOST_C = 99.9
_NO_PROBE_C = 0.0
EXACT_PERCENT = 1.0
"""The dimmer cuts its percents to whole ones."""


@frozen(kw_only=True)
class DimmerState:
    """One look at the dimmer."""

    dimmer_percent: float
    told_percent: float | None
    """What it was told last, by its own account; None where it does not say."""
    power_w: float | None
    """By the power of its heater as it is set in the dimmer."""
    total_w: float | None
    """The same, a child dimmer included."""
    temperature_c: float | None
    """None where it does not say."""
    switched_on: bool
    """False: somebody switched it off on its own page; it ignores what it is told."""
    alarm: str | None
    """None while nothing is wrong."""

    @property
    def has_no_probe(self) -> bool:
        """Whether it never saw a probe, so that its own temperature limit does not work."""
        return self.temperature_c == _NO_PROBE_C

    @property
    def why_off(self) -> str | None:
        """Why it would not heat whatever it is told; None when it shows no reason."""
        if not self.switched_on:
            return "it is switched off on its own page"
        if self.temperature_c == _LOST_C:
            return "its temperature probe is lost (it says 99.9 degrees)"
        return f"its alarm says {self.alarm!r}" if self.alarm is not None else None


def parse_state(document: Any, who: str) -> DimmerState:
    """Read an answer of ``/state``; raises BadReply when it is none. `who` names the device in messages."""
    if not isinstance(document, dict):
        raise BadReply(f"{who} answers no dimmer's state, but {str(document)[:60]!r}")
    dimmer_percent = number_of(document.get("dimmer"))
    if dimmer_percent is None or not 0 <= dimmer_percent <= 200:
        raise BadReply(f"{who} does not say in `dimmer` what it gives, but {str(document.get('dimmer'))[:40]!r}")
    alarm = str(document.get("alerte", NO_ALARM)).strip()[:60]
    return DimmerState(
        dimmer_percent=dimmer_percent,
        told_percent=number_of(document.get("commande")),
        power_w=number_of(document.get("power")),
        total_w=number_of(document.get("Ptotal")),
        temperature_c=number_of(document.get("temperature")),
        switched_on=document.get("onoff") is not False,
        alarm=None if alarm in ("", NO_ALARM) else alarm,
    )
