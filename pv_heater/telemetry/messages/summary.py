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
        " ".join(_today(today, words)),
        *(_load(load, words) for load in document["loads"]),
        " ".join(_tomorrow(document["plan"], now, words)),
    ]
    return title, "\n".join(line for line in lines if line)


def _today(today: Mapping[str, Any] | None, words: Words) -> Iterator[str]:
    if today is None:
        yield words.say("uncounted")
        return
    if today["possible_wh"] >= LEAST_WH:
        yield words.say("caught", caught=words.kwh(today["caught_wh"]), possible=words.kwh(today["possible_wh"]))
    most = sorted(today["lost_wh"].items(), key=lambda item: -item[1])[:MOST_CAUSES]
    parts = [f"{words.kwh(lost_wh)} {words.lost(cause)}" for cause, lost_wh in most if lost_wh >= LEAST_WH]
    if parts:
        yield words.say("lost", parts="; ".join(parts))
    saved, cost = today["saved_money"], today["bought_money"]
    if saved is not None and abs(saved) >= LEAST_MONEY:
        yield words.say("saved", saved=words.number(saved, 2))
    if today["bought_wh"] >= LEAST_WH:
        bought = words.kwh(today["bought_wh"])
        if cost is None:
            yield words.say("bought", bought=bought)
        else:
            yield words.say("bought.for", bought=bought, cost=words.number(cost, 2))


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
