"""Who may import whom, read from the source itself."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "pv_heater"
MODULES = sorted(PACKAGE.rglob("*.py"))

PURE_LIBRARIES = {"astral", "attr", "attrs"}
"""Calculations and declarations, allowed in the core."""

HOMES = {
    "requests": {"io/http.py", "io/http_lines.py"},
    "tenacity": {"io/http.py"},
    "urllib3": {"io/http.py", "io/http_lines.py"},
    "gpiozero": {"io/lgpio_pins.py", "io/mock_pins.py", "io/rpigpio_pins.py"},
    "lgpio": {"io/lgpio_pins.py"},
    "astral": {"core/daylight.py"},
    "yaml": {"config_yaml.py"},
    "cattrs": {"config_structure.py"},
    "typer": {"cli.py", "cli_bench.py", "cli_calibrate.py", "cli_detect.py", "cli_text.py"},
    "scipy": {"bench/bound.py"},
    "zeroconf": {"io/mdns.py"},
    "serial": {"io/serial_port.py"},
    "paho": {"io/mqtt.py", "io/mqtt_client.py", "bench/gx_peer.py"},
    "pymodbus": {"io/modbus.py", "bench/modbus_gx.py"},
    "socket": {
        "bench/brokers.py",
        "io/asking.py",
        "io/control.py",
        "io/deadline.py",
        "io/http_lines.py",
        "io/peer.py",
        "io/lan_scan.py",
        "io/modbus.py",
        "io/mqtt_client.py",
        "io/names.py",
        "io/watchdog.py",
        "bench/footprint.py",
        "bench/gx_peer.py",
    },
}
"""Every third-party I/O library, and the clock, has exactly one home (a home may be a few neighbouring files)."""

ALLOWED = {
    "core": {"core"},
    "strategies": {"core", "strategies"},
    "meters": {"meters", "ports", "core", "errors", "io"},
    "forecasts": {"forecasts", "ports", "core", "errors", "io"},
    "loads": {"loads", "ports", "core", "errors", "io"},
    "sensors": {"sensors", "ports", "core", "errors", "io"},
    "displays": {"displays", "ports", "core", "errors", "io", "report"},
    "sensing": {"ports", "io"},
    "io": {"io", "ports", "core", "errors"},
    "rules": {"rules", "io", "ports", "core", "errors"},
    "sim": {"sim", "loop", "controller", "report", "ports", "core", "errors"},
    "ports": {"core"},
    "errors": set(),
    "controller": {"config", "core"},
    "loop": {"controller", "core", "ports", "errors"},
    "report": {"core", "day_summary", "log_lines"},
    "day_summary": {"core", "log_lines"},
    "log_lines": {"core"},
}
"""First part below pv_heater -> what it may import of pv_heater."""


def imports(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} uses a relative import"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names if node.module == "pv_heater")


def part(name: str) -> str:
    return name.split(".")[1] if name.startswith("pv_heater.") else ""


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_what_its_place_allows(module: Path) -> None:
    place = module.relative_to(PACKAGE).parts[0].removesuffix(".py")
    allowed = ALLOWED.get(place)
    if allowed is None:
        return
    wrong = {name for name in imports(module) if part(name) and part(name).removesuffix(".py") not in allowed}
    assert not wrong


@pytest.mark.parametrize("folder", ["meters", "forecasts", "loads", "sensors", "displays"])
def test_adapters_never_import_each_other(folder: str) -> None:
    tables = {"vrm": {"vrm_api", "vrm_bodies", "vrm_records"}}
    rows = (PACKAGE / folder / "__init__.py").read_text(encoding="utf-8")
    adapters = {path.stem for path in (PACKAGE / folder).glob("*.py") if f"{folder}.{path.stem}:" in rows}
    for name in adapters:
        others = {item.split(".")[2] for item in imports(PACKAGE / folder / f"{name}.py") if part(item) == folder}
        assert not (others & adapters), f"{folder}/{name} imports another adapter"
    assert adapters or folder not in tables


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_library_has_one_home(module: Path) -> None:
    where = str(module.relative_to(PACKAGE))
    for name in imports(module):
        library = name.split(".")[0]
        if library in HOMES:
            assert where in HOMES[library], f"{where} imports {library}; its home is {sorted(HOMES[library])}"


@pytest.mark.parametrize(
    "module", [path for path in MODULES if path.relative_to(PACKAGE).parts[0] in ("core", "strategies")],
    ids=lambda path: str(path.relative_to(PACKAGE)),
)  # fmt: skip
def test_the_core_is_pure(module: Path) -> None:
    impure = {"os", "time", "threading", "socket", "subprocess", "logging", "pathlib", "random", "requests", "yaml"}
    assert not ({name.split(".")[0] for name in imports(module)} & impure)
    assert "datetime.now(" not in module.read_text(encoding="utf-8")


def test_nothing_but_tables_and_constants_lives_at_module_level() -> None:
    """No mutable module state: assignments at module level are upper case, underscored constants, or dunder."""
    for module in MODULES:
        for node in ast.parse(module.read_text(encoding="utf-8")).body:
            targets = node.targets if isinstance(node, ast.Assign) else []
            for target in targets:
                assert not isinstance(target, ast.Attribute), f"{module} sets an attribute on import"
