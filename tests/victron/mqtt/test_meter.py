"""The meter against a GX device on a real broker, with every fault that was seen on real ones, and real recordings."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from pv_heater.core.model.power_balance import house_w
from pv_heater.core.model.steering import By, Does, Steering
from pv_heater.core.model.values import Reading
from pv_heater.errors import BadReply, SourceError, Unreachable
from pv_heater.io.system.clock import SystemClock
from pv_heater.io.system.worker import Worker
from pv_heater.ports import Tools
from pv_heater.victron.mqtt.conversation import GxPace
from pv_heater.victron.mqtt.meter import GxMqttMeter
from tests.gx_device import BCT, ESS, PACE, PLANT, SPEED, GxPeer, charger, ess_house, fast_broker, traffic
from tests.mqtt_brokers import AmqttBroker, Mosquitto, wait_for
from tests.source_tools import GRAZ, no_pins
from tests.waiting import WITHIN_S, Stopwatch

WHOLE_BURSTS = replace(PACE, quiet_s=0.05, longest_burst_s=5.0)
"""A busy machine may take longer over a burst than a flood may last; heartbeats are further apart."""
Broker = Mosquitto | AmqttBroker
Build = Callable[..., GxMqttMeter]


@pytest.fixture
def broker() -> Iterator[Broker]:
    with fast_broker() as running:
        yield running


@pytest.fixture
def gx(broker: Broker) -> Iterator[GxPeer]:
    with GxPeer(broker.port, PLANT, speed=SPEED) as device:
        yield device


@pytest.fixture
def build(broker: Broker, tmp_path: Path) -> Iterator[Build]:
    meters: list[GxMqttMeter] = []

    def build_one(pace: GxPace = PACE, frozen_s: float = 60.0, settle_s: float = 0.3, **settings: Any) -> GxMqttMeter:
        tools = Tools(clock=SystemClock(), site=GRAZ, state_dir=tmp_path, pins=no_pins)
        chosen = GxMqttMeter.Settings(host="127.0.0.1", port=broker.port, **settings)
        meters.append(GxMqttMeter(chosen, tools, pace=pace, frozen_s=frozen_s, settle_s=settle_s))
        return meters[-1]

    yield build_one
    for meter in meters:
        meter.close()


def until(meter: GxMqttMeter, wanted: Callable[[Reading], bool], seconds: float = WITHIN_S) -> Reading:
    """The first reading that is as wanted; troubles on the way are waited out."""
    ends_s = time.monotonic() + seconds
    seen: object = None
    while time.monotonic() < ends_s:
        try:
            seen = found = meter.read()
        except SourceError as error:
            seen = error
            continue
        if wanted(found):
            return found
    raise AssertionError(f"not within {seconds} s, but {seen!r}")


def trouble(meter: GxMqttMeter, saying: str = "") -> tuple[SourceError, list[Reading]]:
    """The first error with these words, and the readings that came before it.

    A service goes topic by topic: on a busy machine what is gone by half may be named first.
    """
    ends_s = time.monotonic() + WITHIN_S
    before: list[Reading] = []
    others: list[str] = []
    while time.monotonic() < ends_s:
        try:
            before.append(meter.read())
        except SourceError as error:
            if saying in str(error):
                return error, before
            others.append(str(error))
    raise AssertionError(f"no trouble within {WITHIN_S} s, but {before[-1:]} and {others[-1:]}")


def test_the_first_reading_holds_the_whole_house(gx: GxPeer, build: Build) -> None:
    began_s, meter = time.time(), build(WHOLE_BURSTS)
    assert meter.interval_s == 0.0
    seen = meter.read()
    assert (seen.source, seen.grid_w, seen.pv_w, seen.consumption_w) == ("gx_mqtt", 100.0, 2695.12, 1747.0)
    assert (seen.pv_throttled, seen.feed_in_allowed, seen.grid_connected) == (False, False, True)
    assert began_s - 1.0 < seen.taken_at.timestamp() <= time.time()
    assert seen.interval_s == 3.0


def test_a_change_is_a_reading_within_milliseconds_and_the_chargers_own_values_are_none(
    gx: GxPeer, build: Build
) -> None:
    gx.heartbeats = False
    meter = build(GxPace())
    meter.read()
    gx.set(charger(279, 1234.0))
    began_s = time.monotonic()
    threading.Timer(0.1, lambda: gx.set({"system/0/Ac/Grid/L1/Power": -5.0})).start()
    assert meter.read().grid_w == -5.0
    assert time.monotonic() - began_s >= 0.09, "a charger's value alone is no reading"


def test_building_needs_no_network_and_closing_may_be_repeated(build: Build) -> None:
    meter = build(portal_id="c0619ab0a001")
    meter.close()
    meter.close()
    with pytest.raises(Unreachable, match="closed"):
        meter.read()


def test_a_lost_grid_meter_ends_readings_before_its_false_export_shows(gx: GxPeer, build: Build) -> None:
    meter = build()
    meter.read()

    def lose() -> None:
        gx.remove("grid/30")
        time.sleep(0.03)  # systemcalc follows, up to a second later
        false = {"Ac/Grid/L1/Power": -300.0, "Ac/ActiveIn/ServiceType": "vebus", "Ac/In/0/ServiceType": "vebus"}
        gx.set(ess_house(**false))

    threading.Timer(0.05, lose).start()
    error, before = trouble(meter, "lost its grid meter")
    assert isinstance(error, BadReply)
    assert {seen.grid_w for seen in before} <= {100.0}
    for _ in range(3):
        with pytest.raises(BadReply, match="lost its grid meter"):
            meter.read()
    gx.set({**ess_house(), "grid/30/Connected": 1})
    assert until(meter, lambda seen: True).grid_w == 100.0


def test_a_grid_meter_that_was_lost_while_nobody_listened_is_noticed(broker: Broker, gx: GxPeer, build: Build) -> None:
    meter = build()
    meter.read()
    broker.stop()
    trouble(meter)
    gx.remove("grid/30")
    false = {"Ac/Grid/L1/Power": -300.0, "Ac/ActiveIn/ServiceType": "vebus", "Ac/In/0/ServiceType": "vebus"}
    gx.set(ess_house(**false))
    broker.start()
    trouble(meter, "lost its grid meter")


def test_battery_and_inverter_lost_together_are_no_charging_battery(gx: GxPeer, build: Build) -> None:
    meter = build()
    meter.read()
    gx.remove("battery/512", "vebus/276")
    alone = {"Dc/Battery/Soc": None, "SystemType": None, "Dc/Battery/Power": 2295, "Ac/ActiveIn/Source": None}
    gx.set(ess_house(**alone))
    trouble(meter, "battery monitor and the inverter")


def test_a_killed_inverter_driver_leaves_the_balance(
    gx: GxPeer, build: Build, caplog: pytest.LogCaptureFixture
) -> None:
    """Figures of a run with Victron's own programs: 71 W were told of a house of 760 W."""
    caplog.set_level(logging.INFO)
    meter = build()
    meter.read()
    gx.remove("vebus/276")
    lost = {"SystemType": None, "Ac/ActiveIn/Source": None, "Ac/Consumption/L1/Power": 71.0, "Dc/Pv/Power": 900.0}
    gx.set(ess_house(**lost, **{"Ac/Grid/L1/Power": 50.0, "Dc/Battery/Power": 590.0}))
    _, before = trouble(meter, "reports nothing of its inverter")
    assert {seen.consumption_w for seen in before} <= {1747.0}
    seen = until(meter, lambda seen: True)
    assert (seen.consumption_w, house_w(seen), seen.ac_source) == (None, 760.0, None)
    gx.set(ess_house())
    until(meter, lambda seen: (seen.grid_w, seen.consumption_w) == (100.0, 1747.0))
    assert [line[:33] for line in caplog.messages] == [
        "GX: the inverter's driver is lost", "GX: the inverter is back, and con",
    ]  # fmt: skip


