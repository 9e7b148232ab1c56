"""A GX device's values and registers: good examples, made up in the shapes that real ones have."""

from __future__ import annotations

import json
from collections.abc import Mapping

GX_HOUSE: Mapping[str, object] = {
    "system/0/Ac/Grid/L1/Power": 100.0,
    "system/0/Ac/Grid/L2/Power": None,
    "system/0/Ac/Consumption/L1/Power": 1747.0,
    "system/0/Ac/PvOnGrid/L1/Power": 400,
    "system/0/Dc/Pv/Power": 2295.12,
    "system/0/Dc/Battery/Power": 1048,
    "system/0/Dc/Battery/Voltage": 52.4,
    "system/0/Dc/Battery/Soc": 81.5,
    "system/0/Dc/Battery/State": 1,
    "system/0/SystemType": "ESS",
    "system/0/ActiveBatteryService": "com.victronenergy.battery/512",
    "system/0/Ac/ActiveIn/Source": 1,
    "system/0/Ac/In/0/Source": 1,
    "system/0/Ac/In/0/Connected": 1,
    "system/0/Ac/In/0/ServiceType": "grid",
    "grid/30/Connected": 1,
    "solarcharger/279/Yield/Power": 2295.0,
    "solarcharger/279/MppOperationMode": 2,
    "solarcharger/279/State": 252,
    "solarcharger/279/Pv/V": 80.1,
    "solarcharger/279/Pv/I": 28.6,
    "pvinverter/20/Ac/Power": 400,
    "pvinverter/20/Ac/PowerLimit": 5000,
    "pvinverter/20/Ac/MaxPower": 5000,
    "hub4/0/PvPowerLimiterActive": 0,
    "settings/0/Settings/CGwacs/OvervoltageFeedIn": 0,
    "settings/0/Settings/CGwacs/MaxFeedInPower": -1,
    "settings/0/Settings/CGwacs/Hub4Mode": 1,
}
"""Topics below ``N/<id>/`` of an ESS home."""


def gx_messages(*pictures: Mapping[str, object]) -> bytes:
    """A line a message, an empty line where a picture is looked at: ``system/0/Dc/Battery/Soc {"value":81.5}``."""
    lines = (
        "\n".join(f"{topic} {json.dumps({'value': value})}" for topic, value in picture.items()) for picture in pictures
    )
    return "\n\n".join(lines).encode()


GX_MESSAGES = (
    gx_messages(GX_HOUSE, {"system/0/Ac/Grid/L1/Power": -300.5, "solarcharger/279/Yield/Power": 2301.0}),
    gx_messages(GX_HOUSE) + b'\nsolarcharger/279/State \ngrid/30/Connected \n\nsystem/0/Dc/Battery/State {"value":2}',
)
GX_TEMPERATURES = (
    gx_messages(
        {
            "temperature/21/Temperature": 48.5,
            "temperature/21/Status": 0,
            "temperature/21/TemperatureType": 5,
            "temperature/24/Temperature": 21.0,
            "temperature/24/TemperatureType": 2,
        }
    ),
)


def gx_words(changes: Mapping[int, int]) -> dict[int, int]:
    """What unit 100 answers for registers 800 to 919: an ESS home with AC PV and a charger."""
    words = dict.fromkeys(range(800, 920), 0)
    words |= dict(zip(range(800, 806), (25392, 13873, 14689, 25136, 24880, 12337), strict=True))
    words |= {811: 400, 817: 1698, 820: 100, 826: 1, 832: 27393, 833: 10879}
    words |= {840: 525, 842: 1100, 843: 82, 844: 1, 850: 2300, 891: 400, 903: 1698, 909: 100}
    return words | dict(changes)


def words_as_bytes(*polls: Mapping[int, int]) -> bytes:
    """The words of some polls one after the other, high byte first."""
    return b"".join(poll[address].to_bytes(2, "big") for poll in polls for address in sorted(poll))


GX_DEVICE_WORDS: Mapping[int, int] = {
    **dict.fromkeys(range(775, 776), 252),
    **dict(zip(range(789, 794), (23000, 0, 2, 0, 2300), strict=True)),
    **dict(zip(range(1052, 1058), (0, 400, 0, 5000, 0, 5000), strict=True)),
    **dict.fromkeys(range(2600, 2603), 0), 2600: 100,
    **dict.fromkeys(range(2706, 2724), 0), 2709: 0, 2722: 65535, 2723: 65535,
    **dict.fromkeys(range(3730, 3735), 0),
}  # fmt: skip
"""Charger, PV inverter, grid meter and feed-in settings, as they are asked in each poll."""
GX_POLLS = (
    words_as_bytes(gx_words({}), GX_DEVICE_WORDS, gx_words({820: 65236, 909: 65236, 908: 65535}), GX_DEVICE_WORDS),
    words_as_bytes(gx_words({843: 0, 840: 0}), GX_DEVICE_WORDS, gx_words({}), GX_DEVICE_WORDS),
)
