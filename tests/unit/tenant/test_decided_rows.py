"""What is decided of an item that the state knows: every way it can stand, word for word."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from sluis.tenant.import_decisions import Decisions, decide
from sluis.tenant.import_drive import settled_names
from sluis.tenant.import_plan import plan_import
from sluis.tenant.import_policy import ImportPolicy
from sluis.tenant.import_state import Row
from sluis.tenant.set_aside import FOLDER_ID, aside_name
from sluis.tenant.target_tree import Node, TargetTree
from sluis.tenant.tenant_manifest import ManifestLine

WHEN, LATER = "2019-06-30T12:00:00Z", "2026-01-01T00:00:00Z"
URL = "https://session"
POLICY = ImportPolicy(permissions=False)
MEANWHILE = "A file that we did not send came into its place meanwhile."


def _file(path: str, content: str = "x") -> ManifestLine:
    return ManifestLine(
        path=path, type="file", item_id=f"s:{path}", stored=f"content/{path}", size=len(content),
        sha256=f"sha {content}", quickxor=f"xor {content}", modified=WHEN,
    )  # fmt: skip


def _folder(path: str) -> ManifestLine:
    return ManifestLine(path=path, type="folder", item_id=f"s:{path}")


def _tree(*nodes: Node) -> TargetTree:
    tree = TargetTree("root")
    for node in nodes:
        tree.put(node)
    return tree


def _node(path: str, content: str | None = "x", modified: str = WHEN, **more: Any) -> Node:
    parent, _, name = path.rpartition("/")
    facts: dict[str, Any] = {"id": f"t:{path}", "parent": f"t:{parent}" if parent else "root"}
    if content is not None:
        facts |= {"size": len(content), "quickxor": f"xor {content}", "modified": modified}
    return Node(**{**facts, "name": name, "kind": "folder" if content is None else "file", **more})


def _row(path: str, step: str = "sent", content: str = "x", **more: Any) -> Row:
    facts: dict[str, Any] = {
        "target": path, "sha256": f"sha {content}", "size": len(content), "modified": WHEN,
        "target_id": f"t:{path}", "target_size": len(content), "target_quickxor": f"xor {content}",
    }  # fmt: skip
    if step in ("made", "there"):
        facts |= dict.fromkeys(("sha256", "size", "modified", "target_size", "target_quickxor"))
    return Row(f"s:{path}", path, step=step, **{**facts, **more})  # type: ignore[arg-type]


def _decide(
    lines: list[ManifestLine],
    tree: TargetTree,
    *rows: Row,
    base: str | None = "root",
    room: int = 300,
    **policy: Any,
) -> Decisions:
    rules = replace(POLICY, **policy)
    plan = plan_import(lines, rules, url_length=60, settled=settled_names(rows))
    found = decide(plan, rules, tree, rows, base=base, room=room)
    # whatever is done, or said, is about an item of the plan
    planned = (*plan.folders, *plan.files)
    assert all(job.going in planned for job in (*found.folders, *found.files))
    assert {one.path for one in found.conflicts} <= {one.path for one in planned}
    return found


def _jobs(found: Decisions) -> list[tuple[Any, ...]]:
    return [
        (job.action, job.target, job.node.id if job.node else None, job.session_url)
        for job in (*found.folders, *found.files)
    ]


def _whys(found: Decisions) -> list[tuple[str, str, str]]:
    return [(one.path, one.target, one.why) for one in found.conflicts]


def _notes(found: Decisions) -> list[tuple[str, str, str]]:
    return [(one.path, one.target, one.why) for one in found.notes]


SENDING = _row("a", "sending", target_id=None, session_url=URL)


@pytest.mark.parametrize(
    ("row", "there", "content", "conflicts", "jobs", "why"),
    [
        # nothing is there: its session goes on, unless it was another content or place
        (SENDING, None, "x", "fail", [("send", "a", None, URL)], None),
        (SENDING, None, "new", "fail", [("send", "a", None, None)], None),
        (
            replace(SENDING, path="b", target="b"),
            None,
            "x",
            "fail",
            [("send", "a", None, None)],
            None,
        ),
        # what is there is what was announced, by its date or by size and hash
        (SENDING, _node("a", "rewritten"), "x", "fail", [("take over", "a", "t:a", None)], None),
        (SENDING, _node("a", "x", LATER), "x", "fail", [("take over", "a", "t:a", None)], None),
        (SENDING, _node("a", "old"), "new", "fail", [("replace", "a", "t:a", None)], None),
        # a replacement that did not get there
        (
            replace(SENDING, target_id="t:a"),
            _node("a", "older", LATER),
            "x",
            "fail",
            [("replace", "a", "t:a", URL)],
            None,
        ),
        # somebody else's
        (SENDING, _node("a", "other", LATER), "x", "fail", [], MEANWHILE),
        (SENDING, _node("a", "other", LATER), "x", "skip equal", [], MEANWHILE),
        (SENDING, _node("a", None), "x", "fail", [], MEANWHILE),
        (SENDING, _node("a", "other", LATER), "new", "skip equal", [], MEANWHILE),
        # equal to what was to be sent: it is what we sent, whatever is signed about conflicts
        (SENDING, _node("a", "x", LATER), "x", "skip equal", [("take over", "a", "t:a", None)],
         None),
    ],
)  # fmt: skip
def test_an_upload_that_was_broken_off(
    row: Row, there: Node | None, content: str, conflicts: str, jobs: list[Any], why: str | None
) -> None:
    found = _decide([_file("a", content)], _tree(*([there] if there else [])), row,
                    conflicts=conflicts)  # fmt: skip
    assert _jobs(found) == jobs
    assert _whys(found) == ([("a", "a", why)] if why else [])


BOTH_CHANGED = "Its source changed, and so did the file of ours in the target."
#: a file of ours was being replaced by another content, and had this eTag before
OVER_OURS = replace(SENDING, target_id="t:a", target_etag="e1")


@pytest.mark.parametrize(
    ("there", "content", "name", "job", "why"),
    [
        pytest.param(
            _node("a", "older", LATER, etag="e1"), "x", "a", ("replace", URL), None,
            id="nothing-happened-to-it",
        ),
        pytest.param(
            _node("a", "x", LATER, etag="e2"), "x", "a", ("take over", None), None, id="got-there"
        ),
        pytest.param(
            _node("a", "y", WHEN, quickxor=None, etag="e2"), "x", "a", ("take over", None), None,
            id="got-there-and-its-hash-comes-late",
        ),
        pytest.param(
            _node("a", "y", WHEN, etag="e2"), "x", "a", None, BOTH_CHANGED,
            id="somebody-set-the-date-back",
        ),
        pytest.param(
            _node("a", "yy", WHEN, quickxor=None, etag="e2"), "x", "a", None, BOTH_CHANGED,
            id="of-another-length",
        ),
        pytest.param(
            _node("a", "x", WHEN, etag="e2"), "new", "a", ("replace", None), None,
            id="got-there-and-its-source-changed-since",
        ),
        pytest.param(
            _node("a", "xx", WHEN, etag="e2"), "new", "a", None, BOTH_CHANGED,
            id="of-another-length-and-its-source-changed-since",
        ),
        pytest.param(
            _node("a", "edited", LATER, etag="e2"), "x", "a", None, BOTH_CHANGED, id="edited"
        ),
        pytest.param(
            _node("a.docx", "rewritten", WHEN, id="t:a", etag="e2"), "x", "a.docx",
            ("take over", None), None, id="got-there-and-was-rewritten",
        ),
        pytest.param(
            _node("a", "other", LATER, id="t:other", etag="e1"), "x", "a", None, MEANWHILE,
            id="another-stands-there",
        ),
        pytest.param(
            _node("a", "other", LATER, id="t:other", etag="e2"), "x", "a", None, MEANWHILE,
            id="another-of-another-version-stands-there",
        ),
    ],
)  # fmt: skip
def test_a_replacement_that_was_broken_off_goes_over_nobodys_work(
    there: Node, content: str, name: str, job: tuple[str, str | None] | None, why: str | None
) -> None:
    row = replace(OVER_OURS, source_id=f"s:{name}", path=name, target=name)
    found = _decide([_file(name, content)], _tree(there), row)
    assert _jobs(found) == ([(job[0], name, there.id, job[1])] if job else [])
    assert _whys(found) == ([(name, name, why)] if why else [])


@pytest.mark.parametrize(
    ("there", "ours", "untouched"),
    [
        pytest.param({}, {}, True, id="size-date-and-hash"),
        pytest.param({"quickxor": "xor y"}, {"target_etag": None}, False, id="another-hash"),
        pytest.param({"quickxor": None, "etag": "e1"}, {"target_etag": "e1"}, True,
                     id="no-hash-now-and-the-same-version"),
        pytest.param({"quickxor": None, "etag": "e2"}, {"target_etag": "e1"}, False,
                     id="no-hash-now-and-another-version"),
        pytest.param({"quickxor": None}, {}, False, id="no-hash-now-and-versions-unknown"),
        pytest.param({"quickxor": None}, {"target_quickxor": None}, True,
                     id="there-never-was-more-to-compare"),
        pytest.param({"quickxor": None, "etag": "e2"},
                     {"target_quickxor": None, "target_etag": "e1"}, False,
                     id="never-a-hash-and-another-version"),
        pytest.param({"etag": "e2"},
                     {"target_quickxor": None, "target_etag": "e1", "sent_quickxor": "xor x"},
                     True, id="the-hash-came-late"),
        pytest.param({"etag": "e2"},
                     {"target_quickxor": None, "target_etag": "e1", "sent_quickxor": "xor w"},
                     False, id="a-late-hash-is-not-that-of-what-was-sent"),
        pytest.param({"etag": "e1"}, {"target_quickxor": None, "target_etag": "e1"}, True,
                     id="a-hash-came-late-and-the-same-version"),
        pytest.param({"others": ("sha256:sha x", "sha1:any")}, {"sent_quickxor": "xor x"}, True,
                     id="each-hash-that-is-known"),
        pytest.param({"others": ("sha256:sha y",)}, {"sent_quickxor": "xor x"}, False,
                     id="one-hash-of-two"),
    ],
)  # fmt: skip
def test_only_what_nobody_touched_is_replaced(
    there: dict[str, Any], ours: dict[str, Any], untouched: bool
) -> None:
    found = _decide([_file("a", "new")], _tree(_node("a", **there)), _row("a", **ours))
    assert [job.action for job in found.files] == (["replace"] if untouched else [])
    assert _whys(found) == ([] if untouched else [("a", "a", BOTH_CHANGED)])


def test_a_broken_off_upload_is_found_by_its_id_wherever_it_is() -> None:
    moved = _node("b", "x", id="t:a")
    found = _decide([_file("a")], _tree(moved), replace(SENDING, target_id="t:a"))
    assert _jobs(found) == [("take over", "a", "t:a", None)]


EQUAL = _row("a", "equal")


@pytest.mark.parametrize(
    ("there", "content", "row", "jobs", "why"),
    [
        (_node("a"), "x", EQUAL, [("equal", "a", "t:a", None)], None),
        (None, "x", EQUAL, [("send", "a", None, None)], None),
        (
            _node("a"),
            "new",
            EQUAL,
            [],
            "Its source changed, and the file in its place is not ours.",
        ),
        # it stood for another place: this one is looked at as for the first time
        (_node("a"), "x", replace(EQUAL, target="b", path="b"), [], "A file has its name."),
        (None, "x", replace(EQUAL, target_id="t:gone"), [("send", "a", None, None)], None),
        # somebody worked on it since; a hash that is not listed by now is not another one
        (
            _node("a", "edited"),
            "x",
            EQUAL,
            [],
            "The file in its place was equal, and somebody changed it.",
        ),
        (
            _node("a", quickxor=None, etag="e1"),
            "x",
            replace(EQUAL, target_etag="e1"),
            [("equal", "a", "t:a", None)],
            None,
        ),
    ],
)
def test_what_was_there_before_and_equal(
    there: Node | None, content: str, row: Row, jobs: list[Any], why: str | None
) -> None:
    found = _decide([_file("a", content)], _tree(*([there] if there else [])), row)
    assert _jobs(found) == jobs
    assert _whys(found) == ([("a", "a", why)] if why else [])


@pytest.mark.parametrize("content", ["x", "new"])
@pytest.mark.parametrize("taken", [False, True], ids=["free", "taken"])
def test_what_was_equal_and_was_moved_by_its_owner_does_not_stand_for_ours(
    content: str, taken: bool
) -> None:
    """It is sent to its place, which is free by now, or something else is in the way."""
    moved = _node("b", id="t:a")
    tree = _tree(moved, *([_node("a", "other", id="t:other")] if taken else []))
    found = _decide([_file("a", content)], tree, EQUAL)
    assert _jobs(found) == ([] if taken else [("send", "a", None, None)])
    assert _whys(found) == ([("a", "a", "A file has its name.")] if taken else [])
    assert _notes(found) == [
        ("a", "a", "The file that was here and equal was moved or renamed there.")
    ]


@pytest.mark.parametrize(
    ("content", "etag", "jobs"),
    [
        pytest.param("x", "e2", [("move", "Team/a", "t:a", None)], id="went-well"),
        pytest.param(
            "x", "e1", [("move", "Team/a", "t:a", None), ("replace", "Team/a", "t:a", URL)],
            id="never-came",
        ),
        pytest.param(
            "new", "e2", [("move", "Team/a", "t:a", None), ("replace", "Team/a", "t:a", None)],
            id="changed-again",
        ),
    ],
)  # fmt: skip
def test_a_replacement_that_was_interrupted_goes_where_its_source_is_now(
    content: str, etag: str, jobs: list[Any]
) -> None:
    row = _row("a", "sending", session_url=URL, target_etag="e1")
    there = [_node("Team", None), _node("a", etag=etag)]
    line = replace(_file("Team/a", content), item_id="s:a")
    found = _decide([_folder("Team"), line], _tree(*there), row)
    assert _jobs(found) == [("use", "Team", "t:Team", None), *jobs]
    assert not _whys(found)


@pytest.mark.parametrize("etag", ["e1", "e2"], ids=["never-came", "went-well"])
def test_a_replacement_that_was_interrupted_and_moved_in_the_target_is_noted(etag: str) -> None:
    row = _row("a", "sending", session_url=URL, target_etag="e1")
    found = _decide([_file("a")], _tree(_node("b", id="t:a", etag=etag)), row)
    job = ("take over", "a", "t:a", None) if etag == "e2" else ("replace", "a", "t:a", URL)
    assert _jobs(found) == [job]
    assert _notes(found) == [("a", "a", MOVED)]


RESENT = "Somebody deleted this file of ours from the target; it is resent."
MOVED = "Somebody moved or renamed this file of ours in the target."


@pytest.mark.parametrize(
    ("there", "content", "jobs", "why", "note"),
    [
        (_node("a"), "x", [("done", "a", "t:a", None)], None, None),
        (_node("a"), "new", [("replace", "a", "t:a", None)], None, None),
        (_node("a", "edited", LATER), "x", [("done", "a", "t:a", None)], None, None),
        (_node("a", "edited", LATER), "new", [], BOTH_CHANGED, None),
        (_node("a", "x", LATER), "new", [], BOTH_CHANGED, None),
        (_node("a", "y"), "new", [], BOTH_CHANGED, None),
        (None, "x", [("send", "a", None, None)], None, RESENT),
        (_node("b", id="t:a"), "x", [("done", "a", "t:a", None)], None, MOVED),
        (_node("b", id="t:a"), "new", [("replace", "a", "t:a", None)], None, MOVED),
    ],
)
def test_what_is_ours(
    there: Node | None, content: str, jobs: list[Any], why: str | None, note: str | None
) -> None:
    found = _decide([_file("a", content)], _tree(*([there] if there else [])), _row("a"))
    assert _jobs(found) == jobs
    assert _whys(found) == ([("a", "a", why)] if why else [])
    assert _notes(found) == ([("a", "a", note)] if note else [])


@pytest.mark.parametrize(
    ("content", "jobs"),
    [
        ("x", [("move", "new", "t:a", None)]),
        ("other", [("move", "new", "t:a", None), ("replace", "new", "t:a", None)]),
    ],
)
def test_what_was_renamed_at_the_source_is_moved_and_then_sent(content: str, jobs: Any) -> None:
    row = replace(_row("a"), source_id="s:new")
    tree = _tree(_node("a"))
    found = _decide([_file("new", content)], tree, row)
    assert (_jobs(found), found.conflicts, found.notes) == (jobs, [], [])
    assert tree.at("a") is None
    node = tree.at("new")
    assert node is not None
    assert (node.id, node.name, node.parent) == ("t:a", "new", "root")


def test_what_was_moved_into_a_folder_that_is_still_to_be_made() -> None:
    row = replace(_row("a"), source_id="s:f/a")
    tree = _tree(_node("a"))
    found = _decide([_folder("f"), _folder("f/g"), _file("f/g/a")], tree,
                    replace(row, source_id="s:f/g/a"))  # fmt: skip
    assert _jobs(found) == [
        ("make", "f", None, None), ("make", "f/g", None, None), ("move", "f/g/a", "t:a", None),
    ]  # fmt: skip
    # whoever looks at the tree now sees it there, and in folders
    assert [(path, node.kind) for path, node in tree.below("root")] == [
        ("f", "folder"), ("f/g", "folder"), ("f/g/a", "file"),
    ]  # fmt: skip


@pytest.mark.parametrize("content", ["x", "other"])
def test_a_place_that_is_taken_is_not_moved_into(content: str) -> None:
    row = replace(_row("a"), source_id="s:new")
    found = _decide([_file("new", content)], _tree(_node("a"), _node("new")), row)
    assert _whys(found) == [("new", "new", "It moved at the source, and its new place is taken.")]
    assert ("move", "new", "t:a", None) not in _jobs(found)


def test_another_spelling_of_its_own_name_is_no_taken_place() -> None:
    row = replace(_row("A"), source_id="s:a", path="A")
    found = _decide([_file("a")], _tree(_node("A")), row)
    assert _jobs(found) == [("move", "a", "t:A", None)]


def test_a_folder_is_not_moved_into_a_place_that_is_taken() -> None:
    row = replace(_row("g", "made"), source_id="s:f")
    found = _decide([_folder("f")], _tree(_node("g", None), _node("f", None)), row)
    assert _whys(found) == [("f", "f", "It moved at the source, and its new place is taken.")]
    assert _jobs(found) == []


@pytest.mark.parametrize(
    ("row", "there", "jobs", "note"),
    [
        (_row("f", "made"), _node("f", None), [("use", "f", "t:f", None)], None),
        (None, _node("f", None), [("use", "f", "t:f", None)], None),
        (None, None, [("make", "f", None, None)], None),
        (
            _row("f", "made"), _node("g", None, id="t:f"), [("make", "f", None, None)],
            "Somebody moved or renamed this folder of ours in the target.",
        ),
        (_row("f", "there"), _node("g", None, id="t:f"), [("make", "f", None, None)], None),
        (
            replace(_row("g", "made"), source_id="s:f"), _node("g", None),
            [("move", "f", "t:g", None)], None,
        ),
        (_row("f", "made"), None, [("make", "f", None, None)], None),
    ],
)  # fmt: skip
def test_a_folder(row: Row | None, there: Node | None, jobs: list[Any], note: str | None) -> None:
    found = _decide([_folder("f")], _tree(*([there] if there else [])), *([row] if row else []))
    assert _jobs(found) == jobs
    assert _notes(found) == ([("f", "f", note)] if note else [])
    assert found.conflicts == []


STILL = (
    "A folder of ours that was moved or renamed at the source still stands in its place."
    " Move or rename that one in the target as at the source, and run again."
)


@pytest.mark.parametrize(
    ("old", "new", "step", "stands", "jobs", "why"),
    [
        pytest.param("a", "b", "made", "a", [("move", "b", "t:a", None)], STILL, id="renamed"),
        pytest.param("z", "b", "made", "z", [("move", "b", "t:z", None)], STILL,
                     id="renamed-and-moved-before-its-old-place-is-looked-at"),
        pytest.param("a", "b", "made", "b", [("make", "a", None, None), ("use", "b", "t:a", None)],
                     None, id="somebody-renamed-it-in-the-target-as-well"),
        pytest.param("a", "b", "there", "a", [("use", "a", "t:a", None), ("make", "b", None, None)],
                     None, id="it-is-not-ours-and-stays"),
    ],
)  # fmt: skip
def test_nothing_is_put_into_a_folder_that_moves_away(
    old: str, new: str, step: str, stands: str, jobs: list[Any], why: str | None
) -> None:
    """A folder got another name at the source, and a new one took the old name."""
    row = _row(old, step, target_id=f"t:{old}")
    lines = [replace(_folder(old), item_id="s:new"), replace(_folder(new), item_id=f"s:{old}"),
             _file(f"{old}/x")]  # fmt: skip
    found = _decide(lines, _tree(_node(stands, None, id=f"t:{old}")), row)
    assert [job for job in _jobs(found) if job[0] != "send"] == jobs
    assert _whys(found) == ([(old, old, why)] if why else [])


def test_a_file_where_a_folder_belongs_and_the_other_way_round() -> None:
    found = _decide([_folder("f")], _tree(_node("f")))
    assert _whys(found) == [("f", "f", "A file stands where this folder belongs.")]
    found = _decide([_file("f")], _tree(_node("f", None)))
    assert _whys(found) == [("f", "f", "A folder or package stands where this file belongs.")]
    for step in ("made", "there"):
        found = _decide([_file("f")], _tree(), _row("f", step))
        # a folder of that id was there, and no file of ours that somebody could have deleted
        assert (_jobs(found), _notes(found)) == ([("send", "f", None, None)], [])


@pytest.mark.parametrize(
    ("gone", "row", "there", "aside", "note"),
    [
        ("set aside", _row("a"), _node("a", etag="e1"), True, None),
        ("keep", _row("a"), _node("a"), False, None),
        ("stop", _row("a"), _node("a"), False, None),
        ("set aside", _row("a"), None, False, None),
        ("set aside", _row("a", "made"), _node("a", None), False, None),
        ("set aside", _row("a", "equal"), _node("a"), False, None),
        ("set aside", _row("a", "sending"), _node("a"), False, None),
        ("set aside", _row("a", "aside"), _node("a"), False, None),
        (
            "set aside",
            _row("a"),
            _node("a", "edited"),
            False,
            "Its original was removed, and somebody worked on it in the target; it stays.",
        ),
    ],
)
def test_what_the_manifest_names_no_more(
    gone: str, row: Row, there: Node | None, aside: bool, note: str | None
) -> None:
    tree = _tree(*([there] if there else []))
    found = _decide([], tree, row, gone=gone)
    assert found.gone == [row]
    # with its version: who edits it before it is moved keeps it where it is
    assert [(one.row, one.name, one.etag) for one in found.aside] == (
        [(row, aside_name(row), "e1")] if aside else []
    )
    assert _notes(found) == ([("a", "a", note)] if note else [])
    assert (tree.at("a") is None) == (aside or there is None)
    assert _jobs(found) == []


def test_the_folder_for_what_is_set_aside_is_not_gone() -> None:
    row = replace(_row("Removed", "made"), source_id=FOLDER_ID)
    assert _decide([], _tree(_node("Removed", None)), row, gone="set aside").gone == []


def test_the_place_of_what_was_set_aside_is_free_for_another() -> None:
    row = replace(_row("a"), source_id="s:older")
    found = _decide([_file("a", "new")], _tree(_node("a")), replace(row, path="older"),
                    gone="set aside")  # fmt: skip
    assert [one.row.path for one in found.aside] == ["older"]
    assert _jobs(found) == [("send", "a", None, None)]


@pytest.mark.parametrize("step", ["sent", "equal", "sending", "aside", "made"])
def test_an_item_that_was_deleted_and_made_again_is_the_same(step: str) -> None:
    row = replace(_row("a", step), source_id="s:old")
    found = _decide([_file("a")], _tree(_node("a")), row)
    same = step in ("sent", "equal", "sending")
    assert found.renewed == ([("s:old", "s:a")] if same else [])
    assert [one.source_id for one in found.gone] == ([] if same else ["s:old"])


def test_below_a_folder_that_is_still_to_be_made_everything_is_free() -> None:
    found = _decide([_folder("f"), _file("f/a"), _file("b")], _tree(_node("b")), base=None)
    assert _jobs(found) == [
        ("make", "f", None, None), ("send", "b", None, None), ("send", "f/a", None, None),
    ]  # fmt: skip


def test_only_what_is_sent_counts_in_bytes() -> None:
    lines = [_file("a", "12345"), _file("b", "123"), _file("c", "1234567")]
    rows = [_row("b", content="old"), _row("c", content="1234567")]
    found = _decide(lines, _tree(_node("b", "old"), _node("c", "1234567")), *rows)
    assert {job.action for job in found.files} == {"send", "replace", "done"}
    assert found.bytes == 8


def test_the_targets_folder_is_all_that_is_looked_at() -> None:
    """What has the same names beside it is nobody's business."""
    lines = [_folder("f"), _file("a"), _file("f/b")]
    nodes = [_node("Here", None), _node("f", None), _node("a", "other"), _node("b")]
    inside = [_node("Here/f", None), _node("Here/f/b", "x")]
    rows = [_row("f", "made", target_id="t:Here/f"), _row("f/b", target_id="t:Here/f/b")]
    found = _decide(lines, _tree(*nodes, *inside), *rows, base="t:Here")
    assert (found.conflicts, found.notes) == ([], [])
    assert _jobs(found) == [
        ("use", "f", "t:Here/f", None), ("send", "a", None, None),
        ("done", "f/b", "t:Here/f/b", None),
    ]  # fmt: skip


