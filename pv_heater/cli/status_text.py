"""The answer to `status` as people read it: the house, what holds all loads back, each load, the sources."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from typing import Any

from pv_heater.cli.rule_words import rule_text
from pv_heater.cli.text import state_lines, trace_lines
from pv_heater.core.model.words import FOR_GOOD, duration_text, kilowatt_hours, kilowatts
from pv_heater.report.text import account_text


def status_lines(answer: Any, why: bool, zone: tzinfo) -> list[str]:
    """The answer of a running controller; `why` adds what each decision rests on."""
    status = answer.get("status")
    if status is None:
        return ["the controller has not completed its first tick yet"]
    now, decision = datetime.fromisoformat(status["now"]).astimezone(zone), status["decision"]
    lines = [f"{now:%H:%M:%S} {house_text(decision['trace'])}"]
    if decision["blocked_by"] is not None:
        lines.append(f"no automatic heating: {decision['because']}{_until(decision['margins'], now)}")
    if decision["trace"].get("steering_because"):
        lines.append(decision["trace"]["steering_because"])
    if decision["trace"].get("import_per_kwh") is not None:
        lines.append(_price_line(decision["trace"], decision.get("today")))
    if decision.get("outlook") is not None and decision["trace"]["daylight"]:
        lines.append(f"plan: {decision['outlook']}")
    if decision.get("plan") is not None and decision["plan"]["text"]:
        lines.append(f"expected: {decision['plan']['text']}")
    if answer.get("report") is not None:
        lines.append(f"{answer['report']['day']}: {account_text(answer['report'])}")
    for name, state in decision["loads"].items():
        lines += _load_lines(name, state, now, zone)
        if why:
            lines += state_lines(name, state, decision["thresholds"], zone)
    if why:
        lines += ["decided from:", *(f"  {line}" for line in trace_lines(decision["trace"]))]
    return [*lines, *map(_source_line, answer.get("sources", [])), *answer.get("troubles", [])]


def _price_line(trace: Any, today: Any) -> str:
    """What a kWh costs and earns now, and what that came to today, in the owner's currency."""
    line = f"price: a bought kWh {trace['import_per_kwh']:.3f}, a sold one {trace['export_per_kwh']:.3f}"
    if today is None or today.get("saved_money") is None:
        return line
    saved, bought = (round(today[name], 2) + 0.0 for name in ("saved_money", "bought_money"))  # no -0.00
    return f"{line}; today sun worth {saved:.2f} in the loads, {bought:.2f} bought"


def house_text(trace: Any) -> str:
    """Sun, house, loads, grid and battery with the age of the reading; sun + grid - battery is house + loads."""
    age_s = trace["reading_age_s"]
    if trace["reading_source"] is None:
        return "no reading yet" if age_s is None else f"no usable reading, the last is {duration_text(age_s)} old"
    base_w, own_w = trace["base_w"], trace["own_w"]
    parts = []
    if trace["pv_w"] is not None:
        parts.append(f"sun {kilowatts(trace['pv_w'])}{' (throttled)' if trace['pv_throttled'] else ''}")
    if base_w is not None:
        parts.append(f"house {kilowatts(base_w)} + loads {kilowatts(own_w or 0.0)}")
    elif trace["house_w"] is not None:
        parts.append(f"house {kilowatts(trace['house_w'])}")
    if trace["grid_w"] is not None:
        parts.append(f"grid {_flow(trace['grid_w'], 'gives', 'takes')}")
    charge = "" if trace["battery_soc_percent"] is None else f"{trace['battery_soc_percent']:.0f} % "
    if trace["battery_w"] is not None:
        idle = abs(trace["battery_w"]) < 0.5
        parts.append(f"battery {charge}{'idle' if idle else _flow(trace['battery_w'], 'takes', 'gives')}")
    elif charge:
        parts.append(f"battery {charge.strip()}")
    return f"{', '.join(parts)} ({trace['reading_source']}, {duration_text(age_s)} old)"


def _flow(power_w: float, above: str, below: str) -> str:
    return "0 W" if abs(power_w) < 0.5 else f"{above if power_w > 0 else below} {kilowatts(abs(power_w))}"


def _load_lines(name: str, state: Any, now: datetime, zone: tzinfo) -> list[str]:
    """What one load does, has had today, and why or what it waits for."""
    does = f"heating {kilowatts(state['power_w'])}" if state["phase"] == "heating" else state["phase"]
    parts = [does, f"mode {state['mode']}{_end(state, now, zone)}"]
    starts = f"{state['starts']} start{'' if state['starts'] == 1 else 's'}"
    parts.append(f"today {kilowatt_hours(state['energy_wh'])}, {starts}")
    if state["temperature_c"] is not None:
        parts.append(f"{state['temperature_c']:.1f} degC")
    lines = [f"{name}: {', '.join(parts)}", f"  {state['because']}"]
    if state.get("tank") is not None:
        lines.append(_tank_line(state["tank"], zone))
    return lines


def _end(state: Any, now: datetime, zone: tzinfo) -> str:
    """Until when a forced mode or a duty lasts."""
    if state["until_at"] is None:
        return "" if state["mode"] == "auto" else f" {FOR_GOOD}"
    until = _clock(datetime.fromisoformat(state["until_at"]).astimezone(zone), now)
    return (
        f" until {until}" if state["mode"] != "auto" else f" ({rule_text(state['rule'])} until {until} at the latest)"
    )


def _until(margins: Any, now: datetime) -> str:
    wait_s = margins.get("wait_s")
    return "" if wait_s is None else f", until {_clock(now + timedelta(seconds=wait_s), now)}"


def _clock(at: datetime, now: datetime) -> str:
    return f"{at:%H:%M}" if at.date() == now.date() else f"{at:%Y-%m-%d %H:%M}"


def _tank_line(tank: Any, zone: tzinfo) -> str:
    """How full of heat the tank is; an estimate says that it is one."""
    if tank["percent"] is None:
        parts = ["not known until its thermostat has opened once"]
    else:
        guess = "about " if tank["estimated"] else ""
        parts = [f"{guess}{tank['percent']:.0f} %, {guess}{tank['kwh_to_go']:.1f} kWh to go"]
    if tank["ready_at"] is not None:
        parts.append(
            f"full at {datetime.fromisoformat(tank['ready_at']).astimezone(zone):%Y-%m-%d %H:%M} at this power"
        )
    if tank["hygiene"] is not None:
        parts.append(tank["hygiene"])
    return f"  tank: {'; '.join(parts)}"


_VIA = {"live": "live", "rest": "by the REST API"}


def _source_line(source: Any) -> str:
    """A meter, sensor or forecast: whether it counts, how old its newest value is, and what is wrong with it."""
    age_s = source["last_success_age_s"]
    parts = ["never answered" if age_s is None else f"answered {age_s:.0f} s ago"]
    if source.get("via"):
        parts.insert(0, _VIA[source["via"]])
    if source.get("reading_age_s") is not None:
        parts.append(f"reading {source['reading_age_s']:.0f} s old")
    if source.get("token_days") is not None:
        parts.append(f"access token valid for {source['token_days']} more days")
    if source.get("distrusted_because"):
        parts.append(f"not believed: {source['distrusted_because']}")
    if source["trouble"]:
        parts.append(source["trouble"])
    mark = " (in use)" if source.get("in_use") else ""
    return f"{source['name']}{mark}: {'; '.join(parts)}"
