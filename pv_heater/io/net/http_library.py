"""requests, without the library that it guesses encodings with where an answer does not tell its own.

That one has tables for ninety languages, which take a megabyte and a half and a fiftieth of a start. Nobody here asks
for a guess: bodies are read as bytes, and JSON is UTF-8 (RFC 8259). requests works without it, and says once that it
misses it.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_GUESSERS = ("chardet", "charset_normalizer")


@contextmanager
def _as_if_missing(names: tuple[str, ...]) -> Iterator[None]:
    """None among the loaded modules is Python's own sign for one that is not there."""
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for name in hidden:
            del sys.modules[name]


with _as_if_missing(_GUESSERS):
    import requests
    from requests.adapters import HTTPAdapter
    from requests.auth import AuthBase, HTTPDigestAuth

__all__ = ["AuthBase", "HTTPAdapter", "HTTPDigestAuth", "requests"]
