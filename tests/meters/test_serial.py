"""The serial meter at real ports: pyserial opens one end of a pty, a made-up device speaks at the other."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pv_heater.config.load import load_config
from pv_heater.core.model.setting import SettingProblem
from pv_heater.core.model.values import Reading
from pv_heater.errors import BadReply, SourceError, Unreachable
from pv_heater.io.system.clock import SystemClock
from pv_heater.io.system.worker import Worker
from pv_heater.meters.serial import SerialMeter
from pv_heater.ports import Tools
from tests.builders import config
from tests.serial_devices import Port, history, inverter, mk2_frame, monitor, mppt
from tests.source_tools import GRAZ, no_pins
from tests.waiting import WITHIN_S, Stopwatch

SILENCE_S = 0.4


class Speaker:
    """Sends what `says` gives, again and again, on a thread of its own."""

    def __init__(self, port: Port, says: Callable[[], bytes], pace_s: float = 0.03) -> None:
        self._ended = threading.Event()

        def speak() -> None:
            while not self._ended.wait(pace_s):
                port.sends(says())

        self._thread = threading.Thread(target=speak, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        self._thread.join()


@pytest.fixture
def ports(tmp_path: Path) -> Iterator[list[Port]]:
    both = [Port(tmp_path / "tty_one"), Port(tmp_path / "tty_two")]
    yield both
    for port in both:
        port.unplug()


@pytest.fixture
def port(ports: list[Port]) -> Port:
    return ports[0]


@pytest.fixture
def clock() -> Iterator[SystemClock]:
    with closing(SystemClock()) as clock:
        yield clock


@pytest.fixture
def meter_of(clock: SystemClock, tmp_path: Path) -> Iterator[Callable[..., SerialMeter]]:
    made: list[SerialMeter] = []
    tools = Tools(clock=clock, site=GRAZ, state_dir=tmp_path, pins=no_pins)

    def make(*ports: Port, protocol: str = "vedirect", silence_s: float = SILENCE_S, **settings: Any) -> SerialMeter:
        names = tuple(str(port.path) for port in ports)
        made.append(
            SerialMeter(SerialMeter.Settings(protocol=protocol, device=names, **settings), tools, silence_s=silence_s)
        )
        return made[-1]

    yield make
    for meter in made:
        meter.close()


MeterOf = Callable[..., SerialMeter]


def read_until(meter: SerialMeter, wanted: Callable[[Reading], bool], within_s: float = 5.0) -> Reading:
    """The first reading that is `wanted`; errors on the way are what a worker would live through."""
    deadline_s = time.monotonic() + within_s
    last: object = None
    while time.monotonic() < deadline_s:
        try:
            last = reading = meter.read()
            if wanted(reading):
                return reading
        except SourceError as error:
            last = error
    raise AssertionError(f"not within {within_s:g} s; the last was {last}")


def read_many(meter: SerialMeter, times: int) -> None:
    for _ in range(times):
        meter.read()


def test_a_router_s_frame_becomes_the_grid_s_power(port: Port, meter_of: MeterOf, clock: SystemClock) -> None:
    meter, before = meter_of(port, protocol="mk2"), clock.now()
    with closing(Speaker(port, mk2_frame)):
        reading = meter.read()
    assert (reading.grid_w, reading.source, reading.interval_s) == (-90.43, "serial", 1.0)
    assert before - timedelta(seconds=2) < reading.taken_at <= clock.now()
    assert meter.interval_s == 0


def test_a_router_that_tells_watts_tells_the_load_s_power(port: Port, meter_of: MeterOf) -> None:
    meter = meter_of(port, protocol="mk2", routed_load="water_heater")
    with closing(Speaker(port, lambda: mk2_frame(POR=784.76))):
        assert meter.read().load_w == {"water_heater": 784.76}


def test_charger_and_monitor_on_two_ports_are_one_house(ports: list[Port], meter_of: MeterOf) -> None:
    meter = meter_of(*ports)
    with closing(Speaker(ports[0], mppt)), closing(Speaker(ports[1], lambda: monitor() + history())):
        reading = read_until(meter, lambda seen: seen.pv_w is not None and seen.battery_w is not None)
    assert (reading.pv_w, reading.battery_w, reading.battery_v) == (1450.0, 400.0, 52.3)
    assert (reading.pv_throttled, reading.charger_state) == (True, "absorption")
    assert reading.battery_soc_percent == pytest.approx(87.4)


def test_the_first_reading_waits_for_all_devices_and_complains_about_none(
    ports: list[Port], meter_of: MeterOf, caplog: pytest.LogCaptureFixture
) -> None:
    meter = meter_of(*ports, silence_s=5.0)
    late = threading.Timer(0.2, lambda: ports[1].sends(monitor()))
    late.start()
    with closing(Speaker(ports[0], mppt)):
        reading = meter.read()
    assert (reading.pv_w, reading.battery_w) == (1450.0, 400.0)
    assert caplog.records == []


def test_a_device_that_never_speaks_is_waited_for_once_only(
    ports: list[Port], meter_of: MeterOf, caplog: pytest.LogCaptureFixture
) -> None:
    silence_s = 2.0
    meter = meter_of(*ports, silence_s=silence_s)
    with closing(Speaker(ports[0], monitor)):
        assert meter.read().battery_w == 400.0
        watch = Stopwatch()
        read_many(meter, 3)
        assert watch.took_s() < 2 * silence_s, "three reads, and none of them waited"
    assert caplog.text.count("tty_two has sent nothing valid") == 1


def test_an_inverter_tells_the_use(port: Port, meter_of: MeterOf) -> None:
    meter = meter_of(port)
    with closing(Speaker(port, inverter)):
        assert meter.read().consumption_w == pytest.approx(299.0)


def test_a_frame_is_read_within_a_twentieth_of_a_second(port: Port, meter_of: MeterOf) -> None:
    """The quickest of five: what a busy machine does to the others is not asked here."""
    meter = meter_of(port, silence_s=5.0)
    with closing(Speaker(port, mppt)):
        meter.read()
    took_s: list[float] = []
    for power_w in (771.0, 772.0, 773.0, 774.0, 775.0):
        sent: list[Stopwatch] = []

        def send(power_w: float = power_w, sent: list[Stopwatch] = sent) -> None:
            sent.append(Stopwatch())
            port.sends(mppt(PPV=int(power_w)))

        threading.Timer(0.1, send).start()
        assert read_until(meter, lambda seen, power_w=power_w: seen.pv_w == power_w).pv_w == power_w
        took_s.append(sent[0].took_s())
        if took_s[-1] < 0.05:
            break
    assert min(took_s) < 0.05


def test_building_a_meter_opens_nothing_and_close_may_be_repeated(tmp_path: Path, meter_of: MeterOf) -> None:
    nowhere = Port(tmp_path / "tty_none")
    nowhere.unplug()
    meter = meter_of(nowhere)
    meter.close()
    meter.close()
    with pytest.raises(Unreachable, match="closed"):
        meter.read()


def test_close_ends_a_read_that_waits(port: Port, meter_of: MeterOf) -> None:
    meter = meter_of(port, silence_s=60.0)
    ended: list[Exception] = []

    def read() -> None:
        try:
            meter.read()
        except SourceError as error:
            ended.append(error)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    meter.close()
    reader.join(WITHIN_S)
    assert isinstance(ended[0], Unreachable)


def test_a_device_that_is_not_there_is_named_with_what_to_do(tmp_path: Path, meter_of: MeterOf) -> None:
    nowhere = Port(tmp_path / "tty_none")
    nowhere.unplug()
    with pytest.raises(Unreachable, match=r"no serial device .*tty_none.*plugged in") as caught:
        meter_of(nowhere).read()
    assert caught.value.retry_after_s == 2.0


def test_a_file_that_is_no_serial_port_is_refused_with_a_sentence(tmp_path: Path, meter_of: MeterOf) -> None:
    wrong = Port(tmp_path / "tty_wrong")
    wrong.unplug()
    wrong.path.write_text("not a port", encoding="utf-8")
    with pytest.raises(Unreachable, match="cannot be opened"):
        meter_of(wrong).read()


def test_a_port_that_another_program_reads_is_refused(port: Port, meter_of: MeterOf) -> None:
    first = meter_of(port)
    with closing(Speaker(port, mppt)):
        first.read()
    with pytest.raises(Unreachable, match="in use by another program"):
        meter_of(port).read()


def test_silence_is_named_after_its_time(port: Port, meter_of: MeterOf) -> None:
    meter = meter_of(port)
    watch = Stopwatch()
    with pytest.raises(Unreachable, match=r"tty_one: nothing came for 0\.4 s"):
        meter.read()
    assert time.monotonic() - watch.began_s >= SILENCE_S
    assert watch.took_s() < SILENCE_S + 1.0


def test_a_silent_router_s_last_frame_is_not_kept_for_ever(port: Port, meter_of: MeterOf) -> None:
    """The router's own interface repeats the last frame when the measuring half has died."""
    meter = meter_of(port, protocol="mk2")
    with closing(Speaker(port, mk2_frame)):
        assert meter.read().grid_w == -90.43
    # What was sent while nobody read may still be heard, but nothing is made up after it.
    with pytest.raises(Unreachable, match="nothing came"):
        read_many(meter, 3)


