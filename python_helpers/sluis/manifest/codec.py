"""Write and read manifests: JSON lines, gzip-compressed, so that public tools can.

The first line is a header, then one line per item, then one per problem.
``zcat manifest | jq .`` shows it all. A file that was cut short is noticed by gzip and
by the header's counts.
"""

from __future__ import annotations

import gzip
import io
import json
from typing import IO, Any, Dict, Iterator, Tuple

from ..errors import EvidenceError
from .entry import Entry, Manifest, Problem

_VERSION = 1


def dumps(manifest: Manifest) -> bytes:
    """The manifest as compressed bytes, the same bytes for the same manifest."""
    out = io.BytesIO()
    dump(manifest, out)
    return out.getvalue()


def dump(manifest: Manifest, file: IO[bytes]) -> None:
    """Write the manifest to an open binary file, line by line."""
    # mtime=0 and no name: the bytes depend on the content alone.
    with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=1, mtime=0, filename="") as packed:
        packed.writelines(_lines(manifest))


def loads(data: bytes) -> Manifest:
    """Read what ``dumps`` wrote.

    Raises:
        EvidenceError: ``manifest-unreadable``.
    """
    return load(io.BytesIO(data))


def load(file: IO[bytes]) -> Manifest:
    """Read a manifest from an open binary file.

    Raises:
        EvidenceError: ``manifest-unreadable``: cut short, altered, or of another version.
    """
    try:
        with gzip.GzipFile(fileobj=file, mode="rb") as packed:
            return _read(packed)
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise EvidenceError(
            "manifest-unreadable",
            f"A manifest cannot be read: {error}.",
            "Take the manifest from the dossier's object store again; do not repair it by hand.",
        ) from error


def _lines(manifest: Manifest) -> Iterator[bytes]:
    encode = json.JSONEncoder(separators=(",", ":")).encode
    header = {
        "manifest": _VERSION,
        "items": len(manifest.entries),
        "problems": len(manifest.problems),
        "excluded": list(manifest.excluded),
        "left_out": manifest.left_out,
    }
    yield encode(header).encode() + b"\n"
    for entry in manifest.entries.values():
        line: Dict[str, Any] = {
            **_name("path", entry.path),
            "type": entry.type,
            "size": entry.size,
            "sha256": entry.sha256,
            "mtime_ns": entry.mtime_ns,
            "mode": f"{entry.mode:04o}",
        }
        if entry.target is not None:
            line.update(_name("target", entry.target))
        if entry.twin_of is not None:
            line.update(_name("twin_of", entry.twin_of))
        yield encode(line).encode() + b"\n"
    for problem in manifest.problems:
        line = {**_name("path", problem.path), "problem": problem.code, "detail": problem.detail}
        yield encode(line).encode() + b"\n"


def _read(lines: gzip.GzipFile) -> Manifest:
    header = json.loads(lines.readline())
    if not isinstance(header, dict) or header.get("manifest") != _VERSION:
        raise ValueError("its first line is not the header of a version 1 manifest")
    entries: Dict[str, Entry] = {}
    problems = []
    for text in lines:
        line = json.loads(text)
        if "problem" in line:
            problems.append(Problem(_named("path", line), line["problem"], line["detail"]))
            continue
        entry = Entry(
            _named("path", line),
            line["type"],
            line["size"],
            line["sha256"],
            line["mtime_ns"],
            int(line["mode"], 8),
            _named("target", line) if "target" in line or "target_hex" in line else None,
            _named("twin_of", line) if "twin_of" in line or "twin_of_hex" in line else None,
        )
        entries[entry.path] = entry
    counts: Tuple[int, int] = (header["items"], header["problems"])
    if counts != (len(entries), len(problems)):
        raise ValueError("it does not hold as many lines as its header says")
    return Manifest(entries, tuple(problems), tuple(header["excluded"]), header["left_out"])


def _name(key: str, value: str) -> Dict[str, str]:
    """A name as text, or in hexadecimal when its bytes are not UTF-8."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return {key + "_hex": value.encode("utf-8", "surrogateescape").hex()}
    return {key: value}


def _named(key: str, line: Dict[str, Any]) -> str:
    if key in line:
        return str(line[key])
    return bytes.fromhex(line[key + "_hex"]).decode("utf-8", "surrogateescape")
