"""The day drawn with its reasons."""

from xml.etree import ElementTree

from bench.capture.explained import WIDTH, picture, watched
from tests.bench.capture.test_measure import BROKEN


def test_each_start_and_stop_has_a_number_in_the_picture_and_its_reason_below() -> None:
    watch = watched(BROKEN)
    root = ElementTree.fromstring(picture("A day", watch.moments, watch.notes))
    shown = " ".join(element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text"))
    assert any("heats " in note.text for note in watch.notes)
    for note in watch.notes:
        assert " ".join(note.text.split()[:4]) in shown
    circles = [*root.iter("{http://www.w3.org/2000/svg}circle")]
    assert len(circles) == len(watch.notes)
    assert all(0 < float(circle.get("cx", "")) < WIDTH for circle in circles)
