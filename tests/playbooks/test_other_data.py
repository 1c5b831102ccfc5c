"""What a client signed for is still there when apply begins: the copies, and the data itself."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from sluis.evidence.predicates import Handover, Snapshot, Step
from sluis.rehearsal.client_files import write_scope
from sluis.rehearsal.lab import Lab
from sluis.rehearsal.plain_yaml import write_yaml
from support.front_door import sluis
from support.signed_change import LabChange, describe, marker_steps, new_change, shrink

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


@pytest.fixture
def many(lab: Lab) -> Iterator[Path]:
    """A folder in which a share of the files means something, put back afterwards."""
    folder = lab.hosts["db1"].folder / "incoming"
    kept = folder.with_name("incoming-kept")
    shutil.copytree(folder, kept, symlinks=True)
    for number in range(100):
        (folder / f"letter-{number:03}.txt").write_text(f"letter {number}\n" * 50)
    yield folder
    if folder.is_symlink():
        folder.unlink()
    else:
        shutil.rmtree(folder)
    kept.rename(folder)


def prepared(change: LabChange) -> None:
    run = change.playbook("-e", "phase=prepare")
    assert run.returncode == 0, run.stdout + run.stderr


def test_case_C5_what_another_change_saw_gone_is_still_not_what_was_signed(
    lab: Lab, change: LabChange, many: Path
) -> None:
    prepared(change)
    change.sign()
    for one in many.glob("letter-*"):
        one.unlink()
    other = LabChange(lab, change.who, "CHG-2001")
    today = datetime.now(UTC).date()
    shrink(write_scope(lab, other.who, other.change, today=today, title="Second"), lab)
    describe(other, software_update_steps=marker_steps())
    prepared(other)
    refused(change, "data-changed")


def test_case_C5_a_little_at_a_time_is_held_against_what_was_signed(
    change: LabChange, many: Path
) -> None:
    prepared(change)
    change.sign()
    left = sorted(many.glob("letter-*"))
    for one in left[:9]:
        one.unlink()
    prepared(change)
    for one in left[9:17]:
        one.unlink()
    refused(change, "data-changed")


@pytest.fixture
def adoptable(lab: Lab, many: Path, tmp_path: Path) -> Iterator[tuple[LabChange, Path]]:
    """A change whose settings name a backup of the folder, and the disk that it lies on."""
    change = new_change(lab, tmp_path / "project", "CHG-2003")
    scope = change.who.places.change(change.who.client, change.change) / "scope.yml"
    said = yaml.safe_load(scope.read_text())
    # nothing is promised to be put back: an adopted backup is not proven for that
    said["way_back"] = {"consent": False, "words": "We call you first."}
    for asset in said["assets"]:
        if asset["id"] == "incoming":
            asset["criticality"] = "low"
    write_yaml(scope, said)
    disk = tmp_path / "disk"
    disk.mkdir()
    adopt = {
        "kind": "copies", "locations": [str(disk)], "machine": "usb-disk",
        "site": "Data centre North", "country": "NL", "provider": "Example Hosting",
    }  # fmt: skip
    variables = change.who.places.inventory(change.who.client) / "group_vars" / "all" / "adopt.yml"
    write_yaml(variables, {"snapshot_and_verify_adopt": {"incoming": adopt}})
    yield change, disk
    variables.unlink()


def adopted(change: LabChange, source: Path, disk: Path) -> list[str]:
    """Have two copies judged that the client's own program made; the purposes on record."""
    ids = (change.who.client, change.change)
    shutil.copytree(source, disk / "one")
    (disk / "one" / "old.txt").write_text("old")
    sluis(change, "adopt", *ids, "--challenge")
    shutil.copytree(source, disk / "two")
    assert sluis(change, "adopt", *ids)[0] == 0
    return [one.body.purpose for one in change.view().of(Snapshot) if one.body.asset == "incoming"]


def spoil(how: str, source: Path, other: Path) -> None:
    """Empty the folder, or lead to another one that holds the same."""
    if how == "emptied":
        for one in source.glob("letter-*"):
            one.unlink()
        return
    shutil.copytree(source, other)
    shutil.rmtree(source)
    source.symlink_to(other)


@pytest.mark.parametrize("how", ["emptied", "a link"])
def test_L10_an_adopted_backup_says_what_was_signed_as_well(
    adoptable: tuple[LabChange, Path], many: Path, tmp_path: Path, how: str
) -> None:
    change, disk = adoptable
    assert adopted(change, many, disk) == ["adopted"]
    assert sluis(change, "prepare", change.who.client, change.change)[0] == 75
    assert len([one for one in change.view().of(Snapshot) if one.body.asset == "incoming"]) == 1
    change.sign()
    spoil(how, many, tmp_path / "other")
    refused(change, "data-changed")


@pytest.mark.parametrize("how", ["emptied", "a link"])
def test_L10_a_backup_that_is_adopted_after_the_yes_does_not_hide_what_changed(
    adoptable: tuple[LabChange, Path], many: Path, tmp_path: Path, how: str
) -> None:
    """It is the newest copy by then, and of what lies there: catch-up would make no other."""
    change, disk = adoptable
    prepared(change)
    change.sign()
    spoil(how, many, tmp_path / "other")
    assert adopted(change, many, disk)[-1] == "adopted"
    refused(change, "data-changed")


def test_L18_a_copy_of_another_folder_is_no_older_generation(
    lab: Lab, change: LabChange, many: Path
) -> None:
    """The id stayed, and the scope gave it to another folder."""
    prepared(change)
    payroll = many.with_name("payroll")
    shutil.copytree(many, payroll)
    (payroll / "slip.txt").write_text("slip\n")
    other = LabChange(lab, change.who, "CHG-2002")
    today = datetime.now(UTC).date()
    path = write_scope(lab, other.who, other.change, today=today, title="Second")
    shrink(path, lab)
    said = yaml.safe_load(path.read_text())
    for asset in said["assets"]:
        if asset["id"] == "incoming":
            asset["location"] = str(payroll)
    write_yaml(path, said)
    describe(other, software_update_steps=marker_steps())
    try:
        prepared(other)
        of = {
            one: one.view().latest(Snapshot, lambda item: item.body.asset == "incoming")
            for one in (change, other)
        }
        mine, theirs = of[change], of[other]
        assert mine is not None
        assert theirs is not None
        assert theirs.body.previous_snapshot_id != mine.body.snapshot_id
        assert theirs.body.made_by["older_made_now"] is True
        assert not [one for one in theirs.body.warnings if "last time" in one]
    finally:
        shutil.rmtree(payroll)
