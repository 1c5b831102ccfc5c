"""Speak to a store directly: its clock, what lies on it, and whether it lets go of it.

The engine's own word about a store is not evidence about the store. Three small
dialects (REST, SFTP, a folder) offer the same few questions.
"""

from __future__ import annotations

import base64
import contextlib
import datetime
import email.utils
import http.client
import os
import re
import socket
import ssl
import stat
import tempfile
import time
from dataclasses import dataclass
from typing import Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Tuple
from urllib.parse import quote, urlsplit

from ..border.characters import clean_text
from ..border.parts import Attempt, StoreSecrets
from ..border.store import Store
from ..errors import SnapshotError
from ..programs import Words, option
from .children import Children
from .local_store import not_writable
from .store_listing import Foreign, foreign_words, names_in_json, only_ids

__all__ = (
    "TAKES_NOTHING",
    "TAKES_NOTHING_REMEDY",
    "Access",
    "Attempt",
    "StoredFile",
    "checked",
    "host_key_changed",
    "open_access",
    "unreachable",
)

_NAME = re.compile(r"[0-9a-f]{64}")
#: the code of a store on which nothing can be saved, and what to do about it
TAKES_NOTHING = "store-takes-nothing"
TAKES_NOTHING_REMEDY = (
    "The store takes nothing more. See there whether its disk is full, and whether this login may "
    "write or only read; the store's own log says which. Then run this again."
)
#: how a store answers that takes nothing: it may not, it has no room, or it cannot
_TAKES_NONE = frozenset({403, 413, 500, 507})
#: seconds to wait for a connection or for the next bytes, and for the end of an answer
_TIMEOUT = 20
_LONGEST_ANSWER = 600
_LARGEST_BODY = 1 << 20
_LONGEST_LISTING = 1 << 30
#: the years 1980 and 2200, in seconds since 1970
_FIRST, _LAST = 315_532_800, 7_258_118_400


@dataclass(frozen=True)
class StoredFile:
    """A small object on a store, and when the store got it, by its own clock."""

    name: str
    body: bytes
    since: Optional[str]


class Access:
    """What every dialect offers. ``environment`` and ``options`` are for the engine.

    Names that a store lists pass through `names` and `packs` only: there they are checked.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.environment: Dict[str, str] = {}
        self.options: List[Words] = []
        self._foreign: Dict[str, Foreign] = {}

    def reachable(self) -> bool:
        """Whether the store answers at all, now."""
        raise NotImplementedError

    def clock(self) -> Optional[str]:
        """The store's own clock, ISO 8601 UTC; ``None`` when it does not tell."""
        raise NotImplementedError

    def names(self, kind: str) -> List[str]:
        """Ids of all ``snapshots`` or ``keys`` on the store; empty without a repository.

        Raises:
            SnapshotError: ``store-unreachable``, ``store-login-refused``.
        """
        return self._only_ids(kind, self._list(kind))

    def packs(self) -> List[str]:
        """Ids of all files that hold data."""
        return self._only_ids("data", self._list_packs())

    def foreign(self) -> str:
        """Words about objects that are not restic's, in what was listed until now, or none."""
        return foreign_words(self._foreign.values())

    def note_foreign(self, kind: str, name: str) -> None:
        """Count an object that has the name of one of restic's, and is none."""
        before = self._foreign.get(kind, Foreign(kind, 0, ()))
        shown = f"{kind}/{name}"
        if shown not in before.examples:
            examples = (*before.examples, shown)[:3]
            self._foreign[kind] = Foreign(kind, before.count + 1, examples)

    def read_files(
        self, kind: str, most: int, largest: int, only: Sequence[str] = ()
    ) -> List[StoredFile]:
        """Read small objects, all or some: at most ``most``, and ``largest`` + 1 bytes of each."""
        names = [name for name in self.names(kind) if not only or name in only]
        return self._read_each(kind, names[:most], largest + 1)

    def created(self, snapshot: str) -> Tuple[Optional[str], str]:
        """When the store received a snapshot, by the store's clock, and how we know."""
        raise NotImplementedError

    def try_to_remove(self, snapshot: str) -> Attempt:
        """Try to remove a snapshot, as somebody who stole our credentials would."""
        raise NotImplementedError

    def lets_remove(self) -> Optional[bool]:
        """Whether the store lets us take things away; nothing that is there is touched.

        ``None``: it cannot be told without trying it on something.
        """
        return None

    def upload(self, size: int) -> float:
        """Send ``size`` random bytes, remove them again; the seconds of the sending."""
        raise NotImplementedError

    def _list(self, kind: str) -> Iterable[str]:
        """The names in one folder, whatever they are."""
        raise NotImplementedError

    def _list_packs(self) -> Iterable[str]:
        return self._list("data")

    def _read_each(self, kind: str, names: Sequence[str], largest: int) -> List[StoredFile]:
        raise NotImplementedError

    def _only_ids(self, kind: str, listed: Iterable[str]) -> List[str]:
        try:
            ids, self._foreign[kind] = only_ids(kind, listed)
        except ValueError as error:
            raise unreachable(self.store, str(error)) from None
        return ids


