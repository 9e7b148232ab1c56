"""Any output at the other end of a network: set on a thread of its own, believed only when it confirms.

A device is asked again and again until it shows what it was set to (`Settling`), for as long as devices need to get
there.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from pv_heater.core.model.values import Setpoint
from pv_heater.core.settings.load import LoadSettings
from pv_heater.io.system.sender import Sender
from pv_heater.ports import Clock, Device

log = logging.getLogger(__name__)
GRACE_S = 5.0
"""A device may miss one word; after this long it counts as unreachable, and other loads get its share. From the moment
it was spoken to, whether that try has ended or not."""
ASK_AGAIN_S = 0.1
LONGEST_OFF_S = 5.0
"""A safety stop is waited for this long; then the device's own time-out must do it."""
T = TypeVar("T")
LONGEST_S = 1.5
"""A command is queued in the device and takes effect some hundred milliseconds later; a slow one takes a second."""
PAUSE_S = 0.25


class NetworkedLoad:
    """Satisfies `ports.Load` around a `ports.Device`."""

    tries = ("blink",)
    """How commissioning may try it, see `run.trials`."""

    def __init__(
        self,
        policy: LoadSettings,
        device: Device,
        clock: Clock,
        *,
        expires_s: float | None = None,
        may_be_on: Callable[[], str | None] | None = None,
    ) -> None:
        """`expires_s`: the device is off by itself this long after the last word it heard; None: it never is.

        `may_be_on` tells why it may be on although it took the word to be off; None, or answering None: it is not.
        """
        self.name = policy.name
        self.expires_s = expires_s
        self._device = device
        self._clock = clock
        self._may_be_on = may_be_on or (lambda: None)
        self._held_off = False
        self._safe_since_s: float | None = None
        self._sender: Sender[float] = Sender(
            policy.name, device.set_power, refresh_s=device.refresh_s, monotonic_s=clock.monotonic_s, log=log
        )

    def apply(self, setpoint: Setpoint, tick_s: float) -> float | None:  # noqa: ARG002 - the thread keeps the pace
        """Hand the setpoint over; never waits. Never asks for an early tick."""
        self._safe_since_s = None
        self._sender.want(0.0 if self._held_off else setpoint.power_w)
        return None

    def safe(self, tick_s: float) -> float | None:
        """Off as soon as the device can be told; asks to be called again until it confirms, for at most 5 s."""
        is_first = self._safe_since_s is None
        self._sender.want(0.0, at_once=is_first)
        if self._safe_since_s is None:
            self._safe_since_s = tick_s
        waited_s = tick_s - self._safe_since_s
        return None if self.confirmed_off or waited_s >= LONGEST_OFF_S else tick_s + ASK_AGAIN_S

    @property
    def confirmed_off(self) -> bool:
        """Whether the device confirmed that it is off, and no older word can still switch it on."""
        return self._sender.delivered and self._sender.confirmed == 0.0 and self._may_be_on() is None

    def trip(self) -> None:
        """Off from another thread, and held off until `reset`."""
        self._held_off = True
        self._sender.want(0.0)

    def reset(self) -> None:
        """Allow it to be on again."""
        self._held_off = False

    def power_w(self) -> float:
        """What the device confirmed last; 0 while it does not answer."""
        return self._sender.confirmed or 0.0

    def still_on(self) -> str | None:
        """Why the device has not confirmed that it is off."""
        return None if self.confirmed_off else self.doubt()

    def trouble(self) -> str | None:
        """Why the device cannot be reached; None while it answers, or misses its first words only."""
        since_s = self._sender.unheard_since_s
        if since_s is None or self._clock.monotonic_s() - since_s < GRACE_S:
            return None
        return self._sender.trouble or f"it was told something more than {GRACE_S:g} s ago and has not answered"

    def doubt(self) -> str:
        """What is to be said when the device does not confirm that it is off."""
        why = (self._sender.trouble or self._may_be_on() or f"no answer within {LONGEST_OFF_S:g} s").rstrip(".")
        doubt = f"it did not confirm that it is off ({why})"
        if self.expires_s is None:
            return f"{doubt}, and it does not go off by itself. Switch it off by hand."
        return f"{doubt}. It goes off by itself {self.expires_s:g} s after the last word it heard."

    def close(self) -> None:
        """Send no more, and end the connection; a line in the log if it was told to be off and did not confirm.

        May be repeated.
        """
        if self._safe_since_s is not None and not self.confirmed_off:
            log.error("%s: %s", self.name, self.doubt())
        self._safe_since_s = None
        self._sender.stop()
        self._device.close()


class Settling:
    """For one device; `close` ends a wait that is under way."""

    def __init__(self, *, longest_s: float = LONGEST_S) -> None:
        self._closed = threading.Event()
        self._longest_s = longest_s

    def ask(self, ask: Callable[[], T], is_there: Callable[[T], bool]) -> T:
        """The first answer that `is_there`, or the last one before the time was over. Raises what `ask` raises."""
        answer = ask()
        # By the machine's clock: a device that answers slowly must not make seven slow answers of it.
        until_s = time.monotonic() + self._longest_s
        while not is_there(answer) and time.monotonic() < until_s and not self._closed.wait(PAUSE_S):
            answer = ask()
        return answer

    def close(self) -> None:
        """Wait no more."""
        self._closed.set()
