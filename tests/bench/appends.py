"""(e) Appending to the ledger, beside writing the same bytes to disk just as safely."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from bench.row import Row, Took
from bench.turns import in_turns, timed
from sluis.evidence.files import sync_folder
from sluis.evidence.predicates import Step
from support.dossiers import ONE, Made, make


def measure(folder: Path, *, statements: int, runs: int, warm_up: int) -> Iterator[Row]:
    """One row: each run appends so many statements to a ledger of its own."""
    taken: list[Made] = []

    def ours() -> Took:
        made = make(folder / f"ledger-{len(taken)}")
        taken.append(made)
        ledger, body = made.ledger, _body()
        moments = [made.now + timedelta(seconds=number) for number in range(statements)]

        def append() -> None:
            for moment in moments:
                ledger.append(body, key=made.key, now=moment)

        return timed(append)

    def bare() -> Took:
        """Temporary file, fsync, link to its name, fsync of the folder."""
        pages = [path.read_bytes() for path in sorted(taken[-1].statements.iterdir())]
        target = folder / f"bare-{len(taken)}-{os.urandom(4).hex()}"
        target.mkdir()

        def write() -> None:
            for number, page in enumerate(pages):
                _write(target, f"{number:06d}.json", page)

        return timed(write)

    pair = in_turns(ours, bare, runs=runs, warm_up=warm_up)
    per_second = statements / sorted(took.seconds for took in pair.a)[len(pair.a) // 2]
    yield Row(
        id="appends",
        what=f"ledger, {statements} appends with fsync",
        a="Ledger.append: signed, chained, witnessed",
        b="write, fsync, link, fsync of the same bytes",
        pair=pair,
        steps=statements,
        facts={
            "appends_per_second": round(per_second, 1),
            "note": "an append makes two files last, the statement and the witness of the head; "
            "the bare write makes one",
        },
    )


def _body() -> Step:
    return Step(
        step="packages", host="server1", state="started", plan_object=ONE, run="0" * 16,
        call_sha256=ONE,
    )  # fmt: skip


def _write(folder: Path, name: str, data: bytes) -> None:
    unfinished = folder / ".new"
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o440)
    try:
        os.write(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.link(unfinished, folder / name)
    unfinished.unlink()
    sync_folder(folder)
