from __future__ import annotations

import hashlib
import os
import socket
import subprocess
from pathlib import Path

import pytest

from sluis.errors import SnapshotError
from sluis.manifest import build_manifest, observe_state, reading, signature
from sluis.manifest.entry import Problem
from sluis.manifest.walk import Walk


def test_every_kind_of_item_is_recorded_and_links_are_not_followed(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "a").mkdir(parents=True)
    (root / "a" / "f").write_bytes(b"hello")
    (root / "empty").write_bytes(b"")
    (root / "link").symlink_to("/etc")
    (root / "dangling").symlink_to("nowhere")
    os.mkfifo(root / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(root / "socket"))
        manifest = build_manifest(str(root))
    assert list(manifest.entries) == ["a", "a/f", "dangling", "empty", "link", "pipe", "socket"]
    kinds = {path: entry.type for path, entry in manifest.entries.items()}
    assert kinds == {
        "a": "dir", "a/f": "file", "dangling": "link", "empty": "file", "link": "link",
        "pipe": "fifo", "socket": "socket",
    }  # fmt: skip
    file = manifest.entries["a/f"]
    assert (file.size, file.sha256) == (5, hashlib.sha256(b"hello").hexdigest())
    assert manifest.entries["link"].target == "/etc"
    assert manifest.bytes == 5
    assert manifest.empty_files == 1
    assert manifest.problems == ()


def test_names_that_are_not_text_are_kept(tmp_path: Path) -> None:
    names = [b"caf\xc3\xa9", b"bad\xff\xfename", b"new\nline", b"-rf", b" spaces ", b"a\\b"]
    for name in names:
        (tmp_path / os.fsdecode(name)).write_bytes(name)
    manifest = build_manifest(str(tmp_path))
    kept = [path.encode("utf-8", "surrogateescape") for path in manifest.entries]
    assert kept == sorted(names)
    for path, entry in manifest.entries.items():
        assert entry.sha256 == hashlib.sha256(path.encode("utf-8", "surrogateescape")).hexdigest()


def test_hard_links_and_sparse_files(tmp_path: Path) -> None:
    (tmp_path / "z").write_text("same")
    os.link(tmp_path / "z", tmp_path / "a")
    os.link(tmp_path / "z", tmp_path / "m")
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(5 << 20)
        file.seek(3 << 20)
        file.write(b"x")
    manifest = build_manifest(str(tmp_path))
    assert [manifest.entries[n].twin_of for n in ("a", "m", "z")] == [None, "a", "a"]
    whole = bytearray(5 << 20)
    whole[3 << 20] = ord("x")
    assert manifest.entries["sparse"].sha256 == hashlib.sha256(whole).hexdigest()


def test_what_cannot_be_read_is_reported_and_has_no_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_text("x")
    (tmp_path / "going").write_text("x")
    (tmp_path / "fine").write_text("x")
    really_open = os.open

    def refuse(path: bytes, flags: int, *more: int) -> int:
        if path.endswith(b"secret"):
            raise PermissionError(13, "Permission denied")
        if path.endswith(b"going"):
            # it vanishes between the walk and the reading
            Path(os.fsdecode(path)).unlink()
        return really_open(path, flags, *more)

    monkeypatch.setattr(reading.os, "open", refuse)
    manifest = build_manifest(str(tmp_path))
    assert [(p.path, p.code) for p in manifest.problems] == [
        ("going", "vanished"), ("secret", "unreadable"),
    ]  # fmt: skip
    assert manifest.entries["secret"].sha256 is None
    assert manifest.entries["fine"].sha256 is not None


def test_a_file_that_becomes_a_pipe_does_not_hang_the_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "victim").write_text("x")
    really_open = os.open

    def swap(path: bytes, flags: int, *more: int) -> int:
        if path.endswith(b"victim"):
            Path(os.fsdecode(path)).unlink()
            os.mkfifo(path)
        return really_open(path, flags, *more)

    monkeypatch.setattr(reading.os, "open", swap)
    assert [p.code for p in build_manifest(str(tmp_path)).problems] == ["vanished"]


