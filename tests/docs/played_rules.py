"""Rule files in virtual time: each is asked about the picture of the step before, as in the live program."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pv_heater.core.model.requests import Command, Mode
from pv_heater.core.model.values import Decision
from pv_heater.rule_files.child import checked, load_rule
from pv_heater.rule_files.home import Home, NotKnown, RuleMemory
from tests.builders import House


class RuledHouse:
    """A house with rule files; `answers` stands for the world outside, by kind."""

    def __init__(self, house: House, rules: dict[str, Path], **answers: bool | None) -> None:
        self.house = house
        self.memories = {load: RuleMemory() for load in rules}
        self._rules = {load: load_rule(path) for load, path in rules.items()}
        self.answers = answers

    def at(self, seconds: float, *commands: Command, **fields: Any) -> Decision:
        """One step, in which the rules' answers to the picture before it count."""
        wishes = {load: self._wish(load, seconds) for load in self._rules}
        return self.house.at(seconds, inputs={"wishes": wishes, "commands": commands}, **fields)

    def _wish(self, load: str, seconds: float) -> Mode | None:
        picture = self.house.controller.rules.picture()
        if picture is None:
            return Mode.OFF
        home = Home(load, picture, seconds, self.memories[load], lambda kind, _target: self.answers.get(kind))
        try:
            wish = checked(self._rules[load](home)).wish
        except NotKnown:
            return Mode.OFF
        return None if wish is None else Mode(wish)
