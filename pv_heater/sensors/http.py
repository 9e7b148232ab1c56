"""A temperature or a power that a device reports over HTTP, such as the state page of a dimmer or a Shelly."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import Secret, SettingProblem, setting
from pv_heater.io.net.http import HttpClient
from pv_heater.io.net.http_login import Login
from pv_heater.io.net.json_path import JsonPath
from pv_heater.ports import Tools
from pv_heater.sensors.own import Meaning, own_number
from pv_heater.sensors.values import age_limit_s, age_setting, check_age, lost_setting, plug_w, tank_c, value_at

_MOST_BYTES = 65_536
_READ_S, _WHOLE_S = 5.0, 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where the device is, and how it lets us in."""

    url: str = setting("address that answers with JSON, such as http://192.168.1.199/state")
    scale: float = setting("the value is multiplied by this", default=1.0, minimum=-1000, maximum=1000)
    username: str | None = setting("name at the device, if it asks for one", default=None)
    password: Secret | None = setting("password at the device, if it asks for one", default=None)
    auth: str = setting(
        "how the password is sent; Shelly Gen 2 and later need digest", default="basic", choices=("basic", "digest")
    )
    token: Secret | None = setting("token that goes with every request (Home Assistant)", default=None)
    interval_s: float = setting("how often it is asked", default=10.0, unit="s", minimum=1, maximum=300)
    max_age_s: float | None = age_setting()

    def __post_init__(self) -> None:
        check_age(self.max_age_s, self.interval_s)
        if (self.username is None) != (self.password is None):
            key = "password" if self.password is None else "username"
            raise SettingProblem("is missing; a login needs username and password", key)


class HttpNumber:
    """Asks one address again and again; satisfies `ports.Sensor`. For use by one thread."""

    def __init__(self, settings: Address, path: str, what: str, worth: Callable[[Any, str], float]) -> None:
        """`path` in the answer, `what` it tells; `worth` makes the value of what was found, and of who says it."""
        self._settings = settings
        self._what, self._worth = what, worth
        self._path = JsonPath.parse(path)
        self._who = f"the sensor at {urlsplit(settings.url).netloc.rpartition('@')[2]}"
        login = None
        if settings.username is not None and settings.password is not None:
            digest = settings.auth == "digest"
            login = Login(username=settings.username, password=settings.password, digest=digest)
        self._http = HttpClient(
            settings.url,
            who=self._who,
            secrets=(settings.token,),
            login=login,
            read_s=_READ_S,
            whole_s=_WHOLE_S,
            most_bytes=_MOST_BYTES,
        )
        self.interval_s = settings.interval_s
        self.max_age_s = age_limit_s(settings.max_age_s, settings.interval_s)

    def read(self) -> float:
        """The value now; raises SourceError."""
        token = self._settings.token
        headers = {} if token is None else {"Authorization": f"Bearer {token.reveal()}"}
        body = self._http.get_json("", headers=headers).body
        return self._worth(value_at(self._path, body, self._who, self._what), self._who)

    def close(self) -> None:
        """Give the connection back."""
        self._http.close()


class HttpSensor(HttpNumber):
    """The temperature of a tank, degC."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Settings(Address):
        """Where the temperature is, and how it is written."""

        path: str = setting("where the temperature is in the answer", default="temperature", check=JsonPath.parse)
        offset_c: float = setting("added to the value after that", default=0.0, unit="degC", minimum=-500, maximum=500)
        lost: tuple[float, ...] = lost_setting()

    def __init__(self, settings: Settings, _tools: Tools) -> None:
        worth = partial(tank_c, scale=settings.scale, offset_c=settings.offset_c, lost=settings.lost)
        super().__init__(settings, settings.path, "temperature", worth)


class HttpPower(HttpNumber):
    """The power of a load, W."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Settings(Address):
        """Where the power is, and how it is written."""

        path: str = setting("where the power is in the answer", default="power", check=JsonPath.parse)

    def __init__(self, settings: Settings, _tools: Tools) -> None:
        super().__init__(settings, settings.path, "power", partial(plug_w, scale=settings.scale))


class HttpValue(HttpNumber):
    """A number in what an address answers."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Settings(Meaning, Address):
        """Where the number is, and what it is."""

        path: str = setting("where the number is in the answer, $ for all of it", default="$", check=JsonPath.parse)

        def __post_init__(self) -> None:
            Address.__post_init__(self)
            self.check_meaning()

    def __init__(self, settings: Settings, _tools: Tools) -> None:
        super().__init__(settings, settings.path, "value", partial(own_number, settings=settings))
