import pytest

from pv_heater.core.model.setting import SettingProblem
from pv_heater.core.settings.pins import HEADER_GPIO, HEADER_SUPPLY, WIRINGPI_GPIO, PinName, RelayPin, boot_pull_problem


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("BOARD11", "GPIO17"),
        ("board40", "GPIO21"),
        ("GPIO17", "GPIO17"),
        ("BCM4", "GPIO4"),
        (" GPIO4 ", "GPIO4"),
        ("gpiochip1/12", "gpiochip1/12"),
    ],
)
def test_every_way_to_name_a_pin_is_read(text: str, name: str) -> None:
    assert str(PinName.parse(text)) == name


def test_the_header_has_28_gpio_and_12_supply_positions() -> None:
    assert sorted(HEADER_GPIO.values()) == list(range(28))
    assert sorted([*HEADER_GPIO, *HEADER_SUPPLY]) == list(range(1, 41))


def test_wiringpi_counts_the_same_28_gpios() -> None:
    assert sorted(WIRINGPI_GPIO.values()) == list(range(28))


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("17", r"which numbering, not just 17: BOARD17 is 3.3 V; GPIO17 is header position 11"),
        ("11", r"BOARD11 is GPIO17; GPIO11 is header position 23; wiringPi 11 is GPIO7, header position 26"),
        ("29", r"BOARD29 is GPIO5; wiringPi 29 is GPIO21, header position 40"),
        ("wPi4", r"not 'wPi4'; write GPIO23"),
        ("wiringpi 21", r"write GPIO5"),
        ("9" * 5000, "must be BOARD11"),
        ("BOARD6", "BOARD6 is ground"),
        ("BOARD41", "not on the header"),
        ("GPIO28", "GPIO0 to GPIO27"),
        ("pin 4", "BOARD11 .* GPIO17"),
        ("", "BOARD11"),
    ],
)
def test_a_name_that_could_mean_two_pins_or_none_is_refused_with_a_hint(text: str, hint: str) -> None:
    with pytest.raises(SettingProblem, match=hint):
        PinName.parse(text)


def test_the_boot_pull_problem_says_what_would_be_right() -> None:
    problem = boot_pull_problem(RelayPin(pin="BOARD11", active_high=False))
    assert problem is not None
    assert "GPIO17 is pulled low" in problem
    assert "use one of GPIO 0 to 8" in problem
    assert "pull: external" in problem
