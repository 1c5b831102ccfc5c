"""Two changes of one client that reach the same data keep out of each other's way."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sluis.errors import SluisError
from sluis.evidence.predicates import Handover, Machine, Plan, Step
from sluis.gate.demand import Evidence
from sluis.plan.model import PlanDocument, PlanStep
from sluis.runbook import other_changes, read_before
from sluis.runbook.lock import take_lock
from sluis.runbook.other_changes import (
    one_start_at_a_time,
    other_change_reasons,
    worked_on_by_others,
)
from sluis.scope.model import ScopeDocument
from support import evidence_made as ev
from support.dossiers import CLIENT, Made, make

COPIED = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    made = make(tmp_path, change="CHG-A", begin=COPIED - timedelta(days=1))
    made.now = COPIED
    made.append(ev.snapshot("files-one", "h1", "192.0.2.1", COPIED))
    monkeypatch.setattr(read_before, "now", lambda: datetime(2026, 11, 21, tzinfo=UTC))
    return made


def other(mine: Made, name: str = "CHG-B", scope: ScopeDocument | None = None) -> Made:
    """Another change of the same client, with a plan, at first over the same data."""
    made = replace(mine, change=name)
    document = scope or ev.scope()
    made.append(
        Plan(
            plan_object=ev.EMPTY, scope_object=made.objects.put(document.to_bytes()),
            tree_sha256=ev.TREE, steps=1, hosts=("h1",),
        )
    )  # fmt: skip
    return made


def works(made: Made, state: Any = "started") -> None:
    made.append(Step(step="s", host="h1", state=state, plan_object=ev.EMPTY, call_sha256=ev.EMPTY))


def reasons(mine: Made, scope: ScopeDocument | None = None) -> list[tuple[str, str]]:
    view = mine.ledger.read(datetime(2026, 11, 21, tzinfo=UTC))
    evidence = Evidence(view, scope or ev.scope(), None, ev.EMPTY)
    found = other_change_reasons(mine, mine.anchors, evidence)
    again = worked_on_by_others(mine, mine.anchors, view, scope or ev.scope())
    assert {item.about for item in found} == set(again.values())
    return [(item.code, item.about) for item in found]


def again(mine: Made) -> dict[str, str]:
    """The assets that prepare copies anew, and because of which change."""
    view = mine.ledger.read(datetime(2026, 11, 21, tzinfo=UTC))
    return worked_on_by_others(mine, mine.anchors, view, ev.scope())


def test_a_change_alone_is_in_nobodys_way(mine: Made) -> None:
    assert reasons(mine) == []
    other(mine)  # prepared, and nothing done yet
    assert reasons(mine) == []


def test_another_change_worked_on_the_data_after_the_copy(mine: Made) -> None:
    made = other(mine)
    works(made)
    works(made, "done")
    assert reasons(mine) == [("changed-since-copy", "CHG-B")]
    made.append(Handover(result="applied", sentence="Done.", plan_object=ev.EMPTY))
    assert reasons(mine) == [("changed-since-copy", "CHG-B")]


def test_what_was_done_before_the_copy_is_in_it(mine: Made) -> None:
    made = other(mine)
    works(made)
    mine.now = made.now + timedelta(hours=1)
    mine.append(ev.snapshot("files-one", "h1", "192.0.2.1", mine.now))
    assert reasons(mine) == []


def test_a_step_while_the_copy_was_made_is_not_in_it(mine: Made) -> None:
    made = other(mine)
    works(made)
    begun = made.now - timedelta(minutes=1)
    mine.now = made.now + timedelta(minutes=1)
    mine.append(ev.snapshot("files-one", "h1", "192.0.2.1", begun, finished_at=mine.now))
    assert reasons(mine) == [("changed-since-copy", "CHG-B")]


def test_a_backup_of_somebody_elses_is_as_old_as_it_is(mine: Made) -> None:
    made = other(mine)
    works(made)
    mine.now = made.now + timedelta(hours=1)
    night = made.now - timedelta(hours=9)
    mine.append(ev.snapshot("files-one", "h1", "192.0.2.1", night, purpose="adopted"))
    assert reasons(mine) == [("changed-since-copy", "CHG-B")]


def test_a_run_that_is_at_work_now_comes_first(mine: Made) -> None:
    made = other(mine)
    works(made)
    _, held = take_lock(made.dossier, "apply", made.now)
    try:
        assert reasons(mine) == [("other-change-under-way", "CHG-B")]
    finally:
        os.close(held)
    assert reasons(mine) == [("changed-since-copy", "CHG-B")]


def test_what_was_done_under_an_earlier_plan_is_not_forgotten(mine: Made) -> None:
    made = other(mine)
    works(made)
    works(made, "done")
    made.append(Handover(result="applied", sentence="Done.", plan_object=ev.EMPTY))
    again = ScopeDocument.model_validate(_moved(ev.scope()))
    made.append(
        Plan(
            plan_object="b" * 64, scope_object=made.objects.put(again.to_bytes()),
            tree_sha256=ev.TREE, steps=1, hosts=("h1",),
        )
    )  # fmt: skip
    assert reasons(mine) == [("changed-since-copy", "CHG-B")]


def test_a_change_over_other_data_or_of_long_ago_does_not_matter(mine: Made) -> None:
    elsewhere = other(mine, scope=ScopeDocument.model_validate(_moved(ev.scope())))
    works(elsewhere)
    assert reasons(mine) == []
    old = other(mine, "CHG-OLD")
    works(old)
    assert reasons(mine) == [("changed-since-copy", "CHG-OLD")]
    mine.now = old.now + timedelta(hours=1)
    mine.append(ev.snapshot("files-one", "h1", "192.0.2.1", mine.now))
    assert reasons(mine) == []


LONG_AGO = (COPIED - timedelta(days=3)).timestamp()


def test_times_that_anybody_can_set_back_decide_nothing(mine: Made) -> None:
    """``touch`` on any part of a dossier hides no step in it."""
    made = other(mine)
    works(made)
    assert reasons(mine) == [("changed-since-copy", "CHG-B")]
    heads = made.dossier.parent / ".heads"
    for path in (made.dossier, *made.dossier.rglob("*"), *heads.rglob("*"), heads):
        os.utime(path, (LONG_AGO, LONG_AGO))
    assert reasons(mine) == [("changed-since-copy", "CHG-B")]


def _shut(made: Made) -> None:
    """What is read of a dossier by whoever may not list it."""
    for path in (made.dossier / "statements").iterdir():
        path.unlink()


@pytest.mark.parametrize(
    "hide",
    [
        _shut,
        lambda made: shutil.rmtree(made.dossier / "statements"),
        lambda made: shutil.rmtree(made.dossier),
        lambda made: made.dossier.rename(made.root / "elsewhere"),
        lambda made: made.file(1).write_bytes(b"{}"),
    ],
    ids=["emptied", "no statements", "removed", "moved away", "its plan overwritten"],
)
def test_a_dossier_that_is_hidden_is_not_one_that_says_nothing(
    mine: Made, hide: Callable[[Made], object]
) -> None:
    made = other(mine)
    works(made)
    hide(made)
    if made.dossier.exists():
        os.utime(made.dossier, (LONG_AGO, LONG_AGO))
    assert reasons(mine) == [("other-change-unreadable", "CHG-B")]


def test_a_record_that_broke_before_the_copy_was_made_is_in_nobodys_way(mine: Made) -> None:
    """Nothing was written there since: not by what ``touch`` sets, but by the disk's own time."""
    made = other(mine)
    works(made)
    made.file(2).write_bytes(b"{}")
    assert reasons(mine) == [("other-change-unreadable", "CHG-B")]
    mine.now = datetime.now(UTC) + timedelta(days=400)  # after the files' own time
    mine.append(ev.snapshot("files-one", "h1", "192.0.2.1", mine.now))
    assert reasons(mine) == []
    os.utime(made.file(2), (LONG_AGO, LONG_AGO))
    assert reasons(mine) == []


