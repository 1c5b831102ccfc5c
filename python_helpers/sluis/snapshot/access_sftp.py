"""An SFTP store, asked through OpenSSH's own ``sftp`` program."""

from __future__ import annotations

import contextlib
import datetime
import os
import re
import shlex
import signal
import socket
import tempfile
import time
from dataclasses import dataclass
from typing import IO, Iterable, Iterator, List, Optional, Sequence, Tuple

from ..border.characters import clean_text
from ..border.parts import Attempt, StoreSecrets
from ..border.ssh_words import known_hosts_name
from ..border.store import Store
from ..errors import SnapshotError
from ..programs import PATH, Command, fixed, option
from .access import Access, StoredFile, checked, host_key_changed, unreachable
from .children import Children, Ended

__all__ = ("open_sftp",)

_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
#: a file in ``ls -ln``. A name with a line break can pretend to be two files (OpenSSH 9.2), so
#: what counts is asked again by its exact name.
_LISTED = re.compile(
    r"-\S{9,12}\s+\S+\s.{0,120}?\s(?P<size>\d{1,20})\s+"
    r"(?P<month>[A-Z][a-z]{2})\s+(?P<day>\d{1,2})\s+(?P<rest>\d\d:\d\d|\d{4})\s(?P<name>.*)"
)
#: how ssh ends that could not connect
_FAILED = 255
#: seconds for one conversation
_LONGEST = 600
#: bytes of a small object, and of what is said meanwhile, as of a REST store
_LARGEST_FILE = 1 << 20
#: bytes of a listing: of one folder, and of all packs
_LONGEST_LISTING, _LONGEST_PACKS = 1 << 28, 1 << 30
#: bytes of memory: sftp holds a whole listing before it writes a line, about 400 bytes a name
_MEMORY, _MEMORY_PACKS = 1 << 29, 3 << 30


def open_sftp(store: Store, secrets: StoreSecrets, private: str, children: Children) -> Access:
    """Open a folder behind SFTP. Nobody needs to run anything of ours there.

    Raises:
        SnapshotError: ``store-key-missing``.
    """
    return _Sftp(store, secrets, private, children)


@dataclass(frozen=True)
class _Listed:
    """One file on the store: its name, bytes, and when it came."""

    name: str
    size: int
    since: Optional[str]


