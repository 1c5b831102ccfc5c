"""While a snapshot is proven, nothing that goes wrong is passed over in silence."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import Any

import pytest

from sluis.border.parts import Level
from sluis.errors import InputError, SnapshotError
from sluis.manifest import Entry, Manifest
from sluis.snapshot.levels import FAILED, NOT_VERIFIED, PROVEN, Finding, reached
from sluis.snapshot.prove import _Proving


class _Stop(BaseException):
    """What ends a process, and is no ordinary error."""


@pytest.mark.parametrize("error", [ValueError, KeyError, OSError, SnapshotError, _Stop])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_T25_an_unexpected_error_of_any_job_is_raised(place: int, error: type) -> None:
    done: list[int] = []
    raised = error("a", "b", "c") if error is SnapshotError else error("gone")

    def job(number: int) -> Any:
        def work() -> None:
            done.append(number)
            if number == place:
                raise raised

        return work

    with pytest.raises(error) as caught:
        _Proving._in_parallel(None, *map(job, range(3)))  # type: ignore[arg-type]
    assert caught.value is raised
    # the others have ended too: none is left behind that writes into what was judged
    assert sorted(done) == [0, 1, 2]


def test_T25_an_error_is_raised_only_when_the_others_have_ended() -> None:
    raising, ended = threading.Event(), threading.Event()

    def slow() -> None:
        raising.wait(10)
        time.sleep(0.05)
        ended.set()

    def fails() -> None:
        raising.set()
        raise ValueError("gone")

    with pytest.raises(ValueError, match="gone"):
        _Proving._in_parallel(None, fails, slow)  # type: ignore[arg-type]
    assert ended.is_set()


def test_T25_all_jobs_run_and_without_an_error_none_is_raised() -> None:
    together = threading.Barrier(3, timeout=10)
    _Proving._in_parallel(None, together.wait, together.wait, together.wait)  # type: ignore[arg-type]


@pytest.mark.parametrize("error", [ValueError("x"), KeyError("x"), OSError("x"), _Stop()])
def test_T25_an_error_that_is_not_ours_leaves_the_block(error: BaseException) -> None:
    finding = Finding("V2")
    with pytest.raises(type(error)), finding:
        raise error
    assert finding.as_level().verdict == NOT_VERIFIED


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        ("restic-failed", FAILED),
        ("anything-else", FAILED),
        ("store-unreachable", NOT_VERIFIED),
        ("store-host-key-changed", NOT_VERIFIED),
        ("no-space", NOT_VERIFIED),
        ("scratch-too-small", NOT_VERIFIED),
    ],
)
@pytest.mark.parametrize("family", [SnapshotError, InputError])
def test_T25_an_error_of_ours_is_the_verdict(code: str, verdict: str, family: type) -> None:
    finding = Finding("V2")
    with finding:
        finding.conclude(PROVEN, "fine so far")
        raise family(code, "It went wrong.", "Mend it.")
    # of a level nothing but its detail is kept: what to do about a full scratch is in it
    room = code in ("no-space", "scratch-too-small")
    detail = "It went wrong. Mend it." if room else "It went wrong."
    assert (finding.verdict, finding.detail, finding.code) == (verdict, detail, code)


def test_a_block_that_says_nothing_proved_nothing() -> None:
    finding = Finding("V3")
    with finding:
        pass
    assert finding.as_level().verdict == NOT_VERIFIED
    assert finding.as_level().seconds >= 0


@pytest.mark.parametrize("broken", [0, 1, 3, 6])
@pytest.mark.parametrize("verdict", [FAILED, NOT_VERIFIED, None])
def test_a_level_counts_only_when_all_below_it_are_proven(broken: int, verdict: str | None) -> None:
    names = ["V0", "V1", "V2", "V3", "V4", "V5", "V6"]
    levels = [Level(name, PROVEN, "") for name in names]
    assert reached(levels) == "V6"
    if verdict is None:
        del levels[broken]
    else:
        levels[broken] = replace(levels[broken], verdict=verdict)
    assert reached(levels) == (names[broken - 1] if broken else None)


def _judged(listed: set[tuple[str, str]], **back: str) -> Finding:
    """V1 of a copy below ``srv/data`` in which each name has a type."""
    proving = _Proving.__new__(_Proving)
    proving.levels = {"V1": Finding("V1")}
    proving.levels["V1"].conclude(PROVEN, "listed")
    proving.listed = listed | {("srv", "dir"), ("srv/data", "dir")}

    class Restored:
        manifest = Manifest({n: Entry(n, kind, 1, None, 0, 0o644) for n, kind in back.items()})
        prefix = "srv/data/"
        sample = None
        errors = ""

    proving.restoring = Restored()  # type: ignore[assignment]
    proving._list_is_whole()
    return proving.levels["V1"]


_A, _B = ("srv/data/a", "file"), ("srv/data/b", "file")


@pytest.mark.parametrize(
    ("listed", "back", "words"),
    [
        ({_A, _B}, {"a": "file", "b": "file"}, None),
        ({_A, _B}, {"a": "file"}, "1 listed item did not come back, 0 came back unlisted"),
        ({_A}, {"a": "file", "b": "file"}, "0 listed items did not come back, 1 came back"),
        ({_A, _B}, {"a": "file", "c": "file"}, "1 listed item did not come back, 1 came back"),
        ({_A}, {"a": "dir"}, "1 listed item did not come back, 1 came back unlisted"),
        (set(), {"a": "file"}, "0 listed items did not come back, 1 came back unlisted"),
        ({("srv/data/l", "symlink")}, {"l": "link"}, None),
        ({("srv/data/d", "dev")}, {"d": "block"}, None),
        ({("srv/data/d", "chardev")}, {"d": "char"}, None),
        # a socket holds nothing and is not expected back
        ({_A, ("srv/data/s", "socket")}, {"a": "file"}, None),
        ({_A, ("srv/data/s", "fifo")}, {"a": "file"}, "1 listed item did not come back"),
        ({_A, ("srv/other", "file")}, {"a": "file"}, None),
    ],
)
def test_T24_what_came_back_is_what_was_listed(
    listed: set[tuple[str, str]], back: dict[str, str], words: str | None
) -> None:
    level = _judged(listed, **back)
    assert level.verdict == (PROVEN if words is None else FAILED)
    assert words is None or words in level.detail
