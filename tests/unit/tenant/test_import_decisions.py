from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluis.errors import InputError
from sluis.tenant.import_decisions import Decisions, Job, _same_bytes, decide, same_time
from sluis.tenant.import_drive import settled_names
from sluis.tenant.import_plan import Going, plan_import
from sluis.tenant.import_policy import ImportPolicy, Target
from sluis.tenant.import_state import Row
from sluis.tenant.target_tree import Node, TargetTree
from sluis.tenant.tenant_manifest import COULD_NOT, ManifestLine

_WHEN = "2019-06-30T12:00:00Z"
_POLICY = ImportPolicy(permissions=False)


def _file(path, content="x", **more):
    return ManifestLine(
        path=path, type="file", item_id=f"s:{path}", stored=f"content/{path}", size=len(content),
        sha256=f"sha {content}", quickxor=f"xor {content}", modified=_WHEN, **more,
    )  # fmt: skip


def _folder(path):
    return ManifestLine(path=path, type="folder", item_id=f"s:{path}")


def _tree(*nodes):
    tree = TargetTree("root")
    for path, kind, more in nodes:
        parent, _, name = path.rpartition("/")
        above = tree.at(parent)
        tree.put(Node(f"t:{path}", above.id, name, kind, **more))
    return tree


def _there(path, content="x", modified=_WHEN):
    return path, "file", {
        "size": len(content), "quickxor": f"xor {content}", "modified": modified,
    }  # fmt: skip


def _row(path, step="sent", content="x", **more):
    return Row(
        f"s:{path}", path, path, step, f"sha {content}", len(content), _WHEN, f"t:{path}",
        target_size=len(content), target_quickxor=f"xor {content}", **more,
    )  # fmt: skip


def _decide(lines, tree, rows=(), policy=_POLICY):
    plan = plan_import(lines, policy, url_length=60, settled=settled_names(rows))
    return decide(plan, policy, tree, rows, base="root")


def _said(decisions):
    return [(job.action, job.target) for job in (*decisions.folders, *decisions.files)]


def test_a_free_place_is_filled_and_a_folder_that_is_there_is_used():
    found = _decide(
        [_folder("a"), _folder("a/b"), _file("a/b/c"), _file("d")], _tree(("A", "folder", {}))
    )
    assert _said(found) == [("use", "a"), ("make", "a/b"), ("send", "a/b/c"), ("send", "d")]
    assert not found.conflicts
    assert found.bytes == 2


@pytest.mark.parametrize(
    ("conflicts", "content", "said"),
    [
        ("fail", "x", None), ("fail", "other", None), ("skip equal", "x", "equal"),
        ("skip equal", "other", None), ("keep both", "other", "send"), ("keep both", "x", "send"),
    ],
)  # fmt: skip
def test_what_is_in_the_way_is_decided_by_the_signed_policy(conflicts, content, said):
    policy = replace(_POLICY, conflicts=conflicts)
    found = _decide([_file("a.txt")], _tree(_there("A.txt", content)), policy=policy)
    assert [job.action for job in found.files] == ([said] if said else [])
    assert len(found.conflicts) == (0 if said else 1)
    if conflicts == "keep both":
        assert found.files[0].target.startswith("a~")
        assert found.files[0].target.endswith(".txt")


@pytest.mark.parametrize("conflicts", ["fail", "keep both", "skip equal"])
def test_a_folder_and_a_file_in_each_others_place_are_always_a_conflict(conflicts):
    policy = replace(_POLICY, conflicts=conflicts)
    found = _decide([_file("a")], _tree(("a", "folder", {})), policy=policy)
    assert len(found.conflicts) == 1
    found = _decide([_folder("a")], _tree(_there("a")), policy=policy)
    assert len(found.conflicts) == 1


def test_an_upload_that_a_kill_hid_is_taken_over_and_not_sent_again():
    row = replace(_row("a", "sending"), target_id=None)
    # the service rewrote it, so neither size nor hash is what was sent; the date is
    found = _decide([_file("a")], _tree(_there("a", "rewritten")), [row])
    assert _said(found) == [("take over", "a")]
    found = _decide([_file("a")], _tree(), [replace(row, session_url="https://secret")])
    assert [(job.action, job.session_url) for job in found.files] == [("send", "https://secret")]
    assert "secret" not in repr(found.files)


