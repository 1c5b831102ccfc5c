"""A step that is said to stay in an asset, and that a link leads out of it (A6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from sluis.errors import InputError, SnapshotError
from sluis.plan.model import PlanStep
from sluis.runbook.inside_links import LOOKS, refuse_links
from sluis.scope.model import ScopeDocument
from support.evidence_made import step
from support.guarded_call import Guarded
from support.scopes import make_scope

COPY, FILE = "ansible.builtin.copy", "ansible.builtin.file"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path.resolve() / "incoming"
    (folder / "2026").mkdir(parents=True)
    (folder / "2026" / "rates").write_text("x")
    (folder / "logs").mkdir()
    (tmp_path / "billing").mkdir()
    (folder / "current").symlink_to(tmp_path / "billing")
    (folder / "newest").symlink_to("2026")
    (folder / "kept").symlink_to("logs")
    (folder / "gone").symlink_to("../not there")
    (folder / "2026" / "out").symlink_to("../current")
    return folder


@pytest.fixture
def scope(home: Path) -> ScopeDocument:
    made = make_scope()
    folder = next(one for one in made.assets if one.kind == "directory")
    here = folder.model_copy(update={"location": str(home), "host": "h1", "exclude": ("logs",)})
    return made.model_copy(update={"assets": (here,)})


@pytest.fixture
def look(tmp_path: Path) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    """Ansible's own module, on this machine."""
    guarded = Guarded(tmp_path)
    action = guarded.action()
    return lambda args: dict(
        action._execute_module(module_name=LOOKS, module_args=args, task_vars=guarded.variables)
    )


def _answering(answer: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    return lambda _: answer


def _call(scope: ScopeDocument, module: str = COPY, **args: Any) -> PlanStep:
    inside = (scope.assets[0].id,)
    return step("install", "h1", "192.0.2.1", module=module, inside=inside, args=args)


@pytest.mark.parametrize(
    ("path", "to"),
    [
        ("current/rates.conf", "billing"),
        ("current", "billing"),
        ("newest/out/rates.conf", "billing"),
        ("kept/today", "logs"),
        ("gone", "not there"),
    ],
    ids=["a folder", "the last", "by two links", "left out of the copy", "to nothing"],
)
def test_A6_a_link_that_leads_out_is_refused(
    home: Path, scope: ScopeDocument, look: Any, path: str, to: str
) -> None:
    with pytest.raises(InputError, match="not-inside") as told:
        refuse_links(_call(scope, dest=str(home / path)), scope, look)
    assert "is a link there, to '" in told.value.what
    assert f"{to}'" in told.value.what
    assert "as it lies in the asset" in told.value.remedy


@pytest.mark.parametrize("path", ["newest/rates", "2026/rates", "2026/new/deep", "newest", ""])
def test_A6_what_lies_in_the_asset_passes(
    home: Path, scope: ScopeDocument, look: Any, path: str
) -> None:
    refuse_links(_call(scope, dest=f"{home}/{path}"), scope, look)


def test_A6_a_link_that_is_changed_itself_is_in_the_asset(
    home: Path, scope: ScopeDocument, look: Any
) -> None:
    for state in ("link", "absent"):
        refuse_links(_call(scope, FILE, path=str(home / "current"), state=state), scope, look)
        with pytest.raises(InputError, match="not-inside"):
            deeper = str(home / "current" / "x")
            refuse_links(_call(scope, FILE, path=deeper, state=state), scope, look)
    with pytest.raises(InputError, match="not-inside"):
        refuse_links(_call(scope, FILE, path=str(home / "current"), state="touch"), scope, look)


def test_A6_what_nobody_could_see_is_no_yes(home: Path, scope: ScopeDocument) -> None:
    answers: list[dict[str, Any]] = [
        {"failed": True, "msg": "Permission denied"}, {}, {"stat": {}}, {"stat": 1},
    ]  # fmt: skip
    for answer in answers:
        with pytest.raises(SnapshotError, match="link-not-looked-at"):
            refuse_links(_call(scope, dest=f"{home}/x"), scope, _answering(answer))


def test_A6_a_host_is_asked_of_no_step_that_writes_no_such_path(scope: ScopeDocument) -> None:
    def look(args: Mapping[str, Any]) -> Mapping[str, Any]:
        raise AssertionError("the host was asked")

    location = scope.assets[0].location
    refuse_links(step("a", "h1", "192.0.2.1", args={"dest": f"{location}/x"}), scope, look)
    refuse_links(_call(scope, "ansible.builtin.command", cmd=f"{location}/x"), scope, look)
    refuse_links(_call(scope, dest=location), scope, look)
    refuse_links(_call(scope, dest="/srv/elsewhere"), scope, look)  # as it is written: refused
