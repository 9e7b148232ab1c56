"""`main.py off` and the outputs on the network: after the pins, all at once, and not for long."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.doubles.brokers import free_port
from pv_heater.io.system.control_socket import ControlServer
from tests.commands.test_off import HEATER, PROJECT, RELAY, Home
from tests.http_dimmer_server import DimmerServer
from tests.mqtt_brokers import AmqttBroker, Peer, wait_for
from tests.waiting import WITHIN_S, Stopwatch


@pytest.fixture(scope="module")
def running() -> Iterator[DimmerServer]:
    with DimmerServer() as server:
        yield server


@pytest.fixture
def dimmer(running: DimmerServer) -> Iterator[DimmerServer]:
    running.reset()
    yield running
    running.hanging = False


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def row(name: str, url: str, **more: Any) -> str:
    fields = "".join(f", {key}: {value}" for key, value in more.items())
    return f"  - {{type: http_dimmer, name: {name}, max_power_w: 1000, url: '{url}'{fields}}}\n"


def test_a_dimmer_is_told_and_confirms(home: Home, dimmer: DimmerServer, capsys: pytest.CaptureFixture[str]) -> None:
    home.configure(HEATER + row("boiler", dimmer.url))
    assert home.off() == 0
    assert dimmer.percents == [0.0]
    assert capsys.readouterr().out.endswith("at zero\nboiler: is off, and confirmed it\n")


def test_a_home_without_pins_is_switched_off_too(home: Home, dimmer: DimmerServer) -> None:
    home.configure("loads:\n" + row("boiler", dimmer.url))
    assert home.off() == 0
    assert dimmer.percents == [0.0]
    assert not home.log.exists()


def test_pins_do_not_wait_for_a_silent_device_and_no_other_device_does(
    home: Home, dimmer: DimmerServer, capsys: pytest.CaptureFixture[str]
) -> None:
    silent = DimmerServer()
    with silent:
        silent.hanging = True
        home.configure(HEATER + row("silent", silent.url) + row("boiler", dimmer.url))
        codes: list[int] = []
        watch = Stopwatch()
        thread = threading.Thread(target=lambda: codes.append(home.off()))
        thread.start()
        while not dimmer.percents:
            assert watch.took_s() < 4
            time.sleep(0.01)
        assert home.seen()[0] == (RELAY, 1.0)
        assert home.seen()[-1] == (RELAY, None), "the pins were given back before anything was sent"
        thread.join(WITHIN_S)
        assert watch.took_s() < 9
    assert codes == [3]
    captured = capsys.readouterr()
    assert "boiler: is off, and confirmed it" in captured.out
    assert "off: silent: it did not confirm that it is off" in captured.err
    assert "It goes off by itself 300 s after the last word it heard." in captured.err


def test_a_device_that_never_goes_off_by_itself_is_to_be_switched_by_hand(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    switch = f"{{type: http_switch, name: pump, max_power_w: 800, url: 'http://127.0.0.1:{free_port()}'"
    home.configure(f"loads:\n  - {switch}, on: {{path: /on}}, off: {{path: /off}}}}\n")
    assert home.off() == 3
    err = capsys.readouterr().err
    assert "off: pump: it did not confirm that it is off (the device cannot be reached at 127.0.0.1:" in err
    assert "it does not go off by itself. Switch it off by hand." in err


def test_mistakes_elsewhere_even_in_the_loads_own_policy_do_not_matter(home: Home, dimmer: DimmerServer) -> None:
    wrong = row("boiler", dimmer.url, min_on_s="soon", after="nobody", phase=9)
    home.configure("meter: 7\nlimits: [nonsense]\nloads:\n" + wrong + "  - {type: nonsense}\n  - 7\n")
    assert home.off() == 3
    assert dimmer.percents == [0.0]


def test_an_output_whose_own_settings_are_wrong_is_named(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.configure("loads:\n" + row("boiler", "192.168.1.199"))
    assert home.off() == 3
    err = capsys.readouterr().err
    assert "off: boiler: it cannot be switched off: loads[0].url: must be an address such as" in err
    assert "Traceback" not in err


def test_a_configuration_that_cannot_be_read_leaves_the_pins_path_as_it_was(home: Home) -> None:
    home.remember_pins()
    home.config.write_text("loads: [\n  - {")
    assert home.off() == 0
    assert home.seen()[0] == (RELAY, 1.0)


def test_a_dry_run_tells_nobody(home: Home, dimmer: DimmerServer, capsys: pytest.CaptureFixture[str]) -> None:
    home.configure("dry_run: true\nloads:\n" + row("boiler", dimmer.url))
    assert home.off() == 0
    assert dimmer.paths == []
    assert "Nothing to switch" in capsys.readouterr().out


def test_a_password_beside_the_configuration_is_found_from_anywhere(
    home: Home, dimmer: DimmerServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_text("sesame\n")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    dimmer.login = ("admin", "sesame")
    home.configure("loads:\n" + row("boiler", dimmer.url, username="admin", password="file:secret"))
    assert home.off() == 0
    assert dimmer.percents == [0.0]


def test_an_output_behind_a_broker_is_told_through_the_same_door(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    topic = "cmnd/pool/POWER"
    with AmqttBroker() as broker, Peer(broker.port, topic) as peer:
        link = f"broker: {{host: 127.0.0.1, port: {broker.port}}}, topic: {topic}"
        home.configure(f"loads:\n  - {{type: mqtt_switch, name: pool, max_power_w: 700, {link}}}\n")
        assert home.off() == 0
        wait_for(lambda: b"OFF" in peer.payloads(topic), "the device heard it")
    assert capsys.readouterr().out == "pool: is off, and confirmed it\n"


def test_a_running_controller_without_pins_is_asked_and_tells_its_devices_itself(
    home: Home, dimmer: DimmerServer, capsys: pytest.CaptureFixture[str]
) -> None:
    home.configure("loads:\n" + row("boiler", dimmer.url))
    home.state_dir.mkdir()
    heard: list[Any] = []

    def handle(request: Any) -> dict[str, Any]:
        heard.append(request)
        return {"ok": True, "message": "all loads go off", "loads": {"boiler": None}}

    server = ControlServer(home.state_dir / "control.sock", handle)
    server.start()
    try:
        assert home.off() == 0
    finally:
        server.stop()
    assert heard == [{"command": "off"}]
    assert dimmer.paths == []
    said = f"the controller in {home.state_dir}: all loads go off\nboiler: off, seen by the controller\n"
    assert capsys.readouterr().out == said


def test_nothing_of_the_network_is_imported_for_a_home_of_pins(home: Home) -> None:
    home.configure(HEATER)
    code = (
        "import sys\nfrom pv_heater.commands.off import main\n"
        f"main(['--config', {str(home.config)!r}])\n"
        "heavy = {'requests', 'pv_heater.config.load', 'paho', 'pv_heater.commands.off_network'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == "[]"


def test_a_client_that_asks_cannot_be_told_while_nobody_answers_it(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    """It keeps to what it heard last: `off` must not end as if it were off."""
    home.configure("loads: [{name: garage, type: mk2_client, address: 192.168.1.60, max_power_w: 1000}]\n")
    assert home.off() == 3
    output = capsys.readouterr()
    assert "garage: its client asks the page of a running controller and there is none" in output.out + output.err
