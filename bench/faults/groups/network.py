"""The network between: names, connections, answers that never end, brokers."""

from __future__ import annotations

import gzip
import os
import threading
import time
from typing import Any

from bench.doubles.attacks import ATTACKS, CHUNKED, OK
from bench.doubles.portal import Authority
from bench.doubles.resolver import Resolver
from bench.doubles.web_peer import Spoil, WebPeer, dripping, flooding, once
from bench.faults.fault import Act, Back, Expect, Fault
from bench.faults.groups.acts import LOCAL_S, LOCAL_SUM, STOP_S, STOP_SUM, attack, both, mute, stop, well
from bench.faults.house import gx_values
from bench.faults.rig import Rig

_PACKED = OK + b"Content-Type: application/json\r\nContent-Encoding: gzip\r\n"


def _attack(name: str, spoil: Spoil) -> Fault:
    return Fault(name=f"the meter answers with {name}", home="http", does=attack("meter", spoil), ends=well("meter"),
                 bound_s=LOCAL_S, sum=LOCAL_SUM)  # fmt: skip


def _says(name: str, said: bytes) -> Fault:
    return _attack(name, once(said))


def _goes_on(name: str, home: str, does: Act, **more: object) -> Fault:
    return Fault(name=name, home=home, does=does, bound_s=STOP_S, sum=STOP_SUM, expects=Expect.STAYS,
                 back=Back.NEVER_LEFT, **{"hold_s": 20.0, **more})  # type: ignore[arg-type]  # fmt: skip


def _bomb(connection: Any, over: threading.Event) -> None:
    del over
    packed = gzip.compress(bytes(200_000_000), 1)
    connection.sendall(_PACKED + b"Content-Length: %d\r\n\r\n" % len(packed) + packed)


def _again_and_again(seconds: float, name: str) -> Act:
    """That peer ends and begins again, for ever."""

    def does(rig: Rig) -> None:
        over = threading.Event()

        def run() -> None:
            while not over.wait(seconds):
                rig.peers[name].stop()
                over.wait(0.2)
                rig.peers[name].start()

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        rig.ends.callback(thread.join)
        rig.ends.callback(over.set)

    return does


def _named(rig: Rig) -> None:
    """The meter is asked for by name, and the name server is the bench's."""
    resolver = rig.peers["resolver"] = rig.ends.enter_context(Resolver(os.getpid()))
    (rig.folder / "resolv.conf").write_text(f"nameserver {resolver.address}\noptions timeout:5 attempts:2\n")
    bind = f'mount --bind {rig.folder}/resolv.conf /etc/resolv.conf && exec "$@"'
    rig.before = ["unshare", "--mount", "--propagation", "private", "sh", "-c", bind, "sh"]
    rig.settings["meter"]["url"] = f"http://meter.example:{rig.peers['meter'].port}/status"


def _names(**values: object) -> Act:
    def does(rig: Rig) -> None:
        for name, value in values.items():
            setattr(rig.peers["resolver"], name, value)

    return does


def _tls(kind: str, until: str) -> Act:
    """The meter speaks TLS with a certificate that is not to be believed."""

    def prepares(rig: Rig) -> None:
        folder = rig.folder / "authority"
        folder.mkdir()
        certificate = Authority(folder).certificate("meter", kind, until)
        peer = rig.ends.enter_context(WebPeer(rig.peers["meter"].answer, certificate=certificate))
        rig.peers["tls"], rig.settings["meter"]["url"] = peer, f"{peer.url}/status"

    return prepares


def _never(name: str, prepares: Act, ends: Act | None = None, *, root: bool = False, home: str = "http") -> Fault:
    back = Back.HANDS if ends is None else Back.ITSELF
    return Fault(name=name, home=home, does=prepares, ends=ends, expects=Expect.NEVER, back=back, bound_s=0,
                 sum="no contact closes", hold_s=20.0, root=root)  # fmt: skip


def _mute_tls(rig: Rig) -> None:
    rig.settings["meter"]["url"] = f"https://127.0.0.1:{rig.peers['meter'].port}/status"
    rig.peers["meter"].mute = True


def _no_broker(rig: Rig) -> None:
    """In place of the broker somebody who takes connections and never speaks."""
    peer = rig.ends.enter_context(WebPeer(lambda *_: {}))
    peer.mute = True
    rig.settings["meter"]["port"] = peer.port


