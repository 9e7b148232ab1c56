"""How a relay and a servo hang on their pins."""

from __future__ import annotations

from attrs import frozen

from pv_heater.core.pin_names import PinName
from pv_heater.core.setting import SettingProblem, setting


@frozen(kw_only=True)
class RelayPin:
    """The pin of a relay. Polarity has no default: guessed wrong, the heater is on when it should be off."""

    pin: str = setting(
        "header position or chip number: BOARD11 or GPIO17; gpiochip1/12 on boards that are no Pi", check=PinName.parse
    )
    active_high: bool = setting("true: a high level closes the contact; false: a low level does")
    off: str = setting(
        "how to switch off: by the level `low` or `high`, or `release` (input, for 5 V boards); "
        "auto is the level opposite to on",
        default="auto",
        choices=("auto", "low", "high", "release"),
    )
    pull: str = setting(
        "`external` when a resistor holds the relay off while the pin floats",
        default="none",
        choices=("none", "external"),
    )

    def __attrs_post_init__(self) -> None:
        on_level = "high" if self.active_high else "low"
        if self.off == on_level:
            raise SettingProblem(
                f"must not be {self.off}: with active_high: {str(self.active_high).lower()} "
                f"that level closes the contact",
                "off",
            )


@frozen(kw_only=True)
class ServoPin:
    """The pin of a positional servo on the regulator's knob."""

    pin: str = setting("header position or chip number: BOARD40 or GPIO21", check=PinName.parse)
    curve: str | None = setting(
        "CSV file `percent;watts` measured at the regulator; empty assumes phase cut", default=None
    )
    min_pulse_s: float = setting("pulse at 0 degrees", default=0.0005, unit="s", minimum=0.0002, maximum=0.003)
    max_pulse_s: float = setting("pulse at full travel", default=0.0025, unit="s", minimum=0.0002, maximum=0.003)
    travel_deg: float = setting(
        "how far the servo turns between the two pulses", default=180.0, unit="deg", minimum=10, maximum=360
    )
    zero_deg: float = setting(
        "angle at which the regulator gives nothing", default=0.0, unit="deg", minimum=0, maximum=360
    )
    full_deg: float = setting(
        "angle at which the regulator gives everything; below zero_deg means reversed",
        default=180.0,
        unit="deg",
        minimum=0,
        maximum=360,
    )
    settle_s: float = setting(
        "time the servo needs for its whole travel", default=0.6, unit="s", minimum=0.05, maximum=5
    )

    def __attrs_post_init__(self) -> None:
        if self.min_pulse_s >= self.max_pulse_s:
            raise SettingProblem(
                f"must be above min_pulse_s ({self.min_pulse_s:g} s), not {self.max_pulse_s:g}", "max_pulse_s"
            )
        for key in ("zero_deg", "full_deg"):
            if getattr(self, key) > self.travel_deg:
                raise SettingProblem(
                    f"must be within travel_deg ({self.travel_deg:g} deg), not {getattr(self, key):g}", key
                )
        if self.zero_deg == self.full_deg:
            raise SettingProblem(f"must differ from zero_deg ({self.zero_deg:g} deg)", "full_deg")
