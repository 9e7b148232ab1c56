"""A GX device on a real broker: found, kept awake, believed while it lives and not a moment longer."""

from __future__ import annotations

import contextlib
import json
import logging
import resource
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from pv_heater.core.model.setting import Secret, SettingProblem
from pv_heater.errors import AuthRejected, SourceError, Unreachable
from pv_heater.io.system.clock import SystemClock
from pv_heater.victron.mqtt.conversation import GxPace
from pv_heater.victron.mqtt.session import GxBroker, GxLink
from pv_heater.victron.mqtt.store import MOST_TOPICS, GxPicture
from tests.gx_device import PACE, PLANT, PORTAL_ID, SPEED, GxPeer, fast_broker
from tests.mqtt_brokers import BROKERS, MOSQUITTO, AmqttBroker, Mosquitto, Peer, free_port, wait_for
from tests.waiting import WITHIN_S, Stopwatch

each_broker = pytest.mark.parametrize("kind", BROKERS, ids=lambda kind: kind.__name__)
needs_mosquitto = pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")

GRID = "system/0/Ac/Grid/L1/Power"
USE = "system/0/Ac/Consumption/L1/Power"
LAST = "temperature/19/Temperature"
SUBTREES = ("system/0/Ac/Grid/+/Power", "system/0/Ac/Consumption/+/Power", "grid/+/Connected", "temperature/#")


class Linked:
    """A link under test, closed at the end."""

    def __init__(self, port: int, *, pace: GxPace = PACE, **settings: object) -> None:
        broker = GxBroker(host="127.0.0.1", port=port, **settings)  # type: ignore[arg-type]
        self.link = GxLink(broker, SystemClock(), subtrees=SUBTREES, pace=pace)

    def __enter__(self) -> GxLink:
        return self.link

    def __exit__(self, *_: object) -> None:
        self.link.close()


def until(link: GxLink, topic: str, value: object, seconds: float = WITHIN_S) -> GxPicture:
    """The first picture that holds `value` there; troubles on the way are waited out."""
    ends_s = time.monotonic() + seconds
    seen: object = None
    while time.monotonic() < ends_s:
        try:
            picture = link.next_picture()
        except SourceError as error:
            seen = error
            continue
        seen = picture.values.get(topic, "nothing")
        if seen == value:
            return picture
    raise AssertionError(f"{topic} is not {value!r} within {seconds} s, but {seen!r}")


def first_picture(link: GxLink) -> GxPicture:
    """A busy machine may connect more slowly than a silence of this pace lasts."""
    ends_s = time.monotonic() + WITHIN_S
    while True:
        try:
            return link.next_picture()
        except Unreachable:
            if time.monotonic() > ends_s:
                raise


def trouble(link: GxLink, seconds: float = WITHIN_S) -> SourceError:
    """The first error that comes instead of a picture."""
    ends_s = time.monotonic() + seconds
    while time.monotonic() < ends_s:
        try:
            link.next_picture()
        except SourceError as error:
            return error
    raise AssertionError(f"no trouble within {seconds} s")


@pytest.fixture
def broker() -> Iterator[Mosquitto | AmqttBroker]:
    with fast_broker() as running:
        yield running


@pytest.fixture
def gx(broker: Mosquitto | AmqttBroker) -> Iterator[GxPeer]:
    with GxPeer(broker.port, PLANT, speed=SPEED) as device:
        yield device


@each_broker
def test_a_device_is_found_and_its_first_picture_is_whole(kind: type[AmqttBroker]) -> None:
    with kind() as broker, GxPeer(broker.port, PLANT, speed=SPEED) as gx, Linked(broker.port) as link:
        picture = link.next_picture()
        assert link.portal_id == PORTAL_ID
        assert gx.requests == [("keepalive", "")]
        expected = {topic for topic in PLANT if topic.startswith(("system/0/Ac/Grid", "system/0/Ac/Con", "grid/"))}
        assert set(picture.values) - {"system/0/Serial"} == expected
        assert picture.values[GRID] == 100.0
        assert picture.values["system/0/Ac/Grid/L2/Power"] is None


