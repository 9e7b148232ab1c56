"""The figures for Prometheus: what the status says, in base units, and a text that its own tool accepts."""

import re
import shutil
import subprocess

import pytest

from pv_heater.web.metrics import METRICS, metrics_text
from tests.builders import config, heater
from tests.warm_start import PROJECT
from tests.web.rig import WebHome

LINE = re.compile(r'pv_heater_[a-z_]+(\{[a-z]+="[^"\n]*"(,[a-z]+="[^"\n]*")*\})? -?[0-9.e+-]+')


def figures(house: WebHome) -> dict[str, float]:
    answer = house.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = [line for line in answer.body.decode().splitlines() if not line.startswith("#")]
    assert all(LINE.fullmatch(line) for line in lines)
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_figures_are_those_of_the_status_in_base_units() -> None:
    house = WebHome()
    house.tick()
    house.tick()
    status, told = house.get("/api/v1/status").json, figures(house)
    load = status["loads"][0]
    assert told["pv_heater_pv_power_watts"] == status["flows"]["pv_w"]
    assert told["pv_heater_battery_soc_ratio"] == pytest.approx(0.97)
    assert told['pv_heater_load_power_watts{load="heater"}'] == load["power_w"]
    assert told['pv_heater_load_energy_joules_total{load="heater"}'] == pytest.approx(load["energy_wh"] * 3600)
    assert told['pv_heater_load_phase{load="heater",phase="heating"}'] == 1
    assert told['pv_heater_load_phase{load="heater",phase="off"}'] == 0
    assert told['pv_heater_load_mode{load="heater",mode="auto"}'] == 1
    assert told["pv_heater_reading_believed"] == 1
    assert told['pv_heater_source_up{source="meter test"}'] == 1
    assert (told["pv_heater_ticks_total"], told['pv_heater_load_faults_total{load="heater"}']) == (2, 0)


def test_before_the_first_tick_and_where_nothing_is_known_there_is_no_figure() -> None:
    told = figures(WebHome())
    assert told["pv_heater_reading_believed"] == 0
    assert "pv_heater_pv_power_watts" not in told
    assert not any("load_" in name for name in told)


def test_a_fault_is_counted_when_it_begins() -> None:
    house = WebHome()
    house.tick()
    for _ in range(2):
        house.loop.latch_off("a test")
        house.tick()
        house.tick()
        assert figures(house)['pv_heater_load_phase{load="heater",phase="fault"}'] == 1
        house.post("/api/v1/loads/heater/clear")
        house.tick()
    assert figures(house)['pv_heater_load_faults_total{load="heater"}'] == 2


def test_every_metric_has_its_head_once_and_before_its_values() -> None:
    house = WebHome(**config(loads=[heater("first"), heater("second")]))
    house.tick()
    text = house.get("/metrics").body.decode()
    heads = re.findall(r"# TYPE (\S+) (gauge|counter)", text)
    assert len(heads) == len(set(heads)) == text.count("# HELP ")
    assert all(kind == "counter" for name, kind in heads if name.endswith("_total"))


def test_names_that_would_end_a_label_are_escaped() -> None:
    flows = ("pv_w", "pv_possible_w", "house_w", "loads_w", "grid_w", "battery_w", "battery_soc_percent")
    document = {
        **dict.fromkeys(("today", "price")),
        **{name: [] for name in ("loads", "alarms", "sources")},
        "flows": dict.fromkeys(flows),
        "state": {"word": "lost", "age_s": None},
        "version": 'a"b\\c\nd',
        "pulse": {"ticks": 0, "late_s": None, "faults": {}},
    }
    assert r'version="a\"b\\c\nd"' in metrics_text(document)


def test_the_page_for_owners_has_every_metric() -> None:
    page = (PROJECT / "docs" / "prometheus.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `pv_heater_(\w+)` \| \w+ \| (.+) \|$", page, flags=re.MULTILINE))
    assert rows == {metric.name: metric.help for metric in METRICS}


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_promtool_finds_nothing_wrong() -> None:
    house = WebHome()
    house.tick()
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=house.get("/metrics").body, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, b"")
