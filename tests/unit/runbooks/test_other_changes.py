"""Two changes of one client that reach the same data keep out of each other's way."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sluis.errors import SluisError
from sluis.evidence.predicates import Handover, Machine, Plan, Step
from sluis.gate.demand import Evidence
from sluis.places import Places
from sluis.runbook import other_changes
from sluis.runbook.lock import take_lock
from sluis.runbook.other_changes import one_start_at_a_time, other_change_reasons
from sluis.runbook.run import OpenDossier, Run
from sluis.scope.model import ScopeDocument
from support import evidence_made as ev
from support.dossiers import CLIENT, Made, make

COPIED = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    made = make(tmp_path, change="CHG-A", begin=COPIED - timedelta(days=1))
    made.now = COPIED
    made.append(ev.snapshot("files-one", "h1", "192.0.2.1", COPIED))
    monkeypatch.setattr(other_changes, "now", lambda: datetime(2026, 11, 21, tzinfo=UTC))
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
    run = Run(Places(mine.root), CLIENT, "CHG-A", "apply", "update.yml", ("h1",), ())
    dossier = OpenDossier(mine.dossier, mine.ledger, mine.objects, mine.anchors, mine.key)
    view = mine.ledger.read(datetime(2026, 11, 21, tzinfo=UTC))
    found = other_change_reasons(run, dossier, Evidence(view, scope or ev.scope(), None, None))
    return [(item.code, item.about) for item in found]


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
    long_ago = (COPIED - timedelta(days=3)).timestamp()
    os.utime(old.dossier / "statements", (long_ago, long_ago))
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
    run = Run(Places(mine.root), CLIENT, "CHG-A", "apply", "update.yml", ("h1",), ())
    with one_start_at_a_time(run) as _, ExitStack() as stack:
        monkeypatch.setattr(other_changes, "_LONGEST_WAIT", 0.05)
        with pytest.raises(SluisError) as told:
            stack.enter_context(one_start_at_a_time(replace(run, change="CHG-B")))
        assert told.value.code == "start-is-held"
    with one_start_at_a_time(run):
        pass


def _moved(scope: ScopeDocument) -> dict[str, Any]:
    data = scope.model_dump()
    data["assets"] = tuple(
        {**asset, "location": f"/elsewhere{asset['location']}"} for asset in data["assets"]
    )
    return data
