"""Registers of one Modbus TCP server, with limits on everything and sentences for what goes wrong."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable
from typing import Any

from pymodbus.client import ModbusTcpClient
from pymodbus.exceptions import ConnectionException, ModbusException

from pv_heater.errors import BadReply, Unreachable
from pv_heater.io.net.deadline import Deadline
from pv_heater.io.net.names import LookUpTooSlow, Names

TIMEOUT_S = 2.0
"""For look-up and connection, and again for each answer. A server on the LAN answers within milliseconds."""
MOST_WORDS = 125
"""The protocol's own limit for one request."""
UNKNOWN_REGISTER = 2
NOBODY_THERE = frozenset({10, 11})
"""Exception codes of a gateway: no device behind that unit id, or it does not answer."""
_MEANINGS = {
    1: "it does not know this kind of request",
    UNKNOWN_REGISTER: "it has no such register, or not all of them",
    3: "it does not accept that many registers at once",
    4: "it failed while answering",
    6: "it is busy",
    10: "nothing answers at that unit id",
    11: "the device behind that unit id does not answer",
}


class Refused(BadReply):
    """The server answered with a Modbus exception; `code` is its number."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class ModbusClient:
    """Reads and writes registers, one request at a time; connects when it has to. `who` names the server in messages.

    A request blocks for at most `timeout_s` to look the name up and connect, and as long for the answer, whatever the
    server sends meanwhile. For use by one thread; `close` may come from any.
    """

    def __init__(
        self, host: str, port: int, *, who: str, timeout_s: float = TIMEOUT_S, names: Names | None = None
    ) -> None:
        self._host, self._port, self._who, self._timeout_s = host, port, who, timeout_s
        # Its own log lines are for programmers; what went wrong is said here, once.
        logging.getLogger("pymodbus").setLevel(logging.CRITICAL)
        self._client = ModbusTcpClient(host, port=port, timeout=timeout_s, retries=0)
        self._names = names or Names()
        self._busy = threading.Lock()
        self._closing = threading.Event()

    @property
    def is_connected(self) -> bool:
        """Whether the connection of the request before still stands, as far as is known."""
        return bool(self._client.connected)

    def read(self, unit: int, address: int, count: int) -> tuple[int, ...]:
        """`count` holding registers (1 to 125) from `address`, 0 to 65535 each.

        Raises Refused for a Modbus exception, BadReply for an answer of another length, Unreachable for silence and
        for what is not Modbus.
        """
        if not 1 <= count <= MOST_WORDS:
            raise ValueError(f"1 to {MOST_WORDS} registers can be read at once, not {count}")
        asked = f"registers {address} to {address + count - 1} of unit {unit}"
        answer = self._exchange(
            asked, lambda client: client.read_holding_registers(address, count=count, device_id=unit)
        )
        words = tuple(int(word) for word in answer.registers)
        if len(words) != count:
            with self._busy:
                self._drop()
            raise BadReply(f"{self._who} sent {len(words)} words where {count} were asked for ({asked}).")
        return words

    def write(self, unit: int, address: int, word: int) -> None:
        """Write one holding register, 0 to 65535. Raises as `read` does.

        That the server took it says nothing about the device behind: a GX device answers before it has obeyed.
        """
        asked = f"to write {word} into register {address} of unit {unit}"
        self._exchange(asked, lambda client: client.write_register(address, word, device_id=unit))

    def close(self) -> None:
        """End the connection for good, at once or when the request that is under way ends. May be repeated."""
        self._closing.set()
        if self._busy.acquire(blocking=False):
            try:
                self._drop()
            finally:
                self._busy.release()

    def _connect(self) -> None:
        if self._closing.is_set():
            raise Unreachable(f"The connection to {self._who} was closed.")
        if self._client.connected:
            return
        try:
            # Done here because the library keeps the reason of a failure to itself.
            self._client.socket = self._names.connect(self._host, self._port, within_s=self._timeout_s)
            self._client.socket.settimeout(self._timeout_s)
        except OSError as error:
            raise Unreachable(self._why_not_connected(error)) from None

    def _why_not_connected(self, error: OSError) -> str:
        where = f"{self._host} port {self._port}"
        if isinstance(error, ConnectionRefusedError):
            return (
                f"{self._who} refuses the connection at {where}; it may be starting, "
                "or Modbus TCP is not switched on in its settings."
            )
        if isinstance(error, TimeoutError):
            return f"{self._who} did not take the connection at {where} within {self._timeout_s:g} s."
        if isinstance(error, LookUpTooSlow):
            return f"{self._who} cannot be found yet: the look-up of the name {self._host} takes too long; it goes on."
        if isinstance(error, socket.gaierror):
            return f"{self._who} cannot be found: the name {self._host} is not known in this network."
        return f"{self._who} cannot be reached at {where}: {error.strerror or error}."

    def _exchange(self, asked: str, request: Callable[[ModbusTcpClient], Any]) -> Any:
        """The answer to one request; `asked` says in messages what it was for."""
        with self._busy:
            try:
                self._connect()
                return self._answer(asked, request)
            finally:
                if self._closing.is_set():
                    self._drop()

    def _answer(self, asked: str, request: Callable[[ModbusTcpClient], Any]) -> Any:
        try:
            with Deadline(self._timeout_s) as deadline:
                if self._client.socket is not None:
                    deadline.watch(self._client.socket)
                answer = request(self._client)
        except (ModbusException, OSError, ValueError, IndexError) as error:
            # What is left on the line belongs to this question; the next one begins on a new line.
            self._drop()
            if isinstance(error, ConnectionException | OSError) and not deadline.expired:
                raise Unreachable(f"{self._who} broke the connection off ({asked}).") from None
            raise Unreachable(f"{self._who} gave no usable answer within {self._timeout_s:g} s ({asked}).") from None
        if answer.isError():
            code = int(answer.exception_code)
            meaning = _MEANINGS.get(code, "a code that is not known here")
            raise Refused(f"{self._who} refused {asked} with exception {code}: {meaning}.", code)
        return answer

    def _drop(self) -> None:
        self._client.close()  # type: ignore[no-untyped-call]
