"""An adopted backup is asked for again: each kind, on real folders and a real repository (0246)."""

from __future__ import annotations

import shutil
import sqlite3
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sluis.errors import SnapshotError
from sluis.snapshot.copies import written
from support.snapshots import PASSWORD, PLACE, Stage, run_apart

DAYS = ("monday", "tuesday")


def _adopted(documents: Path, backup: dict, kind: str = "directory", **secrets: object) -> dict:
    asset = {"id": "documents", "kind": kind, "location": str(documents)}
    look = {"asset": asset, "host": "app1", "expected_identity": {}, "stage": "look",
            "nonce": "ab" * 32, "secrets": {}}  # fmt: skip
    observed = run_apart("observe_source", look)
    answer = run_apart("adopt_backup", {
        "asset": asset, "backup": backup, "scratch": None, "nonce_sha256": None,
        "source": {name: observed[name] for name in ("content", "facts", "machine")},
        "secrets": {"store": secrets},
    })  # fmt: skip
    assert not answer["objections"]
    assert {one["level"]: one["verdict"] for one in answer["levels"]}["V3"] == "proven"
    return answer


def _copy(answer: dict, which: int = 0) -> dict[str, Any]:
    one = answer["generations"][which]
    items, size = (answer["items"], answer["bytes"]) if which == 0 else (one["items"], one["bytes"])
    return {"id": answer["snapshot_id"], "path": one["name"], "written": one["time"],
            "items": items, "bytes": size,
            **{name: one[name] for name in ("size", "leads_to", "touched")}}  # fmt: skip


def _ask(*copies: dict[str, Any]) -> dict:
    request = {"store": None, "snapshots": [], "copies": list(copies), "secrets": {"store": {}}}
    return run_apart("look_for_kept", request)


def _as_folders(documents: Path, disk: Path) -> dict:
    for day in DAYS:
        (documents / "today").write_text(day)
        (documents / "a link").unlink(missing_ok=True)
        (documents / "a link").symlink_to("today")
        shutil.copytree(documents, disk / day, symlinks=True)
    return _adopted(documents, {"kind": "copies", "locations": [str(disk)]})


def _as_archives(documents: Path, disk: Path) -> dict:
    disk.mkdir()
    for day in DAYS:
        (documents / "today").write_text(day)
        with tarfile.open(disk / f"{day}.tar.gz", "w:gz") as archive:
            archive.add(documents, ".")
    return _adopted(documents, {"kind": "copies", "locations": [str(disk)]})


def _as_dumps(documents: Path, disk: Path) -> dict:
    disk.mkdir()
    source = documents.parent / "practice.db"
    for day in DAYS:
        with closing(sqlite3.connect(source)) as database, database:
            database.execute("create table if not exists patient (name text)")
            database.execute("insert into patient values (?)", (day,))
        shutil.copy(source, disk / f"{day}.db")
    return _adopted(source, {"kind": "dump", "locations": [str(disk / "*.db")]}, "sqlite")


KINDS = [_as_folders, _as_archives, _as_dumps]


@pytest.mark.parametrize("made", KINDS)
def test_a_backup_that_nobody_touched_is_still_there(
    documents: Path, tmp_path: Path, made: Callable[[Path, Path], dict]
) -> None:
    answer = made(documents, tmp_path / "disk")
    kept = _ask(_copy(answer), _copy(answer, 1))
    assert (kept["gone"], kept["damaged"]) == ([], None)


@pytest.mark.parametrize("made", KINDS)
def test_a_backup_that_is_gone_or_was_written_to_is_told(
    documents: Path, tmp_path: Path, made: Callable[[Path, Path], dict]
) -> None:
    """The client's own script puts each copy in the place of the one before (A3)."""
    answer = made(documents, tmp_path / "disk")
    copy = _copy(answer)
    newest = Path(copy["path"])
    some = min(path for path in [newest, *newest.rglob("*")] if path.is_file())
    some.write_bytes(b"X" * some.stat().st_size)
    kept = _ask(copy)
    assert kept["gone"] == []
    assert "it was last written at" in kept["damaged"]
    shutil.rmtree(newest) if newest.is_dir() else newest.unlink()
    kept = _ask(copy)
    assert (kept["gone"], kept["damaged"]) == ([copy["id"]], None)


def test_a_file_that_is_lacking_deep_in_a_copy_is_told(documents: Path, tmp_path: Path) -> None:
    answer = _as_folders(documents, tmp_path / "disk")
    for which in (0, 1):
        copy = _copy(answer, which)
        deep = max(Path(copy["path"]).rglob("*.txt"), key=lambda path: len(path.parts))
        assert deep.parent != Path(copy["path"])
        deep.unlink()
        damaged = _ask(copy)["damaged"]
        assert damaged == f"it had {copy['items']} items, and has {copy['items'] - 1} now"


