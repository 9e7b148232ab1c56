"""Which keys a file is written in: those of this version, of an earlier one, or of a system before it.

`legacy_keys` knows the keys of the earlier heater optimizer, `predecessors` those of other systems.
"""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

from pv_heater.config.legacy_keys import has_flat_keys, unflatten
from pv_heater.config.predecessors import balancer_lines, take_out_pvmonit, take_out_router
from pv_heater.config.yaml_lines import Document, Problem, Unreadable, read_text

SCHEMA = 1
MIGRATIONS = {0: unflatten}
"""From each earlier layout to the next; 0 is the flat keys of the earlier heater optimizer."""


def migrate(document: Document) -> list[Problem]:
    """Bring the document to the present layout; returns what was renamed. A newer layout is a problem."""
    take_out_pvmonit(document)
    take_out_router(document)
    given = str(document.values.pop("schema", SCHEMA))
    if not given.isdecimal() or int(given) > SCHEMA:
        message = f"is {given!r}, but this version reads layouts up to {SCHEMA}; update the program"
        document.problems.append(Problem(("schema",), message))
    first = 0 if has_flat_keys(document) or not given.isdecimal() else int(given)
    return [warning for version in range(first, SCHEMA) for warning in MIGRATIONS[version](document)]


def is_of_this_layout(document: Document) -> bool:
    """Whether a file is written in the words of this version, so that each setting stands where it is named."""
    copy = deepcopy(document)
    renamed = migrate(copy)
    copy.values.pop("schema", None)
    return not renamed and copy.values == {key: item for key, item in document.values.items() if key != "schema"}


def earlier_file(path: Path | None) -> list[str]:
    """What to say of a file of an earlier system that is not YAML; empty where it is none."""
    try:
        return [] if path is None else balancer_lines(read_text(path))
    except Unreadable:
        return []
