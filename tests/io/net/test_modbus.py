from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator

import pytest

from bench.doubles.gx_modbus import SYSTEM_UNIT, ModbusGx
from pv_heater.errors import BadReply, SourceError, Unreachable
from pv_heater.io.net.modbus import ModbusClient, Refused
from tests.silence import PATIENT_S, SHORT_S, silent
from tests.waiting import WITHIN_S, Stopwatch, until


@pytest.fixture(scope="module")
def running_gx() -> Iterator[ModbusGx]:
    with ModbusGx() as gx:
        yield gx


@pytest.fixture
def gx(running_gx: ModbusGx) -> ModbusGx:
    running_gx.reset()
    return running_gx


@pytest.fixture
def client(gx: ModbusGx) -> Iterator[ModbusClient]:
    client = ModbusClient("127.0.0.1", gx.port, who="The GX device", timeout_s=PATIENT_S)
    yield client
    client.close()


def test_building_a_client_connects_to_nothing() -> None:
    assert not ModbusClient("no such host", 502, who="Nobody").is_connected


def test_words_are_read(client: ModbusClient) -> None:
    assert client.read(SYSTEM_UNIT, 840, 4) == (525, 451, 2364, 82)
    assert len(client.read(0, 800, 120)) == 120
    assert client.is_connected


def test_a_register_is_written_and_a_refusal_is_a_sentence(gx: ModbusGx, client: ModbusClient) -> None:
    client.write(SYSTEM_UNIT, 806, 1)
    assert client.read(SYSTEM_UNIT, 806, 1) == (1,)
    with pytest.raises(Refused, match="refused to write 5 into register 820 of unit 100 with exception 2"):
        client.write(SYSTEM_UNIT, 820, 5)
    assert gx.writes == [(SYSTEM_UNIT, 806, 1), (SYSTEM_UNIT, 820, 5)]


def test_a_write_that_nobody_answers_ends_after_the_time_limit(gx: ModbusGx, client: ModbusClient) -> None:
    with (
        silent(gx, client),
        pytest.raises(Unreachable, match=r"gave no usable answer within 0.3 s \(to write 0 into register 806"),
    ):
        client.write(SYSTEM_UNIT, 806, 0)


@pytest.mark.parametrize(
    ("unit", "address", "code", "meaning"),
    [
        (SYSTEM_UNIT, 920, 2, "it has no such register"),
        (SYSTEM_UNIT, 799, 2, "it has no such register"),
        (33, 2600, 10, "nothing answers at that unit id"),
    ],
)
def test_an_exception_is_a_sentence_with_its_code(
    client: ModbusClient, unit: int, address: int, code: int, meaning: str
) -> None:
    with pytest.raises(
        Refused, match=f"refused registers {address} to .* of unit {unit} with exception {code}: {meaning}"
    ) as e:
        client.read(unit, address, 2)
    assert e.value.code == code
    assert client.is_connected


@pytest.mark.parametrize("count", [0, 126])
def test_more_than_the_protocol_allows_is_not_asked(gx: ModbusGx, client: ModbusClient, count: int) -> None:
    with pytest.raises(ValueError, match="1 to 125"):
        client.read(SYSTEM_UNIT, 800, count)
    assert gx.requests == []


def test_a_refused_connection_says_what_to_do(gx: ModbusGx, client: ModbusClient) -> None:
    client.read(SYSTEM_UNIT, 800, 1)
    gx.stop()
    try:
        with pytest.raises(Unreachable, match="broke the connection off"):
            client.read(SYSTEM_UNIT, 800, 1)
        with pytest.raises(
            Unreachable, match=r"refuses the connection at 127.0.0.1 port .* Modbus TCP is not switched on"
        ):
            client.read(SYSTEM_UNIT, 800, 1)
    finally:
        gx.start()
    assert client.read(SYSTEM_UNIT, 843, 1) == (82,)


def test_a_name_that_nobody_knows() -> None:
    client = ModbusClient("gx.invalid", 502, who="The GX device", timeout_s=PATIENT_S)
    with pytest.raises(Unreachable, match=r"the name gx.invalid is not known|cannot be reached"):
        client.read(SYSTEM_UNIT, 800, 1)