def test_a_calculation_that_starts_is_not_believed_before_it_found_the_inverter(gx: GxPeer, build: Build) -> None:
    meter = build(settle_s=30.0)
    meter.read()
    gx.remove("system/0")
    trouble(meter)
    half = {"SystemType": None, "Ac/ActiveIn/Source": None, "Ac/Consumption/L1/Power": 67.0, "Dc/Pv/Power": None}
    gx.set({**ess_house(**half), "system/0/Serial": gx.portal_id})
    _, before = trouble(meter, "it is starting")
    assert before == []
    gx.set(ess_house())
    assert until(meter, lambda seen: True).consumption_w == 1747.0


def test_a_lost_grid_is_told_at_once(gx: GxPeer, build: Build) -> None:
    meter = build()
    meter.read()
    gx.set(ess_house(**{"Ac/ActiveIn/Source": 240, "Ac/ActiveIn/ServiceType": None, "Ac/In/0/Connected": 0}))
    seen = until(meter, lambda seen: seen.grid_connected is False)
    assert seen.grid_w is None
    assert seen.consumption_w == 1747.0


def test_chargers_that_leave_take_their_pv_with_them(gx: GxPeer, build: Build) -> None:
    meter = build()
    meter.read()
    gx.remove("solarcharger/279", "solarcharger/280")
    gx.set({"system/0/Dc/Pv/Power": None})
    seen = until(meter, lambda seen: seen.pv_w != 2695.12)
    assert seen.pv_w == 400
    assert seen.pv_throttled is False, "the PV inverter still tells"


