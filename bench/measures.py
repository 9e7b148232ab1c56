"""The measures of the tree itself, by reading its files: ``python -m bench.measures [FOLDER ...]``, or `make measures`.

Each folder is one checkout of the project, so that two commits can stand side by side. What a step costs in time is
measured by `main.py bench speed`.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path


def measures(project: Path) -> dict[str, str]:
    """What the table shows of one checkout; a row's name -> its figure."""
    package = project / "pv_heater"
    modules = {_dotted(path, project): path for path in sorted(package.rglob("*.py"))}
    lines = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in modules.items()}
    functions = {
        f"{name}.{function}": length for name, path in modules.items() for function, length in _functions(path)
    }
    folders = [path for path in [package, *package.rglob("*")] if path.is_dir() and any(path.glob("*.py"))]
    largest = max(folders, key=lambda folder: len(list(folder.glob("*.py"))))
    arrows = {name: _imports(path) & set(modules) - {name} for name, path in modules.items()}
    return {
        "files in the package's root": str(len(list(package.glob("*.py")))),
        "largest folder": f"{len(list(largest.glob('*.py')))} ({largest.relative_to(project)})",
        "modules in the package": str(len(modules)),
        "lines in the package": f"{sum(lines.values()):,}",
        "longest module": _longest(lines),
        "modules over 350 lines": str(sum(length > 350 for length in lines.values())),
        "longest function": _longest(functions),
        "functions over 50 lines": str(sum(length > 50 for length in functions.values())),
        "circles among modules": str(_circles(arrows)),
        "modules beside the package (bench)": str(len(list((project / "bench").rglob("*.py")))),
    }


def _longest(lengths: Mapping[str, int]) -> str:
    name = max(lengths, key=lambda name: lengths[name])
    return f"{lengths[name]} lines ({name.removeprefix('pv_heater.')})"


def _dotted(path: Path, project: Path) -> str:
    return ".".join(path.relative_to(project).with_suffix("").parts).removesuffix(".__init__")


def _functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def _imports(path: Path) -> set[str]:
    """Of a module's top only: what a function imports when it is called closes no circle."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def _circles(arrows: Mapping[str, set[str]]) -> int:
    """How many modules reach themselves through others."""

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        waiting = list(arrows[start])
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                waiting += arrows[name]
        return seen

    return sum(name in reached(name) for name in arrows)


def _table(columns: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    rows = list(next(iter(columns.values())))
    yield "| | " + " | ".join(columns) + " |"
    yield "|---" * (len(columns) + 1) + "|"
    for row in rows:
        yield f"| {row} | " + " | ".join(column[row] for column in columns.values()) + " |"


if __name__ == "__main__":
    checkouts = [Path(word) for word in sys.argv[1:]] or [Path(__file__).parents[1]]
    for text in _table({str(checkout): measures(checkout.resolve()) for checkout in checkouts}):
        print(text)  # noqa: T201 - a table for whoever runs it
