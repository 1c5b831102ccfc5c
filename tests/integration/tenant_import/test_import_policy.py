"""What the signed policy of an import decides: rights, conflicts, what stays behind."""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import replace

import pytest

from sluis.graph.connect import open_graph
from sluis.graph.links import segment
from sluis.runbook.tenant_looking import Ahead, tell
from sluis.tenant.import_decisions import Decisions
from sluis.tenant.import_policy import ImportPolicy
from sluis.tenant.on_worker import ahead_of, behind_in
from sluis.tenant.run_import import plan, run_import
from sluis.tenant.run_landing import run_make_landing, run_watch_landing
from sluis.tenant.run_reconcile import run_reconcile
from sluis.tenant.user_map import UserMap
from support.two_tenants import PATIENCE, account


def _fill(move, files):
    for path, data in files.items():
        move.source.control.add_file(move.from_drive, path, data)
    return files


def _call(tenant, drive, path, verb, body=None):
    async def whole():
        async with open_graph(account(tenant), patience=PATIENCE) as graph:
            place = "/".join(segment(part) for part in path.split("/"))
            item = await graph.get(f"/drives/{segment(drive)}/root:/{place}")
            at = f"/drives/{segment(drive)}/items/{segment(item['id'])}/{verb}"
            return await (graph.get(at) if body is None else graph.post(at, body))

    return asyncio.run(whole())


def _share(move, path, mail, role):
    _call(
        move.source, move.from_drive, path, "invite",
        {"recipients": [{"email": mail}], "roles": [role], "requireSignIn": True},
    )  # fmt: skip


def _own_rights(move, path):
    found = _call(move.target, move.to_drive, path, "permissions")["value"]
    return {
        (one["grantedToV2"]["user"]["email"], one["roles"][0])
        for one in found
        if "inheritedFrom" not in one and "user" in one.get("grantedToV2", {})
    }


def _people(tenant):
    return sorted({one["owner"] for one in tenant.control.drives() if one["owner"]})


def test_rights_are_given_as_the_signed_map_says_and_looked_at_afterwards(move):
    (old1, old2), (new1, new2) = _people(move.source), _people(move.target)
    _fill(move, {"a/one.txt": b"1", "two.txt": b"2"})
    _share(move, "a", old1, "write")
    _share(move, "two.txt", old2, "read")
    _call(move.source, move.from_drive, "two.txt", "createLink", {"type": "view"})
    move.export()
    refused = move.bring_over(ImportPolicy())
    assert refused.outcome == "refused"
    assert {one.code for one in refused.reasons} == {"unmapped-principal", "narrower-rights"}
    assert refused.may_be_narrower == ("a", "two.txt")
    assert not move.there()
    assert {one.key for one in refused.unmapped} >= {old1, old2, "link:organization"}
    names = {one.key: None for one in refused.unmapped} | {old1: new1, old2: new2}
    policy = ImportPolicy(users=UserMap.from_data(names), leave_out=frozenset({"narrower-rights"}))
    report = move.bring_over(policy)
    assert report.outcome == "done", report.as_data()
    assert _own_rights(move, "a") == {(new1, "write")}
    assert _own_rights(move, "two.txt") == {(new2, "read")}
    assert report.counts["rights given"] == 2
    not_given = {(one.path, right["principal"]) for one in report.not_given
                 for right in one.not_given}  # fmt: skip
    assert ("two.txt", "link:organization") in not_given
    found = move.reconcile(policy)
    assert found.sound, found.as_data()
    assert found.rights_looked_at == 2
    # a right that was taken away again is seen
    right = next(one for one in _call(move.target, move.to_drive, "two.txt", "permissions")["value"]
                 if one.get("grantedToV2", {}).get("user", {}).get("email") == new2)  # fmt: skip
    _delete_right(move, "two.txt", right["id"])
    found = move.reconcile(policy)
    assert not found.sound
    assert [(one.path, one.recipient) for one in found.rights_missing] == [("two.txt", new2)]
    # rights are not given a second time, so this one stays away until the map is signed anew
    assert "rights given" not in move.bring_over(policy).counts


def test_rights_on_a_folder_that_was_in_the_target_before_are_not_given(move):
    old, new = _people(move.source)[0], _people(move.target)[0]
    _fill(move, {"Finance/ours.txt": b"1"})
    _share(move, "Finance", old, "write")
    move.export()
    move.target.control.add_file(move.to_drive, "Finance/theirs.txt", b"secret")
    policy = ImportPolicy(
        users=UserMap.from_data({old: new}), leave_out=frozenset({"narrower-rights"})
    )
    report = move.bring_over(policy)
    assert report.outcome == "refused"
    assert [one.code for one in report.reasons] == ["folder-was-there"]
    assert set(move.there()) == {"Finance", "Finance/theirs.txt"}
    signed = replace(policy, leave_out=policy.leave_out | {"folder-was-there"})
    for _ in range(2):  # a later pass asks nothing else
        report = move.bring_over(signed)
        assert report.outcome == "done"
        assert _own_rights(move, "Finance") == set()
        assert [(one.path, one.code) for one in report.rights_left] == [
            ("Finance", "folder-was-there")
        ]
        assert "before" in report.not_given[0].not_given[0]["why"]
        found = move.reconcile(signed)
        assert [(one.path, one.principal) for one in found.rights_left] == [("Finance", new)]
        assert found.sound, found.as_data()


