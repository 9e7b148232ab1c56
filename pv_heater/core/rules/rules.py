"""The owner's own conditions: what each load's rule asks for now, and for how long it may have it.

`when:` must hold for automatic heating, `on_when:` switches on whatever is spare, `only_when:` does both; the answer of
a rule file comes as a wish in `Inputs`. Off wins over on. On stays behind every guard, the owner's own word, the daily
maximum and the target temperature, and ends after `rule_on_max_s` at a time and `rule_on_daily_max_s` a day.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import field, replace
from datetime import tzinfo
from typing import Any

from pv_heater.core.conditions.expression import Expression, Probe
from pv_heater.core.conditions.names import THIS, Value
from pv_heater.core.conditions.parser import parse
from pv_heater.core.house.facts import HouseFacts
from pv_heater.core.house.sun import DaylightHours
from pv_heater.core.loads.load_step import Memory, Outcome
from pv_heater.core.model.day_plan import DayPlan
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.power_balance import spare_w
from pv_heater.core.model.prices import PricePeriod
from pv_heater.core.model.requests import Mode
from pv_heater.core.model.rule_id import Rule
from pv_heater.core.model.setting import DayTime
from pv_heater.core.model.values import Inputs, Phase
from pv_heater.core.rules.condition_memory import Holds, Latches
from pv_heater.core.rules.load_record import LoadRecord
from pv_heater.core.rules.purchases import may_buy_wh
from pv_heater.core.rules.scene import HomeScene
from pv_heater.core.settings.home import Daylight, Site
from pv_heater.core.settings.load import LoadSettings
from pv_heater.core.settings.start_power import possible_w

RULE = Rule.RULE
"""The rule id of a decision that a user's rule made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleAnswers:
    """What all rules want now."""

    wishes: Mapping[str, Mode]
    """Loads without an entry have no rule, or one that has no opinion."""
    because: Mapping[str, str]
    power_w: Mapping[str, float]
    """What each load whose rule says on is asked to draw."""
    remarks: Mapping[str, str]
    """By load what its owner should know: a value that is not known, a rule that has had its time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What comes from outside, for the same fields of `Inputs`: rule files, and hosts and files asked about."""

    wishes: Mapping[str, Mode | None] = field(default_factory=dict)
    because: Mapping[str, str] = field(default_factory=dict)
    power_w: Mapping[str, float] = field(default_factory=dict)
    probes: Mapping[str, bool] = field(default_factory=dict)


NO_WISHES = Wishes()
NO_ANSWERS = RuleAnswers(wishes={}, because={}, power_w={}, remarks={})


@dataclass(frozen=True, slots=True)
class _Asked:
    """The scene as one condition of one load sees it."""

    home: HomeScene
    this: str
    key: str
    holds: Holds
    latches: Latches
    probes: Mapping[str, bool]

    def site(self, name: str) -> Value:
        return self.home.site(name)

    def load(self, load: str, name: str) -> Value:
        return self.home.load(self.this if load == THIS else load, name)

    def held(self, number: int, condition: bool | None, for_s: float) -> bool | None:
        return self.holds.lasted(self._place(number), condition, for_s, self.home.tick_s)

    def lasting(self, number: int, condition: bool | None, on_s: float, off_s: float) -> bool | None:
        return self.latches.lasting(self._place(number), condition, self.home.tick_s, on_s=on_s, off_s=off_s)

    def hysteresis(self, number: int, value: float | None, on_at: float, off_at: float) -> bool | None:
        return self.latches.hysteresis(self._place(number), value, on_at, off_at, self.home.tick_s)

    def _place(self, number: int) -> str:
        return f"{self.this} {self.key} {number}"

    def between(self, begin: DayTime, end: DayTime) -> bool | None:
        return self.home.between(begin, end)

    def probe(self, probe: Probe) -> bool | None:
        return self.probes.get(str(probe))

    def values(self, expression: Expression) -> dict[str, Value]:
        """What the condition's names stand for now."""
        values: dict[str, Value] = {}
        for name in sorted(expression.names):
            load, dot, field = name.partition(".")
            values[name] = self.load(load, field) if dot else self.site(name)
        return values | {str(probe): self.probe(probe) for probe in sorted(expression.probes, key=str)}


