"""What the real Graph has and the rehearsal does not is 501; a slip of the pen is 400.

The names are those of Microsoft's public metadata (``msgraph-metadata``, v1.0).
"""

from __future__ import annotations

import pytest

from support.tenant_talk import Talk


@pytest.mark.parametrize(
    "where",
    [
        "/users/user01@rehearsal.example/messages",
        "/users/user01@rehearsal.example/mailFolders/inbox/messages",
        "/users/user01@rehearsal.example/onenote/notebooks",
        "/planner/plans",
        "/teams/{group}/channels",
        "/groups/{group}/members",
        "/drives/{quiet_drive}/root/thumbnails",
        "/drives/{quiet_drive}/items/{item}/analytics",
        "/drives/{quiet_drive}/special/documents",
        "/sites/{site}/termStore",
        "/shares/u!abc/driveItem",
        "/directory/deletedItems",
        "/organization",
    ],
)
def test_tenant_08_what_the_real_one_has_and_this_one_has_not_is_501(
    talk: Talk, site: str, quiet_drive: str, where: str
) -> None:
    group = talk.good("/groups")["value"][0]["id"]
    item = talk.good(f"/drives/{quiet_drive}/root/children")["value"][0]["id"]
    answer = talk.get(where.format(site=site, quiet_drive=quiet_drive, group=group, item=item))
    assert (answer.status, answer.error) == (501, "notImplemented")
    assert "The rehearsal does not have this: GET " in answer.json()["error"]["message"]


def test_tenant_08_so_is_another_method_on_what_is_here(talk: Talk, quiet_drive: str) -> None:
    for method, where in (
        ("POST", "/users"),
        ("POST", f"/drives/{quiet_drive}/root/checkin"),
        ("POST", "/users/user01@rehearsal.example/sendMail"),
    ):
        assert talk.ask(method, where, json_body={}).status == 501, where


@pytest.mark.parametrize(
    "where",
    [
        "/nonsense",
        "/drives/{quiet_drive}/nonsense",
        "/drives/{quiet_drive}/root/nonsense",
        "/drives/{quiet_drive}/root/childern",
        "/sites/{site}/nonsense",
        "/sites/{site}/lists/Contacts/nonsense",
    ],
)
def test_tenant_08_a_slip_of_the_pen_is_400(
    talk: Talk, site: str, quiet_drive: str, where: str
) -> None:
    answer = talk.get(where.format(site=site, quiet_drive=quiet_drive))
    assert (answer.status, answer.error) == (400, "BadRequest")
    assert "Resource not found for the segment" in answer.json()["error"]["message"]