class RestAccess(Access):
    """restic's REST protocol: rclone ``serve restic`` and rest-server."""

    def __init__(self, store: Store, secrets: StoreSecrets, private: str) -> None:
        super().__init__(store)
        parts = urlsplit(str(store.url))
        self._host, self._port = str(parts.hostname), parts.port
        self._path = parts.path.rstrip("/") + "/"
        self._tls: Optional[ssl.SSLContext] = None
        user, password = secrets.store_user, secrets.store_password
        login = ""
        self._headers = {"Accept": "application/vnd.x.restic.rest.v2"}
        if user:
            token = base64.b64encode(f"{user}:{password or ''}".encode()).decode()
            self._headers["Authorization"] = f"Basic {token}"
            login = f"{quote(user, safe='')}:{quote(password or '', safe='')}@"
        if parts.scheme == "https":
            self._tls = ssl.create_default_context(cadata=store.ca_certificate)
            if store.ca_certificate:
                path = os.path.join(private, "store-ca.pem")
                with open(path, "w", encoding="ascii") as file:
                    file.write(store.ca_certificate)
                self.options = [option("--cacert", path)]
        where = f"{self._host}:{self._port}" if self._port else self._host
        # The password is in the environment: an argument could be read by every user.
        self.environment = {
            "RESTIC_REPOSITORY": f"rest:{parts.scheme}://{login}{where}{self._path}"
        }

    def reachable(self) -> bool:
        port = self._port or (443 if self._tls else 80)
        try:
            socket.create_connection((self._host, port), timeout=5).close()
        except OSError:
            return False
        return True

    def clock(self) -> Optional[str]:
        _, headers, _ = self._ask("HEAD", "config")
        return _date(headers)

    def _list(self, kind: str) -> Iterator[str]:
        with self._answer("GET", f"{kind}/") as answer:
            if answer.status == 404:
                return
            self._must_be(200, answer.status, f"list its {kind}")
            yield from names_in_json(self._pieces(answer, _LONGEST_LISTING))

    def _read_each(self, kind: str, names: Sequence[str], largest: int) -> List[StoredFile]:
        found = []
        for name in names:
            status, headers, body = self._ask("GET", f"{kind}/{name}", largest=largest)
            if status == 200:
                found.append(StoredFile(name, body, _iso(headers.get("Last-Modified", ""))))
        return found

    def created(self, snapshot: str) -> Tuple[Optional[str], str]:
        status, headers, _ = self._ask("GET", f"snapshots/{checked(snapshot)}")
        if status != 200:
            return None, f"the store answered {status}"
        modified = headers.get("Last-Modified")
        if modified:
            return _iso(modified), "Last-Modified of the store"
        return _date(headers), "the store's clock when it showed the snapshot; not later than that"

    def try_to_remove(self, snapshot: str) -> Attempt:
        tried = f"DELETE {self.store.location.rstrip('/')}/snapshots/{snapshot}"
        status, _, _ = self._ask("DELETE", f"snapshots/{checked(snapshot)}")
        there = snapshot in self.names("snapshots")
        if not there:
            return Attempt(tried, False, f"the store answered {status} and the snapshot is gone")
        if 400 <= status < 500:
            return Attempt(tried, True, f"the store answered {status} and kept the snapshot")
        return Attempt(tried, None, f"the store answered {status}; the snapshot is still there")

    def lets_remove(self) -> Optional[bool]:
        # a name that nothing has: an append-only server refuses before it looks for it
        # (rclone 1.60, cmd/serve/restic; rest-server 0.12, handlers.go)
        status, _, _ = self._ask("DELETE", f"snapshots/{os.urandom(32).hex()}")
        return {403: False, 405: False, 200: True, 204: True, 404: True}.get(status)

    def upload(self, size: int) -> float:
        # A repository of its own beside the real one; its lock folder is the only place
        # that an append-only store lets us clean up.
        base = self._path.rstrip("/") + "-speed/"
        self._ask("POST", "?create=true", base=base)
        name = f"locks/{os.urandom(32).hex()}"
        data = os.urandom(size)
        start = time.monotonic()
        status, _, _ = self._ask("POST", name, body=data, base=base)
        seconds = time.monotonic() - start
        self._ask("DELETE", name, base=base)
        if status in _TAKES_NONE:
            raise SnapshotError(
                TAKES_NOTHING,
                f"The store {self.store.id} answered {status} when asked to take a speed "
                "measurement.",
                TAKES_NOTHING_REMEDY,
            )
        self._must_be(200, status, "take a speed measurement")
        return seconds

    def _ask(
        self,
        method: str,
        path: str,
        body: Optional[bytes] = None,
        base: Optional[str] = None,
        largest: int = _LARGEST_BODY,
    ) -> Tuple[int, Mapping[str, str], bytes]:
        """One question; of a longer answer only the beginning is read."""
        with self._answer(method, path, body, base) as answer:
            read = b""
            for piece in self._pieces(answer, largest):
                read += piece
            headers = {name.title(): value for name, value in answer.getheaders()}
            return answer.status, headers, read[:largest]

    @contextlib.contextmanager
    def _answer(
        self, method: str, path: str, body: Optional[bytes] = None, base: Optional[str] = None
    ) -> Iterator[http.client.HTTPResponse]:
        connection: http.client.HTTPConnection
        if self._tls is not None:
            connection = http.client.HTTPSConnection(
                self._host, self._port, timeout=_TIMEOUT, context=self._tls
            )
        else:
            connection = http.client.HTTPConnection(self._host, self._port, timeout=_TIMEOUT)
        try:
            connection.request(method, (base or self._path) + path, body, self._headers)
            yield connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            raise unreachable(self.store, clean_text(str(error), 300)) from error
        finally:
            connection.close()

    def _pieces(self, answer: http.client.HTTPResponse, largest: int) -> Iterator[bytes]:
        """The body piece by piece: not for ever, and not without end."""
        until, left = time.monotonic() + _LONGEST_ANSWER, largest
        while left > 0:
            piece = answer.read1(min(left, 1 << 16))
            if not piece:
                return
            left -= len(piece)
            yield piece
            if time.monotonic() > until:
                raise unreachable(self.store, "its answer did not end")

    def _must_be(self, wanted: int, status: int, what: str) -> None:
        if status in (401, 403):
            raise SnapshotError(
                "store-login-refused",
                f"The store {self.store.id} answered {status} when asked to {what}.",
                "Correct store_user and store_password in snapshot_and_verify_store_secrets.",
            )
        if status != wanted:
            raise unreachable(self.store, f"it answered {status} when asked to {what}")


