"""Who is at the other end of a socket on this machine, by the word of the kernel, and whether that is to be believed.

Nobody is believed about pins who may not write them himself: whoever may, could close a relay without asking us.
"""

from __future__ import annotations

import os
import socket
import stat
import struct
from collections.abc import Iterable
from pathlib import Path

from pv_heater.core.model.lean import dataclass

_SO_PEERGROUPS = 59
"""asm-generic/socket.h, since Linux 4.13; Python has no name for it."""
_MOST_GROUPS = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A process: for a server the one that began to listen, for a client the one that connected."""

    pid: int
    uid: int
    groups: frozenset[int]


def peer_of(connection: socket.socket) -> Peer:
    """Who is at the other end of a Unix socket. Raises OSError."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("iII"))
    pid, uid, gid = struct.unpack("iII", credentials)
    try:
        more = connection.getsockopt(socket.SOL_SOCKET, _SO_PEERGROUPS, 4 * _MOST_GROUPS)
        groups = struct.unpack(f"{len(more) // 4}I", more)
    except OSError:
        groups = ()
    return Peer(pid=pid, uid=uid, groups=frozenset({gid, *groups}))


def may_command(peer: Peer) -> bool:
    """Whether a controller obeys it: its own user and root."""
    return peer.uid in (os.geteuid(), 0)


def may_be_believed(peer: Peer, *, owners_of: Iterable[Path], devices: Iterable[Path]) -> bool:
    """Whether its word about outputs counts: our own user and root.

    For root also the owner of one of the paths `owners_of` (the settings it was given, a folder that only root can
    have made), and who may write one of the `devices` behind the pins.
    """
    if may_command(peer):
        return True
    if os.geteuid() != 0:
        return False
    return any(_owner(path) == peer.uid for path in owners_of) or any(_may_write(peer, path) for path in devices)


def _owner(path: Path) -> int | None:
    try:
        return os.lstat(path).st_uid
    except OSError:
        return None


def _may_write(peer: Peer, path: Path) -> bool:
    try:
        found = os.stat(path)
    except OSError:
        return False
    if found.st_uid == peer.uid:
        return bool(found.st_mode & stat.S_IWUSR)
    return found.st_gid in peer.groups and bool(found.st_mode & stat.S_IWGRP)
