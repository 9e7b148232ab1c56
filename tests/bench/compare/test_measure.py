"""The comparison as a whole, on a made-up hour."""

from functools import cache
from pathlib import Path
from xml.etree import ElementTree

from bench.compare.measure import Compared, measure
from bench.compare.picture import LEFT, RIGHT, WIDTH, draw
from bench.compare.table import HOMES, LAWS
from tests.bench.capture.test_measure import spell, stretch

SVG = "{http://www.w3.org/2000/svg}"


@cache
def compared() -> Compared:
    return measure([spell(stretch([4500.0] * 40))], draws=1, seed=1)


def test_every_law_is_lived_in_the_homes_it_is_made_for_and_none_beats_foresight() -> None:
    assert {(one.strategy, one.variant) for one in compared().scores} == {
        (row.name, variant.name) for row in LAWS for variant in HOMES if row.fits(variant)
    }
    assert all(-1.0 < one.capture_mean < 1.02 for one in compared().scores)
    router, fed_in = (compared().of("router that follows the grid", variant.name) for variant in HOMES[:2])
    assert router is not None
    assert fed_in is not None
    assert router.heat_wh == 0.0 < fed_in.heat_wh


def test_what_is_told_has_a_line_for_each_law_and_what_was_assumed() -> None:
    text = "\n".join(compared().as_lines())
    for row in LAWS:
        assert text.count(f"\n{row.name}") == 3
    assert compared().as_json()["assumed"].keys() == {row.name for row in LAWS}


def test_the_picture_has_two_bars_for_each_law_as_long_as_its_share(tmp_path: Path) -> None:
    draw(tmp_path / "new", compared())
    root = ElementTree.fromstring((tmp_path / "new" / "compare.svg").read_text(encoding="utf-8"))
    bars = [float(e.get("width", "")) for e in root.iter(f"{SVG}rect") if e.get("x") == str(LEFT)]
    texts = [element.text for element in root.iter(f"{SVG}text")]
    ours = compared().of("this program", HOMES[0].name)
    assert ours is not None
    assert f"{100 * ours.capture_mean:.1f}" in texts
    assert round((RIGHT - LEFT) * min(1.0, ours.capture_mean), 1) in bars
    assert {row.name for row in LAWS} <= set(texts)
    assert all(float(e.get("x", "0")) + float(e.get("width", "0")) <= WIDTH for e in root.iter(f"{SVG}rect"))
