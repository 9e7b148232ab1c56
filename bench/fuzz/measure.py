"""Payloads that nobody should send, against everything that reads what comes from outside.

What may come out is one of our own errors, or values that a home can have (`objection_to`). Anything else is a finding.
"""

from __future__ import annotations

import logging
import math
import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from bench.fuzz.mutations import mutated
from bench.fuzz.parser import Parser
from bench.fuzz.table import parser_called, parser_names
from pv_heater.core.model.values import Forecast, Reading
from pv_heater.errors import PvHeaterError, describe
from pv_heater.meters.plausible import MOST_V, MOST_W

_MOST_STEPS = 5000
"""Of a forecast: two months of quarter hours, more than any service gives."""
Progress = Callable[[int, int], None]
"""Gets how many payloads are done, and of how many."""
_BATCH = 2000
_SHOWN_BYTES = 400
_SHRINK_TRIES = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A payload that brought out what must not come out."""

    parser: str
    seed: str
    """``SEED PARSER NUMBER``: `payload_of` makes the payload again."""
    what: str
    payload: str
    """As Python writes it, shrunk as far as that was simple, and cut off after some hundred bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fuzzed:
    """What came of one parser's payloads."""

    parser: str
    payloads: int
    answered: int
    """So many gave values; the rest was refused with an error of ours."""
    took_s: float
    longest_s: float
    """The slowest payload."""
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fuzz:
    """What came of all."""

    seed: int
    parsers: tuple[Fuzzed, ...]

    @property
    def clean(self) -> bool:
        """Whether nothing was found."""
        return not any(each.findings for each in self.parsers)

    def as_lines(self) -> list[str]:
        """For people."""
        lines = [
            f"{each.parser}: {each.payloads} payloads, seed {self.seed}, {each.answered} gave values, "
            f"{each.took_s:.1f} s, the slowest {1000 * each.longest_s:.0f} ms, {len(each.findings)} findings"
            for each in self.parsers
        ]
        for finding in (finding for each in self.parsers for finding in each.findings):
            lines += [f"Finding in {finding.parser}, seed {finding.seed!r}: {finding.what}", f"  {finding.payload}"]
        total = sum(each.payloads for each in self.parsers)
        lines.append(f"{total} payloads in all; findings: {sum(len(each.findings) for each in self.parsers)}.")
        return lines


