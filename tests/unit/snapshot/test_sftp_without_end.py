"""An SFTP store that sends without end: OpenSSH's ``sftp`` is ended, and the store is named."""

from __future__ import annotations

import io
import stat
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paramiko
import pytest

from sluis.border.parts import StoreSecrets
from sluis.border.store import Store
from sluis.errors import SnapshotError
from sluis.snapshot import access_sftp
from sluis.snapshot.access import Access
from sluis.snapshot.access_sftp import open_sftp
from sluis.snapshot.children import Children
from support import lying_sftp
from support.lying_sftp import LyingServer, Node

MIB = 1 << 20
KEY = "a" * 64
Answer = Callable[[LyingServer, int, bytes], Any]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LyingServer]:
    """One that takes any key, and does what OpenSSH's client asks besides."""
    plain = lying_sftp._Sftp._given

    def given(self: Any, kind: int, rest: bytes) -> Any:
        if kind == 16:  # REALPATH
            return 104, struct.pack(">I", 1) + rest + lying_sftp._string(b"") + b"\0" * 4
        if kind in {3, 7, 11, 17}:
            length = struct.unpack(">I", rest[:4])[0]
            name = rest[4 : 4 + length].rstrip(b"/")
            rest = lying_sftp._string(name) + rest[4 + length :]
        return plain(self, kind, rest)

    door = lying_sftp._Door
    monkeypatch.setattr(lying_sftp._Sftp, "_given", given)
    monkeypatch.setattr(door, "get_allowed_auths", lambda *_: "publickey")
    monkeypatch.setattr(
        door, "check_auth_publickey", lambda *_: paramiko.AUTH_SUCCESSFUL, raising=False
    )
    with LyingServer(banner="SSH-2.0-OpenSSH_9.2") as running:
        yield running


@pytest.fixture
def access(server: LyingServer, tmp_path: Path) -> Iterator[Access]:
    text = io.StringIO()
    paramiko.ECDSAKey.generate().write_private_key(text)
    store = Store(
        id="far-away", kind="sftp", machine="127.0.0.1", site="s", country="NL", provider="p",
        path="/drive", user="u", port=server.port, host_key=server.host_key(),
    )  # fmt: skip
    secrets = StoreSecrets(repository_password="x", store_key=text.getvalue())
    with Children(str(tmp_path)) as children:
        yield open_sftp(store, secrets, children.private, children)


def refused(work: Callable[[], object]) -> SnapshotError:
    with pytest.raises(SnapshotError) as raised:
        work()
    assert raised.value.code == "store-unreachable"
    assert "far-away" in raised.value.what
    return raised.value


def test_case_L22_a_small_file_that_does_not_end_is_not_read(
    server: LyingServer, access: Access
) -> None:
    def endless(_node: Node, _offset: int, count: int) -> bytes:
        # that of an honest mistake ends; so that a failing test does as well
        return b"x" * count if server.given < 100 * MIB else b""

    server.add_folder(b"keys")
    server.add(b"keys/" + KEY.encode(), size=100, on_read=endless)
    assert "1,048,576 bytes" in refused(lambda: access.read_files("keys", 20, 10_000)).what
    assert server.given < 20 * MIB


def test_case_L22_a_small_file_is_read(server: LyingServer, access: Access) -> None:
    server.add_folder(b"keys")
    server.add(b"keys/" + KEY.encode(), b"{}")
    assert [one.body for one in access.read_files("keys", 20, 10_000)] == [b"{}"]


@pytest.mark.parametrize("bound", ["_MEMORY", "_LONGEST_LISTING"])
def test_case_L22_a_listing_that_does_not_end_is_not_kept(
    server: LyingServer, access: Access, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    monkeypatch.setattr(access_sftp, bound, 48 * MIB if bound == "_MEMORY" else 1 * MIB)
    given = []

    def names(page: int) -> list[tuple[bytes, Node]] | int:
        if page >= (600 if bound == "_MEMORY" else 40):
            return lying_sftp.EOF
        given.append(page)
        one = Node(mode=stat.S_IFREG | 0o644, size=1)
        return [(b"%01024x" % (page * 100 + number), one) for number in range(100)]

    server.add_folder(b"keys", names=names)
    error = refused(lambda: access.names("keys"))
    assert f"more than {getattr(access_sftp, bound):,} bytes" in error.what
    # the listing is on disk after its end; what is held grows meanwhile
    assert bound != "_MEMORY" or len(given) < 600