@pytest.mark.parametrize(
    ("location", "matters"),
    [("/srv", True), ("/srv/files-one/inner", True), ("/srv/files-one-b", False)],
    ids=["around it", "inside it", "a like name"],
)
def test_a_folder_in_a_folder_is_the_same_data(mine: Made, location: str, matters: bool) -> None:
    data = ev.scope().model_dump()
    first, second = data["assets"]
    moved = {**first, "location": location}, {**second, "location": "/elsewhere"}
    works(other(mine, scope=ScopeDocument.model_validate({**data, "assets": moved})))
    assert reasons(mine) == ([("changed-since-copy", "CHG-B")] if matters else [])


MACHINE = {"machine_id": "a" * 32, "host_keys": ("SHA256:one", "SHA256:two")}


@pytest.mark.parametrize(
    ("ours", "theirs", "location", "matters"),
    [
        (MACHINE, {**MACHINE, "host_keys": ("SHA256:two",)}, "/srv/files-one", True),
        (MACHINE, MACHINE, "/srv/files-one/inner", True),
        (MACHINE, MACHINE, "/srv/files-two", False),
        (MACHINE, {**MACHINE, "host_keys": ("SHA256:other",)}, "/srv/files-one", False),
        (MACHINE, {"machine_id": None, "host_keys": ()}, "/srv/files-one", False),
    ],
    ids=["one machine", "a folder in it", "another folder", "made from one image", "not known"],
)
def test_a_machine_under_a_second_name_is_the_same_machine(
    mine: Made, ours: Any, theirs: Any, location: str, matters: bool
) -> None:
    mine.append(_copy("files-one", "h1", COPIED, **ours))
    made = other(mine, scope=_elsewhere(host="h1-again", location=location))
    made.append(_copy("files-one", "h1-again", COPIED, **theirs))
    works(made)
    assert reasons(mine) == ([("changed-since-copy", "CHG-B")] if matters else [])


