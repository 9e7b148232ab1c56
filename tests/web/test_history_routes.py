"""What was kept, asked from outside."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pv_heater.core.settings.history import History
from pv_heater.history.kept import KeptHistory
from tests.builders import NOON
from tests.web.rig import WebHome

TO = NOON + timedelta(seconds=130)
SPAN = f"from={NOON:%Y-%m-%dT%H:%M:%SZ}&to={TO:%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> WebHome:
    """A home that was watched for two minutes at noon, in which a heater has started."""
    made = WebHome()
    folder: Path = tmp_path_factory.mktemp("kept")
    zone = ZoneInfo(made.home.site.timezone)
    kept = KeptHistory(folder / "h.db", History(), zone, now=made.clock.now, monotonic_s=made.clock.monotonic_s)
    for _ in range(120):
        made.tick(pv_w=2500.0)
        status = made.home.status()
        assert status is not None
        kept.recorder.report(status.now, status.decision, None, None)
    kept.writer.look()
    kept.close()
    made.home.history = kept
    return made


def test_series_come_as_columns_and_as_text(house: WebHome) -> None:
    answer = house.get(f"/api/v1/history?{SPAN}&step=10&series=pv_w,load:heater:power_w").json
    assert (answer["step_s"], list(answer["series"])) == (10, ["pv_w", "load:heater:power_w"])
    assert len(answer["series"]["pv_w"]) == 13
    assert answer["series"]["pv_w"][5] == 2500
    assert answer["series"]["load:heater:power_w"][10] > 0
    text = house.get(f"/api/v1/history?{SPAN}&step=10&series=pv_w", accept="text/csv")
    assert text.headers["content-type"].startswith("text/csv")
    assert text.body.decode().splitlines()[1:3] == ["# pv_w in W", "at,pv_w"]


def test_days_and_changes(house: WebHome) -> None:
    (day,) = house.get("/api/v1/days?from=2026-06-21&to=2026-06-22").json
    assert day["date"] == "2026-06-21"
    assert day["loads"]["heater"]["starts"] == 1
    changes: list[dict[str, Any]] = house.get(f"/api/v1/transitions?{SPAN}&load=heater").json
    assert "heating" in [change["to_phase"] for change in changes if change["load"] == "heater"]
    assert all(change["because"] for change in changes)


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("history?to=2026-06-21T12:00:00Z", "from"),
        ("history?from=noon&to=2026-06-21T12:00:00Z", "from"),
        ("history?from=2026-06-21T11:00:00&to=2026-06-21T12:00:00Z", None),
        ("history?from=2026-06-21T12:00:00Z&to=2026-06-21T11:00:00Z", None),
        (f"history?{SPAN}&step=7", None),
        (f"history?{SPAN}&step=-60", "step"),
        (f"history?{SPAN}&series=secrets", None),
        (f"history?{SPAN}&format=csv", "format"),
        ("history?from=2000-01-01T00:00:00Z&to=2026-01-01T00:00:00Z&step=10", None),
        ("days?from=2026-06-22&to=2026-06-21", None),
        ("days?from=2026-13-01&to=2026-06-21", "from"),
        ("days?from=1800-01-01&to=2026-06-21", None),
        ("transitions?from=2026-06-21T11:00:00Z", "to"),
    ],
)
def test_what_cannot_be_asked_is_said(house: WebHome, path: str, field: str | None) -> None:
    answer = house.get(f"/api/v1/{path}")
    assert answer.status == 422
    assert len(answer.json["detail"]) > 10
    assert [wrong["path"] for wrong in answer.json["fields"]] == ([] if field is None else [field])


def test_a_load_that_is_not_there_and_a_home_without_history(house: WebHome) -> None:
    assert house.get(f"/api/v1/transitions?{SPAN}&load=cellar").status == 404
    for path in (f"history?{SPAN}", "days?from=2026-06-21&to=2026-06-21", f"transitions?{SPAN}"):
        assert WebHome().get(f"/api/v1/{path}").status == 404


def test_a_damaged_file_is_no_fault_of_the_page(tmp_path: Path) -> None:
    (tmp_path / "h.db").write_bytes(b"no longer what was written" * 400)
    broken = WebHome()
    zone, clock = ZoneInfo(broken.home.site.timezone), broken.clock
    broken.home.history = KeptHistory(tmp_path / "h.db", History(), zone, now=clock.now, monotonic_s=clock.monotonic_s)
    for path in (f"history?{SPAN}", "days?from=2026-06-21&to=2026-06-21", f"transitions?{SPAN}"):
        answer = broken.get(f"/api/v1/{path}")
        assert (answer.status, answer.json["detail"][:28]) == (503, "The history cannot be read n")
