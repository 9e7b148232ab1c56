"""Durations as people write them."""

import pytest
import typer

from pv_heater.cli_text import seconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [("90s", 90), ("30m", 1800), ("2h", 7200), ("1h30m", 5400), ("1d", 86_400), ("1.5h", 5400), ("1H", 3600)],
)
def test_a_duration_is_numbers_with_units(text: str, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "h", "30", "m30", "1h 30m", "nanh", "infs", "1e3s", "-5m", "0s", "9" * 400 + "h"])
def test_anything_else_is_refused_in_a_short_sentence(text: str) -> None:
    with pytest.raises(typer.BadParameter, match=r"^a duration") as refused:
        seconds(text)
    assert len(str(refused.value)) < 130
