"""The manifest of a tenant's drive: one line per item, as compressed JSON lines.

``zcat manifest | jq .`` shows it all. The first line says whose manifest it is, the last
how many lines there are and what their SHA-256 is. Nothing is handed out before that last
line was checked, so a manifest that was cut short or altered is never half used.

It is written and read as a stream: a drive of a million items needs no memory to speak of.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args

from ..border.strict_json import parse
from ..errors import EvidenceError
from ..evidence import files
from ..unfolding import Unfolding, unfold

ItemType = Literal["file", "folder", "package", "shortcut", "other"]
State = Literal["had", "could not be had"]

#: What the service's size and hashes say about a file's bytes. Only the first three are agreement.
#: A quickXorHash does not see blocks of 320 KiB that changed places, nor a run of such blocks of
#: ones (0xFF) that came as noughts; where it is all that is listed, nothing else tells.
Check = Literal[
    "equal",  # size and each hash are those that the service listed
    "rewritten by the service",  # other bytes than listed, and they say what a right copy said
    "stale metadata",  # the listing was wrong: asked again, or by its hash, the service agrees
    "edited meanwhile",  # the item's eTag moved on while it was fetched
    "corrupt",  # two downloads of one version differ, or the disk gave back other bytes
    "not verified",  # nothing says that it is right: no hash, or neither size nor hash as listed
]

#: why a file is "not verified" or "edited meanwhile", where that is known
Doubt = Literal[
    "no hash",  # no hash is listed; nothing that is listed differs
    "older",  # it is known to be of an earlier version
    "read once",  # its source lists no hash, and was not read a second time
    "edited",  # somebody worked on it each time that it was fetched
    "differs",  # what is listed is something else
]
DOUBTS: tuple[str, ...] = get_args(Doubt)

#: what gaps are called that count files which a label encrypted, and that name folders of which
#: nobody knows whether all in them is seen
SEALED = "files that a label encrypted"
UNCOUNTED = "items of folders that tell no count"

HAD: State = "had"
COULD_NOT: State = "could not be had"
_VERSION = 1
#: of one line: a file of SharePoint can have 50,000 versions, at about 300 bytes each
_LONGEST_LINE = 16 << 20
_MOST_VALUES = 1_000_000


@dataclass(frozen=True, slots=True)
class ManifestLine:
    """One item.

    Args:
        path: the original name, parts joined by ``/``, below the drive's root. A source
            whose names are bytes (SFTP) holds those that are not UTF-8 as surrogates.
        stored: path below the export root, parts joined by ``/``; ``None`` when there are
            no bytes of it. It is safe to open: see ``stored_names``.
        type: ``file``, ``folder``, ``package`` (OneNote), ``shortcut``, or ``other``: something
            that the service lists and of which nothing can be had (a bundle).
        item_id: the service's id; for other sources the path itself.
        size: bytes that were had; for a file that could not be had what was listed.
        sha256: of the bytes on disk, in hexadecimal.
        quickxor: of the bytes on disk, base64 as Graph spells it.
        listed_size: bytes, as the service listed them; ``None`` when it did not.
        listed_quickxor: as the service listed it, with each other hash that it listed
            (``other_hashes``); ``None`` when it gave none.
        check: what the service's size and hash say; ``None`` for what has no bytes.
        doubt: why nothing says that it is right, where ``check`` says so (``Doubt``); ``None`` in
            manifests of older versions, too.
        check_note: one sentence when ``check`` is anything but ``equal``.
        etag: as listed when the bytes were fetched.
        sealed: ``label`` when rights management encrypted it, so that it may not open elsewhere.
        created, modified: ISO 8601 in UTC, as ``fileSystemInfo`` gives them.
        created_by, modified_by: e-mail address, else name, else id.
        permissions: only on items where the scope of rights changes, as Graph gives them.
        rights_why: one sentence when such an item's permissions could not be had; who may reach
            it is then not known.
        versions: earlier versions; each with ``id``, ``modified``, ``modified_by``, ``size``
            and, where they were fetched, ``stored``, ``sha256`` and ``quickxor``, and ``why`` when
            it could not be had or is not as it was listed, and ``note`` when only its form speaks
            for it.
        fields: the list item's columns.
        target: what a shortcut points to.
        state: ``had`` or ``could not be had``.
        why: one sentence when it could not be had.
        seen_in_pass: the number of the last pass that saw it, from 1.
    """

    path: str
    type: ItemType
    item_id: str
    stored: str | None = None
    size: int = 0
    sha256: str | None = None
    quickxor: str | None = None
    listed_size: int | None = None
    listed_quickxor: str | None = None
    check: Check | None = None
    check_note: str | None = None
    doubt: str | None = None
    etag: str | None = None
    sealed: str | None = None
    created: str | None = None
    modified: str | None = None
    created_by: str | None = None
    modified_by: str | None = None
    permissions: tuple[dict[str, Any], ...] = ()
    rights_why: str | None = None
    versions: tuple[dict[str, Any], ...] = ()
    fields: dict[str, Any] = field(default_factory=dict)
    target: dict[str, Any] | None = None
    state: State = HAD
    why: str | None = None
    seen_in_pass: int = 1


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that could not be had and is no item of its own.

    Args:
        what: ``recycle bin contents``, ``permissions``, ``retention-labelled items`` …
        subject: of which item, drive or site.
        why: one sentence.
    """

    what: str
    subject: str
    why: str


