"""``make bench``: measure, print one table, write ``build/bench.json``.

BENCH=quick measures next to nothing, to see that the bench itself works. BENCH=once runs
each pair once, without a warm-up. BENCH=a,c measures those parts only. The exit status is
0 also when an aim was missed, which is a finding; it is 1 when something could not be
measured.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from bench import (
    appends,
    guarded_steps,
    limits_on,
    listing,
    old_supplier,
    quick_xor_hash,
    restore_check,
    transfers,
    verify_dossier,
    whole_gate,
)
from bench.machine import load, machine_facts
from bench.row import Row
from bench.sizes import FULL, QUICK, Sizes
from bench.table import show

ROOT = Path(__file__).resolve().parents[2]
_PARTS = "abcdefghij"

Part = tuple[str, str, Callable[[], Iterable[Row]]]


def main() -> int:
    """Measure what the environment asks for."""
    asked = os.environ.get("BENCH", "").replace(",", " ").split()
    sizes = QUICK if "quick" in asked else FULL
    if "once" in asked:
        sizes = replace(sizes, long_runs=1, runs=1, warm_up=0)
    letters = {word for word in asked if word not in ("quick", "once")} or set(_PARTS)
    if not letters <= set(_PARTS):
        print(f"BENCH is quick, once, or parts out of {', '.join(_PARTS)}.", file=sys.stderr)
        return 64
    build = Path(os.environ.get("BENCH_BUILD") or ROOT / "build")
    build.mkdir(parents=True, exist_ok=True)
    # one wide line for each cell, also where nobody looks at a terminal
    console = Console(width=None if sys.stdout.isatty() else 200)
    facts = machine_facts()
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=build))
    rows: list[Row] = []
    target = build / "bench.json"
    try:
        for row in _measure(sizes, letters, folder, build / "bench-data"):
            rows.append(row)
            facts["load_after"] = load()
            # after each: what was measured is not lost with what comes after it
            _write(target, "quick" if "quick" in asked else "full", facts, rows)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    show(rows, facts, console)
    console.print(f"Written to {target}", soft_wrap=True, highlight=False)
    return 1 if any(row.pair is None for row in rows) else 0


def _write(target: Path, sizes: str, machine: dict[str, Any], rows: list[Row]) -> None:
    report = {
        "schema_version": 1,
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "sizes": sizes,
        "machine": machine,
        "rows": [row.as_dict() for row in rows],
    }
    target.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n")


def _measure(sizes: Sizes, letters: set[str], folder: Path, kept: Path) -> Iterator[Row]:
    kept.mkdir(exist_ok=True)
    for name, words, part in _parts(sizes, folder, kept):
        if name not in letters:
            continue
        print(f"({name}) {words} …", file=sys.stderr, flush=True)
        try:
            for row in part():
                print(f"    {row.id}", file=sys.stderr, flush=True)
                yield row
        except Exception as error:
            traceback.print_exc()
            yield Row(f"{name}-failed", words, "", "", None, why_not=f"{error}"[:2000])


def _parts(sizes: Sizes, folder: Path, kept: Path) -> Iterator[Part]:
    long = {"runs": sizes.long_runs, "warm_up": sizes.warm_up}
    short = {"runs": sizes.runs, "warm_up": sizes.warm_up}
    gate = partial(whole_gate.measure_folder, folder, kept=kept, kinds=sizes.kinds, **long)
    check = partial(restore_check.measure, folder, kept=kept, **long)
    for data in sizes.sets:
        yield "a", f"the whole gate, {data.words}", partial(gate, data)
    database = partial(whole_gate.measure_postgresql, folder, sizes.database, **long)
    yield "a", "the whole gate, PostgreSQL", database
    for data in sizes.sets:
        yield "b", f"restore check, {data.words}", partial(check, data)
    steps = partial(
        guarded_steps.measure, folder / "steps", sizes.connections, steps=sizes.steps, **short
    )
    yield "c", "guarded steps", steps
    yield "d", "sluis verify", partial(
        verify_dossier.measure, folder, statements=sizes.verified, **short
    )  # fmt: skip
    yield "e", "appends", partial(appends.measure, folder, statements=sizes.appended, **short)
    for drive in sizes.loads:
        fetched = partial(transfers.measure, folder, drive, runs=sizes.long_runs)
        yield "f", f"export without limits, {drive.words}", fetched
    yield "g", "export under limits", partial(limits_on.measure, folder, sizes.limited)
    listed = partial(listing.measure_listing, folder, sizes.listed, runs=sizes.long_runs)
    yield "h", f"a drive of {sizes.listed:,} items", listed
    yield "h", "killed and run again", partial(listing.measure_resume, folder, sizes.resumed)
    hashed = partial(quick_xor_hash.measure, sizes.hashed, kept=kept, **short)
    yield "i", "quickXorHash", hashed
    for drive in sizes.supplied:
        copied = partial(old_supplier.measure, folder / f"sftp-{drive.id}", (drive,), **long)
        yield "j", f"the old supplier's drive, {drive.words}", copied


if __name__ == "__main__":
    sys.exit(main())