def measure(
    payloads: int,
    seed: int,
    *,
    names: Sequence[str] | None = None,
    jobs: int = 1,
    progress: Progress | None = None,
) -> Fuzz:
    """`payloads` against each of the parsers called `names` (None: all), in `jobs` processes.

    Whatever `jobs`, the payloads are the same.
    """
    names = parser_names() if names is None else names
    batches = [
        (name, seed, first, min(_BATCH, payloads - first)) for name in names for first in range(0, payloads, _BATCH)
    ]
    found: dict[str, Fuzzed] = {}
    for done, part in enumerate(_run(batches, jobs), 1):
        found[part.parser] = _joined(found[part.parser], part) if part.parser in found else part
        if progress is not None:
            progress(done * payloads * len(names) // len(batches), payloads * len(names))
    return Fuzz(seed=seed, parsers=tuple(found.values()))


def payload_of(seed: str) -> bytes:
    """The payload of a finding, before it was shrunk; `seed` is ``SEED PARSER NUMBER``."""
    return mutated(parser_called(seed.split()[1]).examples, Random(seed))


def fuzz_parser(name: str, seed: int, first: int, count: int) -> Fuzzed:
    """`count` payloads, from number `first` on, against one parser of the table."""
    return fuzz_with(parser_called(name), name, seed, first, count)


def fuzz_with(parser: Parser, name: str, seed: int, first: int, count: int) -> Fuzzed:
    """The same with any parser, under that name."""
    findings: dict[str, Finding] = {}
    answered, longest_s, began_s = 0, 0.0, time.monotonic()
    with TemporaryDirectory() as folder, _silence():
        parse = parser.new(Path(folder))
        for number in range(first, first + count):
            payload = mutated(parser.examples, Random(f"{seed} {name} {number}"))
            started_s = time.monotonic()
            refused, what = _tried(parser, parse, payload)
            longest_s = max(longest_s, time.monotonic() - started_s)
            answered += not refused and what is None
            if what is not None and _kind(what) not in findings:
                shrunk = _shrunk(payload, partial(_same, parser, parse, what))
                findings[_kind(what)] = Finding(
                    parser=name, seed=f"{seed} {name} {number}", what=what, payload=_shown(shrunk)
                )
    return Fuzzed(
        parser=name,
        payloads=count,
        answered=answered,
        took_s=time.monotonic() - began_s,
        longest_s=longest_s,
        findings=tuple(findings.values()),
    )


def objection_to(value: object, within: tuple[float, float] | None = None) -> str | None:
    """Why `value` must not come out of a parser; None when it may. `within` bounds plain numbers."""
    if isinstance(value, Reading):
        return next(_of_reading(value), None)
    if isinstance(value, Forecast):
        return next(_of_forecast(value), None)
    if isinstance(value, float) and not math.isfinite(value):
        return f"the number is {value}"
    if within is not None and isinstance(value, int | float) and not within[0] <= value <= within[1]:
        return f"the number {value:g} is not within {within[0]:g} to {within[1]:g}"
    return None


def _tried(parser: Parser, parse: Callable[[bytes], object], payload: bytes) -> tuple[bool, str | None]:
    """Whether it was refused as it should be, and what came out that must not."""
    try:
        value = parse(payload)
    except PvHeaterError as error:
        return True, None if str(error).strip() else f"{type(error).__name__} without a word"
    except Exception as error:  # noqa: BLE001 - this is what is looked for
        return False, describe(error)[:500]
    return False, objection_to(value, parser.within)


def _kind(what: str) -> str:
    """The same trouble with other values in it is one finding."""
    return re.sub(r"(?<! line )[-+]?\d[\w.+-]*", "0", what)[:80]


def _same(parser: Parser, parse: Callable[[bytes], object], what: str, payload: bytes) -> bool:
    now = _tried(parser, parse, payload)[1]
    return now is not None and _kind(now) == _kind(what)


def _shrunk(payload: bytes, still: Callable[[bytes], bool]) -> bytes:
    """Without whatever parts can be left out while it is `still` a finding; a bounded number of tries."""
    sizes = deque(len(payload) >> shift for shift in range(1, 20) if len(payload) >> shift)
    tries = 0
    while sizes and tries < _SHRINK_TRIES:
        size, at = sizes.popleft(), 0
        while at < len(payload) and tries < _SHRINK_TRIES:
            tries += 1
            smaller = payload[:at] + payload[at + size :]
            if still(smaller):
                payload = smaller
            else:
                at += size
    return payload


def _shown(payload: bytes) -> str:
    rest = f" ... {len(payload)} bytes" if len(payload) > _SHOWN_BYTES else ""
    return f"{payload[:_SHOWN_BYTES]!r}{rest}"


def _joined(first: Fuzzed, second: Fuzzed) -> Fuzzed:
    known = {_kind(finding.what) for finding in first.findings}
    return replace(
        first,
        payloads=first.payloads + second.payloads,
        answered=first.answered + second.answered,
        took_s=first.took_s + second.took_s,
        longest_s=max(first.longest_s, second.longest_s),
        findings=(*first.findings, *(each for each in second.findings if _kind(each.what) not in known)),
    )


def _run(batches: Sequence[tuple[str, int, int, int]], jobs: int) -> Iterator[Fuzzed]:
    """Each batch, in order."""
    if jobs == 1:
        yield from (fuzz_parser(*batch) for batch in batches)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(fuzz_parser, *zip(*batches, strict=True))


@contextmanager
def _silence() -> Iterator[None]:
    """What is wrong with each payload is logged for owners; of a hundred thousand nobody wants to hear."""
    level = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(level)


def _of_reading(reading: Reading) -> Iterator[str]:
    powers = {name: getattr(reading, name) for name in ("pv_w", "consumption_w", "grid_w", "battery_w")}
    powers |= {f"grid_phase_w[{number}]": power_w for number, power_w in enumerate(reading.grid_phase_w)}
    powers |= {f"load_w[{name}]": power_w for name, power_w in reading.load_w.items()}
    for name, power_w in powers.items():
        if power_w is not None and not abs(power_w) <= MOST_W:
            yield f"{name} is {power_w:g} W, which no home has"
    if reading.battery_v is not None and not 0 <= reading.battery_v <= MOST_V:
        yield f"battery_v is {reading.battery_v:g} V, which no home has"
    if reading.battery_soc_percent is not None and not 0 <= reading.battery_soc_percent <= 100:
        yield f"battery_soc_percent is {reading.battery_soc_percent:g}"
    if reading.interval_s is not None and not 0 <= reading.interval_s <= 86_400:
        yield f"interval_s is {reading.interval_s:g}, which makes no reading old"


def _of_forecast(forecast: Forecast) -> Iterator[str]:
    if len(forecast.steps) > _MOST_STEPS:
        yield f"the forecast has {len(forecast.steps)} steps"
    for _, power_w in forecast.steps:
        if not 0 <= power_w <= MOST_W:
            yield f"a step of the forecast is {power_w:g} W, which no home has"
