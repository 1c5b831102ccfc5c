"""The object store: the name says what the content must be."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from sluis.errors import EvidenceError
from sluis.evidence import objects
from sluis.evidence.objects import ObjectStore


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return ObjectStore(tmp_path / "dossier")


def refused(code: str, call: object, *args: object) -> None:
    with pytest.raises(EvidenceError) as caught:
        call(*args)  # type: ignore[operator]
    assert caught.value.code == code


def test_what_is_put_is_got(store: ObjectStore) -> None:
    digest = store.put(b"scope")
    assert digest == hashlib.sha256(b"scope").hexdigest()
    assert store.get(digest) == b"scope"
    assert store.has(digest)
    assert store.check(digest) == 5
    assert store.path(digest).parent.name == digest[:2]
    assert store.put(b"scope") == digest
    assert store.put(b"") == hashlib.sha256(b"").hexdigest()


def test_a_file_is_streamed(store: ObjectStore, tmp_path: Path) -> None:
    source = tmp_path / "large"
    content = os.urandom(5_000_001)
    source.write_bytes(content)
    digest = store.put_file(source)
    assert store.get(digest) == content
    assert store.put_file(source) == digest
    assert not list((tmp_path / "dossier").rglob(".new-*"))


def test_a_missing_object_is_named(store: ObjectStore) -> None:
    digest = hashlib.sha256(b"never").hexdigest()
    assert not store.has(digest)
    refused("object-missing", store.get, digest)
    refused("object-missing", store.check, digest)
    refused("object-missing", store.erase, digest)


def test_an_altered_object_is_named_and_not_overwritten(store: ObjectStore, tmp_path: Path) -> None:
    digest = store.put(b"scope")
    store.path(digest).chmod(0o600)
    store.path(digest).write_bytes(b"Scope")
    refused("object-altered", store.get, digest)
    refused("object-altered", store.check, digest)
    refused("object-altered", store.put, b"scope")
    (tmp_path / "source").write_bytes(b"scope")
    refused("object-altered", store.put_file, tmp_path / "source")
    assert store.path(digest).read_bytes() == b"Scope"


def test_an_erased_object_is_missing(store: ObjectStore) -> None:
    digest = store.put(b"scope")
    store.erase(digest)
    refused("object-missing", store.get, digest)


@pytest.mark.parametrize(
    "digest",
    ["", "..", "../" * 21 + "x", "A" * 64, "a" * 63, "a" * 65, "a" * 63 + "\n", "/etc/passwd"],
)
def test_a_digest_cannot_lead_outside(store: ObjectStore, digest: str) -> None:
    for call in (store.get, store.path, store.has, store.check, store.erase):
        refused("bad-digest", call, digest)


def test_links_are_not_followed(store: ObjectStore, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"scope")
    digest = hashlib.sha256(b"scope").hexdigest()
    path = store.path(digest)
    path.parent.mkdir(parents=True)
    path.symlink_to(outside)
    refused("object-unreadable", store.get, digest)
    path.unlink()
    path.parent.rmdir()
    other = ObjectStore(tmp_path / "other")
    other.put(b"scope")
    path.parent.symlink_to(other.path(digest).parent)
    refused("object-altered", store.get, digest)


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_what_is_no_file_is_no_object(store: ObjectStore, kind: str) -> None:
    path = store.path(hashlib.sha256(b"scope").hexdigest())
    path.parent.mkdir(parents=True)
    path.mkdir() if kind == "folder" else os.mkfifo(path)
    refused("object-altered", store.get, hashlib.sha256(b"scope").hexdigest())


def test_an_object_larger_than_any_of_ours_is_altered_and_not_hashed(store: ObjectStore) -> None:
    digest = store.put(b"scope")
    path = store.path(digest)
    path.chmod(0o600)
    os.truncate(path, 1 << 40)  # sparse: hashing it would take days
    refused("object-altered", store.check, digest)
    refused("object-altered", store.get, digest)


def test_a_file_larger_than_any_of_ours_is_not_kept(
    store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objects, "LARGEST", 1 << 20)
    (tmp_path / "much").write_bytes(b"x" * (3 << 20))
    refused("cannot-write", store.put_file, tmp_path / "much")
    assert [item for item in store.folder.rglob("*") if item.is_file()] == []


def test_a_source_that_is_not_there_is_named(store: ObjectStore, tmp_path: Path) -> None:
    refused("cannot-write", store.put_file, tmp_path / "nothing")
