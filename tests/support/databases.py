"""Databases with one of everything, and what their tests need around them."""

from __future__ import annotations

import hashlib
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import psutil

from support.memory import memory


@contextmanager
def place(*, on_disk: bool = False) -> Iterator[Path]:
    """A folder that a server's user can reach; pytest's own are closed to others."""
    within = None if on_disk else memory()
    folder = Path(tempfile.mkdtemp(prefix="sluis-db-test-", dir=within))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@dataclass(frozen=True)
class Dumped:
    """One dump on disk, with the figures of its source."""

    module: ModuleType
    asset: dict[str, Any]
    folder: Path
    facts: dict[str, Any]
    nonce: str
    answer: dict[str, Any]

    @property
    def nonce_sha256(self) -> str:
        return hashlib.sha256(self.nonce.encode()).hexdigest()

    def copy(self, to: Path) -> Dumped:
        """The same dump in another folder, to be damaged there."""
        shutil.copytree(self.folder, to)
        return replace(self, folder=to)

    def with_facts(self, **changes: Any) -> Dumped:
        return replace(self, facts={**self.facts, **changes})

    def as_made(self) -> Dumped:
        """As if the files had had today's sizes when they were made."""
        names = self.facts["files"]
        sizes = {name: (self.folder / name).stat().st_size for name in names}
        return self.with_facts(files=sizes)

    def check(self, scratch: Path, **other: Any) -> dict[str, Any]:
        facts = other.get("facts", self.facts)
        nonce = other.get("nonce", self.nonce_sha256)
        answer: dict[str, Any] = self.module.check(
            self.asset, str(self.folder), facts, nonce, str(scratch), {}
        )
        assert list(scratch.iterdir()) == [], "the check left something in the scratch folder"
        assert processes_of(scratch) == [], "the check left a process"
        return answer


def take_dump(module: ModuleType, asset: dict[str, Any], folder: Path, **more: Any) -> Dumped:
    folder.mkdir(exist_ok=True)
    nonce = more.get("nonce") or secrets.token_urlsafe(32)
    answer = module.dump(asset, str(folder), nonce, more.get("secrets", {}))
    return Dumped(module, asset, folder, answer["facts"], nonce, answer)


def part(answer: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in answer["parts"] if one["part"] == name)


def processes_of(folder: Path) -> list[str]:
    """Command lines of all processes that name this folder."""
    found = []
    for process in psutil.process_iter():
        try:
            line = " ".join(process.cmdline())
            if str(folder) in line and process.status() != psutil.STATUS_ZOMBIE:
                found.append(line)
        except psutil.Error:
            continue
    return found


def wait_until(what: Callable[[], Any], seconds: float = 60.0) -> Any:
    until = time.monotonic() + seconds
    while True:
        found = what()
        if found:
            return found
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.01)


def argument_lists() -> Iterator[bytes]:
    """What anybody on this machine can read of every process."""
    for name in [path.name for path in Path("/proc").iterdir()]:
        if name.isdigit():
            try:
                yield Path(f"/proc/{name}/cmdline").read_bytes()
            except OSError:
                continue


def flip(path: Path, what: bytes, into: bytes) -> None:
    """Change bytes in the middle of a file without changing its length."""
    data = path.read_bytes()
    assert len(what) == len(into) and data.count(what) >= 1
    path.write_bytes(data.replace(what, into, 1))
