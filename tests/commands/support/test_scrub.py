"""What is taken out of a text, and what stays readable."""

import pytest

from pv_heater.commands.support.scrub import Scrubber

SCRUB = Scrubber(
    secrets=["pässword/1", "abc"], ids=["123456"], users=["Mayer family"], hosts=["heater-pi"], place=[47.0707, 15.4395]
)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("login with pässword/1", "login with (secret)"),
        ("login=p%C3%A4ssword%2F1&x", "login=(secret)&x"),
        ('{"x": "p\\u00e4ssword/1"}', '{"x": "(secret)"}'),
        ("cMOkc3N3b3JkLzE in Base64", "(secret) in Base64"),
        ("abc, abcd", "(secret), abcd"),
        ("site 123456, 1234567 Wh, 0.123456", "site (id), 1234567 Wh, 0.123456"),
        ("mayer family, heater-pi and HEATER-PI", "(user), host-1 and host-1"),
        (r"said 'x\nMayer family'", r"said 'x\n(user)'"),
        ("http://me:you@meter.lan:8080/status?key=x#y", "http://host-2:8080/status?key=(secret)#(secret)"),
        ("meter.lan again, and 192.168.1.20:502", "host-2 again, and host-3:502"),
        ("http://192.168.1.20/api/3f9aKJh2Lq/lights", "http://host-3/api/(id)/lights"),
        ("127.0.0.1, ::1 and 0.0.0.0:8080 stay", "127.0.0.1, ::1 and 0.0.0.0:8080 stay"),
        ("fe80::1ff:fe23:4567:890a at 12:30:05", "host-4 at 12:30:05"),
        ("https://vrmapi.victronenergy.com/v2/installations/22", "https://vrmapi.victronenergy.com/v2/installations/22"),
        ("mail to jo.doe+x@example.org failed", "mail to (mail) failed"),
        ("Authorization: Bearer q.w-e_r", "Authorization: (secret) (secret)"),
        ("X Bearer qwertyuiop", "X Bearer (secret)"),
        ("password: 'two words', \"apikey\": \"z\"", "password: '(secret)', \"apikey\": \"(secret)\""),
        ("GET /relay?turn=on&id=0&auth=1234x", "GET /relay?turn=on&id=0&auth=(secret)"),
        ("takes one with the code 123987, from", "takes one with the code (secret), from"),
        ("N/c0619ab2d4e7/battery/512/Soc", "N/(id)/battery/512/Soc"),
        ("28-0316a4b5c6d7 and 28-0316A4B5C6D7", "probe-1 and probe-1"),
        ("serial HQ2134ABCDE, aa:bb:cc:dd:ee:ff", "serial (id), (id)"),
        ("/dev/serial/by-id/usb-VictronEnergy_VE_Direct_cable_VE4ABCD-if00-port0", "/dev/serial/by-id/(id)"),
        ("ghp16characters0f9a8b", "(secret)"),
        ("at 47.0707, 15.44: 47.5 V", "at 47, 15: 47.5 V"),
        ("https://api.forecast.solar/estimate/47.07/15.4/30/0/5.2", "https://api.forecast.solar/estimate/47/15/30/0/5"),
        ("/home/jo/pv-heater/main.py", "/home/(user)/pv-heater/main.py"),
        ("2026-12-01 12:30:05 INFO water_heater: on, 1500 W (1764592205123)", None),
        ("load:water_heater_2:power_w, history-2026-12-01.db, energy_today_2026_12", None),
    ],
)  # fmt: skip
def test_what_is_personal_goes_and_the_rest_stays(text: str, left: str | None) -> None:
    for earlier in ("heater-pi", "meter.lan", "192.168.1.20", "fe80::1ff:fe23:4567:890a"):
        SCRUB.text(earlier)  # numbers are given in this order
    assert SCRUB.text(text) == (text if left is None else left)


def test_twice_is_the_same_as_once() -> None:
    text = "http://me:you@meter.lan:8080/status?key=x fe80::9 28-0316a4b5c6d7 jo@example.org token: x"
    once = SCRUB.text(text)
    assert SCRUB.text(once) == once