class LocalAccess(Access):
    """A folder on a disk."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._path = str(store.path)
        self.environment = {"RESTIC_REPOSITORY": self._path}

    def reachable(self) -> bool:
        return os.path.isdir(self._path) or os.path.isdir(os.path.dirname(self._path))

    def clock(self) -> Optional[str]:
        return None

    def _list(self, kind: str) -> Iterator[str]:
        try:
            with os.scandir(os.path.join(self._path, kind)) as found:
                for entry in found:
                    yield entry.name
        except FileNotFoundError:
            return
        except PermissionError:
            raise not_writable(self.store, os.path.join(self._path, kind)) from None
        except OSError as error:
            raise unreachable(self.store, str(error.strerror)) from error

    def _list_packs(self) -> Iterator[str]:
        for _, _, names in os.walk(os.path.join(self._path, "data")):
            yield from names

    def _read_each(self, kind: str, names: Sequence[str], largest: int) -> List[StoredFile]:
        found = []
        for name in names:
            with contextlib.suppress(OSError):
                found.append(_read_plain(os.path.join(self._path, kind), name, largest))
        return found

    def created(self, snapshot: str) -> Tuple[Optional[str], str]:
        try:
            moment = _came(os.lstat(os.path.join(self._path, "snapshots", checked(snapshot))))
        except OSError as error:
            return None, f"it cannot be seen on the store: {error.strerror}"
        return _utc(moment), "file time on the store"

    def try_to_remove(self, snapshot: str) -> Attempt:
        path = os.path.join(self._path, "snapshots", checked(snapshot))
        tried = f"unlink {path}"
        try:
            os.unlink(path)
        except FileNotFoundError:
            return Attempt(tried, None, "the snapshot is not there")
        except OSError as error:
            return Attempt(tried, True, f"the disk refused: {error.strerror}")
        return Attempt(tried, False, "the snapshot is gone")

    def lets_remove(self) -> Optional[bool]:
        return os.access(os.path.join(self._path, "snapshots"), os.W_OK) or None

    def upload(self, size: int) -> float:
        # In the store's own folder: what is beside it may be another disk, or somebody else's.
        # The file has no name, so nothing stays when we are killed.
        with tempfile.TemporaryFile(dir=self._path, prefix=".sluis-speed-") as file:
            start = time.monotonic()
            file.write(os.urandom(size))
            file.flush()
            os.fsync(file.fileno())
            return time.monotonic() - start


def open_access(store: Store, secrets: StoreSecrets, private: str, children: Children) -> Access:
    """Open a store with somebody's credentials.

    Args:
        store: the store.
        secrets: ``store_user`` and ``store_password`` (REST), ``store_key`` (SFTP:
            the text of a private key).
        private: a 0700 folder that goes when we go.
        children: starts ``sftp`` where needed.
    """
    if store.kind == "rest":
        return RestAccess(store, secrets, private)
    if store.kind == "sftp":
        from .access_sftp import open_sftp

        return open_sftp(store, secrets, private, children)
    return LocalAccess(store)


def unreachable(store: Store, detail: str) -> SnapshotError:
    """The error for a store that does not answer as it should."""
    what = f"The store {store.id} at {store.location} does not answer as it should: {detail}."
    if "CERTIFICATE_VERIFY_FAILED" in detail or "certificate verify failed" in detail:
        return SnapshotError(
            "store-unreachable",
            what,
            "Name the certificate that it is signed by (PEM) as ca_certificate in "
            "snapshot_and_verify_store.",
        )
    return SnapshotError(
        "store-unreachable",
        what,
        "Check the store and the network between; then run this again.",
    )


def host_key_changed(store: Store) -> SnapshotError:
    """The error for a store that shows another host key than the one that we know."""
    return SnapshotError(
        "store-host-key-changed",
        f"The store {store.id} at {store.location} shows another host key than the one that is "
        "known. It may be another machine. Nothing was sent.",
        "Compare the key's fingerprint with the owner of the store. Only when it is theirs, write "
        "it as host_key in snapshot_and_verify_store.",
    )


def checked(name: str) -> str:
    """The full id of a snapshot or key; nothing else may become part of an address."""
    if not _NAME.fullmatch(name):
        raise SnapshotError(
            "bad-snapshot-id",
            f"{name[:80]!r} is not the full id of a snapshot or key.",
            "Use the 64 hexadecimal characters.",
        )
    return name


def _read_plain(folder: str, name: str, largest: int) -> StoredFile:
    """Read a file of a local store: no link is followed, and no pipe is waited for."""
    path = os.path.join(folder, name)
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return StoredFile(name, b"", None)
        return StoredFile(name, file.read(largest), _utc(_came(status)))


def _date(headers: Mapping[str, str]) -> Optional[str]:
    return _iso(headers.get("Date", ""))


def _iso(text: str) -> Optional[str]:
    """A time as HTTP writes it (RFC 9110, 5.6.7), or None when it is none of our days."""
    if len(text) > 64:
        return None
    try:
        seconds = email.utils.parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return _utc(seconds) if _FIRST <= seconds < _LAST else None


def _came(status: os.stat_result) -> float:
    """When a file came to a store; whoever sets its time to one to come is not believed."""
    return min(status.st_mtime, status.st_ctime)


def _utc(seconds: float) -> str:
    moment = datetime.datetime.fromtimestamp(int(seconds), datetime.timezone.utc)
    return moment.isoformat()
