"""`after:` in the settings: which load waits for which, and circles in which none would ever run."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from pv_heater.core.setting import setting


@frozen(kw_only=True)
class After:
    """Which load comes before this one."""

    load: str = setting("the load that must have had enough today before this one runs by itself")
    for_s: float = setting("and has had enough for this long", default=0.0, unit="s", minimum=0, maximum=86_400)


def circle_from(name: str, waits_for: Mapping[str, str]) -> list[str]:
    """The way from `name` along `waits_for` back to itself, both ends included; empty when it leads elsewhere."""
    way = [name]
    while way[-1] in waits_for:
        following = waits_for[way[-1]]
        if following == name:
            return [*way, name]
        if following in way:
            return []  # a circle of others
        way.append(following)
    return []
