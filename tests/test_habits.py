"""What whoever works here relies on: the locked versions, the list that `make` prints, one idea of what is checked."""

import re
import shutil
import subprocess
import tomllib
from itertools import product
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from pv_heater import __version__

PROJECT = Path(__file__).parent.parent
CHECKS = ("ruff check", "ruff format --check", "mypy")

MACHINES = [
    pytest.param({"python_version": python, "python_full_version": f"{python}.2", "platform_machine": machine,
                  "sys_platform": "linux", "os_name": "posix", "platform_system": "Linux"}, id=f"{python}-{machine}")
    for python, machine in product(("3.11", "3.13"), ("armv6l", "armv7l", "aarch64", "x86_64"))
]  # fmt: skip


def text(name: str) -> str:
    return (PROJECT / name).read_text(encoding="utf-8")


def locked(name: str) -> list[Requirement]:
    lines = (line for line in text(f"requirements/{name}.txt").splitlines() if not line.lstrip().startswith("#"))
    return [Requirement(line) for line in lines if line]


def asked_for(*extras: str) -> list[Requirement]:
    project = tomllib.loads(text("pyproject.toml"))["project"]
    lines = [*project["dependencies"], *(line for name in extras for line in project["optional-dependencies"][name])]
    return [Requirement(line) for line in lines]


def fits(requirement: Requirement, machine: dict[str, str]) -> bool:
    return requirement.marker is None or requirement.marker.evaluate(machine)


def versions(name: str, machine: dict[str, str]) -> dict[str, str]:
    """The one version of each package that pip takes from a locked set on `machine`."""
    found = [(canonicalize_name(one.name), str(one.specifier)) for one in locked(name) if fits(one, machine)]
    assert len(dict(found)) == len(found), "two versions of one package"
    return {package: version.removeprefix("==") for package, version in found}


EXTRAS = re.findall(r"^EXTRAS := (.*)$", text("Makefile"), re.MULTILINE)[0].split()


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(("name", "extras"), [("run", EXTRAS), ("dev", [*EXTRAS, "bench", "dev"])])
def test_the_locked_set_has_what_the_project_asks_for_on_each_machine(
    name: str, extras: list[str], machine: dict[str, str]
) -> None:
    have = versions(name, machine)
    for one in asked_for(*extras):
        package = canonicalize_name(one.name)
        assert fits(one, machine) == (package in have) or package in have, f"make lock: {package} is missing"
        assert not fits(one, machine) or one.specifier.contains(have[package]), f"make lock: {package} {have[package]}"


@pytest.mark.parametrize("machine", MACHINES)
def test_a_home_runs_the_versions_that_the_tests_ran(machine: dict[str, str]) -> None:
    run, dev = versions("run", machine), versions("dev", machine)
    assert run == {package: dev[package] for package in run}


def test_only_a_pi_gets_the_libraries_of_its_pins() -> None:
    wanted = {
        ("3.11", "armv6l"): {"rpi-gpio"},
        ("3.11", "armv7l"): {"rpi-gpio", "lgpio"},
        ("3.11", "aarch64"): {"rpi-gpio", "lgpio"},
        ("3.13", "aarch64"): {"rpi-gpio"},
        ("3.13", "x86_64"): set(),
    }
    for parameter in MACHINES:
        machine = parameter.values[0]
        key = (machine["python_version"], machine["platform_machine"])
        if key in wanted:
            assert versions("run", machine).keys() & {"rpi-gpio", "lgpio"} == wanted[key]


@pytest.mark.parametrize("name", ["run", "dev"])
def test_a_locked_set_is_exact_and_names_no_index(name: str) -> None:
    for one in locked(name):
        assert re.fullmatch(r"==[\w.]+", str(one.specifier)), one
        assert one.url is None
    assert not re.search(r"^ *--|://", text(f"requirements/{name}.txt"), re.MULTILINE)


def make(*words: str) -> str:
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    return subprocess.run(["make", *words], cwd=PROJECT, capture_output=True, text=True, check=True).stdout


def test_make_alone_lists_every_target() -> None:
    lines = text("Makefile").replace("\\\n", " ")
    targets = set(re.findall(r"^\.PHONY: (.*)$", lines, re.MULTILINE)[0].split())
    assert targets == set(re.findall(r"^([a-z][a-z-]*):", lines, re.MULTILINE))
    assert targets == set(re.findall(r"^  make (\S+) +\S", make(), re.MULTILINE))


def test_whoever_checks_checks_the_same() -> None:
    """Before a commit, by `make check`, and when a change is handed in."""
    hooks = yaml.safe_load(text(".pre-commit-config.yaml"))["repos"][0]["hooks"]
    for checks in ([hook["entry"] for hook in hooks], make("-n", "check").splitlines(), text(".ci/run").splitlines()):
        for check in CHECKS:
            assert any(f"{check} ".rstrip() in line for line in checks), (check, checks)


def test_a_public_forge_runs_what_is_run_here() -> None:
    job = yaml.safe_load(text(".github/workflows/test.yml"))["jobs"]["test"]
    assert ".ci/run" in [step.get("run") for step in job["steps"]]
    oldest = tomllib.loads(text("pyproject.toml"))["project"]["requires-python"].removeprefix(">=")
    assert oldest in job["strategy"]["matrix"]["python"]


def test_the_version_is_the_same_wherever_it_stands() -> None:
    newest = re.findall(r"^## (\d+\.\d+\.\d+) - ", text("CHANGELOG.md"), re.MULTILINE)[0]
    assert __version__ == tomllib.loads(text("pyproject.toml"))["project"]["version"] == newest