class _Sftp(Access):
    def __init__(
        self, store: Store, secrets: StoreSecrets, private: str, children: Children
    ) -> None:
        super().__init__(store)
        self._children = children
        self._private = private
        key = secrets.store_key
        if not key:
            raise SnapshotError(
                "store-key-missing",
                f"There is no private key for the SFTP store {store.id}.",
                "Write the key's text as store_key in snapshot_and_verify_store_secrets.",
            )
        key_file, known = os.path.join(private, "store-key"), os.path.join(private, "known_hosts")
        _write_private(key_file, key if key.endswith("\n") else key + "\n")
        where = known_hosts_name(store.machine, store.port)
        _write_private(known, f"{where} {store.host_key}\n")
        self._ssh = (
            fixed("-F", "none", "-o", "IdentitiesOnly=yes"),
            option("-o", f"IdentityFile={_ssh_path(key_file)}"),
            option("-o", f"UserKnownHostsFile={_ssh_path(known)}"),
            fixed("-o", "GlobalKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=yes"),
            fixed("-o", "BatchMode=yes", "-o", "ConnectTimeout=15"),
            # a store that is gone says nothing, and restic would wait for hours
            fixed("-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=4"),
            fixed("-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=4"),
        )
        login = f"{store.user}@{store.machine}"
        self._login = login
        command = Command(
            "ssh", *self._ssh, option("-p", store.port), fixed("-s"), operands=[login, "sftp"]
        )
        self.environment = {"RESTIC_REPOSITORY": f"sftp:{login}:{store.path}"}
        # restic reads this as one line of CSV, and then splits it as a shell would
        self.options = [option("-o", _csv(f"sftp.command={shlex.join(command.argv())}"))]

    def reachable(self) -> bool:
        try:
            socket.create_connection((self.store.machine, self.store.port), timeout=5).close()
        except OSError:
            return False
        return True

    def clock(self) -> Optional[str]:
        return None

    def _list(self, kind: str) -> Iterator[str]:
        return (one.name for one in self._listing(kind))

    def _list_packs(self) -> Iterator[str]:
        with tempfile.TemporaryFile() as output:
            commands = [f"ls -1 {_quoted(f'{self.store.path}/data')}/*/*"]
            self._sftp(commands, output, most_file=_LONGEST_PACKS, most_memory=_MEMORY_PACKS)
            output.seek(0)
            for line in output:
                yield _text(line).rpartition("/")[2]

    def created(self, snapshot: str) -> Tuple[Optional[str], str]:
        found = self._look("snapshots", snapshot)
        if found is None:
            return None, "it cannot be seen on the store"
        return found.since, "file time on the store, to the minute"

    def read_files(
        self, kind: str, most: int, largest: int, only: Sequence[str] = ()
    ) -> List[StoredFile]:
        """See `Access`."""
        listed = list(self._listing(kind))
        known = set(self._only_ids(kind, (one.name for one in listed)))
        if only:
            known &= set(only)
        wanted = [one for one in listed if one.name in known and one.size <= largest][:most]
        found = []
        with tempfile.TemporaryDirectory(dir=self._private) as folder:
            # all of them in one go: each connection costs a handshake
            gets = [
                f"-get {_quoted(f'{self.store.path}/{kind}/{one.name}')} "
                f"{_quoted(os.path.join(folder, one.name))}"
                for one in wanted
            ]
            self._sftp(gets, most_file=max(largest + 1, _LARGEST_FILE), most_memory=_MEMORY)
            for one in wanted:
                with contextlib.suppress(OSError), open(
                    os.path.join(folder, one.name), "rb"
                ) as file:
                    found.append(StoredFile(one.name, file.read(largest + 1), one.since))
        return found

    def try_to_remove(self, snapshot: str) -> Attempt:
        path = f"{self.store.path}/snapshots/{checked(snapshot)}"
        tried = f"sftp rm {path}"
        ended = self._sftp([f"rm {_quoted(path)}"])
        if self._look("snapshots", snapshot) is None:
            return Attempt(tried, False, "the snapshot is gone")
        if ended.status and "ermission denied" in ended.errors:
            return Attempt(tried, True, "the store refused: permission denied")
        return Attempt(
            tried, None, f"sftp ended with {ended.status}: {ended.errors.strip()[-200:]}"
        )

    def upload(self, size: int) -> float:
        # In the store's own folder, the only one that this login is sure to write in.
        name = f"{self.store.path}/.sluis-speed-{os.urandom(8).hex()}"
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

    def _look(self, kind: str, name: str) -> Optional[_Listed]:
        """One file by its exact name."""
        return next((one for one in self._listing(f"{kind}/{checked(name)}")), None)

    def _listing(self, where: str) -> Iterator[_Listed]:
        with tempfile.TemporaryFile() as output:
            commands = [f"ls -ln {_quoted(f'{self.store.path}/{where}')}"]
            ended = self._sftp(commands, output, most_file=_LONGEST_LISTING, most_memory=_MEMORY)
            if ended.status:
                if "not found" in ended.errors or "No such file" in ended.errors:
                    return
                said = clean_text(ended.errors.strip()[-300:]) or f"status {ended.status}"
                raise unreachable(self.store, said)
            output.seek(0)
            for line in output:
                found = _LISTED.fullmatch(_text(line))
                if found:
                    since = _moment(found["month"], int(found["day"]), found["rest"])
                    name = found["name"].rpartition("/")[2]
                    yield _Listed(name, int(found["size"]), since)

    def _sftp(
        self,
        commands: Iterable[str],
        output: Optional[IO[bytes]] = None,
        *,
        most_file: Optional[int] = None,
        most_memory: Optional[int] = None,
    ) -> Ended:
        """One conversation, within bounds: a store may send without end.

        Raises:
            SnapshotError: ``store-host-key-changed``; ``store-unreachable``: it went beyond them.
        """
        ended = self._talk(commands, output, most_file, most_memory)
        if ended.status == _FAILED and "Host key verification failed" in ended.errors:
            raise host_key_changed(self.store)
        if ended.status == -signal.SIGXFSZ:
            raise unreachable(self.store, f"it sends more than {most_file:,} bytes for one answer")
        if most_memory and "out of memory" in ended.errors:
            raise unreachable(self.store, f"its listing takes more than {most_memory:,} bytes")
        if ended.status == -signal.SIGKILL and most_file:
            raise unreachable(self.store, f"its answer did not end in {_LONGEST} s")
        return ended

    def _talk(
        self,
        commands: Iterable[str],
        output: Optional[IO[bytes]],
        most_file: Optional[int],
        most_memory: Optional[int],
    ) -> Ended:
        with tempfile.TemporaryFile() as batch:
            batch.write("".join(f"{command}\n" for command in commands).encode())
            batch.seek(0)
            # sftp shows times in the local zone, so the zone is set.
            return self._children.run(
                Command(
                    "sftp",
                    fixed("-b", "-"),
                    *self._ssh,
                    option("-P", self.store.port),
                    operands=[self._login],
                ),
                {"PATH": PATH, "LC_ALL": "C", "TZ": "UTC"},
                stdin=batch,
                stdout=output,
                seconds=_LONGEST,
                most_file=most_file,
                most_memory=most_memory,
            )


def _text(line: bytes) -> str:
    return line.decode("utf-8", "backslashreplace").strip()


def _moment(month: str, day: int, rest: str) -> Optional[str]:
    """``ls`` gives a time of day for the last half year, and a year for what is older."""
    today = datetime.datetime.now(datetime.timezone.utc)
    if month not in _MONTHS:
        return None
    number = _MONTHS.index(month) + 1
    if ":" not in rest:
        return f"{int(rest):04d}-{number:02d}-{day:02d}T00:00:00+00:00"
    year = today.year if (number, day) <= (today.month, today.day + 1) else today.year - 1
    return f"{year:04d}-{number:02d}-{day:02d}T{rest}:00+00:00"


def _quoted(path: str) -> str:
    escaped = re.sub(r'(["\\*?\[\]])', r"\\\1", path)
    return f'"{escaped}"'


def _csv(value: str) -> str:
    """One field of CSV: a comma in a folder's name must not begin another option."""
    escaped = value.replace('"', '""')
    return f'"{escaped}"'


def _ssh_path(path: str) -> str:
    """A path as a value of an OpenSSH option: in quotes, and without its ``%`` words."""
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'


def _write_private(path: str, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
