"""A digital potentiometer on mock pins, heard by a chip that knows its data sheet."""

import json
from pathlib import Path
from typing import Any

import pytest

from pv_heater.core.model.setting import SettingProblem
from pv_heater.core.settings.pins import RelayPin, WiperPins
from pv_heater.errors import HardwareError
from pv_heater.io.gpio.pins import Pins
from pv_heater.io.gpio.wires import WiperLine
from tests.io.gpio.lgpio_recorder import LgpioRecorder, put_in, take_out
from tests.io.gpio.wiper_chip import WiperChip

WIRES: dict[str, Any] = {"clock_pin": "GPIO11", "data_pin": "GPIO10", "select_pin": "GPIO8"}


class Bench:
    def __init__(self, folder: Path, taps: int = 129, **settings: Any) -> None:
        self._log = folder / "pins.jsonl"
        self.pins = Pins(factory="mock", pin_log=self._log, monotonic_s=lambda: 0.0)
        self.settings = WiperPins(**WIRES, **settings)
        self.wiper: WiperLine = self.pins.wiper(self.settings)
        self.chip = WiperChip(
            clock="GPIO11", data="GPIO10", select="GPIO8", taps=taps, command=settings.get("command", 0)
        )

    def changes(self) -> list[tuple[str, float | None]]:
        rows = [json.loads(line) for line in self._log.read_text().splitlines()]
        return [(row["pin"], row["state"]) for row in rows]

    def step(self) -> int:
        """Where the chip stands after all that the wires saw."""
        self.chip.power_on()
        self.chip.hear(self.changes())
        return self.chip.step


@pytest.mark.parametrize("step", [0, 1, 63, 127, 128])
def test_an_mcp4131_goes_where_it_is_told(tmp_path: Path, step: int) -> None:
    bench = Bench(tmp_path)
    bench.wiper.move_to(step)
    assert bench.step() == step


@pytest.mark.parametrize("step", [0, 255, 256])
def test_the_ninth_bit_of_an_mcp4151_stands_in_the_command_byte(tmp_path: Path, step: int) -> None:
    bench = Bench(tmp_path, taps=257, full_step=256)
    bench.wiper.move_to(step)
    assert bench.step() == step


def test_an_mcp41010_has_another_command(tmp_path: Path) -> None:
    bench = Bench(tmp_path, taps=256, full_step=255, command=17)
    bench.wiper.move_to(200)
    assert bench.step() == 200


def test_nothing_is_sent_before_the_first_move_and_nothing_by_letting_go(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    assert bench.changes() == [("GPIO8", 1.0), ("GPIO11", 0.0), ("GPIO10", 0.0)]
    bench.wiper.release()
    bench.step()
    assert bench.chip.steps == []


def test_a_word_that_was_cut_short_is_forgotten(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.wiper.move_to(20)
    select, clock = (bench.wiper._select, bench.wiper._clock)
    select.state = 0
    for _ in range(5):
        clock.state = 1
        clock.state = 0
    bench.wiper.move_to(100)
    assert bench.step() == 100
    assert bench.chip.steps == [20, 100]


def test_a_step_that_no_chip_has_is_refused(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    for step in (-1, 1024):
        with pytest.raises(ValueError, match=f"no step {step}"):
            bench.wiper.move_to(step)


def test_a_pin_in_use_is_refused_whichever_of_the_three_it_is(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    for pin in ("GPIO8", "GPIO10", "GPIO11"):
        with pytest.raises(HardwareError, match="already in use"):
            bench.pins.relay(RelayPin(pin=pin, active_high=True))
    with pytest.raises(HardwareError, match=r"BOARD29 \(GPIO5\) is already in use"):
        bench.pins.wiper(WiperPins(clock_pin="GPIO5", data_pin="GPIO6", select_pin="BOARD29"))


def test_relays_are_let_go_before_the_potentiometer(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.pins.relay(RelayPin(pin="GPIO17", active_high=True)).close_contact()
    bench.pins.close()
    let_go = [pin for pin, level in bench.changes() if level is None]
    assert let_go == ["GPIO17", "GPIO8", "GPIO11", "GPIO10"]


def test_a_wiper_that_does_not_move_is_refused() -> None:
    with pytest.raises(SettingProblem, match="must differ from zero_step"):
        WiperPins(**WIRES, zero_step=128)


def test_with_lgpio_a_busy_pin_is_told_and_the_kernels_driver_is_the_likely_owner() -> None:
    recorder = LgpioRecorder()
    recorder.busy = {8}
    put_in(recorder, on_a_pi=True)
    try:
        pins = Pins(factory="lgpio", pin_log=None, monotonic_s=lambda: 0.0)
        with pytest.raises(HardwareError, match="potentiometer at GPIO11, GPIO10, GPIO8: GPIO busy; another program"):
            pins.wiper(WiperPins(**WIRES))
    finally:
        take_out()


def test_with_lgpio_the_same_word_reaches_the_chip() -> None:
    recorder = LgpioRecorder()
    put_in(recorder, on_a_pi=True)
    try:
        Pins(factory="lgpio", pin_log=None, monotonic_s=lambda: 0.0).wiper(WiperPins(**WIRES)).move_to(77)
    finally:
        take_out()
    chip = WiperChip(clock="GPIO11", data="GPIO10", select="GPIO8")
    chip.hear((f"GPIO{call[1]}", float(call[2])) for call in recorder.calls if call[0] in ("output", "write"))
    assert chip.steps == [77]