def test_a_burst_makes_one_picture(gx: GxPeer, broker: Mosquitto) -> None:
    """More patient than a live one: a busy machine tears what is sent at once apart by more than 4 ms."""
    with Linked(broker.port, pace=replace(PACE, quiet_s=0.1, longest_burst_s=1.0, spacing_s=0.0)) as link:
        first_picture(link)
        stop = threading.Event()

        def speak() -> None:
            number = 0
            while not stop.wait(0.3):
                number += 1
                gx.set({GRID: number, USE: number, **{f"temperature/{each}/Temperature": number for each in range(20)}})

        speaker = threading.Thread(target=speak)
        speaker.start()
        pictures: list[Mapping[str, object]] = []
        while len(pictures) < 7:
            values = link.next_picture().values
            if values[GRID] != PLANT[GRID]:  # the first burst has begun
                pictures.append(values)
        stop.set()
        speaker.join()
    mixed = [values for values in pictures if len({values.get(topic) for topic in (GRID, USE, LAST)}) > 1]
    # Without waiting for its end every other picture would be mixed.
    assert len(mixed) <= 1


def test_a_change_arrives_within_milliseconds(gx: GxPeer, broker: Mosquitto) -> None:
    waits_s = []
    with Linked(broker.port) as link:
        first_picture(link)
        for number in range(20):
            time.sleep(0.03)
            asked_s: list[float] = []

            def change(value: int = number, asked_s: list[float] = asked_s) -> None:
                asked_s.append(time.monotonic())
                gx.set({GRID: value})

            threading.Timer(0.01, change).start()
            until(link, GRID, number)
            waits_s.append(time.monotonic() - asked_s[0])
    assert sorted(waits_s)[10] < 0.015


def test_values_that_do_not_change_are_renewed_by_the_heartbeat(gx: GxPeer, broker: Mosquitto) -> None:
    with Linked(broker.port) as link:
        first = link.next_picture()
        watch = Stopwatch()
        assert link.next_picture() == first
        assert link.next_picture() == first
        assert watch.took_s() <= 1.0


def test_the_device_is_kept_awake_with_few_full_publishes(gx: GxPeer, broker: Mosquitto) -> None:
    with Linked(broker.port) as link:
        ends_s = time.monotonic() + 90.0 / SPEED  # it would be asleep after 60
        while time.monotonic() < ends_s:
            link.next_picture()
        assert gx.is_awake
    assert gx.full_publishes == 1
    assert 3 <= len(gx.requests) <= 6


def test_everything_is_asked_for_again_from_time_to_time(gx: GxPeer, broker: Mosquitto) -> None:
    pace = GxPace(remind_s=0.2, full_s=0.5, silence_s=2.0, renew_s=0.05)
    with Linked(broker.port, pace=pace) as link:
        while gx.full_publishes < 3:
            link.next_picture()
        time_used = [request for request in gx.requests if "full-publish-completed-echo" in request[1]]
        assert len(time_used) == 2, "after the first, each request is marked as ours"


def test_a_reader_that_stops_reading_lets_the_device_fall_asleep(gx: GxPeer, broker: Mosquitto) -> None:
    with Linked(broker.port) as link:
        first_picture(link)
        wait_for(lambda: not gx.is_awake, "asleep", 5.0)
        assert link.next_picture().values[GRID] == 100.0


def test_a_request_that_was_dropped_is_repeated(gx: GxPeer, broker: Mosquitto) -> None:
    with Peer(broker.port) as greedy:
        pushing = threading.Event()

        def push() -> None:
            while not pushing.wait(0.005):
                greedy.publish(
                    f"R/{PORTAL_ID}/keepalive", '{"keepalive-options":[{"full-publish-completed-echo":"x"}]}'
                )

        pusher = threading.Thread(target=push)
        pusher.start()
        try:
            with Linked(broker.port) as link:
                assert link.next_picture().values[GRID] == 100.0
        finally:
            pushing.set()
            pusher.join()


def test_nothing_is_handed_over_before_everything_was_told(broker: Mosquitto) -> None:
    with Peer(broker.port) as half, Linked(broker.port, portal_id=PORTAL_ID) as link:
        stop = threading.Event()

        def speak() -> None:
            while not stop.wait(0.05):
                half.publish(f"N/{PORTAL_ID}/heartbeat", '{"value":1795238292}')
                half.publish(f"N/{PORTAL_ID}/{GRID}", '{"value":100.0}')

        speaker = threading.Thread(target=speak)
        speaker.start()
        error = trouble(link)
        stop.set()
        speaker.join()
    assert "is awake, but does not tell its values" in str(error)


