import time
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pv_heater.core.house.surplus import Budget
from pv_heater.core.loads.allocator import Claim, allot
from pv_heater.core.settings.load import LoadSettings
from pv_heater.core.settings.start_power import needed_w


class RelayPolicy(LoadSettings):
    adjustable = False


def claim(
    name: str, most_w: float = 1000, *, relay: bool = False, policy: dict[str, Any] | None = None, **changes: Any
) -> Claim:
    cls = RelayPolicy if relay else LoadSettings
    row = cls(name=name, max_power_w=most_w, **(policy or {}))
    return replace(Claim(policy=row, available=True, running=False, held_w=0.0), **changes)


def budget(power_w: float, battery_w: float = 0.0) -> Budget:
    return Budget(power_w=power_w, battery_w=battery_w, rule="test", because="test")


def watts(
    power_w: float, *rows: Claim | None, battery_w: float = 0.0, phases_w: tuple[float, ...] = ()
) -> dict[str, float]:
    shares = allot(budget(power_w, battery_w), rows, phases_w)
    return {name: share.power_w for name, share in shares.items()}


def test_first_to_last_and_the_rest_passes_on() -> None:
    assert watts(1500, claim("a"), claim("b"), claim("c")) == {"a": 1000, "b": 500, "c": 0}


def test_a_load_that_cannot_take_is_passed_over() -> None:
    assert watts(1500, claim("a", available=False), claim("b"), claim("c")) == {"a": 0, "b": 1000, "c": 500}


def test_a_relay_gets_all_or_nothing_and_its_share_passes_on() -> None:
    rows = [claim("a", 2000, relay=True), claim("b")]
    assert watts(1999, *rows) == {"a": 0, "b": 1000}
    assert watts(2000, *rows) == {"a": 2000, "b": 0}


def test_a_running_relay_keeps_its_watts_within_its_dead_band_before_a_lower_load() -> None:
    rows = [claim("a", 2000, relay=True, running=True), claim("b", running=True)]
    assert watts(1900, *rows) == {"a": 2000, "b": 0}
    assert watts(1899, *rows) == {"a": 0, "b": 1000}


def test_the_dead_band_of_one_relay_is_not_lent_to_a_second() -> None:
    rows = [claim("a", 1000, relay=True, running=True), claim("b", 500, relay=True, running=True)]
    assert watts(1450, *rows) == {"a": 1000, "b": 500}
    assert watts(950, *rows) == {"a": 1000, "b": 0}


def test_an_idle_load_that_could_not_start_with_its_share_passes_it_on() -> None:
    """It starts at its dead band, 500 W: 400 W are nothing to it, and all there is to the next."""
    rows = [claim("a", policy={"dead_band_w": 500}), claim("b", running=True)]
    assert watts(400, *rows) == {"a": 0, "b": 400}
    assert watts(500, *rows) == {"a": 500, "b": 0}


def test_power_that_flows_anyway_is_taken_out_first() -> None:
    """The lower load's minimum on time runs: the higher one gets what is left."""
    assert watts(1000, claim("a"), claim("b", running=True, held_w=300.0)) == {"a": 700, "b": 300}


def test_forced_power_leaves_less_for_the_others() -> None:
    assert watts(1000, claim("a", available=False, held_w=800.0), claim("b")) == {"a": 0, "b": 200}


def test_a_higher_load_takes_the_power_of_lower_ones_that_run() -> None:
    """All 2500 W flow into the two lower loads; the relay above them starts from it, and the last is shed first."""
    rows = [claim("pump", 1500, relay=True), claim("b", running=True), claim("c", 1500, running=True)]
    assert watts(2500, *rows) == {"pump": 1500, "b": 1000, "c": 0}


def test_a_lower_load_in_its_minimum_on_time_is_not_taken_from() -> None:
    rows = [claim("pump", 1500, relay=True), claim("b", 1000, relay=True, running=True, held_w=1000.0)]
    assert watts(2000, *rows) == {"pump": 0, "b": 1000}
    assert watts(2500, *rows) == {"pump": 1500, "b": 1000}


def test_lower_loads_run_on_until_a_higher_one_has_outlasted_its_start_delay() -> None:
    """Were they shed at the first ray, a cloud within the delay would leave all of them at rest."""
    waiting = claim("pump", 1500, relay=True, starts_at_once=False)
    below = claim("b", 1800, running=True)
    assert watts(1800, waiting, below) == {"pump": 1500, "b": 1800}
    assert watts(1800, replace(waiting, starts_at_once=True), below) == {"pump": 1500, "b": 300}


