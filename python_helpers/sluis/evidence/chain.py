"""The rules of the chain: what makes a row of statements one unbroken story.

Pure: it is handed what was found on disk, the anchors and the time, and says what
is wrong. It reads nothing itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sluis.evidence.anchors import Anchors, TrustedKey
from sluis.evidence.statements import Statement

#: two processes on one machine may see each other's statements a moment "early"
CLOCK_TOLERANCE = timedelta(minutes=5)
#: what a client's own key may record; everything else is the operator's to say
_CLIENT_MAY_RECORD = frozenset({"signoff", "waiver"})


@dataclass(frozen=True)
class Problem:
    """Something wrong with a ledger: a code, about what, one sentence, the remedy."""

    code: str
    about: str
    sentence: str
    remedy: str


@dataclass(frozen=True)
class Page:
    """One file of ``statements/`` as it was found.

    ``statement`` is there when the file could be read and its signature holds;
    otherwise ``faults`` says why not. ``sha256`` is of the file's bytes.
    """

    number: int
    sha256: str
    statement: Statement | None
    faults: tuple[Problem, ...] = ()


def file_name(number: int) -> str:
    """The name of the file that holds statement ``number``."""
    return f"{number:06d}.json"


def problems_of(
    pages: Sequence[Page], anchors: Anchors, client: str, change: str, now: datetime
) -> Iterator[Problem]:
    """Everything wrong with these pages, in their order.

    Args:
        pages: by file number, rising.
        now: the time of reading, aware UTC.
    """
    seen: dict[str, int] = {}
    before: Page | None = None
    for page in pages:
        yield from _gap(before, page)
        yield from page.faults
        if page.sha256 and page.sha256 in seen:
            yield _problem(
                "duplicated", page, f"is a copy of {file_name(seen[page.sha256])}", _RESTORE
            )
        seen.setdefault(page.sha256, page.number)
        if page.statement is not None:
            yield from _place(page, page.statement, before, client, change)
            yield from time_faults(page, page.statement, before, now)
            yield from key_faults(page, page.statement, anchors.keys.get(page.statement.keyid), now)
        before = page


def time_faults(
    page: Page, statement: Statement, before: Page | None, now: datetime
) -> Iterator[Problem]:
    """Times that cannot be: in the future, or before the statement before it."""
    if statement.recorded_at > now + CLOCK_TOLERANCE:
        yield _problem(
            "future-dated",
            page,
            f"says it was recorded on {statement.recorded_at.isoformat()}, which is still to come",
            "Check this machine's clock. If it is right, the other clock was wrong: start anew.",
        )
    if (
        before is not None
        and before.statement is not None
        and statement.recorded_at < before.statement.recorded_at
    ):
        yield _problem(
            "time-backwards", page, "says it was recorded before the statement before it", _RESTORE
        )


def key_faults(
    page: Page, statement: Statement, key: TrustedKey | None, now: datetime
) -> Iterator[Problem]:
    """Whether the key could be believed when the statement was recorded.

    A key revoked later is a fault too: its holder could have dated a statement back.
    Only a trusted timestamp can tell, and that is judged when a dossier is verified.
    """
    if key is None:
        return
    at = statement.recorded_at
    if at < key.valid_from:
        yield _problem(
            "key-not-yet-valid",
            page,
            f"was signed with the key {key.name}, which was trusted only from "
            f"{key.valid_from.isoformat()}",
            "Record it again with a key that is trusted.",
        )
    if key.valid_until is not None and at > key.valid_until:
        yield _problem(
            "key-expired",
            page,
            f"was signed with the key {key.name}, which was valid until "
            f"{key.valid_until.isoformat()}",
            "Record it again with a key that is valid.",
        )
    if key.revoked_at is not None and key.revoked_at <= now:
        late = at >= key.revoked_at
        yield _problem(
            "key-revoked" if late else "key-revoked-since",
            page,
            f"was signed with the key {key.name} {'after' if late else 'before'} it was revoked on "
            f"{key.revoked_at.isoformat()} ({key.revoked_why or 'no reason given'})",
            "Do not rely on it; record it again with a key that is trusted."
            if late
            else "Only a trusted timestamp from before that day can show it was not made later.",
        )
    if key.party == "client" and statement.kind not in _CLIENT_MAY_RECORD:
        yield _problem(
            "key-of-another-party",
            page,
            f"is a {statement.kind}, signed with the client's key {key.name}",
            "Only an operator's key can record this.",
        )


def _gap(before: Page | None, page: Page) -> Iterator[Problem]:
    expected = before.number + 1 if before else 1
    if page.number != expected:
        missing = file_name(expected)
        if page.number - expected > 1:
            missing += f" to {file_name(page.number - 1)}"
        yield Problem(
            "gap", missing, f"{missing} is missing from the middle of the ledger.", _RESTORE
        )


def _place(
    page: Page, statement: Statement, before: Page | None, client: str, change: str
) -> Iterator[Problem]:
    if statement.number != page.number:
        yield _problem(
            "reordered",
            page,
            f"holds statement {statement.number}, which is not its place",
            _RESTORE,
        )
    if (statement.client, statement.change) != (client, change):
        yield _problem(
            "wrong-dossier",
            page,
            f"belongs to {statement.client}/{statement.change}, not to {client}/{change}",
            "Take it out; a statement counts only in its own dossier.",
        )
    elif statement.previous != (before.sha256 if before else None):
        yield _problem("chain-broken", page, "does not follow from the file before it", _RESTORE)


def _problem(code: str, page: Page, what: str, remedy: str) -> Problem:
    return Problem(code, file_name(page.number), f"{file_name(page.number)} {what}.", remedy)


_RESTORE = "Put the original statements back from a copy of the dossier; rely on nothing here."
