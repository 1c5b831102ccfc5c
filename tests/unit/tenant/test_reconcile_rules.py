"""What a reconciliation makes of what stayed behind and of what nobody expected."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sluis.tenant.import_plan import ImportPlan, plan_import
from sluis.tenant.import_policy import ImportPolicy
from sluis.tenant.import_state import Row
from sluis.tenant.name_rules import NameRules
from sluis.tenant.reconcile import _gone, _left_out, _Run, _what_is_extra
from sluis.tenant.reconciliation import Line, Reconciliation
from sluis.tenant.set_aside import FOLDER_ID
from sluis.tenant.target_tree import Node, TargetTree
from sluis.tenant.tenant_manifest import COULD_NOT, ManifestLine

#: by reason, an item that stays behind for it
_STAYS = {
    "shortcut": ManifestLine(path="s", type="shortcut", item_id="1"),
    "could-not-be-had": ManifestLine(
        path="c.txt", type="file", item_id="2", state=COULD_NOT, why="The service found malware."
    ),
    "corrupt": ManifestLine(
        path="k.txt", type="file", item_id="3", stored="k", size=1, sha256="a" * 64, check="corrupt"
    ),
    "too-large": ManifestLine(
        path="big.iso", type="file", item_id="4", stored="b", size=11, sha256="b" * 64
    ),
    "name-refused": ManifestLine(
        path="a*b", type="file", item_id="5", stored="n", size=1, sha256="c" * 64
    ),
}


_NAMES = NameRules(characters="refuse")


def _policy(*leave_out: str) -> ImportPolicy:
    return ImportPolicy(
        permissions=False, leave_out=frozenset(leave_out), largest_file=10, names=_NAMES
    )


def _result() -> Reconciliation:
    return Reconciliation("drive", "", "d" * 64, "every byte")


def _plan(policy: ImportPolicy, *lines: ManifestLine) -> ImportPlan:
    return plan_import(lines, policy, url_length=60)


@pytest.mark.parametrize("signed", [*_STAYS, "unmapped-principal", None])
def test_T37_a_signed_reason_excuses_its_own_items_and_no_others(signed: str | None) -> None:
    policy = _policy(*([signed] if signed else []))
    plan = _plan(policy, *_STAYS.values())
    assert {one.code for one in plan.left_out} == set(_STAYS)
    result = _result()
    _left_out(result, plan, policy)
    assert [one.code for one in result.left_out] == ([signed] if signed in _STAYS else [])
    others = {line.path for code, line in _STAYS.items() if code != signed}
    assert {line.path for line in result.lines} == others
    assert {line.category for line in result.lines} == {"missing"}
    assert all("nobody signed for that" in line.why for line in result.lines)
    assert not result.sound


def test_T37_what_was_signed_for_is_in_no_line() -> None:
    policy = _policy(*_STAYS)
    result = _result()
    _left_out(result, _plan(policy, *_STAYS.values()), policy)
    assert (result.lines, len(result.left_out), result.sound) == ([], len(_STAYS), True)


def _row(step: str = "sent", **more: object) -> Row:
    return Row("s:x", "x.txt", "x.txt", step, target_id="t:x", **more)  # type: ignore[arg-type]


_FILE = Node("t:x", "root", "x.txt", "file")
_FOLDER = Node("t:x", "root", "x", "folder")


@pytest.mark.parametrize(
    ("gone", "node", "row", "category"),
    [
        ("stop", _FILE, None, "extra"),
        ("keep", _FILE, None, "extra"),
        ("set aside", _FILE, None, "extra"),
        ("stop", _FILE, _row(), "extra"),
        ("stop", _FILE, _row("aside"), "extra"),
        ("stop", _FOLDER, _row("made"), "extra"),
        ("keep", _FILE, _row(), "removed at the source"),
        ("keep", _FOLDER, _row("made"), "removed at the source"),
        ("set aside", _FILE, _row(), "extra"),  # it was not moved: somebody worked on it
        ("set aside", _FILE, _row("sending"), "extra"),
        ("set aside", _FILE, _row("aside"), "removed at the source"),
        ("set aside", _FOLDER, _row("made"), "removed at the source"),
        ("stop", _FOLDER, replace(_row("made"), source_id=FOLDER_ID), "removed at the source"),
    ],
)
def test_T37_what_is_left_in_the_target_needs_its_own_signed_rule(
    gone: str, node: Node, row: Row | None, category: str
) -> None:
    policy = ImportPolicy(gone=gone)  # type: ignore[arg-type]
    found, why = _what_is_extra(node, row, policy)
    assert found == category
    assert why


def test_only_what_the_manifest_does_not_name_is_gone() -> None:
    policy = ImportPolicy(permissions=False)
    there = ManifestLine(
        path="x.txt", type="file", item_id="s:x", stored="x", size=1, sha256="a" * 64
    )
    other = replace(_row(), source_id="s:y", target_id="t:y")
    never = replace(_row(), source_id="s:z", target_id=None)
    rows = {row.source_id: row for row in (_row(), other, never)}
    assert _gone(_plan(policy, there), rows) == {"t:y": other}


def _extras(before: frozenset[str], gone: dict[str, Row], policy: ImportPolicy) -> Reconciliation:
    tree = TargetTree("root")
    for node in (
        Node("t:in", "root", "In", "folder"),
        Node("t:seen", "t:in", "seen.txt", "file"),
        Node("t:x", "t:in", "moved.txt", "file"),
        Node("t:new", "t:in", "new.txt", "file"),
        Node("t:out", "root", "out.txt", "file"),
    ):
        tree.put(node)
    run = _Run.__new__(_Run)
    run.tree, run.base, run.result, run.seen = tree, "t:in", _result(), {"t:seen"}
    run.extras(before, gone, policy)
    return run.result


def test_everything_below_the_targets_folder_is_in_a_line_or_was_there_before() -> None:
    policy = ImportPolicy(gone="keep")
    result = _extras(frozenset(), {"t:x": _row()}, policy)
    assert [(line.path, line.target, line.type, line.category) for line in result.lines] == [
        ("new.txt", "new.txt", "file", "extra"),
        ("x.txt", "moved.txt", "file", "removed at the source"),
    ]
    assert (result.there_before, result.sound) == (0, False)
    result = _extras(frozenset({"t:new", "t:seen"}), {"t:x": _row()}, policy)
    assert [line.path for line in result.lines] == ["x.txt"]
    assert (result.there_before, result.sound) == (1, True)


@pytest.mark.parametrize("gone", ["stop", "keep", "set aside"])
def test_W12_folders_that_nobody_knows_are_named_and_stop_the_hand_over(gone: str) -> None:
    run = _Run.__new__(_Run)
    run.tree, run.base, run.result, run.seen = TargetTree("root"), "root", _result(), {"t:known"}
    for node in (
        Node("t:known", "root", "Known", "folder"),
        Node("t:empty", "root", "Empty", "folder"),
        Node("t:deep", "t:empty", "Deep", "folder"),
        Node("t:inside", "t:known", "Inside", "folder"),
        Node("t:book", "t:known", "Notebook", "other"),
        Node("t:before", "root", "Before", "folder"),
    ):
        run.tree.put(node)
    run.extras(frozenset({"t:before"}), {}, ImportPolicy(gone=gone))  # type: ignore[arg-type]
    assert sorted((line.path, line.type, line.category) for line in run.result.lines) == [
        ("Empty", "folder", "extra"),
        ("Empty/Deep", "folder", "extra"),
        ("Known/Inside", "folder", "extra"),
        ("Known/Notebook", "other", "extra"),
    ]
    assert run.result.there_before == 1
    assert not run.result.sound


def test_a_target_folder_that_is_not_there_holds_nothing() -> None:
    run = _Run.__new__(_Run)
    run.tree, run.base, run.result, run.seen = TargetTree("root"), None, _result(), set()
    run.tree.put(Node("t:x", "root", "x", "file"))
    run.extras(frozenset(), {}, ImportPolicy())
    assert run.result.lines == []


@pytest.mark.parametrize("category", ["differs", "missing", "extra"])
def test_one_line_that_is_not_sound_stops_the_hand_over(tmp_path: Path, category: str) -> None:
    result = _result()
    result.lines += [
        Line("a", "a", "file", "equal", "every byte"),
        Line("b", "b", "file", "rewritten by the service", "every byte", "why"),
        Line("c", "c", "file", "removed at the source", "the listing", "why"),
    ]
    assert result.sound
    result.lines.append(Line("d", "d", "file", category, "the listing", "why"))  # type: ignore[arg-type]
    assert not result.sound
