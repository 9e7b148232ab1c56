from pv_heater.core.allocator import Claim, allot
from pv_heater.core.settings import BatteryShare, LoadPolicy
from pv_heater.core.surplus import Budget


class RelayPolicy(LoadPolicy):
    adjustable = False


def claim(name: str, most_w: float = 1000, *, relay: bool = False, **changes: object) -> Claim:
    cls = RelayPolicy if relay else LoadPolicy
    values = dict(policy=cls(name=name, max_power_w=most_w), available=True, running=False, held_w=0.0)
    return Claim(**(values | changes))  # type: ignore[arg-type]


def budget(power_w: float, battery_w: float = 0.0) -> Budget:
    return Budget(power_w=power_w, battery_w=battery_w, rule="test", because="test")


def test_first_to_last_and_the_rest_passes_on() -> None:
    assert allot(budget(1500), [claim("a"), claim("b"), claim("c")]) == {"a": 1000, "b": 500, "c": 0}


def test_a_load_that_cannot_take_is_passed_over() -> None:
    assert allot(budget(1500), [claim("a", available=False), claim("b"), claim("c")]) == {"a": 0, "b": 1000, "c": 500}


def test_a_relay_gets_all_or_nothing_and_its_share_passes_on() -> None:
    rows = [claim("a", 2000, relay=True), claim("b")]
    assert allot(budget(1999), rows) == {"a": 0, "b": 1000}
    assert allot(budget(2000), rows) == {"a": 2000, "b": 0}


def test_a_running_relay_is_kept_within_its_dead_band() -> None:
    rows = [claim("a", 2000, relay=True, running=True)]
    assert allot(budget(1900), rows) == {"a": 1900}
    assert allot(budget(1899), rows) == {"a": 0}


def test_power_that_flows_anyway_is_taken_out_first() -> None:
    """The lower load's minimum on time runs: the higher one gets what is left."""
    rows = [claim("a"), claim("b", running=True, held_w=300.0)]
    assert allot(budget(1000), rows) == {"a": 700, "b": 300}


def test_forced_power_leaves_less_for_the_others() -> None:
    rows = [claim("a", available=False, held_w=800.0), claim("b")]
    assert allot(budget(1000), rows) == {"a": 0, "b": 200}


def test_loads_above_the_battery_row_may_take_its_share() -> None:
    rows = [claim("a"), BatteryShare(until_percent=80), claim("b")]
    assert allot(budget(0, battery_w=1500), rows) == {"a": 1000, "b": 0}
    assert allot(budget(300, battery_w=1500), rows) == {"a": 1000, "b": 0}
    assert allot(budget(1500, battery_w=500), rows) == {"a": 1000, "b": 500}


def test_nothing_is_shared_out_of_a_deficit() -> None:
    assert allot(budget(-500), [claim("a")]) == {"a": 0}