def test_silence_is_noticed_in_time_and_ends_by_itself(gx: GxPeer, broker: Mosquitto) -> None:
    with Linked(broker.port) as link:
        first_picture(link)
        gx.hang()
        watch = Stopwatch()
        error = trouble(link)
        assert isinstance(error, Unreachable)
        assert "has been silent for" in str(error)
        assert watch.took_s() <= 1.5 * PACE.silence_s
        gx.hang(False)
        gx.set({GRID: 7})
        until(link, GRID, 7)


@each_broker
def test_after_a_broker_restart_only_what_is_told_anew_counts(kind: type[AmqttBroker]) -> None:
    with kind() as broker, GxPeer(broker.port, PLANT, speed=SPEED) as gx, Linked(broker.port) as link:
        first_picture(link)
        broker.stop()
        assert isinstance(trouble(link), Unreachable)
        gx.remove("grid/30")
        broker.start()
        gx.set({GRID: -5.0})
        picture = until(link, GRID, -5.0)
        assert "grid/30/Connected" not in picture.values


def came_through(listener: Peer, value: float) -> None:
    wait_for(lambda: json.loads(listener.received[-1][1])["value"] == value, "the broker hands it on")


def test_after_a_silence_what_was_slept_through_is_not_believed(gx: GxPeer, broker: Mosquitto) -> None:
    """A plugin held up for 75 s tells all of it within two: 2 kW of a sun that went long ago, then what is.

    A machine that tears the burst apart makes another thing of it, and then it is told again.
    """
    calm_s = 4.0
    with (
        Peer(broker.port, f"N/{PORTAL_ID}/{GRID}") as listener,
        Linked(broker.port, pace=replace(PACE, calm_s=calm_s)) as link,
    ):
        first_picture(link)
        for last_w in range(700, 710):
            gx.hang()
            assert "silent" in str(trouble(link))
            began_s = time.monotonic()
            gx.hang(False)
            for number in range(40):
                gx.set({GRID: -2000.0 + number + last_w / 1000})
                time.sleep(0.01)
            gx.set({GRID: float(last_w)})
            came_through(listener, last_w)
            if time.monotonic() - began_s < calm_s / 4:
                break
        seen = []
        while len(seen) < 3:
            with contextlib.suppress(Unreachable):
                seen.append(link.next_picture().values[GRID])
        assert seen == [float(last_w)] * 3


def test_a_device_behind_it_that_leaves_is_told_at_once_and_may_return(gx: GxPeer, broker: Mosquitto) -> None:
    with Linked(broker.port) as link:
        assert link.next_picture().gone == frozenset()
        gx.remove("grid/30")
        watch = Stopwatch()
        while not (picture := link.next_picture()).gone:
            pass
        assert watch.took_s() < 0.5
        assert picture.gone == {"grid/30/Connected"}
        assert "grid/30/Connected" not in picture.values
        gx.set({"grid/30/Connected": 1})
        assert until(link, "grid/30/Connected", 1).gone == frozenset()


def test_old_firmware_lives_without_heartbeat_and_its_zero_bytes_mean_nothing(broker: Mosquitto) -> None:
    with GxPeer(broker.port, PLANT, speed=SPEED, old=True) as gx, Linked(broker.port) as link:
        until(link, GRID, 100.0)
        ends_s = time.monotonic() + 1.3 * PACE.silence_s
        while time.monotonic() < ends_s:
            link.next_picture()  # constant values: the answered serial number is the sign of life
        gx.fall_asleep()
        picture = until(link, GRID, 100.0)
        assert picture.gone == frozenset()


def test_what_old_firmware_left_at_the_broker_is_no_sign_of_life(broker: Mosquitto) -> None:
    with Peer(broker.port) as dead:
        dead.publish(f"N/{PORTAL_ID}/system/0/Serial", f'{{"value": "{PORTAL_ID}"}}', retain=True)
        dead.publish(f"N/{PORTAL_ID}/{GRID}", '{"value": -3000.0}', retain=True)
    with Linked(broker.port) as link:
        for _ in range(3):
            with pytest.raises(Unreachable, match="no word from a device"):
                link.next_picture()


