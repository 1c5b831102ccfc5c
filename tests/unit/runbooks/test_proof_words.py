"""What prepare says of a proof can be read by somebody who knows no V6 and no 3-2-1-1-0."""

from __future__ import annotations

import re

import pytest

from sluis.evidence.predicates import Level, LevelResult, Verification
from sluis.runbook.proof_words import asked_less_lines, proof_lines
from sluis.snapshot.levels import LEVELS
from sluis.snapshot.store import three_two_one
from support import evidence_made as ev

DIGITS = three_two_one("main", "South", ["the source", "main"], "North", {"outside": True})


def proof(reached: Level | None) -> Verification:
    made = ev.verification("files-one", ev.EMPTY, "0a1b2c3d" * 8, reached)
    levels = tuple(
        LevelResult(
            level=level,
            verdict="proven" if reached is not None and level <= reached else "not verified",
            seconds=0.5,
        )
        for level in LEVELS
    )
    return made.model_copy(update={"levels": levels, "three_two_one": DIGITS})


@pytest.mark.parametrize("reached", [None, *LEVELS])
def test_every_level_is_said_in_words(reached: Level | None) -> None:
    first, *rule = proof_lines("files-one", "0a1b2c3d" * 8, proof(reached))
    assert "its snapshot 0a1b2c3d was tried" in first
    said = "nothing is proven of it" if reached is None else f"{reached} is proven: "
    assert said in first
    for level in LEVELS:
        named = re.search(rf"{level} \(.{{8,}}?\) is not verified", first)
        assert bool(named) is (reached is None or level > reached), first
    assert len(rule) == len(DIGITS) == 5
    for line in rule:
        assert re.match(r"files-one: [a-z ,0-9]+: ", line), line
        assert not re.match(r"files-one: \d", line), "a bare digit of the rule says nothing"


@pytest.mark.parametrize("needed", LEVELS)
def test_newcomer_prepare_says_why_less_may_do_of_what_is_broken(needed: Level) -> None:
    lines = list(asked_less_lines("files-one", needed))
    if needed <= "V3":
        assert lines == []
        return
    (line,) = lines
    assert line.startswith(f"files-one: {needed} is not asked of it where the change puts it back")
    assert "what is broken cannot be expected to reach more" in line
