"""The wiring picture shows the pins of the shipped configuration, and the file is what the code draws."""

from pathlib import Path
from xml.etree import ElementTree

import yaml

from pv_heater.core.settings.pins import PinName
from pv_heater.io.gpio.pins_file import outputs_in
from pv_heater.pictures.wiring import RELAY_PIN, SERVO_PIN, WIDTH, draw

PROJECT = Path(__file__).parents[2]


def test_the_wiring_picture_is_what_the_code_draws() -> None:
    assert (PROJECT / "Pics" / "wiring.svg").read_text(encoding="utf-8") == draw(), (
        "draw it anew: python -m pv_heater.pictures.wiring > Pics/wiring.svg"
    )


def test_the_picture_shows_the_pins_of_the_shipped_configuration() -> None:
    config = yaml.safe_load((PROJECT / "Files" / "config.yaml").read_text(encoding="utf-8"))
    (output, *_), _ = outputs_in(config)
    assert [group.pin for group in output.groups] == [RELAY_PIN, SERVO_PIN]  # type: ignore[union-attr]
    for name in (RELAY_PIN, SERVO_PIN):
        assert f">{PinName.parse(name)}</text>" in draw()
        assert f">{name.removeprefix('BOARD')}</text>" in draw()


def test_every_text_stays_legible_and_inside_the_picture() -> None:
    for text in ElementTree.fromstring(draw()).iter("{http://www.w3.org/2000/svg}text"):
        size = float(text.attrib["font-size"])
        assert size >= 18
        width = 0.58 * size * len(text.text or "")
        x = float(text.attrib["x"])
        start = x - {"start": 0, "middle": width / 2, "end": width}[text.attrib["text-anchor"]]
        assert start >= 0
        assert start + width <= WIDTH, text.text
