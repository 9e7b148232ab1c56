import re

import pytest

from pv_heater import PROJECT_FOLDER
from pv_heater.config.legacy_keys import NEEDLESS, RENAMED
from pv_heater.config.load import load_config
from pv_heater.errors import ConfigError
from tests.config.stand_ins import TABLES

PAGE = (PROJECT_FOLDER / "docs" / "configuration.md").read_text(encoding="utf-8")


def test_the_messages_on_the_page_are_those_of_its_example(tmp_path):
    part = PAGE[PAGE.index("## Messages") :]
    wrong, answer = re.findall(r"```(?:yaml|text)\n(.*?)```", part, re.DOTALL)[:2]
    path = tmp_path / "config.yaml"
    path.write_text(wrong, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config(path, tables=TABLES)
    assert str(caught.value).replace(f"{tmp_path}/", "") == answer.rstrip()


def test_every_flat_key_is_in_the_table_of_the_page():
    rows = [line for line in PAGE.splitlines() if line.startswith("| `")]
    for key, path in RENAMED.items():
        assert f"| `{key}` | `{'.'.join(str(part) for part in path)}` |" in rows
    for key in [*NEEDLESS, "diags_url", "fcast_url", "sleep_timer"]:
        assert any(f"`{key}`" in row for row in rows), key
