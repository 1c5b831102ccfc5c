"""restic, driven by what it can do and not by its version number (0.14 to current).

An exit status that restic's documentation does not explain is a failure. Nothing is
ever piped into it: a producer that dies half-way would leave a snapshot that looks
whole (measured: status 0).
"""

from __future__ import annotations

import contextlib
import glob
import json
import os
import re
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from time import sleep
from typing import Any, Callable, Dict, Iterable, List, Optional, Sequence

from ..errors import SnapshotError
from .access import Access, unreachable
from .children import Children

PROGRAM = "restic"
#: seconds that a store may stay away before we stop waiting for it
PATIENCE = 300.0
_LOOK_EVERY = 5.0

#: What restic says of an index that another host is writing just then. Some stores show a file
#: under its name before all of it is there (rclone serve restic on a local disk, 1.60: met with
#: two hosts at once). An index that is damaged stays so, and fails after the last time.
_HALF_WRITTEN = re.compile(r"load <index/([0-9a-f]+)>: invalid data returned")
#: seconds to wait before a command is run again that met one
_AGAIN_AFTER = (1.0, 3.0, 9.0)

#: what restic says, and what that is called here; the first that fits counts
_SAID = (
    ("wrong password or no key found", "repository-password-wrong"),
    ("unexpected HTTP response (401)", "store-login-refused"),
    ("401 Unauthorized", "store-login-refused"),
    # before "no repository": a store that is away is not one that was never made
    ("connection refused", "store-unreachable"),
    ("connection reset", "store-unreachable"),
    ("no route to host", "store-unreachable"),
    ("no such host", "store-unreachable"),
    ("i/o timeout", "store-unreachable"),
    ("unable to start the sftp session", "store-unreachable"),
    ("Is there a repository at the following location", "repository-missing"),
    ("unable to open config file", "repository-missing"),
    ("repository is already locked", "repository-locked"),
    ("no space left on device", "no-space"),
)
_REMEDIES = {
    "repository-password-wrong": "Use the password that the repository was made with.",
    "store-login-refused": "Correct store_user and store_password.",
    "store-unreachable": "Check the store and the network between; then run this again.",
    "repository-missing": "Prepare the store first, and check its address.",
    "repository-locked": "Wait for the other run, or remove a lock that nobody holds.",
    "no-space": "Make room on the disk that is named, and run this again.",
}
#: documented exit statuses: https://restic.readthedocs.io/en/stable/075_scripting.html
_STATUS = {10: "repository-missing", 11: "repository-locked", 12: "repository-password-wrong"}

Line = Dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """How one command ended. ``ran`` holds no secret."""

    ran: str
    status: int
    lines: List[Line]
    text: str
    errors: str
    seconds: float


