"""The pictures tell what the program does."""

import re
from pathlib import Path
from xml.etree import ElementTree

from pv_heater.core.house.guards import SITE_GUARDS
from pv_heater.core.loads.machine import TRANSITIONS, Event
from pv_heater.core.model.rule_id import SAFETY_RULES
from pv_heater.core.model.values import Phase
from pv_heater.pictures import overview
from pv_heater.pictures.flowchart import HEIGHT, WIDTH, arrows, mermaid, svg

PROJECT = Path(__file__).parents[2]
SVG = "{http://www.w3.org/2000/svg}"


def texts() -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg()).iter(f"{SVG}text")]


def test_the_picture_in_the_folder_is_the_one_the_program_draws():
    assert (PROJECT / "Pics" / "flowchart.svg").read_text(encoding="utf-8") == svg(), (
        "draw it anew: python -m pv_heater.pictures.flowchart > Pics/flowchart.svg"
    )


def test_the_overview_in_the_folder_is_the_one_the_program_draws_and_a_phone_can_show():
    drawn = overview.draw()
    assert (PROJECT / "Pics" / "overview.svg").read_text(encoding="utf-8") == drawn, (
        "draw it anew: python -m pv_heater.pictures.overview > Pics/overview.svg"
    )
    for text in ElementTree.fromstring(drawn).iter(f"{SVG}text"):
        assert float(text.attrib["font-size"]) * 360 / overview.WIDTH >= 11


def test_the_diagram_in_the_readme_is_the_one_the_program_prints():
    (block,) = re.findall(r"```mermaid\n(.*?)```", (PROJECT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert block == mermaid(), "print it anew: python -c 'from pv_heater.pictures.flowchart import *; print(mermaid())'"


def test_the_mermaid_diagram_has_each_way_of_the_table_once():
    lines = [line.strip() for line in mermaid().splitlines()]
    assert lines[:2] == ["stateDiagram-v2", "[*] --> off"]
    ways = {
        (source, event, target)
        for line in lines[2:]
        for source, target, events in [re.fullmatch(r"(\w+) --> (\w+): (.+)", line).groups()]
        for event in events.split(", ")
    }
    assert ways == {(str(s), str(e), str(t)) for s, row in TRANSITIONS.items() for e, t in row.items()}


def test_the_drawing_names_every_phase_once_and_every_event_on_its_arrow():
    shown = texts()
    for phase in Phase:
        as_event = sum(events.count(str(phase)) for events in arrows().values())
        assert shown.count(str(phase)) == 1 + as_event
    for event in Event:
        boxes = 1 if str(event) in {str(phase) for phase in Phase} else 0
        assert shown.count(str(event)) == boxes + sum(events.count(str(event)) for events in arrows().values())


def test_the_drawing_has_one_line_for_each_arrow_and_the_start():
    lines = list(ElementTree.fromstring(svg()).iter(f"{SVG}polyline"))
    assert len(lines) == len(arrows()) + 1


def test_the_drawing_lists_all_guards_in_the_order_they_are_asked():
    listed = [text for text in texts() if re.match(r"\d+\. [a-z]", text)]
    assert listed == sorted(listed, key=lambda text: int(text.split(".")[0]))
    assert [text.split(" ")[1] for text in listed] == [guard.__name__ for guard in SITE_GUARDS]
    assert all(any(name in text for text in texts()) for name in SAFETY_RULES)


def test_nothing_in_the_drawing_reaches_beyond_its_edges():
    root = ElementTree.fromstring(svg())
    for element in root.iter(f"{SVG}polyline"):
        for point in element.get("points").split():
            x, y = (float(part) for part in point.split(","))
            assert 0 <= x <= WIDTH
            assert 0 <= y <= HEIGHT
    for element in root.iter(f"{SVG}text"):
        width = 0.6 * float(element.get("font-size")) * len(element.text)
        x = float(element.get("x")) - (width / 2 if element.get("text-anchor") == "middle" else 0)
        assert x >= -2
        assert x + width <= WIDTH
