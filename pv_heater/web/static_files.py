"""The page's own files, held in memory: they are few and small, and a route of its own for each leaves no way out.

Each is served twice. At ``/name`` a browser asks again every time and mostly hears "unchanged". At
``/v/<version>/name`` it never asks again, since another version has another address; in index.html the word VERSION
stands for it. Modules there find each other by relative names.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

from pv_heater.web.calls import Answer, Call, Handle, Route, Scope, etag_of

PAGE_FOLDER = Path(__file__).parent / "page"
INDEX = "index.html"
ASK_AGAIN, FOR_EVER = "no-cache", "public, max-age=31536000, immutable"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".webmanifest": "application/manifest+json",
}
"""Other files are not served."""
_PACKED = frozenset({".png", ".ico"})
_BLOCK = re.compile(r"^[ \t]*/\*(?:(?!\*/).)*\*/[ \t]*$", re.MULTILINE | re.DOTALL)
"""A comment that has its lines to itself."""


def static_routes(folder: Path = PAGE_FOLDER) -> list[Route]:
    """A route for each file of the page; empty where the folder is missing."""
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix in TYPES
    }
    version = version_of(files)
    routes = []
    for name, content in files.items():
        if name == INDEX:
            content = content.replace(b"VERSION", version.encode())
        elif Path(name).suffix in (".js", ".css"):
            content = without_comments(content)
        elif name.endswith(".json"):
            content = json.dumps(json.loads(content), ensure_ascii=False, separators=(",", ":")).encode()
        answer = _answer(name, content)
        names = ["/", f"/{name}"] if name == INDEX else [f"/{name}"]
        routes += [Route(method="GET", path=path, scope=Scope.OPEN, handle=_giving(answer)) for path in names]
        if name != INDEX:
            kept = _giving(replace(answer, cache=FOR_EVER))
            routes.append(Route(method="GET", path=f"/v/{version}/{name}", scope=Scope.OPEN, handle=kept))
    return routes


def version_of(files: dict[str, bytes]) -> str:
    """Another one whenever a file changed."""
    digest = hashlib.sha256()
    for name, content in files.items():
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:12]


def without_comments(content: bytes) -> bytes:
    """Without lines that are a comment or empty, and without indents: a tenth of what a telephone has to fetch.

    No text may go over several lines there.
    """
    lines = [line.strip() for line in _BLOCK.sub("", content.decode()).splitlines()]
    return ("\n".join(line for line in lines if line and not line.startswith("//")) + "\n").encode()


def _answer(name: str, content: bytes) -> Answer:
    suffix = Path(name).suffix
    return Answer(
        body=content,
        content_type=TYPES[suffix],
        etag=etag_of(content),
        cache=ASK_AGAIN,
        gzipped=None if suffix in _PACKED else gzip.compress(content, 9, mtime=0),
    )


def _giving(answer: Answer) -> Handle:
    def handle(call: Call) -> Answer:
        del call
        return answer

    return handle
