"""PvMonit's page of values from a real server: which boxes count, how old they are, and what is no such page."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from pv_heater.config.load import load_config
from pv_heater.core.model.values import Reading
from pv_heater.errors import BadReply, SourceError, Unreachable
from pv_heater.meters.pvmonit_xml import PvMonitXmlMeter
from tests.builders import config
from tests.source_tools import HandClock, tools_for

Boxes = dict[str, dict[str, tuple[Any, str]]]
MPPT = {"PPV": (300, "W"), "V": (24.82, "V"), "CS": ("Bulk", "")}
BMV = {"V": (24.77, "V"), "SOC": (94.2, "%"), "P": (-54, "W"), "TTG": ("3j 1h 49m", ""), "T": ("---", "")}
HOME: Boxes = {"HQ1": MPPT, "HQ2": {**MPPT, "PPV": (150, "W")}, "700": BMV}


class Page:
    """The page on a server whose clock is the real one, months ahead of that of the test."""

    def __init__(self, server: HTTPServer, folder: Path) -> None:
        self.server, self.folder, self.clock = server, folder, HandClock()

    def meter(self, **settings: Any) -> PvMonitXmlMeter:
        row = {"type": "pvmonit_xml", "url": self.server.url_for("/data-xml.php"), **settings}
        return load_config(config(meter=row)).meter[0].build(tools_for(self.folder, clock=self.clock))  # type: ignore[no-any-return]

    def show(self, boxes: Boxes, *, age_s: float | dict[str, float | None] = 0.0) -> None:
        now_s = time.time()
        text = ["\n", '<?xml version="1.0" encoding="utf-8"?>', "<devices>"]
        for device, values in boxes.items():
            old_s = age_s.get(device, 0.0) if isinstance(age_s, dict) else age_s
            filled = "" if old_s is None else f"{now_s - old_s:.0f}"
            text.append(f'<device id="{device}"><nom>x</nom><timerefresh>{filled}</timerefresh><type></type><datas>')
            text += [
                f"<data id='{name}' screen='1'><desc>É</desc><value>{value}</value><units>{unit}</units></data>"
                for name, (value, unit) in values.items()
            ]
            text.append("</datas></device>")
        self.raw("\n".join([*text, "</devices>"]))

    def raw(self, text: str | bytes, status: int = 200) -> None:
        self.server.clear_all_handlers()
        self.server.expect_request("/data-xml.php").respond_with_data(text, status=status)


@pytest.fixture
def page(httpserver: HTTPServer, tmp_path: Path) -> Page:
    return Page(httpserver, tmp_path)


def age_of(page: Page, reading: Reading) -> Any:
    """In seconds; a busy machine may take some to answer."""
    return pytest.approx((page.clock.now() - reading.taken_at).total_seconds(), abs=5)


def test_victrons_devices_are_found_without_settings(page: Page) -> None:
    page.show({**HOME, "phoenix": {"P": (700, "W")}})
    reading = page.meter().read()
    assert (reading.pv_w, reading.battery_w, reading.battery_soc_percent) == (450, -54, 94.2)
    assert (reading.grid_w, reading.consumption_w, reading.source) == (None, None, "pvmonit_xml")


def test_a_value_may_be_named_by_its_device_and_scaled(page: Page) -> None:
    page.show({**HOME, "other": {"CONSO": (0.5, "kW"), "clamp": (-120, "W")}})
    values = {
        "pv_w": [{"device": "HQ2", "id": "PPV"}], "consumption_w": [{"device": "other", "id": "CONSO"}],
        "grid_w": [{"id": "clamp", "scale": -1}], "battery_v": [{"device": "700", "id": "V"}],
    }  # fmt: skip
    reading = page.meter(values=values).read()
    assert (reading.pv_w, reading.consumption_w, reading.grid_w, reading.battery_v) == (150, 500, 120, 24.77)


def test_it_is_as_old_as_its_oldest_box_by_that_servers_clock(page: Page) -> None:
    page.show(HOME, age_s={"HQ1": 3.0, "HQ2": 40.0, "700": 1.0})
    meter = page.meter()
    assert age_of(page, meter.read()) == 40
    page.show({**HOME, "other": {"PPVT": (450, "W")}}, age_s={"other": None, "HQ2": 20.0})
    values = {"pv_w": [{"id": "PPVT"}]}
    assert age_of(page, page.meter(values=values).read()) == 20  # computed from the others


def test_a_box_whose_time_stands_grows_old_whatever_the_clocks_say(page: Page) -> None:
    page.show(HOME, age_s=-900.0)  # filled in the future
    meter = page.meter()
    assert age_of(page, meter.read()) == 0
    page.clock.advance(100.0)
    assert age_of(page, meter.read()) == 100
    page.show(HOME, age_s=-930.0)
    assert age_of(page, meter.read()) == 0


def test_a_box_of_yesterday_is_silence(page: Page) -> None:
    page.show(HOME, age_s=90_000.0)
    with pytest.raises(Unreachable, match="was filled 25 h ago"):
        page.meter().read()


def without(*names: str) -> Boxes:
    return {device: {name: value for name, value in values.items() if name not in names}
            for device, values in HOME.items()}  # fmt: skip


@pytest.mark.parametrize(
    ("boxes", "says"),
    [
        (without("PPV", "P", "SOC"), "none of the values"),
        (without("P"), "does not tell the battery's power"),
        ({**HOME, "700": {**BMV, "P": ("NaN", "W")}}, "does not tell the battery's power"),
        ({**HOME, "700": {**BMV, "P": (5e7, "W")}}, "does not tell the battery's power"),
        ({**HOME, "700": {**BMV, "P": (-54, "BTU")}}, "does not tell the battery's power"),
        ({}, "0 devices"),
        ({f"d{number}": MPPT for number in range(51)}, "51 devices"),
    ],
)
def test_half_a_house_is_no_house(page: Page, boxes: Boxes, says: str) -> None:
    page.show(boxes)
    with pytest.raises(BadReply, match=says):
        page.meter().read()


def test_one_charger_that_cannot_be_read_makes_no_half_sum(page: Page) -> None:
    page.show({**HOME, "HQ2": {**MPPT, "PPV": ("Erreur", "W")}})
    reading = page.meter().read()
    assert (reading.pv_w, reading.battery_w) == (None, -54)


LAUGHS = '<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><devices>&b;</devices>'
OUTSIDE = '<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]><devices>&a;</devices>'
GARBAGE: list[tuple[Callable[[], str | bytes], str]] = [
    (lambda: LAUGHS, "declares entities"),
    (lambda: OUTSIDE, "declares entities"),
    (lambda: LAUGHS.encode("utf-16"), "is not XML"),
    (lambda: "<devices>", "is not XML"),
    (lambda: "", "is not XML"),
    (lambda: "<html><body>404</body></html>", "0 devices"),
    (lambda: "<devices>&a;</devices>", "is not XML"),
    (lambda: b"\xff\xfe\x00<", "is not XML"),
    (lambda: "<a>" * 20_000, "is not XML"),
    (lambda: "<devices>" + "x" * 300_000 + "</devices>", "more than 0.2 MB"),
]


@pytest.mark.parametrize(("content", "says"), GARBAGE, ids=range(len(GARBAGE)))
def test_what_is_no_page_of_pvmonit_is_refused(page: Page, content: Callable[[], str | bytes], says: str) -> None:
    page.raw(content())
    with pytest.raises(BadReply, match=says):
        page.meter().read()


@pytest.mark.parametrize("status", [401, 404, 500])
def test_a_refusal_is_said_as_one(page: Page, status: int) -> None:
    page.raw("no", status)
    with pytest.raises(SourceError):
        page.meter().read()


def test_a_page_without_times_is_no_meter(page: Page) -> None:
    page.show(HOME, age_s=dict.fromkeys(HOME))
    with pytest.raises(BadReply, match="does not say when"):
        page.meter().read()
