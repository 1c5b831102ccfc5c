"""Which item of the target belongs to a line of the manifest, and what its line then says."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from sluis.tenant import reconcile
from sluis.tenant.compare_content import Verdict
from sluis.tenant.import_plan import Going
from sluis.tenant.import_policy import ImportPolicy, Target
from sluis.tenant.import_state import Row
from sluis.tenant.reconcile import _Pair, _Run
from sluis.tenant.reconciliation import Line, Reconciliation
from sluis.tenant.rights_left import RightLeft
from sluis.tenant.sealed_files import MAY_NOT_OPEN
from sluis.tenant.target_tree import Node, TargetTree
from sluis.tenant.tenant_manifest import ManifestLine

NOBODY_LINK = {"link": {"scope": "users", "type": "view"}, "grantedToIdentitiesV2": []}


def tree_of(*nodes: Node) -> TargetTree:
    tree = TargetTree("root")
    for node in nodes:
        tree.put(node)
    return tree


IN = Node("t:in", "root", "Archief", "folder")
SUB = Node("t:sub", "t:in", "Brieven", "folder")


def run_in(tree: TargetTree, folder: str = "archief") -> _Run:
    """A reconciliation of a target folder, without a service behind it."""
    result = Reconciliation("drive", folder, "d" * 64, "every byte")
    nothing = cast("Any", None)
    return _Run(nothing, Target("drive", folder), tree, nothing, nothing, nothing, result, nothing)


def file(path: str = "brieven/x.txt", **more: Any) -> ManifestLine:
    return ManifestLine(
        path=path, type="file", item_id="s:x", stored="x", size=1, sha256="a" * 64, **more
    )


def going(line: ManifestLine | None, path: str = "brieven/x.txt") -> Going:
    return Going("s:x", path, path, line)


def row(step: str = "sent", **more: Any) -> Row:
    return Row("s:x", "brieven/x.txt", "brieven/x.txt", step, target_id="t:x", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("folder", "spelled"), [("archief", "Archief"), ("Elders", "Elders"), ("", "")]
)
def test_a_target_folder_is_asked_for_as_the_target_spells_it(folder: str, spelled: str) -> None:
    assert run_in(tree_of(IN), folder).folder == spelled


def test_what_lies_where_it_should_is_paired_with_its_place() -> None:
    here = Node("t:x", "t:sub", "X.TXT", "file")
    run = run_in(tree_of(IN, SUB, here))
    mine, rows = going(file()), {"s:x": row()}
    assert run._pair(mine, rows) == _Pair(mine, "brieven/x.txt", here, rows["s:x"])
    assert run._pair(mine, {}) == _Pair(mine, "brieven/x.txt", here, None)


def test_of_two_in_one_place_the_one_that_we_sent_is_meant() -> None:
    """A second item of that name came first in the listing; ours is known by its id."""
    first, ours = Node("t:a", "t:sub", "x.txt", "file"), Node("t:x", "t:sub", "x.txt", "file")
    run = run_in(tree_of(IN, SUB, first, ours))
    mine, rows = going(file()), {"s:x": row()}
    assert run._pair(mine, rows) == _Pair(mine, "brieven/x.txt", ours, rows["s:x"])


@pytest.mark.parametrize(
    ("parent", "elsewhere"),
    [("t:in", "y.txt"), ("root", "/y.txt"), ("nowhere", "/y.txt")],
    ids=["in the folder", "beside it", "in no folder"],
)
def test_what_was_moved_in_the_target_is_found_by_its_id(parent: str, elsewhere: str) -> None:
    moved = Node("t:x", parent, "y.txt", "file")
    run = run_in(tree_of(IN, SUB, moved))
    mine, rows = going(file()), {"s:x": row()}
    assert run._pair(mine, rows) == _Pair(mine, "brieven/x.txt", moved, rows["s:x"], elsewhere)


def line_of(pair: _Pair, verdict: Verdict | None = None) -> Line:
    run = run_in(tree_of(IN))
    run.state = cast("Any", SimpleNamespace(keep=lambda _: None))

    async def content(*_: Any) -> Verdict:
        assert verdict is not None
        return verdict

    run._content = content  # type: ignore[method-assign]
    return asyncio.run(run._line(pair, 0, None))


def notes_of(**more: Any) -> Sequence[str]:
    node = Node("t:x", "t:sub", "x.txt", "file")
    pair = _Pair(going(file(**more)), "brieven/x.txt", node, None)
    return line_of(pair, Verdict("equal", "every byte")).notes


def test_each_thing_worth_knowing_is_noted_beside_the_others() -> None:
    unknown = "Who could reach it at the source is not known; here it is as its folder."
    (nobody,) = notes_of(permissions=[NOBODY_LINK])
    assert "names nobody" in nobody
    assert notes_of() == ()
    assert notes_of(sealed="label") == (MAY_NOT_OPEN,)
    all_of_it = notes_of(permissions=[NOBODY_LINK], rights_why="no", sealed="label")
    assert all_of_it == (unknown, nobody, MAY_NOT_OPEN)


def test_a_notebook_that_was_moved_says_both() -> None:
    package = ManifestLine(path="b", type="package", item_id="s:x")
    node = Node("t:x", "root", "Elders", "folder")
    pair = _Pair(Going("s:x", "b", "b", package), "b", node, None, "/Elders")
    found = line_of(pair)
    told = (found.path, found.target, found.type, found.category, found.basis)
    assert told == ("b", "/Elders", "folder", "differs", "the listing")
    assert "it is at '/Elders' now" in found.why
    assert [note[:20] for note in found.notes] == ["A OneNote notebook i"]
    sealed = line_of(_Pair(going(None, "b"), "b", node, None, "/Elders"))
    assert sealed.notes == ()


@pytest.mark.parametrize(
    ("category", "said"),
    [("equal", "What is in it is as it was exported."), ("differs", "Other bytes.")],
)
def test_a_file_that_was_moved_is_looked_into_all_the_same(category: Any, said: str) -> None:
    node = Node("t:x", "t:in", "y.txt", "file")
    pair = _Pair(going(file(sealed="label")), "brieven/x.txt", node, None, "y.txt")
    found = line_of(pair, Verdict(category, "every byte", "Other bytes.", ("A note.",)))
    told = (found.path, found.target, found.type, found.category, found.basis)
    assert told == ("brieven/x.txt", "y.txt", "file", "differs", "every byte")
    assert found.why.endswith(f"apply again. {said}")
    assert found.notes == (MAY_NOT_OPEN, "A note.")


def test_a_right_that_nobody_signed_for_is_missing_with_whose_it_is() -> None:
    run = run_in(tree_of(IN))
    left = RightLeft("x.txt", "anna@example.org", "Anna", "write", "unmapped-principal", "no map")
    run._not_given([left], ImportPolicy(leave_out=frozenset({"unmapped-principal"})))
    assert (run.result.rights_left, run.result.rights_missing) == ([left], [])
    run._not_given([left], ImportPolicy())
    (missing,) = run.result.rights_missing
    assert (missing.path, missing.recipient, missing.role) == ("x.txt", left.principal, "write")
    assert "nobody signed for that: no map." in missing.why


@pytest.mark.parametrize("folder", ["archief", "Elders"], ids=["a folder", "not there yet"])
def test_rights_are_held_against_those_of_the_targets_folder(
    monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    """What is shared and ours is looked at without a line, too; only what is ours has surplus."""
    asked: list[tuple[str, Any]] = []
    of: dict[str, tuple[Any, ...]] = {"s:x": (), "s:y": ("an invite",)}

    async def of_place(_graph: Any, _drive: str, base: str) -> Any:
        asked.append(("place", base))
        return "the rights of that folder"

    async def compare(_graph: Any, _drive: str, item: str, _path: str, invites: Any, _: Any) -> Any:
        asked.append((item, invites))
        return [f"missing {item}"], [f"surplus {item}"]

    monkeypatch.setattr(reconcile, "rights_of_place", of_place)
    monkeypatch.setattr(reconcile, "compare_rights", compare)
    monkeypatch.setattr(reconcile, "rights_of", lambda line, *_, **__: (of[line.item_id], ()))
    run = run_in(tree_of(IN), folder)
    shared = Node("t:x", "t:in", "x", "folder", shared=True)
    other = replace(file("y.txt"), item_id="s:y")
    pairs = [
        _Pair(going(None, "x"), "x", shared, row("made")),
        _Pair(going(None, "x"), "x", replace(shared, id="t:there"), row("there")),
        _Pair(going(other, "y.txt"), "y.txt", replace(shared, id="t:y"), None),
    ]
    asyncio.run(run._rights(pairs, ImportPolicy()))
    place = ("place", "t:in" if folder == "archief" else "root")
    assert asked == [place, ("t:x", ()), ("t:y", ("an invite",))]
    assert run.result.rights_looked_at == 2
    assert cast("Any", run.result.rights_missing) == ["missing t:x", "missing t:y"]
    assert cast("Any", run.result.rights_surplus) == ["surplus t:x"]
