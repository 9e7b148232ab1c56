"""What strangers write is shown, not obeyed."""

import pytest

from pv_heater.core.model.plain_text import plain, plain_message


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("bell\a nul\0 del\x7f", "bell\\x07 nul\\x00 del\\x7f"),
        ("one byte for ESC [: \x9b31m", "one byte for ESC [: \\x9b31m"),
        ("over\rwritten", "over\\x0dwritten"),
        ("turned \u202eround, \u200bhidden, \ufeffmarked", "turned \\u202eround, \\u200bhidden, \\ufeffmarked"),
        ("half \ud83d, tag \U000e0041", "half \\ud83d, tag \\U000e0041"),
        ("20 °C, Warmwasser für München, ☀, 家", "20 °C, Warmwasser für München, ☀, 家"),
        ("a tab\tand\na line", "a tab\tand\na line"),
    ],
)
def test_control_characters_are_written_out_and_nothing_else_is(text: str, shown: str) -> None:
    assert plain(text) == shown


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"])
def test_a_further_line_of_a_message_passes_for_no_line_of_the_log(end: str) -> None:
    shown = plain_message(f"no answer{end}2026-11-30 08:00:00 INFO stopped: every load is off")
    assert shown == "no answer\n    2026-11-30 08:00:00 INFO stopped: every load is off"
