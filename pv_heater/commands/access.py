"""`main.py password` and `main.py token`: who may use the page, written where the controller reads it.

A running page looks at the file with every request, so it takes what is written here at once.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pv_heater.commands.check_report import Finding
from pv_heater.commands.running import doors
from pv_heater.config.load import Config
from pv_heater.errors import Refused
from pv_heater.io.system.own_files import user_name
from pv_heater.io.system.state_file import UnreadableState
from pv_heater.run.state_dir import make_state_dir, state_dir
from pv_heater.web.access.access import listening
from pv_heater.web.access.credentials import Credentials, CredentialStore
from pv_heater.web.access.passwords import Cost, StoredPassword, cost_for, weakness
from pv_heater.web.access.sessions import last_uses
from pv_heater.web.access.tokens import GRANTED, expiry, made
from pv_heater.web.calls import Scope

SCOPES = ", ".join(GRANTED)


def set_password(config: Config, password: str, cost: Cost | None = None) -> str:
    """Whoever logs in needs it from now on, and every browser logs in anew; what to say about it.

    `cost` None: what this machine can bear. Raises Refused for a weak one, and where it cannot be written.
    """
    if (why := weakness(password)) is not None:
        raise Refused(why)
    folder = _folder(config)
    stored = StoredPassword.of(password, cost if cost is not None else cost_for(os.uname().machine))
    lost = _write(folder, lambda credentials: credentials.with_password(stored))
    words = [f"The password is set (in {folder}); every browser logs in anew.", lost]
    if config.web is None:
        words.append("These settings have no page yet: add `web: {}`.")
    elif not config.web.is_local:
        words.append(f"While the controller runs, the page is at {config.web.listen}.")
    return " ".join(word for word in words if word)


def remove_password(config: Config) -> str:
    """Without one only this machine gets in; what to say about it. Raises Refused where it cannot be written."""
    folder = _folder(config)
    lost = _write(folder, lambda credentials: credentials.with_password(None))
    words = [f"The password is removed (in {folder}); every session has ended.", lost]
    if config.web is not None:
        why = listening(CredentialStore(folder), config.web)[1]
        words.append("The page is for this machine only." if why is None else f"web: {why}.")
    return " ".join(word for word in words if word)


def add_token(config: Config, name: str, scope: str, days: int | None) -> dict[str, Any]:
    """The new token, its secret under ``token``. Raises Refused with what would be right."""
    if scope not in GRANTED:
        raise Refused(f"The scope must be one of {SCOPES}, not {scope[:40]!r}.")
    now = datetime.now(UTC)
    try:
        token, secret = made(name, Scope(scope), now, expiry(now, days))
        _write(_folder(config), lambda credentials: credentials.with_token(token), damaged_is_empty=False)
    except ValueError as error:
        raise Refused(f"{str(error)[0].upper()}{str(error)[1:]}.") from None
    return {**token.to_public_json(), "token": secret}


def remove_token(config: Config, wanted: str) -> str:
    """It is refused from now on; what to say about it. `wanted` is its name or id. Raises Refused for no such."""
    try:
        _write(_folder(config), lambda credentials: credentials.without_token(wanted), damaged_is_empty=False)
    except KeyError:
        raise Refused(f"There is no token {wanted[:60]!r}; `main.py token list` shows them.") from None
    return f"The token {wanted!r} is removed; it is refused from now on."


def tokens(config: Config) -> list[dict[str, Any]]:
    """Every token, without its secret. Raises Refused where the file cannot be read."""
    folder = _folder(config)
    store = CredentialStore(folder)
    try:
        rows, used_at = store.read().tokens, last_uses(folder)
    except UnreadableState as error:
        raise Refused(_unreadable(store, error)) from None
    return [
        {**token.to_public_json(), "last_used_at": None if token.id not in used_at else used_at[token.id].isoformat()}
        for token in rows
    ]


def page_findings(config: Config) -> list[Finding]:
    """For `check`: where the page listens and whether it needs a login; nothing where there is no page."""
    if config.web is None:
        return []
    folder = _running_folder(config) or state_dir(config)
    why = listening(CredentialStore(folder), config.web)[1]
    if why is not None:
        code = " (a start shows a code in its log with which the page takes one)" if "no password" in why else ""
        return [Finding(what="web", says=f"{why}{code}", exit_code=2)]
    try:
        has_password = CredentialStore(folder).read().password is not None
        login = "with a login" if has_password else "for this machine only, without a login"
    except UnreadableState as error:
        login = f"but nobody gets in: access.json in {folder} cannot be used ({error}); `main.py password` helps"
    return [Finding(what="web", says=f"the page is at {config.web.listen}, {login}")]


def _folder(config: Config) -> Path:
    """Where the controller of these settings keeps its state, made if need be. Raises ConfigError."""
    return _running_folder(config) or make_state_dir(config)


def _running_folder(config: Config) -> Path | None:
    """Where the one that runs with these settings does, which may be a service's own folder; None where none runs."""
    found = doors(config.path, state_dir(config))
    return next((door.state_dir for door in found if door.is_ours or os.geteuid() == 0), None)


def _write(folder: Path, changed: Callable[[Credentials], Credentials], *, damaged_is_empty: bool = True) -> str:
    """Write it; a sentence where a damaged file went with it, else nothing. Raises Refused, and what `changed` does."""
    store = CredentialStore(folder)
    try:
        store.change(changed)
    except UnreadableState as error:
        if not damaged_is_empty:
            raise Refused(_unreadable(store, error)) from None
        return _write_anew(store, changed, error)
    except OSError as error:
        raise _unwritten(store, error) from None
    return ""


def _write_anew(store: CredentialStore, changed: Callable[[Credentials], Credentials], damage: UnreadableState) -> str:
    try:
        store.put(changed(Credentials()))
    except OSError as error:
        raise _unwritten(store, error) from None
    return f"The file before could not be used ({damage}), and the tokens in it are gone."


def _unreadable(store: CredentialStore, error: UnreadableState) -> str:
    return f"{store.path} cannot be used: {error}; `main.py password` sets the password anew, and its tokens are gone."


def _unwritten(store: CredentialStore, error: OSError) -> Refused:
    folder = store.path.parent
    try:
        owner = user_name(folder.stat().st_uid)
    except OSError:
        owner = "its owner"
    why = error.strerror or type(error).__name__
    return Refused(f"{store.path} cannot be written: {why}. The folder belongs to {owner}: `sudo -u {owner} ...`.")
