"""(i) quickXorHash of one large file, beside ``rclone hashsum quickxor``. Whole processes."""

from __future__ import annotations

import base64
import random
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

from bench import hash_process
from bench.figure import Figure
from bench.row import Aim, Row, Took
from bench.turns import in_turns, run

_PIECE = 1 << 24


def measure(size: int, *, kept: Path, runs: int, warm_up: int) -> Iterator[Row]:
    """One row; the file, of so many bytes, is in the file cache for both."""
    file = _provide(size, kept)
    said: dict[str, str] = {}

    def ours() -> Took:
        ended = run([sys.executable, hash_process.__file__, str(file)])
        said["a"] = base64.b64decode(ended.output).hex()
        return ended.took

    def rclone() -> Took:
        command = [str(Path(sys.executable).with_name("rclone")), "hashsum", "quickxor"]
        ended = run([*command, "--config", "/dev/null", str(file)])
        said["b"] = ended.output.split()[0]
        return ended.took

    pair = in_turns(ours, rclone, runs=runs, warm_up=warm_up)
    if said["a"] != said["b"]:
        raise RuntimeError(f"two quickXorHashes of one file: {said}")
    a, b = (size / 1e9 / statistics.median(t.seconds for t in side) for side in (pair.a, pair.b))
    yield Row(
        id="quickxor",
        what=f"quickXorHash of a file of {size / 2**20:,.0f} MiB",
        a="sluis.graph.quickxor, file mapped",
        b="rclone hashsum quickxor",
        pair=pair,
        aim=Aim("ratio", 1, "as fast"),
        figures=(Figure("GB/s", a, b),),
        facts={"quickxor": said["a"]},
    )


def _provide(size: int, kept: Path) -> Path:
    """A file of bytes that do not repeat, made when it is not there yet."""
    file = kept / f"hash-{size}.bin"
    if not file.exists():
        chance, unfinished = random.Random(size), file.with_suffix(".unfinished")
        with unfinished.open("wb") as target:
            for at in range(0, size, _PIECE):
                target.write(chance.randbytes(min(_PIECE, size - at)))
        unfinished.rename(file)
    return file
