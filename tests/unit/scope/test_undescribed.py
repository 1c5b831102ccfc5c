"""A change of which a file is missing: which, where it lies and what to paste."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from sluis.cli.change_run import described_playbook
from sluis.errors import InputError
from sluis.runbook.not_there import not_described
from sluis.scope.load import ScopeError, load_scope
from support.scopes import CHANGE, CLIENT
from support.small_change import small_change

SCOPE, UPDATE, RESTORE = "scope.yml", "update.yml", "restore.yml"
TEMPLATE = Path(__file__).resolve().parents[3] / "inventories" / "template"


def _refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *there: str) -> InputError:
    change = small_change(tmp_path, monkeypatch)
    folder = change.places.change(CLIENT, CHANGE)
    for name in (SCOPE, UPDATE, RESTORE):
        if name not in there:
            (folder / name).unlink(missing_ok=True)
    with pytest.raises(InputError) as refusal:
        described_playbook(change.places, CLIENT, CHANGE)
    assert refusal.value.code == "not-described"
    assert "sluis new" not in refusal.value.remedy, "that command would refuse"
    return refusal.value


def _paste(error: InputError, tmp_path: Path) -> list[str]:
    """The commands of a remedy, as a shell does them in a project that has the template."""
    found = re.findall(r"with: ((?:cp|sed) .+?)\.(?= |$)(?= Or | A move|$| Begin)", error.remedy)
    template = tmp_path / "pasted" / "inventories" / "template"
    shutil.copytree(TEMPLATE, template)
    (template.parent / CLIENT / "changes" / CHANGE).mkdir(parents=True)
    for one in found:
        subprocess.run(["/bin/sh", "-c", one], cwd=tmp_path / "pasted", check=True)
    made = template.parent / CLIENT / "changes" / CHANGE
    return sorted(path.name for path in made.iterdir())


def test_the_file_that_is_missing_is_named_with_what_to_paste(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = _refusal(tmp_path, monkeypatch, SCOPE)
    # the scope is of an update
    assert f"changes/{CHANGE}/{UPDATE}" in error.what
    assert SCOPE not in error.what and RESTORE not in error.what
    assert _paste(error, tmp_path) == [UPDATE]


def test_both_are_named_where_both_are_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = _refusal(tmp_path, monkeypatch)
    for name in (SCOPE, UPDATE, RESTORE):
        assert f"changes/{CHANGE}/{name}" in error.what
    assert f"sluis discover {CLIENT} {CHANGE}" in error.remedy
    assert _paste(error, tmp_path) == [RESTORE, SCOPE, UPDATE]
    pasted = tmp_path / "pasted" / "inventories" / CLIENT / "changes" / CHANGE / SCOPE
    assert load_scope(pasted).document.client == CLIENT


def test_a_scope_that_is_missing_is_named_by_its_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = small_change(tmp_path, monkeypatch)
    path = change.places.change(CLIENT, CHANGE) / SCOPE
    path.unlink()
    with pytest.raises(ScopeError) as refusal:
        load_scope(path)
    (problem,) = refusal.value.problems
    assert (problem.code, str(path) in problem.what) == ("scope-missing", True)
    assert _paste(InputError("x", "x", problem.remedy), tmp_path) == [SCOPE]


def test_newcomer_a_change_that_is_not_there_is_to_be_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = small_change(tmp_path, monkeypatch)
    error = not_described(change.places, CLIENT, "CHG-9")
    assert (error.code, "sluis new" in error.remedy) == ("no-such-change", True)