@pytest.mark.parametrize("who", ["ours", "theirs", "both"])
def test_a_folder_behind_a_link_is_the_same_data(mine: Made, who: str) -> None:
    real = "/mnt/disk/letters"
    mine.append(_copy("files-one", "h1", COPIED, place=real if who != "theirs" else None))
    location = {"ours": f"{real}/inner", "theirs": "/linked", "both": "/linked"}[who]
    made = other(mine, scope=_elsewhere(location=location))
    place = {"ours": None, "theirs": "/srv/files-one/inner", "both": f"{real}/inner"}[who]
    made.append(_copy("files-one", "h1", COPIED, place=place))
    works(made)
    assert reasons(mine) == [("changed-since-copy", "CHG-B")]


@pytest.mark.parametrize(
    ("number", "name", "matters"),
    [("7", "practice", True), ("8", "practice", False), ("7", "other", False)],
    ids=["one server", "another server", "another database"],
)
def test_a_database_reached_from_two_hosts_is_the_same_data(
    mine: Made, number: str, name: str, matters: bool
) -> None:
    kind = {"kind": "postgresql", "location": "practice"}
    mine.append(_copy("files-one", "h1", COPIED, system_identifier="7"))
    made = other(mine, scope=_elsewhere(host="h2", **{**kind, "location": name}))
    made.append(_copy("files-one", "h2", COPIED, system_identifier=number))
    works(made)
    found = reasons(mine, _elsewhere(**kind))
    assert found == ([("changed-since-copy", "CHG-B")] if matters else [])


def _copy(asset: str, host: str, at: datetime, *, place: str | None = None, **machine: Any) -> Any:
    who = Machine(host=host, target=f"ssh://ops@{host}:22", **machine)
    return ev.snapshot(asset, host, "192.0.2.1", at, machine=who, place=place)