def test_no_idle_load_starts_on_what_a_higher_one_waits_for() -> None:
    rows = [claim("pump", 1500, relay=True, starts_at_once=False), claim("b"), claim("c", running=True)]
    assert watts(1550, *rows) == {"pump": 1500, "b": 0, "c": 1000}


def test_loads_above_the_battery_row_may_take_its_share() -> None:
    rows: list[Claim | None] = [claim("a"), None, claim("b")]
    assert watts(0, *rows, battery_w=1500) == {"a": 1000, "b": 0}
    assert watts(300, *rows, battery_w=1500) == {"a": 1000, "b": 0}
    assert watts(1500, *rows, battery_w=500) == {"a": 1000, "b": 500}


def test_nothing_is_shared_out_of_a_deficit_or_of_no_number() -> None:
    assert watts(-500, claim("a")) == {"a": 0}
    assert watts(float("nan"), claim("a"), claim("b")) == {"a": 0, "b": 0}


def test_a_phase_that_is_nearly_used_up_holds_its_load_back_and_the_rest_passes_on() -> None:
    rows = [claim("a", 2000, policy={"phase": 2}), claim("b", 2000, policy={"phase": 1})]
    assert watts(3000, *rows, phases_w=(3000.0, 800.0, 3000.0)) == {"a": 800, "b": 2000}


def test_loads_on_one_phase_share_what_it_can_carry() -> None:
    rows = [claim("a", 2000, policy={"phase": 1}), claim("b", 2000, policy={"phase": 1})]
    assert watts(4000, *rows, phases_w=(2500.0, 9000.0, 9000.0)) == {"a": 2000, "b": 500}


def test_a_load_on_an_unknown_phase_counts_on_the_fullest() -> None:
    rows = [claim("a", 2000), claim("b", 2000, policy={"phase": 2})]
    assert watts(4000, *rows, phases_w=(700.0, 2500.0)) == {"a": 700, "b": 1800}
    # What it drew in the reading is on its phase already: it may keep that, and rise by 300 W.
    assert watts(4000, claim("a", 2000, running=True, own_w=1000.0), phases_w=(300.0, 900.0)) == {"a": 1300}
    assert watts(4000, claim("a", 2000, running=True, own_w=1000.0), phases_w=(-300.0, 900.0)) == {"a": 700}


def test_a_phase_that_is_not_measured_is_an_unknown_one() -> None:
    assert watts(4000, claim("a", 2000, policy={"phase": 3}), phases_w=(700.0,)) == {"a": 700}


def test_power_that_flows_anyway_loads_its_phase_first() -> None:
    rows = [claim("a", 2000, policy={"phase": 1}), claim("b", running=True, held_w=600.0, policy={"phase": 1})]
    assert watts(4000, *rows, phases_w=(1000.0,)) == {"a": 400, "b": 600}


def test_it_says_why_a_load_gets_less_than_the_budget_has() -> None:
    rows = [claim("a", 2000, policy={"phase": 1}), claim("b", 2000, relay=True), claim("c")]
    a, b, c = allot(budget(2500), rows, (800.0, 5000.0)).values()
    assert (a.rule, a.because) == ("phase", "its phase can carry 800 W of its 2000 W below max_phase_w")
    assert (b.rule, b.because) == ("priority", "needs 2000 W, 1700 W left after a")
    assert (c.rule, c.because) == ("phase", "its phase can carry 0 W of its 1000 W below max_phase_w")
    assert allot(budget(50), rows)["a"].rule is None


def test_twelve_loads_take_less_than_a_millisecond() -> None:
    rows = [claim(f"load_{number}", 500 + 100 * number, relay=number % 2 == 0) for number in range(12)]
    best_s = 1.0
    for _ in range(20):
        start_s = time.perf_counter()
        allot(budget(6000), rows, (4000.0, 3000.0, 2000.0))
        best_s = min(best_s, time.perf_counter() - start_s)
    assert best_s < 0.001


@st.composite
def claims(draw: st.DrawFn, name: str) -> Claim:
    relay = draw(st.booleans())
    most_w = draw(st.integers(100, 3000))
    row = claim(
        name,
        most_w,
        relay=relay,
        policy={
            "min_power_w": draw(st.integers(10, most_w)),
            "dead_band_w": draw(st.sampled_from([0, 100, 400])),
            "phase": draw(st.sampled_from([None, 1, 2, 3])),
        },
    )
    running = draw(st.booleans())
    dwells = running and draw(st.booleans())
    return replace(
        row,
        available=draw(st.integers(0, 4)) > 0,
        running=running,
        held_w=row.policy.least_power_w if dwells else 0.0,
        starts_at_once=draw(st.booleans()),
        own_w=float(draw(st.integers(0, most_w))) if running else 0.0,
    )