def test_a_dead_system_service_is_named_although_the_heart_beats(gx: GxPeer, build: Build) -> None:
    meter = build()
    meter.read()
    gx.remove("system/0")
    _, before = trouble(meter, "system service reports nothing of the house any more")
    assert {seen.grid_w for seen in before} <= {100.0, None}, "what it said before it died may still come, or a part"
    full_publishes = gx.full_publishes
    trouble(meter)
    wait_for(lambda: trouble(meter) and gx.full_publishes > full_publishes, "asked again")
    gx.set({**ess_house(), "system/0/Serial": gx.portal_id})
    until(meter, lambda seen: seen.grid_w == 100.0)


def test_a_device_that_starts_tells_nothing_yet(broker: Broker, build: Build) -> None:
    booting = dict.fromkeys(topic for topic in PLANT if topic.startswith("system/0/"))
    with GxPeer(broker.port, booting, speed=SPEED) as gx:
        meter = build()
        trouble(meter, "right after its start")
        gx.set(ess_house())
        until(meter, lambda seen: seen.grid_w == 100.0)


def test_throttling_is_seen_on_any_tracker(gx: GxPeer, build: Build) -> None:
    meter = build()
    meter.read()
    gx.set({"solarcharger/280/Pv/1/MppOperationMode": 1})
    until(meter, lambda seen: seen.pv_throttled is True)
    gx.set({"solarcharger/280/Pv/1/MppOperationMode": 2})
    until(meter, lambda seen: seen.pv_throttled is False)


def test_the_devices_clock_never_dates_a_reading(broker: Broker, build: Build) -> None:
    with GxPeer(broker.port, PLANT, speed=SPEED, clock_ahead_s=-time.time()):
        began_s, meter = time.time(), build()
        seen = until(meter, lambda seen: True)
        assert began_s - 1.0 < seen.taken_at.timestamp() <= time.time()
        assert meter.clock_offset_s is None


def test_old_firmware_that_takes_everything_back_lost_no_device(broker: Broker, build: Build) -> None:
    with GxPeer(broker.port, PLANT, speed=SPEED, old=True) as gx:
        meter = build()
        assert until(meter, lambda seen: True).grid_w == 100.0
        gx.fall_asleep()
        gx.set({"system/0/Ac/Grid/L1/Power": 20.0})
        seen = until(meter, lambda seen: seen.grid_w == 20.0)
        assert seen.consumption_w == 1747.0