def _marked(source_id: str) -> str:
    return hashlib.sha256(source_id.encode("utf-8", "surrogatepass")).hexdigest()[:8]


MARK = _marked("s:1")
BOTH_TAKEN = "Its place and the marked name beside it are both taken."


@pytest.mark.parametrize(
    ("path", "room", "target"),
    [
        pytest.param("a.txt", 300, f"a~{MARK}.txt", id="whole"),
        pytest.param("abcdef.txt", 16, f"abc~{MARK}.txt", id="cut-to-the-room"),
        pytest.param("d/abcdef.txt", 18, f"d/abc~{MARK}.txt", id="its-folder-takes-room-too"),
        pytest.param("a.txt", 14, f"a~{MARK}.txt", id="just-fits"),
        pytest.param("a.txt", 13, None, id="does-not-fit"),
        pytest.param("d/a.txt", 16, f"d/a~{MARK}.txt", id="just-fits-in-a-folder"),
        pytest.param("d/a.txt", 15, None, id="does-not-fit-in-a-folder"),
    ],
)
def test_what_goes_beside_a_taken_name_has_a_mark_and_room(
    path: str, room: int, target: str | None
) -> None:
    tree = _tree(_node("d", None), _node(path, "other"))
    lines = [replace(_file(path), item_id="s:1"), _folder("d")]
    found = _decide(lines, tree, conflicts="keep both", room=room)
    assert [(one.action, one.target) for one in found.files] == (
        [("send", target)] if target else []
    )
    assert _whys(found) == ([] if target else [(path, path, BOTH_TAKEN)])


