"""Adapters that are nothing but settings, so that these tests know every setting there is."""

from datetime import time
from pathlib import Path

from pv_heater.config.load import Tables
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import Secret, SettingProblem, setting
from pv_heater.core.settings.load import LoadSettings
from pv_heater.core.settings.pins import RelayPin, ServoPin


class Portal:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Settings:
        token: Secret | None = setting("access token", default=None)
        username: str | None = setting("account", default=None)
        password: Secret | None = setting("password of the account", default=None)
        installation_id: int = setting("number of the site", minimum=1)
        base_url: str = setting("where the portal is", default="https://portal.example/v2")
        interval_s: float = setting("how often it is asked", default=60.0, unit="s", minimum=1, maximum=900)

        def __post_init__(self) -> None:
            if self.token is not None and " " in self.token.reveal():
                raise SettingProblem(f"must be one word, not {self.token.reveal()!r}", "token")


class Tape:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Settings:
        path: str = setting("the recording")
        speed: float | None = setting("factor; max is as fast as it goes", default=1.0, minimum=0.1)
        copy: Path | None = setting("where a copy goes", default=None)
        hours: tuple[float, ...] = setting("hours to play", default=())


class Sun:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Settings:
        base_url: str = setting("where the forecast is", default="https://sun.example")
        api_key: Secret | None = setting("key of a paid account", default=None)
        fetch_at: time = setting("when it is fetched", default=time(7))


class Regulator:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Settings(LoadSettings):
        relay: RelayPin = setting("pin of the relay")
        servo: ServoPin = setting("pin of the servo")


class Switch:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Settings(LoadSettings):
        relay: RelayPin = setting("pin of the relay")

        def __post_init__(self) -> None:
            if self.relay.pin == "GPIO99":
                raise SettingProblem(f"must be a pin of the header, not {self.relay.pin}", "relay.pin")


class Nothing:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Settings(LoadSettings):
        pass


HERE = "tests.config.stand_ins"
TABLES = Tables(
    meters={"vrm": f"{HERE}:Portal", "recording": f"{HERE}:Tape", "gx_mqtt": "tests.config.no_such_module:Meter"},
    forecasts={"forecast_solar": f"{HERE}:Sun"},
    loads={"servo_regulator": f"{HERE}:Regulator", "relay": f"{HERE}:Switch", "dry_run": f"{HERE}:Nothing"},
)
"""The strategies are the real ones."""

PLAIN_LOAD = {"name": "boiler", "type": "dry_run", "max_power_w": 1000}