def test_silence_ends_readings_in_the_stated_time(gx: GxPeer, build: Build) -> None:
    meter = build()
    meter.read()
    gx.hang()
    watch = Stopwatch()
    error, _ = trouble(meter)
    assert isinstance(error, Unreachable)
    assert watch.took_s() <= 1.5 * PACE.silence_s


def test_values_that_cannot_be_are_one_line_each(gx: GxPeer, build: Build, caplog: pytest.LogCaptureFixture) -> None:
    meter = build()
    meter.read()
    for round_ in range(3):
        gx.set({"system/0/Ac/Grid/L1/Power": f"100{round_}", "system/0/Dc/Pv/Power": 1e9 + round_})
        seen = until(meter, lambda seen: seen.grid_w is None)
    assert (seen.grid_w, seen.pv_w, seen.consumption_w) == (None, None, 1747.0)
    assert sorted(line.split(" ")[1] for line in caplog.messages) == [
        "system/0/Ac/Grid/L1/Power", "system/0/Dc/Pv/Power",
    ]  # fmt: skip


def test_who_else_steers_comes_with_the_reading(broker: Broker, build: Build) -> None:
    dess = {"Active": 1, "ReactiveStrategy": 6, "TargetSoc": 40.0, "ChargeRate": -2100}
    busy = {**PLANT, **{f"system/0/DynamicEss/{name}": value for name, value in dess.items()}}
    with GxPeer(broker.port, busy, speed=SPEED) as gx:
        meter = build()
        sells = Steering(by=By.DYNAMIC_ESS, does=Does.SELLS, target_percent=40.0, charge_w=-2100)
        until(meter, lambda seen: seen.steering == sells)  # on a busy machine its topics may come in two pictures
        gx.set({"system/0/DynamicEss/ReactiveStrategy": 9})
        seen = until(meter, lambda seen: seen.steering is not None and seen.steering.does is Does.HOLDS)
        gx.set({"system/0/DynamicEss/Active": 0})
        assert until(meter, lambda seen: seen.steering is None).taken_at > seen.taken_at


