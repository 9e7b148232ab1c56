"""When each load will heat, and what asks for it: the quarters of a course as spans of time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from itertools import groupby

from pv_heater.core.house.ahead.quarters import Stretch
from pv_heater.core.model.day_plan import PlannedRun
from pv_heater.core.model.rule_id import Rule
from pv_heater.core.plan.load_ahead import LoadAhead
from pv_heater.core.plan.purchases import Bought


def planned_runs(
    quarters: Sequence[Stretch],
    loads_w: Mapping[str, Sequence[float]],
    loads: Mapping[str, LoadAhead],
    bought: Bought,
    zone: tzinfo,
    away_until_at: datetime,
) -> tuple[PlannedRun, ...]:
    """Of all loads, in order of time. Where some of a quarter is bought, that is the reason of all of it."""

    def of_load(load: LoadAhead, powers_w: Sequence[float], bought_w: Mapping[int, float]) -> Iterator[PlannedRun]:
        def reason(number: int) -> tuple[bool, Rule | None]:
            if powers_w[number] <= 0:
                return False, None
            rule = load.asked_by(quarters[number].start_at, zone, away_until_at)
            return True, Rule.GUARANTEE if rule is None and number in bought_w else rule

        for (heats, rule), numbers in groupby(range(len(quarters)), reason):
            if heats:
                span = list(numbers)
                yield PlannedRun(
                    load=load.policy.name,
                    from_at=quarters[span[0]].start_at,
                    until_at=quarters[span[-1]].end_at,
                    energy_wh=sum(powers_w[number] * quarters[number].hours for number in span),
                    rule=rule,
                )

    runs = [run for name, load in loads.items() for run in of_load(load, loads_w[name], bought.get(name, {}))]
    return tuple(sorted(runs, key=lambda run: run.from_at))
