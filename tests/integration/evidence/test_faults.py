"""The ledger on a real disk: writers at once, killed anywhere, disk full."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from sluis.errors import EvidenceError
from sluis.evidence.objects import ObjectStore
from sluis.evidence.predicates import Check
from support.dossiers import Made, copy, make, tell

CHECK = Check(check="web", host="server1", what="HTTP 200", passed=True)
WRITERS, APPENDS = 6, 15


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return make(tmp_path / "one")


# --- two writers at once ---------------------------------------------------------------------


def _write_many(made: Made, writer: int) -> None:
    for turn in range(APPENDS):
        body = Check(check=f"{writer}.{turn}", host="h", what="x", passed=True)
        made.ledger.append(body, key=made.key, now=made.now)


def test_many_writers_at_once_lose_nothing_and_readers_see_a_whole_ledger(made: Made) -> None:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_write_many, args=(made, n)) for n in range(WRITERS)]
    for writer in writers:
        writer.start()
    seen = [0]
    view = None
    while any(writer.is_alive() for writer in writers):
        view = made.ledger.read(made.now, earlier=view)
        assert view.problems == ()
        assert len(view.statements) >= seen[-1]
        seen.append(len(view.statements))
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    view = made.read()
    assert view.problems == ()
    written = Counter(statement.body.check for statement in view.of(Check))
    assert written == {f"{w}.{t}": 1 for w in range(WRITERS) for t in range(APPENDS)}
    assert view.witnessed == WRITERS * APPENDS
    assert len(set(seen)) > 3, "the reader never saw the ledger grow"


def test_a_writer_that_knows_no_lock_cannot_be_overwritten(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another machine may share the disk but not the lock: the link alone decides."""
    tell(made)
    link = os.link
    stolen = []

    def late(source: Any, target: Any, **more: Any) -> None:
        if not stolen:
            stolen.append(target)
            made.forge(12, CHECK, previous=made.digest(11))
        link(source, target, **more)

    monkeypatch.setattr(os, "link", late)
    statement = made.append(CHECK)
    assert statement.number == 13
    assert statement.previous == made.digest(12)
    assert made.codes() == set()


# --- killed anywhere -------------------------------------------------------------------------


class _Killer:
    """Kills its own process at the n-th step of what is traced."""

    def __init__(self, at: int) -> None:
        self.left = at

    def trace(self, frame: FrameType, event: str, argument: object) -> Any:
        if "/sluis/evidence/" not in frame.f_code.co_filename:
            return None
        # where files are touched every single instruction counts, elsewhere every line
        name = Path(frame.f_code.co_filename).name
        frame.f_trace_opcodes = name == "files.py" or frame.f_code.co_name in (
            "_try_append",
            "put_in_place",
            "prepare",
            "put_file",
        )
        self._count()
        return self._step

    def _step(self, frame: FrameType, event: str, argument: object) -> Any:
        self._count()
        return self._step

    def _count(self) -> None:
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self.left -= 1


def _killed(at: int, act: Callable[[], object]) -> bool:
    """Run ``act`` in another process and kill that at step ``at``; False: it was done first."""
    child = os.fork()
    if child == 0:
        try:
            sys.settrace(_Killer(at).trace)
            act()
            sys.settrace(None)
        finally:
            os._exit(0)
    status = os.waitpid(child, 0)[1]
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


# the first, the second (which may have to mend the witness), and any other statement
@pytest.mark.parametrize(
    ("history", "stride"),
    [(0, 9), *(pytest.param(*one, marks=pytest.mark.slow) for one in [(1, 3), (4, 9)])],
)
def test_killed_at_any_instruction_of_an_append(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, history: int, stride: int
) -> None:
    # what a killed process wrote is safe in the kernel; only a power cut needs fsync
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    base = make(tmp_path / "base")
    for _ in range(history):
        base.append(CHECK)
    recorded = Counter[int]()
    at = 0
    while True:
        made = copy(base, tmp_path / "run")
        killed = _killed(at, lambda: made.append(CHECK))  # noqa: B023
        view = made.read()
        assert view.problems == (), f"killed at step {at}"
        assert len(view.statements) in (history, history + 1)
        recorded[len(view.statements)] += 1
        # the next writer goes on as if nothing had happened
        made.append(CHECK)
        after = made.read()
        assert after.problems == (), f"after the kill at step {at}"
        assert after.witnessed == len(after.statements) == len(view.statements) + 1
        left = [p for p in made.root.rglob("*") if p.name.startswith(".new-")]
        assert left == [], f"killed at step {at}"
        shutil.rmtree(made.root)
        if not killed:
            break
        at += stride
    assert recorded[history] > 300 / stride, "it was never killed before it counted"
    assert recorded[history + 1] > 20 / stride, "it was never killed after it counted"


