"""What the page says in each language: the same sentences everywhere, and words for all that can decide."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from pv_heater.core.model.requests import Mode
from pv_heater.core.model.rule_id import Rule
from pv_heater.core.model.values import Phase
from pv_heater.status.alarms import HELP
from pv_heater.web.openapi import DOCUMENT

PAGE = Path(__file__).parents[2] / "pv_heater" / "web" / "page"
LANGUAGES = ("en", "de", "fr")
STRATEGY_RULES = ("plan", "balance", "balance_blind", "bucket", "forecast_gap", "probe", "phase", "priority")
KEY = re.compile(r"""\bt\(\s*["'`]([a-z][\w.-]*)["'`]""")


def words(language: str) -> dict[str, str]:
    """What the first screen says, and what the pages behind it say."""
    first, more = in_file(f"{language}.json"), in_file(f"{language}.more.json")
    assert not set(first) & set(more)
    return {**first, **more}


def in_file(name: str) -> dict[str, str]:
    """Read so that a key that stands twice is an error and not the last one's word."""

    def unique(pairs: list[tuple[str, str]]) -> dict[str, str]:
        keys = [key for key, _ in pairs]
        assert len(keys) == len(set(keys)), f"twice in {name}: {sorted({key for key in keys if keys.count(key) > 1})}"
        return dict(pairs)

    text = (PAGE / "lang" / name).read_text(encoding="utf-8")
    found: dict[str, str] = json.loads(text, object_pairs_hook=unique)
    return found


def placeholders(text: str) -> list[str]:
    return sorted(re.findall(r"\{\w+\}", text))


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_every_language_says_the_same_with_the_same_numbers(language: str) -> None:
    english, other = words("en"), words(language)
    assert list(other) == list(english)
    differ = {key: text for key, text in other.items() if placeholders(text) != placeholders(english[key])}
    assert not differ
    assert not [key for key, text in other.items() if english[key] and not text.strip()]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_rule_phase_and_mode_has_its_words(language: str) -> None:
    known = words(language)
    wanted = [f"rule.{rule}" for rule in (*Rule, *STRATEGY_RULES)]
    wanted += [f"{kind}.{phase}" for phase in Phase for kind in ("phase", "does")]
    wanted += [f"mode.{mode}" for mode in Mode]
    assert not [key for key in wanted if not known.get(key)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_alarm_says_what_is_wrong_and_what_to_do(language: str) -> None:
    known = words(language)
    assert not [key for code in HELP for key in (f"rule.{code}", f"help.{code}") if not known.get(key)]
    if language == "en":
        assert {code: known[f"help.{code}"] for code in HELP} == {str(code): text for code, text in HELP.items()}


@pytest.mark.parametrize("language", LANGUAGES)
def test_whoever_else_steers_the_battery_has_a_badge(language: str) -> None:
    steering = json.loads(DOCUMENT.read_text(encoding="utf-8"))["components"]["schemas"]["Steering"]["properties"]
    known = words(language)
    assert not [by for by in steering["by"]["enum"] if f"badge.{by}" not in known]


def test_every_key_that_the_page_names_exists() -> None:
    known = words("en")
    named = {key: path.name for path in PAGE.glob("*.js") for key in KEY.findall(path.read_text(encoding="utf-8"))}
    assert not {key: file for key, file in named.items() if key not in known}
