"""(i) quickXorHash of one large file, beside ``rclone hashsum quickxor``. Whole processes."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

from bench import hash_process
from bench.data import DataSet, provide
from bench.figure import Figure
from bench.row import Aim, Row, Took
from bench.turns import in_turns, run


def measure(data: DataSet, *, kept: Path, runs: int, warm_up: int) -> Iterator[Row]:
    """One row; the file is in the file cache for both."""
    (file,) = [path for path in provide(data, kept).rglob("*") if path.is_file()]
    said: dict[str, str] = {}

    def ours() -> Took:
        ended = run([sys.executable, hash_process.__file__, str(file)])
        said["a"] = ended.output.strip()
        return ended.took

    def rclone() -> Took:
        command = [str(Path(sys.executable).with_name("rclone")), "hashsum", "quickxor"]
        ended = run([*command, "--config", "/dev/null", "--base64", str(file)])
        said["b"] = ended.output.split()[0]
        return ended.took

    pair = in_turns(ours, rclone, runs=runs, warm_up=warm_up)
    if said["a"] != said["b"]:
        raise RuntimeError(f"two quickXorHashes of one file: {said}")
    a, b = (
        data.size / 1e9 / statistics.median(t.seconds for t in side) for side in (pair.a, pair.b)
    )
    yield Row(
        id="quickxor",
        what=f"quickXorHash of {data.words}",
        a="sluis.graph.quickxor",
        b="rclone hashsum quickxor",
        pair=pair,
        aim=Aim("ratio", 1, "as fast"),
        figures=(Figure("GB/s", a, b),),
        facts={"quickxor": said["a"]},
    )
