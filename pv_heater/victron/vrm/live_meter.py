"""A home behind the portal, within seconds: VRM's own broker tells what changes, and the REST API stands behind it.

An access token is all it takes: the account's e-mail, the portal ID and the broker's name come from the REST API, once
a day. While the broker is silent, cannot be reached or refuses us, the REST API is asked at its own pace; when it
speaks again it counts again, and the REST API is left in peace.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from pv_heater.core.house.reading_age import LEAST_AGE_VRM_S
from pv_heater.core.model.lean import dataclass
from pv_heater.core.model.setting import Secret, SettingProblem, setting
from pv_heater.core.model.values import Reading
from pv_heater.errors import BadReply, SourceError, Unreachable
from pv_heater.io.system.worker import retry_delay_s
from pv_heater.ports import Tools
from pv_heater.victron.vrm.api import VrmApi
from pv_heater.victron.vrm.live_access import LiveAccess, broker_host, live_access, token_ends_at
from pv_heater.victron.vrm.meter import VrmMeter

if TYPE_CHECKING:
    from pv_heater.victron.mqtt.meter import GxMqttMeter

log = logging.getLogger(__name__)

_DAY_S, _HOUR_S = 86_400.0, 3600.0
_FIRST_RETRY_S = 60.0
_LOOK_S = 5.0
"""Each of the three requests of a day may take so long: the broker is not listened to meanwhile."""
_LONGEST_WAIT_S = 2.0
"""Without a broker it is looked so often whether the REST API's turn has come, or everything ends."""
SOON_ENDS_DAYS = 14
TLS_PORT = 8883


class Live(Protocol):
    """What tells the house as it happens; see `live_link.LiveLink`."""

    @property
    def broker(self) -> Any:
        """Where and as whom it listens; comparable, with an `address`."""
        ...

    @property
    def silence_s(self) -> float:
        """Without news for so long it is silent."""
        ...

    @property
    def trouble(self) -> str | None:
        """Why there is no connection; None while one stands or begins."""
        ...

    @property
    def clock_offset_s(self) -> float | None:
        """Its clock minus ours, s."""
        ...

    def read(self) -> Reading:
        """The next reading; raises SourceError when none came for a while."""
        ...

    def close(self) -> None:
        """Disconnect."""
        ...


