"""Bring the progress of a task on a managed host to the controller while it is at work.

Ansible tells nothing about a task before it ends. A second connection looks at the
progress file there every few seconds. When that does not work, nothing is lost.

The host may be in strange hands: of what it says only one line is taken, and only as
``progress_line`` reads it. A host that says too much is not asked again.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shlex
import threading
from collections.abc import Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any, Self, TypeVar, cast

from ansible.plugins.action import ActionBase
from ansible.plugins.loader import connection_loader

from sluis.border.verb import Verb
from sluis.runbook.connections import connection_name
from sluis.runbook.own_folder import progress_file
from sluis.runbook.progress_line import passed_on
from sluis.runbook.shipping import ask
from sluis.snapshot.progress import PASSED_ON

#: seconds between two looks; a task that is done sooner costs no second connection
_EVERY = 5.0
#: bytes of the file that are asked for, and that an answer may have
_ASKED, _MOST = 4096, 8192

Q = TypeVar("Q")
S = TypeVar("S")
A = TypeVar("A")


def ask_and_follow(
    action: ActionBase,
    verb: Verb[Q, S, A],
    request: Q,
    secrets: S,
    task_vars: Mapping[str, Any],
    asset: str | None = None,
) -> A:
    """Ask as :func:`sluis.runbook.shipping.ask` does, and show how far it is meanwhile.

    Args:
        request: a dataclass with a field ``progress``.
        asset: what the module is at work on; lines about another asset are left out.

    Raises:
        SluisError: as ``ask``.
    """
    with Following(action, asset) as following:
        followed: Q = replace(cast("Any", request), progress=following.path)
        return ask(action, verb, followed, secrets, task_vars)


class Following:
    """Use as a block around a module that writes progress.

    ``path`` is what the module is to write to: ``None`` when nobody is watching.

    Args:
        action: whose connection is followed.
        asset: what the module is at work on; lines about another asset are left out.
    """

    def __init__(self, action: ActionBase, asset: str | None = None) -> None:
        self._action = action
        self._asset = asset
        self._target = progress_file(os.environ)
        self._local = connection_name(action._connection) == "local"
        self._done = threading.Event()
        self._thread: threading.Thread | None = None
        self.path: str | None = None
        if self._target:
            remote = f"/tmp/{PASSED_ON}{secrets.token_hex(12)}"  # noqa: S108  not guessable
            self.path = str(self._target) if self._local else remote

    def __enter__(self) -> Self:
        if self.path and not self._local:
            self._thread = threading.Thread(target=self._follow, daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        if self._thread is not None:
            self._thread.join(timeout=30)
        if self._thread is not None and kind is not None:
            # a module that came to its end removed it itself
            with contextlib.suppress(Exception):
                self._action._low_level_execute_command(f"rm -f {shlex.quote(str(self.path))}")

    def _follow(self) -> None:
        seen = b""
        with contextlib.suppress(Exception):
            while not self._done.wait(_EVERY):
                connection = self._another_connection()
                command = f"tail -c {_ASKED} {shlex.quote(str(self.path))} 2>/dev/null"
                _, out, _ = connection.exec_command(command, sudoable=False)
                if len(out) > _MOST:
                    return
                if out and out != seen:
                    seen = out
                    self._pass_on(newest_line(out))

    def _another_connection(self) -> Any:
        ours = self._action._connection
        other = connection_loader.get(ours.ansible_name, self._action._play_context)
        # The same resolved options: it goes exactly where the first one goes.
        other._options = dict(ours.get_options())
        return other

    def _pass_on(self, raw: bytes) -> None:
        line = passed_on(raw, self._asset)
        if line is None:
            return
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
        handle = os.open(str(self._target), flags, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(line)


def newest_line(data: bytes) -> bytes:
    """The newest whole line of the end of a file; empty when there is none."""
    return data[: data.rfind(b"\n") + 1].rstrip(b"\n").rpartition(b"\n")[2]
