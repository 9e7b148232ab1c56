"""Tokens and passwords that every user of the machine can read."""

import os
from pathlib import Path

import pytest

from pv_heater.commands.check_doubts import open_secrets
from pv_heater.config.load import load_config
from pv_heater.run.state_dir import open_to_all
from tests.strangers import open_ways

VRM = "meter: {type: vrm, installation_id: 123456, token: '%s'}\nloads: [{type: dry_run, name: a, max_power_w: 100}]\n"


@pytest.mark.parametrize(
    ("token", "mode", "named"),
    [
        ("a1b2c3d4e5", 0o644, ["config.yaml"]),
        ("a1b2c3d4e5", 0o640, []),
        ("file:vrm-token", 0o644, ["vrm-token"]),
        ("file:vrm-token", 0o600, []),
        ("${TOKEN_OF_A_TEST}", 0o644, []),
    ],
)
def test_a_file_with_a_secret_that_everybody_can_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, token: str, mode: int, named: list[str]
) -> None:
    monkeypatch.setenv("TOKEN_OF_A_TEST", "a1b2c3d4e5")
    for name, text in (("config.yaml", VRM % token), ("vrm-token", "a1b2c3d4e5\n")):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(mode)
    open_ways(tmp_path / "x")
    found = open_secrets(load_config(tmp_path / "config.yaml"))
    assert [finding.says for finding in found] == [
        f"{tmp_path / name} holds a token or a password, and every user of this machine can read it: "
        f"chmod o-r {tmp_path / name}"
        for name in named
    ]
    assert all(finding.warning and finding.exit_code == 0 for finding in found)


def test_nobody_gets_to_a_file_in_a_closed_folder(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(VRM % "a1b2c3d4e5")
    open_ways(tmp_path / "x")
    os.chmod(tmp_path, 0o700)
    assert open_secrets(load_config(tmp_path / "config.yaml")) == []


def test_what_every_user_can_write_is_named(tmp_path: Path) -> None:
    settings, rules, state = tmp_path / "config.yaml", tmp_path / "rules", tmp_path / "state"
    settings.write_text(VRM % "x")
    config = load_config(settings)
    assert open_to_all(config) == []
    for folder in (rules, state):
        folder.mkdir()
    (rules / "a.py").write_text("")
    paths = [settings, rules / "a.py", state, rules]
    for path in paths:
        path.chmod(0o755)
    assert open_to_all(config) == []
    for path in paths:
        path.chmod(0o777)
    assert open_to_all(config) == [f"every user of this machine can write {path}: chmod o-w {path}" for path in paths]
