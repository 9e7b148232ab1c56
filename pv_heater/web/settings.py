"""The settings of the page: where it listens, by which names, and whom it believes."""

from __future__ import annotations

from ipaddress import ip_address

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import SettingProblem, setting
from pv_heater.web.access.names import host_port, is_address, origin_of


def host_and_port(listen: str) -> tuple[str, int]:
    """``127.0.0.1:8080`` or ``[::1]:8080`` as address and port; port 0 is any free one. Raises SettingProblem."""
    host, _, port = listen.rpartition(":")
    if not host or not (port.isascii() and port.isdecimal()) or int(port) > 65535:
        raise SettingProblem(f"must be an address and a port such as 127.0.0.1:8080, not {listen!r}")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _check_names(names: tuple[str, ...]) -> None:
    for name in names:
        place = host_port(name)
        if place is None or place.port is not None:
            raise SettingProblem(f"must be names such as heater.example.org, without http:// and port, not {name!r}")


def _check_address(text: str) -> None:
    if not is_address(text):
        raise SettingProblem(f"must be an address such as 127.0.0.1, not {text!r}")


def _check_url(text: str) -> None:
    if origin_of(text) is None:
        raise SettingProblem(f"must be an address such as https://heater.example.org, not {text!r}")


CLIENTS = ("esp_router", "pv_router", "pv_router_esp32", "pvmonit")
"""Whose clients are known: ESP-Router-PV (Mk2), Pv router on an ESP8266 and on an ESP32, PvMonit."""


def _check_clients(clients: tuple[str, ...]) -> None:
    for word in clients:
        if word not in CLIENTS:
            raise SettingProblem(f"must be of {', '.join(CLIENTS)}, not {word!r}")
    if {"pv_router", "pv_router_esp32"} <= set(clients):
        raise SettingProblem("may hold pv_router or pv_router_esp32, not both: they answer at the same addresses")


def _check_pages(pages: tuple[str, ...]) -> None:
    for page in pages:
        if origin_of(page) is None or page.rstrip("/").count("/") != 2:
            raise SettingProblem(f"must be addresses without a path such as http://192.168.1.20, not {page!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierClients:
    """Clients of earlier systems that go on working; see docs/earlier-systems.md."""

    clients: tuple[str, ...] = setting(
        f"whose clients may ask: {', '.join(CLIENTS)}; nobody's unless named", check=_check_clients
    )
    dimmer: str | None = setting(
        "the load they see as the router's own; auto is the first whose power can be set", default=None
    )
    forced_for_s: float = setting(
        "how long what they switch lasts, as they cannot say it; without an end for PvMonit's modes of a load with "
        "forced_without_end",
        default=7200.0,
        unit="s",
        minimum=60,
        maximum=604_800,
    )
    pages: tuple[str, ...] = setting(
        "pages of earlier systems that may read the answers in a browser, such as http://192.168.1.20",
        default=(),
        check=_check_pages,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """The page and the JSON API."""

    listen: str = setting(
        "address and port of the page; 127.0.0.1 is this machine only", default="127.0.0.1:8080", check=host_and_port
    )
    read_without_login: bool | None = setting(
        "may whoever reaches the page read without a login; auto is only this machine, while listen is its own address",
        default=None,
    )
    hosts: tuple[str, ...] = setting(
        "further names by which browsers call this home, such as heater.example.org", default=(), check=_check_names
    )
    trusted_proxy: str | None = setting(
        "address of a reverse proxy that may say for whom it asks, such as 127.0.0.1",
        default=None,
        check=_check_address,
    )
    public_url: str | None = setting(
        "how the page is reached from outside, such as https://heater.example.org", default=None, check=_check_url
    )

    earlier: EarlierClients | None = setting("clients of earlier systems that go on working", default=None)

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
