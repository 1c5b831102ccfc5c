"""A run's private folder: new for every run, and gone afterwards whatever happens.

ansible-runner writes its inputs into its folder and replays them in the next run; one
``--cmdline "--start-at-task …"`` switched the gate off for every later run (measured).
So a folder is used once.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from sluis.cli import warden
from sluis.runbook.own_folder import HELD, PREFIX


class PrivateFolder:
    """A context that gives a new folder, mode 0700, and removes it.

    It lies in ``$XDG_RUNTIME_DIR`` (memory, not disk) when that is really ours, else in
    the system's temporary folder. When we are killed, a small process that waits for
    the last process of the run removes it.

    Args:
        environ: where ``XDG_RUNTIME_DIR`` is looked up.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._base = _base(environ)
        self._descriptor = -1
        self._warden: subprocess.Popen[bytes] | None = None
        self.path = Path()

    @property
    def held(self) -> Path:
        """The lock that every process of the run holds."""
        return self.path / HELD

    def __enter__(self) -> Self:
        sweep(self._base)
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=self._base))
        self._descriptor = os.open(self.held, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)
        self._warden = subprocess.Popen(
            [sys.executable, "-I", "-S", warden.__file__, str(self.path)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={},
            start_new_session=True,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._descriptor)
        if self._warden is not None:
            try:
                # It ends by itself, unless a process of the run still lives; then it waits.
                self._warden.wait(timeout=5)
            except subprocess.TimeoutExpired:
                pass

    def secret(self, name: str, content: bytes) -> Path:
        """Write ``content`` to a 0600 file in the folder and return its path."""
        path = self.path / name
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        return path


def sweep(base: Path) -> list[Path]:
    """Remove private folders that no process holds any more.

    They stay behind only when the whole machine stopped, wardens and all.

    Returns:
        The folders that were removed.
    """
    removed = []
    for folder in base.glob(f"{PREFIX}*"):
        try:
            found = folder.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
                continue
            descriptor = os.open(folder / HELD, os.O_RDWR | os.O_NOFOLLOW)
        except OSError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            continue
        else:
            shutil.rmtree(folder, ignore_errors=True)
            removed.append(folder)
        finally:
            os.close(descriptor)
    return removed


def _base(environ: Mapping[str, str]) -> Path:
    named = environ.get("XDG_RUNTIME_DIR")
    if named:
        try:
            found = Path(named).lstat()
        except OSError:
            pass
        else:
            if (
                stat.S_ISDIR(found.st_mode)
                and found.st_uid == os.geteuid()
                and stat.S_IMODE(found.st_mode) == 0o700
            ):
                return Path(named)
    return Path(tempfile.gettempdir())