def test_the_marked_name_can_be_taken_as_well() -> None:
    tree = _tree(_node("a.txt", "other"), _node(f"a~{MARK}.txt", "other"))
    found = _decide([replace(_file("a.txt"), item_id="s:1")], tree, conflicts="keep both")
    assert (_jobs(found), _whys(found)) == ([], [("a.txt", "a.txt", BOTH_TAKEN)])


def test_an_id_that_is_no_text_gives_a_mark_as_well() -> None:
    """The ids of an SFTP source are paths, and those can be any bytes."""
    found = _decide([replace(_file("a"), item_id="s:\udcff")], _tree(_node("a", "other")),
                    conflicts="keep both")  # fmt: skip
    assert [one.target for one in found.files] == [f"a~{_marked('s:' + chr(0xDCFF))}"]


@pytest.mark.parametrize("folder", ["", "d/", "d/e/"])
def test_what_is_sent_beside_a_taken_name_takes_that_name(folder: str) -> None:
    """Another item has exactly that name at the source, and is to go there."""
    taken = f"{folder}a~{MARK}"
    lines = [_folder("d"), _folder("d/e"), replace(_file(f"{folder}a"), item_id="s:1"),
             replace(_file(taken), item_id="s:2")]  # fmt: skip
    tree = _tree(_node("d", None), _node("d/e", None), _node(f"{folder}a", "other"))
    found = _decide(lines, tree, conflicts="keep both")
    assert [(job.going.source_id, job.target) for job in found.files] == [
        ("s:1", taken), ("s:2", f"{taken}~{_marked('s:2')}"),
    ]  # fmt: skip