def test_old_frames_that_waited_unread_are_not_news(port: Port, clock: SystemClock, tmp_path: Path) -> None:
    class Leaping:
        """A clock that can leap, as after a suspended process; satisfies `ports.Clock`."""

        leap_s = 0.0
        now = staticmethod(clock.now)
        wait_until = staticmethod(clock.wait_until)
        wake = staticmethod(clock.wake)

        def monotonic_s(self) -> float:
            return clock.monotonic_s() + self.leap_s

    leaping = Leaping()
    tools = Tools(clock=leaping, site=GRAZ, state_dir=tmp_path, pins=no_pins)
    settings = SerialMeter.Settings(protocol="vedirect", device=(str(port.path),))
    with closing(SerialMeter(settings, tools, silence_s=SILENCE_S)) as meter:
        with closing(Speaker(port, mppt)):
            meter.read()
        sent = sum(port.sends(mppt(PPV=111)) for _ in range(100))
        assert sent > 2 * 4096, "more than the system hands on at once"
        leaping.leap_s = 60.0
        with pytest.raises((Unreachable, BadReply)):
            meter.read()
        with closing(Speaker(port, lambda: mppt(PPV=222))):
            assert meter.read().pv_w == 222.0


def test_a_device_that_is_unplugged_and_plugged_in_again_is_heard_again(port: Port, meter_of: MeterOf) -> None:
    meter = meter_of(port)
    with closing(Speaker(port, mppt)):
        meter.read()
    port.unplug()
    with pytest.raises(Unreachable, match=r"is gone|no serial device"):
        read_many(meter, 3)
    port.plug_in()
    with closing(Speaker(port, lambda: mppt(PPV=900))):
        assert read_until(meter, lambda reading: True).pv_w == 900.0


