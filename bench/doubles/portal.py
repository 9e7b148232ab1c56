"""What makes a broker one like the portal's: an authority and its certificates, one account, rights for one home."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

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


@dataclass(frozen=True, kw_only=True)
class PortalSide:
    """The encrypted door of a portal's broker: one account, which may read one home and ask it to speak."""

    port: int
    certificate: tuple[Path, Path]
    """Certificate with its chain, and key."""
    username: str
    password: str
    portal_id: str
    allows_all: bool = False
    """Nothing is refused, so that whoever watches sees all that the account tries."""

    def mosquitto_lines(self, folder: Path) -> tuple[str, ...]:
        """The same for mosquitto; `folder` is for its files."""
        users, rights = folder / "users", folder / "rights"
        subprocess.run(["mosquitto_passwd", "-c", "-b", str(users), self.username, self.password], check=True)
        home = f"topic read N/{self.portal_id}/#\ntopic write R/{self.portal_id}/#"
        rights.write_text(f"user {self.username}\n{'topic readwrite #' if self.allows_all else home}\n")
        for path in (users, rights):
            path.chmod(0o600)
        chain, key = self.certificate
        return (
            "per_listener_settings true", "allow_anonymous true", f"listener {self.port} 127.0.0.1", "user root",
            "allow_anonymous false", f"password_file {users}", f"acl_file {rights}",
            f"certfile {chain}", f"keyfile {key}",
        )  # fmt: skip
