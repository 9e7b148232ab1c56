"""Every output on the network is asked what it does, for `main.py check`: all at once, and none is moved."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from pv_heater.commands.check_report import Finding
from pv_heater.config.load import Config, TypedSettings
from pv_heater.core.settings.load import BatteryShare
from pv_heater.errors import SourceError
from pv_heater.ports import Clock

LONGEST_S = 20.0
"""Each has time limits of its own; this is for all of them together."""
_OTHER_DEVICE = (
    "did not accept the request", "has a fault of its own", "is not JSON", "does not say", "no dimmer's state",
    "is neither",
)  # fmt: skip
"""What a device of another kind or generation, or without that channel, gives as an answer."""


def ask_loads(config: Config, clock: Clock, *, longest_s: float = LONGEST_S) -> list[Finding]:
    """One finding for each load that can be asked, in their order; pins cannot. In a dry run a silent one is a warning.

    `longest_s` is for tests.
    """
    rows = [row for row in config.loads if not isinstance(row, BatteryShare) and hasattr(row.cls, "state_of")]
    found: dict[str, Finding] = {}

    def ask(row: TypedSettings[Any]) -> None:
        found[row.settings.name] = _asked(row, dry=config.dry_run)

    threads = [threading.Thread(target=ask, args=(row,), daemon=True) for row in rows]
    for thread in threads:
        thread.start()
    until_s = clock.monotonic_s() + longest_s
    for thread in threads:
        thread.join(max(0.0, until_s - clock.monotonic_s()))
    late = f"did not answer within {longest_s:g} s"
    return [found.get(row.settings.name) or _finding(row, late, 5, dry=config.dry_run) for row in rows]


def _asked(row: TypedSettings[Any], *, dry: bool) -> Finding:
    state_of: Callable[[Any], str] = row.cls.state_of  # type: ignore[attr-defined]
    try:
        return _finding(row, state_of(row.settings), 0, dry=dry)
    except SourceError as error:
        text = str(error).rstrip(".")
        if any(sign in text for sign in _OTHER_DEVICE):
            text += "; is it this kind of device, and does it have this channel?"
        return _finding(row, text, error.exit_code, dry=dry)


def _finding(row: TypedSettings[Any], says: str, exit_code: int, *, dry: bool) -> Finding:
    what = f"loads.{row.settings.name} {row.type}"
    if exit_code and dry:
        return Finding(what=what, says=f"{says} (in a dry run it is not needed)", warning=True)
    return Finding(what=what, says=says, exit_code=exit_code)
