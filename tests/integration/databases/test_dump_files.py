"""Dumps that somebody else made: whole or cut, told from their bytes and from nothing else."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sluis.rehearsal.mariadb import RealMariadb
from sluis.rehearsal.postgres import RealPostgres
from sluis.snapshot.mariadb_dump_file import inspect_mariadb_dump, looks_like_mariadb
from sluis.snapshot.postgresql_dump_file import inspect_dump, looks_like_postgresql
from support.databases import place

Make = Callable[[Path], None]


def is_whole(path: Path) -> bool | None:
    """``None`` when it is no dump that we know."""
    if looks_like_postgresql(str(path)):
        return inspect_dump(str(path)).whole
    return inspect_mariadb_dump(str(path)).whole if looks_like_mariadb(str(path)) else None


@pytest.fixture(scope="module")
def made(postgres: RealPostgres, mariadb: RealMariadb) -> Any:
    """Every kind of dump of one small database of each server."""
    postgres.sql("create database filed")
    postgres.sql(
        "create table t as select i, md5(i::text) m from generate_series(1, 9000) i;"
        "create table u as select * from t",
        "filed",
    )
    mariadb.sql(
        "create database filed; create table filed.t select seq, md5(seq) from seq_1_to_9000"
    )
    with place() as folder:
        connect = ["-h", postgres.host, "-p", str(postgres.port), "-U", "postgres", "filed"]
        program = postgres.program("pg_dump")
        for kind, option in (("custom", "c"), ("tar", "t"), ("plain", "p"), ("directory", "d")):
            subprocess.run([program, f"-F{option}", "-f", folder / kind, *connect], check=True)
        with (folder / "mariadb").open("wb") as file:
            subprocess.run(
                [
                    mariadb.program("mariadb-dump"), "--no-defaults", "--user=root",
                    f"--socket={mariadb.socket}", "filed",
                ],
                stdout=file,
                check=True,
            )  # fmt: skip
        for name in ("plain", "mariadb"):
            data = (folder / name).read_bytes()
            (folder / f"{name}.gz").write_bytes(gzip.compress(data, 1))
            (folder / f"{name}.bz2").write_bytes(bz2.compress(data, 1))
            (folder / f"{name}.xz").write_bytes(lzma.compress(data, preset=0))
        yield folder


KINDS = [
    "custom", "tar", "plain", "plain.gz", "plain.bz2", "plain.xz",
    "mariadb", "mariadb.gz", "mariadb.bz2", "mariadb.xz",
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_case_A2_whole_or_cut(made: Path, folder: Path, kind: str) -> None:
    assert is_whole(made / kind) is True
    assert looks_like_mariadb(str(made / kind)) == kind.startswith("mariadb")
    if kind.startswith("mariadb"):
        assert inspect_mariadb_dump(str(made / kind)).series == "10.11"
    else:
        assert inspect_dump(str(made / kind)).major == 15
    whole = (made / kind).read_bytes()
    cut = folder / "cut"
    for part in (0.3, 0.5, 0.999):
        cut.write_bytes(whole[: int(len(whole) * part)])
        assert is_whole(cut) is False, part


def test_a_directory_dump_that_lacks_a_file(made: Path, folder: Path) -> None:
    path = made / "directory"
    assert is_whole(path) is True
    (largest,) = [max(path.iterdir(), key=lambda file: file.stat().st_size)]
    data = largest.read_bytes()
    largest.write_bytes(data[: len(data) // 2])
    assert is_whole(path) is False
    largest.unlink()
    assert is_whole(path) is False


def test_case_A11_what_the_tools_themselves_say(
    postgres: RealPostgres, made: Path, folder: Path
) -> None:
    """The traps, on this machine: each is accepted by the tool, and refused by us."""
    cut = folder / "cut"
    data = (made / "custom").read_bytes()
    cut.write_bytes(data[: len(data) // 2])
    listing = subprocess.run([postgres.program("pg_restore"), "-l", cut], capture_output=True)
    assert listing.returncode == 0
    assert is_whole(cut) is False

    plain = (made / "plain").read_bytes()
    cut.write_bytes(plain[: plain.rindex(b"\n", 0, plain.index(b"COPY public.u"))])
    postgres.sql("create database half")
    with cut.open("rb") as file:
        run = subprocess.run(
            [
                postgres.program("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", postgres.host,
                "-p", str(postgres.port), "-U", "postgres", "half",
            ],
            stdin=file,
            capture_output=True,
        )  # fmt: skip
    assert run.returncode == 0
    assert postgres.sql("select count(*) from u", "half") == "0"
    assert is_whole(cut) is False


def test_a_row_that_says_complete_is_no_end(folder: Path, made: Path) -> None:
    plain = (made / "plain").read_text()
    line = "-- PostgreSQL database dump complete"
    at = plain.index("1\t")
    forged = folder / "forged"
    forged.write_text(plain[:at] + f"{line}\n" + plain[at : at + 200])
    assert is_whole(forged) is False
    # Since 2025 a token line may follow the real one (\\restrict, CVE-2025-8714).
    ended = folder / "ended"
    head = plain.rpartition(line)[0]
    ended.write_text(f"{head}{line}\n--\n\n\\unrestrict aB3dE\n\n")
    assert is_whole(ended) is True


@pytest.mark.parametrize(
    ("content", "whole"),
    [(b"", None), (b"\x00" * 5000, None), (b"hello", None), (os.urandom(3000), None),
     (b"\x1f\x8b" + b"x" * 100, None), (b"PGDMP", False), (b"-- MariaDB dump 10.19", False)],
    ids=["empty", "zeros", "a word", "noise", "gzip", "a head alone", "MariaDB"],
)  # fmt: skip
def test_what_is_no_dump(folder: Path, content: bytes, whole: bool | None) -> None:
    file = folder / "file"
    file.write_bytes(content)
    assert is_whole(file) is whole
