"""A change that describes an update and a restore: which of the two is meant, and what must go."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from sluis.cli.change_run import both_described, described_playbook
from sluis.cli.checked import likely_playbook
from sluis.errors import InputError
from sluis.places import Places
from support.scopes import write_scope

CLIENT, CHANGE = "practice", "CHG-1"


@pytest.mark.parametrize(("job", "goes"), [("restore", "update.yml"), ("update", "restore.yml")])
def test_newcomer_of_two_descriptions_that_of_the_scopes_job_is_meant(
    tmp_path: Path, job: str, goes: str
) -> None:
    """The template's update.yml was read for a restore, and fifteen faults of it were told."""
    places = Places(tmp_path)
    folder = places.change(CLIENT, CHANGE)
    folder.mkdir(parents=True)
    write_scope(folder, {"job": job, "client": CLIENT, "change": CHANGE})
    for name in ("update.yml", "restore.yml"):
        (folder / name).write_text("{}\n")
    assert described_playbook(places, CLIENT, CHANGE, ambiguous=True) == job
    with pytest.raises(InputError) as error:
        described_playbook(places, CLIENT, CHANGE)
    assert error.value.code == "which-playbook"
    command = error.value.remedy.partition(f"Then {goes} goes: ")[2].partition(". Otherwise")[0]
    subprocess.run(["sh", "-c", command], cwd=places.root, check=True)  # what is pasted mends it
    assert described_playbook(places, CLIENT, CHANGE) == job
    assert both_described(places, CLIENT, CHANGE, "update") is None


@pytest.mark.parametrize(
    ("job", "there", "meant"),
    [
        ("migration", ("update.yml",), "tenant_migration"),
        ("migraton", (), "tenant_migration"),
        ("restore", ("update.yml", "restore.yml"), "restore"),
        ("update", ("update.yml", "restore.yml"), "update"),
        ("update", (), "update"),
        ("decommission", ("restore.yml",), "restore"),
    ],
    ids=["move", "slip", "restore", "update", "nothing", "other"],
)
def test_newcomer_of_a_scope_with_a_slip_it_is_still_told_what_it_describes(
    tmp_path: Path, job: str, there: tuple[str, ...], meant: str
) -> None:
    """A move with a misspelt field was told that it lacks a restore.yml."""
    places = Places(tmp_path)
    folder = places.change(CLIENT, CHANGE)
    folder.mkdir(parents=True)
    path = write_scope(folder, {"client": CLIENT, "change": CHANGE})
    text = path.read_text()
    assert 'job: "update"' in text
    path.write_text(text.replace('job: "update"', f"job: {job} # so") + "nonsense: true\n")
    for name in there:
        (folder / name).write_text("{}\n")
    assert likely_playbook(places, CLIENT, CHANGE) == meant
