"""The parts of the page that need no browser, run by Node where there is one."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

CHECKS = Path(__file__).parent / "page_units"
PAGE = Path(__file__).parents[2] / "pv_heater" / "web" / "page"


def test_scales_stacks_days_and_sums_of_the_page(tmp_path: Path) -> None:
    """Node takes the files for modules only beside a package.json that says so, so they are copied."""
    node = shutil.which("node")
    if node is None:
        missing = "Node.js is not installed, so the arithmetic of the page's charts was not tried"
        assert os.environ.get("PV_HEATER_BROWSER") != "required", missing
        pytest.skip(missing)
    for file in [*PAGE.glob("*.js"), *CHECKS.glob("*.js")]:
        shutil.copy(file, tmp_path)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    names = sorted(file.name for file in CHECKS.glob("*.js"))
    done = subprocess.run(
        [node, "--test", *names], cwd=tmp_path, capture_output=True, text=True, timeout=150, check=False
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
