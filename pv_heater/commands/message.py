"""What `main.py message` does: one message to everybody that the settings name, here and now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from pv_heater.config.load import Config
from pv_heater.config.model import named_rows
from pv_heater.core.model.lean import dataclass
from pv_heater.errors import ConfigError, SourceError
from pv_heater.telemetry.messages.teller import Teller
from pv_heater.telemetry.messages.words import Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """How it went for one recipient."""

    name: str
    trouble: str | None
    exit_code: int

    @property
    def line(self) -> str:
        """For people."""
        return f"{self.name}: {'sent' if self.trouble is None else self.trouble}"


def send_to_all(config: Config, text: str | None, *, tell: Callable[[Sent], None]) -> int:
    """The exit code: 0 where everybody was reached. `tell` hears how each went. Raises ConfigError."""
    settings = config.messages
    if settings is None:
        raise ConfigError("settings", ["messages: is missing; who is to be told? docs/messages.md has examples"])
    teller = Teller(settings, Words(settings.language))
    message = teller.test(datetime.now(ZoneInfo(config.site.timezone)), text)
    codes = [0]
    for name, row in named_rows(settings.to):
        sender = row.build()
        try:
            sender.send(message)
            sent = Sent(name=name, trouble=None, exit_code=0)
        except SourceError as error:
            sent = Sent(name=name, trouble=str(error), exit_code=error.exit_code)
        finally:
            sender.close()
        codes.append(sent.exit_code)
        tell(sent)
    return max(codes)