class Rules:
    """The rules of all loads, and the record of each load that they may ask about."""

    def __init__(
        self, policies: Mapping[str, LoadSettings], site: Site, zone: tzinfo, values: Collection[str] = ()
    ) -> None:
        """`values` are the names of the owner's own; what they are comes in `Inputs.values`."""
        self._policies, self._values = policies, tuple(values)

        def expressions(key: str) -> dict[str, Expression]:
            texts = {name: getattr(policy, key) for name, policy in policies.items()}
            return {name: parse(text, policies, values) for name, text in texts.items() if text}

        self._when, self._on_when, self._only = map(expressions, ("when", "on_when", "only_when"))
        self._zone = zone
        self._southern = site.latitude is not None and site.latitude < 0
        self._sun = DaylightHours(Daylight(start=DayTime("sunrise"), end=DayTime("sunset")), site, zone)
        self._holds, self._latches = Holds(), Latches()
        self._by_rule: set[str] = set()
        self._bought_w: dict[str, float] = {}
        """What loads draw now because their rule may buy."""
        self._asked_before = False
        """Whether the step before had a wish: what it counted must end with it."""
        self._house: HouseFacts | None = None
        """What is known in this step; None before the first."""
        self._memories: Mapping[str, Memory] = {}
        self._plan: DayPlan | None = None
        self._prices: Sequence[PricePeriod] = ()
        self.records = {name: LoadRecord() for name in policies}
        self.latest = NO_ANSWERS
        """What the rules answered in the latest step."""

    def adopt(self, policies: Mapping[str, LoadSettings]) -> None:
        """Go on with these settings of the same loads; their conditions are the same."""
        self._policies = policies

    @property
    def probes(self) -> frozenset[Probe]:
        """The questions to the world outside that conditions ask; their answers belong into `Inputs.probes`."""
        expressions = [*self._when.values(), *self._on_when.values(), *self._only.values()]
        return frozenset[Probe]().union(*(expression.probes for expression in expressions))

    def look(
        self,
        house: HouseFacts,
        memories: Mapping[str, Memory],
        plan: DayPlan | None,
        prices: Sequence[PricePeriod],
    ) -> Inputs:
        """What the caller says, with what all rules together want; `plan` is the one in force.

        While the time of day is unknown, so are hours, days and what is expected for them to every rule.
        """
        self._house, self._memories, self._plan, self._prices = house, memories, plan, prices
        inputs, answers = house.inputs, NO_ANSWERS
        if self._when or self._on_when or self._only or inputs.wishes or self._asked_before:
            answers = self._answers(inputs, self._scene_of(house))
            self._asked_before = bool(inputs.wishes)
        self.latest = answers
        if not (answers.wishes or answers.because or inputs.wishes or inputs.wish_because):
            return inputs  # as in most homes
        return replace(inputs, wishes=answers.wishes, wish_because=answers.because, wish_power_w=answers.power_w)

    def _scene_of(self, house: HouseFacts) -> HomeScene:
        reading, knows_time = house.reading, house.knows_time
        sunrise_at, sunset_at = self._sun.window(house.now) or (None, None)
        return HomeScene(
            now=house.now.astimezone(self._zone),
            tick_s=house.tick_s,
            reading=reading,
            forecast=house.forecast if knows_time else None,
            knows_time=knows_time,
            plan=self._plan,
            prices=self._prices,
            spare_w=None if reading is None else spare_w(reading, house.house_w, sum(house.own_by_load_w.values()))[1],
            sunrise_at=sunrise_at,
            sunset_at=sunset_at,
            southern=self._southern,
            memories=self._memories,
            records=self.records,
            load_c=house.load_c,
            own={name: _own(house.inputs, name) for name in self._values},
        )

    def picture(self) -> dict[str, dict[str, Value]] | None:
        """The home as rules see it now, as plain JSON types; None before the first step. See `HomeScene.as_json`."""
        return None if self._house is None else self._scene_of(self._house).as_json()

    def passed(self, elapsed_s: float) -> None:
        """Count the step that ended."""
        for name, record in self.records.items():
            if record.is_on:
                record.count(elapsed_s, by_rule=name in self._by_rule, bought_w=self._bought_w.get(name, 0.0))

    def _answers(self, inputs: Inputs, scene: HomeScene) -> RuleAnswers:
        """What every load's rule asks for now: its conditions and the wish of its rule file together."""
        wishes: dict[str, Mode] = {}
        because: dict[str, str] = {}
        power_w: dict[str, float] = {}
        remarks: dict[str, str] = {}
        for name, policy in self._policies.items():
            gate = self._asked(scene, name, "when", self._when.get(name), inputs)
            switch = self._asked(scene, name, "on_when", self._on_when.get(name), inputs)
            only = self._asked(scene, name, "only_when", self._only.get(name), inputs)
            wish, why = _joined((gate, only), (switch, only), inputs.wishes.get(name), inputs.wish_because.get(name))
            record = self.records[name]
            record.ask(wish is Mode.ON, policy.rule_on_max_s)
            if wish is Mode.ON and (remark := _used_up(policy, record)) is not None:
                remarks[name] = remark
                if only is not None:
                    wishes[name], because[name] = Mode.OFF, remark
                continue
            unknown = dict.fromkeys(name for one in (gate, switch, only) if one is not None for name in one.unknown)
            if unknown:
                remarks[name] = f"its condition waits for {', '.join(unknown)}, which nothing reports"
            if wish is not None:
                wishes[name], because[name] = wish, why
            if wish is Mode.ON:
                if may_buy_wh(policy, record) == 0.0:
                    remarks[name] = (
                        f"its rule has bought {record.bought_today_wh:.0f} Wh today (rule_buy_daily_max_wh); until "
                        "midnight it heats only where the guards allow it"
                    )
                given_w = inputs.wish_power_w.get(name, policy.rule_power_w)
                power_w[name] = possible_w(policy, policy.max_power_w if given_w is None else given_w)
        return RuleAnswers(wishes=wishes, because=because, power_w=power_w, remarks=remarks)

    def note(self, outcomes: Mapping[str, Outcome], tick_s: float) -> None:
        """Remember what was decided for the step that begins."""
        by_rule: set[str] = set()
        self._bought_w = {}
        for name, outcome in outcomes.items():
            is_on = outcome.memory.phase is Phase.HEATING
            if is_on is not self.records[name].is_on:
                self.records[name].switch(is_on, tick_s)
            if outcome.rule == RULE:
                by_rule.add(name)
                if outcome.duty is not None:
                    self._bought_w[name] = outcome.memory.credited_w
        self._by_rule = by_rule

    def as_json(self, tick_s: float) -> dict[str, Any]:
        """What a restart must not forget."""
        loads = {name: record.as_json(tick_s) for name, record in self.records.items()}
        return {"loads": loads, "holds": self._holds.as_json(tick_s), "latches": self._latches.as_json(tick_s)}

    def take_back(self, saved: object, tick_s: float, away_s: float) -> None:
        """Go on from what `as_json` gave `away_s` seconds ago; what it did not give is left out."""
        if not isinstance(saved, Mapping):
            return
        loads, holds, latches = saved.get("loads"), saved.get("holds"), saved.get("latches")
        for name, item in loads.items() if isinstance(loads, Mapping) else ():
            if name in self.records and isinstance(item, Mapping):
                self.records[name] = LoadRecord.parse(item, tick_s, away_s)
        if isinstance(holds, Mapping):
            self._holds.take_back(holds, tick_s, away_s)
        if isinstance(latches, Mapping):
            self._latches.take_back(latches, tick_s, away_s)

    def _asked(
        self, scene: HomeScene, load: str, key: str, expression: Expression | None, inputs: Inputs
    ) -> _Answer | None:
        if expression is None:
            return None
        asked = _Asked(scene, load, f"{key} {expression.text}", self._holds, self._latches, inputs.probes)
        holds = expression.holds(asked)
        values = asked.values(expression)
        facts = ", ".join(f"{name} is {_shown(value)}" for name, value in values.items())
        unknown = tuple(name for name, value in values.items() if value is None) if holds is None else ()
        return _Answer(holds is True, f"{key}: {expression.text}{f' ({facts})' if facts else ''}", unknown)


