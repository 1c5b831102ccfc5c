"""Write and read manifests: JSON lines, gzip-compressed, so that public tools can.

The first line is a header, then one line per item, then one per problem.
``zcat manifest | jq .`` shows it all. A file that was cut short is noticed by gzip and
by the header's counts.
"""

from __future__ import annotations

import gzip
import io
import json
import zlib
from typing import IO, Any, Dict, Iterator

from ..errors import EvidenceError
from .entry import Manifest
from .parse import VERSION, read_manifest


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
        EvidenceError: ``manifest-unreadable``: cut short, altered, of another version, or
            unfolding to more than a manifest of its size can be.
    """
    try:
        return read_manifest(file)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise EvidenceError(
            "manifest-unreadable",
            f"A manifest cannot be read: {error}.",
            "Take the manifest from the dossier's object store again; do not repair it by hand.",
        ) from error


def _lines(manifest: Manifest) -> Iterator[bytes]:
    encode = json.JSONEncoder(separators=(",", ":")).encode
    header = {
        "manifest": VERSION,
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


def _name(key: str, value: str) -> Dict[str, str]:
    """A name as text, or in hexadecimal when its bytes are not UTF-8."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return {key + "_hex": value.encode("utf-8", "surrogateescape").hex()}
    return {key: value}
