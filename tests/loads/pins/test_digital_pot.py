"""A digital potentiometer behind a relay, heard by a chip that forgets its position when its supply breaks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pv_heater.core.settings.home import Site
from pv_heater.core.settings.pins import RelayPin, WiperPins
from pv_heater.errors import ConfigError, HardwareError
from pv_heater.loads.pins.digital_pot import DigitalPot
from pv_heater.ports import Tools
from tests.io.gpio.wiper_chip import WiperChip
from tests.loads.rig import PinRig

RELAY = "GPIO17"
SETTLE_S = 0.2
TURNS = [(0, 128), (128, 0), (10, 100)]
POWERS_W = [60, 400, 1000, 1999, 2000]


class Rig(PinRig):
    """The load under test; `story` is what happened on relay and chip, in order."""

    load: DigitalPot

    def __init__(self, folder: Path, *, zero_step: int = 0, full_step: int = 128, **changes: Any) -> None:
        super().__init__(folder)
        wiper = WiperPins(
            clock_pin="GPIO11",
            data_pin="GPIO10",
            select_pin="GPIO8",
            zero_step=zero_step,
            full_step=full_step,
            settle_s=SETTLE_S,
        )
        self.settings = DigitalPot.Settings(
            name="boiler", max_power_w=2000, relay=RelayPin(pin=RELAY, active_high=True), wiper=wiper, **changes
        )
        self.load = DigitalPot(self.settings, self.tools)
        self.chip = WiperChip(clock="GPIO11", data="GPIO10", select="GPIO8")
        self._heard = 0
        self.story: list[tuple[float, str | int]] = []
        self.listen()

    def listen(self) -> None:
        """Let the chip and the contact hear what is new on the wires."""
        lines = self.seen(self._heard)
        for line in lines:
            told = len(self.chip.steps)
            self.chip.hear([(line.pin, line.state)])
            if line.pin == RELAY:
                words = {1.0: "close", 0.0: "open", None: "let go"}
                self.story.append((line.at_s, words[line.state]))
            self.story += [(line.at_s, step) for step in self.chip.steps[told:]]
        self._heard += len(lines)

    def apply(self, power_w: float) -> float | None:
        again_s = super().apply(power_w)
        self.listen()
        return again_s

    def safe(self) -> float | None:
        again_s = super().safe()
        self.listen()
        return again_s

    def words(self, since: int = 0) -> list[str | int]:
        return [word for _, word in self.story[since:]]


@pytest.mark.parametrize(("zero_step", "full_step"), TURNS)
@pytest.mark.parametrize("power_w", POWERS_W)
def test_on_goes_by_zero_a_pause_and_the_contact_and_off_goes_back_that_way(
    tmp_path: Path, power_w: float, zero_step: int, full_step: int
) -> None:
    rig = Rig(tmp_path, zero_step=zero_step, full_step=full_step)
    assert rig.words() == ["open"]
    rig.until_quiet(power_w)
    (zero_at_s, zero), (close_at_s, close) = rig.story[1], rig.story[rig.words().index("close")]
    assert (zero, close) == (zero_step, "close")
    assert close_at_s - zero_at_s >= SETTLE_S - 0.002
    assert rig.load.power_w() == pytest.approx(power_w, abs=2000 * 2 / abs(full_step - zero_step))
    assert rig.chip.step == rig.words()[-1]
    before = len(rig.story)
    rig.until_quiet(0)
    steps, opened = rig.words(before)[:-1], rig.words()[-1]
    assert (steps[-1], opened) == (zero_step, "open")
    assert rig.load.power_w() == 0


def test_a_safety_stop_opens_the_contact_before_it_moves_the_wiper(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.until_quiet(1500)
    before = len(rig.story)
    rig.safe()
    assert rig.words(before) == ["open", 0]


def test_after_a_break_of_its_supply_it_is_told_again_at_the_next_tick(tmp_path: Path) -> None:
    """It would give half power for as long as the setpoint stays the same."""
    rig = Rig(tmp_path)
    rig.until_quiet(300)
    step = rig.chip.step
    rig.chip.power_on()
    assert rig.chip.step == 64
    rig.clock.now_s += 1
    rig.apply(300)
    assert rig.chip.step == step


def test_between_two_steps_it_takes_the_nearer_and_says_so(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.until_quiet(1000)
    exact_w = rig.load.power_w()
    assert exact_w == pytest.approx(1000)
    rig.until_quiet(1010)
    assert rig.load.power_w() == exact_w
    rig.until_quiet(1020)
    assert rig.load.power_w() == pytest.approx(1000 + 2000 * 2 / 128, abs=0.1)


def test_a_trip_keeps_it_open_until_reset(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.until_quiet(1000)
    rig.load.trip()
    rig.until_quiet(1000)
    assert rig.load.power_w() == 0
    assert rig.words()[-2:] == ["open", 0] or rig.words()[-1] == 0
    assert "close" not in rig.words(rig.words().index("open", 1))
    rig.load.reset()
    rig.until_quiet(1000)
    assert rig.load.power_w() == pytest.approx(1000)


def test_closing_opens_the_contact_first_leaves_the_wiper_at_zero_and_may_be_repeated(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.until_quiet(1000)
    before = len(rig.story)
    rig.load.close()
    rig.listen()
    assert rig.words(before) == ["let go", 0]


def test_a_pin_of_another_output_is_refused(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    tools = Tools(clock=rig.clock, site=Site(), state_dir=tmp_path, pins=lambda: rig.pins)
    with pytest.raises(HardwareError, match="already in use"):
        DigitalPot(rig.settings, tools)


def test_a_measured_curve_is_followed_and_a_bad_one_is_a_config_error(tmp_path: Path) -> None:
    curve = tmp_path / "curve.csv"
    curve.write_text("percent;watts\n0;0\n50;1500\n100;2000\n")
    rig = Rig(tmp_path, curve=str(curve))
    rig.until_quiet(1500)
    assert rig.chip.step == 64
    with pytest.raises(ConfigError, match="cannot be read"):
        Rig(tmp_path, curve=str(tmp_path / "none.csv"))


ACTIONS = st.one_of(
    st.tuples(st.just("on"), st.sampled_from(POWERS_W)),
    st.tuples(st.sampled_from(["off", "safe", "trip", "reset", "supply breaks"]), st.just(0)),
    st.tuples(st.just("wait"), st.sampled_from([0.05, 0.2, 5.0])),
)


@settings(max_examples=30, deadline=None)
@given(actions=st.lists(ACTIONS, max_size=30), turn=st.sampled_from(TURNS))
def test_whatever_happens_the_contact_closes_only_on_a_settled_zero(
    tmp_path_factory: pytest.TempPathFactory, actions: list[tuple[str, float]], turn: tuple[int, int]
) -> None:
    zero_step, full_step = turn
    rig = Rig(tmp_path_factory.mktemp("pot"), zero_step=zero_step, full_step=full_step)
    tripped = False
    for word, number in actions:
        before = len(rig.story)
        if word in ("on", "off"):
            rig.apply(number)
        elif word == "safe":
            rig.safe()
        elif word in ("trip", "reset"):
            getattr(rig.load, word)()
            tripped = word == "trip"
        elif word == "wait":
            rig.clock.now_s += number
        else:
            rig.chip.power_on()
        rig.listen()
        if tripped or word == "safe":
            assert rig.load.power_w() == 0
            assert "close" not in rig.words(before)
    last_step, since_s = -1, 0.0
    for at_s, told in rig.story:
        if isinstance(told, int):
            since_s = at_s if told != last_step else since_s
            last_step = told
        elif told == "close":
            assert last_step == zero_step
            assert at_s - since_s >= SETTLE_S - 0.002
    rig.safe()
    rig.clock.now_s += SETTLE_S
    rig.safe()
    assert rig.chip.step == zero_step
    assert [word for word in rig.words() if not isinstance(word, int)][-1] == "open"
