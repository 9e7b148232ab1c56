"""Two meters in virtual time: a script says when each answers."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from pv_heater.core.house.meter_choice import MeterChoice, WatchedMeter
from pv_heater.core.model.values import Reading
from tests.builders import NOON, reading


class Life:
    """A GX device every second and VRM every minute, a minute old; both can be silenced."""

    def __init__(self) -> None:
        self.meters = (
            WatchedMeter("gx_mqtt", max_reading_age_s=None, local=True),
            WatchedMeter("vrm", max_reading_age_s=None, local=False),
        )
        self.choice = MeterChoice(self.meters)
        self.tick_s = 0
        self.gx_speaks = self.vrm_speaks = True
        self.frozen = self.vrm_frozen = False
        self.own_w = 0.0
        self._newest: dict[str, Reading] = {}

    def live(self, seconds: int) -> list[str | None]:
        """Which meter counted at each second."""
        used: list[str | None] = []
        for _ in range(seconds):
            now = NOON + timedelta(seconds=self.tick_s)
            if self.gx_speaks:
                pv_w = 3000.0 if self.frozen else 3000.0 + self.tick_s % 7
                self._newest["gx_mqtt"] = reading(now, source="gx_mqtt", interval_s=3.0, pv_w=pv_w)
            if self.vrm_speaks and self.tick_s % 60 == 0:
                pv_w = 3000.0 if self.vrm_frozen else 3000.0 + self.tick_s // 60 % 7
                at = now - timedelta(seconds=60)
                self._newest["vrm"] = reading(at, source="vrm", interval_s=60.0, pv_w=pv_w)
            for meter in self.meters:
                meter.observe(self._newest.get(meter.name), self.own_w, now, float(self.tick_s))
            current = self.choice.choose(float(self.tick_s))
            used.append(current.name if current else None)
            self.tick_s += 1
        return used


def test_the_first_counts_as_long_as_it_answers() -> None:
    assert set(Life().live(300)) == {"gx_mqtt"}


def test_at_the_start_the_first_is_waited_for_ten_seconds() -> None:
    life = Life()
    life.gx_speaks = False
    used = life.live(20)
    assert used[:10] == [None] * 10
    assert set(used[10:]) == {"vrm"}


def test_silence_of_a_third_of_its_limit_changes_over_and_five_good_seconds_change_back() -> None:
    life = Life()
    life.live(100)
    life.gx_speaks = False
    used = life.live(30)
    assert used.index("vrm") == 10  # its newest reading is from the second before: held for 10 s
    life.gx_speaks = True
    used = life.live(30)
    assert used.index("gx_mqtt") == 5


def test_a_bad_cable_does_not_change_over_every_few_seconds() -> None:
    life = Life()
    life.live(100)
    used = []
    for _ in range(60):
        life.gx_speaks = False
        used += life.live(15)
        life.gx_speaks = True
        used += life.live(6)
    changes = [second for second, (one, other) in enumerate(pairwise(used)) if one != other]
    assert len(changes) < 10
    assert max(changes) < 200, "after that it stays with the portal"
    life.live(700)
    life.gx_speaks = False
    life.live(20)
    life.gx_speaks = True
    assert life.live(20).index("gx_mqtt") == 5, "ten calm minutes are forgiven"


def test_when_all_are_silent_the_last_reading_goes_on_ageing() -> None:
    life = Life()
    life.live(100)
    life.gx_speaks = life.vrm_speaks = False
    used = life.live(400)
    assert used[-1] == "vrm"
    assert not life.meters[1].usable(float(life.tick_s))


def test_a_frozen_meter_is_left_for_the_next_and_taken_back_when_it_moves() -> None:
    life = Life()
    life.live(100)
    life.frozen = True
    used = life.live(40)
    assert 20 <= used.index("vrm") <= 22
    life.frozen = False
    used = life.live(20)
    assert used.index("gx_mqtt") <= 6


def test_a_frozen_meter_without_a_second_one_is_not_believed() -> None:
    life = Life()
    life.vrm_speaks = False
    life.live(100)
    life.frozen = True
    assert set(life.live(40)) == {"gx_mqtt"}
    assert "exactly the same" in str(life.meters[0].distrusted_because())


def test_a_reading_goes_by_the_name_of_its_meter_here() -> None:
    second = WatchedMeter("mqtt_2", max_reading_age_s=None, local=True)
    second.observe(reading(source="mqtt"), 0.0, NOON, 0.0)
    assert second.reading is not None
    assert second.reading.source == "mqtt_2"


def portal(samples: int, interval_s: float = 60.0, *, step_w: float = 0.0, **fields: Any) -> str | None:
    """Why VRM is not believed after so many samples, all alike but for their times; a step of ours after the second."""
    vrm = WatchedMeter("vrm", max_reading_age_s=None, local=False)
    for number in range(samples):
        tick_s = number * interval_s
        now = NOON + timedelta(seconds=tick_s)
        logged = reading(now - timedelta(seconds=60), source="vrm", interval_s=interval_s, **fields)
        for second in range(0, int(interval_s), 10):
            own_w = step_w if tick_s + second > interval_s else 0.0
            vrm.observe(logged, own_w, now + timedelta(seconds=second), tick_s + second)
    return vrm.distrusted_because()


@pytest.mark.parametrize("interval_s", [60.0, 300.0])
def test_a_portal_that_repeats_itself_under_new_times_is_not_believed(interval_s: float) -> None:
    assert portal(4, interval_s) is None, "three repeats may be chance"
    assert f"exactly the same for {4 * interval_s:.0f} s, with 3000 W of sun" in str(portal(5, interval_s))


def test_at_night_a_portal_may_repeat_itself() -> None:
    assert portal(60, pv_w=0.0) is None
    assert portal(60, pv_w=90.0) is None


@pytest.mark.parametrize(("samples", "believed"), [(7, True), (8, False)])
def test_a_portal_must_show_our_step_once_it_can(samples: int, believed: bool) -> None:
    """By night, where nothing else tells. The step comes at 70 s, and counts from 250 s on."""
    assert (portal(samples, step_w=1500.0, pv_w=0.0) is None) is believed


def test_a_portal_that_repeats_itself_between_changes_is_believed() -> None:
    life = Life()
    life.gx_speaks = False
    assert set(life.live(1200)[10:]) == {"vrm"}


def test_a_portal_that_stands_still_alone_gives_no_good_meter() -> None:
    life = Life()
    life.gx_speaks, life.vrm_frozen = False, True
    life.live(600)
    assert not life.meters[1].good(float(life.tick_s))
    life.vrm_frozen = False
    life.live(70)
    assert life.meters[1].good(float(life.tick_s))
