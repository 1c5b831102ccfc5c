from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sluis.errors import SnapshotError
from sluis.snapshot import sqlite
from support.snapshots import Stage, detail, verdicts


@pytest.fixture
def practice(tmp_path: Path) -> Path:
    path = tmp_path / "practice.db"
    with sqlite3.connect(path) as db:
        db.executescript(
            """
            create table patient (id integer primary key, name text not null, photo blob);
            create table visit (patient references patient, day text, cost real);
            create index by_day on visit (day);
            create view busy as select day, count(*) from visit group by day;
            create trigger stamp after insert on visit begin select 1; end;
            create table "odd ""name" (value) ;
            insert into "odd ""name" values (null), (1), (1.5), ('text'), (x'00ff');
            """
        )
        rows = [(f"Patient {n}", bytes([n % 256]) * 20) for n in range(500)]
        db.executemany("insert into patient (name, photo) values (?, ?)", rows)
        db.executemany(
            "insert into visit values (?, ?, ?)",
            [(n % 500, f"2026-{n:04}", n / 7) for n in range(900)],
        )
    return path


def _asset(path: Path) -> dict:
    return {"id": "practice", "kind": "sqlite", "location": str(path)}


def test_a_database_is_copied_restored_opened_and_compared(stage: Stage, practice: Path) -> None:
    made = stage.make(_asset(practice))
    judgement = made.prove()
    assert judgement.verification.reached == "V6", judgement.verification
    assert "integrity_check says ok" in detail(judgement, "V4")
    assert "3 tables with 1,405 rows" in detail(judgement, "V5")
    with sqlite3.connect(practice) as db:
        names = {row[0] for row in db.execute("select name from sqlite_master")}
    assert sqlite.NONCE_TABLE not in names


def test_case_A11_a_copy_that_lost_a_row_is_found(tmp_path: Path, practice: Path) -> None:
    dump = sqlite.dump(_asset(practice), str(tmp_path), "n" * 64, {})
    path = Path(dump["files"][0])
    with sqlite3.connect(path) as db:
        db.execute("delete from visit where rowid = 17")
        db.execute("update patient set photo = x'00' where id = 3")
    answer = sqlite.check({"id": "p"}, str(path), dump["facts"], None, str(tmp_path), {})
    assert answer["verdict"] == "failed"
    assert len(answer["differences"]) == 2
    assert {part["part"]: part["verdict"] for part in answer["parts"]} == {
        "restored": "proven", "works": "proven", "equal": "failed",
    }  # fmt: skip


def test_case_A11_a_damaged_page_is_found_by_sqlite_itself(tmp_path: Path, practice: Path) -> None:
    dump = sqlite.dump(_asset(practice), str(tmp_path), "n" * 64, {})
    path = Path(dump["files"][0])
    content = bytearray(path.read_bytes())
    content[4096 : 4096 + 64] = b"\xff" * 64
    path.write_bytes(content)
    answer = sqlite.check({"id": "p"}, str(path), dump["facts"], None, str(tmp_path), {})
    assert answer["verdict"] == "failed"
    assert any(p["part"] == "works" and p["verdict"] == "failed" for p in answer["parts"])


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_figures_and_copy_are_of_one_moment_while_others_write(
    tmp_path: Path, practice: Path, mode: str
) -> None:
    with sqlite3.connect(practice) as db:
        db.execute(f"pragma journal_mode = {mode}")
    stop = threading.Event()
    written = []

    def write() -> None:
        with sqlite3.connect(practice, timeout=60, isolation_level=None) as db:
            while not stop.is_set():
                db.execute("insert into visit values (1, 'now', 1.0)")
                written.append(1)
                stop.wait(0.003)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while len(written) < 20:
            stop.wait(0.005)
        dump = sqlite.dump(_asset(practice), str(tmp_path), "n" * 64, {})
        so_far = len(written)
        while len(written) < so_far + 20:
            stop.wait(0.005)
    finally:
        stop.set()
        writer.join()
    nonce = hashlib.sha256(b"n" * 64).hexdigest()
    answer = sqlite.check({"id": "p"}, dump["files"][0], dump["facts"], nonce, str(tmp_path), {})
    assert answer["verdict"] == "proven", answer
    assert answer["nonce_found"]
    assert 900 + 20 <= int(dump["facts"]["tables"]["visit"]["rows"]) < 900 + len(written)