def _retained(payload: bytes) -> Act:
    def does(rig: Rig) -> None:
        for topic in gx_values(rig.peers["house"].values()):
            rig.peers["gx"].say(topic, payload, retain=True)
        time.sleep(0.5)

    return does


def _nothing(rig: Rig) -> None:
    """It was there before."""


def _flood(rig: Rig) -> None:
    """Some thousand messages a second, for as long as it is watched."""
    over, peer = threading.Event(), rig.peers["gx"]

    def run() -> None:
        number = 0
        while not over.wait(0.05):
            for _ in range(200):
                number += 1
                peer.say("system/0/Ac/Consumption/L1/Power", b'{"value":%d}' % (500 + number % 7))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    rig.ends.callback(thread.join)
    rig.ends.callback(over.set)


def _large_message(rig: Rig) -> None:
    for _ in range(20):
        rig.peers["gx"].say("system/0/SystemState/State", b"9" * 10_000_000)


FAULTS: tuple[Fault, ...] = (
    *(_attack(f"{name}, without end", dripping(*attack)) for name, attack in ATTACKS.items()),
    _attack("a body without end, as fast as it goes", flooding(CHUNKED, b"10000\r\n" + b" " * 65536 + b"\r\n")),
    _attack("200 MB packed into 200 kB", _bomb),
    _says("a redirect to itself", b"HTTP/1.1 302 Found\r\nLocation: /status\r\nContent-Length: 0\r\n\r\n"),
    _says("a redirect to a file", b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n"),
    _says("half an answer", OK + b"Content-Length: 600\r\n\r\n{\"grid\": 0,"),
    _says("500", b"HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\n{}"),
    _says("429 and a wait of a thousand years",
          b"HTTP/1.1 429 No\r\nRetry-After: 31536000000\r\nContent-Length: 2\r\n\r\n{}"),
    _says("a length below zero", OK + b"Content-Length: -1\r\n\r\n{}"),
    _says("brackets without end", OK + b"Content-Length: 200000\r\n\r\n" + b"[" * 200_000),
    _says("rubbish", bytes(range(256)) * 64),
    _goes_on("the meter begins anew every 3 s", "http", _again_and_again(3.0, "meter"), hold_s=40.0),
    _goes_on("the name server hangs, and the name was known", "http", _names(silent=True), prepares=_named, root=True,
             hold_s=80.0),
    _goes_on("the name server takes 4 s for each answer", "http", _names(delay_s=4.0), prepares=_named, root=True,
             hold_s=80.0),
    _never("the name server hangs at the start", both(_named, _names(silent=True)), _names(silent=False), root=True),
    _never("there is no such name at the start", both(_named, _names(knows_nobody=True)), _names(knows_nobody=False),
           root=True),
    _never("TLS: a certificate of nobody", _tls("right", "20991231000000Z")),
    _never("TLS: a certificate that has run out", _tls("right", "20210101000000Z")),
    _never("TLS: a handshake without an answer", _mute_tls),
    _never("a broker that takes connections and never speaks", _no_broker, home="gx"),
    _goes_on("the broker kept rubbish on every topic", "gx", _nothing, prepares=_retained(b"\xff{")),
    _goes_on("a GX device floods, 4000 messages a second", "gx", _flood),
    _goes_on("a GX device sends messages of 10 MB", "gx", _large_message),
    _goes_on("the forecast answers no more", "forecast", mute("forecast")),
    _goes_on("the forecast drips", "forecast", attack("forecast", dripping(*ATTACKS["dripped body"]))),
    _goes_on("the forecast says rubbish", "forecast", attack("forecast", once(bytes(range(256))))),
    _goes_on("who is told answers no more", "told", mute("taken")),
    _goes_on("who is told drips", "told", attack("taken", dripping(*ATTACKS["dripped headers"]))),
    _goes_on("the broker that is told is gone", "told", stop("broker")),
    _goes_on("the broker that is told is frozen", "told", lambda rig: rig.peers["broker"].pause(),
             ends=lambda rig: rig.peers["broker"].resume()),
    _goes_on("the broker that is told begins anew every 2 s", "told", _again_and_again(2.0, "broker")),
)  # fmt: skip
