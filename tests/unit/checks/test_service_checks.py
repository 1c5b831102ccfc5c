"""Checks after a change: yes, no, and "could not be made", which is never a yes (case A11)."""

from __future__ import annotations

import base64
import hashlib
import os
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from sluis import programs
from sluis.border.door import answer_request
from sluis.border.verbs.service_check import SERVICE_CHECK, Check, Request, Secrets
from sluis.checks import run as runner
from sluis.checks import service as service_room
from sluis.checks.run import run_checks


def one(kind: str, password: str | None = None, **fields: Any) -> dict[str, Any]:
    check = {"id": "it", "type": kind, "timeout": 5, **fields}
    (answer,) = run_checks([check], {"it": password} if password else {})
    assert set(answer) == {"id", "passed", "detail", "tries", "seconds", "why", "to"}
    return answer


# ---- file


def test_file_content(tmp_path: Path) -> None:
    path = tmp_path / "version"
    path.write_bytes(b"x" * (2**20 - 3) + b"version 2.0" + b"y" * 100)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    # the text lies across the border of two blocks that are read
    assert one("file", path=str(path), contains="version 2.0")["passed"] is True
    assert one("file", path=str(path), sha256=digest)["passed"] is True
    assert one("file", path=str(path))["passed"] is True
    assert one("file", path=str(path), contains="version 3")["passed"] is False
    assert one("file", path=str(path), sha256="0" * 64)["passed"] is False
    assert one("file", path=str(path), absent=True)["passed"] is False


def test_file_absent_or_not_a_file(tmp_path: Path) -> None:
    assert one("file", path=str(tmp_path / "gone"))["passed"] is False
    assert one("file", path=str(tmp_path / "gone"), absent=True)["passed"] is True
    assert one("file", path=str(tmp_path))["passed"] is False
    os.mkfifo(tmp_path / "pipe")  # opening it must not wait for a writer
    assert one("file", path=str(tmp_path / "pipe"))["passed"] is False


