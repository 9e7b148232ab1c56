"""From one status document after the other to messages, by the owner's settings. Pure: time is given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from pv_heater.core.model.numbers import day_in
from pv_heater.telemetry.messages.hour_limit import HourLimit
from pv_heater.telemetry.messages.incidents import Found, Incidents, together
from pv_heater.telemetry.messages.kinds import KINDS
from pv_heater.telemetry.messages.message import Message, Urgency
from pv_heater.telemetry.messages.settings import MessageSettings
from pv_heater.telemetry.messages.summary import summary_of
from pv_heater.telemetry.messages.words import Words, named

LATEST_SUMMARY = timedelta(hours=3)
"""So late a day is still summed up, where the program did not run at its hour."""


class Teller:
    """What is to be told, and when."""

    def __init__(self, settings: MessageSettings, words: Words) -> None:
        self._settings, self._words = settings, words
        codes = {code for code, kind in KINDS.items() if kind.usual or code in settings.also} - {*settings.without}
        self._kinds = {code: KINDS[code] for code in codes}
        self._incidents = Incidents(self._kinds)
        self._limit = HourLimit(words)
        self._summed_on: date | None = None
        self._was_on: dict[str, bool] = {}

    def look(self, document: Mapping[str, Any], now: datetime, now_s: float) -> list[Message]:
        """What is to be told at `now`, in the owner's zone, of this document; `now_s` is monotonic."""
        if not document["loads"]:
            return []  # before the first tick nothing is known, and least of all that something is over
        quiet = self.is_quiet(now)
        found = self._incidents.look(document, now_s, quiet=quiet)
        messages = [self._message(what, group, document, now) for (what, _), group in together(found).items()]
        messages += self._transitions(document, now, quiet=quiet)
        messages += self._summary(document, now)
        return self._limit.passed(messages, now, now_s, quiet=quiet)

    def is_quiet(self, now: datetime) -> bool:
        """Whether nobody is to be woken but for danger."""
        begin, end, clock = self._settings.quiet_from, self._settings.quiet_to, now.time()
        return begin <= clock < end if begin <= end else clock >= begin or clock < end

    def test(self, now: datetime, text: str | None = None) -> Message:
        """One that only shows that messages arrive."""
        title, words = self._words.say("test"), text or self._words.say("test.text")
        return Message(title=title, text=words, urgency=Urgency.ALARM, kind="test", at=now)

    def as_json(self, now: datetime, now_s: float) -> dict[str, Any]:
        """What must survive a restart."""
        return {
            "summed_on": None if self._summed_on is None else self._summed_on.isoformat(),
            "incidents": self._incidents.as_json(now, now_s),
        }

    def restore(self, saved: Mapping[str, Any], now: datetime, now_s: float) -> None:
        """Take back what `as_json` gave; anything else is ignored."""
        self._summed_on = day_in(saved, "summed_on")
        self._incidents.restore(saved.get("incidents"), now, now_s)

    def _message(self, what: str, group: Sequence[Found], document: Mapping[str, Any], now: datetime) -> Message:
        words, first = self._words, group[0]
        if what == "was":
            title = words.say("meanwhile")
            lines = [self._was_line(item, now) for item in group]
        elif what == "over":
            title = words.say("over", what=self._what(group))
            lines = [words.say("lasted", time=words.lasting(first.lasted_s))]
        else:
            title = self._capital(self._what(group))
            lines = [self._text_of(item, several=len(group) > 1) for item in group]
            if what == "still":
                lines.append(words.say("repeat", time=words.lasting(first.lasted_s)))
            lines += [words.advice(first.code, first.help)]
        loud = Urgency.DANGER if first.danger else Urgency.ALARM
        return self._written(
            title, lines, loud if what in ("new", "still") else Urgency.NEWS, what_kind(what, first), document, now
        )

    def _written(
        self,
        title: str,
        lines: Sequence[str],
        urgency: Urgency,
        kind: str,
        document: Mapping[str, Any],
        now: datetime,
    ) -> Message:
        dry = [self._words.say("dry")] if document["flags"]["dry_run"] else []
        text = "\n".join(line for line in [*lines, *dry] if line)
        title = f"{document['site']['name']}: {title}"
        return Message(title=title, text=text.replace("degC", "°C"), urgency=urgency, kind=kind, at=now)

    def _what(self, group: Sequence[Found]) -> str:
        """Of which load, and what is wrong."""
        first = group[0]
        rule = self._words.rule(first.code)
        if first.load is None:
            return rule
        whose = named(first.load) if len(group) == 1 else self._words.say("several", count=len(group))
        return f"{whose}: {rule}"

    @staticmethod
    def _text_of(item: Found, *, several: bool) -> str:
        text = f"{item.text[:1].upper()}{item.text[1:]}".rstrip(".")
        if not text:
            return ""
        return f"{named(item.load)}: {item.text.rstrip('.')}." if several and item.load else f"{text}."

    def _was_line(self, item: Found, now: datetime) -> str:
        end_at = now - timedelta(seconds=item.ago_s)
        begin_at = end_at - timedelta(seconds=item.lasted_s)
        values = {"from": f"{begin_at:%H:%M}", "to": f"{end_at:%H:%M}", "what": self._what([item])}
        return self._words.say("meanwhile.line", **values)

    @staticmethod
    def _capital(text: str) -> str:
        return f"{text[:1].upper()}{text[1:]}"

    def _transitions(self, document: Mapping[str, Any], now: datetime, *, quiet: bool) -> Iterator[Message]:
        """A load went on or off."""
        words = self._words
        for load in document["loads"] if self._settings.transitions else ():
            on = load["phase"] == "heating"
            before = self._was_on.get(load["name"])
            self._was_on[load["name"]] = on
            if before is None or before == on or quiet:
                continue
            power = f"{words.number(load['power_w'] / 1000, 2)} kW"
            title = f"{named(load['name'])}: {words.say('on', power=power) if on else words.say('off')}"
            because = load["why"]["because"]
            text = f"{self._capital(because)}." if because else ""
            yield self._written(self._capital(title), [text], Urgency.NEWS, "transition", document, now)

    def _summary(self, document: Mapping[str, Any], now: datetime) -> Iterator[Message]:
        """Once a day, at its hour."""
        due_at = datetime.combine(now.date(), self._settings.summary_at, now.tzinfo)
        if not self._settings.summary or self._summed_on == now.date():
            return
        if now < due_at:
            self._summed_on = self._summed_on or now.date() - timedelta(days=1)
            return
        is_first, self._summed_on = self._summed_on is None, now.date()
        if is_first or now - due_at > LATEST_SUMMARY:
            return
        title, text = summary_of(document, now, self._words)
        standing = [self._standing_text(row) for row in document["alarms"] if row["code"] in self._kinds]
        lines = [text, self._words.say("standing", what="; ".join(standing)) if standing else ""]
        yield self._written(title, lines, Urgency.NEWS, "summary", document, now)

    def _standing_text(self, row: Mapping[str, Any]) -> str:
        rule = self._words.rule(row["code"])
        return rule if row["load"] is None else f"{named(row['load'])}: {rule}"


def what_kind(what: str, first: Found) -> str:
    """The `kind` of a message about something found."""
    return {"over": "over", "was": "meanwhile"}.get(what, first.code)