def test_a_folder_that_came_into_its_place_meanwhile_gets_no_right_in_silence(move, monkeypatch):
    """Somebody made it between the listing and the folder's turn, so that nobody was asked."""
    old, new = _people(move.source)[0], _people(move.target)[0]
    _fill(move, {"Finance/ours.txt": b"1"})
    _share(move, "Finance", old, "write")
    move.export()
    move.target.control.add_file(move.to_drive, "Finance/theirs.txt", b"secret")
    policy = ImportPolicy(
        users=UserMap.from_data({old: new}), leave_out=frozenset({"narrower-rights"})
    )
    monkeypatch.setattr(Decisions, "were_there", lambda *_: iter(()))
    report = move.bring_over(policy)
    assert report.outcome == "incomplete"
    assert [(one.path, one.code) for one in report.reasons] == [("Finance", "folder-was-there")]
    assert _own_rights(move, "Finance") == set()


def test_rights_on_a_folder_that_was_there_are_told_before_anybody_signs(move, request_for):
    old, new = _people(move.source)[0], _people(move.target)[0]
    _fill(move, {"Finance/ours.txt": b"1"})
    _share(move, "Finance", old, "write")
    move.target.control.add_file(move.to_drive, "Finance/theirs.txt", b"secret")
    policy = {"users": {old: new}, "leave_out": ["narrower-rights"]}
    request_for |= {"manifest": str(move.export()), "policy": policy}
    found = plan(request_for)
    assert [one["code"] for one in found["refusals"]] == ["folder-was-there"]
    wider, one = behind_in(found)
    # agreed to as a reason, and signed by its name all the same
    assert (wider.path, wider.code) == ("Finance", "narrower-rights")
    assert one.code == "folder-was-there"
    assert one.path.startswith("Finance: ")
    policy["leave_out"].append("folder-was-there")
    assert plan(request_for)["refusals"] == []
    assert run_import(request_for)["complete"]
    # the client signed the list, and it is the same in a later pass
    assert behind_in(plan(request_for)) == [wider, one]


@pytest.mark.parametrize("rights", [True, False])
def test_a_right_that_nobody_signed_for_stops_the_hand_over(move, rights):
    (old1, _), (new1, new2) = _people(move.source), _people(move.target)
    _fill(move, {"a/one.txt": b"1", "two.txt": b"2"})
    _share(move, "two.txt", old1, "read")
    move.export()
    policy = ImportPolicy(
        users=UserMap.from_data({old1: new1}), permissions=rights,
        leave_out=frozenset({"narrower-rights"}),
    )  # fmt: skip
    assert move.bring_over(policy).outcome == "done"
    assert move.reconcile(policy).sound
    for path, mail, role in (("a/one.txt", new2, "read"), ("two.txt", new1, "write")):
        _call(
            move.target, move.to_drive, path, "invite",
            {"recipients": [{"email": mail}], "roles": [role], "requireSignIn": True},
        )  # fmt: skip
    found = move.reconcile(policy)
    assert not found.sound
    # who may read may not write
    assert [(one.path, one.principal, one.role) for one in found.rights_surplus] == [
        ("a/one.txt", new2, "read"), ("two.txt", new1, "write"),
    ]  # fmt: skip
    assert not found.rights_missing


def _delete_right(move, path, right):
    async def whole():
        async with open_graph(account(move.target), patience=PATIENCE) as graph:
            drive = segment(move.to_drive)
            item = await graph.get(f"/drives/{drive}/root:/{segment(path)}")
            place = f"/drives/{drive}/items/{segment(item['id'])}/permissions/{segment(right)}"
            await graph.delete(place)

    asyncio.run(whole())


