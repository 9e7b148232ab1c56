"""Displays beside the loop: what goes wrong with them stays with them."""

from __future__ import annotations

import logging
import os
import threading
from pathlib import Path

import pytest

from pv_heater import load_config
from pv_heater.commands.check import check_all
from pv_heater.config.load import Config
from pv_heater.core.model.requests import Force, Mode
from pv_heater.core.model.status import Status
from pv_heater.errors import ConfigError, SourceError
from pv_heater.io.gpio.locks import lock_pins
from pv_heater.io.system.worker import Worker
from pv_heater.run.displays import STALE_S, Displays, DisplayTurns, OwnPins
from tests.builders import House, config, heater
from tests.displays.rig import status, tools
from tests.waiting import WITHIN_S, Stopwatch

CHIP = f"gpiochip{os.getpid()}"
BOARD = {"type": "tm1638", "dio": f"{CHIP}/19", "clk": f"{CHIP}/13", "stb": f"{CHIP}/26"}
"""Pins nobody else on this machine locks."""


class Panel:
    """Notes what it is shown; presses what it is told to."""

    def __init__(self) -> None:
        self.seen: list[Status | None] = []
        self.presses: tuple[Force, ...] = ()
        self.closings = 0

    @property
    def interval_s(self) -> float:
        return 0.5

    def turn(self, status: Status | None, at_s: float) -> tuple[Force, ...]:
        self.seen.append(status)
        return self.presses

    def close(self) -> None:
        self.closings += 1


class Beside:
    """One display with the newest tick and the clock in the hand."""

    def __init__(self, panel: Panel) -> None:
        self.now_s = 0.0
        self.newest: Status | None = None
        self.submitted: list[Force] = []
        settings = read()
        pins = OwnPins((), settings, tools())
        self.shown = DisplayTurns(panel, pins, lambda: self.newest, self.submitted.append, lambda: self.now_s)

    def turn(self, at_s: float) -> None:
        self.now_s = at_s
        self.shown.turn()


def read(*displays: dict[str, object], **changes: object) -> Config:
    return load_config(config(display=list(displays), gpio={"factory": "mock"}, **changes))


def test_a_tick_is_shown_until_it_is_too_old_to_be_true() -> None:
    panel = Panel()
    beside = Beside(panel)
    beside.turn(0.0)
    beside.newest = status(House().at(0))
    beside.turn(1.0)
    beside.turn(1.0 + STALE_S)
    beside.turn(1.0 + STALE_S + 0.1)
    beside.newest = status(House().at(0))
    beside.turn(30.0)
    assert [seen is not None for seen in panel.seen] == [False, True, True, False, True]


def test_what_was_pressed_goes_to_the_queue_of_the_loop(caplog: pytest.LogCaptureFixture) -> None:
    panel = Panel()
    beside = Beside(panel)
    panel.presses = (Force(load="heater", mode=Mode.ON),)
    with caplog.at_level(logging.INFO):
        beside.turn(0.0)
    assert beside.submitted == [Force(load="heater", mode=Mode.ON)]
    assert "A button asks for heater: on." in caplog.text


def test_after_the_end_nothing_is_shown() -> None:
    panel = Panel()
    beside = Beside(panel)
    beside.shown.close()
    beside.turn(1.0)
    assert (panel.seen, panel.closings) == ([], 1)


def test_a_missing_board_is_one_line_and_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    displays = Displays(read(BOARD), tools(), lambda: None, lambda command: None)
    with caplog.at_level(logging.INFO):
        for _ in range(20):
            displays.poll_once()
    assert [record.getMessage() for record in caplog.records] == [
        f"display tm1638: no TM1638 board answers at {CHIP}/19, {CHIP}/13, {CHIP}/26, or a wire is loose: "
        "its buttons read ffffffff, which no buttons can. docs/displays.md has the wiring. Next try in 30 s."
    ]
    assert displays.status()[0].trouble is not None
    displays.close()


