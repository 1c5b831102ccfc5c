"""The objects of a dossier: whole, missing, altered, erased on record, or unspoken of."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from sluis.counted import counted, plural
from sluis.errors import EvidenceError
from sluis.evidence.files import UNFINISHED
from sluis.evidence.finding import FAILS, HOLDS, UNKNOWN, Finding, name_of
from sluis.evidence.objects import ObjectStore
from sluis.evidence.predicates import Erasure
from sluis.evidence.statements import Statement, named_objects

_TWO = re.compile(r"[0-9a-f]{2}")


def object_findings(dossier: Path, statements: Sequence[Statement]) -> Iterator[Finding]:
    """Hash every object again, and hold what is there against what is spoken of.

    Args:
        statements: those whose signature and form hold, oldest first.
    """
    store = ObjectStore(dossier)
    named: dict[str, tuple[Statement, str]] = {}
    erased: dict[str, Statement[Erasure]] = {}
    for statement in statements:
        for field, digest in named_objects(statement).items():
            named.setdefault(digest, (statement, field))
        if isinstance(statement.body, Erasure):
            erased.update(dict.fromkeys(statement.body.objects, statement))  # type: ignore[arg-type]
    whole = size = 0
    for digest, (statement, field) in named.items():
        try:
            size += store.check(digest)
            whole += 1
        except EvidenceError as error:
            yield _bad_object(error, digest, f"{field} of {name_of(statement)}", erased.get(digest))
    if named:
        yield Finding(
            "objects",
            HOLDS if whole else UNKNOWN,
            f"{whole} of {counted(len(named), 'object')}",
            f"{counted(whole, 'object')}, {counted(size, 'byte')}, "
            f"{plural(whole, 'has', 'have')} the content that the statements name.",
        )
    yield from _strays(store, named)


def _bad_object(
    error: EvidenceError, digest: str, what: str, erasure: Statement[Erasure] | None
) -> Finding:
    if error.code == "object-missing" and erasure is not None:
        return Finding(
            "object-erased",
            UNKNOWN,
            digest,
            f"The object, {what}, was erased on record by {name_of(erasure)}: "
            f"{erasure.body.reason}",
        )
    return Finding(error.code, FAILS, digest, f"The object, {what}: {error.what}")


def _strays(store: ObjectStore, named: dict[str, tuple[Statement, str]]) -> Iterator[Finding]:
    """What lies in the store and no statement speaks of."""
    root = store.folder.parent
    if root.is_symlink() or store.folder.is_symlink():
        yield Finding("object-altered", FAILS, root.name, "The store is a link to another place.")
        return
    for folder, folders, files in os.walk(root):
        above, _, two = folder.rpartition("/")
        inside = above == os.fspath(store.folder)
        for name in folders:
            where = str(Path(folder, name).relative_to(root.parent))
            if Path(folder, name).is_symlink():
                said = "It is a link to another place, and was not followed."
                yield Finding("foreign-file", FAILS, where, said)
            elif not _belongs(Path(folder, name), store):
                said = "It is a folder, and no folder belongs here."
                yield Finding("foreign-file", FAILS, where, said)
        for file in files:
            digest = two + file if inside else ""
            if digest not in named:
                yield _stray(store, Path(folder, file), digest)


def _belongs(folder: Path, store: ObjectStore) -> bool:
    """Whether this folder is one that the store itself makes."""
    if folder == store.folder:
        return True
    return folder.parent == store.folder and _TWO.fullmatch(folder.name) is not None


def _stray(store: ObjectStore, path: Path, digest: str) -> Finding:
    name = str(path.relative_to(store.folder.parent.parent))
    if path.name.startswith(UNFINISHED):
        return Finding("unfinished-file", UNKNOWN, name, "A killed process left this behind.")
    try:
        if store.path(digest) == path:
            store.check(digest)
            return Finding(
                "object-unspoken-of", UNKNOWN, name, "It is whole, but no statement speaks of it."
            )
    except EvidenceError as error:
        if error.code != "bad-digest":
            return Finding(error.code, FAILS, name, error.what)
    return Finding("foreign-file", FAILS, name, "It is not an object and does not belong here.")