def test_what_is_in_the_target_already_is_never_overwritten(move):
    _fill(move, {"same.txt": b"same", "other.txt": b"ours", "free.txt": b"free"})
    move.export()
    theirs = {"Same.txt": b"same", "OTHER.txt": b"theirs", "apart.txt": b"apart"}
    for path, data in theirs.items():
        move.target.control.add_file(move.to_drive, path, data)
    for conflicts, named in (
        ("fail", {"same.txt", "other.txt"}),
        ("skip equal", {"other.txt"}),
    ):
        policy = ImportPolicy(permissions=False, conflicts=conflicts)
        report = move.bring_over(policy)
        assert (report.outcome, report.reasons[0].code) == ("refused", "conflicts")
        assert {one.path for one in report.conflicts} == named
        assert set(move.there()) == set(theirs)
    policy = ImportPolicy(permissions=False, conflicts="keep both")
    report = move.bring_over(policy)
    assert report.outcome == "done", report.as_data()
    for path, data in theirs.items():
        assert move.bytes_there(path) == data
    assert len(move.there()) == 6
    found = move.reconcile(policy)
    assert found.sound, found.as_data()
    assert found.there_before == 3
    assert found.counts() == {"equal": 3}
    assert move.bring_over(policy).counts == {"done before": 3}


def test_a_later_pass_brings_what_changed_moves_what_moved_and_names_what_vanished(move):
    files = {"a/one.txt": b"1", "a/two.txt": b"2", "b/three.txt": b"3", "gone.txt": b"x"}
    _fill(move, files)
    move.export()
    assert move.bring_over().outcome == "done"
    control, drive = move.source.control, move.from_drive
    control.advance_clock(100)
    control.write(drive, "a/one.txt", b"1 and more")
    control.rename(drive, "b", "moved")
    control.delete(drive, "gone.txt")
    control.add_file(drive, "a/new.txt", b"new")
    move.export()
    report = move.bring_over()
    assert report.outcome == "done", report.as_data()
    assert report.gone == ["gone.txt"]
    counts = {key: report.counts[key] for key in ("sent", "replaced", "moved", "done before")}
    assert counts == {"sent": 1, "replaced": 1, "moved": 1, "done before": 2}
    assert move.bytes_there("a/one.txt") == b"1 and more"
    assert move.bytes_there("moved/three.txt") == b"3"
    found = move.reconcile()
    categories = {line.path: line.category for line in found.lines}
    # nothing of the client's is deleted; that it is there and nowhere named stops the hand-over
    assert categories["gone.txt"] == "extra"
    assert {path for path, one in categories.items() if one != "equal"} == {"gone.txt"}


@pytest.mark.parametrize(
    ("gone", "place"),
    [("keep", "x/gone.txt"), ("set aside", "Removed at the source/gone~{mark}.txt")],
)
def test_what_was_removed_at_the_source_goes_where_the_client_signed(move, gone, place):
    policy = ImportPolicy(permissions=False, gone=gone)
    _fill(move, {"x/gone.txt": b"x", "x/edited.txt": b"y", "a.txt": b"1"})
    move.export()
    assert move.bring_over(policy).outcome == "done"
    control, drive = move.source.control, move.from_drive
    item = next(one["id"] for one in control.items(drive) if one["path"] == "x/gone.txt")
    mark = hashlib.sha256(item.encode()).hexdigest()[:8]
    control.delete(drive, "x/gone.txt")
    control.delete(drive, "x/edited.txt")
    move.target.control.write(move.to_drive, "x/edited.txt", b"worked on in the new place")
    move.export()
    report = move.bring_over(policy)
    assert (report.outcome, sorted(report.gone)) == ("done", ["x/edited.txt", "x/gone.txt"])
    there = place.format(mark=mark)
    assert move.bytes_there(there) == b"x"
    # what somebody works on in the new place stays where they work on it
    assert move.bytes_there("x/edited.txt") == b"worked on in the new place"
    found = {line.path: line.category for line in move.reconcile(policy).lines}
    assert found["x/gone.txt"] == "removed at the source"
    assert found["x/edited.txt"] == ("removed at the source" if gone == "keep" else "extra")
    before = move.there()
    assert move.bring_over(policy).outcome == "done"
    assert move.there() == before, "once is enough"
    control.add_file(drive, "x/gone.txt", b"made anew")
    move.export()
    assert move.bring_over(policy).outcome == "done"
    assert move.bytes_there("x/gone.txt") == b"made anew"


def test_what_somebody_changed_in_the_target_meanwhile_is_not_overwritten(move):
    _fill(move, {"one.txt": b"1"})
    move.export()
    assert move.bring_over().outcome == "done"
    move.target.control.advance_clock(100)
    move.target.control.write(move.to_drive, "one.txt", b"edited by the client")
    move.source.control.advance_clock(100)
    move.source.control.write(move.from_drive, "one.txt", b"changed at the source")
    move.export()
    report = move.bring_over()
    assert (report.outcome, report.reasons[0].code) == ("refused", "conflicts")
    assert move.bytes_there("one.txt") == b"edited by the client"


def test_into_a_folder_of_the_target_beside_what_is_there(move):
    _fill(move, {"Forms/a.txt": b"a"})
    move.export()
    move.target.control.add_file(move.to_drive, "Team/notes.txt", b"notes")
    report = move.bring_over(folder="Team/From the old tenant")
    assert report.outcome == "done", report.as_data()
    assert move.bytes_there("Team/From the old tenant/Forms/a.txt") == b"a"
    found = move.reconcile(folder="Team/From the old tenant")
    assert found.sound
    assert found.counts() == {"equal": 2}


