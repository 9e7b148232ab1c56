"""The digital dimmer, told by the real device through a server that behaves as it does."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from bench.doubles.brokers import free_port
from pv_heater.config.load import load_config
from pv_heater.core.model.setting import Secret
from pv_heater.errors import AuthRejected, BadReply, ConfigError, SourceError, Unreachable
from pv_heater.loads.network.http_dimmer import EXPIRES_S, DimmerDevice
from pv_heater.loads.network.http_link import HttpLink
from pv_heater.loads.network.networked import Settling
from tests.http_dimmer_server import DimmerServer
from tests.loads.dimmer import settings
from tests.silence import PATIENT_S, SHORT_S
from tests.source_tools import HandClock
from tests.waiting import until


def dimmer(
    server: DimmerServer, *, read_s: float = PATIENT_S, whole_s: float = PATIENT_S, **changes: Any
) -> DimmerDevice:
    """Patient with a server that answers, which a busy machine may delay; it needs no time to get there."""
    given = settings(server, **changes)
    link = HttpLink(given, "the dimmer", read_s=read_s, whole_s=whole_s)
    return DimmerDevice(given, link=link, settling=Settling(longest_s=0.0))


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


def test_watts_become_an_absolute_percent_that_the_dimmer_gives(server: DimmerServer) -> None:
    device = dimmer(server)
    for power_w, percent in ((350.0, 35.0), (1000.0, 100.0), (604.9, 60.0), (0.0, 0.0)):
        device.set_power(power_w)
        assert server.gives == percent
    assert not [path for path in server.paths if "puissance" in path]


def test_being_told_again_keeps_it_on_and_silence_ends_it_after_five_minutes(
    server: DimmerServer, clock: HandClock
) -> None:
    device = dimmer(server)
    for _ in range(50):
        device.set_power(700.0)
        clock.advance(device.refresh_s)
    assert server.gives == 70.0
    clock.advance(EXPIRES_S - device.refresh_s)
    assert server.gives == 0.0


def test_the_time_between_two_words_is_always_well_inside_its_five_minutes(server: DimmerServer) -> None:
    row = {"type": "http_dimmer", "name": "a", "max_power_w": 1000, "url": server.url, "refresh_s": 200}
    with pytest.raises(ConfigError, match=r"refresh_s: must be between 1 and 120 s, not 200"):
        load_config({"loads": [row]})


def test_a_measured_curve_gives_the_percent(server: DimmerServer, tmp_path: Path) -> None:
    curve = tmp_path / "curve.csv"
    curve.write_text("percent;watts\n0;0\n50;300\n100;1000\n")
    dimmer(server, curve=str(curve)).set_power(300.0)
    assert server.gives == 50.0


@pytest.mark.parametrize(("text", "said"), [("0;0\n100;x\n", "line 2: must be two numbers"), (None, "cannot be read")])
def test_a_bad_curve_is_a_mistake_in_the_settings(
    server: DimmerServer, tmp_path: Path, text: str | None, said: str
) -> None:
    curve = tmp_path / "curve.csv"
    if text is not None:
        curve.write_text(text)
    with pytest.raises(ConfigError, match=said):
        dimmer(server, curve=str(curve))


def test_a_power_below_minpow_is_off_and_said_once(server: DimmerServer, caplog: pytest.LogCaptureFixture) -> None:
    server.minpow = 8
    device = dimmer(server)
    for _ in range(3):
        device.set_power(60.0)
    assert server.gives == device.given_w == 0.0
    assert warnings(caplog) == [
        "boiler: the dimmer stays off at 6 %: raise min_power_w above its minpow, or lower that on its page."
    ]
    server.minpow = 5
    device.set_power(60.0)
    assert server.gives == 6.0


def test_a_power_above_maxpow_is_clipped_learned_and_said_once(
    server: DimmerServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.maxpow = 50
    device = dimmer(server)
    for power_w in (800.0, 900.0, 1000.0):
        device.set_power(power_w)
        assert server.gives == 50.0
        assert device.given_w == 500.0
    assert warnings(caplog) == [
        "boiler: the dimmer gives at most 50 % where it was set to 80 %: raise maxpow on its page, or lower "
        "max_power_w."
    ]
    server.maxpow = 100
    device.set_power(800.0)
    server.maxpow = 60
    device.set_power(800.0)
    assert "gives at most 60 %" in warnings(caplog)[-1]


def test_with_a_child_dimmer_the_range_goes_to_200(server: DimmerServer) -> None:
    server.child = True
    device = dimmer(server, max_power_w=2000, full_percent=200)
    device.set_power(1500.0)
    assert server.percents[-1] == 150.0
    device.set_power(0.0)
    assert server.gives == 0.0


def test_a_child_that_goes_on_is_not_taken_for_off(server: DimmerServer) -> None:
    device = dimmer(server, max_power_w=2000, full_percent=200)
    server.raw_state = '{"dimmer": 0, "commande": 0, "Ptotal": 400, "onoff": true, "alerte": "RAS"}'
    with pytest.raises(BadReply, match=r"was told to be off and gives 0 % \(400 W\)"):
        device.set_power(0.0)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"alarm": "Ballon chaud"}, "its alarm says 'Ballon chaud'"),
        ({"temperature": "99.9"}, "its temperature probe is lost (it says 99.9 degrees)"),
        ({"switched_on": False}, "it is switched off on its own page"),
    ],
)
def test_a_dimmer_that_would_not_heat_says_why_until_it_would(
    server: DimmerServer, change: dict[str, Any], why: str
) -> None:
    device = dimmer(server)
    for name, value in change.items():
        setattr(server, name, value)
    with pytest.raises(BadReply):
        device.set_power(500.0)
    assert device.blocked_by == f"the dimmer does not heat: {why}"
    device.set_power(0.0)  # being off is confirmed all the same, and says nothing new
    assert device.blocked_by is not None
    server.alarm, server.temperature, server.switched_on = "RAS", "48.6", True
    device.set_power(0.0)
    assert device.blocked_by is None
    device.set_power(500.0)
    assert server.gives == 50.0


def test_an_alarm_that_does_not_keep_it_from_heating_is_no_trouble(server: DimmerServer) -> None:
    device = dimmer(server)
    server.raw_state = '{"dimmer": 50, "commande": 50, "power": 500, "temperature": "40.1", "alerte": "WiFi weak"}'
    device.set_power(500.0)
    assert device.blocked_by is None
    device.blocked_by = "the dimmer does not heat: its alarm says 'WiFi weak'"
    device.set_power(500.0)
    assert device.blocked_by is None, "it heats, whatever it says"


def test_no_probe_is_said_once_and_is_no_zero_degrees(server: DimmerServer, caplog: pytest.LogCaptureFixture) -> None:
    server.temperature = "0.0"
    device = dimmer(server)
    for _ in range(3):
        device.set_power(400.0)
    assert server.gives == 40.0
    assert warnings(caplog) == ["boiler: the dimmer has no temperature probe, so its own limit protects nothing."]


def test_its_own_idea_of_the_heater_is_compared_with_ours_once(
    server: DimmerServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.charge_w = 2400
    device = dimmer(server)
    for power_w in (100.0, 400.0, 500.0):
        device.set_power(power_w)
    (line,) = warnings(caplog)
    assert "takes its heater for one of 2400 W, but max_power_w is 1000" in line


def test_a_restart_in_the_middle_is_mended_by_the_next_word(server: DimmerServer) -> None:
    device = dimmer(server)
    device.set_power(700.0)
    server.restart()
    assert server.gives == 0.0
    device.set_power(700.0)
    assert server.gives == 70.0


def test_one_that_says_yes_and_does_nothing_is_not_believed(server: DimmerServer) -> None:
    device = dimmer(server)
    server.deaf = True
    with pytest.raises(BadReply, match=r"was told 70 % and stays off, without an alarm; its probe says 48\.6 degrees"):
        device.set_power(700.0)


def test_one_that_stays_on_is_not_believed_to_be_off(server: DimmerServer) -> None:
    device = dimmer(server)
    device.set_power(700.0)
    server.deaf = True
    with pytest.raises(BadReply, match=r"was told to be off and gives 70 % \(700 W\)"):
        device.set_power(0.0)
    with pytest.raises(BadReply, match=r"was told 30 % and gives 70 %$"):
        device.set_power(300.0)


STATES = {
    "no JSON": "<html>login</html>",
    "a list": "[35]",
    "null": "null",
    "half": '{"dimmer": 3',
    "nothing in it": "{}",
    "a truth value": '{"dimmer": true}',
    "NaN": '{"dimmer": NaN}',
    "a word": '{"dimmer": "off"}',
    "too much": '{"dimmer": 1000}',
    "negative": '{"dimmer": -1}',
    "endless digits": '{"dimmer": ' + "9" * 4000 + "}",
    "brackets": "[" * 50_000,
    "a megabyte": " " * 1_000_000,
    "nothing at all": "",
}


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_a_wrong_answer_confirms_nothing_not_even_off(server: DimmerServer, state: str) -> None:
    device = dimmer(server)
    server.raw_state = state
    for power_w in (500.0, 0.0):
        with pytest.raises(SourceError) as caught:
            device.set_power(power_w)
        assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("answer", "error"), [((500, "crash"), Unreachable), ((404, "not here"), BadReply), ((302, ""), BadReply)]
)
def test_a_refused_command_confirms_nothing(
    server: DimmerServer, answer: tuple[int, str], error: type[SourceError]
) -> None:
    device = dimmer(server)
    server.raw_command = answer
    with pytest.raises(error):
        device.set_power(0.0)


def test_a_login_is_used_where_there_is_one_and_asked_for_where_it_is_wrong(server: DimmerServer) -> None:
    server.login = ("admin", "sesame")
    with pytest.raises(AuthRejected, match="refused access"):
        dimmer(server).set_power(500.0)
    dimmer(server, username="admin", password=Secret("sesame")).set_power(500.0)
    assert server.gives == 50.0


def test_silence_ends_in_time_and_confirms_nothing(server: DimmerServer) -> None:
    device = dimmer(server, read_s=SHORT_S)
    server.hanging = True
    with pytest.raises(Unreachable, match=r"the dimmer at 127\.0\.0\.1:\d+ went silent for 0\.3 s"):
        device.set_power(0.0)
    server.hanging = False

    def is_confirmed() -> bool:
        try:
            device.set_power(0.0)
        except Unreachable:
            return False
        return True

    until(is_confirmed, "off is confirmed again")


def test_a_state_that_drips_ends_in_time_and_confirms_nothing(server: DimmerServer) -> None:
    device = dimmer(server, whole_s=2 * SHORT_S)
    server.dripping = True
    with pytest.raises(Unreachable, match="had not answered in full after"):
        device.set_power(0.0)


def test_no_device_there_is_unreachable(server: DimmerServer) -> None:
    with pytest.raises(Unreachable, match="cannot be reached"):
        dimmer(server, url=f"http://127.0.0.1:{free_port()}").set_power(0.0)
