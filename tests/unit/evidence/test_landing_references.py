"""A hand-over rests on looks at landing folders that were really made (B4)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sluis.evidence.predicates import Handover, Landing, LandingFolder, LandingLook, Machine
from sluis.evidence.references import reference_findings
from support.evidence_made import digest_of, view_of

DAY = datetime(2027, 1, 1, tzinfo=UTC)


def landing(*, looked: bool) -> Landing:
    place = LandingFolder(
        tenant="new", drive="b!two", folder="Own", item_id="1", web_url="", deadline=DAY,
        made_at=DAY,
    )  # fmt: skip
    look = LandingLook(
        state="arriving", late=False, files=1, bytes=3, expected_from="nothing", words="One."
    )
    return Landing(
        asset="own", machine=Machine(host="w", target="ssh://w"), place=place,
        look=look if looked else None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("looks", "holds"),
    [
        ({"own": digest_of(2)}, True),
        ({"own": digest_of(1)}, False),  # it was made, and nobody looked
        ({"other": digest_of(2)}, False),
        ({"own": digest_of(9)}, False),
        ({}, True),
    ],
)
def test_case_B4_verify_finds_a_look_that_was_never_made(
    looks: dict[str, str], holds: bool
) -> None:
    handover = Handover(result="failed", sentence="Done.", landings=looks)
    view = view_of(tuple((b, DAY) for b in (landing(looked=False), landing(looked=True), handover)))
    found = list(reference_findings(view.statements))
    assert ([f.what for f in found] == ["references"]) is holds
