"""(a) The whole gate for one asset, beside a bare backup of the same data.

A: snapshot with manifests, nonce and an older generation; restored elsewhere by another
process, opened, compared byte by byte, every byte on the store read back; judged and
recorded (V0 to V6). B: ``restic backup``. Each run gets a fresh repository, made
beforehand, so that both store all of the data.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.data import DataSet, provide
from bench.one_asset import OneAsset, one_asset
from bench.restores import Repository, Stores, stores
from bench.row import Aim, Pair, Row, Took
from bench.turns import in_turns, timed
from sluis.rehearsal.postgres import RealPostgres
from sluis.rehearsal.server_process import server_folder

_AIM = Aim("ratio", 2.5, "≤ 2.5 times")
_STORES = {"rest": "append-only REST store", "local": "local disk store"}
#: what an append-only store elsewhere must reach; a folder of the machine itself cannot
_EXPECTED = {"rest": "V6", "local": "V5"}


@dataclass
class _Gate:
    """One asset, one kind of store; what was reached and where the time went."""

    asset: OneAsset
    stores: Stores
    runs: int = 0
    reached: set[str | None] = field(default_factory=set)
    seconds: list[dict[str, float]] = field(default_factory=list)
    items: int = 0

    def once(self) -> Took:
        self.runs += 1
        home = self.stores.folder / f"home-{self.runs}"
        home.mkdir()
        change = self.asset.change(f"CHG-{self.stores.kind}-{self.runs}")
        with self.stores.repository() as repository:
            change.prepare_store(repository, home)
            making = timed(lambda: change.take(repository, home))
            proving = timed(lambda: change.prove(repository, home))
        body = change.verification()
        self.reached.add(body.reached)
        self.items = body.compared_items
        levels = {item.level: round(item.seconds, 2) for item in body.levels}
        self.seconds.append(
            {"snapshot": round(making.seconds, 2), "proof": round(proving.seconds, 2), **levels}
        )
        return Took(making.seconds + proving.seconds, making.processor + proving.processor)


def measure_folder(
    folder: Path, data: DataSet, *, kept: Path, kinds: Sequence[str], runs: int, warm_up: int
) -> Iterator[Row]:
    """A row for each kind of store."""
    source = provide(data, kept)
    for kind in kinds:
        asset = one_asset(folder / f"{data.name}-{kind}", "directory", str(source))
        with stores(kind, folder / f"{data.name}-{kind}-stores") as found:
            gate = _Gate(asset, found)

            def bare(found: Stores = found) -> Took:
                with _fresh(found) as (repository, cache):
                    return repository.restic("backup", ".", cwd=source, cache=cache).took

            pair = in_turns(gate.once, bare, runs=runs, warm_up=warm_up)
        yield _row(f"gate-{data.name}-{kind}", f"whole gate, {data.words}", gate, pair)


def measure_postgresql(folder: Path, size: int, *, runs: int, warm_up: int) -> Iterator[Row]:
    """One row, with the append-only store. B dumps the database to a file first."""
    with _server_folder() as place, RealPostgres(place) as server:
        real = fill(server, size)
        connection = {"host_address": server.host, "port": server.port,
                      "user": server.superuser, "bin_dir": str(server.bin_dir)}  # fmt: skip
        asset = one_asset(folder / "postgresql", "postgresql", "practice", connection)
        with stores("rest", folder / "postgresql-stores") as found:
            gate = _Gate(asset, found)

            def bare() -> Took:
                with _fresh(found) as (repository, cache):
                    target = found.folder / "dump"
                    target.mkdir()
                    dumping = timed(lambda: _dump(server, target / "practice.pgdump"))
                    copying = repository.restic("backup", ".", cwd=target, cache=cache).took
                    (target / "practice.pgdump").unlink()
                    target.rmdir()
                    return Took(*(one + other for one, other in zip(dumping, copying, strict=True)))

            pair = in_turns(gate.once, bare, runs=runs, warm_up=warm_up)
        words = f"whole gate, PostgreSQL database of {real / 2**30:.2f} GiB"
        yield _row("gate-postgresql-rest", words, gate, pair, b="pg_dump and restic backup")


@contextmanager
def _server_folder() -> Iterator[Path]:
    place = server_folder("sluis-bench-pg-")
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def _fresh(found: Stores) -> Iterator[tuple[Repository, Path]]:
    with found.repository() as repository:
        cache = found.folder / f"cache-{repository.store['id']}"
        repository.restic("init", cache=cache)
        yield repository, cache


def _row(name: str, words: str, gate: _Gate, pair: Pair, b: str = "restic backup") -> Row:
    kind = gate.stores.kind
    reached = sorted(str(level) for level in gate.reached)
    return Row(
        id=name,
        what=f"{words}, {_STORES[kind]}",
        a=f"snapshot, restore, compare, judge: {', '.join(reached)}",
        b=b,
        pair=pair,
        aim=_AIM,
        facts={
            "reached": reached,
            "expected": _EXPECTED[kind],
            "items_compared": gate.items,
            "seconds": gate.seconds[-len(pair.a):],
        },
    )  # fmt: skip


def fill(server: RealPostgres, size: int) -> int:
    """A database of about ``size`` bytes, text and numbers, indexed; its real size."""
    server.sql("create database practice")
    server.sql(
        "create table visit (id bigint primary key, patient int not null, seen timestamptz not "
        "null, note text not null, cost numeric(10,2) not null);"
        "insert into visit select n, n % 50021, timestamptz '2024-01-01' + n * interval '7 s',"
        " md5(n::text) || ' ' || md5((n * 7)::text) || repeat(' woord', (n % 11)::int),"
        f" (n % 9973) / 7.0 from generate_series(1, {max(size // _BYTES_PER_ROW, 1)}) n;"
        "create index on visit (patient, seen); analyze visit",
        database="practice",
    )
    return int(server.sql("select pg_database_size('practice')"))


#: measured: a row with its share of both indexes
_BYTES_PER_ROW = 216


def _dump(server: RealPostgres, target: Path) -> None:
    command: Sequence[str] = [
        server.program("pg_dump"), "--format=custom", "--compress=0", "-h", server.host,
        "-p", str(server.port), "-U", server.superuser, "-f", str(target), "practice",
    ]  # fmt: skip
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
