"""Speak to a store directly: its clock, what lies on it, and whether it lets go of it.

The engine's own word about a store is not evidence about the store. Three small
dialects (REST, SFTP, a folder) offer the same few questions.
"""

from __future__ import annotations

import base64
import datetime
import email.utils
import http.client
import json
import os
import re
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional, Tuple
from urllib.parse import quote, urlsplit

from ..errors import SnapshotError
from .children import Children
from .store import Store

__all__ = ("Access", "Attempt", "checked", "open_access", "open_part", "unreachable")

_NAME = re.compile(r"[0-9a-f]{64}")
_TIMEOUT = 20


@dataclass(frozen=True)
class Attempt:
    """An attempt to remove a snapshot.

    ``refused`` is ``True`` when the store said no and still has it, ``False`` when it is
    gone, ``None`` when nothing could be learned.
    """

    tried: str
    refused: Optional[bool]
    detail: str


class Access:
    """What every dialect offers. ``environment`` and ``options`` are for the engine."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.environment: Dict[str, str] = {}
        self.options: List[str] = []

    def reachable(self) -> bool:
        """Whether the store answers at all, now."""
        raise NotImplementedError

    def clock(self) -> Optional[str]:
        """The store's own clock, ISO 8601 UTC; ``None`` when it does not tell."""
        raise NotImplementedError

    def names(self, kind: str) -> List[str]:
        """Names of all ``snapshots`` or ``keys`` on the store; empty without a repository."""
        raise NotImplementedError

    def packs(self) -> List[str]:
        """Names of all files that hold data."""
        return self.names("data")

    def created(self, snapshot: str) -> Tuple[Optional[str], str]:
        """When the store received a snapshot, by the store's clock, and how we know."""
        raise NotImplementedError

    def read_key(self, name: str) -> Dict[str, Any]:
        """The open part of a key file: user, host, time. Holds no usable secret."""
        return {}

    def try_to_remove(self, snapshot: str) -> Attempt:
        """Try to remove a snapshot, as somebody who stole our credentials would."""
        raise NotImplementedError

    def upload(self, size: int) -> float:
        """Send ``size`` random bytes, remove them again; the seconds of the sending."""
        raise NotImplementedError

    def key_of(self, user: str) -> Optional[str]:
        """Name of the newest key that was made for ``user``, so that it is tried first."""
        found = []
        for name in self.names("keys"):
            key = self.read_key(name)
            if key.get("username") == user:
                found.append((str(key.get("created")), name))
        return max(found)[1] if found else None


class RestAccess(Access):
    """restic's REST protocol: rclone ``serve restic`` and rest-server."""

    def __init__(self, store: Store, secrets: Mapping[str, str], private: str) -> None:
        super().__init__(store)
        parts = urlsplit(str(store.url))
        self._host, self._port = str(parts.hostname), parts.port
        self._path = parts.path.rstrip("/") + "/"
        self._tls: Optional[ssl.SSLContext] = None
        user, password = secrets.get("store_user"), secrets.get("store_password")
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
                self.options = ["--cacert", path]
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

    def names(self, kind: str) -> List[str]:
        status, _, body = self._ask("GET", f"{kind}/")
        if status == 404:
            return []
        self._must_be(200, status, f"list its {kind}")
        listed = json.loads(body or b"[]") or []
        return [str(item["name"] if isinstance(item, dict) else item) for item in listed]

    def created(self, snapshot: str) -> Tuple[Optional[str], str]:
        status, headers, _ = self._ask("GET", f"snapshots/{checked(snapshot)}")
        if status != 200:
            return None, f"the store answered {status}"
        modified = headers.get("Last-Modified")
        if modified:
            return _iso(modified), "Last-Modified of the store"
        return _date(headers), "the store's clock when it showed the snapshot; not later than that"

    def read_key(self, name: str) -> Dict[str, Any]:
        status, _, body = self._ask("GET", f"keys/{checked(name)}")
        return open_part(body) if status == 200 else {}

    def try_to_remove(self, snapshot: str) -> Attempt:
        tried = f"DELETE {self.store.location.rstrip('/')}/snapshots/{snapshot}"
        status, _, _ = self._ask("DELETE", f"snapshots/{checked(snapshot)}")
        there = snapshot in self.names("snapshots")
        if not there:
            return Attempt(tried, False, f"the store answered {status} and the snapshot is gone")
        if 400 <= status < 500:
            return Attempt(tried, True, f"the store answered {status} and kept the snapshot")
        return Attempt(tried, None, f"the store answered {status}; the snapshot is still there")

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
        self._must_be(200, status, "take a speed measurement")
        return seconds

    def _ask(
        self, method: str, path: str, body: Optional[bytes] = None, base: Optional[str] = None
    ) -> Tuple[int, Mapping[str, str], bytes]:
        connection: http.client.HTTPConnection
        if self._tls is not None:
            connection = http.client.HTTPSConnection(
                self._host, self._port, timeout=_TIMEOUT, context=self._tls
            )
        else:
            connection = http.client.HTTPConnection(self._host, self._port, timeout=_TIMEOUT)
        try:
            connection.request(method, (base or self._path) + path, body, self._headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read(64 << 20)
        except (OSError, http.client.HTTPException) as error:
            raise unreachable(self.store, str(error)) from error
        finally:
            connection.close()

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

    def names(self, kind: str) -> List[str]:
        try:
            return [n for n in os.listdir(os.path.join(self._path, kind)) if _NAME.fullmatch(n)]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise unreachable(self.store, str(error.strerror)) from error

    def packs(self) -> List[str]:
        return [
            name
            for _, _, names in os.walk(os.path.join(self._path, "data"))
            for name in names
            if _NAME.fullmatch(name)
        ]

    def created(self, snapshot: str) -> Tuple[Optional[str], str]:
        try:
            moment = os.stat(os.path.join(self._path, "snapshots", checked(snapshot))).st_mtime
        except OSError as error:
            return None, f"it cannot be seen on the store: {error.strerror}"
        return _utc(moment), "file time on the store"

    def read_key(self, name: str) -> Dict[str, Any]:
        try:
            with open(os.path.join(self._path, "keys", checked(name)), "rb") as file:
                return open_part(file.read(1 << 16))
        except OSError:
            return {}

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

    def upload(self, size: int) -> float:
        path = os.path.join(os.path.dirname(self._path), f".sluis-speed-{os.getpid()}")
        start = time.monotonic()
        try:
            with open(path, "wb") as file:
                file.write(os.urandom(size))
                file.flush()
                os.fsync(file.fileno())
            return time.monotonic() - start
        finally:
            os.unlink(path)


def open_access(
    store: Store, secrets: Mapping[str, str], private: str, children: Children
) -> Access:
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
    return SnapshotError(
        "store-unreachable",
        f"The store {store.id} at {store.location} does not answer as it should: {detail}.",
        "Check the store and the network between; then run this again.",
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


def open_part(body: bytes) -> Dict[str, Any]:
    """User, host and time of a key file; the rest of it is of use to restic only."""
    try:
        key = json.loads(body)
    except ValueError:
        return {}
    return {n: key.get(n) for n in ("username", "hostname", "created")} if key else {}


def _date(headers: Mapping[str, str]) -> Optional[str]:
    return _iso(headers["Date"]) if "Date" in headers else None


def _iso(text: str) -> Optional[str]:
    try:
        return _utc(email.utils.parsedate_to_datetime(text).timestamp())
    except (TypeError, ValueError):
        return None


def _utc(seconds: float) -> str:
    moment = datetime.datetime.fromtimestamp(int(seconds), datetime.timezone.utc)
    return moment.isoformat()