def test_only_what_may_have_changed_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("same", "rewritten", "mtime set back", "gone"):
        (tmp_path / name).write_text("one")
    # files older than a tick of the file system's clock
    monkeypatch.setattr(signature, "TICK_NS", 0)
    first = build_manifest(str(tmp_path))
    status = (tmp_path / "mtime set back").stat()
    (tmp_path / "mtime set back").write_text("two")
    os.utime(tmp_path / "mtime set back", ns=(status.st_atime_ns, status.st_mtime_ns))
    (tmp_path / "rewritten").write_text("two")
    (tmp_path / "gone").unlink()
    (tmp_path / "new").write_text("two")
    opened: list[str] = []
    really_open = os.open

    def note(path: bytes, flags: int, *more: int) -> int:
        opened.append(Path(os.fsdecode(path)).name)
        return really_open(path, flags, *more)

    monkeypatch.setattr(reading.os, "open", note)
    second = build_manifest(str(tmp_path), since=first)
    assert sorted(opened) == ["mtime set back", "new", "rewritten"]
    assert second == build_manifest(str(tmp_path))
    two = hashlib.sha256(b"two").hexdigest()
    assert second.entries["mtime set back"].sha256 == two


def test_a_file_touched_just_before_the_walk_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("one")
    first = build_manifest(str(tmp_path))
    # As if the same tick of the clock held a second write: same signature, other content.
    forged = {"f": first.entries["f"]._replace(sha256="0" * 64)}
    stale = type(first)(forged, signatures=first.signatures, started_ns=first.started_ns)
    assert build_manifest(str(tmp_path), since=stale) == first


def test_the_state_tells_a_touched_source_from_an_untouched_one(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("one")
    state = observe_state(str(tmp_path))
    assert state == observe_state(str(tmp_path)) == build_manifest(str(tmp_path)).state()
    (tmp_path / "ours").write_text("x")
    assert observe_state(str(tmp_path), ignore=("ours",)) == state
    (tmp_path / "f").chmod(0o600)
    assert observe_state(str(tmp_path), ignore=("ours",)) != state


def test_leaving_out(tmp_path: Path) -> None:
    for name in ("cache/a", "keep/cache/b", "keep/x.tmp", "keep/x.txt", "deep/er/logs/l"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    manifest = build_manifest(str(tmp_path), ("*.tmp", "/cache", "deep/**/logs"))
    assert list(manifest.entries) == [
        "deep", "deep/er", "keep", "keep/cache", "keep/cache/b", "keep/x.txt",
    ]  # fmt: skip
    assert manifest.left_out == 3


@pytest.mark.parametrize(
    ("name", "code"),
    [("nowhere", "source-missing"), ("file", "source-not-a-folder")],
)
def test_a_root_that_is_no_folder(tmp_path: Path, name: str, code: str) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(SnapshotError) as raised:
        build_manifest(str(tmp_path / name))
    assert raised.value.code == code


def test_case_C6_many_small_files_in_one_walk(tmp_path: Path) -> None:
    for folder in range(20):
        (tmp_path / str(folder)).mkdir()
        for number in range(150):
            (tmp_path / str(folder) / f"{number}.jpg").write_bytes(b"%d-%d" % (folder, number))
    manifest = build_manifest(str(tmp_path))
    assert manifest.items == 3020
    assert len({e.sha256 for e in manifest.entries.values() if e.type == "file"}) == 3000
    again = build_manifest(str(tmp_path), threads=1)
    assert again == manifest


def test_a_folder_that_fails_while_it_is_listed_is_a_problem_and_no_crash() -> None:
    """The network folder of a process that ended and was not waited for opens, and then fails."""
    with subprocess.Popen(["true"]) as process:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        os.scandir(f"/proc/{process.pid}/net").close()
        walk = Walk(f"/proc/{process.pid}/net", ())
        assert list(walk) == []
        [problem] = walk.problems
        assert (problem.path, problem.code, problem.detail) == (
            "",
            "unreadable",
            "Invalid argument",
        )
        below = build_manifest(f"/proc/{process.pid}/task")
    assert Problem(f"{process.pid}/net", "unreadable", "Invalid argument") in below.problems