def test_what_somebody_else_put_there_meanwhile_is_not_taken_for_ours():
    row = replace(_row("a", "sending"), target_id=None)
    there = _there("a", "other", "2026-01-01T00:00:00Z")
    found = _decide([_file("a")], _tree(there), [row])
    assert not found.files
    assert len(found.conflicts) == 1


def test_a_session_of_other_content_is_not_gone_on_with():
    row = replace(_row("a", "sending"), target_id=None, session_url="https://secret")
    found = _decide([_file("a", "newer")], _tree(), [row])
    assert [(job.action, job.session_url) for job in found.files] == [("send", None)]


def test_a_later_pass_replaces_what_is_ours_only_while_nobody_else_touched_it():
    lines, rows = [_file("a", "newer"), _file("b")], [_row("a"), _row("b")]
    found = _decide(lines, _tree(_there("a"), _there("b")), rows)
    assert _said(found) == [("replace", "a"), ("done", "b")]
    for edited in (
        _there("a", "x", "2026-01-01T00:00:00Z"),
        _there("a", "edited there", "2026-01-01T00:00:00Z"),
        _there("a", "edited by a program that set the date back"),
    ):
        found = _decide(lines, _tree(edited, _there("b")), rows)
        assert len(found.conflicts) == 1
        assert _said(found) == [("done", "b")]


def test_what_was_there_before_and_equal_is_never_replaced():
    found = _decide([_file("a", "newer")], _tree(_there("a")), [_row("a", "equal")])
    assert len(found.conflicts) == 1


def test_what_moved_at_the_source_is_moved_and_what_lies_in_it_comes_along():
    rows = [_row("old", "made"), _row("old/x")]
    tree = _tree(("old", "folder", {}), _there("old/x"))
    lines = [replace(_folder("new"), item_id="s:old"), replace(_file("new/x"), item_id="s:old/x")]
    assert _said(_decide(lines, tree, rows)) == [("move", "new"), ("done", "new/x")]


def test_a_move_to_a_place_that_is_taken_is_a_conflict():
    tree = _tree(_there("a"), _there("b", "other"))
    found = _decide([replace(_file("b"), item_id="s:a")], tree, [_row("a")])
    assert len(found.conflicts) == 1


def test_what_somebody_moved_or_deleted_in_the_target_is_said():
    found = _decide([_file("a")], _tree(_there("b")), [replace(_row("a"), target_id="t:b")])
    assert "moved or renamed" in found.notes[0].why
    found = _decide([_file("a")], _tree(), [_row("a")])
    assert _said(found) == [("send", "a")]
    assert "deleted" in found.notes[0].why


def test_what_vanished_at_the_source_is_named_and_left_alone():
    found = _decide([], _tree(_there("a")), [_row("a")])
    assert [row.path for row in found.gone] == ["a"]
    assert not _said(found)


def test_what_was_deleted_and_made_again_at_the_source_is_the_same_item():
    lines = [replace(_folder("d"), item_id="s:new d"), _file("d/same"), _file("d/newer", "newer")]
    lines = [replace(one, item_id=f"s:new {one.path}") for one in lines]
    rows = [_row("d", "made"), _row("d/same"), _row("d/newer")]
    tree = _tree(("d", "folder", {}), _there("d/same"), _there("d/newer"))
    found = _decide(lines, tree, rows)
    assert _said(found) == [("use", "d"), ("replace", "d/newer"), ("done", "d/same")]
    assert ("s:d/same", "s:new d/same") in found.renewed
    assert not found.gone


def test_two_items_never_go_to_one_place():
    policy = replace(_POLICY, conflicts="keep both")
    lines = [_file("a.txt"), _file("b.txt")]
    tree = _tree(_there("a.txt", "other"))
    taken = _decide(lines, tree, policy=policy).files[0].target
    assert taken not in ("a.txt", "b.txt")


_CONTENTS = st.sampled_from(["x", "y"])
_NAMES = st.sampled_from(["a", "A", "b", "d/a", "d/b", "D/c"])


