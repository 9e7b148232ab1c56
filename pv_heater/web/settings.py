"""The settings of the page: where it listens."""

from __future__ import annotations

from ipaddress import ip_address

from attrs import frozen

from pv_heater.core.model.setting import SettingProblem, setting


def host_and_port(listen: str) -> tuple[str, int]:
    """``127.0.0.1:8080`` or ``[::1]:8080`` as address and port; port 0 is any free one. Raises SettingProblem."""
    host, _, port = listen.rpartition(":")
    if not host or not (port.isascii() and port.isdecimal()) or int(port) > 65535:
        raise SettingProblem(f"must be an address and a port such as 127.0.0.1:8080, not {listen!r}")
    return host.removeprefix("[").removesuffix("]"), int(port)


@frozen(kw_only=True)
class WebSettings:
    """The page and the JSON API."""

    listen: str = setting(
        "address and port of the page; 127.0.0.1 is this machine only", default="127.0.0.1:8080", check=host_and_port
    )

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach it."""
        host = self.address[0]
        try:
            return ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"

    @property
    def address(self) -> tuple[str, int]:
        """Host and port to listen at."""
        return host_and_port(self.listen)
