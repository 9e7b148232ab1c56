"""Writing a file and reading it back, as the tests here do it."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from pv_heater.config.load import Config, load_config
from pv_heater.errors import ConfigError
from tests.config.stand_ins import TABLES

COMPLETE = """\
meter: {type: recording, path: day.csv}
loads:
  - {name: boiler, type: dry_run, max_power_w: 1000}
"""


def loaded(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> Config:
    path = folder / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return load_config(path, tables=TABLES, environ=environ or {})


def problems(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        loaded(folder, text, environ)
    return caught.value.problems
