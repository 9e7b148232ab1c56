"""Is there a GX device at that address, and how can it be reached? One question each, with limits on time."""

from __future__ import annotations

import hashlib
import re
import ssl
import threading

from pv_heater.core.settings.mqtt import Broker
from pv_heater.errors import SourceError
from pv_heater.io.net.deadline import Deadline
from pv_heater.io.net.modbus import ModbusClient
from pv_heater.io.net.mqtt import MqttLink
from pv_heater.io.net.names import Names

_PORTAL_ID = re.compile(r"[0-9A-Za-z_-]{4,40}")
_SERIAL_TOPIC = "N/+/system/0/Serial"
"""The one topic that a GX device keeps for whoever comes; its second part is the VRM portal ID."""
_SERIAL_REGISTERS, _SYSTEM_UNIT = (800, 6), 100
"""The portal ID as text, two characters a register (Victron's Modbus TCP register list)."""


class PasswordNeeded(Exception):
    """There is an MQTT broker, and it asks for a password before it says who it is."""


def portal_id_by_mqtt(address: str, port: int, *, fingerprint: str | None, within_s: float) -> str | None:
    """The portal ID of the GX device whose broker is there; encrypted where a certificate's `fingerprint` is given.

    None when there is no broker, or one that is not a GX device's. Raises PasswordNeeded.
    """
    heard = threading.Event()
    ids: list[str] = []

    def keep(topic: str, _payload: bytes) -> None:
        candidate = topic.split("/")[1]
        if _PORTAL_ID.fullmatch(candidate) and not ids:
            ids.append(candidate)
            heard.set()

    broker = Broker(host=address, port=port, tls=fingerprint is not None, fingerprint=fingerprint)
    link = MqttLink(broker, topics=[_SERIAL_TOPIC], on_message=keep)
    link.start()
    try:
        for _ in range(round(within_s / 0.05)):
            if heard.wait(0.05):
                return ids[0]
            if link.refused:
                raise PasswordNeeded
            if link.trouble == "cannot be reached":
                return None
        return None
    finally:
        link.close()


def portal_id_by_modbus(address: str, port: int, *, within_s: float) -> str | None:
    """The portal ID that the GX device tells over Modbus TCP; None when nothing there does."""
    client = ModbusClient(address, port, who=address, timeout_s=within_s / 2)
    try:
        words = client.read(_SYSTEM_UNIT, *_SERIAL_REGISTERS)
    except SourceError:
        return None
    finally:
        client.close()
    text = b"".join(word.to_bytes(2, "big") for word in words).rstrip(b"\0 ").decode("ascii", "replace")
    return text if re.fullmatch(r"[0-9A-Fa-f]{8,12}", text) else None


def certificate_fingerprint(address: str, port: int, *, within_s: float) -> str | None:
    """SHA-256 of the certificate that is shown there, in hex; None when nothing encrypted answers.

    A GX device's certificate is its own work: nobody vouches for it, so it is pinned instead.
    """
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with Deadline(within_s) as deadline, Names().connect(address, port, within_s=within_s) as plain:
            deadline.watch(plain)
            with context.wrap_socket(plain, server_hostname=address) as wire:
                shown = wire.getpeercert(binary_form=True)
    except (OSError, ValueError):
        return None
    return None if shown is None else hashlib.sha256(shown).hexdigest()
