"""`whatif` and `tune` as a user meets them: the real program on a recorded day, coarse steps."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.commands.whatif.homes import TEXT
from tests.waiting import WITHIN_S, until
from tests.warm_start import PROJECT, run_warm

pytestmark = pytest.mark.process
COARSE = ("--step", "300", "--jobs", "1")


@pytest.fixture
def home(tmp_path: Path) -> list[str]:
    """Settings, a day with sun from ten to four in hourly rows, and how it is lived."""
    (tmp_path / "config.yaml").write_text(TEXT, encoding="utf-8")
    rows = [f"2026-06-20T{hour:02}:00:00,{4000 if 10 <= hour < 16 else 0},300" for hour in range(24)]
    (tmp_path / "day.csv").write_text("\n".join(["t,pv_w,load_w", *rows]) + "\n", encoding="utf-8")
    return ["--config", str(tmp_path / "config.yaml"), "--recordings", str(tmp_path / "day.csv"), *COARSE]


def test_whatif_then_tune_on_the_same_day(home: list[str], tmp_path: Path) -> None:
    done = run_warm(["whatif", "--set", "loads.heater.max_power_w=2500", "--json", *home], folder=PROJECT, environ={})
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["days"] == 1
    assert told["difference"]["caught_wh"]["mean"] > 3000
    assert not told["difference"]["caught_wh"]["is_real"]
    picture = tmp_path / "weighed.svg"
    sweep = ["--sweep", "loads.heater.max_power_w=1000,2500", "--picture", str(picture)]
    done = run_warm(["tune", *sweep, *home], folder=PROJECT, environ={})
    assert done.returncode == 0, done.stderr
    assert "loads.heater.max_power_w: 1 day is too little for advice; 5 are the least." in done.stdout
    assert done.stdout.endswith("Nothing was changed.\n")
    assert ElementTree.parse(picture).getroot().tag.endswith("svg")
    assert len(list((tmp_path / "state" / "whatif").glob("*.jsonl"))) == 2  # the day as set was not lived twice
    assert (tmp_path / "config.yaml").read_text(encoding="utf-8") == TEXT


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["whatif", "--set", "loads.heater.max_power=2500"], "did you mean max_power_w?"),
        (["whatif", "--set", "loads.heater.min_on_s"], "must be PATH=VALUE"),
        (["whatif", "--set", "loads.heater.min_on_s=300"], "as it is set, or nothing that a replayed day could show"),
        (["whatif", "--set", "web.listen=127.0.0.1:8081"], "as it is set, or nothing that a replayed day could show"),
        (["tune", "--sweep", "limits.max_grid_w"], "must be PATH=VALUE,VALUE"),
    ],
)
def test_a_wrong_word_costs_no_day(home: list[str], words: list[str], sentence: str) -> None:
    done = run_warm([*words, *home], folder=PROJECT, environ={})
    assert done.returncode == 2
    assert sentence in " ".join(done.stderr.split())


def test_ctrl_c_ends_it_with_what_is_finished_kept(home: list[str], tmp_path: Path) -> None:
    values = ",".join(map(str, range(1, 60)))
    words = ["tune", "--sweep", f"loads.heater.min_on_s={values}", *home]
    process = subprocess.Popen(
        [sys.executable, "main.py", *words], cwd=PROJECT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        # A shell starts what is in the background with SIGINT ignored, and we may be there.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    kept = tmp_path / "state" / "whatif"
    until(lambda: list(kept.glob("*.end.json")), "a day is finished")
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=WITHIN_S)
    assert process.returncode == 130
    assert told.strip().startswith("Ended. Finished days are kept in")
    assert "Traceback" not in told
