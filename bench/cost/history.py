"""What a day of history costs on an SD card: bytes of the file, bytes written, and time of the writer."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from pv_heater import Controller, Reading
from pv_heater.core.model.values import Inputs
from pv_heater.core.settings.history import History
from pv_heater.history.kept import KeptHistory
from pv_heater.io.system.database import SIDES

LOADS = 4
BEGIN = datetime(2026, 6, 21, 4, 0, tzinfo=UTC)
MOST_FILE_BYTES, MOST_WRITTEN_BYTES = 1_200_000, 6_000_000
_SITE = {"latitude": 47.05, "longitude": 15.44, "timezone": "Europe/Vienna", "feed_in": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryCost:
    """One simulated day of samples every ten seconds."""

    loads: int
    ticks: int
    file_bytes: int
    """After a clean stop."""
    written_bytes: int
    """What the process handed to the disk meanwhile: log and file, by the kernel's count of `write`."""
    read_day_s: float
    """To read the day at a step of 60 s, ten series."""
    writer_s: float
    """Processor time of the writer."""

    @property
    def kept(self) -> bool:
        """Whether it stays within what was promised."""
        return self.file_bytes < MOST_FILE_BYTES and self.written_bytes < MOST_WRITTEN_BYTES

    def as_lines(self) -> list[str]:
        """For people."""
        within = f"at most {MOST_WRITTEN_BYTES / 1e6:.0f}; the copy of the night not counted"
        return [
            f"history: a day every 10 s with {self.loads} loads",
            f"  file     {self.file_bytes / 1e6:5.2f} MB   (at most {MOST_FILE_BYTES / 1e6:.1f})",
            f"  written  {self.written_bytes / 1e6:5.2f} MB   ({within})",
            f"  writer   {self.writer_s:5.2f} s of the processor",
            f"  reading the day, 60 s, ten series: {1000 * self.read_day_s:.0f} ms",
        ]


def measure(progress: Callable[[int, int], None] | None = None, *, ticks: int = 8640) -> HistoryCost:
    """Live the day: broken clouds, four regulated loads that come and go, temperatures, transitions."""
    rows = [
        {"name": f"load_{number}", "type": "dry_run", "max_power_w": 700, "min_power_w": 60, "target_c": 60}
        for number in range(LOADS)
    ]
    controller = Controller.from_config({"site": _SITE, "strategy": {"type": "balance"}, "loads": rows})
    seconds = 0.0
    with TemporaryDirectory() as folder:
        path = Path(folder) / "history.db"
        history = KeptHistory(
            path,
            History(backups=0),
            ZoneInfo("Europe/Vienna"),
            now=lambda: BEGIN + timedelta(seconds=seconds),
            monotonic_s=lambda: seconds,
        )
        writer_s = 0.0
        written_before = _written_bytes()
        for tick in range(ticks):
            seconds = 10.0 * tick
            decision = controller.step(*_moment(seconds), None, Inputs(tick_s=seconds, load_c=_load_c(seconds)))
            history.recorder.report(BEGIN + timedelta(seconds=seconds), decision, None, None)
            began_s = time.process_time()
            history.writer.look()
            writer_s += time.process_time() - began_s
            if progress is not None and tick % 2160 == 0:
                progress(tick, ticks)
        history.close()
        written = _written_bytes() - written_before
        began_s = time.perf_counter()
        history.columns(BEGIN, BEGIN + timedelta(days=1), 60, [*_SERIES])
        return HistoryCost(
            loads=LOADS,
            ticks=ticks,
            file_bytes=sum(side.stat().st_size for name in ("", *SIDES) if (side := Path(f"{path}{name}")).exists()),
            written_bytes=written,
            read_day_s=time.perf_counter() - began_s,
            writer_s=writer_s,
        )


_SERIES = (
    "pv_w", "house_w", "grid_w", "battery_w", "battery_soc_percent", "pv_possible_w",
    *(f"load:load_{number}:power_w" for number in range(LOADS)),
)  # fmt: skip


def _moment(seconds: float) -> tuple[datetime, Reading]:
    """Sun with clouds, a house that is never the same, a battery that fills."""
    now = BEGIN + timedelta(seconds=seconds)
    hump = max(0.0, math.sin(math.pi * (seconds - 3600.0) / 54_000.0))
    cloud = 0.6 + 0.4 * math.sin(seconds / 211.0) * math.sin(seconds / 1301.0)
    pv_w = 5000.0 * hump * cloud
    house_w = 350.0 + 200.0 * math.sin(seconds / 1700.0) + (seconds * 7919 % 97)
    battery_w = min(1500.0, max(-800.0, (pv_w - house_w) / 2))
    reading = Reading(
        taken_at=now, source="bench", pv_w=pv_w, consumption_w=house_w, grid_w=house_w + battery_w - pv_w,
        battery_w=battery_w, battery_soc_percent=round(50.0 + 45.0 * math.sin(seconds / 27_500.0), 1), interval_s=10.0,
    )  # fmt: skip
    return now, replace(reading)


def _load_c(seconds: float) -> dict[str, float]:
    return {
        f"load_{number}": round(40.0 + number + 15.0 * math.sin(seconds / 9000.0 + number), 2)
        for number in range(LOADS)
    }


def _written_bytes() -> int:
    """What this process has written since it began; every `write`, whatever it was to."""
    lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("wchar:"))
