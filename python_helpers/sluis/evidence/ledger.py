"""The ledger of one dossier: append a statement, or read them all and say what is wrong.

A statement is one file, ``statements/000001.json`` and so on. It is written under
another name, brought to disk, and then linked to the next number: linking cannot
overwrite, so two writers cannot both win, and a killed one leaves nothing half.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from sluis.errors import EvidenceError, InputError
from sluis.evidence.anchors import Anchors, TrustedKey
from sluis.evidence.answers import answer_problems, compare_answers
from sluis.evidence.chain import CLOCK_TOLERANCE, Page, Problem, file_name, problems_of
from sluis.evidence.files import (
    UNFINISHED,
    make_folder,
    read_regular,
    remove,
    sync_folder,
    unfinished_name,
    write_unfinished,
)
from sluis.evidence.keys import OperatorKey
from sluis.evidence.objects import ObjectStore
from sluis.evidence.pages import LARGEST_STATEMENT, PageReader, list_files, read_pages
from sluis.evidence.place_findings import linked
from sluis.evidence.predicates import Body
from sluis.evidence.readable import readable
from sluis.evidence.statements import PAYLOAD_TYPE, Statement, seal, write_payload
from sluis.evidence.view import View
from sluis.evidence.witness import Head, Witness, judge

__all__ = ["Ledger", "View"]

_ATTEMPTS = 1000
_NOT_THE_LINK = "Find out who put the link there; put the dossier's own folder in its place."


class Ledger:
    """The chain of signed statements of one change.

    Args:
        dossier: the dossier's folder; made at the first append.
        anchors: whose keys are believed; they must be this client's.
        client: the client's id.
        change: the change's id.

    Raises:
        InputError: ``anchors-of-another-client``.
    """

    def __init__(self, dossier: Path, anchors: Anchors, client: str, change: str) -> None:
        if anchors.client != client:
            raise InputError(
                "anchors-of-another-client",
                f"The trust anchors are those of {anchors.client}, not of {client}.",
                "Load the anchors of the client whose dossier this is.",
            )
        self.dossier = dossier
        self.folder = dossier / "statements"
        self.anchors = anchors
        self.client = client
        self.change = change
        self.witness = Witness(dossier, client, change, anchors)

    def append(
        self,
        body: Body,
        *,
        key: OperatorKey,
        now: datetime,
        subjects: Mapping[str, str] | None = None,
    ) -> Statement:
        """Record ``body`` as the next statement. On disk when this returns.

        What a reader would not see in its texts is spelled out first (`readable`).

        Args:
            key: must be trusted at ``now``, or nobody could believe the statement.
            now: aware UTC. A moment before the last statement's (another process was
                quicker) becomes that statement's time, so time never runs backwards.
            subjects: more names and SHA-256 digests that the statement is about.

        Raises:
            EvidenceError: ``key-not-trusted``, ``cannot-record``, ``bad-subject``,
                ``clock-backwards``, ``tail-removed`` or ``head-differs`` (statements
                were taken off the end), ``witness-altered``, ``witness-missing``,
                ``cannot-write`` (disk full, no rights). Nothing was recorded then. With
                ``not-settled`` it was, but the disk failed right after.
        """
        name = self._must_be_trusted(key, now).name
        self._must_be_its_own_place()
        body = readable(body)
        try:
            with self.witness.lock():
                make_folder(self.folder)
                self._clean()
                for _ in range(_ATTEMPTS):
                    statement = self._try_append(body, key, name, now, subjects or {})
                    if statement is not None:
                        return statement
        except OSError as error:
            raise _cannot_write(self.dossier, error) from error
        raise EvidenceError(
            "cannot-write",
            f"Other writers were quicker {_ATTEMPTS} times in {self.folder}.",
            "Find out what keeps writing there, and try again.",
        )

    def read(self, now: datetime, earlier: View | None = None) -> View:
        """Read the whole ledger and check everything about it. Never raises for what it finds.

        Args:
            now: aware UTC, to tell what is dated in the future.
            earlier: what was read before. Files that still have the same bytes are
                not parsed again and their signatures are not computed again; every
                file is still read and hashed, and the chain checked as a whole.
        """
        known: dict[str, Page] = {}
        if earlier is not None and earlier.anchors_sha256 == self.anchors.sha256:
            known = {page.sha256: page for page in earlier.pages}
        head, pages, problems = self._read_all(self._reader(known))
        problems.extend(problems_of(pages, self.anchors, self.client, self.change, now))
        if isinstance(head, Problem):
            problems.append(head)
        else:
            problems.extend(judge(head, pages, self.witness.path))
        statements = tuple(page.statement for page in pages if page.statement is not None)
        answers = compare_answers(statements, ObjectStore(self.dossier), self.anchors)
        problems.extend(answer_problems(answers))
        return View(
            statements=statements,
            problems=tuple(problems),
            head=(pages[-1].sha256 or None) if pages else None,
            witnessed=head.number if isinstance(head, Head) else None,
            answers=answers,
            pages=tuple(pages),
            anchors_sha256=self.anchors.sha256,
        )

    def newest(self) -> tuple[int, bytes] | None:
        """Number and exact bytes of the newest statement file, if there is any.

        Raises:
            EvidenceError: ``statement-unreadable``.
        """
        numbers, _ = list_files(self.folder)
        if not numbers:
            return None
        path = self.folder / file_name(numbers[-1])
        try:
            return numbers[-1], read_regular(path, LARGEST_STATEMENT)
        except (OSError, ValueError) as error:
            raise EvidenceError(
                "statement-unreadable",
                f"The newest statement, {path.name}, cannot be read: {error}.",
                "Put the original statement back from a copy of the dossier.",
            ) from error

    def accept_head(self, expected: str, *, key: OperatorKey, now: datetime) -> None:
        """Make the witness anew, after a person compared the head with the mailed one.

        Args:
            expected: the head as it was mailed; it must be the ledger's head.

        Raises:
            EvidenceError: ``head-differs``; also as :meth:`append`.
        """
        self._must_be_trusted(key, now)
        self._must_be_its_own_place()
        try:
            with self.witness.lock():
                last = self._last()
                if last is None or last.sha256 != expected:
                    raise EvidenceError(
                        "head-differs",
                        f"The ledger's head is {last.sha256 if last else 'not there'}, "
                        f"not {expected[:64]}.",
                        "Put the missing statements back from a copy of the dossier.",
                    )
                self._witness(last, key, now)
                self.witness.put_in_place()
        except OSError as error:
            raise _cannot_write(self.dossier, error) from error

    def _try_append(
        self, body: Body, key: OperatorKey, name: str, now: datetime, subjects: Mapping[str, str]
    ) -> Statement | None:
        """One attempt under the lock; ``None`` when a writer without the lock was first."""
        last = self._last()
        self._must_continue(last, key, now)
        payload = write_payload(
            body,
            client=self.client,
            change=self.change,
            number=last.number + 1 if last else 1,
            previous=last.sha256 if last else None,
            recorded_at=_not_before(last, now),
            # the anchors name the key; the name of its file can be changed by whoever has it
            recorded_by=name,
            subjects=subjects,
        )
        data = seal(payload, PAYLOAD_TYPE, key)
        page = self._reader({}).page(last.number + 1 if last else 1, data)
        if page.statement is None or not _same(page.statement.body, body):
            raise EvidenceError(
                "cannot-record",
                f"A {body.kind} statement would not read back as it was given"
                f"{': ' + page.faults[0].sentence if page.faults else ''}.",
                "Use plain values: text, whole numbers, finite numbers, lists, dictionaries.",
            )
        unfinished = unfinished_name(self.folder)
        try:
            write_unfinished(unfinished, data)
            self._witness(page, key, page.statement.recorded_at)
            os.link(unfinished, self.folder / file_name(page.number))
        except FileExistsError:
            self.witness.give_up()
            return None
        except BaseException:
            self.witness.give_up()
            raise
        finally:
            remove(unfinished)
        try:
            sync_folder(self.folder)
            self.witness.put_in_place()
        except OSError as error:
            raise EvidenceError(
                "not-settled",
                f"Statement {page.number} was recorded, but the disk did not confirm it: "
                f"{error.strerror or error}.",
                "Check the disk; read the ledger before anything is recorded again.",
            ) from error
        return page.statement

    def _must_continue(self, last: Page | None, key: OperatorKey, now: datetime) -> None:
        """Add nothing to a ledger whose end was taken off: that would hide it."""
        head = self.witness.read()
        if head is None and last is not None and last.number == 1:
            # the first writer was killed between its statement and its witness
            self._witness(last, key, now)
            self.witness.put_in_place()
            return
        pages = [] if last is None else [last]
        if head is not None and last is not None and head.number < last.number:
            return
        for problem in judge(head, pages, self.witness.path):
            raise EvidenceError(problem.code, problem.sentence, problem.remedy)
        if head is None and last is not None:
            raise EvidenceError(
                "witness-missing",
                f"The witness {self.witness.path} of the ledger's head is missing.",
                "Compare the head with the one mailed to the client, then accept it anew.",
            )

    def _witness(self, page: Page, key: OperatorKey, at: datetime) -> None:
        head = Head(
            client=self.client,
            change=self.change,
            number=page.number,
            head=page.sha256,
            recorded_at=at.isoformat(),
        )
        self.witness.prepare(head, key)

    def _must_be_trusted(self, key: OperatorKey, now: datetime) -> TrustedKey:
        if now.tzinfo is None:
            raise EvidenceError(
                "cannot-record", "The time has no time zone.", "Give an aware time, in UTC."
            )
        trusted = self.anchors.keys.get(key.keyid)
        if (
            trusted is None
            or trusted.party != "operator"
            or trusted.revoked_at is not None
            or now < trusted.valid_from
            or (trusted.valid_until is not None and now > trusted.valid_until)
        ):
            raise EvidenceError(
                "key-not-trusted",
                f"The key {key.name} is not trusted for {self.client} at this moment.",
                f"Use another key, or trust it with: sluis keys trust {self.client} {key.name}",
            )
        return trusted

    def _must_be_its_own_place(self) -> None:
        link = linked(self.dossier)
        if link is not None:
            raise EvidenceError("linked", f"{link}.", _NOT_THE_LINK)

    def _last(self) -> Page | None:
        """The newest file, as far as it can be read, for the next one to follow."""
        newest = self.newest()
        return None if newest is None else self._reader({}).page(*newest)

    def _read_all(
        self, reader: PageReader
    ) -> tuple[Head | Problem | None, list[Page], list[Problem]]:
        """The witness first, then the files: it is never ahead, so neither is our copy."""
        link = linked(self.dossier)
        if link is not None:
            return None, [], [Problem("linked", self.dossier.name, f"{link}.", _NOT_THE_LINK)]
        while True:
            head: Head | Problem | None
            try:
                head = self.witness.read()
            except EvidenceError as error:
                head = Problem(error.code, self.witness.path.name, error.what, error.remedy)
            numbers, problems = list_files(self.folder)
            if head is None and len(numbers) > 1 and self.witness.path.exists():
                continue  # the ledger was begun while we were looking
            return head, read_pages(self.folder, numbers, reader), problems

    def _reader(self, known: Mapping[str, Page]) -> PageReader:
        keys = {keyid: key.public_pem for keyid, key in self.anchors.keys.items()}
        return PageReader(keys, known)

    def _clean(self) -> None:
        """Remove what killed writers left; we hold the lock, so none of it is alive."""
        for path in self.folder.glob(f"{UNFINISHED}*"):
            with contextlib.suppress(IsADirectoryError, PermissionError):
                remove(path)


def _same(found: Body, given: Body) -> bool:
    return found.model_dump(mode="json") == given.model_dump(mode="json")


def _not_before(last: Page | None, now: datetime) -> datetime:
    if last is None or last.statement is None or now >= last.statement.recorded_at:
        return now
    if last.statement.recorded_at - now > CLOCK_TOLERANCE:
        raise EvidenceError(
            "clock-backwards",
            f"It is {now.isoformat()} here, but the last statement was recorded at "
            f"{last.statement.recorded_at.isoformat()}.",
            "Set this machine's clock right. If the other was wrong, start a new change.",
        )
    return last.statement.recorded_at


def _cannot_write(dossier: Path, error: OSError) -> EvidenceError:
    return EvidenceError(
        "cannot-write",
        f"The dossier {dossier} cannot be written: {error.strerror or error}.",
        "Check free space and rights, and that its disk knows hard links; then try again.",
    )
