"""GX devices for tests: a made-up plant in the shape that a real systemcalc was seen to publish, and recordings.

with fast_broker() as broker, GxPeer(broker.port, PLANT) as gx:
    gx.set({"system/0/Ac/Grid/L1/Power": -300.0})
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from bench.doubles.gx_mqtt import PORTAL_ID as PORTAL_ID
from bench.doubles.gx_mqtt import GxPeer as GxPeer
from bench.doubles.gx_traffic import Traffic, read_recording
from pv_heater.victron.mqtt.conversation import GxPace
from tests.mqtt_brokers import MOSQUITTO, AmqttBroker, Mosquitto

RECORDINGS = Path(__file__).parent.parent.parent / "shared" / "data" / "victron_dbus"
BCT = {"mppt0": 288, "mppt1": 289, "mppt2": 290, "mppt3": 291, "lynxparallel": 2, "multi": 276}
ESS = {"grid": 30, "pvinverter": 20, "vebus": 276, "solarcharger": 280, "battery": 512}

SPEED = 40.0
"""Of the device in tests: a heartbeat every 0.075 s, asleep after 1.5 s."""
PACE = GxPace(
    remind_s=0.6,
    full_s=4.5,
    retry_s=0.3,
    again_s=0.4,
    old_life_s=0.15,
    silence_s=0.7,
    renew_s=0.05,
    spacing_s=0.05,
    calm_s=0.25,
)
"""The other side, as fast."""


def fast_broker() -> Mosquitto | AmqttBroker:
    return Mosquitto() if MOSQUITTO else AmqttBroker()


def ess_house(**changes: object) -> dict[str, object]:
    """The system's values of an ESS home with a grid meter, two chargers and AC PV; powers that add up."""
    values: dict[str, object] = {
        "Ac/Grid/L1/Power": 100.0,
        "Ac/Grid/L2/Power": None,
        "Ac/Grid/L3/Power": None,
        "Ac/Consumption/L1/Power": 1747.0,
        "Ac/Consumption/L2/Power": None,
        "Ac/Consumption/L3/Power": None,
        "Ac/PvOnGrid/L1/Power": 400,
        "Ac/PvOnGrid/L2/Power": None,
        "Ac/PvOnGrid/L3/Power": None,
        "Ac/PvOnOutput/L1/Power": None,
        "Ac/PvOnGenset/L1/Power": None,
        "Dc/Pv/Power": 2295.12,
        "Dc/Battery/Power": 1048,
        "Dc/Battery/Voltage": 52.4,
        "Dc/Battery/Soc": 81.5,
        "Dc/Battery/State": 1,
        "SystemType": "ESS",
        "ActiveBatteryService": "com.victronenergy.battery/512",
        "Ac/ActiveIn/Source": 1,
        "Ac/ActiveIn/ServiceType": "grid",
        "Ac/In/0/Source": 1,
        "Ac/In/0/Connected": 1,
        "Ac/In/0/ServiceType": "grid",
        "Ac/In/1/Source": None,
        "Ac/In/1/Connected": None,
        "Ac/In/1/ServiceType": None,
    }
    return {f"system/0/{name}": value for name, value in (values | changes).items()}


def charger(instance: int, power_w: float, *, mode: int = 2, state: int = 252) -> dict[str, object]:
    own = {"Yield/Power": power_w, "MppOperationMode": mode, "State": state, "Pv/V": 80.1, "Pv/I": power_w / 80.1}
    return {f"solarcharger/{instance}/{name}": value for name, value in own.items()} | {
        f"solarcharger/{instance}/Dc/0/Voltage": 52.4,
        f"solarcharger/{instance}/Dc/0/Current": power_w / 52.4,
    }


def two_trackers(instance: int, modes: tuple[int, int] = (2, 2)) -> dict[str, object]:
    """A large charger that shows its trackers one by one."""
    start = f"solarcharger/{instance}"
    per_tracker = {
        f"{start}/Pv/{number}/{name}": value
        for number, mode in enumerate(modes)
        for name, value in {"MppOperationMode": mode, "V": 300.0 + number, "P": 400.0 + number}.items()
    }
    return {f"{start}/State": 252, f"{start}/Yield/Power": 801, **per_tracker}


PLANT: Mapping[str, object] = {
    **ess_house(),
    **charger(279, 1500.0),
    **two_trackers(280),
    "grid/30/Connected": 1,
    "pvinverter/20/Ac/Power": 400,
    "pvinverter/20/Ac/PowerLimit": 5000,
    "pvinverter/20/Ac/MaxPower": 5000,
    "hub4/0/PvPowerLimiterActive": 0,
    "settings/0/Settings/CGwacs/OvervoltageFeedIn": 0,
    "settings/0/Settings/CGwacs/PreventFeedback": 0,
    "settings/0/Settings/CGwacs/MaxFeedInPower": -1,
    "settings/0/Settings/CGwacs/RunWithoutGridMeter": 0,
    "settings/0/Settings/CGwacs/Hub4Mode": 1,
    "settings/0/Settings/CGwacs/BatteryLife/State": 10,
    "settings/0/Settings/DynamicEss/Mode": 0,
}
"""What this program asks of such a home, all well."""


def traffic(devices: Mapping[str, int], prefix: str = "") -> Traffic:
    """Recordings beside the project, played together; skips the test where they are not."""
    if not RECORDINGS.is_dir():
        pytest.skip("the recordings of real devices are not beside the project")
    return Traffic([read_recording(RECORDINGS / f"{prefix}{name}.csv.gz", number) for name, number in devices.items()])
