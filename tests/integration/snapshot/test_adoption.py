"""Adopting a backup that the client already has (A2 to A4), on real folders and repositories."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sluis.errors import InputError
from sluis.snapshot.nonce import FILE, nonce_hash, place
from support.snapshots import PASSWORD, PLACE, Stage, run_apart

NONCE = "ab" * 32


def _observed(documents: Path, stage: str = "look") -> dict:
    request = {
        "asset": {"id": "documents", "kind": "directory", "location": str(documents)},
        "host": "app1", "expected_identity": {}, "stage": stage, "secrets": {},
    }  # fmt: skip
    return run_apart("observe_source", request)


def _adopt(documents: Path, backup: dict, **more: object) -> dict:
    observed = _observed(documents)
    return run_apart(
        "adopt_backup",
        {
            "asset": {"id": "documents", "kind": "directory", "location": str(documents)},
            "backup": backup, "scratch": None, "nonce_sha256": nonce_hash(NONCE),
            "source": {name: observed[name] for name in ("content", "facts", "machine")},
            "secrets": {"store": {}}, **more,
        },
    )  # fmt: skip


def _codes(answer: dict) -> list[str]:
    return [item["code"] for item in answer["objections"]]


def _verdicts(answer: dict) -> dict[str, str]:
    return {item["level"]: item["verdict"] for item in answer["levels"]}


def _copy(documents: Path, target: Path) -> None:
    shutil.copytree(documents, target, symlinks=True)


def test_case_A2_a_good_backup_is_adopted_to_the_same_levels(
    documents: Path, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    _copy(documents, disk / "monday")
    (documents / "new letter.txt").write_text("new")
    assert place(str(documents), NONCE) == ""
    _copy(documents, disk / "tuesday")
    answer = _adopt(documents, {"kind": "copies", "locations": [str(disk)]})
    assert _codes(answer) == []
    assert _verdicts(answer) == dict.fromkeys(("V0", "V1", "V2", "V3", "V4"), "proven")
    assert answer["generations"][0]["name"].endswith("tuesday")
    assert answer["nonce_found"]
    assert answer["inside"] == "the copy lies on the same volume as the source"
    assert answer["older"]["verdict"] == "proven"
    assert (documents / FILE).exists(), "a backup that ran too late has to find it"
    _observed(documents, "tidy")
    assert not (documents / FILE).exists(), "the nonce is taken away again"


def test_case_A3_a_copy_always_to_the_same_place_is_refused(
    documents: Path, tmp_path: Path
) -> None:
    _copy(documents, tmp_path / "disk" / "copy")
    answer = _adopt(documents, {"kind": "copies", "locations": [str(tmp_path / "disk")]})
    assert _codes(answer) == ["too-few-generations"]
    assert "overwrites the one before" in answer["objections"][0]["sentence"]


def test_case_A3_two_disks_with_the_very_same_copy_are_refused(
    documents: Path, tmp_path: Path
) -> None:
    for disk in ("disk-1", "disk-2"):
        _copy(documents, tmp_path / disk / "copy")
    backup = {
        "kind": "copies", "locations": [str(tmp_path / "disk-*" / "copy")], "layout": "one",
    }  # fmt: skip
    assert _codes(_adopt(documents, backup)) == ["too-few-generations"]


def test_row_newest_equals_previous_although_the_source_changed(
    documents: Path, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    old = tmp_path / "old"
    _copy(documents, old)
    (old / "patient-0" / "letter-0000.txt").write_text("an older text")
    _copy(old, disk / "sunday")
    for day in ("monday", "tuesday"):
        _copy(documents, disk / day)
    (documents / "new letter.txt").write_text("new")
    answer = _adopt(documents, {"kind": "copies", "locations": [str(disk)]})
    assert _codes(answer) == ["newest-equals-previous"]
    assert "copies nothing new" in answer["objections"][0]["sentence"]


def test_case_A4_a_copy_that_cannot_be_read_is_found_out(documents: Path, tmp_path: Path) -> None:
    for day in ("monday", "tuesday"):
        target = tmp_path / "disk" / f"{day}.tar.gz"
        target.parent.mkdir(exist_ok=True)
        (documents / day).write_text(day)
        with tarfile.open(target, "w:gz") as archive:
            archive.add(documents, ".")
    whole = target.read_bytes()
    # the last bytes of gzip are its checksum: wherever the damage is, that has to be read
    for where in (len(whole) // 2, len(whole) - 6):
        content = bytearray(whole)
        content[where] ^= 0xFF
        target.write_bytes(content)
        answer = _adopt(documents, {"kind": "copies", "locations": [str(tmp_path / "disk")]})
        assert _verdicts(answer)["V3"] == "failed"
        assert answer["restored"] is None


AS_NOBODY = """
import json, os, sys
from sluis.snapshot import adopt
from support.border_calls import call
request, user = json.loads(sys.argv[1]), int(sys.argv[2])
if user:
    os.setgroups([]); os.setgid(user); os.setuid(user)
