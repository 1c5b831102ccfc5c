"""A store that is not append-only, on the same data."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from sluis.rehearsal.loopback import STORE, start_until_it_answers
from support.snapshots import Stage


@contextmanager
def open_store(stage: Stage) -> Iterator[Stage]:
    """The stage behind an rclone that removes what it is told to remove."""
    log = stage.folder / "open-store.log"

    def start(port: int) -> subprocess.Popen[bytes]:
        with log.open("ab") as output:
            return subprocess.Popen(
                ["rclone", "serve", "restic", "--config", "/dev/null", "--addr",
                 f"{STORE}:{port}", str(stage.server.data)],
                stdout=output, stderr=output, stdin=subprocess.DEVNULL,
            )  # fmt: skip

    process, port = start_until_it_answers(start, what="an open store", address=STORE, log=log)
    try:
        opened = Stage(stage.folder, stage.server, stage.repository)
        opened.store["url"] = f"http://{STORE}:{port}/{stage.repository}/"
        yield opened
    finally:
        process.kill()
        process.wait()
