"""An SFTP store, asked through OpenSSH's own ``sftp`` program."""

from __future__ import annotations

import datetime
import os
import re
import shlex
import socket
import tempfile
import time
from typing import Dict, List, Mapping, Optional, Tuple

from ..errors import SnapshotError
from .access import Access, Attempt, open_part, unreachable
from .children import Children, Ended
from .store import Store

__all__ = ("open_sftp",)

_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_LISTED = re.compile(
    r"\S+\s+\S+\s+\S+\s+\S+\s+\d+\s+(\w{3})\s+(\d+)\s+(\d\d:\d\d|\d{4})\s+(?:.*/)?([0-9a-f]{64})"
)


def open_sftp(store: Store, secrets: Mapping[str, str], private: str, children: Children) -> Access:
    """Open a folder behind SFTP. Nobody needs to run anything of ours there.

    Raises:
        SnapshotError: ``store-key-missing``.
    """
    return _Sftp(store, secrets, private, children)


class _Sftp(Access):
    def __init__(
        self, store: Store, secrets: Mapping[str, str], private: str, children: Children
    ) -> None:
        super().__init__(store)
        self._children = children
        self._private = private
        key = secrets.get("store_key")
        if not key:
            raise SnapshotError(
                "store-key-missing",
                f"There is no private key for the SFTP store {store.id}.",
                "Write the key's text as store_key in snapshot_and_verify_store_secrets.",
            )
        key_file, known = os.path.join(private, "store-key"), os.path.join(private, "known_hosts")
        _write_private(key_file, key if key.endswith("\n") else key + "\n")
        where = f"[{store.machine}]:{store.port}" if store.port != 22 else store.machine
        _write_private(known, f"{where} {store.host_key}\n")
        self._ssh = [
            "-F", "none", "-o", f"IdentityFile={key_file}", "-o", "IdentitiesOnly=yes",
            "-o", f"UserKnownHostsFile={known}", "-o", "GlobalKnownHostsFile=/dev/null",
            "-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes", "-o", "ConnectTimeout=15",
            "-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=4",
        ]  # fmt: skip
        login = f"{store.user}@{store.machine}"
        self._login = login
        command = ["ssh", *self._ssh, "-p", str(store.port), login, "-s", "sftp"]
        self.environment = {"RESTIC_REPOSITORY": f"sftp:{login}:{store.path}"}
        self.options = ["-o", "sftp.command=" + " ".join(shlex.quote(part) for part in command)]

    def reachable(self) -> bool:
        try:
            socket.create_connection((self.store.machine, self.store.port), timeout=5).close()
        except OSError:
            return False
        return True

    def clock(self) -> Optional[str]:
        return None

    def names(self, kind: str) -> List[str]:
        return sorted(self._listing(kind))

    def packs(self) -> List[str]:
        ended = self._sftp([f"ls -1 {_quoted(f'{self.store.path}/data')}/*/*"])
        return sorted(re.findall(r"\b[0-9a-f]{64}\b", ended.output))

    def created(self, snapshot: str) -> Tuple[Optional[str], str]:
        times = self._listing("snapshots")
        if snapshot not in times:
            return None, "it cannot be seen on the store"
        return times[snapshot], "file time on the store, to the minute"

    def key_of(self, user: str) -> Optional[str]:
        folder = os.path.join(self._private, "keys-of-the-store")
        os.makedirs(folder, exist_ok=True)
        # all of them in one go: each connection costs a handshake
        self._sftp([f"-get {_quoted(f'{self.store.path}/keys')}/* {_quoted(folder + '/')}"])
        found = []
        for name in os.listdir(folder):
            with open(os.path.join(folder, name), "rb") as file:
                key = open_part(file.read(1 << 16))
            if key.get("username") == user:
                found.append((str(key.get("created")), name))
        return max(found)[1] if found else None

    def try_to_remove(self, snapshot: str) -> Attempt:
        path = f"{self.store.path}/snapshots/{snapshot}"
        tried = f"sftp rm {path}"
        ended = self._sftp([f"rm {_quoted(path)}"])
        there = snapshot in self._listing("snapshots")
        if not there:
            return Attempt(tried, False, "the snapshot is gone")
        if ended.status and "ermission denied" in ended.errors:
            return Attempt(tried, True, "the store refused: permission denied")
        return Attempt(
            tried, None, f"sftp ended with {ended.status}: {ended.errors.strip()[-200:]}"
        )

    def upload(self, size: int) -> float:
        name = f"{self.store.path}-speed-{os.urandom(8).hex()}"
        with tempfile.NamedTemporaryFile(dir=self._private) as file:
            file.write(os.urandom(size))
            file.flush()
            start = time.monotonic()
            ended = self._sftp([f"put {_quoted(file.name)} {_quoted(name)}"])
            seconds = time.monotonic() - start
        self._sftp([f"rm {_quoted(name)}"])
        if ended.status:
            raise unreachable(self.store, f"a speed measurement failed: {ended.errors.strip()}")
        return seconds

    def _listing(self, kind: str) -> Dict[str, str]:
        ended = self._sftp([f"ls -ln {_quoted(f'{self.store.path}/{kind}')}"])
        if ended.status:
            if "not found" in ended.errors or "No such file" in ended.errors:
                return {}
            raise unreachable(self.store, ended.errors.strip()[-300:] or f"status {ended.status}")
        times = {}
        for line in ended.output.splitlines():
            found = _LISTED.fullmatch(line.strip())
            if found:
                times[found[4]] = _moment(found[1], int(found[2]), found[3])
        return times

    def _sftp(self, commands: List[str]) -> Ended:
        with tempfile.TemporaryFile() as batch:
            batch.write("".join(f"{command}\n" for command in commands).encode())
            batch.seek(0)
            # sftp shows times in the local zone, so the zone is set.
            return self._children.run(
                ["sftp", "-b", "-", *self._ssh, "-P", str(self.store.port), self._login],
                {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"},
                stdin=batch,
            )


def _moment(month: str, day: int, rest: str) -> str:
    """``ls`` gives a time of day for the last half year, and a year for what is older."""
    today = datetime.datetime.now(datetime.timezone.utc)
    number = _MONTHS.index(month) + 1
    if ":" not in rest:
        return f"{int(rest):04d}-{number:02d}-{day:02d}T00:00:00+00:00"
    year = today.year if (number, day) <= (today.month, today.day + 1) else today.year - 1
    return f"{year:04d}-{number:02d}-{day:02d}T{rest}:00+00:00"


def _quoted(path: str) -> str:
    escaped = re.sub(r'(["\\*?\[\]])', r"\\\1", path)
    return f'"{escaped}"'


def _write_private(path: str, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
