"""Writes the bundle: every part through the scrubber, into one file that only its owner can read."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from pv_heater.commands.support.contents import NothingThere, Part, parts
from pv_heater.commands.support.personal import look_at, scrubber_of, settings_text
from pv_heater.commands.support.scrub import Scrubber
from pv_heater.errors import ConfigError, PvHeaterError, describe
from pv_heater.io.system.own_files import private
from pv_heater.io.system.state_file import give_to_owner

SCRUBBED = (
    "Taken out: tokens and passwords, portal and device ids, serial numbers, mail addresses, names of people, of the "
    "home and of machines. Addresses have other names (host-1 is the same one everywhere), places are whole degrees. "
    "Loads and conditions keep the words you gave them: look through it before you give it away."
)


def make_bundle(config_path: Path, wanted: Path | None, environ: Mapping[str, str], say: Callable[[str], None]) -> Path:
    """Say what will be in it, make it, and return where it is. Raises ConfigError where it cannot be written.

    Settings that cannot be read are a reason to ask for help, so they keep nothing from being written but themselves.
    """
    found = look_at(config_path, environ)
    scrubber = scrubber_of(found, environ)
    wanted = wanted or Path(f"pv-heater-support-{datetime.now().astimezone():%Y%m%d-%H%M%S}.zip")
    all_parts = parts(found, lambda: settings_text(found, scrubber), environ)
    say(f"Into {wanted} go:")
    for part in all_parts:
        say(f"  {part.name:<14} {part.says}")
    say(SCRUBBED)
    try:
        with open(wanted, "xb", opener=_private) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle:
            give_to_owner(file.fileno(), wanted.absolute().parent)
            for part in all_parts:
                bundle.writestr(part.name, scrubber.text(_text_of(part, scrubber)))
    except FileExistsError:
        raise ConfigError("support", [f"{wanted} is there already; --output names another file"]) from None
    except OSError as error:
        raise ConfigError("support", [f"{wanted} cannot be written: {error.strerror or error}"]) from None
    return wanted


def _text_of(part: Part, scrubber: Scrubber) -> str:
    try:
        made = part.made()
        return made if isinstance(made, str) else json.dumps(scrubber.tree(made), indent=1, default=str) + "\n"
    except (NothingThere, PvHeaterError) as error:
        return f"nothing: {error}\n"
    except Exception as error:  # noqa: BLE001 - one part less is better than none
        return f"nothing: {describe(error)}\n"


def _private(path: str, flags: int) -> int:
    return private(path, flags | os.O_NOFOLLOW)