print(json.dumps(call("adopt_backup", request)))
"""


def _adopt_as_nobody(documents: Path, disk: Path, open_folder: Path) -> dict:
    """As root can read everything, another user reads here; what it may not read is root's."""
    scratch = open_folder / "scratch"
    scratch.mkdir()
    user = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else 0
    if user:
        os.chown(scratch, user, user)
    observed = _observed(documents)
    request = {
        "asset": {"id": "documents", "kind": "directory", "location": str(documents)},
        "backup": {"kind": "copies", "locations": [str(disk)]}, "scratch": str(scratch),
        "nonce_sha256": None, "secrets": {"store": {}},
        "source": {name: observed[name] for name in ("content", "facts", "machine")},
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, json.dumps(request), str(user)],
        capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users can go through; pytest's own is root's alone."""
    folder = Path(tempfile.mkdtemp(prefix="sluis-adopt-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("unread", ["folder", "file"])
def test_T26_an_older_generation_that_cannot_be_read_in_full_is_none(
    documents: Path, open_folder: Path, unread: str
) -> None:
    disk = open_folder / "disk"
    _copy(documents, disk / "monday")
    _spoil(disk / "monday", unread)
    (documents / "new letter.txt").write_text("new")
    _copy(documents, disk / "tuesday")
    answer = _adopt_as_nobody(documents, disk, open_folder)
    assert (_verdicts(answer)["V2"], _verdicts(answer)["V4"]) == ("proven", "proven")
    assert answer["older"]["verdict"] == "failed"
    assert "monday" in answer["older"]["detail"]
    monday = answer["generations"][1]
    assert (Path(monday["name"]).name, monday["content"]) == ("monday", None)
    assert _codes(answer) == ["too-few-generations"]


def test_T26_a_readable_one_behind_it_counts_and_the_unreadable_one_is_named(
    documents: Path, open_folder: Path
) -> None:
    disk = open_folder / "disk"
    for day in ("sunday", "monday", "tuesday"):
        (documents / "diary.txt").write_text(day)
        _copy(documents, disk / day)
    _spoil(disk / "monday", "folder")
    answer = _adopt_as_nobody(documents, disk, open_folder)
    assert answer["older"]["verdict"] == "proven"
    assert "sunday was brought back" in answer["older"]["detail"]
    assert "monday" in answer["older"]["detail"]
    assert _codes(answer) == []


def test_T26_a_newest_copy_that_cannot_be_read_in_full_is_no_proof(
    documents: Path, open_folder: Path
) -> None:
    disk = open_folder / "disk"
    _copy(documents, disk / "monday")
    (documents / "new letter.txt").write_text("new")
    _copy(documents, disk / "tuesday")
    _spoil(disk / "tuesday", "folder")
    answer = _adopt_as_nobody(documents, disk, open_folder)
    assert _verdicts(answer)["V2"] == "failed"
    assert "cannot be read" in {i["level"]: i["detail"] for i in answer["levels"]}["V2"]


def _spoil(copy: Path, what: str) -> None:
    """Take the rights of everybody but the owner from a folder with files, or from one file."""
    first = min(path for path in copy.rglob("*") if path.is_file() and path.parent != copy)
    chosen = first.parent if what == "folder" else first
    written = chosen.stat().st_mtime_ns
    chosen.chmod(0o700 if what == "folder" else 0o600)
    os.utime(chosen, ns=(written, written))


@pytest.mark.parametrize("ending", ["tar", "tgz", "zip"])
def test_archives_are_copies_too(documents: Path, tmp_path: Path, ending: str) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    for day in ("monday", "tuesday"):
        (documents / "today").write_text(day)
        if ending == "zip":
            with zipfile.ZipFile(disk / f"{day}.zip", "w") as archive:
                for path in sorted(documents.rglob("*")):
                    if not path.is_symlink():
                        archive.write(path, path.relative_to(documents))
        else:
            with tarfile.open(disk / f"{day}.{ending}", "w:gz" if ending == "tgz" else "w") as tar:
                tar.add(documents, ".")
    answer = _adopt(documents, {"kind": "copies", "locations": [str(disk)]})
    assert _codes(answer) == []
    assert _verdicts(answer)["V3"] == "proven"
    if ending != "zip":
        # zip holds no links here, so only the archives with links equal their source
        assert answer["generations"][0]["content"] == _observed(documents)["content"]


@pytest.mark.parametrize("name", ["../../escaped", "/tmp/escaped-absolute", "link/escaped"])
def test_a_hostile_archive_cannot_write_outside_the_scratch(
    documents: Path, tmp_path: Path, name: str
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    with tarfile.open(disk / "evil.tar", "w") as archive:
        if name.startswith("link"):
            link = tarfile.TarInfo("link")
            link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path)
            archive.addfile(link)
        item = tarfile.TarInfo(name)
        archive.addfile(item)
    answer = _adopt(documents, {"kind": "copies", "locations": [str(disk)]})
    assert _verdicts(answer)["V3"] in ("failed", "proven")
    assert not (tmp_path / "escaped").exists()
    assert not Path("/tmp/escaped-absolute").exists()
    if name != "/tmp/escaped-absolute":
        assert _verdicts(answer)["V3"] == "failed"


def test_no_backup_at_all(documents: Path, tmp_path: Path) -> None:
    answer = _adopt(documents, {"kind": "copies", "locations": [str(tmp_path / "nowhere")]})
    assert _codes(answer) == ["no-generation"]
    with pytest.raises(InputError):
        _adopt(documents, {"kind": "copies", "locations": ["../relative"]})


def test_case_A2_a_restic_repository_of_the_client_is_adopted(
    stage: Stage, documents: Path
) -> None:
    for number in range(2):
        (documents / "today").write_text(str(number))
        place(str(documents), NONCE)
        done = stage.restic("backup", str(documents))
        assert done.returncode == 0, done.stderr
    backup = {"kind": "restic", "store": stage.store, **PLACE}
    secrets = {"store": {"repository_password": PASSWORD, **stage.login}}
    answer = _adopt(documents, backup, secrets=secrets)
    assert _codes(answer) == []
    assert _verdicts(answer) == dict.fromkeys(("V0", "V1", "V2", "V3", "V4"), "proven")
    assert answer["nonce_found"]
    assert answer["older"]["verdict"] == "proven"
    assert answer["append_only"]["refused"] is True
    assert answer["items"] > 0


def test_case_A3_a_repository_with_one_generation_is_refused(stage: Stage, documents: Path) -> None:
    for _ in range(2):
        assert stage.restic("backup", str(documents)).returncode == 0
    backup = {"kind": "restic", "store": stage.store, **PLACE}
    secrets = {"store": {"repository_password": PASSWORD, **stage.login}}
    assert _codes(_adopt(documents, backup, secrets=secrets)) == ["too-few-generations"]


def test_case_A2_a_dump_of_a_database_is_adopted_or_found_cut(tmp_path: Path) -> None:
    source = tmp_path / "practice.db"
    disk = tmp_path / "disk"
    disk.mkdir()
    for number in range(2):
        subprocess.run(
            ["python3", "-c", _FILL, str(source), str(number)], check=True, env={"PATH": os.defpath}
        )
        shutil.copy(source, disk / f"dump-{number}.db")
    asset = {"id": "practice", "kind": "sqlite", "location": str(source)}
    look = {
        "asset": asset, "host": "app1", "expected_identity": {}, "stage": "look",
        "nonce": NONCE, "secrets": {},
    }  # fmt: skip
    observed = run_apart("observe_source", look)
    request = {
        "asset": asset, "scratch": None, "nonce_sha256": None, "secrets": {"store": {}},
        "backup": {"kind": "dump", "locations": [str(disk / "*.db")]},
        "source": {"facts": observed["facts"], "machine": observed["machine"]},
    }  # fmt: skip
    answer = run_apart("adopt_backup", request)
    assert _codes(answer) == []
    assert _verdicts(answer)["V4"] == "proven"
    assert answer["database"]["differences"] == []
    newest = disk / "dump-1.db"
    newest.write_bytes(newest.read_bytes()[: newest.stat().st_size // 2])
    cut = run_apart("adopt_backup", request)
    assert _verdicts(cut)["V4"] == "failed" or _verdicts(cut)["V3"] == "failed"


_FILL = """
import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as db:
    db.execute("create table if not exists patient (id integer primary key, name text)")
    db.executemany("insert into patient (name) values (?)",
                   [(f"patient {n} of {sys.argv[2]}",) for n in range(3000)])
"""
