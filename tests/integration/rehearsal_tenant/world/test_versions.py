"""Versions: no hash, no download URL, and the current one's content elsewhere."""

from __future__ import annotations

from support.tenant_talk import Talk


def test_versions_are_listed_newest_first_without_hash_or_url(talk: Talk, drive: str) -> None:
    item = talk.put(drive, "v.txt", b"one").json()["id"]
    talk.put(drive, "v.txt", b"second")
    talk.tenant.control.write(drive, item, b"the third")
    where = f"/drives/{drive}/items/{item}/versions"
    listed = talk.good(where)["value"]
    assert [one["id"] for one in listed] == ["3.0", "2.0", "1.0"]
    assert [one["size"] for one in listed] == [9, 6, 3]
    for one in listed:
        assert set(one) == {"id", "lastModifiedDateTime", "size", "lastModifiedBy", "publication"}
    assert talk.good(f"{where}/2.0")["size"] == 6
    assert talk.get(f"{where}/9.0").status == 404


def test_content_of_earlier_versions_comes_and_of_the_current_one_is_refused(
    talk: Talk, drive: str
) -> None:
    item = talk.put(drive, "v.txt", b"one").json()["id"]
    talk.put(drive, "v.txt", b"second")
    where = f"/drives/{drive}/items/{item}/versions"
    first = talk.get(f"{where}/1.0/content")
    assert first.status == 302
    assert talk.get(first.headers["Location"]).body == b"one"
    current = talk.get(f"{where}/2.0/content")
    assert (current.status, current.error) == (400, "invalidRequest")


def test_a_version_is_restored_as_a_new_one(talk: Talk, drive: str) -> None:
    item = talk.put(drive, "v.txt", b"one").json()["id"]
    talk.put(drive, "v.txt", b"second")
    where = f"/drives/{drive}/items/{item}/versions"
    assert talk.ask("POST", f"{where}/1.0/restoreVersion").status == 204
    assert talk.fetch(drive, item) == b"one"
    assert [one["id"] for one in talk.good(where)["value"]] == ["3.0", "2.0", "1.0"]


def test_generated_files_have_versions_with_bytes_of_their_own(
    talk: Talk, quiet_drive: str
) -> None:
    bodies = set()
    for one in talk.tenant.control.items(quiet_drive):
        if "file" not in one:
            continue
        where = f"/drives/{quiet_drive}/items/{one['id']}/versions"
        current, *earlier = talk.good(where)["value"]
        assert current["size"] == one["size"]
        for version in earlier:
            body = talk.get(talk.get(f"{where}/{version['id']}/content").headers["Location"]).body
            assert len(body) == version["size"]
            bodies.add(body)
    assert len(bodies) > 5


def test_a_folder_has_no_versions(talk: Talk, quiet_drive: str) -> None:
    assert talk.get(f"/drives/{quiet_drive}/root:/Nasty:/versions").status == 400
