"""The rules of the chain, to the second and to the number."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sluis.evidence.anchors import Anchors, TrustedKey
from sluis.evidence.chain import CLOCK_TOLERANCE, Page, Problem, file_name, problems_of
from sluis.evidence.predicates import Check
from sluis.evidence.statements import Statement

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
KEY = "ab" * 32
RESTORE = "Put the original statements back from a copy of the dossier; rely on nothing here."


def key(**change: Any) -> TrustedKey:
    made = TrustedKey(
        keyid=KEY, name="operator-one", party="operator", public_pem="PEM",
        valid_from=NOW - timedelta(days=9),
    )  # fmt: skip
    return made.model_copy(update=change)


def row(count: int) -> list[Page]:
    """So many pages that follow from one another, a minute apart, the last one now."""
    pages: list[Page] = []
    for number in range(1, count + 1):
        body = Check(check="web", host="server1", what="HTTP 200", passed=True)
        previous = pages[-1].sha256 if pages else None
        at = NOW - timedelta(minutes=count - number)
        digest = f"{number:064d}"
        said = Statement(
            number,
            digest,
            "practice",
            "CHG-1",
            "check",
            body,
            previous,
            at,
            "operator-one",
            KEY,
            {},
        )
        pages.append(Page(number, digest, said))
    return pages


def change(page: Page, **what: Any) -> Page:
    assert page.statement is not None
    return replace(page, statement=replace(page.statement, **what))


def problems(pages: list[Page], *keys: TrustedKey, now: datetime = NOW) -> list[Problem]:
    anchors = Anchors("practice", {one.keyid: one for one in keys or (key(),)}, None, None, "")
    return list(problems_of(pages, anchors, "practice", "CHG-1", now))


def said(pages: list[Page], *keys: TrustedKey, now: datetime = NOW) -> list[tuple[str, str]]:
    return [(one.code, one.about) for one in problems(pages, *keys, now=now)]


def test_an_unbroken_row_has_no_problem() -> None:
    assert said(row(5)) == []
    assert said([]) == []


@pytest.mark.parametrize(
    ("kept", "missing"),
    [
        ((2, 3), "000001.json"),
        ((4,), "000001.json to 000003.json"),
        ((1, 3), "000002.json"),
        ((1, 4), "000002.json to 000003.json"),
    ],
)
def test_what_is_missing_is_named_from_and_to(kept: tuple[int, ...], missing: str) -> None:
    (gap,) = [p for p in problems([p for p in row(4) if p.number in kept]) if p.code == "gap"]
    assert gap.about == missing
    assert gap.sentence == f"{missing} is missing from the middle of the ledger."
    assert gap.remedy == RESTORE


def test_two_gaps_are_two_problems() -> None:
    found = said([page for page in row(6) if page.number not in (2, 5)])
    assert [about for code, about in found if code == "gap"] == ["000002.json", "000005.json"]
    assert [about for code, about in found if code == "chain-broken"] == [
        "000003.json", "000006.json",
    ]  # fmt: skip


def test_a_copy_names_the_first_of_its_kind() -> None:
    pages = row(4)
    pages[3] = replace(pages[1], number=4)
    found = [one for one in problems(pages) if one.code == "duplicated"]
    assert [(one.about, one.sentence) for one in found] == [
        ("000004.json", "000004.json is a copy of 000002.json.")
    ]
    assert found[0].remedy == RESTORE
    pages.append(replace(pages[1], number=5))
    again = [one.sentence for one in problems(pages) if one.code == "duplicated"]
    assert again[1] == "000005.json is a copy of 000002.json."


def test_pages_that_could_not_be_read_are_no_copies_of_each_other() -> None:
    fault = Problem("statement-unreadable", "x", "It cannot be read.", "Look.")
    pages = [row(3)[0], Page(2, "", None, (fault,)), Page(3, "", None, (fault,))]
    assert [code for code, _ in said(pages)] == ["statement-unreadable"] * 2


def test_what_follows_an_unreadable_page_is_judged_by_its_digest() -> None:
    pages = row(3)
    pages[1] = Page(2, pages[1].sha256, None)
    assert said(pages) == []
    pages[1] = Page(2, "f" * 64, None)
    assert said(pages) == [("chain-broken", "000003.json")]


def test_a_statement_in_another_place_is_named() -> None:
    pages = row(3)
    pages[1] = change(pages[1], number=7)
    (found,) = problems(pages)
    assert (found.code, found.about, found.remedy) == ("reordered", "000002.json", RESTORE)
    assert "holds statement 7" in found.sentence


@pytest.mark.parametrize("what", [{"client": "other"}, {"change": "CHG-2"}])
def test_a_statement_of_another_dossier_is_named_once(what: dict[str, str]) -> None:
    pages = row(3)
    pages[1] = change(pages[1], previous=None, **what)
    (found,) = problems(pages)
    assert (found.code, found.about) == ("wrong-dossier", "000002.json")
    assert "not to practice/CHG-1" in found.sentence


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_statement_that_follows_from_another_is_named(number: int) -> None:
    pages = row(3)
    pages[number - 1] = change(pages[number - 1], previous="e" * 64)
    (found,) = problems(pages)
    assert (found.code, found.about, found.remedy) == ("chain-broken", file_name(number), RESTORE)
    assert found.sentence == f"{file_name(number)} does not follow from the file before it."


def test_a_clock_may_be_ahead_so_far_and_no_further() -> None:
    (page,) = row(1)
    at = NOW + CLOCK_TOLERANCE
    assert said([change(page, recorded_at=at)]) == []
    (found,) = problems([change(page, recorded_at=at + SECOND)])
    assert (found.code, found.about) == ("future-dated", "000001.json")
    assert (at + SECOND).isoformat() in found.sentence
    assert "clock" in found.remedy


def test_time_may_stand_still_and_never_run_backwards() -> None:
    pages = row(2)
    assert said([pages[0], change(pages[1], recorded_at=pages[0].statement.recorded_at)]) == []  # type: ignore[union-attr]
    back = change(pages[1], recorded_at=NOW - timedelta(minutes=1) - SECOND)
    (found,) = problems([pages[0], back])
    assert (found.code, found.about, found.remedy) == ("time-backwards", "000002.json", RESTORE)
    assert "before the statement before it" in found.sentence


def test_a_key_counts_from_its_first_second_to_its_last() -> None:
    page = row(1)
    assert said(page, key(valid_from=NOW, valid_until=NOW)) == []
    (early,) = problems(page, key(valid_from=NOW + SECOND))
    assert (early.code, early.about) == ("key-not-yet-valid", "000001.json")
    assert "operator-one" in early.sentence
    assert (NOW + SECOND).isoformat() in early.sentence
    (late,) = problems(page, key(valid_until=NOW - SECOND))
    assert (late.code, late.about) == ("key-expired", "000001.json")
    assert (NOW - SECOND).isoformat() in late.sentence


@pytest.mark.parametrize(
    ("revoked", "code", "word"),
    [
        (NOW - SECOND, "key-revoked", "after"),
        (NOW, "key-revoked", "after"),
        (NOW + SECOND, "key-revoked-since", "before"),
    ],
)
def test_a_revoked_key_is_told_by_when_it_signed(revoked: datetime, code: str, word: str) -> None:
    later = NOW + timedelta(days=1)
    (found,) = problems(row(1), key(revoked_at=revoked, revoked_why="lost"), now=later)
    assert (found.code, found.about) == (code, "000001.json")
    assert f"operator-one {word} it was revoked on {revoked.isoformat()} (lost)" in found.sentence
    assert ("timestamp" in found.remedy) is (code == "key-revoked-since")


def test_a_revocation_that_is_still_to_come_is_none_yet() -> None:
    assert said(row(1), key(revoked_at=NOW + SECOND)) == []
    assert said(row(1), key(revoked_at=NOW)) == [("key-revoked", "000001.json")]
    (found,) = problems(row(1), key(revoked_at=NOW))
    assert "(no reason given)" in found.sentence


def test_a_client_may_answer_and_nothing_else() -> None:
    (page,) = row(1)
    theirs = key(party="client", name="practice-manager")
    for kind in ("signoff", "waiver"):
        assert said([change(page, kind=kind)], theirs) == []
    (found,) = problems([page], theirs)
    assert (found.code, found.about) == ("key-of-another-party", "000001.json")
    assert "check" in found.sentence
    assert "practice-manager" in found.sentence
    assert "operator" in found.remedy


def test_a_key_that_is_not_known_is_the_pages_own_fault() -> None:
    assert said(row(1), key(keyid="cd" * 32)) == []