def test_file_that_cannot_be_read_is_not_a_no(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    answer = one("file", path=str(loop))
    assert answer["passed"] is None
    assert "cannot be read" in answer["detail"]


# ---- port


def test_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert one("port", port=port)["passed"] is True
    assert one("port", port=port)["passed"] is False
    assert one("port", port=port, address="no.such.name.invalid")["passed"] is None


# ---- service


def test_service_by_pid_file(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        pid_file.write_text(f"{child.pid}\n/some/data/folder\n")
        name = Path(f"/proc/{child.pid}/exe").readlink().name
        assert one("service", pid_file=str(pid_file))["passed"] is True
        assert one("service", pid_file=str(pid_file), program=name)["passed"] is True
        assert one("service", pid_file=str(pid_file), program="nginx")["passed"] is False
        child.kill()
        # a zombie until somebody waits for it: it does not run
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert one("service", pid_file=str(pid_file))["passed"] is False
    finally:
        child.kill()
        child.communicate()
    pid_file.write_text("rubbish")
    assert one("service", pid_file=str(pid_file))["passed"] is False
    assert one("service", pid_file=str(tmp_path / "none"))["passed"] is False
    assert one("service", pid_file=str(tmp_path))["passed"] is None


def test_service_by_program(tmp_path: Path) -> None:
    script = tmp_path / "practice-application-7"
    script.write_text(f"#!{sys.executable}\ninput()\n")
    script.chmod(0o755)
    assert one("service", program=script.name)["passed"] is False
    child = subprocess.Popen([script], stdin=subprocess.PIPE)
    try:
        answer = run_checks(
            [{"id": "it", "type": "service", "program": script.name, "tries": 50, "delay": 0.05}],
            {},
        )
        assert answer[0]["passed"] is True
    finally:
        child.kill()
        child.communicate()


def test_a_program_that_reads_a_file_is_not_that_file(tmp_path: Path) -> None:
    """``tail -f /opt/practice/server`` is no running server."""
    read = tmp_path / "practice-application-8"
    read.write_text("a log\n")
    child = subprocess.Popen(["tail", read, "-f"], stdout=subprocess.PIPE)
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == b"a log\n"
        assert one("service", program="tail")["passed"] is True
        assert one("service", program=read.name)["passed"] is False
    finally:
        child.kill()
        child.communicate()


@pytest.fixture
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """systemd is not the init here, so the words it says are played by a script."""
    program = tmp_path / "bin" / "systemctl"
    program.parent.mkdir()
    monkeypatch.setattr(programs, "SEARCH", (str(program.parent), *programs.SEARCH))
    monkeypatch.setattr(service_room, "_SYSTEMD", str(tmp_path))
    return program


@pytest.mark.parametrize(
    ("said", "status", "passed"),
    [
        ("LoadState=loaded\\nActiveState=active\\nSubState=running\\n", 0, True),
        ("LoadState=loaded\\nActiveState=activating\\nSubState=auto-restart\\n", 0, False),
        ("LoadState=loaded\\nActiveState=failed\\nSubState=failed\\n", 0, False),
        ("LoadState=not-found\\nActiveState=inactive\\nSubState=dead\\n", 0, False),
        ("Failed to connect to bus\\n", 1, None),
        ("", 0, None),
    ],
)
def test_service_by_unit(systemctl: Path, said: str, status: int, passed: bool | None) -> None:
    systemctl.write_text(f"#!/bin/sh\nprintf '{said}'\nexit {status}\n")
    systemctl.chmod(0o755)
    assert one("service", unit="practice.service")["passed"] is passed


def test_a_unit_without_systemd_could_not_be_checked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(service_room, "_SYSTEMD", str(tmp_path / "none"))
    assert one("service", unit="practice.service")["passed"] is None


# ---- http


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/")
            self.end_headers()
            return
        wanted = "Basic " + base64.b64encode(b"checker:s3cret").decode()
        if self.path == "/private" and self.headers.get("Authorization") != wanted:
            self.send_response(401)
            self.end_headers()
            return
        if self.path == "/slow-head":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            for _ in range(100):  # a byte now and then, for ten seconds
                self.wfile.write(b"a")
                if self.server.dripping.wait(0.1):  # type: ignore[attr-defined]
                    break
            self.wfile.write(b"\r\nContent-Length: 0\r\n\r\n")
            return
        if self.path == "/broken":
            self.wfile.write(b"what is this\r\n\r\n")
            return
        body = "Welkom, Café".encode() + self.headers.get("X-Practice", "").encode()
        self.send_response(500 if self.path == "/down" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.path == "/drip":
            self.server.dripping.wait(10)  # type: ignore[attr-defined]
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def web() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    server.dripping = threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.dripping.set()  # type: ignore[attr-defined]
    server.shutdown()
    server.server_close()


def test_http(web: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")  # a proxy would be another answer
    assert one("http", url=f"{web}/", contains="Welkom, Café")["passed"] is True
    assert one("http", url=f"{web}/", contains="Sluis", headers={"X-Practice": "Sluis"})["passed"]
    assert one("http", url=f"{web}/", contains="Adieu")["passed"] is False
    assert one("http", url=f"{web}/down")["passed"] is False
    assert one("http", url=f"{web}/down", status=500)["passed"] is True
    assert one("http", url=f"{web}/moved")["detail"] == "status 302, expected 200"
    assert one("http", url=f"{web}/broken")["passed"] is False


def test_http_that_never_ends_is_a_no(web: str) -> None:
    answer = one("http", url=f"{web}/drip", contains="Welkom", timeout=0.3)
    assert answer["passed"] is False
    assert "no whole answer" in answer["detail"]


def test_http_whose_head_drips_is_a_no(web: str) -> None:
    answer = one("http", url=f"{web}/slow-head", timeout=0.3)
    assert answer["passed"] is False
    assert "no whole answer within 0.3 s" in answer["detail"]


def test_http_password_works_and_stays_out_of_the_answer(web: str) -> None:
    good = one("http", "s3cret", url=f"{web}/private", user="checker")
    assert good["passed"] is True
    assert one("http", url=f"{web}/private")["passed"] is False
    assert "s3cret" not in str(good)
    refused = one("http", "s3cret", url="http://practice.example/private", user="checker")
    assert (refused["passed"], "without encryption" in refused["detail"]) == (None, True)


def test_http_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert one("http", url=f"http://127.0.0.1:{port}/")["passed"] is False
    assert one("http", url="http://no.such.name.invalid/")["passed"] is None
    assert one("http", url="ftp://127.0.0.1/")["passed"] is None


# ---- sql over SQLite; the servers are in tests/integration/checks


@pytest.fixture
def database(tmp_path: Path) -> str:
    path = tmp_path / "a?b#c.db"  # a name that a URI would misread
    with sqlite3.connect(path) as connection:
        connection.execute("create table patient (id integer, name text)")
        connection.executemany("insert into patient values (?, ?)", [(1, "A"), (2, None)])
    connection.close()
    return str(path)


def sql(database: str, query: str, **fields: Any) -> dict[str, Any]:
    return one("sql", engine="sqlite", database=database, query=query, **fields)


def test_sqlite(database: str) -> None:
    count = "select count(*) from patient"
    assert sql(database, count, expect="2")["passed"] is True
    assert sql(database, count, expect=2)["passed"] is True
    assert sql(database, count, expect="3")["detail"] == "2, not the expected one"
    assert sql(database, count, at_least=2)["passed"] is True
    assert sql(database, count, at_least=3)["passed"] is False
    both = "select id, name from patient order by id"
    assert sql(database, both, expect="1\tA\n2\t")["passed"] is True
    assert sql(database, "select x from nothing", expect="1")["passed"] is False
    assert sql(database + "-", count, expect="2")["passed"] is False


def test_an_answer_with_personal_data_is_not_repeated(database: str) -> None:
    answer = sql(database, "select name from patient where id = 1", expect="B")
    assert answer["passed"] is False
    assert "A" not in answer["detail"].replace("another Answer", "")


@pytest.mark.parametrize(
    "query",
    [
        "delete from patient",
        "\\! touch /tmp/x",
        "select 1;\n\\! touch /tmp/x",
        "",
        "/* select */ drop table patient",
    ],
)
def test_only_queries_that_read_are_taken(database: str, query: str) -> None:
    answer = sql(database, query, expect="1")
    assert answer["passed"] is None
    assert sql(database, "select count(*) from patient", expect="2")["passed"] is True


def test_a_writing_query_in_disguise_changes_nothing(database: str) -> None:
    answer = sql(database, "with x as (select 1) delete from patient", expect="1")
    assert answer["passed"] is False
    assert sql(database, "select count(*) from patient", expect="2")["passed"] is True


@pytest.mark.parametrize(
    "query",
    [
        "select 1; delete from patient",
        "with x as (select 1) insert into patient select 9, 'x'",
        "pragma user_version = 7",
        "pragma journal_mode = wal",
        "pragma writable_schema = 1",
        "pragma query_only = 0",
        "pragma wal_checkpoint(truncate)",
        "select load_extension('/tmp/x.so')",
        "select * from pragma_journal_mode('wal')",
        "select writefile('/tmp/sluis-x', 'x')",
        "with x as (select 1) attach '/tmp/sluis-x.db' as y",
        "select 1 union select * from (vacuum)",
    ],
)
def test_L9_a_query_in_sqlite_does_nothing_but_read(database: str, query: str) -> None:
    before = Path(database).read_bytes()
    assert sql(database, query, expect="1")["passed"] is not True
    assert Path(database).read_bytes() == before
    assert [path.name for path in Path(database).parent.iterdir()] == [Path(database).name]
    assert sql(database, "pragma table_info(patient)", expect="x")["passed"] is False
    assert sql(database, "pragma integrity_check", expect="ok")["passed"] is True


def test_L9_a_sqlite_query_that_never_ends_is_ended(database: str) -> None:
    endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select sum(i) from n"
    answer = sql(database, endless, expect="1", timeout=0.2)
    assert answer["passed"] is False
    assert "no answer within" in answer["detail"]
    most = endless.replace("select sum(i)", "select i") + " limit 10001"
    assert "more than 10,000 rows" in sql(database, most, expect="1")["detail"]


def test_L9_no_file_appears_beside_a_database_in_wal_mode(database: str) -> None:
    """SQLite would make two, owned by us, and the application could not use its own any more."""
    connection = sqlite3.connect(database)
    connection.execute("pragma journal_mode = wal")
    connection.close()
    assert sql(database, "select count(*) from patient", expect="2")["passed"] is True
    assert [path.name for path in Path(database).parent.iterdir()] == [Path(database).name]
    connection = sqlite3.connect(database)
    connection.execute("insert into patient values (3, 'in the -wal')")
    connection.commit()
    assert sql(database, "select count(*) from patient", expect="3")["passed"] is True
    connection.close()


def test_L9_an_empty_wal_is_left_as_it_is_and_a_full_one_is_not_finished(database: str) -> None:
    connection = sqlite3.connect(database)
    connection.execute("pragma journal_mode = wal")
    connection.close()
    log = Path(f"{database}-wal")
    log.touch()
    assert sql(database, "select count(*) from patient", expect="2")["passed"] is True
    assert sorted(path.name for path in log.parent.iterdir()) == [Path(database).name, log.name]
    log.unlink()
    connection = sqlite3.connect(database)
    connection.execute("insert into patient values (3, 'in the -wal')")
    connection.commit()
    crashed = log.read_bytes()
    connection.close()
    log.write_bytes(crashed)
    answer = sql(database, "select count(*) from patient", expect="3")
    assert answer["passed"] is None
    assert "-wal" in answer["detail"]
    assert sorted(path.name for path in log.parent.iterdir()) == [Path(database).name, log.name]


# ---- all of them


def test_tries_wait_in_between_and_stop_at_the_first_yes(tmp_path: Path) -> None:
    path, waited = tmp_path / "ready", []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 2:
            path.touch()

    check = {"id": "it", "type": "file", "path": str(path), "tries": 5, "delay": 3}
    (answer,) = run_checks([check], {}, sleep=sleep)
    assert (answer["passed"], answer["tries"], waited) == (True, 3, [3, 3])
    path.unlink()
    (answer,) = run_checks([check], {}, sleep=lambda seconds: None)
    assert (answer["passed"], answer["tries"]) == (False, 5)
    assert answer["detail"].endswith("(try 5 of 5)")


@pytest.mark.parametrize(
    "check",
    [
        {"type": "nonsense"},
        {},
        {"type": "port"},
        {"type": "port", "port": 70000},
        {"type": "port", "port": True},
        {"type": "file", "path": "relative"},
        {"type": "file", "path": "/x", "sha256": "short"},
        {"type": "file", "path": "/x", "absent": True, "contains": "y"},
        {"type": "service"},
        {"type": "sql", "engine": "oracle", "query": "select 1", "database": "x", "expect": "1"},
        {"type": "sql", "engine": "sqlite", "query": "select 1", "database": "x"},
        {"type": "port", "port": 1, "tries": 100, "timeout": 300},
        {"type": "port", "port": 1, "tries": 0},
        {"type": "port", "port": 1, "timeout": "soon"},
    ],
)
def test_a_check_that_cannot_be_understood_is_not_passed(check: dict[str, Any]) -> None:
    (answer,) = run_checks([{"id": "it", **check}], {})
    assert answer["passed"] is None
    assert answer["detail"]


def test_a_fault_of_our_own_stops_neither_the_others_nor_passes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fault(*arguments: object) -> None:
        raise RuntimeError("s3cret")

    monkeypatch.setattr(runner, "port", fault)
    answers = run_checks(
        [
            {"id": "a", "type": "port", "port": 1},
            {"id": "b", "type": "file", "path": str(tmp_path / "x"), "absent": True},
        ],
        {"a": "s3cret"},
    )
    assert [answer["passed"] for answer in answers] == [None, True]
    assert "s3cret" not in str(answers)


@pytest.mark.parametrize(
    ("password", "shown"),
    [
        ("x", "expected *** as 5x, got hunter2-hunter2"),
        ("hunter2-hunter2", "expected x as 5x, got ***"),
        ("expect", "***ed x as 5x, got hunter2-hunter2"),
    ],
)
def test_a_short_password_is_taken_out_only_where_it_stands_alone(
    monkeypatch: pytest.MonkeyPatch, password: str, shown: str
) -> None:
    said = "expected x as 5x, got hunter2-hunter2"
    monkeypatch.setattr(runner, "port", lambda check, timeout: runner.Answer(False, said))
    request = Request((Check("it", "It answers", "h1", "port", address="127.0.0.1", port=1),))
    packed = {
        "request": SERVICE_CHECK.pack_request(request, host="h1"),
        "secrets": SERVICE_CHECK.pack_secrets(Secrets({"it": password}), host="h1"),
    }
    params = {name: base64.b64encode(data).decode() for name, data in packed.items()}
    told = answer_request(SERVICE_CHECK, runner.answer_checks, params)
    answer = SERVICE_CHECK.read_answer(base64.b64decode(told["answer"]), host="h1")
    assert answer.answers[0].detail == shown
