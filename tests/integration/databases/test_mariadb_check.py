"""MariaDB proofs: each way in which a backup can be worse than its source is found."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from sluis.rehearsal.mariadb import RealMariadb
from sluis.snapshot import mariadb as adapter
from sluis.snapshot.children import Children, confined_account
from sluis.snapshot.database_proof import Proof
from sluis.snapshot.mariadb_figures import read_tables
from sluis.snapshot.mariadb_proof import CODE_FILE, DUMP_FILE, check_server
from sluis.snapshot.mariadb_scratch import ScratchMariadb
from support.databases import Dumped, argument_lists, flip, part, place, processes_of, take_dump
from support.databases import wait_until as until

SHOP = """
create table photo (id int primary key, name varchar(60), key (name));
insert into photo select seq, concat('photo number ', seq) from seq_1_to_3000;
create table sale (id int auto_increment primary key, photo int, note text,
    foreign key (photo) references photo (id));
insert into sale (photo, note) select seq, concat('sale ', seq) from seq_1_to_100;
create sequence invoice start with 500; select nextval(invoice);
create view recent as select * from sale where id > 50;
create procedure tidy() delete from sale where id < 0;
create trigger mark before insert on sale for each row set new.note = upper(new.note);
"""


@pytest.fixture(scope="module")
def source(mariadb: RealMariadb) -> Iterator[Dumped]:
    mariadb.sql("create database checked")
    mariadb.sql(SHOP, "checked")
    asset = {
        "id": "shop", "kind": "mariadb", "location": "checked",
        "host_address": mariadb.socket, "port": 3306, "user": "root",
    }  # fmt: skip
    with place() as folder:
        yield take_dump(adapter, asset, folder / "dump")


@pytest.fixture
def dumped(source: Dumped, folder: Path) -> Dumped:
    return source.copy(folder / "dump")


@pytest.fixture
def later(mariadb: RealMariadb, dumped: Dumped, folder: Path) -> Callable[[str], Dumped]:
    """The figures of the source, with a dump that somebody made of something less."""

    def make(change: str) -> Dumped:
        mariadb.sql("drop database if exists lesser; create database lesser")
        for name in (DUMP_FILE, CODE_FILE):
            mariadb.sql((dumped.folder / name).read_text(), "lesser")
        mariadb.sql(change, "lesser")
        lesser = take_dump(adapter, {**dumped.asset, "location": "lesser"}, folder / "lesser")
        mariadb.sql("drop database lesser")
        for name in (DUMP_FILE, CODE_FILE):
            (lesser.folder / name).replace(dumped.folder / name)
        return dumped.as_made()

    return make


def test_case_A11_a_good_one_is_proven(dumped: Dumped, scratch: Path) -> None:
    answer = dumped.check(scratch)
    assert answer["verdict"] == "proven"
    assert [one["verdict"] for one in answer["parts"]] == ["proven"] * 3
    assert answer["nonce_found"]
    assert answer["figures"]["tables"] == dumped.facts["tables"]
    json.dumps(answer)


def test_case_A11_cut_in_half(mariadb: RealMariadb, dumped: Dumped, scratch: Path) -> None:
    file = dumped.folder / DUMP_FILE
    whole = file.read_bytes()
    rows = whole.index(b"INSERT INTO `photo`")
    cut = whole[: whole.index(b";\n", rows) + 2]  # between two statements
    file.write_bytes(cut)
    mariadb.sql("create database half")
    # The trap: the client restores half a dump and says nothing.
    mariadb.sql(cut.decode(), "half")
    assert "sale" not in mariadb.sql("show tables", "half").split()
    assert dumped.check(scratch)["verdict"] == "failed"
    answer = dumped.as_made().check(scratch)
    assert answer["verdict"] == "failed"
    assert "does not end with the line that says completed" in answer["detail"]


def test_case_A11_a_byte_flipped_in_a_row(dumped: Dumped, scratch: Path) -> None:
    flip(dumped.folder / DUMP_FILE, b"'photo number 1234'", b"'photo number 1235'")
    answer = dumped.check(scratch)
    assert part(answer, "restored")["verdict"] == "proven", "MariaDB itself sees nothing"
    assert answer["verdict"] == "failed"
    (difference,) = answer["differences"]
    assert "table photo has other content in its 3,000 rows" in difference


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {
                "delete from sale where id = 7": "table sale has 99 rows, the source had 100",
                "update photo set name = null where id = 7": "table photo has other content",
                "alter table sale auto_increment = 400": "sequence sale (auto_increment) stands",
                "update sluis_nonce set value = 'an older one'": "table sluis_nonce has other",
            },
            4,
        ),
        (
            {
                "insert into photo values (0, null)": "table photo has 3,001 rows, the source had",
                "drop procedure tidy": "procedure tidy is missing",
                "drop trigger mark": "trigger mark is missing",
                "create or replace view recent as select * from sale where id > 51": "view recent"
                " is defined otherwise",
                "alter table sale drop foreign key sale_ibfk_1": "table sale is defined otherwise",
                "do nextval(invoice)": "sequence invoice stands at",
                "create table more (i int)": "table more is not in the source",
            },
            8,  # the nonce's time as well
        ),
        ({"drop table sale": "table sale is missing (100 rows)"}, 5),
    ],
)
def test_case_A11_less_than_the_source(
    later: Callable[[str], Dumped], scratch: Path, changes: dict[str, str], expected: int
) -> None:
    """Somebody's dump of something less, under the figures of the source."""
    view = "" if "drop table sale" not in changes else ";drop view recent"
    dumped = later(";".join(changes) + view)
    answer = dumped.check(scratch, nonce=dumped.nonce_sha256)
    assert answer["verdict"] == "failed", answer["detail"]
    assert [one["verdict"] for one in answer["parts"]] == ["proven", "proven", "failed"]
    for change, difference in changes.items():
        found = [line for line in answer["differences"] if difference in line]
        assert found, f"{change} was not found: {answer['differences']}"
    assert len(answer["differences"]) == expected, answer["differences"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"database": {"series": "10.4"}}, "no MariaDB 10.4 server"),
        ({"engines": ["InnoDB", "TokuDB"]}, "lacks the storage engines TokuDB"),
        ({"probe": "7"}, "computes row hashes differently"),
        ({"database": {"bytes": 10**18}}, "scratch-too-small"),
    ],
)
def test_what_the_verifier_lacks_is_not_verified(
    dumped: Dumped, scratch: Path, changes: dict[str, Any], expected: str
) -> None:
    merged = {
        name: {**dumped.facts[name], **value} if isinstance(value, dict) else value
        for name, value in changes.items()
    }
    answer = dumped.with_facts(**merged).check(scratch)
    assert answer["verdict"] == "not verified"
    assert expected in answer["detail"]


