"""What messages say, in three languages. Reasons and advice are the page's own (`pv_heater.status.words`)."""

from __future__ import annotations

from collections.abc import Mapping

from pv_heater.status.words import words_of

SENTENCES: Mapping[str, Mapping[str, str]] = {
    "en": {
        "over": "Over: {what}",
        "lasted": "It lasted {time}.",
        "repeat": "Still so after {time}.",
        "several": "{count} loads",
        "meanwhile": "Over by itself in the quiet hours",
        "meanwhile.line": "{from}-{to} {what}",
        "more": "and {count} more",
        "dropped": "{count} messages could not be sent within a day and were dropped: {titles}",
        "dropped.title": "Messages were lost",
        "dry": "Nothing is switched: this is a dry run.",
        "test": "A test of pv-heater",
        "test.text": "If you can read this, messages arrive.",
        "on": "on with {power}",
        "off": "off",
        "summary": "The day: {caught} of sun",
        "summary.none": "The day: no sun for the loads",
        "caught": "The loads caught {caught} of {possible} that they could have had.",
        "foresight": "Against the same day without the heater {caught} were gained, of {possible} with foresight.",
        "lost": "Lost: {parts}.",
        "saved": "That is worth {saved}.",
        "bought": "{bought} were bought for them.",
        "bought.for": "{bought} were bought for them, for {cost}.",
        "uncounted": "Nobody counted today.",
        "load": "{load}: {energy} today.",
        "load.at": "{load}: {temperature} °C, {energy} today.",
        "tomorrow": "Tomorrow {sun} of sun are expected, {loads} of them for the loads.",
        "tomorrow.sun": "Tomorrow {sun} of sun are expected.",
        "tomorrow.battery": "The battery then holds {percent} % in the evening.",
        "tomorrow.buys": "{energy} will be bought for {load}, from {time} on.",
        "tomorrow.unknown": "What tomorrow brings is not known.",
        "standing": "Still open: {what}.",
    },
    "de": {
        "over": "Vorbei: {what}",
        "lasted": "Es dauerte {time}.",
        "repeat": "Noch immer so nach {time}.",
        "several": "{count} Lasten",
        "meanwhile": "In der Ruhezeit von selbst vorbeigegangen",
        "meanwhile.line": "{from}-{to} {what}",
        "more": "und {count} weitere",
        "dropped": "{count} Nachrichten konnten einen Tag lang nicht gesendet werden und wurden verworfen: {titles}",
        "dropped.title": "Nachrichten gingen verloren",
        "dry": "Es wird nichts geschaltet: ein Trockenlauf.",
        "test": "Ein Test von pv-heater",
        "test.text": "Wer das liest, bei dem kommen Nachrichten an.",
        "on": "ein mit {power}",
        "off": "aus",
        "summary": "Der Tag: {caught} Sonne",
        "summary.none": "Der Tag: keine Sonne für die Lasten",
        "caught": "Die Lasten bekamen {caught} von {possible}, die sie hätten haben können.",
        "foresight": "Gegen denselben Tag ohne Heizstab wurden {caught} gewonnen, von {possible} mit Voraussicht.",
        "lost": "Verloren: {parts}.",
        "saved": "Das ist {saved} wert.",
        "bought": "{bought} wurden für sie gekauft.",
        "bought.for": "{bought} wurden für sie gekauft, für {cost}.",
        "uncounted": "Heute wurde nicht gezählt.",
        "load": "{load}: heute {energy}.",
        "load.at": "{load}: {temperature} °C, heute {energy}.",
        "tomorrow": "Morgen werden {sun} Sonne erwartet, {loads} davon für die Lasten.",
        "tomorrow.sun": "Morgen werden {sun} Sonne erwartet.",
        "tomorrow.battery": "Die Batterie hat dann am Abend {percent} %.",
        "tomorrow.buys": "{energy} werden für {load} gekauft, ab {time}.",
        "tomorrow.unknown": "Was morgen kommt, ist nicht bekannt.",
        "standing": "Noch offen: {what}.",
    },
    "fr": {
        "over": "Terminé : {what}",
        "lasted": "Cela a duré {time}.",
        "repeat": "Toujours ainsi après {time}.",
        "several": "{count} charges",
        "meanwhile": "Passé tout seul pendant les heures calmes",
        "meanwhile.line": "{from}-{to} {what}",
        "more": "et {count} autres",
        "dropped": "{count} messages n'ont pas pu être envoyés en un jour et ont été abandonnés : {titles}",
        "dropped.title": "Des messages sont perdus",
        "dry": "Rien n'est commuté : c'est un essai à blanc.",
        "test": "Un essai de pv-heater",
        "test.text": "Si vous lisez ceci, les messages arrivent.",
        "on": "en marche à {power}",
        "off": "arrêté",
        "summary": "La journée : {caught} de soleil",
        "summary.none": "La journée : pas de soleil pour les charges",
        "caught": "Les charges ont reçu {caught} sur {possible} possibles.",
        "foresight": "Par rapport au même jour sans chauffage : {caught} gagnés, sur {possible} en sachant tout.",
        "lost": "Perdu : {parts}.",
        "saved": "Cela vaut {saved}.",
        "bought": "{bought} ont été achetés pour elles.",
        "bought.for": "{bought} ont été achetés pour elles, pour {cost}.",
        "uncounted": "Rien n'a été compté aujourd'hui.",
        "load": "{load} : {energy} aujourd'hui.",
        "load.at": "{load} : {temperature} °C, {energy} aujourd'hui.",
        "tomorrow": "Demain, {sun} de soleil sont attendus, dont {loads} pour les charges.",
        "tomorrow.sun": "Demain, {sun} de soleil sont attendus.",
        "tomorrow.battery": "La batterie aura alors {percent} % le soir.",
        "tomorrow.buys": "{energy} seront achetés pour {load}, à partir de {time}.",
        "tomorrow.unknown": "Ce que demain apportera n'est pas connu.",
        "standing": "Encore ouvert : {what}.",
    },
}


class Words:
    """Sentences and numbers in one language."""

    def __init__(self, language: str) -> None:
        self._own = SENTENCES[language]
        self._page = words_of(language)
        self._comma = language != "en"

    def say(self, key: str, **values: object) -> str:
        """One of `SENTENCES`."""
        return self._own[key].format(**values)

    def rule(self, code: str) -> str:
        """What is wrong, by the code of the alarm."""
        return self._page.get(f"rule.{code}", code.replace("_", " "))

    def advice(self, code: str, otherwise: str) -> str:
        """What to do about it."""
        return self._page.get(f"help.{code}", otherwise)

    def lost(self, cause: str) -> str:
        """Why sun was lost."""
        return self._page.get(f"lost.{cause}", cause.replace("_", " "))

    def number(self, value: float, digits: int) -> str:
        """With the language's own decimal sign."""
        text = f"{round(value, digits) + 0.0:.{digits}f}"  # no -0.0
        return text.replace(".", ",") if self._comma else text

    def kwh(self, energy_wh: float) -> str:
        """An energy."""
        return f"{self.number(energy_wh / 1000.0, 1)} kWh"

    def lasting(self, seconds: float) -> str:
        """A time that has gone by."""
        if seconds < 5400:
            return f"{max(1, round(seconds / 60))} min"
        return f"{self.number(seconds / 3600, 1 if seconds < 36_000 else 0)} h"


def named(load: str) -> str:
    """A load's name as people say it."""
    return load.replace("_", " ")