def test_what_went_beside_a_taken_name_stays_there() -> None:
    """Also when it was renamed at the source, and goes to the same place by the rules for names."""
    beside = f"a_~{_marked('s:a_')}"
    row = replace(_row("a_", target=beside, target_id=f"t:{beside}"), path="a*")
    found = _decide([_file("a_")], _tree(_node("a_", "other"), _node(beside)), row,
                    conflicts="keep both")  # fmt: skip
    assert _jobs(found) == [("done", beside, f"t:{beside}", None)]
    assert (found.conflicts, found.notes) == ([], [])


@pytest.mark.parametrize(
    ("there", "more", "equal"),
    [
        pytest.param(_node("a"), {}, True, id="size-and-hash"),
        pytest.param(_node("a", "y"), {}, False, id="another-hash"),
        pytest.param(_node("a", size=2), {}, False, id="another-size"),
        pytest.param(_node("a", quickxor=None), {}, False, id="no-hash-in-the-target"),
        pytest.param(_node("a", quickxor=None), {"quickxor": None}, False, id="no-hash-at-all"),
    ],
)
def test_only_what_is_known_to_be_equal_is_taken_for_equal(
    there: Node, more: dict[str, Any], equal: bool
) -> None:
    found = _decide([replace(_file("a"), **more)], _tree(there), conflicts="skip equal")
    assert _jobs(found) == ([("equal", "a", "t:a", None)] if equal else [])
    assert _whys(found) == ([] if equal else [("a", "a", "A file that is not equal has its name.")])
