"""Messages beside the loop, where the settings ask for them; nothing of them is loaded elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pv_heater.config.load import Config
from pv_heater.config.model import named_rows
from pv_heater.ports import Clock

if TYPE_CHECKING:
    from pv_heater.status.newest import NewestDocument
    from pv_heater.telemetry.messages.messenger import Messenger


def messages_of(config: Config, document: Callable[[], NewestDocument], folder: Path, clock: Clock) -> Messenger | None:
    """Not started yet; None where nobody is to be told.

    `document` is that of `newest_document`, `folder` the state folder, where the queue is kept.
    """
    settings = config.messages
    if settings is None:
        return None
    from pv_heater.io.system.private_file import PrivateFile
    from pv_heater.telemetry.messages.messenger import FILE_NAME, Messenger

    return Messenger(
        settings,
        {name: row.build() for name, row in named_rows(settings.to)},
        document().document,
        PrivateFile(folder / FILE_NAME),
        zone=ZoneInfo(config.site.timezone),
        now=clock.now,
        monotonic_s=clock.monotonic_s,
    )
