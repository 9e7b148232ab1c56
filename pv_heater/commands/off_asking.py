"""``main.py off`` beside a running controller: it is asked to latch off, and watched until every load was seen off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pv_heater.commands.off_outputs import OffOutputs
from pv_heater.commands.running import ControlAddress, believer, doors
from pv_heater.core.model.lean import dataclass
from pv_heater.errors import NotBelieved, NotOurs, NotRunning
from pv_heater.io.gpio.lock_places import SYSTEM, LockPlaces
from pv_heater.io.gpio.locks import Holder, pin_holders
from pv_heater.io.system.clock import SystemClock
from pv_heater.io.system.control_client import ask
from pv_heater.io.system.control_socket import SOCKET_NAME
from pv_heater.run.identity import who_line

SEEN_OFF_S = 6.0
"""How long its loads may take to be seen off: devices have 5 s to confirm."""
_LOOK_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedController:
    """What came of asking one controller."""

    door: ControlAddress
    loads: Mapping[str, str | None]
    """Each load that it switches, with why it may still be on, None once it was seen off. Empty where it did not
    answer, and for a dry run, which switches nothing."""
    said: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    """What is wrong, a sentence each; with one of these `off` has not succeeded."""
    believed: bool = True
    """False for a process that has no say about these outputs: it is as if it were not there."""

    @property
    def answered(self) -> bool:
        """Whether it has taken these outputs over."""
        return bool(self.loads)


def ask_all(
    found: OffOutputs, config_path: Path, clock: SystemClock, places: LockPlaces = SYSTEM
) -> list[AskedController]:
    """Every controller that runs with these settings, or holds one of these pins, is asked to latch off."""
    targets = doors(config_path, found.state_dir, places)
    known = {door.state_dir.absolute() for door in targets}
    for holder in _pin_holders(found, places):
        folder = Path(holder.state_dir or found.state_dir).absolute()
        if folder not in known:
            known.add(folder)
            targets.append(ControlAddress(state_dir=folder, holder=holder))
    targets.sort(key=lambda door: -door.patience_s)  # a stranger's door must not delay the right one
    return [_ask(door, config_path, clock, places) for door in targets]


def holders_of(names: Sequence[str], kind: str, places: LockPlaces = SYSTEM) -> list[Holder]:
    """Who says that it holds one of these pins."""
    return [holder for name in names for holder in pin_holders(name, kind, places=places)]


def _pin_holders(found: OffOutputs, places: LockPlaces) -> list[Holder]:
    return holders_of(found.names, found.kind, places)


def _ask(door: ControlAddress, config_path: Path, clock: SystemClock, places: LockPlaces) -> AskedController:
    socket, believe = door.state_dir / SOCKET_NAME, believer(config_path, places)
    try:
        answer = ask(socket, {"command": "off"}, believe=believe, within_s=door.patience_s)
    except NotBelieved as error:
        return AskedController(door=door, loads={}, doubts=(f"{error}; its word is ignored",), believed=False)
    except NotRunning as error:
        # A stranger's claim may be false. If it is not, the pins' own lock will refuse us.
        return AskedController(door=door, loads={}, doubts=_silent(door, error), believed=door.is_ours)
    head = who_line(answer) or str(door)
    if answer.get("ok") is not True:
        why = answer.get("message", "it did not say why")
        return AskedController(
            door=door, loads={}, doubts=(f"{head}: it could not switch off: {why}. Stop it and try again",)
        )
    who = answer.get("who")
    if isinstance(who, Mapping) and who.get("dry") is True:
        return AskedController(
            door=door, loads={}, said=(f"{head}: no outputs of its own; its loads stay off until `clear`",)
        )
    loads = _watch(door, answer, believe, clock)
    said = [f"{head}: {answer.get('message', 'every load is off')}"]
    said += [f"{name}: off, seen by the controller" for name, why in loads.items() if why is None]
    doubts = [f"{name}: {why}" for name, why in loads.items() if why is not None]
    if not loads:
        doubts = [f"{head}: it did not say whether its loads are off. Stop it and run this again"]
    return AskedController(door=door, loads=loads, said=tuple(said), doubts=tuple(doubts))


def _watch(door: ControlAddress, answer: Mapping[str, Any], believe: Any, clock: SystemClock) -> dict[str, str | None]:
    """The loads as they were seen last, at most `SEEN_OFF_S` after the answer."""
    until_s = clock.monotonic_s() + SEEN_OFF_S
    loads = _loads_in(answer)
    while any(why is not None for why in loads.values()) and clock.monotonic_s() < until_s:
        clock.wait_until(clock.monotonic_s() + _LOOK_S)
        left_s = max(0.5, until_s - clock.monotonic_s())
        try:
            loads = _loads_in(ask(door.socket, {"command": "still_on"}, believe=believe, within_s=left_s)) or loads
        except NotRunning as error:
            return {name: why and f"{why} (then: {error})" for name, why in loads.items()}
    return loads


def _loads_in(answer: Mapping[str, Any]) -> dict[str, str | None]:
    loads = answer.get("loads")
    if not isinstance(loads, Mapping):
        return {}
    return {str(name): None if why is None else str(why) for name, why in loads.items()}


def _silent(door: ControlAddress, error: NotRunning) -> tuple[str, ...]:
    """A controller that does not answer. A socket without anybody behind it is a leftover, and no doubt."""
    if door.holder is None and error.pid is None and not isinstance(error, NotOurs):
        return ()
    # Only the kernel's word about who listens names a process; what a file says could be anybody's.
    stop = (
        f"`kill -KILL {error.pid}`"
        if error.pid is not None
        else "`sudo systemctl stop pv-heater`, if it is the service"
    )
    return (f"{door} holds these outputs and did not switch them off: {error}. Stop it ({stop}), then run this again",)
