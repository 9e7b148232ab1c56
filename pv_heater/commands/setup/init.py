"""`main.py init`: asks what it must, writes a short settings file that `check` accepts, and says what comes next."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pv_heater import PROJECT_FOLDER, __version__
from pv_heater.commands.setup.answers import settings_text
from pv_heater.commands.setup.interview import Asker, Questions
from pv_heater.config.load import Config, load_config
from pv_heater.config.places import SHIPPED_CONFIG
from pv_heater.errors import ConfigError
from pv_heater.io.system.state_file import write_atomically
from pv_heater.run.outputs import boot_problems

SECRET_MODE, PLAIN_MODE = 0o600, 0o644
UNIT = PROJECT_FOLDER / "Files" / "systemd" / "pv-heater.service"
UNIT_NAME = "pv-heater.service"
SHIPPED_FOLDER = "/opt/pv-heater"


def write_settings(file: Path, given: Mapping[str, Any], asker: Asker, *, force: bool) -> list[str]:
    """Ask, write `file` and what it names, and return the lines that say how it goes on. Raises ConfigError."""
    if file.resolve() == SHIPPED_CONFIG.resolve():
        raise ConfigError("init", [f"{file} is the example that comes with the program; name another file by --config"])
    if file.exists() and not force:
        raise ConfigError("init", [f"{file} is there already: --force replaces it, --config names another file"])
    folder = file.parent
    written: list[Path] = []

    def keep(name: str, text: str) -> None:
        secret = folder / name
        ours = force or secret in written
        if not ours and secret.exists() and secret.read_text(encoding="utf-8").strip() != text:
            raise ConfigError("init", [f"{secret} is there already and holds another text: --force replaces it"])
        if not secret.exists():
            written.append(secret)
        _write(secret, text + "\n", SECRET_MODE)

    try:
        folder.mkdir(parents=True, exist_ok=True)
        questions = Questions(given, asker, folder, keep)
        found = questions.home()
        text = settings_text(found.home, __version__)
        config = load_config(file, text=text)
        if problems := boot_problems(config):
            raise ConfigError("init", problems)
        service = questions.wants_service()
    except BaseException as error:
        for secret in written:  # of no use without settings
            secret.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise ConfigError("init", [f"{folder} cannot be written: {error.strerror or error}"]) from None
        raise
    _write(file, text, PLAIN_MODE)
    unit = folder / UNIT_NAME if service else None
    if unit is not None:
        _write(unit, unit_text(file, getpass.getuser()), PLAIN_MODE)
    return _next_lines(file, config, unit)


def unit_text(file: Path, user: str) -> str:
    """The systemd unit of the project, for this folder, this file and this user."""
    text = UNIT.read_text(encoding="utf-8")
    text = text.replace("Files/config-private.yaml", str(file.absolute())).replace("User=pi", f"User={user}")
    return text.replace(SHIPPED_FOLDER, str(PROJECT_FOLDER))


def _write(file: Path, text: str, mode: int) -> None:
    try:
        write_atomically(file, text, mode)
    except OSError as error:
        raise ConfigError("init", [f"{file} cannot be written: {error.strerror or error}"]) from None


def _next_lines(file: Path, config: Config, unit: Path | None) -> list[str]:
    load = config.policies[0].name
    private = PROJECT_FOLDER / "Files" / "config-private.yaml"
    option = "" if file.resolve() == private.resolve() else f" --config {file}"
    lines = [
        f"Written: {file}. Nothing is switched as long as it says dry_run: true.",
        "Next:",
        f"  python main.py check{option}        what every source answers",
        f"  python main.py{option}              runs; look at the log for a day or two",
        f"  python main.py try {load} click{option}   the wiring, once it is there",
    ]
    if config.web is not None:
        lines.append("  http://127.0.0.1:8080        the page, while it runs; for your network: docs/login.md")
    if unit is not None:
        lines.append(f"  sudo cp {unit} /etc/systemd/system/ && sudo systemctl enable --now pv-heater")
    return lines