def _as_links(documents: Path, disk: Path) -> dict:
    """A place that leads to where the archives really are."""
    shutil.rmtree(disk, ignore_errors=True)
    real = disk.with_name("archives")
    real.mkdir()
    disk.mkdir()
    for day in DAYS:
        (documents / "today").write_text(day)
        with tarfile.open(real / f"{day}.tar.gz", "w:gz") as archive:
            archive.add(documents, ".")
        (disk / f"{day}.tar.gz").symlink_to(real / f"{day}.tar.gz")
    return _adopted(documents, {"kind": "copies", "locations": [str(disk)]})


def test_what_is_behind_a_link_is_looked_at(documents: Path, tmp_path: Path) -> None:
    """The link itself stays as it was, whatever becomes of the archive."""
    copy = _copy(_as_links(documents, tmp_path / "disk"))
    assert _ask(copy)["damaged"] is None
    real = Path(copy["path"]).resolve()
    whole = real.read_bytes()
    assert copy["size"] == len(whole)
    real.write_bytes(b"")
    assert _ask(copy)["damaged"] == f"its file had {len(whole):,} bytes, and has 0 now"
    real.write_bytes(b"X" * len(whole))
    assert "it was last written at" in _ask(copy)["damaged"]


def test_a_link_that_leads_elsewhere_is_told(documents: Path, tmp_path: Path) -> None:
    """Also to what was written at the very same moment and is as large."""
    copy = _copy(_as_links(documents, tmp_path / "disk"))
    real = Path(copy["path"]).resolve()
    other = real.with_name("other.tar.gz")
    other.hardlink_to(real)
    moved = {**copy, "written": written(str(other))[0], "touched": written(str(other))[1]}
    assert _ask(moved)["damaged"] is None
    Path(copy["path"]).unlink()
    Path(copy["path"]).symlink_to(other)
    assert "leads elsewhere now" in _ask(moved)["damaged"]


def test_a_link_makes_no_old_archive_new(documents: Path, tmp_path: Path) -> None:
    answer = _as_links(documents, tmp_path / "disk")
    link = Path(_copy(answer)["path"])
    real = link.resolve()
    link.unlink()
    link.symlink_to(real)
    assert written(str(link)) == written(str(real))


def test_folders_that_changed_names_are_told(documents: Path, tmp_path: Path) -> None:
    """Each file is as it was, and one person's letters are with another's name."""
    for name in ("Jansen", "Pieters"):
        (documents / "people" / name).mkdir(parents=True)
        (documents / "people" / name / "letter.txt").write_text(f"about {name}")
    copy = _copy(_as_folders(documents, tmp_path / "disk"))
    assert _ask(copy)["damaged"] is None
    jansen, pieters = (Path(copy["path"]) / "people" / name for name in ("Jansen", "Pieters"))
    jansen.rename(jansen.with_name("x"))
    pieters.rename(jansen)
    jansen.with_name("x").rename(pieters)
    assert "a name in it was last changed at" in _ask(copy)["damaged"]


def test_where_nobody_can_tell_it_is_said(documents: Path, tmp_path: Path) -> None:
    copy = _copy(_as_folders(documents, tmp_path / "disk"))
    shutil.rmtree(copy["path"])
    Path(copy["path"]).symlink_to(copy["path"])
    with pytest.raises(SnapshotError, match="copy-unreadable"):
        _ask(copy)


def test_a_snapshot_in_the_clients_own_repository_is_asked_for(
    stage: Stage, documents: Path
) -> None:
    for day in DAYS:
        (documents / "today").write_text(day)
        assert stage.restic("backup", str(documents)).returncode == 0
    login = {"repository_password": PASSWORD, **stage.login}
    backup = {"kind": "restic", "store": stage.store, **PLACE}
    answer = _adopted(documents, backup, **login)
    older = answer["generations"][1]["content"].removeprefix("differs-")
    request = {
        "store": stage.store, "snapshots": [answer["snapshot_id"], older],
        "secrets": {"store": login},
    }  # fmt: skip
    kept = run_apart("look_for_kept", request)
    assert (kept["gone"], kept["damaged"]) == ([], None)
    nothing = {**request, "snapshots": ["0" * 64, older]}
    assert run_apart("look_for_kept", nothing)["gone"] == ["0" * 64]
