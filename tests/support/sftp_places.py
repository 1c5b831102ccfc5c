"""A real SFTP server with data of its own, and what every test of a source asks of an export."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sluis.rehearsal.keeper import Keeper
from sluis.rehearsal.old_supplier import DriveSize, OldSupplier, start_old_supplier
from sluis.rehearsal.sshd import new_ssh_key
from sluis.tenant.sftp_login import SftpLogin
from sluis.tenant.sftp_source import SftpPolicy, export_sftp
from sluis.tenant.source import Source
from sluis.tenant.source_pass import SourceReport
from sluis.tenant.tenant_manifest import ManifestLine, read_manifest

I_DRIVE = Source("sftp", "i-drive", "I-drive of the old supplier")


@dataclass
class Clock:
    """A clock that moves when it is told to; a day after whatever the files say."""

    at: datetime = field(default_factory=lambda: datetime.now(UTC) + timedelta(days=1))

    def __call__(self) -> str:
        return self.at.isoformat()


@dataclass(frozen=True)
class Place:
    """The old supplier's server, running, and how to get in."""

    supplier: OldSupplier
    key: Path
    known_hosts: Path
    folder: Path

    def login(self, **changes: object) -> SftpLogin:
        host = self.supplier.host
        given = {
            "address": host.address,
            "user": host.user,
            "port": host.port,
            "known_hosts": self.known_hosts,
            "key": self.key,
            "patience": 20.0,
        }
        return SftpLogin(**{**given, **changes})

    def new_folder(self, name: str) -> Path:
        """An empty folder on the server."""
        folder = self.folder / "srv" / name
        folder.mkdir(parents=True)
        return folder


@contextmanager
def old_supplier(size: DriveSize | None = None) -> Iterator[Place]:
    with tempfile.TemporaryDirectory(prefix="sluis-sftp-test-") as made, Keeper() as keeper:
        folder = Path(made)
        folder.chmod(0o711)
        key = folder / "key"
        public = new_ssh_key(key, "reader")
        supplier = start_old_supplier(keeper, folder / "server", public, size)
        known = folder / "known_hosts"
        known.write_text(supplier.host.known_hosts_line())
        yield Place(supplier, key, known, folder)


def export(
    login: SftpLogin, root: Path | str, out: Path, clock: Clock | None = None, **policy: object
) -> SourceReport:
    """One pass, without waiting for anything."""
    given = {"connections": 2, "pauses": (0.0, 0.0), **policy}
    return export_sftp(login, str(root), I_DRIVE, out, SftpPolicy(**given), clock or Clock())


def lines_of(report: SourceReport, out: Path) -> dict[str, ManifestLine]:
    """The manifest of a report, by path."""
    return lines_in(out / report.manifest)


def lines_in(manifest: Path) -> dict[str, ManifestLine]:
    """A manifest, by path."""
    lines = list(read_manifest(manifest))
    found = {line.path: line for line in lines}
    assert len(found) == len(lines), "a path is in the manifest twice"
    return found


def tree(root: Path) -> dict[str, bytes | str | None]:
    """Everything below a folder: bytes of files, ``None`` for folders, a word for the rest."""
    found: dict[str, bytes | str | None] = {}
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = Path(folder, name)
            key = str(path.relative_to(root))
            if path.is_symlink():
                found[key] = "link"
            elif path.is_dir():
                found[key] = None
            else:
                found[key] = path.read_bytes() if path.is_file() else "special"
    return found


def assert_faithful(report: SourceReport, root: Path, out: Path, tick: int = 10**9) -> None:
    """The manifest names everything there is, with the bytes that are there and that we have.

    ``tick`` is the finest time that the source tells, in nanoseconds.
    """
    lines, there = lines_of(report, out), tree(root)
    assert set(lines) == set(there)
    stored = [line.stored for line in lines.values() if line.stored is not None]
    assert len(set(stored)) == len(stored)
    for path, content in there.items():
        line = lines[path]
        if isinstance(content, bytes):
            assert (line.type, line.state, line.check) == ("file", "had", "equal"), line
            assert (line.size, line.sha256) == (len(content), hashlib.sha256(content).hexdigest())
            assert (out / line.stored).read_bytes() == content
            when = (root / path).stat().st_mtime_ns
            assert (out / line.stored).stat().st_mtime_ns == when - when % tick
        elif content is None:
            assert (line.type, line.state) == ("folder", "had"), line
        elif content == "link":
            assert (line.type, line.state) == ("shortcut", "had"), line
            assert line.target == {"link": str((root / path).readlink())}
        else:
            assert line.state == "could not be had" and "device, a pipe or a socket" in line.why


def outside(out: Path) -> list[str]:
    """Files of an export that are neither content nor its own."""
    own = {"content", "deep", "passes", "state.sqlite"}
    return [p.name for p in out.iterdir() if p.name not in own]
