"""The day in a few lines: caught, possible, lost and to what, money, temperatures, tomorrow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from pv_heater.telemetry.messages.words import Words, named

LEAST_WH = 50.0
"""Less is not worth a word."""
MOST_CAUSES = 3
LEAST_MONEY = 0.005


def summary_of(document: Mapping[str, Any], now: datetime, words: Words) -> tuple[str, str]:
    """Title and text, of a status document; `now` in the owner's zone."""
    today = document["today"]
    caught_wh = 0.0 if today is None else today["caught_wh"]
    title = words.say("summary", caught=words.kwh(caught_wh)) if caught_wh >= LEAST_WH else words.say("summary.none")
    lines = [
        " ".join(_today(today, _of_today(document["report"], now), words)),
        *(_load(load, words) for load in document["loads"]),
        " ".join(_tomorrow(document["plan"], now, words)),
    ]
    return title, "\n".join(line for line in lines if line)


def _of_today(report: Mapping[str, Any] | None, now: datetime) -> Mapping[str, Any] | None:
    """The newest account, where it is today's and there was enough to be accounted for."""
    is_of_today = report is not None and report["day"] == now.date().isoformat() and report.get("because") is None
    return report if is_of_today else None


def _today(today: Mapping[str, Any] | None, report: Mapping[str, Any] | None, words: Words) -> Iterator[str]:
    if today is None:
        yield words.say("uncounted")
        return
    if report is not None:
        yield from _account(report, words)
    else:
        yield from _counted(today, words)
    if today["bought_wh"] >= LEAST_WH:
        bought, cost = words.kwh(today["bought_wh"]), today["bought_money"]
        if cost is None:
            yield words.say("bought", bought=bought)
        else:
            yield words.say("bought.for", bought=bought, cost=words.number(cost, 2))


def _account(report: Mapping[str, Any], words: Words) -> Iterator[str]:
    """What was gained and lost, against foresight and against the same day without the heater."""
    caught_wh, per_kwh = report["caught_wh"], report["per_kwh"]
    yield words.say("foresight", caught=words.kwh(caught_wh), possible=words.kwh(report["possible_wh"]))
    yield from _lost(report["lost_wh"], words)
    if per_kwh is not None:
        yield from _worth(caught_wh * per_kwh / 1000, words)


def _counted(today: Mapping[str, Any], words: Words) -> Iterator[str]:
    """What the controller has counted, where the day has no account yet."""
    if today["possible_wh"] >= LEAST_WH:
        yield words.say("caught", caught=words.kwh(today["caught_wh"]), possible=words.kwh(today["possible_wh"]))
    yield from _lost(today["lost_wh"], words)
    if today["saved_money"] is not None:
        yield from _worth(today["saved_money"], words)


def _lost(lost_wh: Mapping[str, float], words: Words) -> Iterator[str]:
    most = sorted(lost_wh.items(), key=lambda item: -item[1])[:MOST_CAUSES]
    parts = [f"{words.kwh(energy_wh)} {words.lost(cause)}" for cause, energy_wh in most if energy_wh >= LEAST_WH]
    if parts:
        yield words.say("lost", parts="; ".join(parts))


def _worth(money: float, words: Words) -> Iterator[str]:
    if abs(money) >= LEAST_MONEY:
        yield words.say("saved", saved=words.number(money, 2))


def _load(load: Mapping[str, Any], words: Words) -> str:
    name, energy = named(load["name"]), words.kwh(load["energy_wh"])
    if load["temperature_c"] is None:
        return words.say("load", load=name, energy=energy)
    return words.say("load.at", load=name, energy=energy, temperature=words.number(load["temperature_c"], 0))


def _tomorrow(plan: Mapping[str, Any] | None, now: datetime, words: Words) -> Iterator[str]:
    indices = [] if plan is None else list(_quarters_of_tomorrow(plan, now))
    if plan is None or not indices:
        yield words.say("tomorrow.unknown")
        return

    def energy(powers: list[float]) -> str:
        return words.kwh(sum(powers[index] for index in indices) * plan["step_s"] / 3600.0)

    loads = list(plan["loads_w"].values())
    if loads:
        total = [sum(powers) for powers in zip(*loads, strict=True)]
        yield words.say("tomorrow", sun=energy(plan["sun_w"]), loads=energy(total))
    else:
        yield words.say("tomorrow.sun", sun=energy(plan["sun_w"]))
    if plan["soc_tomorrow_percent"] is not None:
        yield words.say("tomorrow.battery", percent=words.number(plan["soc_tomorrow_percent"], 0))
    for purchase in plan["purchases"]:
        at = datetime.fromisoformat(purchase["from_at"]).astimezone(now.tzinfo)
        bought = words.kwh(purchase["energy_wh"])
        yield words.say("tomorrow.buys", energy=bought, load=named(purchase["load"]), time=f"{at:%H:%M}")


def _quarters_of_tomorrow(plan: Mapping[str, Any], now: datetime) -> Iterator[int]:
    start_at, tomorrow = datetime.fromisoformat(plan["start_at"]), now.date() + timedelta(days=1)
    for index in range(len(plan["sun_w"])):
        at = start_at + timedelta(seconds=index * plan["step_s"])
        if at.astimezone(now.tzinfo).date() == tomorrow:
            yield index
