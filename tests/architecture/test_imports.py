"""Who may import whom: one table, and every module of the project stands in one of its rows."""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

PROJECT = Path(__file__).parents[2]
MODULES = sorted(
    [PROJECT / "main.py", *(PROJECT / "pv_heater").rglob("*.py"), *(PROJECT / "bench").rglob("*.py")],
)

CORE = frozenset({"core"})
ADAPTERS = frozenset({"meters", "forecasts", "loads", "sensors", "displays", "tariffs", "telemetry", "victron"})
WRAPPERS = {
    "forecasts.cached",
    "forecasts.chain",
    "tariffs.market_prices",
    "tariffs.price_feed",
    "loads.dry_run",
    "loads.network.networked",
}
"""Of no brand: they stand between the program and any adapter of their kind."""
OF_AN_ADAPTER = {"io", "ports", "errors"} | CORE

MAY_IMPORT: dict[str, frozenset[str] | set[str]] = {
    "main": {"cli.door", "commands.off"},
    "pv_heater": {"config.load", "controller", "core.model"},
    "cli": {"commands", "report", "run", "config", "core.model", "errors", "version"},
    "cli.bench": {"bench", "config", "strategies", "core.model"},
    "commands": {
        "run",
        "report",
        "history",
        "sim",
        "config",
        "controller",
        "rule_files",
        "io",
        "pictures",
        "web.settings",
        "web.access",
        "web.calls",
        "ports",
        "errors",
        "version",
    }
    | CORE
    | ADAPTERS,
    "run": {
        "controller",
        "rule_files",
        "report",
        "history",
        "config",
        "status",
        "telemetry",
        "web",
        "ports",
        "io",
        "errors",
        *WRAPPERS,
    }
    | CORE,
    "controller": {"config"} | CORE,
    "config": {
        "web.settings",
        "telemetry.messages.settings",
        "core.settings",
        "core.model",
        "core.conditions",
        "errors",
        "version",
    },
    "config.load": ADAPTERS
    | {
        "strategies",
        "telemetry.messages",
        "core.actuators",
        "core.conditions",
        "core.settings",
        "core.model",
        "errors",
    },
    "rule_files": OF_AN_ADAPTER | {"version"},
    "report": {"core.model"},
    "status": {"ports", "version"} | CORE,
    "web": {"status", "version"} | OF_AN_ADAPTER,
    "telemetry": {"status", "version"} | OF_AN_ADAPTER,
    "meters": OF_AN_ADAPTER,
    "forecasts": OF_AN_ADAPTER,
    "loads": OF_AN_ADAPTER,
    "sensors": OF_AN_ADAPTER,
    "displays": OF_AN_ADAPTER,
    "tariffs": OF_AN_ADAPTER,
    "history": OF_AN_ADAPTER,
    "victron": {"meters", "loads", "sensors", "forecasts"} | OF_AN_ADAPTER,
    "sim": {"ports", "errors"} | CORE,
    "pictures": {"sim"} | CORE,
    "strategies": {"core.house", "core.actuators", "core.settings", "core.model"},
    "io": {"ports", "core.model", "core.settings", "errors"},
    "ports": {"core.model", "core.settings"},
    "errors": set(),
    "core.expected_effect": {"core.commands", "core.duties", "core.house", "core.settings", "core.model"},
    "core.commands": {"core.duties", "core.loads", "core.vacations", "core.model"},
    "core.vacations": {"core.settings", "core.model"},
    "core.kept_state": {
        "core.own_draw",
        "core.vacations",
        "core.duties",
        "core.rules",
        "core.loads",
        "core.house",
        "core.actuators",
        "core.model",
    },
    "core.own_draw": {"core.loads", "core.house", "core.actuators", "core.model"},
    "core.decision": {"core.rules", "core.loads", "core.house", "core.settings", "core.model"},
    "core.plan": {"core.duties", "core.loads", "core.house", "core.settings", "core.model"},
    "core.duties": {"core.loads", "core.house", "core.settings", "core.model"},
    "core.rules": {"core.loads", "core.house", "core.settings", "core.conditions", "core.model"},
    "core.loads": {"core.house", "core.actuators", "core.settings", "core.model"},
    "core.house": {"core.actuators", "core.settings", "core.model"},
    "core.actuators": {"core.settings", "core.model"},
    "core.settings": {"core.conditions", "core.model"},
    "core.conditions": {"core.model"},
    "core.model": set(),
    "bench": {"pv_heater"},
}
"""Row -> what its modules may import beside themselves, both as dotted beginnings below `pv_heater`. `main`, `bench`
and `pv_heater` itself stand for the door of the program, the benches and the public names, `version` for what the
package says of itself (version and folder). The longest row counts."""

