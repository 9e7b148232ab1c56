"""Whether the broker that is to be told lets us in, for `main.py check`. Leaves no will, tells nothing."""

from __future__ import annotations

import time
from contextlib import closing

from pv_heater.core.settings.mqtt import Mqtt
from pv_heater.errors import AuthRejected, Unreachable
from pv_heater.io.net.mqtt import NOT_YET, MqttLink

CHECK_S = 6.0
"""For the look-up of its name, the connection and TLS."""
_LOOK_S = 0.05


def ask_broker(settings: Mqtt) -> str:
    """What to say where it does. Blocks; raises SourceError."""
    link = MqttLink(settings, topics=(), on_message=lambda *_: None)
    with closing(link):
        link.start()
        until_s = time.monotonic() + CHECK_S
        while link.trouble == NOT_YET and time.monotonic() < until_s:
            time.sleep(_LOOK_S)
        trouble, refused = link.trouble, link.refused
    if trouble is not None:
        raise (AuthRejected if refused else Unreachable)(f"the broker at {settings.address} {trouble}")
    heeds = "and may command" if settings.commands else "and commands nothing"
    return f"the broker at {settings.address} answers; it is told below {settings.topic}, {heeds}"
