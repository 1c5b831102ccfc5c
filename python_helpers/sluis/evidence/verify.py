"""Verify a whole dossier: offline, without a database, years later.

Says what holds, what does not, and what could not be checked. The same checks can
be made with public tools alone: ``docs/verify-with-public-tools.md``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sluis.counted import counted
from sluis.errors import InputError
from sluis.evidence.anchors import Anchors
from sluis.evidence.answers import ANSWER_DIFFERS, SSH_SIGNATURE
from sluis.evidence.chain import Problem, file_name
from sluis.evidence.finding import FAILS, HOLDS, UNKNOWN, Finding, FindingVerdict, name_of
from sluis.evidence.ledger import Ledger, View
from sluis.evidence.object_findings import object_findings
from sluis.evidence.objects import ObjectStore
from sluis.evidence.pages import PageReader
from sluis.evidence.place_findings import linked, place_findings
from sluis.evidence.planned_steps import planned_steps
from sluis.evidence.references import reference_findings
from sluis.evidence.statements import Statement
from sluis.evidence.time_findings import TrustedTime, time_findings


@dataclass(frozen=True)
class Verdict:
    """What came of verifying a dossier.

    ``holds`` is true when nothing was found that does not hold. It says nothing
    about what could not be checked; ``findings`` lists that.
    """

    client: str
    change: str
    statements: int
    head: str | None
    checked_at: datetime
    findings: tuple[Finding, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing was found that does not hold."""
        return all(finding.verdict != FAILS for finding in self.findings)

    def as_dict(self) -> dict[str, Any]:
        """The verdict as plain JSON data."""
        return {
            "client": self.client,
            "change": self.change,
            "statements": self.statements,
            "head": self.head,
            "checked_at": self.checked_at.astimezone(UTC).isoformat(),
            "holds": self.holds,
            "findings": [finding.as_dict() for finding in self.findings],
        }


def verify_dossier(
    dossier: Path,
    anchors: Anchors,
    now: datetime,
    expected_head: str | None = None,
    *,
    change: str | None = None,
) -> Verdict:
    """Check everything about a dossier that can be checked.

    Args:
        dossier: the dossier's folder, in its place or copied elsewhere.
        anchors: whose keys and certificates we believe, for this client.
        now: aware UTC.
        expected_head: a head as it was mailed to the client or put on the ticket;
            the only thing that finds statements taken off the end together with
            their witness.
        change: which change it must be; without it, the one that the folder is named after.

    Raises:
        InputError: ``no-dossier`` when there is no such folder.
    """
    if not dossier.is_dir():
        raise InputError(
            "no-dossier", f"There is no dossier {dossier}.", "Name the folder of one change."
        )
    link = linked(dossier)
    if link is not None:
        finding = Finding("linked", FAILS, dossier.name, f"{link}. Name the folder itself.")
        return Verdict(anchors.client, change or dossier.name, 0, None, now, (finding,))
    named = change or _change_named_inside(dossier, anchors) or dossier.name
    view = Ledger(dossier, anchors, anchors.client, named).read(now)
    times, certain = time_findings(dossier, view.statements, anchors.tsa)
    findings = [
        *_chain(view, anchors),
        *_problems(view, anchors, certain),
        *_head(view, expected_head),
        *place_findings(dossier, named, expected=change),
        *object_findings(dossier, view.statements),
        *times,
        *reference_findings(view.statements, planned_steps(view.statements, ObjectStore(dossier))),
        *_answers(view),
        *_recorded_by(view, anchors),
    ]
    return Verdict(anchors.client, named, len(view.pages), view.head, now, tuple(findings))


def _chain(view: View, anchors: Anchors) -> Iterator[Finding]:
    if not view.pages:
        yield Finding("chain", FAILS, "statements", "There is not one statement in it.")
    elif not [problem for problem in view.problems if problem.code not in _NOT_OF_THE_CHAIN]:
        keys = {statement.keyid for statement in view.statements}
        yield Finding(
            "chain",
            HOLDS,
            counted(len(view.pages), "statement"),
            "Every signature is right, every statement follows from the one before it; "
            f"recorded by {', '.join(_names(keys, anchors))}.",
        )


def _names(keys: set[str], anchors: Anchors) -> list[str]:
    """The names of keys, as the anchors have them; two keys of one name are told apart."""
    names = Counter(key.name for key in anchors.keys.values())
    return sorted(
        anchors.keys[keyid].name
        + (f" ({keyid[:16]})" if names[anchors.keys[keyid].name] > 1 else "")
        for keyid in keys
    )


#: problems for the gate that are not proof of anything wrong
_SOFT = frozenset({"witness-missing", "key-revoked-since"})
#: said by :func:`_answers`, with more of them
_SAID_ELSEWHERE = frozenset({ANSWER_DIFFERS, SSH_SIGNATURE})
_NOT_OF_THE_CHAIN = _SOFT | _SAID_ELSEWHERE


