"""A store that is away or locked is waited for, and that is said; restic's JSON is not shown."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sluis.errors import SnapshotError
from sluis.programs import fixed
from sluis.runbook.progress_line import passed_on
from sluis.snapshot.access import LocalAccess
from sluis.snapshot.children import Children
from sluis.snapshot.progress import Progress
from sluis.snapshot.restic import Answer, Restic, explain
from sluis.snapshot.restic_lines import in_words
from sluis.snapshot.restic_watch import Watch, waiting
from sluis.snapshot.store import Store
from support.quick_repository import PASSWORD, make_quick_repository

EXIT = '{"message_type":"exit_error","code":11,"message":"unable to create lock: it is locked"}'
ERROR = (
    '{"message_type":"error","error":{"message":"open /x: permission denied"},'
    '"during":"restore","item":"/x"}'
)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    make_quick_repository(folder)
    return folder


@pytest.fixture
def held(repository: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another run that holds a lock as long as its input is open."""
    environment = {**os.environ, "RESTIC_PASSWORD": PASSWORD, "RESTIC_REPOSITORY": str(repository)}
    other = subprocess.Popen(
        ["restic", "backup", "--no-cache", "--stdin"],
        env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    end = time.monotonic() + 30
    while not list((repository / "locks").iterdir()):
        assert time.monotonic() < end, "it never locked"
        time.sleep(0.02)
    yield other
    other.kill()
    other.communicate()


def check(repository: Path, tmp_path: Path, patience: float) -> Answer:
    """A command that wants the lock alone."""
    with Children(str(tmp_path)) as children:
        place = {"site": "s", "country": "NL", "provider": "p"}
        store = Store("disk", "local", "m", **place, path=str(repository))
        progress = Progress(str(tmp_path / "progress"), "letters")
        restic = Restic(
            children, LocalAccess(store), PASSWORD, str(tmp_path / "cache"),
            patience=patience, progress=progress,
        )  # fmt: skip
        return restic.run(fixed("check"))


def phases(path: Path) -> list[str]:
    return [json.loads(line)["phase"] for line in path.read_text().splitlines()]


def test_newcomer_a_lock_is_waited_for_and_that_is_said(
    repository: Path, held: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    said = tmp_path / "progress"

    def let_go() -> None:
        end = time.monotonic() + 60
        while not said.exists() and time.monotonic() < end:
            time.sleep(0.05)
        held.kill()
        held.wait()
        for lock in (repository / "locks").iterdir():
            lock.unlink()

    thread = threading.Thread(target=let_go)
    thread.start()
    try:
        assert check(repository, tmp_path, 120).status == 0
    finally:
        thread.join()
    (first, *_) = phases(said)
    assert first.startswith("store locked by another run since ")
    assert "(snapshot_and_verify_patience)" in first


def test_newcomer_patience_with_a_lock_ends(
    repository: Path, held: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    with pytest.raises(SnapshotError) as raised:
        check(repository, tmp_path, 0.2)
    assert raised.value.code == "repository-locked"
    assert "snapshot_and_verify_patience" in raised.value.remedy
    assert "{" not in raised.value.what


def test_newcomer_a_store_that_is_away_is_waited_for_and_that_is_said(tmp_path: Path) -> None:
    access: Any = SimpleNamespace(
        reachable=lambda: False, store=SimpleNamespace(id="main", location="https://x/")
    )
    child = subprocess.Popen(["sleep", "600"], stderr=subprocess.PIPE)
    progress = Progress(str(tmp_path / "progress"), "letters")
    with Watch(access, child, 0.9, None, stops_when_full=False, progress=progress) as watch:
        child.wait()
    (said, *_) = phases(tmp_path / "progress")
    assert said.startswith("store away since ")
    trouble = watch.trouble("restic backup")
    assert trouble is not None
    assert "snapshot_and_verify_patience" in str(trouble)


def test_newcomer_the_words_fit_into_a_line_of_progress() -> None:
    words = waiting("locked by another run", 300)
    line = json.dumps({"asset": "letters", "phase": words, "done": None, "seconds": 1.0})
    found = passed_on(line.encode(), "letters")
    assert found is not None
    assert json.loads(found)["phase"] == words


def test_newcomer_json_of_restic_is_told_as_its_sentence() -> None:
    text = f'{ERROR}\nFatal: gone\n{{"message_type":"status","percent_done":1}}\n{EXIT}\n'
    assert in_words(text) == [
        "/x: open /x: permission denied", "Fatal: gone", "unable to create lock: it is locked",
    ]  # fmt: skip
    failed = explain(Answer("restic check", 11, [], "", text, 1.0))
    assert "{" not in failed.what
    assert failed.what.endswith("Fatal: gone / unable to create lock: it is locked.")


FORBIDDEN = "server response unexpected: 403 Forbidden (403)"
WRONG = "server response unexpected: 500 Internal Server Error (500)"
CANNOT = f"Save(<lock/f3f2>) returned error, retrying after 5.608623477s: {WRONG}"
FULL = f"Save(<data/5c2e>) returned error, retrying after 552ms: {FORBIDDEN}"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (f"{FULL}\nFatal: unable to save snapshot: context canceled", "store-takes-nothing"),
        ("Fatal: unable to create lock in backend: unexpected HTTP response (403): 403 Forbidden",
         "store-takes-nothing"),
        (json.dumps({"message_type": "exit_error", "code": 1,
                     "message": f"Fatal: unable to save snapshot: {FORBIDDEN}"}),
         "store-takes-nothing"),
        (f"Remove(<lock/5c2e>) returned error: {FORBIDDEN}", "engine-failed"),
        (f"Load(<data/5c2e>, 0, 0) returned error: {FORBIDDEN}", "engine-failed"),
        ("Save(<data/403>) returned error, retrying after 403ms: it broke", "engine-failed"),
        (f"{FULL}\nno space left on device", "no-space"),
        # as rclone 1.60 with a full disk makes restic 0.14 end
        (f"{CANNOT}\n{CANNOT}", "store-takes-nothing"),
        (f"{CANNOT}\nFatal: unable to save snapshot: context canceled", "store-takes-nothing"),
        (f"Fatal: create key in repository at rest:http://h/ failed: {WRONG}",
         "store-takes-nothing"),
        ("Fatal: unable to create lock in backend: 507 Insufficient Storage (507)",
         "store-takes-nothing"),
        # it passed, and something else ended it
        (f"{CANNOT}\nFatal: the folder is gone", "engine-failed"),
        ("Load(<data/5c2e>, 0, 0) returned error: 500 Internal Server Error (500)",
         "engine-failed"),
    ],
)  # fmt: skip
def test_newcomer_a_store_that_is_full_is_called_that(said: str, code: str) -> None:
    """rclone says 403 or 500 when its disk is full, and restic no more than that."""
    failed = explain(Answer("restic backup", 1, [], "", said, 1.0))
    assert failed.code == code
    if code == "store-takes-nothing":
        assert in_words(said)[-1] in failed.what, "the tool's own last lines"
        assert "whether its disk is full" in failed.remedy
        assert "may write or only read" in failed.remedy


def _of_a_config_that_cannot_be_opened(said: str) -> str:
    text = (
        f"Fatal: unable to open config file: {said}\n"
        "Is there a repository at the following location?"
    )
    return explain(Answer("restic cat config", 1, [], "", text, 1.0)).code


@pytest.mark.parametrize(
    "said",
    [
        'Head "https://store.example:8000/config": EOF',
        'Get "https://store.example:8000/config": unexpected EOF',
        "http: server closed idle connection",
        "http2: client connection lost",
        "write |1: broken pipe",
        "dial tcp 192.0.2.9:8000: connect: network is unreachable",
        "net/http: TLS handshake timeout",
    ],
)
def test_a_store_that_goes_in_the_middle_of_an_answer_was_not_never_made(said: str) -> None:
    assert _of_a_config_that_cannot_be_opened(said) == "store-unreachable"


def test_a_store_that_answers_and_has_no_repository_was_never_made() -> None:
    assert _of_a_config_that_cannot_be_opened("<config/> does not exist") == "repository-missing"
