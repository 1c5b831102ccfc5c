"""Whether a PostgreSQL dump is whole: told from its bytes, never from a tool's silence.

Measured with PostgreSQL 15: ``pg_restore -l`` likes a custom dump that was cut in half,
and psql restores half a plain dump with status 0 even with ``ON_ERROR_STOP``. What tells
is reading a custom dump to its end, and the last line of a plain one.
"""

from __future__ import annotations

import os
import re
import tarfile
from dataclasses import dataclass
from typing import Any, Dict, Optional

from ..errors import SnapshotError
from ..programs import PATH, Command, fixed
from . import postgresql_programs as programs_of
from .children import Account, Children, confined_account
from .lending import lent
from .plain_dump import head_and_tail, is_compressed
from .postgresql_programs import Programs
from .regular import is_regular, open_regular

_TRAILER = re.compile(rb"^-- PostgreSQL database(?: cluster)? dump complete$", re.MULTILINE)
#: a line that may stand below it
_AFTER = re.compile(rb"\s*(?:--.*|\\unrestrict \w+\s*)?")
_FROM = re.compile(rb"Dumped from database version:? (\d+)")
_BY = re.compile(rb"Dumped by pg_dump version:? (\d+)")


@dataclass(frozen=True)
class DumpFile:
    """What a dump file turned out to be.

    ``whole`` is None when it could not be told. ``major`` is the source server's version
    and ``dumped_with`` the tool's, where the file says so.
    """

    path: str
    format: str
    whole: Optional[bool]
    detail: str
    major: Optional[int] = None
    dumped_with: Optional[int] = None

    def as_dict(self) -> Dict[str, Any]:
        """The same as plain JSON data."""
        return dict(self.__dict__)


def looks_like_postgresql(path: str) -> bool:
    """Whether these are the bytes of any kind of PostgreSQL dump."""
    return _format(path) is not None


def inspect_dump(
    path: str, bin_dir: Optional[str] = None, *, restored_next: bool = False
) -> DumpFile:
    """Read a dump from its first byte to its last and say whether it is whole.

    Args:
        path: a custom or tar dump, a directory dump, or plain SQL, also compressed with
            gzip, bzip2 or xz.
        bin_dir: where to look for pg_restore first.
        restored_next: the caller restores all of a custom dump next, which reads it to its
            end as well; so here only its list is read. When that restore fails, ask again.
    """
    kind = _format(path)
    if kind is None:
        return DumpFile(path, "unknown", None, "these are not the bytes of a PostgreSQL dump")
    if kind.startswith("plain"):
        return _inspect_plain(path, kind)
    sets = programs_of.installed(bin_dir, "pg_restore")
    if not sets:
        return DumpFile(path, kind, None, "there is no pg_restore on this machine to read it with")
    programs = max(sets, key=lambda one: one.major)
    trouble = _tar_trouble(path) if kind == "tar" else ""
    if trouble:
        return DumpFile(path, kind, False, trouble)
    account = confined_account()
    with Children(_writable()) as children:
        with lent(path, account) as (readable, descriptors):
            listing = children.run(
                Command(programs.path("pg_restore"), fixed("-l"), operands=[readable]),
                _environment(),
                account,
                pass_fds=descriptors,
                seconds=600,
            )
        major, dumped_with = _first(_FROM, listing.output), _first(_BY, listing.output)
        if restored_next and kind == "custom" and listing.status == 0:
            return DumpFile(path, kind, True, "listed by pg_restore", major, dumped_with)
        try:
            read_through(children, programs, path, account)
        except SnapshotError as error:
            return DumpFile(path, kind, False, error.what, major, dumped_with)
    return DumpFile(path, kind, True, "read to its end by pg_restore", major, dumped_with)


def read_through(
    children: Children,
    programs: Programs,
    path: str,
    account: Optional[Account],
) -> None:
    """Have pg_restore read a custom or tar dump (or a directory dump) to its end.

    Raises:
        SnapshotError: it could not: the dump is cut or damaged.
    """
    # It reads a tar that was cut for ever (measured, version 15), so it gets an hour and
    # five seconds for each MB at most.
    seconds = 3600 + _size(path) / 200_000
    with lent(path, account) as (readable, descriptors):
        done = children.run(
            Command(programs.path("pg_restore"), fixed("-f", "/dev/null"), operands=[readable]),
            _environment(),
            account,
            pass_fds=descriptors,
            seconds=seconds,
        )
    if done.status != 0:
        raise SnapshotError(
            "postgresql-dump-unreadable",
            f"The dump {os.path.basename(path)} cannot be read to its end: "
            f"{done.errors.strip()[-400:] or f'pg_restore ended with status {done.status}'}",
            "Do not rely on this dump. Make a new one.",
        )


def _inspect_plain(path: str, kind: str) -> DumpFile:
    try:
        head, tail = head_and_tail(path)
    except (OSError, EOFError, ValueError) as error:
        return DumpFile(path, kind, False, f"it cannot be unpacked to its end: {error}")
    major, dumped_with = _first_bytes(_FROM, head), _first_bytes(_BY, head)
    ends = [found.end() for found in _TRAILER.finditer(tail)]  # a cluster's has one per database
    if ends and all(map(_AFTER.fullmatch, tail[ends[-1] :].split(b"\n"))):
        return DumpFile(path, kind, True, "its last line says complete", major, dumped_with)
    return DumpFile(
        path, kind, False, "it does not end with the line that says complete", major, dumped_with
    )


def _format(path: str) -> Optional[str]:
    if os.path.isdir(path) and not os.path.islink(path):
        return "directory" if is_regular(os.path.join(path, "toc.dat")) else None
    try:
        with open_regular(path) as file:
            start = file.read(512)
    except OSError:
        return None
    if start.startswith(b"PGDMP"):
        return "custom"
    if start[257:262] == b"ustar" and start.startswith(b"toc.dat\0"):
        return "tar"
    compressed = is_compressed(start)
    try:
        head = head_and_tail(path, head_only=True)[0] if compressed else start
    except (OSError, EOFError, ValueError):
        return None
    if b"PostgreSQL database" in head[:600]:
        return "plain, compressed" if compressed else "plain"
    return None


def _tar_trouble(path: str) -> str:
    """Why a tar is not whole: pg_restore itself would read it for ever."""
    size = os.path.getsize(path)
    try:
        with tarfile.open(path, "r:") as archive:
            for member in archive:
                if member.offset_data + member.size > size:
                    return f"it ends in the middle of {member.name}"
            end = archive.offset
    except (tarfile.TarError, EOFError, OSError) as error:
        return f"it is no whole tar: {error}"
    with open_regular(path) as file:
        file.seek(end)
        if len(file.read(1024).strip(b"\0")) != 0 or size - end < 512:
            return "it does not end as a tar ends"
    return ""


def _size(path: str) -> int:
    if os.path.isfile(path):
        return os.path.getsize(path)
    return sum(
        os.path.getsize(os.path.join(at, one)) for at, _, ones in os.walk(path) for one in ones
    )


def _first(pattern: Any, text: str) -> Optional[int]:
    return _first_bytes(pattern, text.encode("utf-8", "replace"))


def _first_bytes(pattern: Any, text: bytes) -> Optional[int]:
    found = pattern.search(text)
    return int(found.group(1)) if found else None


def _writable() -> str:
    return os.environ.get("TMPDIR") or "/tmp"  # noqa: S108  a private folder is made in it


def _environment() -> Dict[str, str]:
    return {"PATH": PATH, "LC_ALL": "C"}