def test_a_dump_cut_in_half_is_never_opened_as_whole(tmp_path: Path, practice: Path) -> None:
    dump = sqlite.dump(_asset(practice), str(tmp_path), "n" * 64, {})
    path = Path(dump["files"][0])
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    answer = sqlite.check({"id": "p"}, str(path), dump["facts"], None, str(tmp_path), {})
    assert answer["verdict"] == "failed"


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not a database")
    for name, code in (("text", "sqlite-not-a-database"), ("gone", "source-missing")):
        with pytest.raises(SnapshotError) as raised:
            sqlite.dump(_asset(tmp_path / name), str(tmp_path), "n" * 64, {})
        assert raised.value.code == code
    assert not (tmp_path / sqlite.DUMP_FILE).exists()


def test_the_state_tells_whether_the_database_was_touched(tmp_path: Path, practice: Path) -> None:
    state = sqlite.dump(_asset(practice), str(tmp_path), "n" * 64, {})["state"]
    assert state == sqlite.observe(_asset(practice))
    with sqlite3.connect(practice) as db:
        db.execute("insert into visit values (1, 'later', 2.0)")
    assert state != sqlite.observe(_asset(practice))


def test_an_unchanged_database_is_not_copied_again(stage: Stage, practice: Path) -> None:
    made = stage.make(_asset(practice))
    assert made.answer["state"]
    same = {"unless_state": made.answer["state"], "unless_place": made.answer["place"]}
    again = stage.make(_asset(practice), **same)
    assert again.answer["unchanged"]
    assert verdicts(made.prove())["V6"] == "proven"


