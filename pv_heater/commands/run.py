"""What `run` does: logging first, then the live program. What plays a recording is loaded only for one."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from zoneinfo import ZoneInfo

from pv_heater import __version__
from pv_heater.config.load import Config
from pv_heater.errors import PinBusy, describe
from pv_heater.io.system.log import LogLines
from pv_heater.io.system.log_place import log_place

log = logging.getLogger(__name__)


def run(config: Config, *, dry_run: bool, debug: bool, as_json: bool) -> int:
    """`main.py run`: the live program, or the recorded day when the meter is a recording."""
    if config.meter and config.meter[0].type == "recording":
        from pv_heater.commands.play.run import recorded_day

        return recorded_day(config, dry_run=dry_run, debug=debug, as_json=as_json)
    from pv_heater.run.live import run_live  # a recording needs no network libraries

    with log_lines(config, dry_run=dry_run, debug=debug, to_stdout=True) as lines:
        try:
            return run_live(config, lines, dry_run=dry_run)
        except PinBusy:
            raise
        except Exception as error:
            log.critical("ended by an error: %s", describe(error), exc_info=debug)
            raise


@contextmanager
def log_lines(
    config: Config, *, dry_run: bool, debug: bool, to_stdout: bool, suffix: str = "", drops: bool = True
) -> Iterator[LogLines]:
    """Lines are kept back until `release`. `suffix`: not the controller's own file, as that may be running."""
    place = log_place(config.log.file, os.environ, suffix)
    lines = LogLines(
        place,
        max_bytes=config.log.max_bytes,
        zone=ZoneInfo(config.site.timezone),
        to_stdout=to_stdout,
        debug=debug,
        drops=drops,
    )
    source = config.path or "settings from a mapping"
    dry = ", DRY RUN (nothing is switched)" if dry_run or config.dry_run else ""
    if not dry and config.gpio.factory == "mock":
        dry = ", MOCK PINS (no pin is switched)"
    log.info("pv-heater %s for %s%s, %s; log file %s", __version__, config.site.name, dry, source, lines.path)
    for warning in (*config.warnings, config.assumed_daylight, place.doubt):
        if warning is not None:
            log.warning("%s", warning)
    try:
        yield lines
    except PinBusy:
        lines.abandon()  # it may well be the other controller's file
        raise
    finally:
        lines.stop()
