"""What a step came to, in the words and the clock of the owner: the decision, and all that it rests on.

Its trace holds the values of this step, its thresholds those that settings and source set.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo

from pv_heater.core.house.facts import HouseFacts
from pv_heater.core.house.guards import RELEASE_SHARE
from pv_heater.core.house.least_charge import least_charge
from pv_heater.core.loads.load_step import Outcome
from pv_heater.core.loads.step_context import StepContext
from pv_heater.core.model.day_energies import DayEnergies
from pv_heater.core.model.day_plan import DayPlan
from pv_heater.core.model.steering import Steering
from pv_heater.core.model.tank import TankStatus
from pv_heater.core.model.trace import DecisionTrace, LoadThresholds, Thresholds
from pv_heater.core.model.values import OFF, Decision, LoadState, Reading, Setpoint
from pv_heater.core.rules.rules import RuleAnswers
from pv_heater.core.settings.home import Limits, Site
from pv_heater.core.settings.load import LoadSettings

FURTHEST_S = 3e9
"""No instant further away than 95 years is given: the calendar ends somewhere."""
_UNREAD = Reading(taken_at=datetime.min.replace(tzinfo=UTC), source="")
"""Stands where there is no reading: it tells nothing."""


def decision_of(
    outcomes: Mapping[str, Outcome],
    context: StepContext,
    zone: tzinfo,
    trace: DecisionTrace,
    thresholds: Thresholds,
    *,
    tanks: Mapping[str, TankStatus],
    notices: Mapping[str, str],
    missed: Mapping[str, str],
    house_notices: tuple[str, ...],
    told_w: Callable[[str, float], float],
    setpoints_before: Mapping[str, Setpoint],
    today: DayEnergies,
    plan: DayPlan | None,
) -> Decision:
    """The decision of a step; instants are given in `zone`. For `tanks`, `notices` and `missed` see
    `LoadState`, for `house_notices` `Decision.notices`.

    `told_w` answers what a load, by its name, must be set to, to draw that much; those of `setpoints_before` that
    say just that are told again.
    """
    blocks, budget, instant = context.blocks.site, context.budget, _instants(context.house, zone)
    states = {
        name: _load_state(
            outcome,
            instant,
            tank=tanks.get(name) if tanks else None,
            notice=notices.get(name) if notices else None,
            missed=missed.get(name) if missed else None,
        )
        for name, outcome in outcomes.items()
    }
    first = blocks[0] if blocks else None
    return Decision(
        setpoints={
            name: _setpoint(told_w(name, state.power_w), setpoints_before.get(name)) if state.power_w > 0 else OFF
            for name, state in states.items()
        },
        loads=states,
        blocked_by=first.guard if first else None,
        because=first.because if first else budget.because,
        margins={name: round(value, 1) for name, value in first.margins.items()} if first else {},
        trace=trace,
        thresholds=thresholds,
        notices=house_notices,
        outlook=budget.outlook,
        today=today,
        plan=plan,
    )


def _setpoint(power_w: float, before: Setpoint | None) -> Setpoint:
    return before if before is not None and before.power_w == power_w else Setpoint(on=True, power_w=power_w)


def _instants(house: HouseFacts, zone: tzinfo) -> Callable[[float], datetime]:
    """What tells when the clock shows, or showed, a tick."""
    now, tick_s = house.now, house.tick_s

    def instant(at_s: float) -> datetime:
        away_s = at_s - tick_s
        if not -FURTHEST_S <= away_s <= FURTHEST_S:
            away_s = max(-FURTHEST_S, min(FURTHEST_S, away_s))
        return (now + timedelta(seconds=away_s)).astimezone(zone)

    return instant


def _load_state(
    outcome: Outcome,
    instant: Callable[[float], datetime],
    *,
    tank: TankStatus | None,
    notice: str | None,
    missed: str | None,
) -> LoadState:
    memory, duty = outcome.memory, outcome.duty
    until_s = memory.mode_until_s if duty is None else duty.until_s
    return LoadState(
        phase=memory.phase,
        stop=outcome.stop,
        mode=memory.mode,
        until_at=None if until_s is None else instant(until_s),
        power_w=memory.power_w,
        rule=outcome.rule,
        because=outcome.because,
        margins=outcome.margins,
        since_at=instant(memory.since_s),
        next_change_at=None if outcome.next_change_s is None else instant(outcome.next_change_s),
        energy_wh=memory.energy_wh,
        starts=memory.closings,
        temperature_c=outcome.temperature_c,
        rests_until_at=None if outcome.rests_until_s is None else instant(outcome.rests_until_s),
        tank=tank,
        notice=notice,
        missed=missed,
        mode_since_at=None if memory.mode_since_s is None else instant(memory.mode_since_s),
    )


def thresholds_of(site: Site, limits: Limits, policies: Collection[LoadSettings]) -> Thresholds:
    """What the settings alone say; the age limit is 0 until a source tells its pace."""
    max_age_s = limits.max_reading_age_s or 0.0
    charge = least_charge(site, limits, policies, max_age_s)
    inverter_w = site.inverter.max_w if site.inverter is not None and site.inverter.loads_on == "out" else None
    return Thresholds(
        max_reading_age_s=max_age_s,
        min_battery_percent=charge.percent,
        battery_release_percent=charge.release_percent,
        max_grid_w=limits.max_grid_w,
        grid_release_w=RELEASE_SHARE * limits.max_grid_w,
        max_battery_discharge_w=limits.max_battery_discharge_w,
        max_house_w=limits.max_house_w,
        house_release_w=_released(limits.max_house_w),
        max_phase_w=limits.max_phase_w,
        phase_release_w=_released(limits.max_phase_w),
        inverter_max_w=inverter_w,
        inverter_release_w=_released(inverter_w),
        loads={policy.name: _load_thresholds(policy) for policy in policies},
        grid_target_w=limits.grid_target_w,
    )


def in_force(thresholds: Thresholds, house: HouseFacts) -> Thresholds:
    """The same with what follows from the source's pace: the age limit, and the least charge."""
    if thresholds.max_reading_age_s == house.max_reading_age_s:
        return thresholds
    return replace(
        thresholds,
        max_reading_age_s=house.max_reading_age_s,
        min_battery_percent=house.least_charge.percent,
        battery_release_percent=house.least_charge.release_percent,
    )


