"""The home that benchmarks run in: one servo regulator on mock pins nobody else uses."""

from __future__ import annotations

from typing import Any


def home_settings(folder: str, *, relay: str = "gpiochip9/17", servo: str = "gpiochip9/21") -> dict[str, Any]:
    """Settings without a meter; what is written goes to `folder`. Benches that may run at once need other pins."""
    return {
        "site": {"latitude": 47.05, "longitude": 15.44, "pv": [{"kwp": 6}], "battery": {"capacity_wh": 4800}},
        "loads": [
            {
                "name": "water_heater",
                "type": "servo_regulator",
                "max_power_w": 2000,
                "relay": {"pin": relay, "active_high": True},
                "servo": {"pin": servo},
            }
        ],
        "gpio": {"factory": "mock", "pin_log": f"{folder}/pins.jsonl"},
        "log": {"file": f"{folder}/heater.log"},
        "state_dir": f"{folder}/state",
    }
