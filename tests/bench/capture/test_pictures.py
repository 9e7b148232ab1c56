"""The pictures of `bench capture` show what was measured."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.capture.lived import Moment
from bench.capture.measure import measure
from bench.capture.pictures import BAR, LEFT, RIGHT, WIDTH, by_day, draw, one_day
from bench.capture.score import DayScore, Row
from bench.capture.variants import MAIN
from tests.bench.capture.test_measure import BROKEN, SUNNY

SVG = "{http://www.w3.org/2000/svg}"


def row(strategy: str, *gained_wh: float) -> Row:
    return Row(
        strategy=strategy,
        variant="a home & garden",
        kind="a home & garden",
        feed="gx",
        feed_in=False,
        draws=1,
        capture_mean=0.5,
        capture_sd=0.0,
        capture_min=0.5,
        capture_max=0.5,
        heat_wh=0.0,
        bought_for_heat_percent=0.0,
        winter_capture=None,
        winter_bought_percent=None,
        closings_mean=0.0,
        closings_max=0,
        moves_mean=0.0,
        poor_days=0,
        worst_day=None,
        worst_capture=None,
        by_day=tuple(
            DayScore(day=f"D{number:02d} 2017-05-27", possible_wh=8000.0, gained_wh=wh, capture=wh / 8000.0)
            for number, wh in enumerate(gained_wh)
        ),
    )


def bars(svg: str) -> list[float]:
    """Lengths of the bars of days, from the top."""
    elements = ElementTree.fromstring(svg).iter(f"{SVG}rect")
    return [float(e.get("width", "")) for e in elements if e.get("height") == str(BAR - 1)]


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_each_day_has_a_bar_for_what_was_possible_and_one_for_each_strategy() -> None:
    svg = by_day([row("balance", 8000.0, 4000.0), row("plan", 6000.0, -9000.0)])
    whole = RIGHT - LEFT
    assert bars(svg) == pytest.approx([whole, whole, 0.75 * whole, whole, 0.5 * whole, 0.015 * whole], abs=0.1)
    assert "D01 2017-05-27" in texts(svg)
    assert any(text.startswith("plan: 50.0 %") for text in texts(svg))
    assert any("a home & garden" in text for text in texts(svg))


def test_a_day_shows_sun_use_heater_and_charge() -> None:
    moments = [
        Moment(second=10.0 * tick, sun_w=4000.0, use_w=500.0, heater_w=1500.0, soc_percent=50.0) for tick in range(8640)
    ]
    root = ElementTree.fromstring(one_day("D01, plan", moments))
    lines = [
        {point.split(",")[1] for point in (element.get("points") or "").split()}
        for element in root.iter(f"{SVG}polyline")
        if len(element.get("points") or "") > 500
    ]
    # 2000 W and 500 W of 4000 W, and 50 %: each a level line.
    assert lines == [{"290.0"}, {"425.0"}, {"580.0"}]


def test_both_pictures_are_written_and_nothing_in_them_reaches_beyond_their_edges(tmp_path: Path) -> None:
    result = measure([SUNNY, BROKEN], variants=MAIN[:1], strategies=["balance"], draws=1, seed=1)
    draw(tmp_path / "new", result, [SUNNY, BROKEN], MAIN)
    for name in ("capture_by_day.svg", "capture_day.svg"):
        root = ElementTree.fromstring((tmp_path / "new" / name).read_text(encoding="utf-8"))
        height = float(root.get("height", ""))
        points = [p for e in root.iter() if e.tag != f"{SVG}rect" for p in (e.get("points") or "").split()]
        for point in points:
            x, y = map(float, point.split(","))
            assert 0 <= x <= WIDTH
            assert 0 <= y <= height
        for element in root.iter(f"{SVG}text"):
            length = 0.6 * 18 * len(element.text or "")
            shift = {"end": length, "middle": length / 2}.get(element.get("text-anchor", ""), 0.0)
            left = float(element.get("x", "")) - shift
            assert left >= -2
            assert left + length <= WIDTH + 2
            assert 0 < float(element.get("y", "")) < height
