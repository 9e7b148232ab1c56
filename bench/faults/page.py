"""What was seen, as a file of figures and as the tables of docs/safety.md that are made from it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.faults.fault import Back, Expect, Seen

FIGURES = Path("docs/faults.json")
PAGE = Path("docs/safety.md")
BEGINS, ENDS = "<!-- made by `bench faults --write`: begin -->", "<!-- made by `bench faults --write`: end -->"
Row = Mapping[str, Any]
_HEAD = "| Fault | Promised until off | Measured | Heats again by itself | Lost of the day |\n|---|---|---|---|---|"


def lines(seen: Sequence[Seen]) -> list[str]:
    """For people, one for each fault and a last one."""
    wrong = sum(bool(each.wrong) for each in seen)
    skipped = sum(not each.tried for each in seen)
    return [
        *(line(each) for each in seen),
        f"{len(seen)} faults, {wrong} not as promised, {skipped} not tried because they take root",
    ]


def line(seen: Seen) -> str:
    """One fault."""
    if seen.wrong:
        return f"{seen.group}: {seen.name}: WRONG: {seen.wrong}"
    if seen.measured_s is None:
        return f"{seen.group}: {seen.name}: not tried, it takes root"
    back = f"{seen.back}, after {seen.back_after_s:.1f} s" if seen.back_after_s is not None else seen.back
    return f"{seen.group}: {seen.name}: {_measured(seen)}, promised {_number(seen.bound_s)} s; heats again: {back}"


def write(seen: Sequence[Seen], names: Sequence[str], *, seed: int, runs: int) -> None:
    """Into both files. Faults that were not tried this time keep what was seen of them, in the order of `names`."""
    kept = json.loads(FIGURES.read_text())["faults"] if FIGURES.exists() else []
    ordered = rows_with(kept, seen, names, seed=seed, runs=runs)
    FIGURES.write_text(json.dumps({"faults": ordered}, indent=0) + "\n")
    text = PAGE.read_text()
    begin, end = text.index(BEGINS) + len(BEGINS), text.index(ENDS)
    PAGE.write_text(f"{text[:begin]}\n{block(ordered, names)}\n{text[end:]}")


def rows_with(
    kept: Sequence[Row], seen: Sequence[Seen], names: Sequence[str], *, seed: int, runs: int
) -> list[dict[str, Any]]:
    """What was kept, and what was seen now in its place: one that ended wrong leaves no older figure behind."""
    rows = {row["name"]: row for row in kept}
    for each in seen:
        if each.tried:
            wrong = each.wrong.partition(" [")[0]  # without the log's last lines
            rows[each.name] = {**asdict(each), "wrong": wrong, "seed": seed, "runs": runs}
    return [_short(rows[name]) for name in names if name in rows]


def block(rows: Sequence[Row], names: Sequence[str]) -> str:
    """What came of all `names`, then the tables, one a group."""
    right = [row for row in rows if not row["wrong"]]
    groups = dict.fromkeys(row["group"] for row in right)
    tables = [
        "\n".join([f"\n### {group.capitalize()}\n", _HEAD, *(_row(row) for row in right if row["group"] == group)])
        for group in groups
    ]
    return "\n".join([_summary(rows, names), *tables])


def _summary(rows: Sequence[Row], names: Sequence[str]) -> str:
    wrong = [row for row in rows if row["wrong"]]
    tried = {row["name"] for row in rows}
    untried = [name for name in names if name not in tried]
    found = Counter(row["runs"] for row in rows if not row["wrong"])
    times = ", ".join(f"{count} in {_tries(runs)}" for runs, count in sorted(found.items(), reverse=True))
    said = [f"\nThe bench knows {len(names)} faults. As promised: {times}. Not as promised: {len(wrong)}."]
    said += [f"- {row['name']}: {row['wrong']}" for row in wrong]
    if untried:
        said += [f"\nNot tried, {len(untried)}:", *(f"- {name}" for name in untried)]
    return "\n".join(said)


def _tries(runs: int) -> str:
    return "one try" if runs == 1 else f"each of {runs} tries"


def _row(row: Row) -> str:
    seen = Seen(**{key: value for key, value in row.items() if key not in ("seed", "runs")})
    lost = "nothing" if seen.lost_s < 1 else f"{seen.lost_s:.0f} s"
    worst = f", worst of {row['runs']}" if row["runs"] > 1 else ""
    return f"| {seen.name} | {_promise(seen)} | {_measured(seen)}{worst} | {seen.back} | {lost} |"


def _promise(seen: Seen) -> str:
    if seen.expects == Expect.NEVER:
        return "no contact closes"
    stays = "nothing to switch; a stop within " if seen.back == Back.NEVER_LEFT else ""
    bound = _number(seen.bound_s)
    return f"{stays}{seen.sum} = {bound} s" if "+" in seen.sum else f"{stays}{bound} s: {seen.sum}"


def _measured(seen: Seen) -> str:
    if seen.expects == Expect.NEVER:
        return "none closed"
    over = seen.measured_s is not None and seen.measured_s > seen.bound_s
    return f"{seen.measured_s:.1f} s" + (f", {seen.queued_s:.1f} s of them waiting for the processor" if over else "")


def _number(seconds: float) -> str:
    return f"{seconds:.1f}".removesuffix(".0")


def _short(row: Row) -> dict[str, Any]:
    return {key: round(value, 2) if isinstance(value, float) else value for key, value in row.items()}
