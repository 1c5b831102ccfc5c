from __future__ import annotations

import hashlib
import sqlite3
import threading
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
    again = stage.make(_asset(practice), unless_state=made.answer["state"])
    assert again.answer["unchanged"]
    assert verdicts(made.prove())["V6"] == "proven"