def trace_of(
    context: StepContext,
    *,
    allotted_w: Mapping[str, float],
    answers: RuleAnswers,
    house_twice_w: Mapping[str, float],
    learned: Mapping[str, str],
    steering: Steering | None,
    steering_because: str | None,
) -> DecisionTrace:
    """The values of one step."""
    house, view, budget = context.house, context.view, context.budget
    now, forecast, known = house.now, house.forecast, house.known
    reading, is_read = (_UNREAD, False) if house.reading is None else (house.reading, True)
    inverter_w = known.inverter_load_w or 0.0
    return DecisionTrace(
        reading_source=reading.source if is_read else None,
        reading_age_s=house.reading_age_s,
        stale_share=house.stale_share,
        pv_w=reading.pv_w,
        house_w=house.house_w,
        house_twice_w=house_twice_w,
        dc_load_w=reading.dc_load_w,
        base_w=house.base_w,
        grid_w=reading.grid_w,
        grid_phase_w=reading.grid_phase_w,
        battery_w=reading.battery_w,
        battery_soc_percent=reading.battery_soc_percent,
        pv_throttled=reading.pv_throttled,
        feed_in=None if view is None else view.feed_in,
        grid_connected=reading.grid_connected,
        ac_source=reading.ac_source,
        load_w=reading.load_w,
        load_c=house.load_c,
        values=house.inputs.values,
        own_w=house.own_w if is_read else None,
        commanded_w=house.commanded_w,
        spare_w=house.spare_w,
        inverter_load_w=inverter_w if inverter_w > known.inverter_at_least_w else known.inverter_at_least_w,
        forecast_source=None if forecast is None else forecast.source,
        forecast_age_s=None if forecast is None else (now - forecast.issued_at).total_seconds(),
        forecast_pv_w=None if forecast is None else forecast.power_w_at(now),
        import_per_kwh=None if context.price is None else context.price.import_per_kwh,
        export_per_kwh=None if context.price is None else context.price.export_per_kwh,
        daylight=house.daylight,
        clock_trusted=house.inputs.clock_trusted,
        vacation_until_at=house.vacation_until_at,
        budget_w=budget.power_w,
        budget_rule=budget.rule,
        strategy=budget.margins,
        allotted_w=allotted_w,
        wishes={name: str(wish) for name, wish in answers.wishes.items()} if answers.wishes else {},
        rule_remarks=answers.remarks,
        learned=learned,
        steering=steering,
        steering_because=steering_because,
    )


def _load_thresholds(policy: LoadSettings) -> LoadThresholds:
    return LoadThresholds(
        start_w=policy.start_w,
        stop_w=policy.stop_w,
        dead_band_w=policy.dead_band_w,
        start_delay_s=policy.start_delay_s,
        min_on_s=policy.min_on_s,
        min_off_s=policy.min_off_s,
        max_closings_per_day=policy.max_closings_per_day,
        daily_max_wh=policy.daily_max_wh,
        target_c=policy.target_c,
        target_release_c=None if policy.target_c is None else policy.target_c - policy.hysteresis_c,
        max_c=policy.max_c,
        max_release_c=None if policy.max_c is None else policy.max_c - policy.hysteresis_c,
    )


def _released(limit_w: float | None) -> float | None:
    return None if limit_w is None else RELEASE_SHARE * limit_w