HOMES = {
    "requests": {"io.net.http_library"},
    "tenacity": {"io.net.http"},
    "urllib3": {"io.net.http", "io.net.http_connections"},
    "gpiozero": {"io.gpio.lgpio", "io.gpio.mock", "io.gpio.rpigpio"},
    "lgpio": {"io.gpio.lgpio"},
    "astral": {"core.house.sun"},
    "yaml": {"config.yaml_lines", "config.yaml_edit"},
    "typer": {"cli"},
    "scipy": {"bench.capture.bound"},
    "distributed": {"commands.whatif.executor"},
    "zeroconf": {"io.net.mdns"},
    "bottle": {"web.application"},
    "waitress": {"io.net.web_server"},
    "serial": {"io.net.serial_port"},
    "smtplib": {"io.net.smtp"},
    "apprise": {"io.net.apprise_child"},
    "paho": {"io.net.mqtt", "io.net.mqtt_client", "bench.doubles.gx_mqtt"},
    "pymodbus": {"io.net.modbus", "bench.doubles.gx_modbus"},
    "sqlite3": {"io.system.database"},
    "socket": {"io.net", "io.system", "bench.doubles", "bench.cost.footprint", "bench.cost.page"},
}
"""Library -> where it may be imported; a few neighbours where one file would be too long."""

PURE_LIBRARIES = {"astral"}
"""Calculations and declarations, allowed in the core."""


@cache
def name_of(path: Path) -> str:
    """`pv_heater/core/model/words.py` is `core.model.words`, `pv_heater/__init__.py` is `pv_heater`."""
    parts = [*path.relative_to(PROJECT).with_suffix("").parts]
    if parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts[1:] if parts[0] == "pv_heater" and len(parts) > 1 else parts)


class Parsed(NamedTuple):
    """What is asked of a module's syntax tree, which is made once and not kept."""

    imports: frozenset[str]
    """Dotted names, those of the project below `pv_heater` as `name_of` writes them."""
    at_the_top: frozenset[str]
    """Modules, and what may be one, of what is imported at the top."""
    sets_attributes: bool
    """On import."""


@cache
def parsed(path: Path) -> Parsed:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    top = set()
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module:
            module = node.module.removeprefix("pv_heater.")
            top |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    targets = (target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets)
    sets_attributes = any(isinstance(target, ast.Attribute) for target in targets)
    return Parsed(frozenset(_imports(tree, path)), frozenset(top), sets_attributes)


def imports(path: Path) -> frozenset[str]:
    return parsed(path).imports


def _imports(tree: ast.Module, path: Path) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} uses a relative import"
            assert node.module is not None
            if node.module != "pv_heater":
                yield node.module.removeprefix("pv_heater.")
            elif {alias.name for alias in node.names} <= {"__version__", "PROJECT_FOLDER"}:
                yield "version"
            else:
                yield from (alias.name if alias.name.islower() else "pv_heater" for alias in node.names)


def row_of(name: str) -> str | None:
    parts = name.split(".")
    return next((row for n in range(len(parts), 0, -1) if (row := ".".join(parts[:n])) in MAY_IMPORT), None)


def below(name: str, beginnings: frozenset[str] | set[str]) -> bool:
    return any(name == beginning or name.startswith(beginning + ".") for beginning in beginnings)


