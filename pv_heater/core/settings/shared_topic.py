"""MQTT topics at which many devices speak, such as Domoticz's ``domoticz/out``: whose message is it? Pure.

Each message carries its device's number. Whoever reads one without looking at the number takes any device's value for
his own.
"""

from __future__ import annotations

import re
from typing import Any

from pv_heater.core.model.setting import SettingProblem, setting

_SHARED = (
    # With "publish topic: index" the number is the topic's last part, and the topic is one device's own.
    re.compile(r"(?:.*/)?domoticz/out(?!/\d+$)(?:/.*)?", re.IGNORECASE),
    re.compile(r"(?:.*/)?rtl_433(?:/[^/]+)?/events", re.IGNORECASE),
    re.compile(r"(?:.*/)?openmqttgateway(?:/[^/]+)*/[^/]+tomqtt", re.IGNORECASE),
)
"""Domoticz; rtl_433, which hears every sensor around; OpenMQTTGateway, which does so by radio and Bluetooth."""
_NUMBERS = ("idx", "id")


def idx_setting() -> Any:
    """The setting `idx`: which of many devices at one topic is meant; None where all that is said there counts."""
    return setting(
        "where many devices speak at the topic, such as domoticz/out: the number (idx or id in the message) of the one "
        "that is meant; messages of others are passed over",
        default=None,
    )


def is_shared(topic: str) -> bool:
    """Whether many devices are known to speak at it."""
    return any(shared.fullmatch(topic) for shared in _SHARED)


def check_idx(topic: str | None, idx: str | None, key: str = "idx") -> None:
    """Raise SettingProblem for a topic that many share when it is not said which of them is meant."""
    if topic is not None and idx is None and is_shared(topic):
        raise SettingProblem(f"is missing: every device speaks at {topic}; which one is meant, such as `idx: 359`", key)


def is_meant(document: Any, idx: str | None) -> bool:
    """Whether a message is of the device that is meant; None: all are."""
    if idx is None:
        return True
    if not isinstance(document, dict):
        return False
    found = next((document[key] for key in _NUMBERS if key in document), None)
    return found is not None and not isinstance(found, bool) and str(found) == idx