@dataclass(frozen=True, slots=True)
class About:
    """The first line: whose manifest it is.

    Args:
        source: what ``Source`` says of the drive or folder, as plain data.
        seen_in_pass: the number of the pass that this manifest ends, from 1.
        started, finished: ISO 8601 in UTC.
        gaps: what could not be had and is no item.
    """

    source: dict[str, Any]
    seen_in_pass: int = 1
    started: str | None = None
    finished: str | None = None
    gaps: tuple[Gap, ...] = ()


def write_manifest(path: Path, lines: Iterable[ManifestLine], about: About) -> str:
    """Write a manifest; it appears whole or not at all.

    Args:
        path: where; an older manifest there is replaced in one step.
        lines: in the order they are to stand in.

    Returns:
        SHA-256 of the written file, in hexadecimal.
    """
    files.make_folder(path.parent)
    unfinished = files.unfinished_name(path.parent)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o640)
    try:
        with os.fdopen(descriptor, "wb") as file:
            # mtime=0 and no name: the bytes depend on the content alone.
            with gzip.GzipFile("", "wb", compresslevel=1, fileobj=file, mtime=0) as packed:
                for text in _spelled(lines, about):
                    packed.write(text)
            file.flush()
            os.fsync(file.fileno())
        digest = _digest_of(unfinished)
        unfinished.replace(path)
    except BaseException:
        files.remove(unfinished)
        raise
    files.sync_folder(path.parent)
    return digest


def read_manifest(path: Path) -> Iterator[ManifestLine]:
    """The lines of a manifest, one by one; the whole file is checked before the first.

    Raises:
        EvidenceError: ``tenant-manifest-unreadable``: missing, cut short, altered or of
            another version. Raised here, before anything is handed out.
    """
    check_manifest(path)
    return _lines(path)


def check_manifest(path: Path) -> tuple[About, int]:
    """Read a manifest to its end and hold it against its last line.

    Returns:
        its first line, and how many items it has.

    Raises:
        EvidenceError: ``tenant-manifest-unreadable``.
    """
    try:
        with path.open("rb") as file, unfold(file, _LONGEST_LINE) as lines:
            return _checked(lines)
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise EvidenceError(
            "tenant-manifest-unreadable",
            f"The manifest {path.name} cannot be read: {error}.",
            "Take the manifest from the dossier's object store again; do not repair it by hand.",
        ) from error