def test_a_device_that_falls_silent_is_left_out_and_said_once(
    ports: list[Port], meter_of: MeterOf, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    meter = meter_of(*ports)
    with closing(Speaker(ports[0], lambda: mppt(MPPT=2))):
        with closing(Speaker(ports[1], monitor)):
            read_until(meter, lambda seen: seen.battery_w is not None and seen.pv_w is not None)
        read_until(meter, lambda seen: seen.battery_w is None and seen.pv_w == 1450.0)
        for _ in range(5):
            meter.read()
        with closing(Speaker(ports[1], monitor)):
            read_until(meter, lambda seen: seen.battery_w is not None)
    lines = [record.getMessage() for record in caplog.records]
    assert sum("tty_two has sent nothing valid for 0.4 s. The house is read without it." in line for line in lines) == 1
    assert sum("tty_two is heard again" in line for line in lines) == 1


def test_when_the_charger_is_silent_its_pv_is_unknown_and_not_zero(ports: list[Port], meter_of: MeterOf) -> None:
    meter = meter_of(*ports)
    with closing(Speaker(ports[1], monitor)):
        with closing(Speaker(ports[0], mppt)):
            read_until(meter, lambda seen: seen.pv_w is not None)
        reading = read_until(meter, lambda seen: seen.pv_w is None)
    assert (reading.battery_w, reading.pv_throttled) == (400.0, None)


BAD = {
    "truncated": mppt()[:-20],
    "a changed digit": mppt().replace(b"1450", b"1950"),
    "another protocol": mk2_frame(),
    "zero bytes": b"\0" * 200,
    "any bytes": bytes(range(256)),
    "hex messages only": b":A0002000148\n",
    "history only": history(),
}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD.keys())
def test_what_is_no_valid_frame_never_becomes_a_reading(data: bytes, port: Port, meter_of: MeterOf) -> None:
    meter = meter_of(port)
    with (
        closing(Speaker(port, lambda: data)),
        pytest.raises(BadReply, match=r"tty_one: \d+ bytes came in 0\.4 s, but no valid frame; .* is 19200 the right"),
    ):
        meter.read()


IMPOSSIBLE = {
    "not a number": mppt(PPV="nan"),
    "a gigawatt": mppt(PPV=10**9),
    "sign flipped": mppt(PPV=-1450),
    "a list": mppt(PPV="[1450]"),
    "a truth value": mppt(PPV="True"),
    "empty": mppt(PPV=""),
}


@pytest.mark.parametrize("data", IMPOSSIBLE.values(), ids=IMPOSSIBLE.keys())
def test_an_impossible_value_is_said_once_and_never_told(
    data: bytes, port: Port, meter_of: MeterOf, caplog: pytest.LogCaptureFixture
) -> None:
    meter = meter_of(port)
    with closing(Speaker(port, lambda: data)):
        for _ in range(3):
            with pytest.raises(BadReply, match="tell neither PV, use, grid nor battery power"):
                meter.read()
    assert len([record for record in caplog.records if "PPV" in record.getMessage()]) == 1


