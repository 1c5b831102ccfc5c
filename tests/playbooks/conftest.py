"""The lab, one for each test process, and a change in it that is prepared for real."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sluis.rehearsal.lab import Lab
from support.signed_change import LabChange, new_change


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    with Lab() as running:
        yield running


@pytest.fixture(scope="session")
def prepared(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> tuple[LabChange, Path]:
    """A change whose snapshots are proven and whose plan is laid down, and where it is kept."""
    change = new_change(lab, tmp_path_factory.mktemp("prepared") / "project")
    run = change.playbook("-e", "phase=prepare")
    assert run.returncode == 0, run.stdout + run.stderr
    return change, change.keep()


@pytest.fixture
def change(prepared: tuple[LabChange, Path]) -> LabChange:
    """The prepared change, as new."""
    made, kept = prepared
    made.go_back_to(kept)
    return made
