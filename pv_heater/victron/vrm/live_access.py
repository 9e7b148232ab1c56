"""What VRM's REST answers say of its own MQTT broker: where it is, as whom we are known there, until when. Pure.

Host names as in Victron's dbus-flashmq: one of 128 brokers, by the sum of the characters of the portal ID.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.numbers import number_of

_BROKERS = 128
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_PORTAL_ID = re.compile(r"[0-9A-Za-z_-]{4,40}")
_LATEST_S = 4e9
"""2096; a number beyond it is no date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveAccess:
    """What one look at the portal told; None: it did not say."""

    email: str | None = None
    portal_id: str | None = None
    host: str | None = None
    forwards: bool = True
    """Whether the site's GX device passes on what it publishes; only a clear no counts."""


def live_access(user: Mapping[str, Any], site: Mapping[str, Any]) -> LiveAccess:
    """Of the answers to users/me and to users/<id>/installations."""
    portal_id, host = _text(site.get("identifier"), _PORTAL_ID), _text(site.get("mqtt_host"), _HOST)
    email = user.get("email")
    return LiveAccess(
        email=email if isinstance(email, str) and email else None,
        portal_id=portal_id,
        host=host or (None if portal_id is None else broker_host(portal_id)),
        forwards=site.get("realtimeUpdates") not in (False, 0),
    )


def broker_host(portal_id: str) -> str:
    """The broker that a site's GX device connects to."""
    return f"mqtt{sum(map(ord, portal_id.lower())) % _BROKERS}.victronenergy.com"


def token_ends_at(user: Mapping[str, Any], tokens: Any) -> datetime | None:
    """When the access token that we use ends; None where it never does, or VRM does not say which it is."""
    rows = tokens.get("tokens") if isinstance(tokens, Mapping) else None
    found = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
    own_id = user.get("idAccessToken")
    ours = [row for row in found if own_id is not None and str(row.get("idAccessToken")) == str(own_id)]
    if not ours and own_id is None and len(found) == 1:
        ours = found
    ends_s = number_of(ours[0].get("expires")) if ours else None
    return datetime.fromtimestamp(ends_s, UTC) if ends_s is not None and 0 < ends_s < _LATEST_S else None


def _text(value: Any, form: re.Pattern[str]) -> str | None:
    return value if isinstance(value, str) and form.fullmatch(value) else None