@needs_mosquitto
def test_a_wrong_password_is_named_and_never_shown(tmp_path: Path) -> None:
    users = tmp_path / "users"
    subprocess.run(["mosquitto_passwd", "-c", "-b", str(users), "pv-heater", "right"], check=True)
    users.chmod(0o644)
    tmp_path.chmod(0o755)
    lines = ("allow_anonymous false", f"password_file {users}", "user root")
    with Mosquitto(lines=lines) as broker, Linked(broker.port, password=Secret("wrong-one")) as link:
        error = trouble(link)
        assert isinstance(error, AuthRejected)
        assert "check username and password" in str(error)
        assert "wrong-one" not in str(error)


@needs_mosquitto
def test_an_encrypted_connection_with_the_devices_own_certificate(tmp_path: Path) -> None:
    chain, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={PORTAL_ID}",
         "-keyout", str(key), "-out", str(chain)], check=True, capture_output=True,
    )  # fmt: skip
    tls_port = free_port()
    encrypted = (f"listener {tls_port} 127.0.0.1", f"certfile {chain}", f"keyfile {key}")
    with Mosquitto(lines=("allow_anonymous true", "user root", *encrypted)) as broker:
        with GxPeer(broker.port, PLANT, speed=SPEED), Linked(tls_port, tls=True, ca_file=str(chain)) as link:
            assert link.next_picture().values[GRID] == 100.0
        with Linked(tls_port, tls=True) as stranger:
            assert "cannot be reached" in str(trouble(stranger, 10.0))


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_certificate_that_cannot_be_used_is_named(content: str | None, tmp_path: Path, gx: GxPeer) -> None:
    path = tmp_path / "authority.pem"
    if content is not None:
        path.write_text(content)
    with Linked(free_port(), tls=True, ca_file=str(path)) as link:
        for _ in range(2):
            assert "authority.pem) cannot be used" in str(trouble(link))


def test_no_device_at_all(broker: Mosquitto) -> None:
    with Linked(free_port()) as nowhere:
        assert isinstance(trouble(nowhere), Unreachable)
    with Linked(broker.port) as alone:
        assert "no GX device has told it its portal ID" in str(trouble(alone))


def test_a_portal_id_that_nobody_has(gx: GxPeer, broker: Mosquitto) -> None:
    with Linked(broker.port, portal_id="c0619ab0ffff") as link:
        assert "no word from a device with portal ID c0619ab0ffff" in str(trouble(link))


def test_two_devices_at_one_broker_have_to_be_told_apart(gx: GxPeer, broker: Mosquitto) -> None:
    other_plant = {**PLANT, GRID: 999.0}
    with GxPeer(broker.port, other_plant, portal_id="c0619ab0b002", speed=SPEED):
        with Linked(broker.port) as link:
            assert "name one in portal_id" in str(trouble(link))
        with Linked(broker.port, portal_id="c0619ab0b002") as link:
            assert link.next_picture().values[GRID] == 999.0


def test_the_devices_clock_is_known_unless_it_was_never_set(broker: Mosquitto) -> None:
    with GxPeer(broker.port, PLANT, speed=SPEED, clock_ahead_s=300.0) as gx, Linked(broker.port) as link:
        until(link, GRID, 100.0)
        wait_for(lambda: link.clock_offset_s is not None, "a heartbeat")
        assert link.clock_offset_s == pytest.approx(300.0, abs=2.0)
        gx.clock_ahead_s = -time.time()  # 1970
        wait_for(lambda: link.clock_offset_s is None, "the clock was lost")
        gx.set({GRID: 8.0})
        until(link, GRID, 8.0)


