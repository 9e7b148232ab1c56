"""Answers over HTTP that never come to their end, as bytes: what is said at once, and what is dripped then."""

from __future__ import annotations

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
GZIP = b"Content-Encoding: gzip\r\nContent-Length: 60000\r\n\r\n"

ATTACKS = {
    "accept and silence": (b"", b""),
    "dripped status line": (b"HTTP/1.1 200 O", b"O"),
    "dripped headers": (OK, b"X-More: 1\r\n"),
    "one header without end": (OK + b"X-Long: ", b"x"),
    "headers after the length": (OK + b"Content-Length: 0\r\n", b"X-More: 1\r\n"),
    "endless 100 Continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "dripped chunk size": (CHUNKED, b"0"),
    "endless chunk extension": (CHUNKED + b"2;", b"x"),
    "endless trailers": (CHUNKED + b"2\r\n{}\r\n0\r\n", b"X-More: 1\r\n"),
    "dripped body": (OK + b"Content-Length: 60000\r\n\r\n{", b" "),
    "body without a length": (OK + b"\r\n{}", b" "),
    "silence in the body": (OK + b"Content-Length: 3\r\n\r\n{}", b""),
    "dripped gzip": (OK + GZIP + b"\x1f\x8b\x08\0\0\0\0\0\0\3\1\xff\xff\0\0", b"\0"),
    "dripped login question": (b'HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm="x", nonce="y"\r\n', b"X: 1\r\n"),
}
"""What is said at once, and what is dripped then."""
