"""An SSD1306 display: what it shows, read back from a chip that knows its data sheet."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from pv_heater import PROJECT_FOLDER
from pv_heater.core.model.requests import Force, Mode
from pv_heater.displays.ssd1306 import REWRITE_S, Ssd1306, glyphs
from pv_heater.displays.status_lines import HEIGHT, PAGE_S, WIDTH, status_lines
from pv_heater.errors import Unreachable
from pv_heater.io.gpio.wires import I2cDevice
from tests.builders import House, config, heater
from tests.displays.rig import status, tools
from tests.displays.screen import Screen

VIENNA = ZoneInfo("Europe/Vienna")
FLOWS = {"pv_w": 3210.0, "consumption_w": 640.0, "grid_w": -15.0, "battery_w": 2555.0, "battery_soc_percent": 97.4}


def display(screen: Screen) -> Ssd1306:
    return Ssd1306(Ssd1306.Settings(), tools(), open_device=lambda port, address: screen)  # type: ignore[arg-type,return-value]


def test_address_clock_flows_and_loads_can_be_read() -> None:
    screen = Screen()
    shown = display(screen)
    shown.turn(status(House().at(0, **FLOWS)), 0.0)
    address, *rest = screen.text()
    assert address.endswith(" 13:00")  # in the home's own zone
    assert rest[:4] == [
        "sun            3210 W",
        "house           640 W",
        "grid            -15 W",
        "battery 97%    2555 W",
    ]
    assert rest[4].split() == ["heater", "2000", "W"]


def test_the_picture_on_the_page_is_what_is_shown() -> None:
    page = (PROJECT_FOLDER / "docs" / "displays.md").read_text(encoding="utf-8")
    pump = heater("pump", max_power_w=800, start_delay_s=60)
    house = House(config(loads=[heater("water_heater", max_power_w=1200), pump, heater("radiator")]))
    decision = house.at(0, inputs={"commands": (Force(load="radiator", mode=Mode.OFF),)}, **FLOWS)
    lines = status_lines(status(decision), "192.168.1.20", VIENNA, 0.0)
    assert "```text\n" + "\n".join(lines) + "\n```" in page


def test_the_address_is_shown_and_its_absence_is_told() -> None:
    seen = status(House().at(0))
    assert status_lines(seen, "192.168.178.201", VIENNA, 0.0)[0] == "192.168.178.201 13:00"
    assert status_lines(seen, None, VIENNA, 0.0)[0] == "no network      13:00"


def test_what_the_meter_does_not_tell_is_not_a_number() -> None:
    lines = status_lines(status(House().at(0, pv_w=None, grid_w=None, battery_soc_percent=None)), "a", VIENNA, 0.0)
    assert lines[1].split() == ["sun", "--", "W"]
    assert lines[3].split() == ["grid", "--", "W"]
    assert lines[4].startswith("battery --")


def test_values_too_old_to_be_used_are_not_shown() -> None:
    house = House()
    house.at(0)
    lines = status_lines(status(house.at(3600, silent=True), 3600), "a", VIENNA, 0.0)
    assert [line.split()[-2:] for line in lines[1:5]] == [["--", "W"]] * 4
    assert lines[-1].startswith("held: ")


def test_a_load_that_does_not_heat_shows_its_phase() -> None:
    lines = status_lines(status(House().at(0, pv_w=0.0)), "a", VIENNA, 0.0)
    assert lines[5] == "heater            off"


def test_more_loads_than_lines_are_shown_by_turns_with_or_without_a_guard() -> None:
    names = [f"load_{number}" for number in range(7)]
    house = House(config(loads=[heater(name) for name in names]))
    for decision in (house.at(0), house.at(1, battery_soc_percent=5.0)):
        pages = [status_lines(status(decision), "a", VIENNA, turn * PAGE_S) for turn in range(8)]
        assert {line.split()[0] for page in pages for line in page if "load_" in line} == set(names)
    assert all(page[-1].startswith("held: ") for page in pages)


@pytest.mark.parametrize("name", ["x" * 60, "z", "A_9"])
def test_every_line_fits_and_can_be_drawn_whatever_a_load_is_called(name: str) -> None:
    house = House(config(loads=[heater(name)]))
    house.at(0, inputs={"commands": (Force(load=name, mode=Mode.OFF),)})
    lines = status_lines(status(house.at(1, pv_w=123456.0)), "192.168.178.201", VIENNA, 0.0)
    assert len(lines) == HEIGHT
    assert all(len(line) <= WIDTH for line in lines)
    assert all(letter in glyphs() for line in lines for letter in line)
    screen = Screen()
    display(screen).turn(status(house.at(2)), 0.0)
    assert len(screen.text()) == HEIGHT


def test_letters_stand_upright_and_are_not_mirrored() -> None:
    screen = Screen()
    shown = display(screen)
    shown.turn(None, 0.0)
    assert screen.text()[2] == "no news from the"
    letter_f = [line[6 * 8 : 6 * 8 + 5] for line in screen.points()[16:24]]
    assert letter_f == ["..##.", ".#...", "####.", ".#...", ".#...", ".#...", ".#...", "....."]


def test_every_letter_looks_like_no_other() -> None:
    known = glyphs()
    assert len(set(known.values())) == len(known)
    assert all(len(columns) == 5 for columns in known.values())
    assert set(glyphs()) >= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.,:-+_/%()'!?=#& ")


def test_a_controller_that_says_nothing_is_told_instead_of_old_values() -> None:
    screen = Screen()
    shown = display(screen)
    shown.turn(status(House().at(0)), 0.0)
    shown.turn(None, 20.0)
    assert screen.text()[2:4] == ["no news from the", "controller"]
    assert not any("W" in line for line in screen.text())


def test_a_display_plugged_in_again_is_set_up_anew() -> None:
    screen = Screen()
    shown = display(screen)
    seen = status(House().at(0))
    shown.turn(seen, 0.0)
    screen.plugged_in = False
    with pytest.raises(Unreachable):
        shown.turn(None, 1.0)
    screen.power_on()
    screen.plugged_in = True
    shown.turn(seen, 2.0)
    assert screen.text()[1].startswith("sun")


def test_a_display_whose_supply_was_cut_for_a_moment_shows_again_within_half_a_minute() -> None:
    screen = Screen()
    shown = display(screen)
    seen = status(House().at(0))
    shown.turn(seen, 0.0)
    screen.power_on()
    shown.turn(seen, REWRITE_S)
    assert screen.text()[1].startswith("sun")


def test_a_picture_that_stays_is_not_sent_again() -> None:
    screen = Screen()
    shown = display(screen)
    seen = status(House().at(0))
    shown.turn(seen, 0.0)
    before = screen.messages
    for second in range(1, 29):
        shown.turn(seen, float(second))
    assert screen.messages == before


def test_it_is_dark_at_the_end() -> None:
    screen = Screen()
    shown = display(screen)
    shown.close()
    assert (screen.messages, screen.closed) == (0, True)
    shown.turn(None, 0.0)
    assert screen.lit
    shown.close()
    assert not screen.lit


def test_a_bus_that_is_not_there_says_what_to_do() -> None:
    device = I2cDevice(port=98, address=0x3C)
    with pytest.raises(Unreachable, match="there is no /dev/i2c-98; switch I2C on") as caught:
        device.write(b"\x00")
    assert caught.value.retry_after_s == 30
    device.close()
