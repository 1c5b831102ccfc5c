"""What a verdict says: of a key that was revoked later, of a head that was mailed, and when."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from sluis.errors import InputError
from sluis.evidence.anchors import revoke_key, trust_key
from sluis.evidence.answers import Compared
from sluis.evidence.chain import Problem, file_name
from sluis.evidence.finding import FAILS, HOLDS, UNKNOWN, Finding, name_of
from sluis.evidence.keys import new_key
from sluis.evidence.statements import Statement
from sluis.evidence.time_findings import TrustedTime
from sluis.evidence.verify import (
    Verdict,
    _answers,
    _expected,
    _problems,
    _revoked_since,
    verify_dossier,
)
from support.dossiers import BEGIN, Made, make, tell

DAY = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
SINCE = Problem("key-revoked-since", "000004.json", "The key was revoked later.", "Ask why.")


@pytest.fixture
def told(tmp_path: Path) -> Made:
    made = make(tmp_path)
    tell(made)
    return made


def fourth(made: Made) -> Statement:
    found = made.read().statements[3]
    assert found.number == 4
    return found


@pytest.mark.parametrize(
    ("number", "before", "verdict"),
    [
        (4, timedelta(seconds=1), HOLDS),
        (9, timedelta(days=3), HOLDS),
        (3, timedelta(days=3), UNKNOWN),  # a token of an earlier statement covers not this one
        (4, timedelta(0), UNKNOWN),
        (9, timedelta(seconds=-1), UNKNOWN),
    ],
)
def test_only_a_token_from_before_the_revocation_that_covers_it_saves_a_statement(
    told: Made, number: int, before: timedelta, verdict: str
) -> None:
    token = TrustedTime(number, DAY - before)
    found = _revoked_since(fourth(told), SINCE, DAY, [token])
    assert (found.what, found.verdict, found.about) == (SINCE.code, verdict, SINCE.about)
    assert found.detail.startswith(SINCE.sentence)
    assert (str(token.time) in found.detail) is (verdict == HOLDS)


def test_any_one_token_that_covers_it_is_enough(told: Made) -> None:
    early, late = TrustedTime(2, DAY - timedelta(days=9)), TrustedTime(7, DAY - timedelta(days=1))
    assert _revoked_since(fourth(told), SINCE, DAY, [early, late]).verdict == HOLDS
    assert _revoked_since(fourth(told), SINCE, DAY, [early]).verdict == UNKNOWN


def test_without_a_statement_or_a_day_it_is_not_known(told: Made) -> None:
    token = [TrustedTime(9, DAY - timedelta(days=3))]
    assert _revoked_since(None, SINCE, DAY, token).verdict == UNKNOWN
    assert _revoked_since(fourth(told), SINCE, None, token).verdict == UNKNOWN


def test_a_mailed_head_says_how_many_statements_are_newer(told: Made) -> None:
    view = told.read()
    count = len(view.pages)
    third, newest = view.pages[2].sha256, view.pages[-1].sha256
    found = _expected(view, str(third).upper())
    assert (found.what, found.verdict, found.about) == ("mailed-head", HOLDS, "000003.json")
    assert found.detail.endswith(f"is there. {count - 3} statements are newer than it.")
    assert _expected(view, str(newest)).detail.endswith("everything up to it is there.")


def test_a_head_that_is_not_there_is_named_and_cut(told: Made) -> None:
    found = _expected(told.read(), "f" * 300)
    assert (found.what, found.verdict, found.about) == ("mailed-head", FAILS, "f" * 64)


def test_a_verdict_as_data_has_its_time_in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    here = timezone(timedelta(hours=2))
    # whatever the time zone of the machine
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    finding = Finding("chain", HOLDS, "3 statements", "It holds.")
    verdict = Verdict("c", "x", 3, "ab", datetime(2026, 7, 1, 2, 0, tzinfo=here), (finding,))
    data = verdict.as_dict()
    assert data["checked_at"] == "2026-07-01T00:00:00+00:00"
    assert (data["client"], data["change"], data["statements"]) == ("c", "x", 3)
    assert (data["head"], data["holds"], data["findings"]) == ("ab", True, [finding.as_dict()])
    monkeypatch.undo()
    time.tzset()


def found_in(made: Made, what: str, head: str | None = None) -> list[tuple[str, str, str]]:
    findings = made.verify(head).findings
    return [(one.verdict, one.about, one.detail) for one in findings if one.what == what]


def test_the_chain_names_who_recorded_it(told: Made) -> None:
    ((verdict, about, detail),) = found_in(told, "chain")
    assert (verdict, about) == (HOLDS, "11 statements")
    assert detail.endswith("recorded by operator-one.")


def test_a_dossier_without_a_statement_does_not_hold(tmp_path: Path) -> None:
    made = make(tmp_path)
    made.dossier.mkdir(parents=True)
    ((verdict, about, detail),) = found_in(made, "chain")
    assert (verdict, about) == (FAILS, "statements")
    assert "not one statement" in detail
    assert not made.verify().holds
    assert made.verify().head is None


def test_where_the_chain_is_broken_it_does_not_hold(told: Made) -> None:
    told.file(4).unlink()
    assert found_in(told, "chain") == []
    assert [(v, a) for v, a, _ in found_in(told, "gap")] == [(FAILS, "000004.json")]


def test_a_witness_names_the_newest_or_says_how_many_came_after(told: Made) -> None:
    ((verdict, about, detail),) = found_in(told, "head")
    assert (verdict, about) == (HOLDS, "000011.json")
    assert detail.endswith("names this statement, the newest.")
    witness = told.ledger.witness.path
    older = witness.read_bytes()
    body = told.read().statements[-1].body
    told.append(body)
    told.append(body)
    witness.unlink()
    witness.write_bytes(older)
    ((verdict, about, detail),) = found_in(told, "head")
    assert (verdict, about) == (HOLDS, "000011.json")
    assert detail.endswith("names this statement; 2 came after it.")


def test_a_mailed_head_takes_the_witness_place(told: Made) -> None:
    head = told.read().head
    assert head is not None
    assert [verdict for verdict, _, _ in found_in(told, "mailed-head")] == [UNKNOWN]
    assert [verdict for verdict, _, _ in found_in(told, "mailed-head", head)] == [HOLDS]
    told.ledger.witness.path.unlink()
    assert [verdict for verdict, _, _ in found_in(told, "head")] == [UNKNOWN]
    assert found_in(told, "mailed-head") == []
    assert found_in(told, "head", head.upper()) == []
    older = told.digest(5)
    assert [verdict for verdict, _, _ in found_in(told, "head", older)] == [UNKNOWN]


def test_statements_taken_off_the_end_are_said_once(told: Made) -> None:
    told.file(11).unlink()
    assert [(v, a) for v, a, _ in found_in(told, "tail-removed")] == [(FAILS, "000011.json")]
    assert found_in(told, "head") == []


def test_a_name_that_is_not_the_keys_is_said(told: Made) -> None:
    assert found_in(told, "name-differs") == []
    body = told.read().statements[-1].body
    told.forge(12, body, previous=told.digest(11), by="somebody-else")
    ((verdict, about, detail),) = found_in(told, "name-differs")
    assert (verdict, about.split()[0]) == (UNKNOWN, "000012.json")
    assert detail == "It says 'somebody-else', but was signed with the key of operator-one."


def test_two_keys_of_one_name_are_told_apart(told: Made, tmp_path: Path) -> None:
    other = new_key(tmp_path / "other", "operator-one")
    trust_key(told.trust, told.client, other, now=BEGIN)
    told.reload()
    told.forge(12, told.read().statements[-1].body, previous=told.digest(11), key=other)
    ((_, _, detail),) = found_in(told, "chain")
    one, two = sorted([told.key.keyid[:16], other.keyid[:16]])
    assert detail.endswith(f"recorded by operator-one ({one}), operator-one ({two}).")


def test_a_dossier_is_judged_as_the_change_that_it_says_it_is(told: Made) -> None:
    moved = told.dossier.with_name("moved")
    told.dossier.rename(moved)
    verdict = verify_dossier(moved, told.anchors, told.now)
    assert verdict.change == told.change
    files = [moved / "statements" / file_name(number) for number in range(1, 12)]
    held = {path: path.read_bytes() for path in files}
    for path in files:
        path.unlink()
    for number in (1, 2, 3):  # one of the first three is enough
        path = moved / "statements" / file_name(number)
        path.write_bytes(held[path])
        assert verify_dossier(moved, told.anchors, told.now).change == told.change
        path.unlink()
    files[3].write_bytes(held[files[3]])
    assert verify_dossier(moved, told.anchors, told.now).change == "moved"
    assert verify_dossier(moved, told.anchors, told.now, change="CHG-9").change == "CHG-9"


def test_what_is_no_folder_is_no_dossier(tmp_path: Path) -> None:
    made = make(tmp_path)
    with pytest.raises(InputError) as caught:
        made.verify()
    assert caught.value.code == "no-dossier"
    assert str(made.dossier) in caught.value.what
    assert "folder" in caught.value.remedy


def test_L19_a_link_is_not_followed(told: Made, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    told.dossier.rename(elsewhere)
    told.dossier.symlink_to(elsewhere)
    verdict = told.verify()
    (finding,) = verdict.findings
    assert (finding.what, finding.verdict, finding.about) == ("linked", FAILS, told.change)
    assert finding.detail.endswith("Name the folder itself.")
    assert (verdict.statements, verdict.head, verdict.change) == (0, None, told.change)
    assert (verdict.client, verdict.checked_at) == (told.client, told.now)


def test_a_dossier_that_is_another_change_than_was_asked_for_does_not_hold(told: Made) -> None:
    assert verify_dossier(told.dossier, told.anchors, told.now, change=told.change).holds
    moved = told.dossier.with_name("CHG-9")
    told.dossier.rename(moved)
    assert not verify_dossier(moved, told.anchors, told.now).holds
    assert not verify_dossier(moved, told.anchors, told.now, change="CHG-9").holds


def test_a_whole_verdict_knows_of_a_key_that_was_revoked_later(told: Made) -> None:
    revoked = told.now + timedelta(hours=1)
    revoke_key(told.trust, told.client, told.key.keyid, now=revoked, why="laptop stolen")
    told.reload()
    verdict = verify_dossier(told.dossier, told.anchors, revoked + timedelta(days=1))
    found = [one.verdict for one in verdict.findings if one.what == "key-revoked-since"]
    assert found == [UNKNOWN] * 11
    assert verdict.holds


def test_a_statement_of_a_key_revoked_later_rests_on_trusted_time(told: Made) -> None:
    revoked = told.now + timedelta(hours=1)
    revoke_key(told.trust, told.client, told.key.keyid, now=revoked, why="laptop stolen")
    told.reload()
    view = told.ledger.read(revoked + timedelta(days=1))
    token = TrustedTime(6, revoked - timedelta(seconds=1))
    found = list(_problems(view, told.anchors, [token]))
    assert {one.what for one in found} == {"key-revoked-since"}
    assert {one.about: one.verdict for one in found} == {
        file_name(number): HOLDS if number <= 6 else UNKNOWN for number in range(1, 12)
    }
    assert all("laptop stolen" in one.detail for one in found)


def test_every_other_problem_is_said_in_its_own_words(told: Made) -> None:
    told.file(4).unlink()
    (problem,) = [one for one in told.read().problems if one.code == "gap"]
    assert found_in(told, "gap") == [(FAILS, problem.about, problem.sentence)]


def test_a_witness_of_another_statement_does_not_hold(told: Made) -> None:
    body = told.read().statements[-2].body
    told.file(11).unlink()
    told.forge(11, body, previous=told.digest(10), at=told.now)
    assert [(v, a) for v, a, _ in found_in(told, "head-differs")] == [(FAILS, "000011.json")]
    assert found_in(told, "head") == []


def test_each_answer_says_what_of_it_agrees(told: Made) -> None:
    view = told.read()
    (answer,) = [item.answer for item in view.answers]
    looked = (
        Compared(answer),
        Compared(answer, signature="It is theirs.", signature_holds=True),
        Compared(answer, signature="It is not theirs.", signature_holds=False),
        Compared(answer, signature="No ssh-keygen.", signature_holds=None),
        Compared(answer, differs=("The name differs.", "The day differs.")),
        Compared(answer, unproven="The form is not here."),
    )
    found = list(_answers(replace(view, answers=looked)))
    name = name_of(answer)
    assert found == [
        Finding("ssh-signature", HOLDS, name, "It is theirs."),
        Finding("ssh-signature", FAILS, name, "It is not theirs."),
        Finding("ssh-signature", UNKNOWN, name, "No ssh-keygen."),
        Finding("answer-differs", FAILS, name, "The name differs."),
        Finding("answer-differs", FAILS, name, "The day differs."),
        Finding("answer-unproven", UNKNOWN, name, "The form is not here."),
        Finding("answers", HOLDS, "2 of 6 answers", found[-1].detail),
    ]
    assert "asked and answered" in found[-1].detail
    assert list(_answers(replace(view, answers=looked[4:]))) == found[3:6]