class LiveVrmMeter:
    """Satisfies `ports.Meter`; `read` waits for whichever of the two speaks next. For use by one thread."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Settings(VrmMeter.Settings):
        """Where and as whom VRM is asked, and whether it may tell by itself."""

        live: bool | None = setting(
            "VRM's own broker tells changes within seconds, and the REST API answers when it does not; auto: with an "
            "access token, where this is the first meter. It moves some 3 GB a month, see docs/vrm.md",
            default=None,
        )
        live_host: str | None = setting("name of that broker; auto is what VRM says", default=None)
        live_port: int = setting("port of that broker", default=TLS_PORT, minimum=1, maximum=65_535)
        portal_id: str | None = setting("VRM portal ID of the GX device; auto is what VRM says", default=None)
        ca_file: str | None = setting(
            "certificate of one more authority that may have signed that broker's, beside Victron's and the system's",
            default=None,
        )
        tls_verify: bool = setting(
            "false: any certificate of that broker will do, and whoever is in between can take the token", default=True
        )

        def __post_init__(self) -> None:
            VrmMeter.Settings.__post_init__(self)
            if self.live and not self.token:
                raise SettingProblem("needs an access token: VRM's broker takes no password any more", "live")

        def standing_by(self) -> LiveVrmMeter.Settings:
            """The same for a meter behind another one: not live, where nobody said that it should be."""
            return replace(self, live=False) if self.live is None else self

        @property
        def wants_live(self) -> bool:
            """Whether the broker is to be tried."""
            return self.live is not False and bool(self.token)

    def __init__(
        self, settings: Settings, tools: Tools, *, connect: Callable[[GxMqttMeter.Settings], Live] | None = None
    ) -> None:
        """`connect` stands in for what talks to a real broker at its real pace."""
        self._settings, self._tools, self._connect_to = settings, tools, connect
        self._clock = tools.clock
        self._rest = VrmMeter(settings, tools)
        self._live: Live | None = None
        self._closing = threading.Event()
        self._heard_s = self._clock.monotonic_s()
        """When the broker last told the house, else since when it could have."""
        self._told_at: datetime | None = None
        """When the newest live reading was taken; None before the first."""
        self._look_due_s = self._heard_s
        self._look_failures = 0
        self._rest_due_s = self._heard_s
        self._rest_failures = 0
        self._why_not = "it was not asked yet"
        """Why nothing comes from the broker; it counts while `via` is not live."""
        self._said: set[str] = set()
        self.via: str | None = None
        """Who told the newest reading, ``live`` or ``rest``; None before the first."""
        self._ends_at: datetime | None = None

    @property
    def interval_s(self) -> float:
        """0 while the broker may speak at any moment."""
        return 0.0 if self._settings.wants_live else self._rest.interval_s

    @property
    def clock_offset_s(self) -> float | None:
        """The clock of the GX device or of VRM minus ours, s; None while neither told."""
        live = self._live
        told_s = None if live is None or self.via != "live" else live.clock_offset_s
        return self._rest.clock_offset_s if told_s is None else told_s

    @property
    def raw_poll(self) -> Callable[[], dict[str, Any]] | None:
        """What asks the REST API for its raw answers, for whoever records them; None where the broker is read too."""
        return None if self._settings.wants_live else self._rest.raw_poll

    @property
    def token_days(self) -> int | None:
        """Whole days until the access token ends; None where it never does, or nobody knows."""
        return None if self._ends_at is None else (self._ends_at - self._clock.now()).days

    @property
    def remark(self) -> str:
        """Who answers, why not the other, and until when, for `check`."""
        live, days = self._live, self.token_days
        if self.via == "live" and live is not None:
            said = f"live from VRM's broker at {live.broker.address}"
        else:
            said = f"by VRM's REST API, not live: {self._why_not}" if self._settings.wants_live else "by VRM's REST API"
        return said if days is None else f"{said}; the access token is valid for {days} more days"

    def read(self) -> Reading:
        """The newest reading, from whoever has one first. Raises SourceError."""
        if not self._settings.wants_live:
            reading = self._rest.read()
            self.via = "rest"
            self._look()
            return reading
        while not self._closing.is_set():
            self._look()
            reading_or_none = self._from_live() or self._from_rest()
            if reading_or_none is not None:
                return reading_or_none
        raise Unreachable("VRM: the connection was closed")

    def close(self) -> None:
        """End both connections. From any thread; may be repeated."""
        self._closing.set()
        if self._live is not None:
            self._live.close()
        self._rest.close()

    def _from_live(self) -> Reading | None:
        """What the broker tells; None when it tells nothing for a while. Raises BadReply when what it tells is not
        whole: the REST API shows the same house, and does not know what is wrong with it."""
        live = self._live
        if live is None:
            self._closing.wait(min(_LONGEST_WAIT_S, max(0.0, self._rest_due_s - self._clock.monotonic_s())))
            return None
        try:
            reading = live.read()
        except BadReply:
            self._heard_s = self._clock.monotonic_s()
            raise
        except SourceError as error:
            self._why_not = str(error)
            return None
        self._heard_s, self._told_at = self._clock.monotonic_s(), reading.taken_at
        self._note_via("live", f"VRM: live values come from its broker at {live.broker.address}")
        return reading

    def _from_rest(self) -> Reading | None:
        """What the REST API tells, when it is its turn; None when it is not, or it knows nothing newer."""
        now_s = self._clock.monotonic_s()
        if now_s < self._rest_due_s or not self._is_silent(now_s):
            return None
        try:
            reading = self._rest.read()
        except SourceError as error:
            self._rest_failures += 1
            self._rest_due_s = now_s + retry_delay_s(self._rest.interval_s, self._rest_failures, error.retry_after_s)
            raise
        self._rest_failures, self._rest_due_s = 0, now_s + self._rest.interval_s
        # What the portal logged before the broker fell silent tells less than the broker did.
        heard_late = now_s - self._heard_s < LEAST_AGE_VRM_S
        if heard_late and self._told_at is not None and reading.taken_at <= self._told_at:
            return None
        self._note_via("rest", f"VRM: no live values: {self._why_not.rstrip('.')}. Its REST API answers instead")
        return reading

    def _is_silent(self, now_s: float) -> bool:
        """Whether the REST API is to be asked: at once where there is no broker to wait for."""
        live = self._live
        if live is None or (self._told_at is None and live.trouble is not None):
            return True
        return now_s - self._heard_s >= live.silence_s

    def _note_via(self, via: str, text: str) -> None:
        """Say it when another side answers than before."""
        if via == self.via:
            return
        if via == "rest":
            log.warning("%s.", text)
        else:
            before = "live" in self._said
            log.info("%s%s.", text, " again" if before else "; some 3 GB a month, live: false ends it")
            self._said.add("live")
        self.via = via

    def _look(self) -> None:
        """Ask the REST API who we are, where the broker is and until when the token is valid, once a day.

        Whatever it answers, the house is read on: from the broker where the settings tell enough of it.
        """
        token, now_s = self._settings.token, self._clock.monotonic_s()
        if token is None or now_s < self._look_due_s:
            return
        self._look_due_s, access = now_s + _DAY_S, None
        with self._rest.api.in_a_hurry(_LOOK_S) as api:
            try:
                user = api.me()
                if self._settings.wants_live:
                    access = live_access(user, api.extended(self._settings.installation_id)["records"][0])
            except SourceError as error:
                self._look_failures += 1
                wait_s = retry_delay_s(_FIRST_RETRY_S, self._look_failures, error.retry_after_s)
                self._look_due_s = now_s + (_HOUR_S if self.via == "live" else wait_s)
                self._why_not = str(error)
            else:
                self._look_failures = 0
                self._note_end(user, api)
        if self._settings.wants_live and (access is not None or self._live is None):
            self._connect(token, access or LiveAccess())

    def _note_end(self, user: Mapping[str, Any], api: VrmApi) -> None:
        """Note until when the token is valid, and warn in time, once."""
        try:
            self._ends_at = token_ends_at(user, api.access_tokens())
        except SourceError as error:
            log.debug("VRM did not tell until when the access token is valid: %s", error)
        if self._ends_at is not None and (self.token_days or 0) < SOON_ENDS_DAYS and "end" not in self._said:
            self._said.add("end")
            log.warning(
                "VRM: the access token is valid for %s more days, until %s. Make another one in VRM under Preferences, "
                "Integrations, and put it into meter.token; without it the house is not read any more.",
                self.token_days,
                f"{self._ends_at:%Y-%m-%d}",
            )

    def _connect(self, token: Secret, access: LiveAccess) -> None:
        """Talk to the broker that `access` and the settings name, if they name it and the site passes values on."""
        settings = self._settings
        email, portal_id = access.email or settings.username, settings.portal_id or access.portal_id
        if not access.forwards:
            self._drop("the site does not pass values on (realtimeUpdates is false): on the GX device, set "
                       "Settings, VRM online portal to Read-only or Full")  # fmt: skip
            self._look_due_s = self._clock.monotonic_s() + _HOUR_S
        elif email is None or portal_id is None:
            lacks = "the account's e-mail; write it as meter.username" if email is None else "the site's portal ID"
            if self._look_failures == 0:
                self._drop(f"VRM does not tell {lacks}")
        else:
            host = settings.live_host or access.host or broker_host(portal_id)
            self._open(host, email, portal_id, Secret(f"Token {token.reveal()}"))

    def _open(self, host: str, email: str, portal_id: str, password: Secret) -> None:
        try:
            from pv_heater.victron.mqtt.meter import GxMqttMeter
            from pv_heater.victron.vrm.live_link import LiveLink
        except ImportError as error:
            self._drop(f"the MQTT library is not installed ({error}); `. ./env.sh` brings it")
            return
        settings = self._settings
        broker = GxMqttMeter.Settings(
            host=host,
            port=settings.live_port,
            username=email,
            password=password,
            tls=True,
            ca_file=settings.ca_file,
            portal_id=portal_id,
        )
        if self._live is not None and self._live.broker == broker:
            return
        self._drop("it did not answer yet")
        if not settings.tls_verify and "verify" not in self._said:
            self._said.add("verify")
            log.warning("VRM: tls_verify is off. Whoever is between here and %s can take the access token.", host)
        if self._connect_to is None:
            self._live = LiveLink(broker, self._tools, verifies=settings.tls_verify)
        else:
            self._live = self._connect_to(broker)
        self._heard_s = self._clock.monotonic_s()
        if self._closing.is_set():  # closed while this was built
            self._live.close()

    def _drop(self, why: str) -> None:
        """No broker from now on."""
        self._why_not = why
        live, self._live = self._live, None
        if live is not None:
            live.close()
