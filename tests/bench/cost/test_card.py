"""`bench card`: the figures of a day are those of the time that was watched, and the aim is held to them."""

from bench.cost.card import MOST_MB_A_DAY, Card


def card(process_bytes: int, disk_bytes: int | None = None) -> Card:
    return Card(
        watched_s=8640.0, process_bytes=process_bytes, disk_bytes=disk_bytes, log_lines=7, files=(("state.json", 3),)
    )


def test_a_tenth_of_a_day_counts_ten_times() -> None:
    assert card(300_000).mb_a_day == 3.0
    assert card(300_000).kept
    assert not card(round(1e5 * MOST_MB_A_DAY) + 1).kept


def test_what_the_disk_was_sent_is_said_where_it_is_known() -> None:
    assert "only root" in card(300_000).as_lines()[1]
    assert "20.0 MB a day" in card(300_000, 2_000_000).as_lines()[1]
