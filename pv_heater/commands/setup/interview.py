"""The questions of `init`, each answered by an option, by the person at the terminal, or by its default."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

from pv_heater.commands.detect import Gx, Ports, question, search
from pv_heater.commands.detect_text import meter_of
from pv_heater.commands.setup.answers import DIMMER, PASSWORD_FILE, RELAY, SERVO, TOKEN_FILE, Heater, Home, pin_of
from pv_heater.commands.setup.victron import Site, first_reading, vrm_sites
from pv_heater.config.presets import preset_words
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import SettingProblem
from pv_heater.core.model.values import Reading
from pv_heater.errors import ConfigError, SourceError
from pv_heater.io.net.mdns import Announced

LOCALTIME = Path("/etc/localtime")
METERS = ("gx", "vrm")


_Answer = TypeVar("_Answer")
Read = Callable[[Sequence[Mapping[str, Any]], Path], tuple[Reading | None, str | None]]


class Asker(Protocol):
    """Somebody who answers, or nobody."""

    def ask(self, question: str, default: str | None, *, hidden: bool = False) -> str | None:
        """The answer, `default` where that is fine; None: nobody is there, and there is no default."""
        ...

    def say(self, line: str) -> None:
        """Tell what was found."""
        ...

    def hears(self, problem: str) -> bool:
        """Tell what is wrong with an answer; whether there is somebody who can give another."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Interview:
    """All answers, and the secrets that go into files of their own beside the settings."""

    home: Home
    secrets: Mapping[str, str]


