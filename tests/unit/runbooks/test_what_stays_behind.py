"""What stays behind is told before anybody signs, and counted when it is over."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sluis.border.moving import Target, Trust
from sluis.border.tenant import About
from sluis.border.verbs.tenant_reconcile import Ahead as Answered
from sluis.border.verbs.tenant_reconcile import Earlier, Found, Objection
from sluis.runbook.tenant_looking import Ahead, said_of_earlier, tell
from sluis.runbook.tenant_reconciling import in_one_line
from sluis.tenant.import_drive import what_would_happen
from unit.tenant.test_import_states import moving

FOUND = Found(
    kind="compared", sound=True, target=Target("d1", "Team"), manifest_sha256="a" * 64,
    trust="every byte", items=2, counts={"equal": 2}, files_by_basis={"every byte": 2}, lines=(),
    lines_sha256="b" * 64, left_out=(), left_out_in_all=0, rights_missing=(),
    rights_missing_in_all=0, rights_surplus=(), rights_surplus_in_all=0, rights_left=(),
    rights_left_in_all=0, rights_looked_at=0, there_before=0, reused=0,
)  # fmt: skip


@pytest.mark.parametrize(("count", "shown", "more"), [(0, 0, 0), (20, 20, 0), (27, 20, 7)])
def test_the_operator_reads_what_stays_behind_on_the_screen(
    count: int, shown: int, more: int
) -> None:
    stays = tuple(About(f"CON{at}", "Its name is not allowed there.") for at in range(count))
    answer = Answered(
        kind="ahead", files=9, to_send=9, bytes_to_send=1, renamed=(), renamed_in_all=0,
        left_out=stays, left_out_in_all=count, behind_sha256="c" * 64, behind_in_all=count,
        refusals=(),
    )  # fmt: skip
    ahead = Ahead()
    tell(ahead, "team", answer)
    first, *rest = ahead.lines
    assert first.endswith(f"{count} files or folders stay behind")
    named = [f"team: stays behind: CON{at}: Its name is not allowed there." for at in range(shown)]
    assert rest == named + ([f"team: stays behind: {more} more"] if more else [])


def test_newcomer_what_is_refused_does_not_stay_behind_unless_it_does() -> None:
    """ "0 items stay behind" stood beside "3 would stay behind", of files that all go over."""
    answer = Answered(
        kind="ahead", files=40, to_send=40, bytes_to_send=1, renamed=(), renamed_in_all=0,
        left_out=(), left_out_in_all=0, behind_sha256="c" * 64, behind_in_all=3,
        refusals=(Objection("narrower-rights", what_would_happen("narrower-rights", 3) + ".", ()),),
    )  # fmt: skip
    ahead = Ahead()
    tell(ahead, "team", answer)
    assert ahead.lines[0].endswith(
        "0 files or folders stay behind, and of who may reach what goes, 3 things are not as now"
    )
    (refused,) = ahead.refused
    assert refused.sentence == "team: 3 items could be seen by more people."
    assert "('people' does not change it" in refused.remedy


@pytest.mark.parametrize(
    ("trust", "left", "said"),
    [
        ("every byte", 0, "2 items compared (every byte): 2 equal"),
        ("every byte", 15, "2 items compared (every byte): 2 equal; 15 items stayed behind"),
        (
            "the service's hash", 0,
            "2 items compared (by size and the service's hash, not every byte): 2 equal",
        ),
    ],
)  # fmt: skip
def test_a_comparison_says_what_stayed_behind_and_on_what_it_rests(
    trust: Trust, left: int, said: str
) -> None:
    assert in_one_line(replace(FOUND, trust=trust, left_out_in_all=left)) == said
    found = replace(FOUND, trust=trust, left_out_in_all=left, rights_left_in_all=2)
    assert in_one_line(found) == f"{said}; 2 rights were not given, as signed"


def test_one_of_each_is_said_as_one() -> None:
    one = replace(
        FOUND, sound=False, items=1, counts={"missing": 1}, rights_missing_in_all=1,
        rights_surplus_in_all=1, left_out_in_all=1, rights_left_in_all=1,
    )  # fmt: skip
    assert in_one_line(one) == (
        "1 item compared (every byte): 1 missing, 1 right missing, 1 right too many; "
        "1 item stayed behind; 1 right was not given, as signed"
    )


HERE = moving(Path("/srv"), "MOVE-2", Target("d1", "Team"))


STAYS = (
    "nothing there is brought up to date, compared or removed. Tell the client, and remove them "
    "when nobody needs them"
)
SECOND = f"i: 2 files of change MOVE-1 are in the folder Second and stay there: {STAYS}"
ELSEWHERE = (
    f"i: 1 file of an earlier import is in the top of another drive (d2) and stays there: {STAYS}"
)
SAME = (
    "i: 1 file, and perhaps 2 more, of change MOVE-1 are in the same place; this change did not "
    "put them there and overwrites none. What would take their place is decided by conflicts in "
    "the scope (fail)"
)
UNREADABLE = (
    "i: what was kept of an earlier import cannot be read; it may have put files into the new "
    "tenant, which stay there"
)


@pytest.mark.parametrize(
    ("earlier", "said"),
    [
        (Earlier("MOVE-1", Target("d1", "Second"), 2, 0), SECOND),
        (Earlier(None, Target("d2", ""), 1, 0), ELSEWHERE),
        (Earlier("MOVE-1", Target("d1", "Team"), 1, 2), SAME),
        (Earlier(None, None, 0, 0), UNREADABLE),
    ],
    ids=["another folder", "another drive", "the same place", "unreadable"],
)
def test_newcomer_what_an_earlier_import_left_is_said(earlier: Earlier, said: str) -> None:
    answer = Answered(
        kind="ahead", files=9, to_send=9, bytes_to_send=1, renamed=(), renamed_in_all=0,
        left_out=(), left_out_in_all=0, behind_sha256="c" * 64, behind_in_all=0, refusals=(),
        earlier=(earlier,), earlier_in_all=1,
    )  # fmt: skip
    assert list(said_of_earlier(HERE, answer)) == [said]
    assert list(said_of_earlier(HERE, replace(answer, earlier_in_all=22)))[1:] == [
        "i: 21 earlier imports more"
    ]