def test_killed_at_any_instruction_of_keeping_an_object(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"manifest" * 1000)
    at = 0
    while True:
        dossier = tmp_path / f"run{at}"
        store = ObjectStore(dossier)
        killed = _killed(at, lambda: store.put_file(source))  # noqa: B023
        digest = store.put_file(source)
        assert store.get(digest) == source.read_bytes(), f"killed at step {at}"
        if not killed:
            break
        at += 3
    assert at > 100


def test_everything_is_on_disk_before_it_counts(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut keeps only what was synced, so the order of these calls is the promise."""
    tell(made)
    calls: list[str] = []

    def note(name: str, describe: Callable[..., str]) -> None:
        real = getattr(os, name)

        def noted(*args: Any, **more: Any) -> Any:
            done = real(*args, **more)
            calls.append(describe(*args))
            return done

        monkeypatch.setattr(os, name, noted)

    def place(descriptor: int) -> str:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        return f"{path.parent.name}/{'new' if path.name.startswith('.new-') else path.name}"

    note("fsync", lambda descriptor: f"sync {place(descriptor)}")
    note("link", lambda source, target: f"link {Path(target).name}")
    note("replace", lambda source, target: f"replace {Path(target).name}")
    note("rename", lambda source, target: f"replace {Path(target).name}")
    made.append(CHECK)
    assert calls == [
        "sync statements/new",
        "sync .heads/new",
        "link 000012.json",
        f"sync {made.change}/statements",
        f"replace {made.change}.json",
        f"sync {made.client}/.heads",
    ]


# --- disk full -------------------------------------------------------------------------------


#: a file that cannot even be opened may be one of those that are read first
_READING = {"open": ("witness-altered", "statement-unreadable")}


@pytest.mark.parametrize("call", ["open", "write", "fsync", "link", "mkdir", "replace"])
def test_a_disk_that_fills_up_at_any_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """The n-th call of each kind fails with "no space left": whole before, whole after."""
    base = make(tmp_path / "base")
    tell(base)
    for nth in range(20):
        made = copy(base, tmp_path / f"run{nth}")
        with monkeypatch.context() as patch:
            counted = [0]
            real = getattr(os, call)

            def full(*args: Any, **more: Any) -> Any:
                counted[0] += 1  # noqa: B023
                if counted[0] == nth + 1:  # noqa: B023
                    raise OSError(errno.ENOSPC, "No space left on device")
                return real(*args, **more)  # noqa: B023

            patch.setattr(os, call, full)
            try:
                made.append(CHECK)
                expected = 12
            except EvidenceError as error:
                expected = 12 if error.code == "not-settled" else 11
                assert error.code in ("not-settled", "cannot-write", *_READING.get(call, ()))
        view = made.read()
        assert view.problems == ()
        assert len(view.statements) == expected
        made.append(CHECK)
        assert made.codes() == set()
        if counted[0] <= nth:
            break
    else:
        pytest.fail(f"{call} is called more often than this test looks at")


@pytest.mark.parametrize("part", [0.0, 0.01, 0.3, 0.5, 0.6, 0.9, 0.999])
def test_the_kernel_refuses_to_write_more(made: Made, part: float) -> None:
    """A real limit of the kernel cuts files short; nothing half is ever seen."""
    tell(made)
    made.append(CHECK)
    size = int(part * made.file(12).stat().st_size)

    def limited() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        try:
            made.append(CHECK)
        except EvidenceError as error:
            os._exit(3 if error.code == "cannot-write" else 4)

    process = multiprocessing.get_context("fork").Process(target=limited)
    process.start()
    process.join()
    assert process.exitcode == 3
    assert made.codes() == set()
    assert len(made.read().statements) == 12
    assert not [p for p in made.root.rglob("*") if p.name.startswith(".new-")]
    made.append(CHECK)
    assert made.codes() == set()


_ON_A_SMALL_DISK = """
import json, subprocess, sys
from pathlib import Path
from support.dossiers import make
from sluis.errors import EvidenceError
from sluis.evidence.predicates import Check

disk = Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)], check=True)
made = make(disk)
body = Check(check="web", host="server1", what="HTTP 200", passed=True, detail="x" * 3000)
errors = []
filler = disk / "filler"
filler.write_bytes(b"x" * 100_000)
for round in range(2):
    for turn in range(200):
        try:
            made.append(body)
        except EvidenceError as error:
            errors.append(error.code)
            break
    try:
        made.objects.put(b"y" * 200_000)
    except EvidenceError as error:
        errors.append(error.code)
    codes = sorted(made.codes())
    whole = len(made.read().statements)
    left = [str(p) for p in disk.rglob(".new-*")]
    if round == 0:
        filler.unlink()
        first = whole
print(json.dumps({"errors": errors, "codes": codes, "first": first, "second": whole, "left": left}))
"""


def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    """A small disk of its own; space comes back and the ledger goes on."""
    command = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "-r", "--mount"]
    folder = tmp_path / "disk"
    folder.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [*command, sys.executable, "-c", _ON_A_SMALL_DISK, str(folder)],
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["errors"] == ["cannot-write"] * 4
    assert result["codes"] == []
    assert result["left"] == []
    assert 1 < result["first"] < result["second"]
