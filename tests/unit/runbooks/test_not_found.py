"""What stays in a tenant, says the scope, and is not there: the engineer hears it."""

from __future__ import annotations

from typing import Any

import pytest

from sluis.border.tenant import Drive
from sluis.border.verbs.tenant_discover import Answer, SitePart, Workload
from sluis.runbook.tenant_discovering import not_found
from sluis.scope.model import ScopeDocument
from support.divided import drive
from support.scopes import make_scope

SITE = "https://old.example/sites/team"
FOUND = Answer(
    sources=(Drive("sharepoint", "b!one", "Team", "b!one"),),
    workloads=(
        Workload("mailboxes", 3, True, "Counted."),
        Workload("plans", 0, True, "Counted."),
        Workload("forms", None, False, "Nobody may look."),
        Workload("bookings", None, True, "There is no count."),
    ),
    could_not=(),
    parts=(SitePart("list", "s1", "Tasks", "l1", SITE),),
)


def scope(location: str, **fields: Any) -> ScopeDocument:
    changes = {f"assets.1.{name}": value for name, value in fields.items()}
    return make_scope(
        {
            "assets.1.kind": "other",
            "assets.1.location": location,
            "assets.1.exclude": ...,
            **changes,
        }
    )


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("old: mailboxes", False),
        ("old: plans", True),
        ("old: forms", False),  # unknown is not no
        ("old: bookings", False),
        ("old: mailbox", True),
        (f"old: lists of {SITE}", False),
        ("old: lists of https://old.example/sites/gone", True),
        ("other: plans", False),  # another tenant's
    ],
)
def test_what_stays_and_was_not_found_is_said(location: str, said: bool) -> None:
    found = not_found(scope(location), "old", FOUND)
    assert len(found) == said
    assert all(line.startswith("letters stays") and location in line for line in found)


def test_what_moves_is_not_remarked_upon() -> None:
    moves = {"what": "migrate", "to": "There.", "by": drive("x")["disposition"]["by"],
             "old_copy": "It stays."}  # fmt: skip
    assert not_found(scope("old: plans", disposition=moves), "old", FOUND) == []