@settings(deadline=None, max_examples=200)
@given(
    st.dictionaries(_NAMES, _CONTENTS),
    st.dictionaries(st.sampled_from(["a", "b", "c"]), _CONTENTS),
    st.sampled_from(["fail", "keep both", "skip equal"]),
)
def test_every_item_is_decided_once_and_nothing_foreign_is_touched(wanted, there, conflicts):
    policy = replace(_POLICY, conflicts=conflicts)
    lines = [_file(path, content) for path, content in wanted.items()]
    found = _decide(lines, _tree(*(_there(*one) for one in there.items())), policy=policy)
    decided = [job.going.path for job in found.files] + [one.path for one in found.conflicts]
    files = [path for path in decided if path in wanted]
    assert sorted(files) == sorted(wanted)
    sent = [job.target.upper() for job in found.files if job.action == "send"]
    assert len(set(sent)) == len(sent)
    assert not set(sent) & {path.upper() for path in there}
    assert not [job for job in found.files if job.action in ("replace", "move", "take over")]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (_file("a", state=COULD_NOT, why="Malware."), "could-not-be-had"),
        (ManifestLine(path="a", type="shortcut", item_id="1"), "shortcut"),
        (_file("a", check="corrupt"), "corrupt"),
        (replace(_file("a"), size=251 * 10**9), "too-large"),
        (replace(_file("a"), sha256=None), "could-not-be-had"),
        (_file("a//b"), "name-refused"),
    ],
)
def test_case_B2_nothing_stays_behind_that_nobody_signed_for(line, reason):
    plan = plan_import([line], _POLICY, url_length=60)
    assert [one.code for one in plan.left_out][:1] == [reason]
    assert plan.not_agreed(_POLICY)[reason] >= 1
    agreed = replace(_POLICY, leave_out=frozenset({reason}))
    assert plan.not_agreed(agreed) == {}
    assert not plan.files


def test_what_graph_cannot_carry_over_is_counted():
    line = _file("a", versions=({"id": "1"},), fields={"Title": "x"}, created_by="user01")
    plan = plan_import([line], _POLICY, url_length=60)
    assert plan.not_carried == {"versions": 1, "list columns": 1, "authorship": 1}


@pytest.mark.parametrize(
    "data",
    [
        {"conflicts": "overwrite"}, {"leave_out": ["everything"]}, {"reserve": -1}, {"names": 3},
        {"permissions": "yes"}, {"more": 1}, {"reserve": True}, {"leave_out": "shortcut"},
    ],
)  # fmt: skip
def test_a_policy_that_is_not_understood_is_refused(data):
    with pytest.raises(InputError) as refusal:
        ImportPolicy.from_data(data)
    assert refusal.value.code == "bad-import-policy"


def test_a_policy_comes_back_from_its_own_data():
    policy = ImportPolicy.from_data(
        {"users": {"a@x.example": None}, "leave_out": ["shortcut"], "conflicts": "keep both"}
    )
    assert ImportPolicy.from_data(policy.as_data()) == policy


@pytest.mark.parametrize("folder", ["a/../b", "/a", "a/", "CON", "Forms", "a?"])
def test_a_target_folder_is_one_that_the_service_takes(folder):
    with pytest.raises(InputError):
        Target("drive", folder)


def test_times_are_compared_to_the_second():
    assert same_time("2019-06-30T12:00:00.123Z", "2019-06-30T14:00:00+02:00")
    assert not same_time("2019-06-30T12:00:00Z", "2019-06-30T12:00:01Z")
    for odd in (None, "", "today", "2019-06-30T12:00:00"):
        assert not same_time("2019-06-30T12:00:00Z", odd)


def test_folders_that_were_there_before_are_told_by_id_and_only_when_they_are_used():
    line, node = _folder("Brieven"), Node("t:Brieven", "root", "Brieven", "folder")
    going = Going("s:Brieven", "Brieven", "Brieven", line)
    before = frozenset({"t:Brieven"})
    told = {
        "used": Job(going, "use", "Brieven", node),
        "made": Job(going, "make", "Brieven", node),
        "not there": Job(going, "use", "Brieven", None),
        "not listed": Job(replace(going, line=None), "use", "Brieven", node),
        "new": Job(going, "use", "Brieven", replace(node, id="t:new")),
    }
    found = {name: list(Decisions(folders=[job]).were_there(before)) for name, job in told.items()}
    assert found == {"used": [line], "made": [], "not there": [], "not listed": [], "new": []}


def test_a_listing_without_a_hash_is_not_as_we_sent_it():
    """Neither side has a quickXorHash; another one that is listed is of other bytes."""
    there = Node("t:x", "root", "x", "file", 1, None, _WHEN, "e", others=("sha256:other",))
    row = replace(_row("x"), target_quickxor=None, target_etag="e", sent_quickxor=None)
    assert _same_bytes(there, row)
    with_hash = replace(there, quickxor="xor x")
    assert not _same_bytes(with_hash, replace(row, sent_quickxor="xor x"))