@pytest.mark.parametrize("options", [["--databases"], []])
def test_case_A2_a_dump_that_others_made(
    mariadb: RealMariadb, source: Dumped, folder: Path, scratch: Path, options: list[str]
) -> None:
    theirs = folder / "theirs.sql.gz"
    done = subprocess.run(
        [
            mariadb.program("mariadb-dump"), "--no-defaults", "--socket", mariadb.socket,
            "--user=root", "--routines", *options, "checked",
        ],
        stdout=subprocess.PIPE,
        check=True,
    )  # fmt: skip
    theirs.write_bytes(gzip.compress(done.stdout))

    def check(facts: dict[str, Any]) -> Any:
        answer = adapter.check(source.asset, str(theirs), facts, None, str(scratch), {})
        return answer, [one["verdict"] for one in answer["parts"]]

    answer, verdicts = check({})
    assert (verdicts, answer["verdict"]) == (["proven", "proven", "not verified"], "not verified")
    assert answer["figures"]["tables"]["photo"]["rows"] == 3000
    answer, verdicts = check(source.facts)
    assert (verdicts, answer["differences"]) == (["proven"] * 3, [])


def test_case_B8_no_row_is_quoted_in_what_is_said(dumped: Dumped, scratch: Path) -> None:
    flip(dumped.folder / DUMP_FILE, b"(1234,'photo number 1234')", b"(1233,'photo number 1234')")
    answer = dumped.check(scratch)
    assert answer["verdict"] == "failed"
    assert "said: ERROR " in answer["detail"]
    assert "photo number" not in json.dumps(answer)