def _elsewhere(**first: Any) -> ScopeDocument:
    """The scope with its first asset moved, and the second out of the way."""
    data = ev.scope().model_dump()
    one, two = data["assets"]
    assets = ({**one, **first}, {**two, "host": "h9", "location": f"/{len(str(first))}"})
    return ScopeDocument.model_validate({**data, "assets": assets})


def test_a_record_that_does_not_hold_says_nothing(mine: Made) -> None:
    made = other(mine)
    works(made)
    made.file(2).write_bytes(made.file(2).read_bytes()[:-9] + b'"}]}    ')
    assert reasons(mine) == [("other-change-unreadable", "CHG-B")]


def test_two_starts_do_not_look_at_the_same_moment(
    mine: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    with one_start_at_a_time(mine) as _, ExitStack() as stack:
        monkeypatch.setattr(other_changes, "_LONGEST_WAIT", 0.05)
        with pytest.raises(SluisError) as told:
            stack.enter_context(one_start_at_a_time(replace(mine, change="CHG-B")))
        assert told.value.code == "start-is-held"
    with one_start_at_a_time(mine):
        pass


def test_nothing_is_in_the_way_of_a_change_that_was_handed_over(mine: Made) -> None:
    """Applied and handed over: it does nothing any more, whatever later changes did."""
    planned = Plan(
        plan_object=ev.EMPTY, scope_object=ev.EMPTY, tree_sha256=ev.TREE, steps=1, hosts=("h1",)
    )
    mine.append(planned)
    works(other(mine))
    assert reasons(mine) == [("changed-since-copy", "CHG-B")]
    mine.append(Handover(result="failed", sentence="It failed.", plan_object=ev.EMPTY))
    assert reasons(mine) == [("changed-since-copy", "CHG-B")]
    mine.append(Handover(result="applied", sentence="Done.", plan_object=ev.EMPTY))
    view = mine.ledger.read(datetime(2026, 11, 21, tzinfo=UTC))
    closed = Evidence(view, ev.scope(), None, ev.EMPTY)
    assert other_change_reasons(mine, mine.anchors, closed) == []
    mine.append(planned)  # laid down anew: it is to do something again
    assert reasons(mine) == [("changed-since-copy", "CHG-B")]


def carries_out(mine: Made, *steps: PlanStep, state: Any = "started", **more: Any) -> Made:
    """Another change over both assets, which carries out these steps of its signed plan."""
    made = replace(mine, change="CHG-B")
    scope = ev.scope()
    plan = PlanDocument(
        client=CLIENT, change="CHG-B", playbook="restore.yml", scope_object=scope.digest(),
        tree_sha256=ev.TREE, hosts=("h1", "h2"), steps=steps,
    )  # fmt: skip
    made.objects.put(plan.to_bytes())
    made.append(
        Plan(
            plan_object=plan.digest(), scope_object=made.objects.put(scope.to_bytes()),
            tree_sha256=ev.TREE, steps=len(steps), hosts=("h1", "h2"),
        )
    )  # fmt: skip
    for one in steps:
        said = {"call_sha256": one.call_sha256(), **more}
        made.append(
            Step(step=one.step, host=one.host, state=state, plan_object=plan.digest(), **said)
        )
    return made


def _step(**more: Any) -> PlanStep:
    return ev.step(more.pop("step", "one"), "h1", "192.0.2.1", **more)


def _half(module: str, asset: str, **more: Any) -> PlanStep:
    args = {"asset": asset, "reached": "V6"}
    return _step(step=f"{module}-{asset}".replace("_", "-"), module=module, args=args, **more)


def _back(asset: str) -> tuple[PlanStep, ...]:
    return _half("asset_restore", asset), _half("asset_swap", asset)


def _service(state: str) -> PlanStep:
    return _step(
        step=f"is-{state}",
        module="ansible.builtin.systemd_service",
        args={"name": "a", "state": state},
    )


@pytest.mark.parametrize(
    ("steps", "worked"),
    [
        (_back("files-one"), {"files-one"}),
        (_back("files-two"), {"files-two"}),
        ((_half("tenant_import", "files-two"),), {"files-two"}),
        ((_step(inside=("files-two",)),), {"files-two"}),
        ((_step(inside=("files-one", "files-two")),), {"files-one", "files-two"}),
        ((_service("stopped"), *_back("files-two"), _service("started")), {"files-two"}),
        ((_service("started"),), {"files-one", "files-two"}),
        ((_service("started"), _step(inside=("files-two",))), {"files-one", "files-two"}),
        ((_step(stays="What was done stays."),), {"files-one", "files-two"}),
        ((_step(),), {"files-one", "files-two"}),
        ((_half("own_restore", "files-two"),), {"files-one", "files-two"}),
        ((_half("asset_swap", "elsewhere"),), {"files-one", "files-two"}),
    ],
    ids=[
        "one put back", "the other put back", "imported", "inside one", "inside both",
        "put back with services", "only services", "services of an update", "it stays",
        "nothing said", "somebody's own module", "an asset that is not in the scope",
    ],
)  # fmt: skip
def test_only_what_the_steps_of_a_signed_plan_reach_was_worked_on(
    mine: Made, steps: tuple[PlanStep, ...], worked: set[str]
) -> None:
    mine.append(ev.snapshot("files-two", "h2", "192.0.2.2", mine.now))
    carries_out(mine, *steps)
    assert set(again(mine)) == worked
    assert reasons(mine) == [("changed-since-copy", "CHG-B")]


@pytest.mark.parametrize("spoil", ["plan", "call", "step"])
def test_a_step_that_is_not_the_planned_one_may_have_reached_anything(
    mine: Made, spoil: str
) -> None:
    mine.append(ev.snapshot("files-two", "h2", "192.0.2.2", mine.now))
    steps = _back("files-two")
    more = {"call_sha256": ev.EMPTY} if spoil == "call" else {}
    made = carries_out(mine, *steps, **more)
    if spoil == "plan":
        plan = made.read().latest(Plan)
        assert plan is not None
        made.objects.path(plan.body.plan_object).unlink()
    if spoil == "step":
        plan = made.read().latest(Plan)
        assert plan is not None
        made.append(
            Step(
                step="more", host="h1", state="started", plan_object=plan.body.plan_object,
                call_sha256=steps[0].call_sha256(),
            )
        )  # fmt: skip
    assert again(mine) == {"files-one": "CHG-B", "files-two": "CHG-B"}


@pytest.mark.parametrize(
    ("state", "judgement", "late"),
    [
        ("started", None, True), ("done", None, True), ("failed", None, True),
        ("lost", None, True), ("judged", "counts as done", True), ("judged", "failed", False),
        ("judged", "run again", False),
    ],
)  # fmt: skip
def test_a_step_worked_until_its_end_and_somebody_may_have_done_it_by_hand(
    mine: Made, state: str, judgement: Any, late: bool
) -> None:
    more = {"judgement": judgement} if judgement else {}
    carries_out(mine, _step(inside=("files-one",)), state=state, **more)
    assert again(mine) == ({"files-one": "CHG-B"} if late else {})


def test_only_the_copies_that_another_change_made_old_are_made_anew(mine: Made) -> None:
    mine.append(ev.snapshot("files-two", "h2", "192.0.2.2", mine.now))
    made = carries_out(mine, *_back("files-one"))
    assert again(mine) == {"files-one": "CHG-B"}
    mine.now = made.now + timedelta(hours=1)
    mine.append(ev.snapshot("files-one", "h1", "192.0.2.1", mine.now))
    assert again(mine) == {}
    assert reasons(mine) == []


def _moved(scope: ScopeDocument) -> dict[str, Any]:
    data = scope.model_dump()
    data["assets"] = tuple(
        {**asset, "location": f"/elsewhere{asset['location']}"} for asset in data["assets"]
    )
    return data
