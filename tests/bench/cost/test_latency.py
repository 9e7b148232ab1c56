"""From a GX device's message to the load, through a real broker, worker and loop."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bench.cost.latency import PER_SECOND, measure, measure_portal
from tests.mqtt_brokers import MOSQUITTO

PROJECT = Path(__file__).parents[3]


def test_every_message_of_a_few_seconds_reaches_the_load_at_once() -> None:
    result = measure(3.0)
    assert result.messages == 3 * PER_SECOND
    assert result.seen >= result.messages - 3
    assert 0.5 < result.median_ms < 50
    assert result.median_ms <= result.p99_ms
    assert str(round(result.worst_ms, 1)) in result.as_lines()[0]


@pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")
def test_live_values_of_a_portal_come_as_fast() -> None:
    result = measure_portal(1.0)
    assert (result.messages, result.through) == (PER_SECOND, "vrm")
    assert result.seen >= result.messages - 3
    assert 0.5 < result.median_ms < 100


def test_without_an_mqtt_client_the_other_figures_of_speed_still_come() -> None:
    """A None in sys.modules is how Python itself marks a module that cannot be imported."""
    code = (
        "import sys; sys.modules['paho'] = sys.modules['paho.mqtt'] = sys.modules['paho.mqtt.client'] = None\n"
        "from bench.cost.speed import _latency\nprint(_latency(1.0))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith("(None, '"), done.stderr
    assert "paho" in done.stdout
