"""The whole portal on loopback: its REST API, its broker with TLS, token login and rights, and a home behind it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.doubles.brokers import free_port
from tests.gx_device import PLANT, PORTAL_ID, SPEED, GxPeer
from tests.mqtt_brokers import MOSQUITTO, AmqttBroker, Mosquitto, PortalSide
from tests.vrm_server import VrmServer

_OPENSSL = "openssl.cnf"
_CONFIG = """
[ca]
default_ca = home
[home]
database = {folder}/index
serial = {folder}/serial
new_certs_dir = {folder}
default_md = sha256
policy = any
[any]
commonName = supplied
[right]
subjectAltName = DNS:localhost
[wrong]
subjectAltName = DNS:mqtt77.victronenergy.com
"""


class Authority:
    """As Victron's of 2014: without the marks of a modern one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.file = folder / "authority.pem"
        (folder / "index").touch()
        (folder / "serial").write_text("01\n")
        (folder / _OPENSSL).write_text(_CONFIG.format(folder=folder))
        self._openssl("req", "-x509", *_key(folder / "authority.key"), "-days", "3", "-subj", "/CN=Authority",
                      "-addext", "basicConstraints=CA:TRUE", "-out", str(self.file))  # fmt: skip

    def certificate(self, name: str, kind: str = "right", until: str = "20991231000000Z") -> tuple[Path, Path]:
        """(certificate, key) of a broker; `kind`: right or wrong in its name."""
        asked, chain, key = (self._folder / f"{name}.{end}" for end in ("csr", "pem", "key"))
        self._openssl("req", *_key(key), "-subj", f"/CN={name}", "-out", str(asked))
        signing = ["-cert", str(self.file), "-keyfile", str(self._folder / "authority.key"), "-extensions", kind]
        dates = ["-startdate", "20200101000000Z", "-enddate", until]
        self._openssl("ca", "-batch", "-notext", "-config", str(self._folder / _OPENSSL), *signing, *dates,
                      "-in", str(asked), "-out", str(chain))  # fmt: skip
        return chain, key

    def _openssl(self, *words: str) -> None:
        subprocess.run(["openssl", *words], check=True, capture_output=True)


def _key(path: Path) -> list[str]:
    return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", str(path)]


@dataclass(kw_only=True)
class Portal:
    """Steer by its parts."""

    rest: VrmServer
    broker: AmqttBroker | Mosquitto
    gx: GxPeer
    side: PortalSide


@contextmanager
def portal(rest: VrmServer, certificate: tuple[Path, Path], folder: Path, *, speed: float = SPEED) -> Iterator[Portal]:
    """All of it running; `rest` names this broker."""
    side = PortalSide(
        port=free_port(),
        certificate=certificate,
        username=rest.email,
        password=f"Token {rest.token}",
        portal_id=PORTAL_ID,
    )
    rest.site |= {"identifier": PORTAL_ID, "mqtt_host": "localhost", "realtimeUpdates": True}
    broker = Mosquitto(lines=side.mosquitto_lines(folder)) if MOSQUITTO else AmqttBroker(portal=side)
    with broker, GxPeer(broker.port, PLANT, portal_id=PORTAL_ID, speed=speed, bridged=True) as gx:
        yield Portal(rest=rest, broker=broker, gx=gx, side=side)
