"""Rights that cannot be given are counted and named before anybody signs, and told at the end."""

from __future__ import annotations

from typing import Any

import pytest

from sluis.border.verbs.tenant_reconcile import Ahead
from sluis.tenant.import_plan import plan_import
from sluis.tenant.import_policy import LEAVE_OUT, ImportPolicy
from sluis.tenant.import_report import Failure
from sluis.tenant.on_worker import ahead_of, behind_in
from sluis.tenant.tenant_manifest import ManifestLine

A, B = "a@old.example", "b@old.example"


def _named(who: str, **more: Any) -> dict[str, Any]:
    return {"id": who, "grantedToIdentitiesV2": [{"user": {"email": who}}], **more}


LINE = ManifestLine(
    path="plan.docx", type="file", item_id="1", stored="c", size=1, sha256="a" * 64,
    permissions=(
        _named(A, link={"scope": "users", "type": "blocksDownload"}),
        _named(B, link={"scope": "users", "type": "createOnly"}),
        {"id": "3", "roles": ["sp.approve"], "grantedToV2": {"user": {"email": B}}},
        # what the map gives nothing, and what is given, is no such right
        {"id": "4", "roles": ["read"], "grantedToV2": {"user": {"email": "c@old.example"}}},
        {"id": "5", "roles": ["read"], "link": {"scope": "anonymous", "type": "view"}},
    ),
)  # fmt: skip


def _policy(*leave_out: str, permissions: bool = True) -> ImportPolicy:
    users = {A: "a@new.example", B: "b@new.example", "c@old.example": None, "link:anonymous": None}
    return ImportPolicy.from_data(
        {
            "users": users,
            "leave_out": ["narrower-rights", *leave_out],
            "permissions": permissions,
        }
    )


@pytest.mark.parametrize(
    ("policy", "asked"),
    [
        (_policy(), {"right-not-givable": 3}),
        (_policy("folder-was-there"), {"right-not-givable": 3}),
        (_policy("right-not-givable"), {}),
        (_policy(permissions=False), {}),
    ],
    ids=["not signed", "another signed", "signed", "no rights"],
)
def test_a_right_that_cannot_be_given_has_to_be_signed(
    policy: ImportPolicy, asked: dict[str, int]
) -> None:
    """It was in no count, so nobody was asked."""
    assert plan_import([LINE], policy, url_length=60).not_agreed(policy) == asked


def test_each_is_named_for_the_client_and_for_the_operator() -> None:
    plan = plan_import([LINE], _policy(), url_length=60)
    refused = Failure("", "right-not-givable", "3", "")
    said = {
        **plan.as_data(), "to_send": 1, "bytes_to_send": 1, "refusals": [vars(refused)],
    }  # fmt: skip
    assert [(one.path, one.code) for one in behind_in(said)] == [
        # the client signs by name what more people may reach there (M1)
        ("plan.docx", "narrower-rights"),
        (f"plan.docx: {A}", "right-not-givable"),
        (f"plan.docx: {B}", "right-not-givable"),
        (f"plan.docx: {B}", "right-not-givable"),
    ]
    ahead: Ahead = ahead_of(said, "a" * 64, 3)
    (refusal,) = ahead.refusals
    assert len(refusal.examples) == 3
    assert refusal.examples[0].startswith(f"plan.docx ('not told' of {A}: it lets nobody download")


def test_every_reason_that_can_be_signed_is_one_of_the_scope_s() -> None:
    from typing import get_args

    from sluis.scope.moving import LeaveOut

    assert set(get_args(LeaveOut)) == set(LEAVE_OUT)
