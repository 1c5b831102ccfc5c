"""What a client signed for is still there when apply begins: the copies, and the data itself."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sluis.evidence.predicates import Handover, Step
from sluis.rehearsal.lab import Lab
from support.signed_change import LabChange

pytestmark = pytest.mark.slow


@pytest.fixture
def letters(lab: Lab, change: LabChange) -> Iterator[Path]:
    """The folder of an asset, put back afterwards."""
    change.sign()
    folder = lab.hosts["db1"].folder / "incoming"
    kept = folder.with_name("incoming-kept")
    shutil.copytree(folder, kept, symlinks=True)
    yield folder
    if folder.is_symlink():
        folder.unlink()
    else:
        shutil.rmtree(folder)
    kept.rename(folder)


def refused(change: LabChange, code: str) -> str:
    """Apply is refused for one reason, and no step was begun."""
    run = change.playbook("-e", "phase=apply")
    assert run.returncode != 0, run.stdout + run.stderr
    assert change.refusals() == {code}
    assert not change.view().of(Step)
    assert not any(change.markers().values())
    return run.stdout + run.stderr


def test_L10_a_folder_that_became_a_link_to_another_is_other_data(
    change: LabChange, letters: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir(mode=0o755)
    (other / "precious.txt").write_text("data that the scope does not name\n")
    shutil.rmtree(letters)
    letters.symlink_to(other)
    said = refused(change, "data-changed")
    assert f"lies at {other} now" in " ".join(said.split())
    assert (other / "precious.txt").exists()


def test_case_C5_an_emptied_folder_is_applied_to_when_the_client_signs_again(
    change: LabChange, letters: Path
) -> None:
    for one in letters.iterdir():
        one.unlink() if one.is_file() else shutil.rmtree(one)
    said = refused(change, "data-changed")
    assert "has changed much since the client signed" in " ".join(said.split())
    change.sign()
    run = change.playbook("-e", "phase=apply")
    assert run.returncode == 0, run.stdout + run.stderr
    assert [one.body.result for one in change.view().of(Handover)] == ["applied"]


def test_case_A1_a_store_that_lost_the_copies_ends_apply(lab: Lab, change: LabChange) -> None:
    """The client signed for data that could be put back."""
    change.sign()
    gone = [one for one in lab.store.data.glob("*/snapshots/*") if one.is_file()]
    assert gone
    aside = [one.parents[1] / f"gone-{one.name}" for one in gone]
    for one, place in zip(gone, aside, strict=True):
        one.rename(place)
    try:
        refused(change, "copy-gone")
    finally:
        for one, place in zip(gone, aside, strict=True):
            place.rename(one)
