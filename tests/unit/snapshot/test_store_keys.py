"""Which key of a store is tried first: the oldest that can be ours."""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from collections.abc import Sequence
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.poly1305 import Poly1305

from sluis.snapshot import store_keys
from sluis.snapshot.access import Access, StoredFile
from sluis.snapshot.store import Store
from sluis.snapshot.store_keys import ESCROW_USER, LARGEST_KEY, keys_of, read_key

KEY = {
    "created": "2026-01-01T00:00:00.123456789Z", "username": "root", "hostname": "app1",
    "kdf": "scrypt", "N": 32768, "r": 8, "p": 7, "salt": "AA==", "data": "AA==",
}  # fmt: skip


def written(**changes: Any) -> tuple[str, bytes]:
    body = json.dumps({**KEY, **changes}).encode()
    return hashlib.sha256(body).hexdigest(), body


class Shelf(Access):
    """A store with these keys."""

    def __init__(self, *files: StoredFile) -> None:
        super().__init__(Store("s", "local", "m", "x", "NL", "p", path="/nowhere"))
        self._files = files

    def read_files(
        self, kind: str, most: int, largest: int, only: Sequence[str] = ()
    ) -> list[StoredFile]:
        return list(self._files)


def stored(since: str | None, **changes: Any) -> StoredFile:
    return StoredFile(*written(**changes), since)


def test_a_key_of_restics_is_read() -> None:
    key = read_key(*written())
    assert key is not None
    assert key.username == "root"


@pytest.mark.parametrize(
    "body",
    [
        b"", b"junk", b"[]", b"null", b"5", b"{}", b"\xff", b"[" * 50_000,
        written(N=1 << 40)[1], written(N="x")[1], written(created=5)[1], written(kdf=None)[1],
        written(username=["x"])[1], b"x" * (LARGEST_KEY + 1),
    ],
)  # fmt: skip
def test_L21_an_object_that_is_no_key_is_none(body: bytes) -> None:
    assert read_key(hashlib.sha256(body).hexdigest(), body) is None


def test_L21_a_key_under_another_name_is_none() -> None:
    assert read_key("0" * 64, written()[1]) is None


def test_L21_the_oldest_by_the_stores_clock_is_tried_first_whatever_it_says_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(store_keys, "TRYING", -1)
    ours = stored("2026-01-02T00:00:00+00:00")
    theirs = stored("2026-05-01T00:00:00+00:00", created="1999-01-01T00:00:00Z")
    undated = stored(None, created="1998-01-01T00:00:00Z")
    assert keys_of(Shelf(theirs, undated, ours), "word", escrowed=False) == [
        ours.name, theirs.name, undated.name,
    ]  # fmt: skip


def test_escrowed_and_other_keys_are_told_apart() -> None:
    own, escrow = stored("2026"), stored("2026", username=ESCROW_USER)
    assert keys_of(Shelf(own, escrow), "word", escrowed=True) == [escrow.name]
    assert keys_of(Shelf(own, escrow), "word", escrowed=False) == [own.name]


def test_L21_what_is_no_key_is_named() -> None:
    shelf = Shelf(stored("2026"), StoredFile("f" * 64, b"junk", "2026"))
    keys_of(shelf, "word", escrowed=False)
    keys_of(shelf, "word", escrowed=True)
    assert shelf.foreign() == (
        f"the store holds 1 object that is not restic's, such as keys/{'f' * 64}"
    )


def sealed(password: str, **changes: Any) -> dict[str, Any]:
    """A key as restic writes it, for a password; weak, so that tests are quick."""
    salt, iv, text = b"s" * 64, b"i" * 16, b"c" * 100
    key = hashlib.scrypt(password.encode(), salt=salt, n=2, r=1, p=1, dklen=64)
    block = Cipher(algorithms.AES(key[32:48]), modes.ECB()).encryptor()
    tag = Poly1305.generate_tag(key[48:64] + block.update(iv), text)
    data, salt = base64.b64encode(iv + text + tag), base64.b64encode(salt)
    return {"N": 2, "r": 1, "p": 1, "salt": salt.decode(), "data": data.decode(), **changes}


def test_L21_of_many_keys_the_one_that_opens_is_ours_whatever_they_say() -> None:
    """A store of rclone 1.60 does not say since when it has them."""
    theirs = [
        stored(None, **sealed(f"other {number}", created="1999-01-01T00:00:00Z"))
        for number in range(30)
    ]
    ours = stored(None, **sealed("word"))
    assert keys_of(Shelf(*theirs, ours), "word", escrowed=False) == [ours.name]
    assert keys_of(Shelf(*theirs), "word", escrowed=False) == []


@pytest.mark.parametrize(
    "broken", [{"data": "AA=="}, {"data": "!"}, {"data": 5}, {"salt": None}, {"N": 3}, {"data": ""}]
)
def test_L21_a_key_that_nobody_can_open_is_not_tried(broken: dict[str, Any]) -> None:
    assert keys_of(Shelf(stored(None, **sealed("word", **broken))), "word",
                   escrowed=False, sure=True) == []  # fmt: skip


def test_L21_a_key_that_wants_too_much_memory_or_time_comes_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    greedy = stored(None, **sealed("word", N=1 << 22, r=16))
    other = stored(None, **sealed("other"))
    assert keys_of(Shelf(other, greedy), "word", escrowed=False) == [greedy.name]
    monkeypatch.setattr(store_keys, "TRYING", -1)
    assert len(keys_of(Shelf(other, greedy), "word", escrowed=False)) == 2


def test_L21_without_a_library_the_oldest_is_tried_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.poly1305", None)
    ours, theirs = stored("2026-01-02", **sealed("word")), stored("2026-05-01", **sealed("other"))
    assert keys_of(Shelf(theirs, ours), "word", escrowed=False) == [ours.name, theirs.name]
