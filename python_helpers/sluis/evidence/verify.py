"""Verify a whole dossier: offline, without a database, years later.

Says what holds, what does not, and what could not be checked. The same checks can
be made with public tools alone: ``docs/verify-with-public-tools.md``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sluis.errors import EvidenceError, InputError
from sluis.evidence.anchors import Anchors
from sluis.evidence.chain import Problem, file_name
from sluis.evidence.files import read_regular
from sluis.evidence.finding import FAILS, HOLDS, UNKNOWN, Finding, name_of
from sluis.evidence.ledger import Ledger, View
from sluis.evidence.object_findings import object_findings
from sluis.evidence.objects import ObjectStore
from sluis.evidence.pages import LARGEST_STATEMENT
from sluis.evidence.predicates import Signoff, Waiver
from sluis.evidence.references import reference_findings
from sluis.evidence.ssh_signatures import check_ssh_signature
from sluis.evidence.statements import PAYLOAD_TYPE, Statement, unseal
from sluis.evidence.time_findings import TrustedTime, time_findings

#: ``runs`` holds logs of the front door: help for people, never evidence
_PARTS = frozenset({"statements", "objects", "timestamps", "runs"})


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
        change: which change it must be; without it, the one the dossier itself names.

    Raises:
        InputError: ``no-dossier`` when there is no such folder.
    """
    if not dossier.is_dir():
        raise InputError(
            "no-dossier", f"There is no dossier {dossier}.", "Name the folder of one change."
        )
    named = change or _change_named_inside(dossier) or dossier.resolve().name
    view = Ledger(dossier, anchors, anchors.client, named).read(now)
    times, certain = time_findings(dossier, view.statements, anchors.tsa)
    findings = [
        *_chain(view),
        *_problems(view, anchors, certain),
        *_head(view, expected_head),
        *_place(dossier, named),
        *object_findings(dossier, view.statements),
        *times,
        *reference_findings(view.statements),
        *_ssh_signatures(dossier, view, anchors),
    ]
    return Verdict(anchors.client, named, len(view.pages), view.head, now, tuple(findings))


def _chain(view: View) -> Iterator[Finding]:
    if not view.pages:
        yield Finding("chain", FAILS, "statements", "There is not one statement in it.")
    elif not [problem for problem in view.problems if problem.code not in _SOFT]:
        names = sorted({statement.recorded_by for statement in view.statements})
        yield Finding(
            "chain",
            HOLDS,
            f"{len(view.pages)} statements",
            "Every signature is right, every statement follows from the one before it; "
            f"recorded by {', '.join(names)}.",
        )


#: problems for the gate that are not proof of anything wrong
_SOFT = frozenset({"witness-missing", "key-revoked-since"})


def _problems(view: View, anchors: Anchors, certain: Sequence[TrustedTime]) -> Iterator[Finding]:
    keys = {file_name(page.number): page.statement for page in view.pages}
    for problem in view.problems:
        if problem.code == "key-revoked-since":
            statement = keys[problem.about]
            revoked = anchors.keys[statement.keyid].revoked_at if statement else None
            yield _revoked_since(statement, problem, revoked, certain)
        elif problem.code not in _SOFT:
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
            more = f" {later} statements are newer than it." if later else ""
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


def _place(dossier: Path, change: str) -> Iterator[Finding]:
    folder = dossier.resolve().name
    if folder != change:
        yield Finding(
            "folder-name",
            UNKNOWN,
            folder,
            f"The folder has another name than the change {change} that the dossier is about.",
        )
    for path in sorted(dossier.iterdir()):
        if path.name not in _PARTS:
            yield Finding(
                "foreign-file",
                UNKNOWN,
                path.name,
                "It is no part of the evidence; nothing binds it.",
            )


def _ssh_signatures(dossier: Path, view: View, anchors: Anchors) -> Iterator[Finding]:
    """Check the client's own signatures again, over the objects that were kept."""
    for statement in view.statements:
        body = statement.body
        if isinstance(body, Signoff | Waiver) and body.tier == "ssh-key":
            yield _ssh_signature(dossier, statement, body, anchors)


def _ssh_signature(
    dossier: Path, statement: Statement, body: Signoff | Waiver, anchors: Anchors
) -> Finding:
    name = name_of(statement)
    principal = body.ssh_principal
    if principal is None or body.request_object is None or body.ssh_signature_object is None:
        return Finding(
            "ssh-signature", FAILS, name, "It does not name the signer, the text and the signature."
        )
    if anchors.allowed_signers is None:
        return Finding("ssh-signature", UNKNOWN, name, "The trust anchors name no allowed signers.")
    store = ObjectStore(dossier)
    try:
        check_ssh_signature(
            store.get(body.request_object),
            store.get(body.ssh_signature_object),
            principal=principal,
            allowed_signers=anchors.allowed_signers,
            at=statement.recorded_at,
        )
    except EvidenceError as error:
        unknown = error.code in ("no-ssh-keygen", "object-missing", "object-unreadable")
        return Finding("ssh-signature", UNKNOWN if unknown else FAILS, name, error.what)
    return Finding("ssh-signature", HOLDS, name, f"Signed with the SSH key of {principal}.")


def _change_named_inside(dossier: Path) -> str | None:
    """What the first readable statement says; the chain then holds all others to it."""
    for number in (1, 2, 3):
        try:
            data = read_regular(dossier / "statements" / file_name(number), LARGEST_STATEMENT)
            change = json.loads(unseal(data, PAYLOAD_TYPE).payload)["predicate"]["change"]
        except (OSError, ValueError, KeyError, TypeError, RecursionError, EvidenceError):
            continue
        if isinstance(change, str):
            return change
    return None
