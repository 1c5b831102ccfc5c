"""Start processes so that none outlives us, whatever happens to us.

A keeper is a small process of its own at the other end of a pipe. When we close the
pipe, or die in any way, it ends all it was told of and removes the lab's folders.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

_MARK = "SLUIS_LAB"


class Keeper:
    """Ends its processes and removes its folders when it is closed or we die."""

    def __init__(self) -> None:
        #: every process of this lab carries it as ``SLUIS_LAB`` in its environment
        self.mark = secrets.token_hex(8)
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(__file__).with_name("_keeper_process.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={},
            # a Ctrl-C at the terminal is ours to answer; the keeper then sees us go
            start_new_session=True,
        )
        self._children: list[subprocess.Popen[bytes]] = []
        self._order({"mark": f"{_MARK}={self.mark}"})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def start(
        self,
        command: Sequence[str],
        *,
        log: Path,
        environment: Mapping[str, str] | None = None,
        stop_signal: int = signal.SIGTERM,
    ) -> subprocess.Popen[bytes]:
        """Start ``command`` in its own session, its output appended to ``log``.

        Args:
            command: program and arguments; no secret belongs in them.
            log: where standard output and error go.
            environment: the whole environment; ours when left out. The mark is added.
            stop_signal: what asks this program to end in good order.
        """
        with log.open("ab") as output:
            child = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**(os.environ if environment is None else environment), _MARK: self.mark},
                start_new_session=True,
            )
        self._children.append(child)
        self.watch(child.pid, stop_signal=stop_signal)
        return child

    def watch(self, pid: int, *, stop_signal: int = signal.SIGTERM) -> None:
        """End this process too, with all that came from it."""
        self._order({"pid": pid, "signal": int(stop_signal)})

    def remove_at_end(self, folder: Path) -> None:
        """Remove this folder once every process has ended."""
        self._order({"folder": str(folder.absolute())})

    def close(self) -> None:
        """End everything now; returns when it is done."""
        if self._process.stdin is None or self._process.stdin.closed:
            return
        self._process.stdin.close()
        for child in self._children:
            child.wait()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _order(self, order: dict[str, object]) -> None:
        # The answer says that the order is in the keeper's memory: from here on the
        # process is looked after, even when we are killed at the next instruction.
        assert self._process.stdin is not None  # noqa: S101
        assert self._process.stdout is not None  # noqa: S101
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self._process.stdin.flush()
        self._process.stdout.readline()
