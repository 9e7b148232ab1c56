"""Messages beside the loop, where the settings ask for them; nothing of them is loaded elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pv_heater.config.load import Config
from pv_heater.ports import Clock, Home

if TYPE_CHECKING:
    from pv_heater.telemetry.messages.messenger import Messenger


def messages_of(config: Config, home: Home, folder: Path, clock: Clock) -> Messenger | None:
    """Not started yet; None where nobody is to be told. `folder` is the state folder, where the queue is kept."""
    settings = config.messages
    if settings is None:
        return None
    from pv_heater.io.system.private_file import PrivateFile
    from pv_heater.status.newest import NewestDocument
    from pv_heater.telemetry.messages.messenger import FILE_NAME, Messenger, recipients

    names = recipients([row.type for row in settings.to])
    return Messenger(
        settings,
        {name: row.build() for name, row in zip(names, settings.to, strict=True)},
        NewestDocument(home, clock.monotonic_s).document,
        PrivateFile(folder / FILE_NAME),
        zone=ZoneInfo(config.site.timezone),
        now=clock.now,
        monotonic_s=clock.monotonic_s,
    )
