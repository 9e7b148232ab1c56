"""A digital potentiometer at the other end of three wires: it listens to the levels as the chip would."""

from __future__ import annotations

from collections.abc import Iterable


class WiperChip:
    """Microchip's MCP41x1 (`taps` 129 or 257) or, with `command` 0x11, MCP41010 (256 taps).

    SPI mode 0,0: bits count at the rising clock while selected, and only whole 16-bit words do anything. A word that
    is no write to its wiper is an error.
    """

    def __init__(self, *, clock: str, data: str, select: str, taps: int = 129, command: int = 0) -> None:
        self._names = {clock: "clock", data: "data", select: "select"}
        self._levels: dict[str, float | None] = {"clock": None, "data": None, "select": None}
        self._taps = taps
        self._command = command
        self._bits: list[int] = []
        self.power_on()

    def power_on(self) -> None:
        """The volatile wiper begins in the middle."""
        self.step = self._taps // 2
        self.steps: list[int] = []
        """Where it was told to go, in order."""

    def hear(self, changes: Iterable[tuple[str, float | None]]) -> None:
        """Levels on the wires, as (pin, level); other pins are not its business."""
        for pin, level in changes:
            if pin in self._names:
                self._change(self._names[pin], level)

    def _change(self, wire: str, level: float | None) -> None:
        before, self._levels[wire] = self._levels[wire], level
        selected = self._levels["select"] == 0.0
        if wire == "select":
            if level == 1.0 and before == 0.0 and len(self._bits) == 16:
                self._take(int("".join(str(bit) for bit in self._bits), 2))
            self._bits = []
        elif wire == "clock" and selected and before == 0.0 and level == 1.0:
            self._bits.append(1 if self._levels["data"] == 1.0 else 0)

    def _take(self, word: int) -> None:
        data_bits = 10 if self._command == 0 else 8
        assert word >> data_bits == self._command >> (data_bits - 8), f"the chip does not know the word {word:04x}"
        step = word & ((1 << data_bits) - 1)
        assert step < self._taps, f"step {step} of {self._taps} taps"
        self.step = step
        self.steps.append(step)