class Questions:
    """`given`: what the options say, by the name of the option. Raises ConfigError where an answer is missing."""

    def __init__(
        self,
        given: Mapping[str, Any],
        asker: Asker,
        folder: Path,
        keep: Callable[[str, str], None],
        read: Read = first_reading,
    ) -> None:
        """`keep` writes a secret into a file in `folder`: (file name, text). `read` asks the meters."""
        self._read = read
        self._given = {key: value for key, value in given.items() if value is not None}
        self._asker, self._folder, self._keep = asker, folder, keep
        self._secrets: dict[str, str] = {}

    def home(self) -> Interview:
        """Ask everything, the meter first: it answers some of the rest."""
        meters = self._meters()
        reading, why = self._read(meters, self._folder)
        if reading is None:
            self._asker.say(f"The meter does not answer yet: {why}")
        else:
            soc = "" if reading.battery_soc_percent is None else f", battery at {reading.battery_soc_percent:.0f} %"
            pv = "" if reading.pv_w is None else f"PV {reading.pv_w:.0f} W"
            self._asker.say(f"It answers: {pv}{soc}.")
        has_battery = reading is None or reading.battery_soc_percent is not None
        place = self._place()
        home = Home(
            name=self._text("name", "What is the home called?", "Home"),
            latitude=place[0],
            longitude=place[1],
            timezone=self._timezone(),
            pv_kwp=self._number("pv-kwp", "Peak power of the modules, kWp (empty: unknown)", optional=True),
            battery_wh=self._number("battery-wh", "Usable capacity of the battery, Wh (empty: none)", optional=True)
            if has_battery
            else None,
            inverter_w=self._number(
                "inverter-w", "Continuous output of the inverter that the heater hangs behind, W (empty: on the grid)",
                optional=True,
            ),
            meters=meters,
            heater=self._heater(),
            page=self._yes("page", "A page in the browser of this machine?", default=True),
        )  # fmt: skip
        return Interview(home=home, secrets=self._secrets)

    def wants_service(self) -> bool:
        """Whether it is to start with the machine."""
        return self._yes("service", "Start with the machine, as a service?", default=False)

    def _right(self, key: str, once: Callable[[], _Answer]) -> _Answer:
        """What `once` asks for, until it is right; what an option said is not asked for again."""
        while True:
            try:
                return once()
            except ConfigError as error:
                if key in self._given or not self._asker.hears(error.problems[0].removeprefix("--")):
                    raise

    def _meters(self) -> list[dict[str, Any]]:
        kind = self._choice("meter", "Where do the values come from, a GX device here or the VRM portal?", METERS)
        return self._right("host", self._gx) if kind == "gx" else [self._right("vrm-token", self._vrm)]

    def _gx(self) -> list[dict[str, Any]]:
        found: list[Gx] = []
        if "host" not in self._given:
            self._asker.say("Looking for a GX device ...")
            found = [gx for gx in search(scan=False, progress=lambda _done, _of: None).found if gx.ways]
        default = found[0].address if found else "venus.local"
        host, _, port = self._text("host", "Name or address of the GX device", default).partition(":")
        gx = next((gx for gx in found if gx.address == host), None)
        if gx is None:
            ports = Ports(mqtt=int(port)) if port.isdecimal() else Ports()
            gx = question(Announced(address=host, name=""), ports, 4.0)
        if not gx.ways:
            raise _missing(
                f"--host: no GX device answers at {host}; switch on MQTT Access or the Modbus TCP server in its menu, "
                "Settings, Integrations; `python main.py detect` looks for it"
            )
        meters = meter_of(gx)
        if any("password" in meter for meter in meters):
            self._secret("gx-password", "Password of the GX device", PASSWORD_FILE)
        return meters

    def _vrm(self) -> dict[str, Any]:
        token = self._secret("vrm-token", "Access token (VRM, Preferences, Integrations)", TOKEN_FILE)
        base_url = self._given.get("vrm-url")
        number = self._given.get("installation")
        if number is None:
            try:
                sites = vrm_sites(token, base_url)
            except SourceError as error:
                raise _missing(f"--vrm-token: {error}") from None
            number = self._site(sites)
        extra = {} if base_url is None else {"base_url": base_url}
        return {"type": "vrm", "token": f"file:{TOKEN_FILE}", "installation_id": int(number), **extra}

    def _site(self, sites: list[Site]) -> int:
        if not sites:
            raise _missing("--installation: the portal shows no site to this token; give the number of your site")
        if len(sites) == 1:
            self._asker.say(f"The portal shows one site: {sites[0].name}, {sites[0].number}.")
            return sites[0].number
        for site in sites:
            self._asker.say(f"  {site.number}  {site.name}")
        numbers = [str(site.number) for site in sites]
        return int(self._choice("installation", "Which site, by its number?", numbers, default=None))

    def _heater(self) -> Heater:
        presets = preset_words("loads")
        kinds = [SERVO, RELAY, DIMMER, *presets]
        kind = self._choice(
            "heater",
            f"How is it switched: {SERVO}, {RELAY}, {DIMMER}, or a preset such as {presets[0]}?",
            kinds,
        )
        power_w = self._number("heater-power", "Its power, W, as on its plate")
        name = self._text("heater-name", "What is it called? Letters, digits, underscores", "water_heater")
        if kind not in (SERVO, RELAY):
            host = self._text("heater-host", "Name or address of the device", None)
            return Heater(kind=kind, name=name, power_w=power_w or 0.0, host=host)
        return Heater(
            kind=kind,
            name=name,
            power_w=power_w or 0.0,
            relay_pin=self._pin("relay-pin", "Pin of the relay, such as BOARD11 or GPIO17", "BOARD11"),
            active_high=self._yes("active-high", "Does a high level close the relay?", default=True),
            servo_pin=self._pin("servo-pin", "Pin of the servo", "BOARD40") if kind == SERVO else "",
        )

    def _place(self) -> tuple[float | None, float | None]:
        latitude = self._number(
            "latitude", "Latitude of the roof, such as 47.05 (empty: unknown)", optional=True, most=90.0
        )
        if latitude is None:
            return None, None
        return latitude, self._number("longitude", "Longitude, east is positive, such as 15.44", most=180.0)

    def _timezone(self) -> str:
        return self._right("timezone", self._zone)

    def _zone(self) -> str:
        zone = self._text("timezone", "Time zone", own_zone())
        try:
            ZoneInfo(zone)
        except (ValueError, OSError, KeyError):
            raise _missing(f"--timezone: must be a time zone such as Europe/Vienna, not {zone!r}") from None
        return zone

    def _secret(self, key: str, question_: str, file: str) -> str:
        text = str(self._given.get(key) or self._asker.ask(question_, None, hidden=True) or "").strip()
        if not text:
            raise _missing(f"--{key} is missing: {question_}")
        self._secrets[file] = text
        self._keep(file, text)
        return text

    def _text(self, key: str, question_: str, default: str | None) -> str:
        return self._right(key, lambda: self._text_once(key, question_, default))

    def _text_once(self, key: str, question_: str, default: str | None) -> str:
        answer = self._given.get(key)
        if answer is None:
            answer = self._asker.ask(question_, default)
        text = str(answer if answer is not None else "").strip()
        if not text:
            raise _missing(f"--{key} is missing: {question_}")
        return text

    def _choice(self, key: str, question_: str, words: Any, default: str | None = "") -> str:
        return self._right(key, lambda: self._word_of(words, key, question_, default))

    def _word_of(self, words: Any, key: str, question_: str, default: str | None) -> str:
        word = self._text(key, question_, words[0] if default == "" else default)
        if word not in words:
            raise _missing(f"--{key} must be one of {', '.join(words)}, not {word!r}")
        return word

    def _number(self, key: str, question_: str, *, optional: bool = False, most: float | None = None) -> float | None:
        """`most`: it lies between that below 0 and that above."""
        return self._right(key, lambda: self._number_once(key, question_, optional=optional, most=most))

    def _number_once(self, key: str, question_: str, *, optional: bool, most: float | None) -> float | None:
        answer = self._given.get(key)
        if answer is None:
            answer = self._asker.ask(question_, "" if optional else None)
        text = str(answer if answer is not None else "").strip()
        if not text and optional:
            return None
        try:
            value = float(text)
        except ValueError:
            wrong = f"must be a number, not {text!r}" if text else "is missing"
            raise _missing(f"--{key} {wrong}: {question_}") from None
        if most is not None and not -most <= value <= most:
            raise _missing(f"--{key} must be between {-most:g} and {most:g}, not {value:g}")
        return value

    def _pin(self, key: str, question_: str, default: str) -> str:
        return self._right(key, lambda: self._pin_once(key, question_, default))

    def _pin_once(self, key: str, question_: str, default: str) -> str:
        try:
            return pin_of(self._text(key, question_, default))
        except SettingProblem as problem:
            raise _missing(f"--{key} {problem}") from None

    def _yes(self, key: str, question_: str, *, default: bool) -> bool:
        answer = self._given.get(key)
        if isinstance(answer, bool):
            return answer
        word = str(self._asker.ask(f"{question_} yes or no", "yes" if default else "no") or "").lower()
        return word in ("y", "yes", "true", "1") if word else default


def own_zone() -> str:
    """The time zone of this machine; UTC where it does not say."""
    try:
        return str(os.readlink(LOCALTIME)).partition("zoneinfo/")[2] or "UTC"
    except OSError:
        return "UTC"


def _missing(problem: str) -> ConfigError:
    return ConfigError("init", [problem])