LISTS = st.integers(1, 8).flatmap(lambda count: st.tuples(*(claims(f"load_{index}") for index in range(count))))
POWERS = st.integers(-2000, 12_000)
PHASES = st.one_of(st.just(()), st.tuples(*[st.integers(-1000, 5000)] * 3))


def draws_now(row: Claim) -> bool:
    return row.running or row.starts_at_once


def slack_w(row: Claim) -> float:
    return (
        row.policy.least_power_w - needed_w(row.policy, running=True)
        if row.running and not row.policy.adjustable
        else 0.0
    )


@given(POWERS, LISTS, PHASES)
def test_never_more_than_the_budget_what_is_held_and_one_dead_band(
    power_w: int, rows: tuple[Claim, ...], phases_w: tuple[float, ...]
) -> None:
    shares = watts(power_w, *rows, phases_w=phases_w)
    drawn_w = sum(max(row.held_w, shares[row.policy.name]) for row in rows if draws_now(row))
    held_w = sum(row.held_w for row in rows)
    assert drawn_w <= max(held_w, power_w) + max(slack_w(row) for row in rows) + 1e-6


@given(POWERS, LISTS, PHASES)
def test_a_share_is_nothing_or_what_the_load_can_run_at(
    power_w: int, rows: tuple[Claim, ...], phases_w: tuple[float, ...]
) -> None:
    shares = watts(power_w, *rows, phases_w=phases_w)
    for row in rows:
        share_w = shares[row.policy.name]
        assert share_w == 0 or row.policy.least_power_w <= share_w <= row.policy.max_power_w
        assert row.available or share_w == 0


@given(POWERS, LISTS)
def test_no_load_starves_while_lower_ones_hold_what_it_needs(power_w: int, rows: tuple[Claim, ...]) -> None:
    """Whoever gets nothing could not start either if all free loads below it gave up all they have."""
    shares = watts(power_w, *rows)
    for index, row in enumerate(rows):
        if row.available and shares[row.policy.name] == 0:
            above_w = sum(max(0.0, shares[other.policy.name] - other.held_w) for other in rows[:index])
            left_w = power_w - sum(other.held_w for other in rows) - above_w + row.held_w
            promised_w = sum(
                shares[other.policy.name] for other in rows[:index] if row.running and not draws_now(other)
            )
            assert left_w + promised_w < needed_w(row.policy, running=row.running)


@given(POWERS, st.integers(0, 3000), LISTS)
def test_more_budget_never_gives_less_in_all(power_w: int, more_w: int, rows: tuple[Claim, ...]) -> None:
    """Counted when the start delays are over: while one runs, its watts are kept from loads that do not run yet."""
    rows = tuple(replace(row, starts_at_once=True) for row in rows)
    before, after = watts(power_w, *rows), watts(power_w + more_w, *rows)

    def drawn_w(shares: dict[str, float]) -> float:
        return sum(max(row.held_w, shares[row.policy.name]) for row in rows if draws_now(row))

    assert drawn_w(after) >= drawn_w(before) - max(slack_w(row) for row in rows) - 1e-6


@given(LISTS, st.tuples(*[st.integers(0, 5000)] * 3))
def test_no_phase_gets_more_than_it_can_carry(rows: tuple[Claim, ...], phases_w: tuple[int, ...]) -> None:
    """Beyond what is held, and but for the last watts of a running relay, each known load fits on its phase."""
    shares = watts(20_000, *rows, phases_w=tuple(float(phase_w) for phase_w in phases_w))
    for number, phase_w in enumerate(phases_w, 1):
        on_it = [row for row in rows if row.policy.phase == number]
        more_w = sum(max(row.held_w, shares[row.policy.name]) for row in on_it)
        rises_w = sum(
            max(0.0, max(row.held_w, shares[row.policy.name]) - row.own_w) for row in rows if row.policy.phase is None
        )
        held_w = sum(row.held_w for row in rows)
        assert more_w + rises_w <= max(phase_w, held_w) + max(slack_w(row) for row in rows) + 1e-6


@given(POWERS, LISTS, PHASES)
def test_the_same_claims_get_the_same_shares(
    power_w: int, rows: tuple[Claim, ...], phases_w: tuple[float, ...]
) -> None:
    assert allot(budget(power_w), rows, phases_w) == allot(budget(power_w), rows, phases_w)
