"""Numbers by which others see that what they asked for is done."""

from pv_heater.core.model.requests import ClearFault, Force, Mode
from pv_heater.run.command_queue import CommandQueue
from tests.run.test_requests import Running

FORCE = Force(load="heater", mode=Mode.ON)


def test_a_command_counts_as_seen_once_its_tick_is_over() -> None:
    queue = CommandQueue()
    assert [queue.put(FORCE), queue.put("off"), queue.put(FORCE)] == [1, 2, 3]
    taken = queue.take()
    assert (queue.seen, [order.number for order in taken]) == (0, [1, 2, 3])
    queue.put(FORCE)
    queue.note_done(later=[])
    assert queue.seen == 3


def test_what_waits_for_the_next_tick_holds_the_number_back() -> None:
    queue = CommandQueue()
    for what in (FORCE, ClearFault(load="heater"), FORCE):
        queue.put(what)
    later = [order for order in queue.take() if isinstance(order.what, ClearFault)]
    queue.put_back(later)
    queue.note_done(later)
    assert queue.seen == 1
    assert [order.number for order in queue.take()] == [2]
    queue.note_done([])
    assert queue.seen == 3


def test_the_status_tells_which_commands_were_seen() -> None:
    running = Running()
    running.tick(500.0)
    numbers = [running.ask({"command": "force", "load": "heater", "mode": "on"})["id"] for _ in range(3)]
    assert running.ask({"command": "status"})["status"]["commands_seen"] == 0
    running.tick(500.0)
    assert running.ask({"command": "status"})["status"]["commands_seen"] == numbers[-1]
