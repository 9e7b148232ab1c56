"""What docs/messages.md says of kinds and times is what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from pv_heater.status.alarms import FORCED_LONG_S
from pv_heater.telemetry.messages import SENDERS
from pv_heater.telemetry.messages.hour_limit import MOST_AN_HOUR
from pv_heater.telemetry.messages.incidents import HOTTER_C, REPEAT_S
from pv_heater.telemetry.messages.kinds import GONE_S, KINDS
from pv_heater.telemetry.messages.outbox import LONGEST_S, MOST
from pv_heater.telemetry.messages.settings import MessageSettings

PAGE = (Path(__file__).parents[2] / "docs" / "messages.md").read_text(encoding="utf-8")


def test_every_kind_stands_in_the_table_with_its_time() -> None:
    rows = re.findall(r"^\| (`.*?) \| (.*?) \| (.*?) \|$", PAGE, re.MULTILINE)
    told = {name: (when, about) for names, when, about in rows for name in re.findall(r"`(\w+)`", names)}
    assert told.keys() == KINDS.keys()
    for name, kind in KINDS.items():
        when, about = told[name]
        assert when.startswith(f"after {kind.after_s / 60:.0f} min" if kind.after_s else "at once"), name
        assert ("by day" in when) == kind.by_day
        assert about.startswith("danger") == kind.danger
        assert ("only with `also`" in about) == (not kind.usual)


def test_the_times_and_counts_are_those_of_the_code() -> None:
    settings = MessageSettings(to=("somebody",))
    prose = " ".join(PAGE.split())
    for said in (
        f"again after {REPEAT_S / 3600:.0f} h while it lasts, and once when it has been gone for {GONE_S / 60:.0f} min",
        f"From `quiet_from` ({settings.quiet_from:%H:%M}) to `quiet_to` ({settings.quiet_to:%H:%M})",
        f"At `summary_at` ({settings.summary_at:%H:%M})",
        f"{MOST} for each recipient",
        f"within {LONGEST_S / 3600:.0f} h is dropped",
        f"{HOTTER_C:.0f} degC above `max_c`",
        f"{FORCED_LONG_S / 3600:.0f} h ago",
    ):
        assert said in prose, said
    assert MOST_AN_HOUR == 10
    assert "At most ten messages an hour" in prose


def test_every_way_has_an_example() -> None:
    assert set(re.findall(r"type: (\w+)", PAGE)) == set(SENDERS)