def test_silence_ends_after_the_time_limit(gx: ModbusGx, client: ModbusClient) -> None:
    with silent(gx, client):
        watch = Stopwatch()
        with pytest.raises(Unreachable, match=r"gave no usable answer within 0.3 s"):
            client.read(SYSTEM_UNIT, 800, 1)
        assert watch.took_s() < 3 * SHORT_S
    assert client.read(SYSTEM_UNIT, 843, 1) == (82,)


def test_a_closed_client_reads_no_more(client: ModbusClient) -> None:
    client.read(SYSTEM_UNIT, 800, 1)
    client.close()
    client.close()
    assert not client.is_connected
    with pytest.raises(Unreachable, match="was closed"):
        client.read(SYSTEM_UNIT, 800, 1)


def test_closing_from_another_thread_ends_with_the_request_that_is_under_way(
    gx: ModbusGx, client: ModbusClient
) -> None:
    ended = threading.Event()

    def read() -> None:
        with pytest.raises(SourceError):
            client.read(SYSTEM_UNIT, 800, 1)
        ended.set()

    with silent(gx, client):
        threading.Thread(target=read, daemon=True).start()
        until(lambda: client.is_connected or ended.is_set(), "it asks")
        client.close()
        assert ended.wait(WITHIN_S)
    assert not client.is_connected


def header(tid: int, length: int, unit: int = SYSTEM_UNIT) -> bytes:
    return struct.pack(">HHHB", tid, 0, length, unit)


Answer = Callable[[int], list[bytes]]

STRANGE: list[tuple[str, Answer]] = [
    ("truncated", lambda tid: [header(tid, 7) + b"\x03\x04\x00"]),
    ("text", lambda tid: [b"HTTP/1.1 400 Bad Request\r\n\r\n"]),
    ("too few words", lambda tid: [header(tid, 5) + b"\x03\x02\x00\x01"]),
    ("a wrong byte count", lambda tid: [header(tid, 5) + b"\x03\xff\x00\x01"]),
    ("another function", lambda tid: [header(tid, 6) + b"\x06\x00\x01\x00\x01"]),
    ("an unknown function", lambda tid: [header(tid, 4) + b"\x55\x00\x01"]),
    ("another unit", lambda tid: [header(tid, 7, 9) + b"\x03\x04\x00\x01\x00\x02"]),
    ("another question's answer", lambda tid: [header(tid + 1, 7) + b"\x03\x04\x00\x01\x00\x02"]),
    ("a length of nothing", lambda tid: [header(tid, 0)]),
    ("an exception without a code", lambda tid: [header(tid, 2) + b"\x83"]),
    ("the connection ends", lambda tid: []),
    ("a flood of others' answers", lambda tid: [(header(9, 7) + b"\x03\x04\x00\x01\x00\x02") * 1000] * 20),
    ("zeros without end", lambda tid: [bytes(65_536)] * 100),
]


@pytest.mark.parametrize("answer", [row[1] for row in STRANGE], ids=[row[0] for row in STRANGE])
def test_what_is_no_answer_is_an_error_in_time(answer: Answer) -> None:
    """Whatever comes: an error of ours, soon, and a new connection the next time."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        accepted: list[bytes] = []

        def serve() -> None:
            for _ in range(2):
                connection, _peer = server.accept()
                with connection:
                    connection.settimeout(2)
                    request = connection.recv(64)
                    accepted.append(request)
                    try:
                        for piece in answer(int.from_bytes(request[:2], "big")):
                            connection.sendall(piece)
                        connection.recv(64)
                    except OSError:
                        pass

        server_thread = threading.Thread(target=serve, daemon=True)
        server_thread.start()
        client = ModbusClient("127.0.0.1", server.getsockname()[1], who="The GX device", timeout_s=SHORT_S)
        for _ in range(2):
            watch = Stopwatch()
            with pytest.raises((Unreachable, BadReply), match="The GX device"):
                client.read(SYSTEM_UNIT, 800, 2)
            assert watch.took_s() < 4 * SHORT_S
            assert not client.is_connected
        client.close()
        server_thread.join(WITHIN_S)
    assert len(accepted) == 2