def test_the_device_s_clock_plays_no_part(port: Port, meter_of: MeterOf) -> None:
    meter = meter_of(port)
    with closing(Speaker(port, lambda: mppt(H20="1970-01-01"))):
        assert (datetime.now(UTC) - meter.read().taken_at).total_seconds() < 60


def test_wrong_checksums_among_good_frames_are_said_once(
    port: Port, meter_of: MeterOf, caplog: pytest.LogCaptureFixture
) -> None:
    meter = meter_of(port)
    with closing(Speaker(port, lambda: mppt() + mppt().replace(b"1450", b"1950") + mppt())):
        seen = {meter.read().pv_w for _ in range(8)}
    assert seen == {1450.0}
    assert len([record for record in caplog.records if "wrong checksum" in record.getMessage()]) == 1


def test_one_device_on_two_ports_is_counted_once(
    ports: list[Port], meter_of: MeterOf, caplog: pytest.LogCaptureFixture
) -> None:
    meter = meter_of(*ports)
    with closing(Speaker(ports[0], mppt)), closing(Speaker(ports[1], mppt)):
        read_until(meter, lambda seen: "the same device" in caplog.text)
        assert {meter.read().pv_w for _ in range(5)} == {1450.0}
    assert caplog.text.count("the same device") == 1


@pytest.mark.parametrize("data", [mppt(), b"\xff" * 200, b"\n" * 200], ids=["frames", "garbage", "line ends"])
def test_a_flood_keeps_neither_the_processor_nor_the_memory(data: bytes, port: Port, meter_of: MeterOf) -> None:
    """A thousand messages a second and more: whatever the pty takes."""
    meter = meter_of(port, silence_s=1.0)
    came: list[int] = []
    with closing(Speaker(port, lambda: data * 20, pace_s=0.001)):
        began_s, used_s = time.monotonic(), 0.0
        while time.monotonic() - began_s < 1.0:
            before_s = time.thread_time()
            try:
                meter.read()
                came.append(1)
            except SourceError:
                pass
            used_s += time.thread_time() - before_s
            threading.Event().wait(0.05)  # as a worker does between two calls
    assert used_s < 0.6 * (time.monotonic() - began_s)
    assert (len(came) > 3) == (data == mppt())
    assert all(len(line._decoder._buffer) <= 2048 for line in meter._lines)  # type: ignore[attr-defined]


def test_a_quiet_line_costs_almost_no_processor_time(port: Port, meter_of: MeterOf) -> None:
    meter = meter_of(port, silence_s=1.0)
    before_s = time.thread_time()
    with pytest.raises(Unreachable):
        meter.read()
    assert time.thread_time() - before_s < 0.1


def test_a_worker_keeps_the_newest_and_says_silence_once(
    port: Port, meter_of: MeterOf, clock: SystemClock, caplog: pytest.LogCaptureFixture
) -> None:
    meter, came = meter_of(port), threading.Event()
    log = logging.getLogger("tests.serial")
    worker = Worker("serial", meter.read, lambda: meter.interval_s, clock.monotonic_s, came.set, log)
    with closing(Speaker(port, mppt)):
        worker.start()
        assert came.wait(WITHIN_S)
    deadline_s = time.monotonic() + WITHIN_S
    while caplog.text.count("nothing came") < 1 and time.monotonic() < deadline_s:
        time.sleep(0.02)
    worker.stop()
    assert caplog.text.count("nothing came") == 1
    newest = worker.latest()
    assert newest is not None
    assert newest.pv_w == 1450.0


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"device": ()}, "is empty"),
        ({"device": ("",)}, "is empty"),
        ({"device": ("/dev/a", "/dev/a")}, "names a port twice"),
        ({"routed_load": "water_heater"}, "mk2 only"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(SettingProblem, match=problem):
        SerialMeter.Settings(**({"protocol": "vedirect"} | settings))


@pytest.mark.parametrize("device", ["/dev/ttyUSB0", ["/dev/ttyUSB0"], ["/dev/ttyUSB0", "/dev/ttyUSB1"]])
def test_a_device_may_be_one_port_or_a_list(device: object) -> None:
    row = load_config(config(meter={"type": "serial", "protocol": "vedirect", "device": device})).meter[0]
    assert row.settings.device == ((device,) if isinstance(device, str) else tuple(device))  # type: ignore[arg-type]
