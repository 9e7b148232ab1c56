"""`bench history` counts bytes; two hours must come to their share of what a day may take."""

from bench.cost import history


def test_two_hours_take_their_share_of_a_day() -> None:
    cost = history.measure(ticks=720)
    assert cost.ticks == 720
    assert 20_000 < cost.file_bytes < history.MOST_FILE_BYTES / 4
    assert 100_000 < cost.written_bytes < history.MOST_WRITTEN_BYTES / 4
    assert cost.kept
    assert "file" in cost.as_lines()[1]
