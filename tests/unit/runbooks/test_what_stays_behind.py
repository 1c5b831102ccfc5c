"""What stays behind is told before anybody signs, and counted when it is over."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sluis.border.moving import Target, Trust
from sluis.border.tenant import About
from sluis.border.verbs.tenant_reconcile import Ahead as Answered
from sluis.border.verbs.tenant_reconcile import Found
from sluis.runbook.tenant_looking import Ahead, tell
from sluis.runbook.tenant_reconciling import in_one_line

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
    assert first.endswith(f"{count} items stay behind")
    named = [f"team: stays behind: CON{at}: Its name is not allowed there." for at in range(shown)]
    assert rest == named + ([f"team: stays behind: {more} more"] if more else [])


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
