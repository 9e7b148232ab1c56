"""`bench kills`, with one kill: the real program, killed while it writes."""

from bench.soak.kills import measure


def test_the_program_is_killed_while_it_writes_and_nothing_goes_back() -> None:
    done = measure(2, 3, lambda _done, _of: None, longest_life_s=0.3)
    assert done.kept, done.as_lines()
    assert done.longest_closed_s > 0, "it heated"
    assert done.while_writing
