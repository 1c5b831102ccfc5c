"""Scopes to test with: a complete one, and small ways to change it."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from sluis.scope.model import ScopeDocument

CLIENT = "practice"
CHANGE = "CHG-1042"

DAY = date(2026, 11, 2)

RECORDS: dict[str, Any] = {
    "id": "patient-records",
    "name": "Patient records",
    "host": "h1",
    "kind": "postgresql",
    "location": "practice",
    "size": 12_000_000_000,
    "items": 48_210,
    "newest": date(2026, 10, 30),
    "counted_on": DAY,
    "data_class": "special",
    "processing_agreement": "PA-2026-03",
    "criticality": "vital",
    "matters_because": "Without the records nobody can be treated.",
    "management": {"by": "provider", "agreement": "MA-14"},
    "backup": {"by": "client", "person": "The practice manager"},
    "security": {"by": "third", "name": "Example Security", "agreement": "SEC-88"},
    "allowed_locations": [{"site": "North", "country": "NL", "provider": "Example Hosting"}],
    "ends_on": "no end date",
    "disposition": {
        "what": "stays",
        "what_happens": "The records stay on the server.",
        "when": date(2036, 12, 24),
    },
}

LETTERS: dict[str, Any] = {
    "id": "letters",
    "name": "Scanned letters",
    "host": "h2",
    "kind": "directory",
    "location": "/srv/letters",
    "exclude": ["*.tmp"],
    "size": 53_000_000_000,
    "items": 61_300,
    "newest": date(2026, 10, 29),
    "counted_on": DAY,
    "data_class": "personal",
    "criticality": "low",
    "matters_because": "The paper letters are still in the archive.",
    "management": {"by": "provider", "agreement": "MA-14"},
    "backup": {"by": "provider", "agreement": "MA-14"},
    "security": {"by": "client"},
    "allowed_locations": [{"site": "South", "country": "BE", "provider": "Example Store"}],
    "ends_on": "no end date",
    "disposition": {
        "what": "stays",
        "what_happens": "The letters stay where they are.",
        "when": "no end date",
    },
}

SCOPE: dict[str, Any] = {
    "client": CLIENT,
    "change": CHANGE,
    "version": 1,
    "title": "Update of the records system",
    "job": "update",
    "summary": "The vendor has a new version. We install it on your server.",
    "language": "en",
    "client_name": "Example Practice",
    "provider_name": "Example Provider",
    "signers": [{"name": "A. Client", "role": "practice manager"}],
    "freshness_hours": 24,
    "signoff_valid_hours": 48,
    "assets": [RECORDS, LETTERS],
    "hosts_without_data": [{"host": "h3", "reason": "It only prints."}],
    "risks": [
        {
            "id": "update-breaks",
            "asset": "patient-records",
            "words": "The update can fail. Then nobody can open a record for hours.",
            "we_do": "We make a copy first and prove that it can be put back.",
            "advice": "Plan it after closing time.",
        },
        {
            "id": "letters-unlinked",
            "asset": "letters",
            "words": "A letter can end up without its record.",
            "we_do": "We count the links afterwards.",
        },
    ],
    "not_included": [
        {"id": "workstations", "words": "We do not update the workstations."},
        {"id": "training", "words": "We do not train your people."},
    ],
    "retention": {
        "snapshot_days": 90,
        "safety_copy_days": 180,
        "afterwards": "We ask you whether the copies may be destroyed.",
    },
    "way_back": {"consent": True, "words": "We put back the copy from right before."},
}


def scope_dict(changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A complete scope as plain data. ``changes`` maps ``assets.0.size`` to a value.

    A value of ``...`` takes the field out.
    """
    value: dict[str, Any] = copy.deepcopy(SCOPE)
    for path, new in (changes or {}).items():
        *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
        place: Any = value
        for step in steps:
            place = place[step]
        if new is ...:
            del place[last]
        elif isinstance(place, list) and last == len(place):
            place.append(new)
        else:
            place[last] = new
    return value


def make_scope(changes: Mapping[str, Any] | None = None) -> ScopeDocument:
    """The same as a validated document."""
    return ScopeDocument.model_validate(tuples(scope_dict(changes)))


def tuples(value: Any) -> Any:
    """Lists as the tuples that the strict model takes."""
    if isinstance(value, dict):
        return {key: tuples(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return tuple(tuples(item) for item in value)
    return value


def to_yaml(value: Any, indent: int = 0) -> str:
    """Write plain data as YAML in block style, texts in quotes, dates without."""
    pad = " " * indent
    if isinstance(value, Mapping):
        lines = []
        for key, item in value.items():
            if _is_nested(item):
                lines.append(f"{pad}{key}:\n{to_yaml(item, indent + 2)}")
            else:
                lines.append(f"{pad}{key}: {_scalar(item)}\n")
        return "".join(lines)
    lines = []
    for item in value:
        if _is_nested(item):
            body = to_yaml(item, indent + 2)
            lines.append(f"{pad}- {body[indent + 2 :]}")
        else:
            lines.append(f"{pad}- {_scalar(item)}\n")
    return "".join(lines)


def write_scope(folder: Path, changes: Mapping[str, Any] | None = None) -> Path:
    """Write ``scope.yml`` in ``folder``; return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "scope.yml"
    path.write_text("---\n" + to_yaml(scope_dict(changes)))
    return path


def _is_nested(item: Any) -> bool:
    return bool(item) and (
        isinstance(item, Mapping) or (isinstance(item, Sequence) and not isinstance(item, str))
    )


def _scalar(item: Any) -> str:
    if isinstance(item, bool):
        return "true" if item else "false"
    if isinstance(item, date):
        return item.isoformat()
    if isinstance(item, str):
        return json.dumps(item, ensure_ascii=False)
    if item in ([], ()):
        return "[]"
    return str(item)