def test_pins_that_another_program_holds_are_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    own = tools()
    displays = Displays(read(BOARD), own, lambda: None, lambda command: None)
    with (
        lock_pins([f"{CHIP}/13"], owner="another", kind="mock", state_dir=own.state_dir),
        caplog.at_level(logging.INFO),
    ):
        displays.poll_once()
    assert f"{CHIP}/13 is held by" in caplog.text
    displays.poll_once()
    assert "no TM1638 board answers" in str(displays.status()[0].trouble)
    displays.close()
    lock_pins([f"{CHIP}/13"], owner="another", kind="mock", state_dir=own.state_dir).release()


def test_a_display_that_breaks_in_an_unknown_way_neither_ends_its_thread_nor_anything_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken(Panel):
        def turn(self, status: Status | None, at_s: float) -> tuple[Force, ...]:
            raise ZeroDivisionError("a bug")

    beside = Beside(Broken())
    worker = Worker("display", beside.shown.turn, lambda: 1.0, lambda: 0.0, lambda: None, logging.getLogger("here"))
    for _ in range(5):
        worker.poll_once()
    assert len(caplog.records) == 1


def test_a_panel_that_cannot_go_dark_does_not_hinder_the_end() -> None:
    class Deaf(Panel):
        def close(self) -> None:
            raise SourceError("nobody answers")

    Beside(Deaf()).shown.close()


def test_a_display_that_hangs_keeps_the_end_waiting_for_a_second_at_most() -> None:
    class Hanging(Panel):
        def turn(self, status: Status | None, at_s: float) -> tuple[Force, ...]:
            hangs.set()
            free.wait(20)
            return ()

    hangs, free = threading.Event(), threading.Event()
    panel = Hanging()
    beside = Beside(panel)
    thread = threading.Thread(target=beside.shown.turn)
    thread.start()
    assert hangs.wait(WITHIN_S)
    watch = Stopwatch()
    beside.shown.close()
    assert watch.took_s() < 3
    assert panel.closings == 0
    free.set()
    thread.join()


@pytest.mark.parametrize(
    ("display", "pin"),
    [
        ({**BOARD, "clk": "BOARD11"}, "GPIO17"),
        ({"type": "ssd1306"}, "GPIO2"),
        ({"type": "ssd1306"}, "BOARD5"),
    ],
)
def test_a_pin_for_a_load_and_for_a_display_is_refused(display: dict[str, object], pin: str) -> None:
    relay = heater("pump", "relay", relay={"pin": pin, "active_high": False})
    relay.pop("min_power_w", None)
    with pytest.raises(ConfigError, match=r"already used by relay of pump; give one of them another pin"):
        load_config(config(loads=[relay], display=[display]))


def test_check_lists_the_pins_of_displays() -> None:
    (wiring,) = [
        finding for finding in check_all(read(BOARD, {"type": "ssd1306"})).findings if finding.what == "wiring"
    ]
    assert wiring.says == (f"display tm1638 at {CHIP}/19, {CHIP}/13, {CHIP}/26, display ssd1306 at GPIO2, GPIO3")


def test_two_displays_may_share_a_bus_but_no_other_pins() -> None:
    two = read({"type": "ssd1306"}, {"type": "ssd1306", "i2c_address": "0x3d"}, BOARD)
    assert [row.type for row in two.display] == ["ssd1306", "ssd1306", "tm1638"]
    with pytest.raises(ConfigError, match="already used by display tm1638"):
        read(BOARD, {**BOARD, "stb": "GPIO5"})
    with pytest.raises(ConfigError, match="already used by display ssd1306"):
        read({"type": "ssd1306"}, {"type": "tm1638", "dio": "GPIO2", "clk": "GPIO13", "stb": "GPIO26"})


def test_a_display_may_stand_alone_and_its_address_may_be_written_as_everywhere(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(
        "meter: {type: vrm, token: 'a', installation_id: 1}\n"
        "loads: [{type: dry_run, name: a, max_power_w: 100}]\n"
        "display: {type: ssd1306, i2c_address: 0x3c, port: 1}\n"
    )
    (row,) = load_config(path).display
    assert row.settings.i2c_address == "0x3c"