def test_case_A11_an_index_that_lies(source: Dumped, folder: Path) -> None:
    account = confined_account()
    with (
        Children(str(folder), account) as children,
        ScratchMariadb(children, account, None, source.facts["database"]) as server,
    ):
        with server.session() as session:
            session.rows("create database checked")
        assert not server.load(str(source.folder / DUMP_FILE), "checked")
        with server.session("checked") as session:
            session.rows("create table old (i int, name varchar(20), key (name)) engine = Aria")
            session.rows("insert into old select seq, concat('n', seq) from seq_1_to_2000")
            tables = read_tables(session, "checked")
        sound = Proof()
        check_server(sound, server, "checked", tables)
        server.stop(orderly=True)
        index = Path(server.data) / "checked" / "old.MAI"
        data = bytearray(index.read_bytes())
        data[2 * 8192 + 100 : 2 * 8192 + 140] = bytes(40)
        index.write_bytes(data)
        server.start()
        broken = Proof()
        check_server(broken, server, "checked", tables)
    assert [one["verdict"] for one in sound.parts] == ["proven"]
    assert [one["verdict"] for one in broken.parts] == ["failed"]
    assert "old" in broken.parts[0]["detail"]


def test_the_scratch_server_is_alone(source: Dumped, folder: Path) -> None:
    account = confined_account()
    with (
        Children(str(folder), account) as children,
        ScratchMariadb(children, account, None, source.facts["database"]) as server,
    ):
        with server.session() as session:
            shown = session.rows("select @@skip_networking, @@event_scheduler, @@log_bin")[0]
        assert shown == ["1", "OFF", "0"]
        (process,) = [
            process
            for process in psutil.process_iter(["cmdline"])
            if f"--datadir={server.data}" in (process.info["cmdline"] or [])
        ]
        assert process.net_connections("inet") == []
        if os.geteuid() == 0:
            assert process.uids().real != 0
            ours, theirs = (Path(f"/proc/{pid}/ns/net") for pid in ("self", process.pid))
            assert ours.readlink() != theirs.readlink()


def test_a_dump_cannot_order_the_client_about(dumped: Dumped, folder: Path, scratch: Path) -> None:
    file = dumped.folder / CODE_FILE
    proof = folder / "pwned"
    shell = f"\\! touch {proof}\nsystem touch {proof}\n\\. /etc/passwd\n"
    file.write_text(shell + file.read_text())
    answer = dumped.as_made().check(scratch)
    assert answer["verdict"] == "failed"
    assert not proof.exists()


def test_killed_in_the_middle_of_a_check(source: Dumped, scratch: Path) -> None:
    code = (
        "import sys, json; from sluis.snapshot import mariadb;"
        "mariadb.check({'id': 'a'}, sys.argv[1], json.loads(sys.argv[2]), None, sys.argv[3], {})"
    )
    for sign in (b"mariadb-install-db", b"--skip-networking"):
        run = subprocess.Popen(
            [sys.executable, "-c", code, str(source.folder), json.dumps(source.facts), str(scratch)]
        )

        def at_work(sign: bytes = sign) -> bool:
            return any(sign in line for line in argument_lists() if str(scratch).encode() in line)

        until(at_work)
        run.kill()
        run.wait()
        until(lambda: not processes_of(scratch))
        until(lambda: not list(scratch.iterdir()))
