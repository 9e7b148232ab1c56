"""Values of the owner's own: what any number means that comes over MQTT, over HTTP, or out of a file.

What lies outside the range, is no number, or is absurd does not count: the last good value ages until it is lost.
"""

from __future__ import annotations

from typing import Any

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.numbers import number_of
from pv_heater.core.model.setting import SettingProblem, setting
from pv_heater.errors import BadReply

MOST = 1e9
"""As in conditions; what is larger is no measurement."""
_UNKNOWN, _LAST = "unknown", "last"


def _check_unit(text: str) -> None:
    if len(text) > 12 or not text.isprintable():
        raise SettingProblem(f"must be a few ordinary signs such as % or ct/kWh, not {text!r}")


def _check_lost(text: str) -> None:
    if text not in (_UNKNOWN, _LAST) and number_of(text) is None:
        raise SettingProblem(f"must be {_UNKNOWN}, {_LAST} or a number, not {text!r}")


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """What the number is, and what counts when it is lost."""

    unit: str = setting("shown behind it", default="", check=_check_unit)
    min: float | None = setting("a number below it is wrong and does not count", default=None)
    max: float | None = setting("a number above it is wrong and does not count", default=None)
    when_lost: str = setting(
        "what counts while it is lost: unknown (a condition with it does not hold), last (what came last, however long "
        "ago), or a number",
        default=_UNKNOWN,
        check=_check_lost,
    )
    max_age_s: float | None = setting(
        "without a new number for this long it is lost; auto is three times its own pace, 30 to 600 s",
        default=None,
        unit="s",
        minimum=2,
        maximum=604_800,
    )

    def check_meaning(self) -> None:
        """Raises SettingProblem."""
        low, high = self.bounds
        if not -MOST <= low < high <= MOST:
            raise SettingProblem(f"must lie above min ({low:g}) and within {MOST:g}, not {high:g}", "max")
        instead = number_of(self.when_lost)
        if instead is not None and not low <= instead <= high:
            raise SettingProblem(f"must be within min and max ({low:g} to {high:g}), not {instead:g}", "when_lost")

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the largest that counts."""
        return -MOST if self.min is None else self.min, MOST if self.max is None else self.max

    def instead(self, last: float | None) -> float | None:
        """What counts while it is lost; `last` is what came last. None: nothing is known."""
        return last if self.when_lost == _LAST else number_of(self.when_lost)


def own_number(value: object, who: str, *, settings: Any) -> float:
    """The number that `value` stands for; `who` begins the message. Raises BadReply for what does not count."""
    number = number_of(value)
    if number is None:
        shown = repr(value)[:60] if isinstance(value, str | bool) else f"a {type(value).__name__}"
        raise BadReply(f"{who} says {shown}, where a number should be")
    scaled: float = number * settings.scale
    low, high = settings.bounds
    if not low <= scaled <= high:
        raise BadReply(f"{who} says {scaled:g} {settings.unit}".rstrip() + f", which is not within {low:g} to {high:g}")
    return scaled
