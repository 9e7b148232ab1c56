"""What each load's rule answers now, for `main.py check`: with what the meter and the forecast say at this moment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, suppress

from pv_heater.config import Config
from pv_heater.controller import Controller
from pv_heater.core.rules import RuleAnswers, Wishes
from pv_heater.core.types import Forecast, Inputs, Reading
from pv_heater.errors import SourceError
from pv_heater.findings import Finding
from pv_heater.ports import Tools
from pv_heater.rules.files import RuleFiles, strays
from pv_heater.rules.live import rules_folder
from pv_heater.rules.runner import RuleRunner

ROUNDS = 5
"""So often rules are asked at most, half a second apart: a ping takes up to a second to be answered."""
PAUSE_S = 0.5


def ask_rules(config: Config, tools: Tools) -> Iterator[Finding]:
    """Each load that has a rule, and the rule files that belong to no load; nothing is asked of a home without."""
    loads, folder = [policy.name for policy in config.policies], rules_folder(config.path)
    if folder is not None:
        for path in strays(folder, loads):
            text = f"belongs to no load; the loads are {', '.join(loads)}, and a rule file is called like its load"
            yield Finding(what=f"rule file {path.name}", says=text, warning=True)
    files = RuleFiles(folder, loads) if folder is not None else RuleFiles.none()
    with_file = set(files.look())
    with_condition = {policy.name for policy in config.policies if policy.when or policy.on_when or policy.only_when}
    if not (with_file or with_condition):
        return
    controller = Controller(config)
    answers, failed = _answers(controller, files, config, tools)
    for name in loads:
        if name in with_file | with_condition:
            yield _finding(name, answers, failed)


def _finding(name: str, answers: RuleAnswers, failed: Mapping[str, str]) -> Finding:
    what = f"loads.{name} rule"
    if name in failed:
        return Finding(what=what, says=f"off: {failed[name]}", exit_code=2)
    wish = answers.wishes.get(name)
    says = "no opinion, the surplus decides" if wish is None else f"{wish}: {answers.because[name]}"
    remark = answers.remarks.get(name)
    return Finding(what=what, says=f"{says}; {remark}" if remark else says, warning=remark is not None)


def _answers(
    controller: Controller, files: RuleFiles, config: Config, tools: Tools
) -> tuple[RuleAnswers, Mapping[str, str]]:
    """What all rules together answer, and the words of rule files that failed."""
    reading, forecast = _reading(config, tools), _forecast(config, tools)

    def step(wishes: Wishes) -> None:
        inputs = Inputs(
            tick_s=tools.clock.monotonic_s(),
            wishes=wishes.wishes,
            wish_because=wishes.because,
            probes=wishes.probes,
        )
        controller.step(tools.clock.now(), reading, forecast, inputs)

    step(Wishes())
    rules, clock = controller.rules, tools.clock
    with closing(RuleRunner(files, rules.picture, rules.probes, clock.monotonic_s)) as runner:
        for _ in range(ROUNDS):
            runner.round(rules.picture() or {})
            step(runner.wishes())
            if not runner.waits():
                break
            clock.wait_until(clock.monotonic_s() + PAUSE_S)
        return rules.latest, runner.failures()


def _reading(config: Config, tools: Tools) -> Reading | None:
    """Of the first meter that answers; a recording has no now."""
    for row in config.meter:
        if row.type != "recording":
            with suppress(SourceError), closing(row.build(tools)) as meter:
                reading: Reading = meter.read()
                return reading
    return None


def _forecast(config: Config, tools: Tools) -> Forecast | None:
    for row in config.forecast:
        with suppress(SourceError):
            forecast: Forecast = row.build(tools).fetch(tools.clock.now())
            return forecast
    return None
