"""A look at a change with two descriptions is about the one that its scope's job means."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sluis.runbook.checking import assets_here, is_restore
from sluis.runbook.run import Run
from unit.runbooks.test_check_store import HOST, run

__all__ = ["run"]


def _described(run: Run, job: str, *names: str) -> Run:
    scope = run.change_folder / "scope.yml"
    scope.write_text(scope.read_text().replace("job: update", f"job: {job}"))
    for name in ("update.yml", "restore.yml"):
        (run.change_folder / name).unlink(missing_ok=True)
        if name in names:
            (run.change_folder / name).write_text("{}\n")
    return run


BOTH = ("update.yml", "restore.yml")


@pytest.mark.parametrize(
    ("job", "names", "restores"),
    [
        ("update", BOTH, False),
        ("restore", BOTH, True),
        ("vendor session", BOTH, False),
        ("update", ("restore.yml",), True),
        ("vendor session", ("restore.yml",), True),
        ("restore", ("update.yml",), False),
    ],
)
def test_the_job_says_whether_something_is_put_back(
    run: Run, job: str, names: tuple[str, ...], restores: bool
) -> None:
    """A restore.yml beside an update.yml took every look at the assets of an update away."""
    _described(run, job, *names)
    assert is_restore(run) is restores
    assert bool(assets_here(run, HOST)) is not restores


@pytest.mark.parametrize("job", ["update", "restore"])
def test_a_run_of_one_of_them_is_of_that_one(run: Run, job: str) -> None:
    _described(run, job, *BOTH)
    assert is_restore(replace(run, playbook="restore.yml"))
    assert not is_restore(replace(run, playbook="update.yml"))
    assert not is_restore(replace(run, playbook="tenant_migration.yml"))
