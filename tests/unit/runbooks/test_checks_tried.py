"""What the files of checks are now is looked at on the machine itself, before anything is made."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import pytest

from sluis.checks.run import answer_checks
from sluis.places import Places
from sluis.runbook.checks_tried import try_checks
from sluis.runbook.findings import Finding
from sluis.runbook.run import Run

CLIENT, CHANGE = "practice", "CHG-1"


def tried(root: Path, playbook: str, path: Path | None, **more: Any) -> list[Finding]:
    """What the real checks, made here, find of one check of a file."""
    places = Places(root)
    folder = places.change(CLIENT, CHANGE)
    folder.mkdir(parents=True, exist_ok=True)
    written = "# what is done\nservice_checks_list:\n  - id: letters\n    type: file\n"
    (folder / playbook).write_text(written)
    run = Run(places, CLIENT, CHANGE, "prepare", playbook, ("h1",), ())
    check = {
        "id": "letters", "what": "They are there.", "host": "h1", "type": "file",
        "path": path and str(path), **more,
    }  # fmt: skip
    return try_checks(run, "h1", [check], {}, playbook, answer_checks)


@pytest.mark.parametrize("after", ["change", "both", "way_back"])
def test_N40_a_folder_is_found_before_the_change_and_not_after_it(
    tmp_path: Path, after: str
) -> None:
    place = tmp_path / "letters"
    place.mkdir()
    (found,) = tried(tmp_path, "update.yml", place, after=after)
    assert (found.code, found.stops) == ("check-no-file", True)
    assert found.what == f"h1: the check letters looks at {place}: it is a folder, and not a file."
    assert "path of letters in update.yml" in found.remedy


def test_N40_in_a_restore_it_is_said_and_stops_nothing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (found,) = tried(tmp_path, "restore.yml", tmp_path / "pipe", absent=True)
    assert (found.code, found.stops) == ("check-not-tried", False)
    assert "it is not a regular file" in found.what
    assert found.remedy.startswith("It may be what is broken. Otherwise: Name one file")


def test_N40_a_file_that_cannot_be_opened_is_said(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    (found,) = tried(tmp_path, "update.yml", loop)
    assert found.code == "check-not-answered"
    assert "the file cannot be read" in found.what


@pytest.mark.parametrize("more", [{"absent": True}, {"contains": "5.1"}, {"sha256": "0" * 64}, {}])
def test_N40_what_is_in_a_file_and_whether_there_is_one_is_not_judged(
    tmp_path: Path, more: dict[str, Any]
) -> None:
    """The new version brings it, or takes it away."""
    there = tmp_path / "release"
    there.write_text("5.0")
    assert tried(tmp_path, "update.yml", there, after="change", **more) == []
    assert tried(tmp_path, "update.yml", tmp_path / "none", after="change", **more) == []


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


#: what is not so here: each type of check, and a word of what is said
NOT_SO: dict[str, tuple[dict[str, Any], str]] = {
    "service": ({"type": "service", "program": "no-such-program-runs"}, "no such program runs"),
    "pid file": ({"type": "service", "pid_file": "/no/pid"}, "the pid file is not there"),
    "port": ({"type": "port", "port": 0}, "port "),
    "http": (
        {"type": "http", "url": "http://127.0.0.1:PORT/", "tries": 9, "delay": 60},
        "no answer",
    ),
    "file": ({"type": "file", "path": "/no/letters"}, "the file is not there"),
}


@pytest.mark.parametrize("kind", NOT_SO)
def test_newcomer_what_must_hold_after_the_way_back_is_tried_now(tmp_path: Path, kind: str) -> None:
    given, words = NOT_SO[kind]
    port = free_port()
    more = {name: port if name == "port" else one for name, one in given.items()}
    if "url" in more:
        more["url"] = more["url"].replace("PORT", str(port))
    path = Path(str(more.pop("path"))) if "path" in more else None
    assert tried(tmp_path, "update.yml", path, after="change", **more) == []
    for after in ("both", "way_back"):
        (found,) = tried(tmp_path, "update.yml", path, after=after, **more)
        assert (found.code, found.stops) == ("check-does-not-hold", True)
        assert words in found.what
        assert "correct the check in update.yml, line 3" in found.remedy
    (tmp_path / "inventories" / CLIENT / "changes" / CHANGE / "update.yml").unlink()
    (found,) = tried(tmp_path, "restore.yml", path, after="both", **more)
    assert (found.code, found.stops) == ("check-not-tried", False)


def test_newcomer_what_holds_now_is_no_finding(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        more = {"type": "port", "port": listening.getsockname()[1]}
        assert tried(tmp_path, "update.yml", None, after="both", **more) == []


def test_newcomer_once_steps_were_begun_it_may_be_what_they_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sluis.runbook.checks_tried._has_begun", lambda _run: True)
    more = {"type": "port", "port": free_port()}
    (found,) = tried(tmp_path, "update.yml", None, after="both", **more)
    assert (found.code, found.stops) == ("check-not-tried", False)
    assert found.remedy.startswith("Steps of this change were begun: they may be why. Otherwise:")
