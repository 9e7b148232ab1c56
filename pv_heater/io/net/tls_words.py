"""What is wrong with an encrypted connection, in words an owner can act on."""

from __future__ import annotations

import ssl

_SELF_SIGNED = frozenset({18, 19})
_UNKNOWN_ISSUER = frozenset({2, 20, 21})
_NOT_YET_VALID, _EXPIRED = 9, 10
_OTHER_NAME = frozenset({62, 64})
"""Codes of OpenSSL's X509_V_ERR_*."""


def tls_trouble(error: BaseException, host: str) -> str:
    """To stand behind the peer's name. `error` may be wrapped in others; `host` is the address that was asked."""
    found = _ssl_error_in(error)
    if isinstance(found, ssl.SSLCertVerificationError):
        return f"shows a certificate for {host} that is not trusted: {_why_not_trusted(found)}"
    reason = (found.reason or "") if found is not None else ""
    if reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE"):
        return f"does not speak TLS at {host}; is the port right, and the connection encrypted at all?"
    detail = reason.lower().replace("_", " ") or "the connection ended in the middle of it"
    return f"cannot agree on an encrypted connection at {host}: {detail}"


def _why_not_trusted(error: ssl.SSLCertVerificationError) -> str:
    code = error.verify_code
    if code in _SELF_SIGNED:
        return "the device signed it itself, and nobody vouches for it"
    if code in _UNKNOWN_ISSUER:
        return "it is signed by an authority that is not known on this machine"
    if code == _EXPIRED:
        return "it has expired, or the clock of this machine is wrong"
    if code == _NOT_YET_VALID:
        return "it is not valid yet, or the clock of this machine is wrong"
    if code in _OTHER_NAME:
        return "it was issued for another name or address"
    return error.verify_message or "it cannot be verified"


def _ssl_error_in(error: BaseException | None) -> ssl.SSLError | None:
    """The error of the TLS library somewhere in a chain of others."""
    seen: set[int] = set()
    queue: list[object] = [error]
    while queue:
        item = queue.pop(0)
        if not isinstance(item, BaseException) or id(item) in seen:
            continue
        if isinstance(item, ssl.SSLError):
            return item
        seen.add(id(item))
        queue += [getattr(item, "reason", None), item.__cause__, item.__context__, *item.args]
    return None
