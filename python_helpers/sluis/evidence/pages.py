"""The files in ``statements/``: which are there, and what each of them says.

A page is read and judged on its own; ``chain`` judges whether the pages follow from
one another.
"""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from pathlib import Path

from sluis.errors import EvidenceError
from sluis.evidence.canonical import sha256
from sluis.evidence.chain import Page, Problem, file_name
from sluis.evidence.files import UNFINISHED, read_regular
from sluis.evidence.keys import verifier
from sluis.evidence.signing_library import SSlibKey
from sluis.evidence.statements import PAYLOAD_TYPE, Statement, read_payload, unseal

#: a statement is small; what is large belongs in the object store
LARGEST_STATEMENT = 16 * 1024 * 1024
#: from this many unknown pages on, more than one process is worth its start
_WORTH_SHARING = 1500


@dataclass
class PageReader:
    """Reads pages, and knows again what it read before.

    Args:
        public_keys: PEM by key id.
        known: pages by the digest of their bytes, read under the same anchors.
    """

    public_keys: Mapping[str, str]
    known: Mapping[str, Page] = field(default_factory=dict)
    _verifiers: dict[str, SSlibKey] = field(default_factory=dict)

    def read(self, folder: str, number: int) -> Page:
        """Read one file. Whatever is wrong with it becomes a fault of the page."""
        name = file_name(number)
        try:
            data = read_regular(f"{folder}/{name}", LARGEST_STATEMENT)
        except (OSError, ValueError) as error:
            return Page(number, "", None, (_unreadable(name, error),))
        return self.page(number, data)

    def page(self, number: int, data: bytes) -> Page:
        """Judge one file's bytes."""
        digest = sha256(data)
        known = self.known.get(digest)
        if known is not None:
            return known if known.number == number else replace(known, number=number)
        try:
            return Page(number, digest, self._statement(data))
        except EvidenceError as error:
            name = file_name(number)
            problem = Problem(error.code, name, f"{name}: {error.what}", error.remedy)
            return Page(number, digest, None, (problem,))

    def _statement(self, data: bytes) -> Statement:
        sealed = unseal(data, PAYLOAD_TYPE)
        if sealed.keyid not in self._verifiers:
            pem = self.public_keys.get(sealed.keyid)
            if pem is None:
                raise EvidenceError(
                    "key-unknown",
                    f"It is signed with a key that is not trusted ({sealed.keyid[:16]}…).",
                    "Find out whose key that is; trust it only after you asked its owner.",
                )
            self._verifiers[sealed.keyid] = verifier(pem)
        if not sealed.holds(self._verifiers[sealed.keyid]):
            raise EvidenceError(
                "signature-bad",
                "Its signature is not right: it was edited after it was signed.",
                "Put the original file back from a copy of the dossier.",
            )
        return read_payload(sealed)


def read_pages(folder: Path, numbers: Sequence[int], reader: PageReader) -> list[Page]:
    """Read many pages, on all processors when there are very many.

    Almost all of the time goes into signatures, which Python threads cannot share;
    processes can. A process with other threads is not forked: that can hang.
    """
    workers = len(os.sched_getaffinity(0))
    fresh = len(numbers) - len(reader.known)
    if fresh < _WORTH_SHARING or workers < 2 or threading.active_count() > 1:
        with _no_collections():
            return [reader.read(str(folder), number) for number in numbers]
    share = -(-len(numbers) // (workers * 4))
    parts = [numbers[start : start + share] for start in range(0, len(numbers), share)]
    context = multiprocessing.get_context("fork")
    plain = PageReader(reader.public_keys)
    with _no_collections():
        try:
            with ProcessPoolExecutor(workers, context, gc.disable) as pool:
                answers = list(pool.map(_read_part, [(str(folder), part, plain) for part in parts]))
        except (BrokenProcessPool, OSError):
            # no room for more processes: slower, but the same answer
            answers = [_read_part((str(folder), numbers, plain))]
    return [page for answer in answers for page in answer]


def list_files(folder: Path) -> tuple[list[int], list[Problem]]:
    """The numbers of the statement files, rising, and what does not belong there.

    While a writer is at work a listing may show a later file and miss an earlier
    one; with a number missing, the folder is listed until two listings agree.
    """
    found = _list_once(folder)
    while found[0] != list(range(1, len(found[0]) + 1)):
        again = _list_once(folder)
        if again == found:
            break
        found = again
    return found


@contextlib.contextmanager
def _no_collections() -> Iterator[None]:
    """Nothing read here is garbage; looking for it costs a sixth of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _read_part(part: tuple[str, Sequence[int], PageReader]) -> list[Page]:
    folder, numbers, reader = part
    return [reader.read(folder, number) for number in numbers]


def _list_once(folder: Path) -> tuple[list[int], list[Problem]]:
    if folder.is_symlink():
        return [], [_foreign(folder.name, "is a link to another place")]
    try:
        with os.scandir(folder) as entries:
            files = [(entry.name, entry.is_file(follow_symlinks=False)) for entry in entries]
    except FileNotFoundError:
        return [], []
    except OSError as error:
        return [], [_foreign(folder.name, f"cannot be read: {error.strerror}")]
    numbers = [_number(name) if regular else 0 for name, regular in files]
    foreign = sorted(
        name
        for (name, regular), number in zip(files, numbers, strict=True)
        if not number and not (regular and name.startswith(UNFINISHED))
    )
    problems = [_foreign(name, "is not a statement") for name in foreign]
    return sorted(number for number in numbers if number), problems


def _number(name: str) -> int:
    """The number in a file's name, or 0 when it is not a statement's name."""
    digits = name.removesuffix(".json")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 12):
        return 0
    return int(digits) if file_name(int(digits)) == name else 0


def _foreign(name: str, what: str) -> Problem:
    # a name may hold bytes that are no text; they must not break a report
    shown = name.encode("utf-8", "backslashreplace").decode()[:200]
    return Problem(
        "foreign-file",
        shown,
        f"{shown!r} {what}.",
        "Find out who put it there, and take it out.",
    )


def _unreadable(name: str, error: Exception) -> Problem:
    return Problem(
        "statement-unreadable",
        name,
        f"{name} cannot be read: {getattr(error, 'strerror', None) or error}.",
        "Check the rights and the disk, or put it back from a copy.",
    )
