"""Files and folders that nobody else can have put in our way: owner and kind are looked at before they are believed."""

from __future__ import annotations

import contextlib
import errno
import os
import pwd
import stat
import tempfile
from pathlib import Path

OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH
_NEVER_WAIT = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""A link is not followed, and a pipe that nobody reads is an error instead of a wait."""


def user_name(uid: int) -> str:
    """The name of that user; its number where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"number {uid}"


def make_own_folder(path: Path) -> None:
    """Make this folder unless it is there, and make sure that only we can write it. Raises OSError with the reason."""
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o755)
    found = os.lstat(path)
    if not stat.S_ISDIR(found.st_mode):
        raise OSError(errno.ENOTDIR, "it is not a folder", str(path))
    if found.st_uid != os.geteuid():
        raise OSError(errno.EPERM, f"it belongs to user {user_name(found.st_uid)}", str(path))
    if found.st_mode & OTHERS_MAY_WRITE:
        path.chmod(0o755)


def folder_owner(folder: Path) -> int | None:
    """The user to whom a folder belongs; None where it is not a folder, or a link to one."""
    try:
        found = os.lstat(folder)
    except OSError:
        return None
    return found.st_uid if stat.S_ISDIR(found.st_mode) else None


def is_shared(folder: Path) -> bool:
    """Whether other users can put files into it."""
    try:
        found = os.stat(folder)
    except OSError:
        return False
    return bool(found.st_mode & OTHERS_MAY_WRITE) or found.st_uid not in (os.geteuid(), 0)


def open_plain(path: Path, flags: int, mode: int = 0o600) -> int:
    """A descriptor of a plain file, made if need be; no link is followed, no pipe waited for.

    Raises OSError with the reason, also for a file of another user's. Without O_CREAT first: in a sticky folder the
    kernel refuses O_CREAT on another user's file even to root (fs.protected_regular).
    """
    try:
        fd = os.open(path, flags | _NEVER_WAIT)
    except FileNotFoundError:
        try:
            fd = os.open(path, flags | _NEVER_WAIT | os.O_CREAT | os.O_EXCL, mode)
        except FileExistsError:
            fd = os.open(path, flags | _NEVER_WAIT)
    found = os.fstat(fd)
    if not stat.S_ISREG(found.st_mode):
        os.close(fd)
        raise OSError(errno.EINVAL, "it is not a plain file", str(path))
    of_folder = os.geteuid() == 0 and found.st_uid == folder_owner(path.parent)
    if found.st_uid not in (os.geteuid(), 0) and not of_folder:
        os.close(fd)
        raise OSError(errno.EPERM, f"it belongs to user {user_name(found.st_uid)}", str(path))
    return fd


def private(path: str, flags: int) -> int:
    """The `opener` of a file that is for its owner alone from its first moment, whatever the umask."""
    return os.open(path, flags | os.O_CLOEXEC, 0o600)


def close_to_others(path: Path) -> None:
    """Take a file of ours, left by an earlier version, from the other users. What is not there or not ours stays."""
    with contextlib.suppress(OSError):
        fd = os.open(path, os.O_RDONLY | _NEVER_WAIT)
        try:
            found = os.fstat(fd)
            if stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and found.st_mode & 0o077:
                os.fchmod(fd, found.st_mode & 0o700)
        finally:
            os.close(fd)


def read_plain(path: Path) -> int | None:
    """A descriptor for reading a plain file that we, root or its folder's owner alone can write; None for others."""
    try:
        fd = os.open(path, os.O_RDONLY | _NEVER_WAIT)
    except OSError:
        return None
    found = os.fstat(fd)
    is_own = found.st_uid in (0, os.geteuid(), folder_owner(path.parent)) and not found.st_mode & OTHERS_MAY_WRITE
    if stat.S_ISREG(found.st_mode) and is_own:
        return fd
    os.close(fd)
    return None


def rewrite_file(path: Path, before: bytes, after: bytes) -> None:
    """Put `after` into a file that holds `before`, at once and whole; owner and mode stay, and so does a link to it.

    Raises OSError; FileExistsError where it holds something else by now.
    """
    place = path.resolve()
    found = place.stat()
    fd, draft = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
    try:
        with open(fd, "wb") as file:
            file.write(after)
            file.flush()
            if (found.st_uid, found.st_gid) != (os.geteuid(), os.getegid()):
                os.fchown(file.fileno(), found.st_uid, found.st_gid)
            os.fchmod(file.fileno(), stat.S_IMODE(found.st_mode))
            os.fsync(file.fileno())
        if place.read_bytes() != before:
            raise FileExistsError(errno.EEXIST, "somebody else has changed it", str(place))
        os.replace(draft, place)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    folder = os.open(place.parent, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            os.fsync(folder)
    finally:
        os.close(folder)


def replace_file(path: Path, text: str) -> None:
    """Put a file there, for everybody to read. A link or another user's file is not written into. Raises OSError."""
    fd, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(fd, "w", encoding="utf-8") as file:
            file.write(text)
            os.fchmod(file.fileno(), 0o644)
        os.replace(draft, path)
    except OSError:
        Path(draft).unlink(missing_ok=True)
        raise