def test_a_flood_costs_at_most_twenty_pictures_a_second_and_no_growth(gx: GxPeer, broker: Mosquitto) -> None:
    with Linked(broker.port) as link:
        first_picture(link)
        stop = threading.Event()

        def flood() -> None:
            number, began_s = 0, time.monotonic()
            while not stop.is_set():
                number += 1
                gx.set({GRID: number})
                if (ahead_s := number / 1000 - (time.monotonic() - began_s)) > 0:
                    time.sleep(ahead_s)

        flooder = threading.Thread(target=flood)
        flooder.start()
        before_s = resource.getrusage(resource.RUSAGE_THREAD).ru_utime
        ends_s, pictures, topics = time.monotonic() + 1.2, 0, 0
        while time.monotonic() < ends_s:
            topics = max(topics, len(link.next_picture().values))
            pictures += 1
        used_s = resource.getrusage(resource.RUSAGE_THREAD).ru_utime - before_s
        stop.set()
        flooder.join()
    assert pictures <= 26
    assert topics <= 10
    assert used_s < 0.5


def test_a_device_with_endless_topics_fills_no_memory(
    gx: GxPeer, broker: Mosquitto, caplog: pytest.LogCaptureFixture
) -> None:
    with Linked(broker.port) as link:
        first_picture(link)
        gx.set({f"temperature/{number}/Temperature": 20.0 for number in range(MOST_TOPICS + 500)})
        gx.set({GRID: 3.0})
        picture = until(link, GRID, 3.0)
        assert len(picture.values) <= MOST_TOPICS
    assert len([line for line in caplog.messages if "further ones are left out" in line]) == 1


@pytest.mark.parametrize(
    "payload",
    [
        b'{"val', b"100.0", b"null", b'"text"', b"[]", b'{"power": 1}', b"\xff\xfe\x00", b"[" * 3000, b"9" * 100_000,
        b'{"value"' + b" " * 5000 + b": 1}",
    ],
    ids=[
        "truncated", "bare number", "bare null", "bare text", "list", "no value", "no text", "deep", "huge",
        "too long",
    ],
)  # fmt: skip
def test_a_payload_that_is_no_value_is_left_out_and_said_once(
    payload: bytes, gx: GxPeer, broker: Mosquitto, caplog: pytest.LogCaptureFixture
) -> None:
    with Linked(broker.port) as link:
        first_picture(link)
        for _ in range(3):
            gx.say(GRID, payload)
            gx.say(GRID, payload + b" ")
        gx.set({USE: 5.0})
        assert GRID not in until(link, USE, 5.0).values
        gx.set({GRID: 6.0})
        until(link, GRID, 6.0)
    assert len([line for line in caplog.messages if "which is not a value" in line]) == 1
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("pv_heater")]
    assert all(len(line) < 300 for line in ours)


def test_a_heartbeat_that_is_rubbish_still_shows_life(gx: GxPeer, broker: Mosquitto) -> None:
    with Linked(broker.port) as link:
        first_picture(link)
        gx.heartbeats = False
        ends_s = time.monotonic() + 1.3 * PACE.silence_s
        while time.monotonic() < ends_s:
            time.sleep(1.2 * PACE.renew_s)
            gx.say("heartbeat", b'{"value": "noon"}')
            assert link.next_picture().values[GRID] == 100.0
        assert link.clock_offset_s is None


def test_a_closed_link_ends_the_wait(gx: GxPeer, broker: Mosquitto) -> None:
    with Linked(broker.port, pace=GxPace(silence_s=60.0)) as link:
        first_picture(link)
        gx.heartbeats = False
        threading.Timer(0.05, link.close).start()
        assert "was closed" in str(trouble(link))
        link.close()


def test_a_link_that_was_never_used_needs_no_network() -> None:
    link = GxLink(GxBroker(host="no-such-host.invalid"), SystemClock(), subtrees=SUBTREES)
    link.close()


@pytest.mark.parametrize("text", ["a/b", "+", "#", "c0 61", "x" * 41])
def test_a_portal_id_that_cannot_be_one_is_refused(text: str) -> None:
    from pv_heater.config.scalars import Secrets
    from pv_heater.config.structure import SettingProblems, Structure

    with pytest.raises((SettingProblem, SettingProblems), match="must be the VRM portal ID"):
        Structure(lambda: Secrets({}, Path())).group(GxBroker)({"portal_id": text})


def test_nothing_of_this_is_logged_when_all_is_well(
    gx: GxPeer, broker: Mosquitto, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    with Linked(broker.port) as link:
        for _ in range(5):
            link.next_picture()
    assert caplog.messages == []
