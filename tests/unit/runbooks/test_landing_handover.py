"""What an incomplete landing folder means for a hand-over (B4)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from sluis.evidence.predicates import Landing, LandingFolder, LandingLook, Machine
from sluis.runbook.landing_handover import landed
from support.evidence_made import digest_of, view_of
from support.scopes import make_scope

DAY = datetime(2027, 1, 1, 23, 59, 59, tzinfo=UTC)
BEFORE, AFTER = DAY - timedelta(days=3), DAY + timedelta(seconds=1)
PLACE = {"tenant": "new", "drive": "b!two", "folder": "Client", "account": "a@new.example"}
SCOPE = make_scope(
    {
        "job": "migration",
        "assets.1.disposition": {
            "what": "client moves it", "to": "There.", "owner": "A. Client",
            "deadline": date(2027, 1, 1), "if_late": "We call.", "landing": PLACE,
        },
    }
)  # fmt: skip
NAME = SCOPE.assets[1].id


def look(state: Any = "arriving", **more: Any) -> Landing:
    place = LandingFolder(
        tenant="new", drive="b!two", folder="Client", item_id="1", web_url="", deadline=DAY,
        made_at=BEFORE,
    )  # fmt: skip
    found = LandingLook(
        state=state, late=False, files=1, bytes=3, expected_from="the scope", words="One of two."
    )
    fields = {"asset": NAME, "machine": Machine(host="w", target="ssh://w"), "place": place}
    return Landing(**{**fields, "look": found, **more})


def said(now: datetime, *bodies: Landing, since: int = 1) -> tuple[tuple[str, ...], dict[str, str]]:
    made = look(look=None)
    found = landed(view_of(tuple((body, BEFORE) for body in (made, *bodies))), SCOPE, since, now)
    return found.missing, found.looks


def test_case_B4_before_its_deadline_it_stops_nothing_and_stands_in_the_record() -> None:
    assert said(BEFORE, look("nothing has arrived")) == ((), {NAME: digest_of(2)})
    view = view_of(((look(look=None), BEFORE), (look(), BEFORE)))
    (sentence,) = landed(view, SCOPE, 1, BEFORE).sentences
    assert "is not all there, and is not ours to move: One of two." in sentence


@pytest.mark.parametrize("state", ["nothing has arrived", "arriving", "not verified"])
def test_case_B4_after_its_deadline_what_is_not_known_to_be_there_stops_it(state: str) -> None:
    (missing,), _ = said(AFTER, look(state))
    assert f"landing folder of {NAME}" in missing
    assert "sign another deadline" in missing


def test_case_B4_everything_there_is_handed_over_at_any_time() -> None:
    assert said(AFTER, look("everything has arrived")) == ((), {NAME: digest_of(2)})


def test_case_B4_a_folder_that_nobody_looked_in_is_not_handed_over() -> None:
    for bodies in ((), (look(look=None, not_seen="The folder is gone."),)):
        (missing,), looks = said(BEFORE, *bodies)
        assert "not looked at" in missing
        assert not looks
    (missing,), _ = said(BEFORE, look(), look(look=None, not_seen="It is gone."))
    assert "It is gone." in missing


def test_a_look_from_before_the_last_step_does_not_count() -> None:
    (missing,), _ = said(BEFORE, look(), since=3)
    assert "not looked at" in missing
