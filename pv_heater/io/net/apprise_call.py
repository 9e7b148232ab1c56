"""One message by Apprise, in a process of its own: 14 MB and seconds that a small Pi has only for as long as that."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pv_heater.core.model.setting import Secret
from pv_heater.errors import BadReply, Unreachable

CHILD = Path(__file__).with_name("apprise_child.py")
WITHIN_S = 110.0
"""Longer than the child allows itself. The first models take twenty seconds to load Apprise alone."""
LEAST_SECRET = 4
"""Shorter parts of an address are no secret, and words would be full of holes."""
MISSING = "Apprise is not installed here; `pip install apprise` in the program's .venv installs it"


def deliver(python: str, address: Secret, *, title: str, body: str, kind: str) -> None:
    """Raises Unreachable and BadReply, without any part of the address."""
    order = json.dumps({"url": address.reveal(), "title": title, "body": body, "kind": kind})
    try:
        # The address goes in by a pipe: what stands on a command line everybody on the machine can read.
        done = subprocess.run(
            [python, "-I", str(CHILD)], input=order.encode(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            timeout=WITHIN_S, check=False, cwd="/",
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise Unreachable(f"Apprise had not finished after {WITHIN_S:.0f} s and was ended") from None
    except OSError as error:
        raise Unreachable(f"Apprise cannot be started: {error.strerror}") from None
    answer = _answer(done.stdout)
    outcome, said = answer.get("outcome"), without(address, str(answer.get("said", "")))
    if outcome == "sent":
        return
    if outcome == "missing":
        raise Unreachable(MISSING)
    if outcome == "unknown":
        raise BadReply("Apprise does not understand this url; its first word must be one of Apprise's services")
    if outcome == "failed":
        raise Unreachable(f"Apprise could not deliver it: {said or 'it does not say why'}")
    raise Unreachable(f"Apprise ended without an answer (exit code {done.returncode})")


def without(address: Secret, text: str) -> str:
    """The text with no part of the address in it that may be a secret."""
    parts = [part for part in re.split(r"[^A-Za-z0-9_.-]+", address.reveal()) if len(part) >= LEAST_SECRET]
    for part in sorted({address.reveal(), *parts}, key=len, reverse=True):
        text = text.replace(part, "(secret)")
    return " ".join(text.split())


def _answer(raw: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(raw)
    except ValueError:
        return {}
    return found if isinstance(found, Mapping) else {}