class Restic:
    """One repository, opened with one password.

    Args:
        children: starts the program; ends it with us.
        access: the store.
        password: opens the repository; goes through the environment only.
        cache: folder for restic's cache. A verifier gives a new one, or it would read
            back its own copy instead of the store's.
        key_hint: the key that this password belongs to; saves a second per other key.
        patience: seconds that the store may stay away.
    """

    def __init__(
        self,
        children: Children,
        access: Access,
        password: str,
        cache: str,
        *,
        program: str = PROGRAM,
        key_hint: Optional[str] = None,
        patience: float = PATIENCE,
    ) -> None:
        self._children = children
        self._access = access
        self._program = program
        self._patience = patience
        self._help: Dict[str, str] = {}
        self._environment = {
            "PATH": os.environ.get("PATH", "/usr/local/bin:/usr/bin:/bin"),
            "LC_ALL": "C",
            "RESTIC_PASSWORD": password,
            "RESTIC_CACHE_DIR": cache,
            "RESTIC_PROGRESS_FPS": "1",
            "TMPDIR": children.private,
            **access.environment,
        }
        if key_hint:
            self._environment["RESTIC_KEY_HINT"] = key_hint

    def can(self, command: str, feature: str) -> bool:
        """Whether ``restic <command> --help`` mentions a feature."""
        if command not in self._help:
            ended = self._children.run([self._program, "help", command], self._environment)
            self._help[command] = ended.output
        return feature in self._help[command]

    def version(self) -> str:
        """The version, for the record only."""
        ended = self._children.run([self._program, "version"], self._environment)
        found = re.search(r"restic (\S+)", ended.output)
        return found[1] if found else "unknown"

    def run(
        self,
        *arguments: str,
        cwd: str = "/",
        on_line: Optional[Callable[[Line], None]] = None,
        accept: Sequence[int] = (0,),
        keep_lines: bool = True,
    ) -> Answer:
        """Run one command with ``--json``.

        Args:
            arguments: the command and its arguments; never a secret.
            cwd: the folder to start in.
            on_line: called with each JSON object as it comes.
            accept: exit statuses that are no error to the caller.
            keep_lines: keep the JSON objects in the answer.

        Raises:
            SnapshotError: with a code from the tables above, ``store-unreachable``,
                ``engine-failed`` or ``engine-status-unknown``.
        """
        for wait in (*_AGAIN_AFTER, None):
            answer = self._once(arguments, cwd, on_line, keep_lines)
            half = _HALF_WRITTEN.search(answer.errors + answer.text)
            if answer.status in accept or wait is None or half is None:
                break
            self._forget_cached(half[1])
            sleep(wait)
        if answer.status not in accept:
            raise explain(answer)
        return answer

    def _forget_cached(self, index: str) -> None:
        """restic keeps in its cache what it got, half as it is, and would ask no more."""
        cache = self._environment["RESTIC_CACHE_DIR"]
        for path in glob.glob(os.path.join(glob.escape(cache), "*", "index", "**", f"{index}*"),
                              recursive=True):  # fmt: skip
            with contextlib.suppress(OSError):
                os.unlink(path)

    def _once(
        self,
        arguments: Sequence[str],
        cwd: str,
        on_line: Optional[Callable[[Line], None]],
        keep_lines: bool,
    ) -> Answer:
        command = [self._program, *self._access.options, "--json", *arguments]
        start = time.monotonic()
        with tempfile.TemporaryFile() as said:
            child = self._children.start(
                command, self._environment, stdout=subprocess.PIPE, stderr=said, cwd=cwd
            )
            lines: List[Line] = []
            text: List[str] = []
            with _Watch(self._access, child, self._patience) as watch:
                assert child.stdout is not None  # noqa: S101
                for raw in child.stdout:
                    line = _parse(raw)
                    if line is None:
                        text.append(raw.decode("utf-8", "backslashreplace"))
                        continue
                    if on_line is not None:
                        on_line(line)
                    if keep_lines and line.get("message_type") != "status":
                        lines.append(line)
                status = self._children.wait(child)
                child.stdout.close()
            said.seek(0)
            errors = said.read().decode("utf-8", "backslashreplace")
        answer = Answer(
            ran=" ".join([self._program, *arguments]),
            status=status,
            lines=lines,
            text="".join(text),
            errors=errors,
            seconds=time.monotonic() - start,
        )
        if watch.gave_up:
            raise unreachable(
                self._access.store, f"it was away for {self._patience:.0f} s during {answer.ran}"
            )
        return answer

    def snapshots(self, *tags: str) -> List[Line]:
        """All snapshots that carry every one of these tags, oldest first."""
        arguments = ["--tag", ",".join(tags)] if tags else []
        answer = self.run("snapshots", "--no-lock", *arguments)
        found = json.loads(answer.text or "[]") or []
        # "time" is the maker's word; it only orders what one maker made.
        return sorted(found, key=lambda item: str(item["time"]))


class _Watch:
    """Ends a command whose store has gone: restic itself would try for a quarter of an hour."""

    def __init__(self, access: Access, child: "subprocess.Popen[bytes]", patience: float) -> None:
        self.gave_up = False
        self._access = access
        self._child = child
        self._patience = patience
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> _Watch:  # noqa: PYI034  Self needs Python 3.11
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        seen = time.monotonic()
        every = min(_LOOK_EVERY, max(self._patience / 3, 0.2))
        while not self._done.wait(every):
            if self._access.reachable():
                seen = time.monotonic()
            elif time.monotonic() - seen >= self._patience:
                self.gave_up = True
                self._child.terminate()
                if not self._done.wait(10):
                    self._child.kill()
                return


def explain(answer: Answer) -> SnapshotError:
    """Turn a failed answer into an error with a code, from what restic said."""
    said = answer.errors + answer.text
    last = _last_words(said)
    code = _STATUS.get(answer.status)
    for words, name in _SAID:
        if words in said:
            code = code or name
    if code is None:
        code = "engine-failed" if answer.status == 1 else "engine-status-unknown"
    return SnapshotError(
        code,
        f"'{answer.ran}' ended with status {answer.status}: {last}",
        _REMEDIES.get(code, "Read what restic says, repair that, and run this again."),
    )


def _parse(raw: bytes) -> Optional[Line]:
    if not raw.startswith(b"{"):
        return None
    try:
        line = json.loads(raw)
    except ValueError:
        return None
    return line if isinstance(line, dict) else None


def _last_words(said: str, size: int = 600) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return " / ".join(_without_login(lines[-4:]))[-size:] or "it said nothing"


def _without_login(lines: Iterable[str]) -> List[str]:
    """restic hides the password in addresses by itself; this is the second lock."""
    return [re.sub(r"//[^/@\s]+:[^/@\s]+@", "//***@", line) for line in lines]
