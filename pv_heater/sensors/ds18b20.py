"""A DS18B20 probe on the Raspberry Pi's 1-Wire bus."""

from __future__ import annotations

import re
from pathlib import Path

from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import SettingProblem, setting
from pv_heater.errors import BadReply, Unreachable
from pv_heater.ports import Tools
from pv_heater.sensors.values import age_limit_s, age_setting, check_age, tank_c

_FAMILY = "28-"
"""The family code of the DS18B20, with which the kernel names its folder."""
_POWER_UP_C = 85.0
"""What the chip holds from power-up to its first conversion (data sheet, table 1)."""
_MOST_BYTES = 1024
_SCRATCHPAD = re.compile(r"^((?:[0-9a-f]{2} ){9}): crc=[0-9a-f]{2} (YES|NO)$")
_MILLIDEGREES = re.compile(r"\bt=(-?[0-9]{1,7})$")


def _check_id(text: str) -> None:
    if not re.fullmatch(r"28-[0-9a-f]{12}", text):
        raise SettingProblem(
            f"must be the probe's folder below /sys/bus/w1/devices, such as 28-0316a2795eff, not {text}"
        )


class Ds18b20:
    """Reads what the kernel's w1_therm driver shows; satisfies `ports.Sensor`. A conversion takes about a second."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Settings:
        """Which probe, and how often."""

        id: str | None = setting(
            "the probe, such as 28-0316a2795eff; auto where there is exactly one. Name it if there may ever be two",
            default=None,
            check=_check_id,
        )
        folder: str = setting("where the kernel shows 1-Wire devices", default="/sys/bus/w1/devices")
        interval_s: float = setting("how often it is read", default=10.0, unit="s", minimum=1, maximum=300)
        max_age_s: float | None = age_setting()

        def __post_init__(self) -> None:
            check_age(self.max_age_s, self.interval_s)

    def __init__(self, settings: Settings, _tools: Tools) -> None:
        self._settings = settings
        self.interval_s = settings.interval_s
        self.max_age_s = age_limit_s(settings.max_age_s, settings.interval_s)

    def read(self) -> float:
        """The temperature now; raises SourceError. Waits for as long as the kernel does."""
        probe = self._probe()
        try:
            return temperature_of(_text(probe / "w1_slave"), probe.name)
        except FileNotFoundError:
            pass  # newer drivers can be built without it
        except OSError as error:
            raise Unreachable(_gone(probe, error)) from None
        try:
            return bare_temperature_of(_text(probe / "temperature"), probe.name)
        except OSError as error:
            raise Unreachable(_gone(probe, error)) from None

    def close(self) -> None:
        """Nothing is kept open."""

    def _probe(self) -> Path:
        folder = Path(self._settings.folder)
        if self._settings.id is not None:
            return folder / self._settings.id
        try:
            found = sorted(entry for entry in folder.iterdir() if entry.name.startswith(_FAMILY))
        except OSError:
            found = []
        if not found:
            raise Unreachable(
                f"no DS18B20 is found in {folder}; is it plugged in, and is 1-Wire switched on "
                f"(dtoverlay=w1-gpio in /boot/firmware/config.txt)?"
            )
        if len(found) > 1:
            names = ", ".join(entry.name for entry in found[:5])
            raise BadReply(f"there are {len(found)} probes in {folder} ({names}); set id to the one in the tank")
        return found[0]


def temperature_of(text: str, who: str) -> float:
    """The temperature in what `w1_slave` holds, two lines that end in ``YES`` and ``t=48562``; raises BadReply."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise BadReply(f"{who} gives no answer; is the probe pulled out?")
    answer, value = _SCRATCHPAD.match(lines[0]), _MILLIDEGREES.search(lines[-1])
    # Without its line end the last number may lack digits, and 4 degC would be believed instead of 48.
    if answer is None or value is None or len(lines) != 2 or not text.endswith("\n"):
        raise BadReply(f"{who} shows {lines[0][:60]!r}, which is not an answer of a DS18B20")
    if answer[2] == "NO":
        raise BadReply(f"{who} answers with a wrong check sum; look at its cable, plug and pull-up resistor")
    if not answer[1].replace("0", "").strip():
        # The check sum of nothing but zeros is zero, so a shorted data line passes it.
        raise BadReply(f"{who} answers nothing but zeros; is its data line shorted?")
    return _measured_c(value[1], who)


def bare_temperature_of(text: str, who: str) -> float:
    """The temperature in the file `temperature`: thousandths of a degree such as ``48562``; raises BadReply.

    There is no check sum to see, so that exactly 0, a shorted data line, is not a measurement.
    """
    value = text.strip()
    if not value:
        raise BadReply(f"{who} gives no answer; is the probe pulled out?")
    if not re.fullmatch(r"-?[0-9]{1,7}", value) or not text.endswith("\n"):
        raise BadReply(f"{who} shows {value[:60]!r}, where thousandths of a degree should be")
    if int(value) == 0:
        raise BadReply(f"{who} says exactly 0 degC, as it does when its data line is shorted")
    return _measured_c(value, who)


def _measured_c(millidegrees: str, who: str) -> float:
    temperature_c = int(millidegrees) / 1000.0
    if temperature_c == _POWER_UP_C:
        raise BadReply(f"{who} says exactly 85 degC, as it does after a power failure before it has measured anything")
    return tank_c(temperature_c, who)


def _text(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(_MOST_BYTES).decode("ascii", errors="replace")


def _gone(probe: Path, error: OSError) -> str:
    return f"{probe.name} cannot be read ({error.strerror or error}); is the probe pulled out?"
