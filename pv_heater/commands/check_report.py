"""What `main.py check` found: one thing looked at each, and all of them as a report."""

from __future__ import annotations

from dataclasses import field
from typing import Any

from pv_heater.core.model.lean import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at. `exit_code` is 0 when it is as it should be."""

    what: str
    says: str
    exit_code: int = 0
    warning: bool = False


@dataclass(frozen=True, slots=True)
class CheckReport:
    """All findings; the first that is wrong decides the exit code, settings and wiring before sources."""

    findings: list[Finding] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0 when all is well."""
        return next((finding.exit_code for finding in self.findings if finding.exit_code), 0)

    def as_lines(self) -> list[str]:
        """For people: one line a finding."""
        marks = {(False, False): "ok     ", (False, True): "warning", (True, False): "WRONG  ", (True, True): "WRONG  "}
        return [f"{marks[(bool(item.exit_code), item.warning)]} {item.what}: {item.says}" for item in self.findings]

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "ok": self.exit_code == 0,
            "findings": [
                {"what": item.what, "says": item.says, "exit_code": item.exit_code, "warning": item.warning}
                for item in self.findings
            ],
        }