def own(name: str) -> bool:
    """Whether an imported name is the project's."""
    return name == "version" or row_of(name) is not None or name.split(".")[0] == "core"


def test_every_module_stands_in_a_row_and_every_row_has_modules() -> None:
    rows = {row_of(name_of(path)) for path in MODULES if name_of(path) != "core"}
    assert None not in rows, [name_of(path) for path in MODULES if row_of(name_of(path)) is None]
    assert rows == set(MAY_IMPORT)


@pytest.mark.parametrize("row", MAY_IMPORT)
def test_a_module_imports_only_what_its_row_allows(row: str) -> None:
    room = row if row.startswith("core.") else row.split(".")[0]
    allowed = set(MAY_IMPORT[row]) | {room}
    if row == "bench":
        return  # a bench may look at everything
    wrong = {
        (name_of(path), name)
        for path in MODULES
        if row_of(name_of(path)) == row
        for name in imports(path)
        if own(name) and not below(name, allowed)
    }
    assert not wrong


def test_only_one_room_of_the_package_knows_the_benches() -> None:
    knowing = {name_of(path) for path in MODULES if any(below(name, {"bench"}) for name in imports(path))}
    assert {name for name in knowing if not below(name, {"bench", "cli.bench"})} == set()


def test_no_module_imports_itself_by_a_detour() -> None:
    """Imports at the top of a module only: what a function imports when it is called closes no circle."""
    names = {name_of(path) for path in MODULES}
    arrows = {name_of(path): parsed(path).at_the_top & names for path in MODULES}
    done: set[str] = set()

    def walk(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, " -> ".join([*way[way.index(name) :], name])
        if name in done:
            return
        for other in arrows.get(name, ()):
            walk(other, (*way, name))
        done.add(name)

    for name in arrows:
        walk(name, ())


@pytest.mark.parametrize("folder", ["meters", "forecasts", "loads", "sensors", "displays", "tariffs", "telemetry"])
def test_adapters_never_import_each_other(folder: str) -> None:
    """An adapter is what a table of `type:` names; what two of them share is a module of its own."""
    rows = (PROJECT / "pv_heater" / folder / "__init__.py").read_text(encoding="utf-8")
    adapters = {name for path in MODULES if below(name := name_of(path), {folder}) and f"pv_heater.{name}:" in rows}
    assert adapters
    for path in MODULES:
        if (name := name_of(path)) in adapters:
            assert not imports(path) & (adapters - {name}), f"{name} imports another adapter"


@pytest.mark.parametrize("library", HOMES)
def test_every_library_has_one_home(library: str) -> None:
    users = {name_of(path) for path in MODULES for name in imports(path) if name.split(".")[0] == library}
    assert users
    assert {user for user in users if not below(user, HOMES[library])} == set()


@pytest.mark.parametrize("folder", ["core", "strategies"])
def test_the_core_is_pure(folder: str) -> None:
    impure = {"os", "time", "threading", "socket", "subprocess", "logging", "pathlib", "random", "io", "sys"}
    for path in MODULES:
        if below(name_of(path), {folder}):
            libraries = {name.split(".")[0] for name in imports(path) if not own(name)}
            assert not libraries & impure, path
            assert libraries <= set(sys.stdlib_module_names) | PURE_LIBRARIES, path
            assert "datetime.now(" not in path.read_text(encoding="utf-8"), path


def test_the_houses_measures_hold() -> None:
    """Four files in the package's root, no folder of more than twenty."""
    package = PROJECT / "pv_heater"
    assert sorted(path.name for path in package.glob("*.py")) == [
        "__init__.py",
        "controller.py",
        "errors.py",
        "ports.py",
    ]
    for folder in {path.parent for path in MODULES if path.parent != PROJECT}:
        assert len(list(folder.glob("*.py"))) <= 20, folder


def test_nothing_but_tables_and_constants_lives_at_module_level() -> None:
    """No mutable module state: assignments at module level are upper case, underscored constants, or dunder."""
    assert [module for module in MODULES if parsed(module).sets_attributes] == []
