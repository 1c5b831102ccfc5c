"""Trusted time in a dossier: does each token hold, over the head it is about?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sluis.errors import EvidenceError
from sluis.evidence.anchors import Tsa
from sluis.evidence.canonical import sha256
from sluis.evidence.chain import CLOCK_TOLERANCE, file_name
from sluis.evidence.files import UNFINISHED, read_regular
from sluis.evidence.finding import FAILS, HOLDS, UNKNOWN, Finding, FindingVerdict, name_of
from sluis.evidence.objects import ObjectStore
from sluis.evidence.pages import LARGEST_STATEMENT
from sluis.evidence.predicates import Timestamp
from sluis.evidence.statements import Statement
from sluis.evidence.timestamps import check_token

_LARGEST_TOKEN = 4 * 1024 * 1024


@dataclass(frozen=True)
class TrustedTime:
    """A token that holds: the statement it covers, and everything before, existed at ``time``."""

    number: int
    time: datetime


def time_findings(
    dossier: Path, statements: Sequence[Statement], tsa: Tsa | None
) -> tuple[list[Finding], list[TrustedTime]]:
    """Check every token offline.

    Args:
        statements: those whose signature and form hold, oldest first.
        tsa: whose tokens we believe; ``None``: no token can be checked.

    Returns:
        The findings, and what is certain about time.
    """
    findings: list[Finding] = []
    certain: list[TrustedTime] = []
    files: dict[str, str] = {}
    by_digest = {statement.sha256: statement for statement in statements}
    for statement in statements:
        if isinstance(statement.body, Timestamp):
            finding, trusted = _judge(dossier, statement, statement.body, by_digest, tsa)
            findings.append(finding)
            if trusted is not None:
                certain.append(trusted)
            head = by_digest.get(statement.body.head)
            if statement.body.token_object is not None and head is not None:
                token = statement.body.token_object
                files[f"{head.number:06d}-{token[:16]}.tsr"] = token
    findings += _clock(statements, certain)
    findings += _files(dossier / "timestamps", files)
    return findings, certain


def _judge(
    dossier: Path,
    statement: Statement,
    body: Timestamp,
    by_digest: Mapping[str, Statement],
    tsa: Tsa | None,
) -> tuple[Finding, TrustedTime | None]:
    def finding(what: str, verdict: FindingVerdict, detail: str) -> Finding:
        return Finding(what, verdict, name_of(statement), detail)

    if body.token_object is None:
        why = body.no_trusted_time or "no reason given"
        return finding("no-trusted-time", UNKNOWN, f"At {body.at_gate}: {why}."), None
    head = by_digest.get(body.head)
    if head is None or head.number >= statement.number:
        return finding("token-bad", FAILS, "The head it is about is not in this ledger."), None
    if tsa is None:
        return (
            finding(
                "token-not-checked", UNKNOWN, "The trust anchors name no trusted-time service."
            ),
            None,
        )
    try:
        covered = read_regular(dossier / "statements" / file_name(head.number), LARGEST_STATEMENT)
        token = check_token(ObjectStore(dossier).get(body.token_object), covered, tsa)
    except (OSError, ValueError) as error:
        return finding("token-not-checked", UNKNOWN, str(error)), None
    except EvidenceError as error:
        missing = error.code in ("object-missing", "certificate-bad")
        return finding(error.code, UNKNOWN if missing else FAILS, error.what), None
    if body.time is None or token.time != body.time:
        return finding("token-bad", FAILS, f"The token says {token.time}, not {body.time}."), None
    if token.time + CLOCK_TOLERANCE < head.recorded_at:
        return (
            finding(
                "clock-wrong",
                FAILS,
                f"{name_of(head)} says {head.recorded_at}, but existed at {token.time} already.",
            ),
            None,
        )
    if statement.recorded_at + CLOCK_TOLERANCE < token.time:
        return (
            finding(
                "clock-wrong",
                FAILS,
                f"It says it was recorded at {statement.recorded_at}, but holds a token of "
                f"{token.time}.",
            ),
            None,
        )
    detail = f"Statements up to {file_name(head.number)} existed at {token.time} ({body.tsa})."
    return finding("trusted-time", HOLDS, detail), TrustedTime(head.number, token.time)


def _clock(statements: Sequence[Statement], certain: Sequence[TrustedTime]) -> Iterator[Finding]:
    if statements and not certain:
        yield Finding(
            "no-trusted-time",
            UNKNOWN,
            "all times",
            "No token holds, so all times are the operator's own clock.",
        )


def _files(folder: Path, expected: Mapping[str, str]) -> Iterator[Finding]:
    """``timestamps/`` repeats the tokens for public tools; it must repeat them exactly."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        yield Finding("foreign-file", FAILS, folder.name, "It is not a folder of this dossier.")
        return
    found = sorted(path.name for path in folder.iterdir()) if folder.exists() else []
    for name in sorted({*found, *expected}):
        path = folder / name
        if name not in found:
            yield Finding("timestamp-file-missing", FAILS, name, "The file of a token is missing.")
        elif name.startswith(UNFINISHED):
            yield Finding("unfinished-file", UNKNOWN, name, "A killed process left this behind.")
        else:
            yield from _file(path, expected.get(name))


def _file(path: Path, token: str | None) -> Iterator[Finding]:
    try:
        digest = sha256(read_regular(path, _LARGEST_TOKEN))
    except (OSError, ValueError) as error:
        yield Finding("timestamp-file-altered", FAILS, path.name, str(error))
        return
    if token is None and path.suffix == ".tsr" and path.stem.endswith(f"-{digest[:16]}"):
        yield Finding(
            "token-unspoken-of", UNKNOWN, path.name, "It is whole, but no statement speaks of it."
        )
    elif digest != token:
        yield Finding(
            "timestamp-file-altered", FAILS, path.name, "It is not the token that was recorded."
        )
