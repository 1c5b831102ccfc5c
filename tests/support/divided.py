"""Scopes of moves in which the workers are left open, to divide."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sluis.scope.model import ScopeDocument
from support.scopes import LETTERS, scope_dict, tuples

OLD = "old"


def drive(name: str, **more: Any) -> dict[str, Any]:
    """An asset that is fetched from a tenant by whichever worker; ``...`` takes a field out."""
    asset: dict[str, Any] = {
        **{k: v for k, v in LETTERS.items() if k not in ("host", "exclude")},
        "id": name, "name": f"Drive {name}", "kind": "sharepoint", "criticality": "normal",
        "location": f"https://old.example/{name}",
        "origin": {"by": "tenant", "tenant": OLD, "drive": f"b!{name}"},
        "disposition": {
            "what": "migrate", "to": "There.", "by": date(2027, 1, 1), "old_copy": "It goes.",
            "into": {"tenant": "new", "drive": f"b!to-{name}"},
        },
        **more,
    }  # fmt: skip
    return {key: value for key, value in asset.items() if value is not ...}


def move_data(*drives: dict[str, Any]) -> dict[str, Any]:
    """The scope of a move as plain data, with a risk for each asset."""
    risks = [
        {"id": f"lost-{one['id']}", "asset": one["id"], "we_do": "We compare every file.",
         "words": f"Files of drive {one['id']} could be missing afterwards."}
        for one in drives
    ]  # fmt: skip
    return scope_dict(
        {
            "assets": list(drives), "risks": risks, "job": "migration", "hosts_without_data": [],
            "way_back.consent": False,
        }
    )  # fmt: skip


def move(*drives: dict[str, Any]) -> ScopeDocument:
    """The same as a validated document."""
    return ScopeDocument.model_validate(tuples(move_data(*drives)))


def sized(sizes: Sequence[tuple[int | None, int | None]]) -> ScopeDocument:
    """A move of one drive for each pair of bytes and items; ``None`` is not counted."""
    drives = []
    for number, (size, items) in enumerate(sizes):
        why = "Nobody counted it." if None in (size, items) else ...
        known = {"size": ... if size is None else size, "items": ... if items is None else items}
        drives.append(drive(f"d{number:02}", unknown_because=why, **known))
    return move(*drives)
