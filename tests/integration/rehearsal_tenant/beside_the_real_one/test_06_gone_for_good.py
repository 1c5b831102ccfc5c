"""Versions are deleted, and items past the bin."""

from __future__ import annotations

from support.tenant_talk import Talk


def test_tenant_06_an_earlier_version_is_deleted_and_the_current_one_is_not(
    talk: Talk, drive: str
) -> None:
    """onedrive-api-docs#1682 and #867; rclone's ``cleanup`` does it (rclone#4106)."""
    made = talk.put(drive, "v.txt", b"one").json()
    talk.put(drive, "v.txt", b"three")
    where = f"/drives/{drive}/items/{made['id']}/versions"
    now, before = talk.good(where)["value"]
    assert talk.ask("DELETE", f"{where}/{now['id']}").status == 400
    assert talk.ask("DELETE", f"{where}/{before['id']}").status == 204
    assert [one["id"] for one in talk.good(where)["value"]] == [now["id"]]
    assert talk.ask("DELETE", f"{where}/{before['id']}").status == 404


def test_tenant_06_what_is_deleted_for_good_is_in_no_bin(talk: Talk, drive: str, site: str) -> None:
    """``driveitem-permanentdelete.md``: 204, and not in the recycle bin."""
    kept = talk.put(drive, "to the bin.txt", b"1").json()
    gone = talk.put(drive, "for good/x.txt", b"22").json()["parentReference"]["id"]
    _, link = talk.delta(f"/drives/{drive}/root/delta?token=latest")
    before = talk.good(f"/drives/{drive}")["quota"]
    assert talk.ask("POST", f"/drives/{drive}/items/{gone}/permanentDelete").status == 204
    assert talk.ask("DELETE", f"/drives/{drive}/items/{kept['id']}").status == 204
    after = talk.good(f"/drives/{drive}")["quota"]
    assert after["used"] == before["used"] - 3 and after["deleted"] == before["deleted"] + 1
    binned = {one["name"] for one in talk.good(f"beta:/sites/{site}/recycleBin/items")["value"]}
    assert "to the bin.txt" in binned and "for good" not in binned
    assert talk.get(f"/drives/{drive}/items/{gone}").status == 404
    told = {one["id"] for one in talk.delta(link)[0] if "deleted" in one}
    assert told == {gone, kept["id"]}
