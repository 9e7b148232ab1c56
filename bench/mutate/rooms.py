"""Which modules are changed, and which tests are asked about them."""

from __future__ import annotations

from collections.abc import Mapping

from pv_heater.core.model.lean import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Modules below pv_heater that the same tests pass through."""

    modules: tuple[str, ...]
    tests: tuple[str, ...]
    """Files and folders. Of these a change is shown to the tests that pass its line, and to no others."""


ROOMS: Mapping[str, Room] = {
    "decide": Room(
        modules=(
            "core.house.guards",
            "core.loads.machine",
            "core.loads.load_step",
            "core.loads.target_power",
            "core.loads.allocator",
            "core.loads.claims",
            "core.loads.switching",
            "core.loads.dependency",
            "core.duties.boost",
            "core.duties.cheapest_quarters",
            "core.duties.duties",
            "core.duties.first_warm_day",
            "core.duties.frost",
            "core.duties.guarantee",
            "core.duties.legionella",
            "core.duties.legionella_record",
            "core.duties.negative_price",
            "core.duties.of_load",
            "core.duties.tank",
        ),
        tests=(
            "tests/core/house",
            "tests/core/loads",
            "tests/core/duties",
            "tests/core/test_vacations.py",
            "tests/controller",
            "tests/scenarios/test_guarantee.py",
            "tests/scenarios/test_hygiene.py",
        ),
    ),
    "believe": Room(
        modules=("core.house.reading_age", "core.house.limited", "core.house.meter_choice", "core.house.meter_doubts"),
        tests=("tests/core/house", "tests/controller/test_controller.py", "tests/run/test_meters.py"),
    ),
    "switch": Room(
        modules=(
            "io.gpio.pins",
            "loads.pins.pin_load",
            "loads.pins.regulated",
            "loads.pins.relay_bank",
            "loads.pins.relay_loads",
        ),
        tests=("tests/loads/pins", "tests/io/gpio", "tests/run/test_trials.py"),
    ),
    "stop": Room(
        modules=(
            "run.loop",
            "run.outputs",
            "run.trials",
            "io.system.watchdog",
            "io.system.stop_signals",
            "io.alive.guard",
            "io.alive.threads",
            "io.alive.limits",
            "commands.off",
            "commands.off_asking",
            "commands.off_network",
            "commands.off_outputs",
        ),
        tests=(
            "tests/run/test_loop.py",
            "tests/run/test_trials.py",
            "tests/run/test_requests.py",
            "tests/io/system/test_watchdog.py",
            "tests/io/alive",
            "tests/commands/test_off.py",
            "tests/commands/test_off_network.py",
        ),
    ),
}
MODULES = tuple(name for room in ROOMS.values() for name in room.modules)
