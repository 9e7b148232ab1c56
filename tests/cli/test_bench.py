"""`bench capture` as it is typed."""

import json
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from pv_heater.cli.app import cli

PROJECT = Path(__file__).parent.parent.parent
BUNDLED = ["bench", "capture", "--data", "Files/recordings", "--days", "summer", "--config", "Files/config.yaml"]
SHORT = ["--variant", "zero*gx", "--strategy", "balance", "--jobs", "1"]


def test_a_bundled_day_is_measured_and_drawn(tmp_path: Path) -> None:
    picture = ["--picture", str(tmp_path)]
    done = CliRunner().invoke(cli, [*BUNDLED, *SHORT, *picture, "--json"])
    assert done.exit_code == 0, done.output
    result = json.loads(done.stdout)
    (row,) = result["rows"]
    assert (result["days"], row["strategy"], row["variant"]) == (1, "balance", "zero feed-in, gx")
    assert 0.5 < row["capture_mean"] <= 1.0
    assert {path.name for path in tmp_path.iterdir()} == {"capture_by_day.svg", "capture_day.svg"}


def test_a_word_it_does_not_know_is_named_with_those_it_does() -> None:
    for option, word, said in (
        ("--strategy", "magic", "balance"),
        ("--feed", "pigeon", "gx, vrm, all"),
        ("--variant", "moon*", "no variant called moon*"),
    ):
        done = CliRunner().invoke(cli, [*BUNDLED, option, word])
        assert done.exit_code == 2
        assert said in " ".join(done.output.split())


def test_without_scipy_it_says_in_a_sentence_how_to_get_it() -> None:
    """A None in sys.modules is how Python itself marks a module that cannot be imported."""
    code = "import sys; sys.modules['scipy'] = None; from pv_heater.cli.door import main; main()"
    command = [sys.executable, "-c", code, *BUNDLED, *SHORT]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr.strip() == "The bound needs SciPy: `. ./env.sh dev` installs it."
