"""What a query asks for and does not get is refused; before, everything came with 200."""

from __future__ import annotations

import pytest

from support.tenant_talk import Talk


@pytest.mark.parametrize("option", ["$filter", "$orderby", "$skip", "$count", "$search", "orderby"])
@pytest.mark.parametrize("what", ["children", "delta", "users", "sites", "lists", "drives"])
def test_tenant_02_what_is_not_applied_is_refused(
    talk: Talk, quiet_drive: str, site: str, option: str, what: str
) -> None:
    """Microsoft's page "Use query parameters": each service takes some of them and not others."""
    base = {
        "children": f"/drives/{quiet_drive}/root/children",
        "delta": f"/drives/{quiet_drive}/root/delta",
        "users": "/users",
        "sites": "/sites/getAllSites",
        "lists": f"/sites/{site}/lists",
        "drives": f"/sites/{site}/drives",
    }[what]
    assert talk.get(base).status == 200
    answer = talk.get(f"{base}?{option}=1")
    assert (answer.status, answer.error) == (400, "invalidRequest")
    assert option.strip("$") in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("where", "kind"),
    [
        ("/drives/{quiet_drive}/root/children?$select=id,colour", "driveItem"),
        ("/drives/{quiet_drive}/root?select=colour", "driveItem"),
        ("/drives/{quiet_drive}/root/delta?$select=colour", "driveItem"),
        ("/drives/{quiet_drive}?$select=colour", "drive"),
        ("/sites/{site}/lists?$select=colour", "list"),
        ("/sites/{site}?$select=colour", "site"),
        ("/users?$select=colour", "user"),
        ("/groups?$select=colour", "group"),
    ],
)
def test_tenant_02_a_property_that_is_not_there_is_refused(
    talk: Talk, quiet_drive: str, site: str, where: str, kind: str
) -> None:
    """The OData library of the service: "Could not find a property named …"."""
    answer = talk.get(where.format(quiet_drive=quiet_drive, site=site))
    assert (answer.status, answer.error) == (400, "BadRequest")
    message = answer.json()["error"]["message"]
    assert f"'colour' on type 'microsoft.graph.{kind}'" in message


def test_tenant_02_what_is_expanded_is_there_or_refused(
    talk: Talk, site: str, quiet_drive: str
) -> None:
    """``driveitem-list-children.md`` and ``listitem-list.md``: both document ``$expand``."""
    refused = talk.get(f"/drives/{quiet_drive}/root/children?$expand=thumbnails")
    assert (refused.status, refused.error) == (400, "invalidRequest")
    inside = talk.get(f"/drives/{quiet_drive}/root?$expand=permissions($filter=a)")
    assert inside.status == 400
    kept = talk.good(f"/drives/{quiet_drive}/root?$expand=permissions&$select=id")
    assert set(kept) == {"@odata.context", "id", "permissions"}
    library = talk.good(f"/drives/{quiet_drive}/list?$select=id")["id"]
    items = f"/sites/{site}/lists/{library}/items"
    both = talk.good(f"{items}?$expand=fields($select=FileLeafRef),driveItem($select=id)")["value"]
    names = {one["id"]: one["name"] for one in talk.tenant.control.items(quiet_drive)}
    assert both and {set(one["fields"]) == {"FileLeafRef"} for one in both} == {True}
    assert {one["driveItem"]["id"]: one["fields"]["FileLeafRef"] for one in both} == names
    assert {tuple(one["driveItem"]) for one in both} == {("id",)}


def test_tenant_02_a_selection_holds_for_one_as_for_many(talk: Talk, site: str) -> None:
    first = talk.good(f"/sites/{site}/lists?$select=id,displayName")["value"][0]
    one = talk.good(f"/sites/{site}/lists/{first['id']}?$select=id,displayName")
    assert one == first
