"""Which controller a command is for: the one that runs with these settings, wherever it keeps its state.

Light enough for `main.py off`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pv_heater.config.places import SHIPPED_CONFIG, config_words
from pv_heater.core.model.lean import dataclass
from pv_heater.errors import NotBelieved, NotOurs, NotRunning
from pv_heater.io.gpio.lock_places import SYSTEM, LockPlaces
from pv_heater.io.gpio.locks import Holder, settings_holders, state_holder
from pv_heater.io.system.control_client import ANSWER_TIMEOUT_S, ask
from pv_heater.io.system.control_socket import SOCKET_NAME
from pv_heater.io.system.peer import Peer, may_be_believed

STRANGER_TIMEOUT_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlAddress:
    """Where a controller listens."""

    state_dir: Path
    holder: Holder | None
    """Who holds that state folder; None where nobody is seen to."""

    @property
    def is_ours(self) -> bool:
        """Whether our own user or root has put it up, or the settings name it."""
        return self.holder is None or self.holder.uid in (os.geteuid(), 0)

    @property
    def patience_s(self) -> float:
        """How long an answer is waited for; not long where a stranger may have put up the door."""
        return ANSWER_TIMEOUT_S if self.is_ours else STRANGER_TIMEOUT_S

    @property
    def socket(self) -> Path:
        """Where its control socket lies."""
        return self.state_dir / SOCKET_NAME

    def __str__(self) -> str:
        return f"the controller in {self.state_dir}" if self.holder is None else str(self.holder)


def doors(config_path: Path | None, state_dir: Path, places: LockPlaces = SYSTEM) -> list[ControlAddress]:
    """Where the controller of these settings may listen: its state folder, and the ones it has registered."""
    found = []
    own = state_holder(state_dir)
    if own is None and (state_dir / SOCKET_NAME).exists():
        found.append(ControlAddress(state_dir=state_dir, holder=None))
    elif own is not None and not _runs_with_others(own, config_path):
        found.append(ControlAddress(state_dir=state_dir, holder=own))
    if config_path is not None:
        found += [
            ControlAddress(state_dir=Path(holder.state_dir), holder=holder)
            for holder in settings_holders(config_path, places=places)
            if holder.state_dir and Path(holder.state_dir) != state_dir.absolute()
        ]
    return found


def believer(config_path: Path | None, places: LockPlaces = SYSTEM) -> Callable[[Peer], bool]:
    """Whose word about the outputs of these settings counts."""
    owners_of = [places.service_folder, *([config_path] if config_path is not None else [])]

    def believes(peer: Peer) -> bool:
        return may_be_believed(peer, owners_of=owners_of, devices=places.pin_devices())

    return believes


def ask_running(config_path: Path | None, state_dir: Path, request: Mapping[str, Any]) -> Mapping[str, Any]:
    """The answer of the controller that runs with these settings. Raises NotRunning with what to do."""
    name = "these settings" if config_path is None else str(config_path)
    why = None
    for door in doors(config_path, state_dir):
        try:
            return ask(door.socket, request, believe=believer(config_path), within_s=door.patience_s)
        except NotBelieved as error:
            why = f"{error}."
        except NotRunning as error:
            if door.holder is not None:
                held = f"{door.holder} holds the state folder {door.state_dir}"
                why = f"{held}, but: {error}. Just started? Ask again in some seconds."
            elif error.pid is not None or isinstance(error, NotOurs):
                why = f"No answer: {error}."
    if why is not None:
        raise NotRunning(why)
    own = state_holder(state_dir)
    other = "" if own is None else f" {own} holds the state folder {state_dir}."
    raise NotRunning(f"No controller is running with {name}.{_start_words(config_path)}{other}")


def _start_words(config_path: Path | None) -> str:
    """How one is started that answers: as shipped, a plain start plays its day in seconds and ends."""
    if config_path is None:
        return ""
    which = config_words(config_path, os.environ)
    if config_path.absolute() == SHIPPED_CONFIG.absolute():
        return f" As shipped they play a recorded day; start one that can be asked with `python main.py demo{which}`."
    return f" Start it with `python main.py{which}`."


def _runs_with_others(holder: Holder, config_path: Path | None) -> bool:
    """Whether it has named another file of settings that is there."""
    if config_path is None or not holder.owner.startswith("/"):
        return False
    try:
        return Path(holder.owner).exists() and Path(holder.owner).resolve() != config_path.resolve()
    except (OSError, RuntimeError):
        return False