@contextlib.contextmanager
def _in_use(path: Path) -> Iterator[sqlite3.Connection]:
    """An application that has the database open in WAL mode and does not write it back."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        assert db.execute("pragma journal_mode = wal").fetchone() == ("wal",)
        db.execute("pragma wal_autocheckpoint = 0")
        db.execute("insert into visit values (1, 'first', 1.0)")
        yield db


def test_T19_what_is_written_to_the_log_alone_changes_the_state(practice: Path) -> None:
    with _in_use(practice) as db:
        state, content = sqlite.observe(_asset(practice)), practice.read_bytes()
        assert state == sqlite.observe(_asset(practice))
        for number in range(3):
            db.execute("insert into visit values (1, 'later', ?)", (number,))
            assert practice.read_bytes() == content, "the database's own file has nothing of it"
            before, state = state, sqlite.observe(_asset(practice))
            assert state != before
        db.execute("pragma wal_checkpoint(truncate)")
        assert sqlite.observe(_asset(practice)) not in ("", state)


@pytest.mark.parametrize("ending", ["", "-wal", "-journal"])
@pytest.mark.parametrize("change", ["longer", "other time", "replaced"])
def test_T19_each_file_that_holds_data_belongs_to_the_state(
    practice: Path, ending: str, change: str
) -> None:
    file = Path(f"{practice}{ending}")
    if ending:
        file.write_bytes(b"left by a crash")
    state, was = sqlite.observe(_asset(practice)), file.stat()
    if change == "longer":
        file.write_bytes(file.read_bytes() + b"\0")
        os.utime(file, ns=(was.st_atime_ns, was.st_mtime_ns))
    elif change == "other time":
        os.utime(file, ns=(was.st_atime_ns, was.st_mtime_ns + 1))
    else:  # same size and time: the change time tells
        other = file.with_name("other")
        other.write_bytes(file.read_bytes()[:-1] + b"!")
        os.utime(other, ns=(was.st_atime_ns, was.st_mtime_ns))
        other.replace(file)
    assert sqlite.observe(_asset(practice)) != state
    if ending:
        changed = sqlite.observe(_asset(practice))
        file.unlink()
        assert sqlite.observe(_asset(practice)) not in (changed, "")


def test_T19_an_empty_log_holds_nothing_and_a_missing_database_has_no_state(practice: Path) -> None:
    state = sqlite.observe(_asset(practice))
    for ending in ("-wal", "-journal"):
        Path(f"{practice}{ending}").touch()
        assert sqlite.observe(_asset(practice)) == state
        Path(f"{practice}{ending}").unlink()
    assert sqlite.observe(_asset(practice.with_name("none"))) == ""
    assert sqlite.observe(_asset(practice / "below a file")) == ""


def test_T19_a_catch_up_copies_what_is_in_the_log_alone(stage: Stage, practice: Path) -> None:
    with _in_use(practice) as db:
        made = stage.make(_asset(practice))
        db.execute("insert into visit values (1, 'later', 2.0)")
        place = made.answer["place"]
        again = stage.make(_asset(practice), unless_state=made.answer["state"], unless_place=place)
        assert not again.answer.get("unchanged")
        rows = int(again.answer["facts"]["tables"]["visit"]["rows"])
        assert rows == int(made.answer["facts"]["tables"]["visit"]["rows"]) + 1
        last = stage.make(_asset(practice), unless_state=again.answer["state"], unless_place=place)
        assert last.answer["unchanged"]


SETTINGS = {
    "page_size": ("pragma page_size = 8192", "8192"),
    "encoding": ("pragma encoding = 'UTF-16le'", "UTF-16le"),
    "user_version": ("pragma user_version = 7", "7"),
    "application_id": ("pragma application_id = 4711", "4711"),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_T20_each_setting_of_the_file_is_compared(
    tmp_path: Path, practice: Path, name: str
) -> None:
    """A copy with the same tables, rows and definitions, made anew with one other setting."""
    dump = sqlite.dump(_asset(practice), str(tmp_path), "n" * 64, {})
    setting, value = SETTINGS[name]
    other = tmp_path / "other.db"
    with contextlib.closing(sqlite3.connect(dump["files"][0])) as db:
        script = [line for line in db.iterdump() if sqlite.NONCE_TABLE not in line]
    with contextlib.closing(sqlite3.connect(other)) as db:
        db.execute(setting)
        db.executescript("\n".join(script))
    answer = sqlite.check({"id": "p"}, str(other), dump["facts"], None, str(tmp_path), {})
    assert answer["verdict"] == "failed"
    had = dump["facts"]["settings"][name]
    assert answer["differences"] == [f"settings: {name} is {value}, the source had {had}"]
    # and without it, it is the same
    plain = tmp_path / "plain.db"
    with contextlib.closing(sqlite3.connect(plain)) as db:
        db.executescript("\n".join(script))
    answer = sqlite.check({"id": "p"}, str(plain), dump["facts"], None, str(tmp_path), {})
    assert (answer["verdict"], answer["differences"]) == ("proven", [])


@pytest.mark.parametrize("encoding", ["UTF-16le", "UTF-16be"])
def test_T20_a_database_in_another_encoding_is_copied_and_compared_like_any(
    stage: Stage, practice: Path, encoding: str
) -> None:
    other = practice.with_name("other.db")
    with contextlib.closing(sqlite3.connect(practice)) as db:
        script = "\n".join(db.iterdump())
    with contextlib.closing(sqlite3.connect(other)) as db:
        db.execute(f"pragma encoding = '{encoding}'")
        db.executescript(script)
    made = stage.make(_asset(other))
    assert set(made.answer["facts"]["tables"]) == {"patient", "visit", 'odd "name'}
    assert made.answer["facts"]["settings"]["encoding"] == encoding
    assert made.prove().verification.reached == "V6"


CHANGES = {
    "tables: visit": "delete from visit where rowid = 1",
    "objects: index by_day": "drop index by_day; create index by_day on visit (cost)",
    "objects: view busy": "drop view busy",
    "objects: trigger stamp": "drop trigger stamp",
    "objects: table added": "create table added (i)",
    "broken foreign keys": "update visit set patient = 99999 where rowid = 7",
}


@pytest.mark.parametrize("what", CHANGES)
def test_T20_each_kind_of_figure_is_compared(tmp_path: Path, practice: Path, what: str) -> None:
    dump = sqlite.dump(_asset(practice), str(tmp_path), "n" * 64, {})
    with contextlib.closing(sqlite3.connect(dump["files"][0])) as db:
        db.executescript(CHANGES[what])
    answer = sqlite.check({"id": "p"}, dump["files"][0], dump["facts"], None, str(tmp_path), {})
    assert answer["verdict"] == "failed"
    assert any(found.startswith(what) for found in answer["differences"]), answer["differences"]
