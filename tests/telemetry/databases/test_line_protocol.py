"""Lines as InfluxDB takes them."""

from pv_heater.telemetry.databases.line_protocol import line


def test_a_line_has_tags_in_order_numbers_with_a_point_and_texts_in_quotes() -> None:
    told = line(
        "pv_heater_load", {"site": "home", "load": "tank"}, {"power_w": 1000, "energy_wh": 0.5}, {"phase": "off"}, 7
    )
    assert told == 'pv_heater_load,load=tank,site=home power_w=1000.0,energy_wh=0.5,phase="off" 7'


def test_what_ends_a_name_or_a_text_is_escaped() -> None:
    told = line("a b", {"site": "my home, two=2\\", "load": "x\ny"}, {}, {"because": 'he said "\\no"\nand left'}, 7)
    assert told == r'a\ b,load=x\ y,site=my\ home\,\ two\=2 because="he said \"\\no\" and left" 7'


def test_no_nan_no_infinity_and_no_line_without_a_figure() -> None:
    assert line("m", {}, {"a": float("nan"), "b": 1.0, "c": float("inf")}, {}, 7) == "m b=1.0 7"
    assert line("m", {"site": "home"}, {"a": float("nan")}, {}, 7) is None


def test_a_tag_without_a_value_is_left_out() -> None:
    assert line("m", {"site": ""}, {"a": 1e16}, {}, 7) == "m a=1e+16 7"