def _problems(view: View, anchors: Anchors, certain: Sequence[TrustedTime]) -> Iterator[Finding]:
    keys = {file_name(page.number): page.statement for page in view.pages}
    for problem in view.problems:
        if problem.code == "key-revoked-since":
            statement = keys[problem.about]
            revoked = anchors.keys[statement.keyid].revoked_at if statement else None
            yield _revoked_since(statement, problem, revoked, certain)
        elif problem.code not in _NOT_OF_THE_CHAIN:
            yield Finding(problem.code, FAILS, problem.about, problem.sentence)


def _revoked_since(
    statement: Statement | None,
    problem: Problem,
    revoked: datetime | None,
    certain: Sequence[TrustedTime],
) -> Finding:
    """A key was revoked later: did the statement exist before that day?"""
    for trusted in certain:
        if statement is None or revoked is None:
            break
        if trusted.number >= statement.number and trusted.time < revoked:
            return Finding(
                problem.code,
                HOLDS,
                problem.about,
                f"{problem.sentence} Trusted time shows that it existed at {trusted.time}.",
            )
    return Finding(
        problem.code, UNKNOWN, problem.about, f"{problem.sentence} No trusted time is older."
    )


def _head(view: View, expected: str | None) -> Iterator[Finding]:
    """Was something taken off the end? The chain alone cannot tell."""
    codes = {problem.code for problem in view.problems}
    if expected is not None:
        yield _expected(view, expected)
    if view.witnessed is None:
        if expected is None or expected.lower() != view.head:
            yield Finding(
                "head",
                UNKNOWN,
                "the end of the ledger",
                "There is no witness to this dossier's head that can be believed, so statements "
                "taken off the end would not be noticed.",
            )
        return
    if not codes & {"tail-removed", "head-differs"}:
        later = len(view.pages) - view.witnessed
        more = f"; {later} came after it" if later else ", the newest"
        yield Finding(
            "head",
            HOLDS,
            file_name(view.witnessed),
            f"The witness beside the dossier names this statement{more}.",
        )
    if expected is None:
        yield Finding(
            "mailed-head",
            UNKNOWN,
            "the end of the ledger",
            "No head from outside was given. If the statements and their witness were put back "
            "to an older state together, only a mailed head shows it.",
        )


def _expected(view: View, expected: str) -> Finding:
    for page in view.pages:
        if page.sha256 == expected.lower():
            later = view.pages[-1].number - page.number
            more = (
                f" {counted(later, 'statement is', 'statements are')} newer than it."
                if later
                else ""
            )
            return Finding(
                "mailed-head",
                HOLDS,
                file_name(page.number),
                f"The head that was given is this statement; everything up to it is there.{more}",
            )
    return Finding(
        "mailed-head",
        FAILS,
        expected[:64],
        "The head that was given is not in the ledger: statements were removed or replaced.",
    )


def _answers(view: View) -> Iterator[Finding]:
    """What lies under each answer of the client: the request, the form, their own signature."""
    agree = 0
    for item in view.answers:
        name = name_of(item.answer)
        if item.signature:
            yield Finding(SSH_SIGNATURE, _WORDS[item.signature_holds], name, item.signature)
        for sentence in item.differs:
            yield Finding(ANSWER_DIFFERS, FAILS, name, sentence)
        if item.unproven:
            yield Finding("answer-unproven", UNKNOWN, name, item.unproven)
        agree += item.agrees
    if agree:
        yield Finding(
            "answers",
            HOLDS,
            f"{agree} of {counted(len(view.answers), 'answer')}",
            "What is recorded of the client's answers is what they were asked and answered.",
        )


_WORDS: dict[bool | None, FindingVerdict] = {True: HOLDS, False: FAILS, None: UNKNOWN}


def _recorded_by(view: View, anchors: Anchors) -> Iterator[Finding]:
    """The anchors say whose key it is; the statement's own word for it proves nothing."""
    for statement in view.statements:
        name = anchors.keys[statement.keyid].name
        if statement.recorded_by != name:
            yield Finding(
                "name-differs",
                UNKNOWN,
                name_of(statement),
                f"It says {statement.recorded_by!r}, but was signed with the key of {name}.",
            )


def _change_named_inside(dossier: Path, anchors: Anchors) -> str | None:
    """What the first statement says whose signature holds; the chain holds all others to it."""
    reader = PageReader({keyid: key.public_pem for keyid, key in anchors.keys.items()})
    for number in (1, 2, 3):
        page = reader.read(str(dossier / "statements"), number)
        if page.statement is not None:
            return page.statement.change
    return None
