"""docs/rules.md names what there is, no more and no less."""

import inspect
import re

import yaml

from pv_heater import PROJECT_FOLDER
from pv_heater.config.load import load_config
from pv_heater.core.conditions.names import LOAD_NAMES, SITE_NAMES, Kind, Name
from pv_heater.core.conditions.parser import parse
from pv_heater.rule_files.home import Home
from tests.builders import config

PAGE = (PROJECT_FOLDER / "docs" / "rules.md").read_text(encoding="utf-8")
UNITS = {Kind.NUMBER: "", Kind.WORD: "word", Kind.TRUTH: "true or false"}


def row(key: str, name: Name) -> str:
    words = f": {', '.join(name.words)}" if name.words else ""
    return f"| `{key}` | {name.unit or UNITS[name.kind]} | {name.help}{words} |"


def table(title: str) -> list[str]:
    part = PAGE[PAGE.index(f"| {title} |") :].split("\n\n")[0]
    return part.splitlines()[2:]


def test_the_names_are_those_of_the_code() -> None:
    assert table("Of the home") == [row(key, name) for key, name in SITE_NAMES.items()]
    assert table("Of a load") == [row(key, name) for key, name in LOAD_NAMES.items()]


def _block(begin: str) -> str:
    """The YAML of the page that begins so."""
    return next(text for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) if text.startswith(begin))


def test_every_condition_on_the_page_can_be_read() -> None:
    found = re.findall(r"^\s+(?:on_|only_)?when: (.+)$", PAGE, re.MULTILINE)
    assert len(found) >= 2
    own = re.findall(r"^  (\w+):(?: {type|$)", PAGE[PAGE.index("## Values of your own") :], re.MULTILINE)
    for text in found:
        parse(text, values=own)
    assert load_config(config(values=yaml.safe_load(_block("values:\n"))["values"])).values.keys() == set(own)


def test_every_helper_of_a_rule_file_is_on_the_page() -> None:
    helpers = [name for name, _ in inspect.getmembers(Home, inspect.isfunction) if not name.startswith("_")]
    assert helpers
    for name in helpers:
        assert f"`home.{name}(" in PAGE, name


def test_every_example_is_on_the_page() -> None:
    files = sorted((PROJECT_FOLDER / "Files" / "rules" / "examples").glob("*.py"))
    named = (
        "battery full, charging ends, float for a while, five minutes a day, after another load, five minutes after "
    )
    named += "another load, a computer that is on, a file that is there, hours by season"
    assert len(files) == named.count(",") + 1
    assert named in PAGE.replace("\n", " ")