def _spelled(lines: Iterable[ManifestLine], about: About) -> Iterator[bytes]:
    digest = hashlib.sha256()
    first = _encode({"tenant_manifest": _VERSION, **asdict(about)}) + b"\n"
    digest.update(first)
    yield first
    count = 0
    for line in lines:
        text = _encode(line_as_data(line)) + b"\n"
        digest.update(text)
        count += 1
        yield text
    yield _encode({"items": count, "sha256": digest.hexdigest()}) + b"\n"


def _checked(lines: Unfolding) -> tuple[About, int]:
    digest = hashlib.sha256()
    first = lines.next_line()
    head = _parsed(first)
    if not isinstance(head, dict) or head.pop("tenant_manifest", None) != _VERSION:
        raise ValueError("its first line is not that of a version 1 tenant manifest")
    gaps = tuple(Gap(**gap) for gap in head.pop("gaps"))
    about = About(**head, gaps=gaps)
    digest.update(first)
    before, count = lines.next_line(), 0
    while text := lines.next_line():
        digest.update(before)
        line_from_data(_parsed(before))
        before, count = text, count + 1
    if not before:
        raise ValueError("it ends after its first line")
    if _parsed(before) != {"items": count, "sha256": digest.hexdigest()}:
        raise ValueError("its last line does not fit the lines before it")
    return about, count


def _parsed(text: bytes) -> Any:
    return parse(text, most_bytes=_LONGEST_LINE, most_values=_MOST_VALUES)


def _lines(path: Path) -> Iterator[ManifestLine]:
    with path.open("rb") as file, unfold(file, _LONGEST_LINE) as lines:
        lines.next_line()
        before = lines.next_line()
        while text := lines.next_line():
            yield line_from_data(_parsed(before))
            before = text


def line_as_data(line: ManifestLine) -> dict[str, Any]:
    """A line as plain JSON data; what is empty is left out."""
    data: dict[str, Any] = {}
    for name in _NAMES:
        value = getattr(line, name)
        if value is None or value == () or value == {}:
            continue
        data[name] = list(value) if isinstance(value, tuple) else value
    try:
        line.path.encode("utf-8")
    except UnicodeEncodeError:
        del data["path"]
        data["path_hex"] = line.path.encode("utf-8", "surrogateescape").hex()
    return data


def line_from_data(data: dict[str, Any]) -> ManifestLine:
    """What ``line_as_data`` gave, as a line again.

    Raises:
        TypeError: a field that a line does not have, one that is missing or of another type.
        ValueError: a path or a state that is not what it should be.
    """
    data = dict(data)
    if "path_hex" in data:
        data["path"] = bytes.fromhex(data.pop("path_hex")).decode("utf-8", "surrogateescape")
    for name in ("permissions", "versions"):
        if name in data:
            data[name] = tuple(data[name])
    for name, value in data.items():
        kinds = _KINDS.get(name, str)
        if not isinstance(value, kinds) or isinstance(value, bool):
            raise TypeError(f"the field {name[:40]!r} of a line is a {type(value).__name__}")
    for name in ("permissions", "versions"):
        if not all(isinstance(one, dict) for one in data.get(name, ())):
            raise TypeError(f"one of the {name} of a line is no object")
    line = ManifestLine(**data)
    if line.type not in _ITEM_TYPES or line.state not in (HAD, COULD_NOT) or line.size < 0:
        raise ValueError("a line is of no type, state or size that an item can have")
    return line


#: what a field holds that is not text
_KINDS: dict[str, type] = {
    "size": int,
    "listed_size": int,
    "seen_in_pass": int,
    "permissions": tuple,
    "versions": tuple,
    "fields": dict,
    "target": dict,
}
_ITEM_TYPES = get_args(ItemType)
_NAMES = tuple(f.name for f in fields(ManifestLine))
_encode_text = json.JSONEncoder(separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode


def _encode(value: object) -> bytes:
    return _encode_text(value).encode("ascii")


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