@dataclass(frozen=True, slots=True)
class _Answer:
    holds: bool
    text: str
    unknown: tuple[str, ...]


def _joined(
    gates: Sequence[_Answer | None], switches: Sequence[_Answer | None], given: Mode | None, given_because: str | None
) -> tuple[Mode | None, str]:
    """The wish of conditions and rule file together, and why."""
    if given is Mode.OFF:
        return Mode.OFF, given_because or "its rule says off"
    for gate in gates:
        if gate is not None and not gate.holds:
            return Mode.OFF, f"its condition does not hold, {gate.text}"
    if given is Mode.ON:
        return Mode.ON, given_because or "its rule says on"
    for switch in switches:
        if switch is not None and switch.holds:
            return Mode.ON, f"its condition holds, {switch.text}"
    return None, ""


def _own(inputs: Inputs, name: str) -> float | None:
    found = inputs.values.get(name)
    return None if found is None or found.value is None else float(found.value)


def _used_up(policy: LoadSettings, record: LoadRecord) -> str | None:
    """Why a rule's on counts no more; None while it does."""
    meanwhile = "it stays off" if policy.only_when else "it runs on surplus only"
    if record.spent:
        return (
            f"its rule has had it on for {policy.rule_on_max_s:.0f} s, the longest time (rule_on_max_s); until the "
            f"rule lets go of it, {meanwhile}"
        )
    if record.ruled_today_s >= policy.rule_on_daily_max_s:
        return (
            f"its rule has had it on for {policy.rule_on_daily_max_s:.0f} s today (rule_on_daily_max_s); until "
            f"midnight {meanwhile}"
        )
    return None


def _shown(value: Value) -> str:
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else f"{value:.4g}" if abs(value) < 1e4 else f"{value:.0f}"
