"""What the files of checks are now is looked at on the machine itself, before anything is made."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from sluis.checks.run import answer_checks
from sluis.places import Places
from sluis.runbook.checks_tried import try_checks
from sluis.runbook.findings import Finding
from sluis.runbook.run import Run

CLIENT, CHANGE = "practice", "CHG-1"


def tried(root: Path, playbook: str, path: Path, **more: Any) -> list[Finding]:
    """What the real checks, made here, find of one check of a file."""
    places = Places(root)
    folder = places.change(CLIENT, CHANGE)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / playbook).touch()
    run = Run(places, CLIENT, CHANGE, "prepare", playbook, ("h1",), ())
    check = {
        "id": "letters", "what": "They are there.", "host": "h1", "type": "file",
        "path": str(path), **more,
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


@pytest.mark.parametrize("after", ["change", "both"])
@pytest.mark.parametrize("more", [{"absent": True}, {"contains": "5.1"}, {"sha256": "0" * 64}, {}])
def test_N40_what_is_in_a_file_and_whether_there_is_one_is_not_judged(
    tmp_path: Path, after: str, more: dict[str, Any]
) -> None:
    """The new version brings it, or takes it away."""
    there = tmp_path / "release"
    there.write_text("5.0")
    assert tried(tmp_path, "update.yml", there, after=after, **more) == []
    assert tried(tmp_path, "update.yml", tmp_path / "none", after=after, **more) == []