@pytest.fixture
def request_for(move):
    tenant = move.target
    authority = tenant.authority.rpartition("/")[0]
    return {
        "account": {
            "tenant_id": tenant.tenant_id, "client_id": tenant.app.client_id,
            "certificate": str(tenant.app.certificate), "authority": authority,
            "graph": tenant.graph, "ca": str(tenant.ca),
        },
        "budget": {"minute_units": 10**6, "day_units": 10**9},
        "manifest": str(move.export()), "export_root": str(move.root),
        "target": {"drive_id": move.to_drive}, "state": str(move.state),
        "policy": {"permissions": False},
    }  # fmt: skip


def test_plan_import_and_reconcile_as_json(move, request_for, tmp_path):
    _fill(move, {"a/CON": b"1", "b.txt": b"2"})
    request_for["manifest"] = str(move.export())
    seen = []
    said = plan(request_for)
    assert (said["files"], said["to_send"], said["refusals"]) == (2, 2, [])
    assert [one["target"] for one in said["renamed"]] == ["a/CON_"]
    assert not move.there()
    done = run_import(request_for, seen.append)
    assert done["complete"]
    assert seen[-1]["files"] == seen[-1]["of_files"] == 2
    assert plan(request_for)["to_send"] == 0
    more = {"scratch": str(tmp_path / "scratch"), "lines": str(tmp_path / "lines.gz")}
    found = run_reconcile({**request_for, **more})
    assert (found["sound"], found["counts"]) == (True, {"equal": 3})
    assert found["trust"] == "every byte"
    again = run_reconcile({**request_for, **more, "trust": "the service's hash"})
    assert again["sound"]
    assert again["files_by_basis"] == {"the service's hash": 2}
    text = json.dumps([said, done, seen, found, again])
    for secret in ("uploadUrl", "tempauth", move.target.content, "eyJ"):
        assert secret not in text


def test_case_B2_what_would_stop_a_move_is_told_before_anybody_signs(move, request_for):
    old = _people(move.source)[0]
    _fill(move, {"a/CON": b"1", "same.txt": b"ours", "shared.txt": b"s"})
    _share(move, "shared.txt", old, "read")
    move.target.control.add_file(move.to_drive, "Same.txt", b"theirs")
    request_for |= {"manifest": str(move.export()), "policy": {"names": {"reserved": "refuse"}}}
    ahead = Ahead()
    found = plan(request_for)
    written = {(one.path, one.code) for one in behind_in(found)}
    assert ("a/CON", "name-refused") in written
    assert any(old in path and why == "unmapped-principal" for path, why in written)
    tell(ahead, "team", ahead_of(found, "a" * 64, len(written)))
    said = {item.code: item.sentence for item in ahead.refused}
    assert said.keys() == {"name-refused", "unmapped-principal", "narrower-rights", "conflicts"}
    assert all(item.about == "team" for item in ahead.refused)
    assert "a/CON" in said["name-refused"]
    assert old in said["unmapped-principal"]
    assert "same.txt" in said["conflicts"]
    assert set(move.there()) == {"Same.txt"}


def test_case_B4_a_landing_folder_is_made_watched_and_reported(move, request_for):
    _fill(move, {"H/photo.jpg": b"photo", "H/letter.txt": b"letter"})
    owner = _people(move.target)[0]
    common = {"account": request_for["account"], "budget": request_for["budget"]}
    wish = {
        **common, "target": {"drive_id": move.to_drive, "folder": "Own data/H-drive"},
        "owner": owner, "deadline": "2099-06-30T12:00:00+00:00",
    }  # fmt: skip
    made = run_make_landing(wish)
    assert _own_rights(move, "Own data/H-drive") == {(owner, "write")}
    watch = {**common, **made, "manifest": str(move.export())}
    assert run_watch_landing(watch)["state"] == "nothing has arrived"
    place = "Own data/H-drive"
    move.target.control.add_file(move.to_drive, f"{place}/H/photo.jpg", b"photo")
    report = run_watch_landing({**watch, "files_before": 0})
    assert (report["state"], report["missing"]) == ("arriving", ["H/letter.txt"])
    assert report["new_files"] == 1
    # renamed by its owner, it is still the same folder
    move.target.control.rename(move.to_drive, place, "H")
    move.target.control.add_file(move.to_drive, "Own data/H/H/letter.txt", b"letter")
    assert run_watch_landing(watch)["state"] == "everything has arrived"
    move.target.control.delete(move.to_drive, "Own data/H")
    with pytest.raises(Exception, match="landing-gone"):
        run_watch_landing(watch)
