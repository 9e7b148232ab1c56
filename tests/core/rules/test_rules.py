"""`when:` and `on_when:` in a home, hour after hour in virtual time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pv_heater import Controller
from pv_heater.core.model.requests import ClearFault, Force, Mode
from pv_heater.core.model.values import Decision, Inputs, Phase
from pv_heater.errors import ConfigError
from pv_heater.run.journal import Journal
from tests.builders import NOON, House, config, forecast, heater, reading


def house(**changes: Any) -> House:
    return House(config(loads=[heater(**changes)]))


def lived(home: House, second: float, **fields: Any) -> Decision:
    """A step in a house that feels what the heater draws: 500 W of its own, no sun unless given."""
    drawn_w = home.decisions[-1][1].setpoints["heater"].power_w if home.decisions else 0.0
    return home.at(second, **({"pv_w": 0.0, "consumption_w": 500.0 + drawn_w} | fields))


def test_a_gate_holds_automatic_heating_back_until_it_opens() -> None:
    home = house(when="soc > 90")
    decision = home.at(0, battery_soc_percent=85.0)
    assert decision.loads["heater"].rule == "rule"
    assert "when: soc > 90 (soc is 85)" in decision.loads["heater"].because
    assert decision.trace.wishes == {"heater": "off"}
    decision = home.at(10, battery_soc_percent=95.0)
    assert decision.setpoints["heater"].on
    assert decision.trace.wishes == {}


def test_a_gate_asks_for_nothing() -> None:
    assert not house(when="soc > 90").at(0, pv_w=0.0).setpoints["heater"].on


def test_a_gate_that_cannot_be_answered_is_closed_and_says_why() -> None:
    for condition in ("soc > 90", "not soc > 90"):
        decision = house(when=condition).at(0, battery_soc_percent=None, battery_w=None)
        assert not decision.setpoints["heater"].on
        assert decision.trace.rule_remarks == {"heater": "its condition waits for soc, which nothing reports"}


def test_a_gate_that_closes_waits_for_the_minimum_on_time() -> None:
    home = house(when="soc > 90", min_on_s=60)
    home.at(0)
    assert home.at(30, battery_soc_percent=80.0).setpoints["heater"].on
    assert not home.at(60, battery_soc_percent=80.0).setpoints["heater"].on


def test_a_closed_gate_leaves_the_surplus_to_others() -> None:
    home = House(config(loads=[heater("first", when="hour > 22"), heater("second")]))
    assert home.at(0).setpoints["second"].power_w == 2000.0


def test_a_switch_needs_no_surplus() -> None:
    decision = house(on_when="charger == float").at(0, pv_w=0.0, consumption_w=300.0, charger_state="float")
    assert decision.setpoints["heater"].power_w == 2000.0
    assert "on_when: charger == float (charger is float)" in decision.loads["heater"].because


@pytest.mark.parametrize(
    ("seen", "guard"),
    [
        ({"battery_soc_percent": 10.0}, "battery_low"),
        ({"grid_connected": False}, "grid_lost"),
        ({"ac_source": "generator"}, "generator"),
        ({"grid_w": 900.0}, "grid_draw"),
        ({"load_c": {"heater": 80.0}}, "too_hot"),
        ({"load_c": {}}, "probe_lost"),
    ],
)
def test_a_switch_passes_no_guard(seen: dict[str, Any], guard: str) -> None:
    home = house(on_when="hour >= 0", max_c=70.0)
    decision = home.at(0, **({"load_c": {"heater": 40.0}} | seen))
    assert not decision.setpoints["heater"].on
    assert decision.loads["heater"].rule == guard


def test_a_switch_does_not_heat_at_night() -> None:
    midnight = datetime(2026, 6, 21, 23, 0, tzinfo=UTC)
    assert not house(on_when="hour >= 0").at(0, now=midnight).setpoints["heater"].on


def test_forced_off_wins_over_a_switch_and_target_and_daily_maximum_end_it() -> None:
    home = house(on_when="hour >= 0")
    forced = Inputs(tick_s=0.0, commands=(Force(load="heater", mode=Mode.OFF),))
    assert not home.controller.step(NOON, reading(), None, forced).setpoints["heater"].on
    full = house(on_when="hour >= 0", target_c=60.0).at(0, load_c={"heater": 61.0})
    assert full.loads["heater"].phase is Phase.FULL
    home = house(on_when="hour >= 0", daily_max_wh=100.0)
    assert home.at(0).setpoints["heater"].on
    assert home.at(200).loads["heater"].rule == "full"


def test_forced_on_passes_a_gate() -> None:
    home = house(when="soc > 200")
    forced = Inputs(tick_s=0.0, commands=(Force(load="heater", mode=Mode.ON),))
    assert home.controller.step(NOON, reading(), None, forced).setpoints["heater"].on


def test_a_gate_wins_over_a_switch() -> None:
    assert not house(when="soc > 99", on_when="hour >= 0").at(0).setpoints["heater"].on


def test_a_switch_has_a_longest_time_and_begins_anew_once_it_let_go() -> None:
    home = house(on_when="soc > 90", rule_on_max_s=600)
    on = [second for second in range(0, 2000, 10) if lived(home, second).setpoints["heater"].on]
    assert on == list(range(0, 600, 10))
    remark = home.decisions[-1][1].trace.rule_remarks["heater"]
    assert "600 s, the longest time" in remark
    lived(home, 2000, battery_soc_percent=80.0)
    assert lived(home, 2010).setpoints["heater"].on


def test_a_switch_has_a_longest_time_a_day() -> None:
    home = house(on_when="soc > 90", rule_on_daily_max_s=300)
    for start_s in (0, 1000):
        for second in range(start_s, start_s + 200, 10):
            lived(home, second)
        lived(home, start_s + 200, battery_soc_percent=80.0)
    on_s = 10 * sum(decision.setpoints["heater"].on for _, decision in home.decisions)
    assert on_s == 300
    tomorrow = home.at(86_400, pv_w=0.0, now=NOON + timedelta(days=1))
    assert tomorrow.setpoints["heater"].on


def test_a_spent_switch_still_takes_the_surplus() -> None:
    home = house(on_when="soc > 90", rule_on_max_s=60)
    for second in range(0, 200, 10):
        decision = lived(home, second, pv_w=1500.0)
    assert decision.setpoints["heater"].power_w == 1000.0
    assert decision.loads["heater"].rule == "balance"


def test_held_waits_until_the_condition_has_lasted() -> None:
    home = house(when="held(charger == float, 60)")
    seen = [home.at(second, charger_state="float").setpoints["heater"].on for second in range(0, 80, 10)]
    assert seen == [False] * 6 + [True] * 2
    assert not home.at(80, charger_state="bulk").setpoints["heater"].on
    assert not home.at(90, charger_state="float").setpoints["heater"].on


def test_held_begins_anew_when_nobody_looked_for_more_than_five_minutes() -> None:
    home = house(when="held(soc > 90, 100)")
    for second in (0, 50):
        home.at(second)
    assert not home.at(400).setpoints["heater"].on


def test_held_counts_at_the_slowest_pace_too() -> None:
    home = house(when="held(soc > 90, 600)")
    assert [home.at(second, interval_s=300.0).setpoints["heater"].on for second in (0, 300, 600, 900)] == [
        False,
        False,
        True,
        True,
    ]


def test_times_loads_and_forecast_can_be_asked_about() -> None:
    home = House(
        config(
            loads=[
                heater(
                    "first", when="between('12:00', 'sunset-1h') and season == summer and weekday == sun and month == 6"
                ),
                heater(
                    "second", when="first.is_on and first.power_w > 1000 and forecast_today_wh > 10000", max_power_w=500
                ),
                heater("third", when="forecast_tomorrow_wh > 1"),
            ]
        )
    )
    today = forecast(hours=12)  # ends at one o'clock in the night: tomorrow is not known
    home.at(0, with_forecast=today, pv_w=6000.0)
    decision = home.at(10, with_forecast=today, pv_w=6000.0, load_w={})
    assert [name for name, setpoint in decision.setpoints.items() if setpoint.on] == ["first", "second"]
    assert decision.trace.rule_remarks == {
        "third": "its condition waits for forecast_tomorrow_wh, which nothing reports"
    }


def test_pings_come_from_outside_and_are_unknown_without() -> None:
    home = house(on_when='ping("192.168.1.20")')
    assert not home.at(0, pv_w=0.0).setpoints["heater"].on
    answered = {"probes": {'ping("192.168.1.20")': True}}
    assert home.at(10, pv_w=0.0, inputs=answered).setpoints["heater"].on
    assert [str(probe) for probe in home.controller.rules.probes] == ['ping("192.168.1.20")']


def test_what_loads_did_today_and_what_held_survive_a_restart() -> None:
    settings = config(loads=[heater(on_when="this.on_today_s < 300 and held(soc > 90, 60)")])
    home = House(settings)
    dark = {"pv_w": 0.0}
    for second in range(0, 200, 10):
        home.at(second, **dark)
    again = House(settings, state=home.controller.state())
    on = [s for s in range(200, 900, 10) if again.at(s, **dark).setpoints["heater"].on]
    assert on == list(range(200, 370, 10))  # 60..200 before, 10 s of restart are not counted, the rest after it


def test_after_a_long_absence_held_begins_anew_and_the_day_is_over() -> None:
    settings = config(loads=[heater(on_when="held(soc > 90, 60) and this.on_today_s < 100")])
    home = House(settings)
    for second in range(0, 300, 10):
        home.at(second, pv_w=0.0)
    again = House(settings, state=home.controller.state())
    tomorrow = NOON + timedelta(days=1)
    first = [
        again.at(s, now=tomorrow + timedelta(seconds=s), pv_w=0.0).setpoints["heater"].on for s in range(0, 80, 10)
    ]
    assert first == [False] * 6 + [True] * 2


def test_an_old_state_without_rules_still_loads() -> None:
    home = house()
    home.at(0)
    state = home.controller.state()
    del state["rules"]
    for broken in (
        state,
        state | {"rules": []},
        state | {"rules": {"loads": {"heater": 3}, "holds": {"x": [None, "y"]}}},
    ):
        assert House(config(), state=broken).at(10).setpoints["heater"].on


def test_the_same_calls_give_the_same_decisions() -> None:
    settings = config(loads=[heater(when="held(soc > 90, 30) and this.runs_today < 2")])

    def decisions() -> list[float]:
        home = House(settings)
        return [
            home.at(s, battery_soc_percent=95.0 - (s % 100) / 10).setpoints["heater"].power_w for s in range(0, 900, 7)
        ]

    assert decisions() == decisions()


def test_a_fault_is_not_passed_and_clears_as_ever() -> None:
    home = house(on_when="hour >= 0")
    assert not home.at(0, inputs={"health": {"heater": "broken"}}).setpoints["heater"].on
    assert home.at(10, inputs={"commands": (ClearFault(load="heater"),)}).setpoints["heater"].on


def test_unknown_loads_in_conditions_are_refused_with_what_was_meant() -> None:
    with pytest.raises(ConfigError) as caught:
        Controller.from_config(config(loads=[heater("pump"), heater(when="pmup.is_on")]))
    assert "loads[1].when: does not know the load 'pmup'; did you mean pump?" in str(caught.value)


def test_a_mistake_in_a_condition_has_its_line(tmp_path: Any) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(
        "meter: {type: vrm, token: x, installation_id: 1}\nloads:\n"
        "  - name: heater\n    type: dry_run\n    max_power_w: 2000\n    when: soc >> 3\n",
        encoding="utf-8",
    )
    with pytest.raises(ConfigError) as caught:
        Controller.from_config(path)
    assert "line 6: loads[0].when:" in str(caught.value)


def test_a_replay_of_what_rules_answered_needs_no_rules() -> None:
    settings = config(loads=[heater(when="soc > 90", on_when="held(charger == float, 60)")])
    home, journal = House(settings), Journal()
    for second in range(0, 600, 10):
        seen = {"charger_state": "float" if second > 200 else "bulk", "battery_soc_percent": 95.0 - second % 100 / 10}
        decision = lived(home, second, **seen)
        journal.report(NOON, decision, None, None)
    assert {entry.trace.wishes.get("heater") for entry in journal.last(99)} == {None, "on", "off"}
    replayed = House()
    for second, decision in home.decisions:
        wishes = {"wishes": {name: Mode(word) for name, word in decision.trace.wishes.items()}}
        before = replayed.decisions[-1][1] if replayed.decisions else None
        drawn_w = before.setpoints["heater"].power_w if before is not None else 0.0
        soc_percent = decision.trace.battery_soc_percent
        again = replayed.at(
            second, pv_w=0.0, consumption_w=500.0 + drawn_w, battery_soc_percent=soc_percent, inputs=wishes
        )
        assert again.setpoints == decision.setpoints
