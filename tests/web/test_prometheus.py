"""Debian's Prometheus reads the page of a home, and the dashboard for Grafana asks it for what there is."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pv_heater.web.calls import Scope
from pv_heater.web.metrics import METRICS, PREFIX
from tests.mqtt_brokers import free_port
from tests.waiting import until
from tests.warm_start import PROJECT
from tests.web.access.attacked import Attacked
from tests.web.prometheus import PROMETHEUS, Prometheus

DASHBOARD = json.loads((PROJECT / "Files" / "grafana" / "pv-heater.json").read_text(encoding="utf-8"))


def queries() -> list[str]:
    return [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]


def test_each_query_of_the_dashboard_asks_for_metrics_that_there_are() -> None:
    there = {f"{PREFIX}{metric.name}" for metric in METRICS}
    asked = [set(re.findall(r"pv_heater_\w+", query)) for query in queries()]
    assert all(asked)
    assert set().union(*asked) <= there


def test_the_dashboard_is_one_that_others_can_import() -> None:
    (source,) = DASHBOARD["__inputs"]
    assert (source["name"], source["pluginId"]) == ("DS_PROMETHEUS", "prometheus")
    sources = re.findall(r'"uid": "([^"]+)"', json.dumps(DASHBOARD["panels"]))
    assert set(sources) == {"${DS_PROMETHEUS}"}
    assert "libraryPanel" not in json.dumps(DASHBOARD)
    assert DASHBOARD["id"] is None
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
    assert {panel["type"] for panel in DASHBOARD["panels"]} <= {row["id"] for row in DASHBOARD["__requires"]}


def job(netloc: str, token: str | None) -> dict[str, Any]:
    login = {} if token is None else {"authorization": {"credentials": token}}
    return {"static_configs": [{"targets": [netloc]}], **login}


@pytest.mark.skipif(PROMETHEUS is None, reason="Prometheus is not installed")
def test_debians_prometheus_reads_a_home_with_a_token_and_finds_it_again(tmp_path: Path) -> None:
    listen = f"127.0.0.1:{free_port()}"
    house = Attacked(tmp_path, listen=listen)
    token = house.token(Scope.READ)
    with Prometheus(tmp_path, {"home": job(listen, token), "stranger": job(listen, None)}) as prometheus:
        with house.serving():
            until(lambda: prometheus.value('pv_heater_pv_power_watts{job="home"}') == 2500.0, "the sun is read")
            until(lambda: "401" in prometheus.why_down("stranger"), "without a token there is nothing to read")
            assert prometheus.value('up{job="stranger"}') == 0
            for query in queries():
                answer = prometheus.ask(query.replace("$job", ".*"))
                assert answer["status"] == "success", (query, answer.get("error"))
            counted = prometheus.value("pv_heater_ticks_total")
        until(lambda: prometheus.value('up{job="home"}') == 0, "the home is missed")
        house.page = house.page_of_home()
        with house.serving():
            house.home.tick()
            until(lambda: prometheus.value("pv_heater_ticks_total") == (counted or 0.0) + 1, "it is found again")


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_what_the_page_has_to_paste_is_taken_by_promtool(tmp_path: Path) -> None:
    page = (PROJECT / "docs" / "prometheus.md").read_text(encoding="utf-8")
    (scrape, rules), token = re.findall(r"```text\n(.*?)```", page, re.DOTALL), tmp_path / "token"
    token.write_text("secret")
    scrape = scrape.replace("/etc/prometheus/pv-heater-token", str(token))
    for kind, text in (("config", scrape), ("rules", rules)):
        (tmp_path / kind).write_text(text)
        done = subprocess.run(["promtool", "check", kind, str(tmp_path / kind)], capture_output=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    asked = set(re.findall(r"pv_heater_\w+", rules))
    assert asked <= {f"{PREFIX}{metric.name}" for metric in METRICS}
