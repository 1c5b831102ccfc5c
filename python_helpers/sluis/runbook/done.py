"""What came of a task, for the operator: what each of our tasks tells Ansible in the same way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Done:
    """What came of it; filled in while the work goes on.

    Args:
        changed: whether anything was.
        lines: what was done, a sentence each.
        warnings: what somebody has to look at, a sentence each.
    """

    changed: bool = False
    lines: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def as_result(self) -> dict[str, Any]:
        """The same as what an action plugin returns."""
        return {
            "changed": self.changed,
            "msg": self.lines,
            "sluis_progress": self.lines,
            "warnings": self.warnings,
        }
