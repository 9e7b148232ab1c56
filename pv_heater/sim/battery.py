"""The battery of the software home: what it takes, what it gives, what it holds."""

from __future__ import annotations

EVEN_WITHIN_W = 0.1
"""A limit that moves less than this does not move: a nearly full battery takes a little less every second for ever."""
EMPTY_WITHIN_WH = 1e-6
"""Less than this above the reserve is nothing: what rounding leaves there would otherwise seem to end in every step."""


class Battery:
    """Charge in Wh. Powers are those at its terminals: losses lie between them and the charge."""

    def __init__(
        self,
        *,
        capacity_wh: float,
        start_wh: float,
        reserve_wh: float,
        max_charge_w: float,
        taper_from_wh: float,
        charge_efficiency: float,
        discharge_efficiency: float,
    ) -> None:
        """From `taper_from_wh` on it takes linearly less, nothing when full; `capacity_wh` there is no taper."""
        self._capacity_wh = capacity_wh
        self._reserve_wh = reserve_wh
        self._max_charge_w = max_charge_w
        self._taper_from_wh = taper_from_wh
        self._charge_efficiency = charge_efficiency
        self._discharge_efficiency = discharge_efficiency
        self.stored_wh = start_wh

    def charge_limit_w(self, step_s: float) -> float:
        """Most that it takes for `step_s` seconds from now, with the taper as it is now."""
        return self._charge_limit_w(self.stored_wh, step_s)

    def discharge_limit_w(self, step_s: float) -> float:
        """Most that it gives for `step_s` seconds from now without touching its reserve."""
        above_wh = self.stored_wh - self._reserve_wh
        if above_wh <= 0:
            return 0.0
        return above_wh * self._discharge_efficiency * 3600.0 / step_s if step_s > 0 else float("inf")

    def pass_time(self, step_s: float, charge_w: float, discharge_w: float) -> None:
        """Take and give these powers, within the limits, for `step_s` seconds."""
        self.stored_wh += charge_w * self._charge_efficiency * step_s / 3600.0
        self.stored_wh -= discharge_w / self._discharge_efficiency * step_s / 3600.0

    def is_even(self, step_s: float, offered_w: float, asked_w: float) -> bool:
        """Whether each second of the next `step_s` is like the first, with constant power offered and asked for.

        Then one step is as good as many: neither does the taper move the power, nor is the reserve reached.
        """
        above_wh = self.stored_wh - self._reserve_wh
        if asked_w > 0 and above_wh > EMPTY_WITHIN_WH and asked_w > self.discharge_limit_w(step_s):
            return False
        charge_w = min(offered_w, self.charge_limit_w(step_s))
        end_wh = self.stored_wh + charge_w * self._charge_efficiency * step_s / 3600.0
        return charge_w <= self._charge_limit_w(end_wh, step_s) + EVEN_WITHIN_W

    def _charge_limit_w(self, stored_wh: float, step_s: float) -> float:
        room_wh = max(0.0, self._capacity_wh - stored_wh)
        limit_w = self._max_charge_w
        if stored_wh > self._taper_from_wh:
            limit_w *= room_wh / (self._capacity_wh - self._taper_from_wh)
        return min(limit_w, room_wh / self._charge_efficiency * 3600.0 / step_s) if step_s > 0 else limit_w
