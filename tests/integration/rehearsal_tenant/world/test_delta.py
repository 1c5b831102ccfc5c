"""``root/delta``: complete, and full of what the real one does to a careless client."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from sluis.rehearsal.tenant.start import Tenant
from sluis.rehearsal.tenant.weather import Weather
from support.tenant_talk import Talk


def _walk(talk: Talk, drive: str, more: str = "") -> tuple[dict[str, dict[str, Any]], str]:
    """A mirror: what a client knows after a round, the last entry of an item winning."""
    entries, link = talk.delta(f"/drives/{drive}/root/delta{more}")
    return {one["id"]: one for one in entries}, link


def _changes(talk: Talk, link: str) -> list[dict[str, Any]]:
    """What changed; not the root and the folders above it, which come along."""
    return _without_parents(talk.delta(link)[0])


def _without_parents(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    above = {one.get("parentReference", {}).get("id") for one in entries}
    return [
        one
        for one in entries
        if "deleted" in one or (one["id"] not in above and one.get("name") != "root")
    ]


def test_a_round_tells_every_item_once(talk: Talk, quiet_drive: str) -> None:
    entries, _ = talk.delta(f"/drives/{quiet_drive}/root/delta?$top=9")
    ids = [one["id"] for one in entries]
    live = talk.tenant.control.items(quiet_drive)
    assert len(ids) == len(set(ids))
    assert set(ids) == {one["id"] for one in live} | {
        talk.good(f"/drives/{quiet_drive}/root")["id"]
    }
    assert [one["name"] for one in entries if "root" in one] == ["root"]


def test_delta_leaves_out_paths_ctags_and_download_urls(talk: Talk, quiet_drive: str) -> None:
    for one in _walk(talk, quiet_drive)[0].values():
        assert "cTag" not in one
        assert "path" not in one["parentReference"]
        assert "@microsoft.graph.downloadUrl" not in one
    asked, _ = _walk(talk, quiet_drive, "?$select=id,name,file,malware,content.downloadUrl")
    files = [one for one in asked.values() if "file" in one]
    assert files
    for one in files:
        assert ("@microsoft.graph.downloadUrl" in one) != ("malware" in one)
        assert "size" not in one


def test_the_size_of_a_page_is_asked_for_and_not_promised(talk: Talk, quiet_drive: str) -> None:
    page = talk.good(f"/drives/{quiet_drive}/root/delta?$top=100000")
    assert len(page["value"]) <= 1_000
    assert len(talk.good(f"/drives/{quiet_drive}/root/delta")["value"]) == 20


def test_latest_gives_no_items_and_then_only_what_changed_since(talk: Talk, drive: str) -> None:
    entries, link = talk.delta(f"/drives/{drive}/root/delta?token=latest")
    assert entries == []
    assert _changes(talk, link) == []
    made = talk.put(drive, "new.txt", b"1").json()
    assert [one["id"] for one in _changes(talk, link)] == [made["id"]]
    # a deltaLink can be followed again
    assert [one["id"] for one in _changes(talk, link)] == [made["id"]]
    by_function = talk.good(f"/drives/{drive}/root/delta(token='latest')")
    assert by_function["value"] == [] and "@odata.deltaLink" in by_function


def test_a_time_is_a_token_on_business(talk: Talk, drive: str) -> None:
    talk.put(drive, "long ago.txt", b"1")
    talk.tenant.control.advance_clock(100)
    made = talk.put(drive, "just now.txt", b"1").json()
    since = made["createdDateTime"]
    talk.sign_in()
    entries, _ = talk.delta(f"/drives/{drive}/root/delta?token={since}")
    assert [one["name"] for one in _without_parents(entries)] == ["just now.txt"]
    entries, _ = talk.delta(f"/drives/{drive}/root/delta(token='{since}')")
    assert [one["name"] for one in _without_parents(entries)] == ["just now.txt"]


def test_a_deletion_has_no_name(talk: Talk, drive: str) -> None:
    made = talk.put(drive, "gone.txt", b"1").json()
    _, link = _walk(talk, drive)
    talk.ask("DELETE", f"/drives/{drive}/items/{made['id']}")
    (entry,) = _changes(talk, link)
    assert entry["id"] == made["id"]
    assert entry["deleted"] == {"state": "deleted"}
    assert "name" not in entry and "eTag" not in entry


def test_a_selection_goes_with_the_links_and_keeps_deletions(talk: Talk, drive: str) -> None:
    made = talk.put(drive, "gone.txt", b"1").json()
    mirror, link = _walk(talk, drive, "?$select=id,name&$top=10")
    assert all(set(one) == {"id", "name"} for one in mirror.values())
    talk.ask("DELETE", f"/drives/{drive}/items/{made['id']}")
    (entry,) = _changes(talk, link)
    assert entry == {"id": made["id"], "deleted": {"state": "deleted"}}


def test_a_renamed_folder_comes_without_its_descendants(talk: Talk, drive: str) -> None:
    _, link = _walk(talk, drive)
    nasty = talk.good(f"/drives/{drive}/root:/Nasty")
    talk.tenant.control.rename(drive, nasty["id"], "Renamed")
    changes = _changes(talk, link)
    assert [(one["id"], one["name"]) for one in changes] == [(nasty["id"], "Renamed")]


def test_a_deleted_folder_comes_alone(talk: Talk, drive: str) -> None:
    mirror, link = _walk(talk, drive)
    nasty = talk.good(f"/drives/{drive}/root:/Nasty")
    inside = talk.good(f"/drives/{drive}/root:/Nasty/CON.txt")
    talk.tenant.control.delete(drive, nasty["id"])
    assert [one["id"] for one in _changes(talk, link)] == [nasty["id"]]
    assert inside["id"] in mirror
    assert talk.get(f"/drives/{drive}/items/{inside['id']}").status == 404


def test_what_moved_into_a_folder_that_was_then_deleted_is_not_lost_track_of(
    talk: Talk, drive: str
) -> None:
    file = talk.put(drive, "moves.txt", b"1").json()
    _, link = _walk(talk, drive)
    nasty = talk.good(f"/drives/{drive}/root:/Nasty")["id"]
    talk.tenant.control.move(drive, file["id"], nasty)
    talk.tenant.control.delete(drive, nasty)
    gone = {one["id"] for one in _changes(talk, link) if "deleted" in one}
    assert gone == {file["id"], nasty}


def test_a_folder_made_again_between_two_pages_yields_no_deletion(talk: Talk, drive: str) -> None:
    nasty = talk.good(f"/drives/{drive}/root:/Nasty")
    first = talk.good(f"/drives/{drive}/root/delta?$top=5")
    new = talk.tenant.control.recreate_folder(drive, nasty["id"])
    entries, _ = talk.delta(first["@odata.nextLink"])
    assert not [one for one in entries if "deleted" in one]
    assert new in {one["id"] for one in entries}


def test_a_folder_made_again_between_two_rounds_yields_one(talk: Talk, drive: str) -> None:
    _, link = _walk(talk, drive)
    nasty = talk.good(f"/drives/{drive}/root:/Nasty")
    new = talk.tenant.control.recreate_folder(drive, nasty["id"])
    entries = _changes(talk, link)
    assert {one["id"] for one in entries if "deleted" in one} == {nasty["id"]}
    assert {one["id"] for one in entries if "deleted" not in one} == {new}


def test_an_item_that_changes_during_a_round_comes_twice(talk: Talk, drive: str) -> None:
    first = talk.good(f"/drives/{drive}/root/delta?$top=10")
    file = next(one for one in first["value"] if "file" in one)
    talk.tenant.control.rename(drive, file["id"], "renamed meanwhile.txt")
    rest, link = talk.delta(first["@odata.nextLink"])
    later = [one for one in rest if one["id"] == file["id"]]
    assert [one["name"] for one in later] == ["renamed meanwhile.txt"]
    assert _changes(talk, link) == []


def test_an_item_deleted_during_a_round_is_taken_back(talk: Talk, drive: str) -> None:
    first = talk.good(f"/drives/{drive}/root/delta?$top=10")
    file = next(one for one in first["value"] if "file" in one)
    talk.tenant.control.delete(drive, file["id"])
    rest, _ = talk.delta(first["@odata.nextLink"])
    assert ["deleted" in one for one in rest if one["id"] == file["id"]] == [True]


@pytest.mark.parametrize(
    "kind", ["resyncChangesApplyDifferences", "resyncChangesUploadDifferences"]
)
def test_an_old_token_gets_410_and_the_way_to_begin_anew(talk: Talk, drive: str, kind: str) -> None:
    mirror, link = _walk(talk, drive)
    talk.tenant.control.expire_tokens(drive, kind)
    answer = talk.get(link)
    assert (answer.status, answer.error, answer.inner) == (410, "resyncRequired", kind)
    entries, fresh = talk.delta(answer.headers["Location"])
    assert {one["id"] for one in entries} == mirror.keys()
    assert _changes(talk, fresh) == []


def test_a_lost_sync_state_is_told_outright(talk: Talk, drive: str) -> None:
    _, link = _walk(talk, drive)
    talk.tenant.control.expire_tokens(drive, "SyncStateNotFound")
    answer = talk.get(link)
    assert (answer.status, answer.error) == (410, "SyncStateNotFound")
    assert talk.get(answer.headers["Location"]).status == 200


def test_a_token_that_we_never_gave_is_refused(talk: Talk, quiet_drive: str) -> None:
    answer = talk.get(f"/drives/{quiet_drive}/root/delta?token=nonsense")
    assert (answer.status, answer.error) == (410, "resyncRequired")
    assert "token" not in answer.headers["Location"]


def test_delta_expands_nothing_and_lists_only_whole_drives(talk: Talk, quiet_drive: str) -> None:
    answer = talk.get(f"/drives/{quiet_drive}/root/delta?$expand=permissions")
    assert (answer.status, answer.error) == (400, "notSupported")
    folder = talk.get(f"/drives/{quiet_drive}/root:/Nasty:/delta")
    assert (folder.status, folder.error) == (400, "notSupported")


def test_shared_items_say_so_and_sharing_changes_need_their_companions(
    talk: Talk, drive: str
) -> None:
    mirror, link = _walk(talk, drive)
    file = next(one for one in mirror.values() if "file" in one and "shared" not in one)
    body = {"type": "view", "scope": "anonymous"}
    talk.ask("POST", f"/drives/{drive}/items/{file['id']}/createLink", json_body=body)
    (plain,) = _changes(talk, link)
    assert plain["shared"] == {"scope": "anonymous"}
    assert "@microsoft.graph.sharedChanged" not in plain
    alone = talk.get(link, Prefer="deltashowsharingchanges")
    assert (alone.status, alone.error) == (400, "invalidRequest")
    wish = "deltashowsharingchanges, deltashowremovedasdeleted, deltatraversepermissiongaps"
    told = talk.get(link, Prefer=f"{wish}, hierarchicalsharing")
    changed = [one for one in told.json()["value"] if one["id"] == file["id"]]
    assert changed[0]["@microsoft.graph.sharedChanged"] == "True"
    assert "hierarchicalsharing" in told.headers["Preference-Applied"]


def test_sharing_a_folder_does_not_list_what_is_in_it(talk: Talk, drive: str) -> None:
    _, link = _walk(talk, drive)
    nasty = talk.good(f"/drives/{drive}/root:/Nasty")["id"]
    body = {"type": "edit", "scope": "organization"}
    talk.ask("POST", f"/drives/{drive}/items/{nasty}/createLink", json_body=body)
    assert [one["id"] for one in _changes(talk, link)] == [nasty]


def test_retention_labelled_items_are_silently_missing_without_full_control(
    talk: Talk, world_tenant: Tenant, quiet_drive: str
) -> None:
    reader = Talk(world_tenant, world_tenant.apps[1])
    seen = {one["name"]: one["id"] for one in _walk(talk, quiet_drive)[0].values()}
    less = {one["name"] for one in _walk(reader, quiet_drive)[0].values()}
    assert seen.keys() - less == {"Retained 01.pdf"}
    listed = {
        one["name"]
        for page in reader.pages(f"/drives/{quiet_drive}/root/children")
        for one in page["value"]
    }
    assert "Retained 01.pdf" not in listed
    item = seen["Retained 01.pdf"]
    assert reader.get(f"/drives/{quiet_drive}/items/{item}").status == 404
    assert talk.good(f"/drives/{quiet_drive}/items/{item}/retentionLabel")["name"]


@pytest.mark.parametrize(
    ("weather", "links_repeat"),
    [
        (Weather(empty_pages=0.5, duplicates=0.5, most_per_key=2), False),
        (Weather(loops=0.5, most_per_key=1), True),
    ],
)
def test_weather_on_pages_hides_nothing_for_good(
    talk: Talk, drive: str, weather: Weather, links_repeat: bool
) -> None:
    calm, _ = _walk(talk, drive)
    talk.tenant.control.set_weather(weather)
    try:
        pages: list[list[dict[str, Any]]] = []
        links: list[str] = []
        link = f"{talk.tenant.graph}/v1.0/drives/{drive}/root/delta?%24top=5"
        while link:
            links.append(link)
            page = talk.good(link)
            pages.append(page["value"])
            link = page.get("@odata.nextLink", "")
            assert len(links) < 200
    finally:
        talk.tenant.control.set_weather(Weather())
    entries = [one for page in pages for one in page]
    assert {one["id"] for one in entries} == calm.keys()
    assert len(entries) > len(calm), "the seed brings duplicates or a loop"
    # an empty page leads on by another link; only a loop leads to where it came from
    assert (len(links) > len(set(links))) == links_repeat
    assert ([] in pages) != links_repeat, "the seed brings an empty page"


def test_what_happens_between_two_pages_is_told_by_the_end(talk: Talk, drive: str) -> None:
    control = talk.tenant.control
    control.set_weather(
        dataclasses.replace(
            Weather(), deleted_between_pages=0.3, renamed_between_pages=0.3, most_per_key=1
        )
    )
    try:
        entries, link = talk.delta(f"/drives/{drive}/root/delta?$top=5")
    finally:
        control.set_weather(Weather())
    mirror: dict[str, str] = {}
    for one in entries:
        if "deleted" in one:
            mirror.pop(one["id"], None)
        else:
            mirror[one["id"]] = one["name"]
    live = {one["id"]: one["name"] for one in control.items(drive)}
    root = talk.good(f"/drives/{drive}/root")
    assert mirror == live | {root["id"]: "root"}
    assert [one for one in entries if "deleted" in one], "the seed brings a deletion"
    assert _changes(talk, link) == []
