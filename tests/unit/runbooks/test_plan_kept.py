"""A signed plan is kept when the only difference is that less stays behind now."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sluis.evidence.objects import ObjectStore
from sluis.evidence.predicates import Behind, Plan, Scope, Shown, Signoff
from sluis.plan.behind import Why, behind_list
from sluis.plan.model import BehindOf, PlanDocument
from sluis.runbook import planning
from support.evidence_made import EMPTY, NOW, digest_of, made, view_of

ASSET = "files-one"
Found = list[tuple[str, Why]]
SIGNED: Found = [("a.docx", "could-not-be-had"), ("Team.lnk", "shortcut")]


def sealed_over(
    folder: Path, now: Found, *, decision: Any = "yes", lost: bool = False, **other: Any
) -> tuple[PlanDocument, PlanDocument, PlanDocument]:
    """The signed plan, the one that prepare makes now, and the one that it lays down."""
    objects, change = ObjectStore(folder), made()

    def named(found: Found) -> tuple[BehindOf, ...]:
        listed = behind_list(ASSET, found)
        kept = objects.put(listed.to_bytes())
        return (BehindOf(asset=ASSET, items=len(found), list_sha256=kept),)

    signed = change.plan.model_copy(update={"behind": named(SIGNED)})
    newest = change.plan.model_copy(update={"behind": named(now), **other})
    digests = {
        "plan_object": objects.put(signed.to_bytes()), "scope_object": change.scope.digest(),
    }  # fmt: skip
    bodies = [body for body, _ in change.bodies if not isinstance(body, Plan | Shown | Signoff)]
    assert isinstance(bodies[0], Scope)
    old = next(body for body, _ in change.bodies if isinstance(body, Signoff))
    plan = next(body for body, _ in change.bodies if isinstance(body, Plan))
    shown = next(body for body, _ in change.bodies if isinstance(body, Shown))
    bodies += [plan.model_copy(update=digests), shown]
    answer = {**digests, "decision": decision, "shown": digest_of(len(bodies))}
    bodies.append(old.model_copy(update=answer))
    bodies.append(
        Behind(asset=ASSET, export=EMPTY, items=len(now), list_object=named(now)[0].list_sha256)
    )
    if lost:
        objects.path(signed.behind[0].list_sha256).unlink()
    dossier: Any = SimpleNamespace(objects=objects)
    view = view_of(tuple((body, NOW) for body in bodies))
    return signed, newest, planning._as_signed(newest, view, dossier)


@pytest.fixture(autouse=True)
def _at_that_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "now", lambda: NOW)


@pytest.mark.parametrize("now", [SIGNED, SIGNED[:1], []], ids=["the same", "fewer", "nothing"])
def test_M1_with_less_that_stays_behind_the_signature_stands(tmp_path: Path, now: Found) -> None:
    signed, _, laid_down = sealed_over(tmp_path, now)
    assert laid_down == signed


@pytest.mark.parametrize(
    "now",
    [[*SIGNED, ("b", "shortcut")], [("b", "shortcut")]],
    ids=["one more", "one instead of two"],
)
def test_M1_with_another_thing_that_stays_behind_it_is_signed_anew(
    tmp_path: Path, now: Found
) -> None:
    signed, newest, laid_down = sealed_over(tmp_path, now)
    assert laid_down == newest != signed


@pytest.mark.parametrize(
    "more",
    [{"decision": "no"}, {"decision": "withdrawn"}, {"hosts": ("h1",)}, {"lost": True}],
    ids=["a no", "taken back", "another batch", "a list that is gone"],
)
def test_M1_else_the_plan_is_the_one_that_was_made_now(tmp_path: Path, more: Any) -> None:
    signed, newest, laid_down = sealed_over(tmp_path, SIGNED[:1], **more)
    assert laid_down == newest != signed


def test_a_first_plan_is_laid_down_as_it_is(tmp_path: Path) -> None:
    plan, dossier = made().plan, SimpleNamespace(objects=ObjectStore(tmp_path))
    assert planning._as_signed(plan, view_of(()), dossier) is plan  # type: ignore[arg-type]