def test_a_hung_charger_is_said_once_and_ends(gx: GxPeer, build: Build, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    meter = build(frozen_s=0.5)
    gx.remove("solarcharger/280")
    stop = threading.Event()

    def live() -> None:
        number = 0.0
        while not stop.wait(0.02):
            number += 1.0
            gx.set({**charger(281, 500 + number), "system/0/Dc/Battery/Power": 1000 + number})

    living = threading.Thread(target=live)
    living.start()
    try:
        seen = until(meter, lambda seen: seen.pv_w is None)
        assert seen.battery_w is not None
        gx.set(charger(279, 1501.0))
        until(meter, lambda seen: seen.pv_w is not None)
    finally:
        stop.set()
        living.join()
    assert "solarcharger/279 has reported the same voltages" in caplog.messages[0]
    assert caplog.messages[1] == "GX: solarcharger/279 moves again."


def test_a_hung_inverter_leaves_the_balance(gx: GxPeer, build: Build, caplog: pytest.LogCaptureFixture) -> None:
    meter = build(frozen_s=0.5)
    gx.set({"vebus/276/Ac/Out/L1/P": 2470.0, "vebus/276/Dc/0/Voltage": 52.4})
    stop = threading.Event()

    def live() -> None:
        number = 0.0
        while not stop.wait(0.02):
            number += 1.0
            moving = {"system/0/Dc/Battery/Power": -1154.0 - number / 10, "solarcharger/279/Pv/V": 80.0 + number / 100}
            gx.set({**moving, "solarcharger/280/Pv/0/V": 300.0 + number / 100})

    living = threading.Thread(target=live)
    living.start()
    try:
        seen = until(meter, lambda seen: seen.consumption_w is None)
        assert (seen.pv_w, seen.grid_w, seen.grid_connected) == (2695.12, 100.0, None)
        gx.set({"vebus/276/Ac/Out/L1/P": 3970.0})
        until(meter, lambda seen: seen.consumption_w == 1747.0)
    finally:
        stop.set()
        living.join()
    assert "vebus/276 has reported the same voltages" in caplog.messages[0]
    assert "Consumption is left out" in caplog.messages[0]


def test_a_worker_gets_a_reading_a_change_and_logs_a_trouble_once(
    gx: GxPeer, build: Build, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    meter = build()
    came: list[None] = []
    worker = Worker(
        "gx_mqtt", meter.read, lambda: meter.interval_s, time.monotonic, lambda: came.append(None),
        logging.getLogger("test"),
    )  # fmt: skip
    worker.start()
    try:
        wait_for(lambda: came, "the first reading")
        gx.set({"system/0/Ac/Grid/L1/Power": 55.0})
        wait_for(lambda: getattr(worker.latest(), "grid_w", None) == 55.0, "the change")
        gx.hang()
        wait_for(lambda: worker.status().trouble, "the silence")
        gx.hang(False)
        gx.set({"system/0/Ac/Grid/L1/Power": 56.0})
        wait_for(lambda: getattr(worker.latest(), "grid_w", None) == 56.0, "the return")
    finally:
        worker.stop()
    assert len([line for line in caplog.messages if "has been silent" in line and "goes on trying" in line]) == 1


# Recordings of real devices


def readings_while(meter: GxMqttMeter, play: Callable[[], None]) -> list[Reading]:
    """All readings until `play` is over."""
    over = threading.Event()

    def run() -> None:
        try:
            play()
        finally:
            over.set()

    player = threading.Thread(target=run)
    player.start()
    seen = []
    while not over.is_set():
        seen.append(meter.read())
    player.join()
    return seen


def test_ten_minutes_of_four_trackers_of_which_all_throttle(broker: Broker, build: Build) -> None:
    """Real Victron devices, a hundred times as fast: mode 1 from second 126 to 441."""
    recorded = traffic(BCT, "venus-docker_bct_")
    with GxPeer(broker.port, recorded.first_values(), speed=10.0) as gx:
        meter = build(GxPace(remind_s=1.0, spacing_s=0.0, quiet_s=0.001))
        # On a busy machine 3,600 topics take longer than a device of old would be waited for.
        assert until(meter, lambda _seen: True, seconds=60).pv_throttled is False
        seen = readings_while(meter, lambda: recorded.play(gx, speed=100.0))
        # A busy machine is behind when the recording ends.
        until(meter, lambda last: seen.append(last) is None and last.battery_w == -3052, seconds=60)
    flags = [reading.pv_throttled for reading in seen]
    changes = [flag for flag, before in zip(flags, [None, *flags], strict=False) if flag is not before]
    assert changes == [False, True, False]
    share = flags.count(True) / len(flags)
    assert share == pytest.approx((441 - 126) / 603, abs=0.1)
    assert (seen[-1].grid_connected, seen[-1].grid_w) == (False, None)
    assert all(82.0 <= (reading.battery_soc_percent or 0.0) <= 92.0 for reading in seen)


def test_an_ess_home_at_its_real_cadence(broker: Broker, build: Build) -> None:
    """Four real seconds: two or three readings each, none with half of a burst."""
    recorded = traffic(ESS)
    with GxPeer(broker.port, recorded.first_values()) as gx:
        meter = build(GxPace())
        first = meter.read()
        assert first.grid_w == pytest.approx(-2329.5, abs=0.1)
        assert first.pv_w == pytest.approx(1231.4, abs=0.1)
        seen = readings_while(meter, lambda: recorded.play(gx, seconds=4))
    assert 4 <= len(seen) <= 9
    assert all(reading.grid_w is not None and reading.grid_w < -2000 for reading in seen)


def test_settings_are_those_of_the_device() -> None:
    names = {field.name for field in fields(GxMqttMeter.Settings)}
    assert names == {"host", "port", "username", "password", "tls", "ca_file", "fingerprint", "portal_id"}
    assert GxMqttMeter.Settings().host == "venus.local"
