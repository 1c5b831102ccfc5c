"""``POST …/lists`` makes a list (``list-create.md``), and its items can be changed."""

from __future__ import annotations

from support.tenant_talk import Talk


def test_tenant_03_a_post_makes_a_list_with_its_columns(talk: Talk, site: str) -> None:
    """``list-create.md``: 201, custom columns, ``genericList`` when no template is named."""
    body = {
        "displayName": "Books",
        "columns": [{"name": "Author", "text": {}}, {"name": "PageCount", "number": {}}],
        "list": {"template": "genericList"},
    }
    before = len(talk.good(f"/sites/{site}/lists")["value"])
    made = talk.ask("POST", f"/sites/{site}/lists", json_body=body)
    assert made.status == 201
    assert (made.json()["displayName"], made.json()["list"]["template"]) == ("Books", "genericList")
    listed = talk.good(f"/sites/{site}/lists")["value"]
    assert len(listed) == before + 1 and made.json()["id"] in {one["id"] for one in listed}
    columns = talk.good(f"/sites/{site}/lists/Books/columns")["value"]
    assert [(one["name"], "number" in one) for one in columns] == [
        ("Title", False), ("Author", False), ("PageCount", True),
    ]  # fmt: skip
    plain = talk.ask("POST", f"/sites/{site}/lists", json_body={"displayName": "Bare"})
    assert plain.json()["list"]["template"] == "genericList"


def test_tenant_03_a_name_that_is_taken_or_missing_is_refused(talk: Talk, site: str) -> None:
    where = f"/sites/{site}/lists"
    assert talk.ask("POST", where, json_body={"displayName": "contacts"}).status == 409
    for body in ({}, {"displayName": ""}, {"displayName": "x", "list": {"template": "nonsense"}}):
        assert talk.ask("POST", where, json_body=body).status == 400


def test_tenant_03_a_library_is_made_in_the_same_way(talk: Talk, site: str) -> None:
    body = {"displayName": "Made here", "list": {"template": "documentLibrary"}}
    made = talk.ask("POST", f"/sites/{site}/lists", json_body=body).json()
    drive = talk.good(f"/sites/{site}/lists/{made['id']}/drive")["id"]
    assert talk.put(drive, "a.txt", b"a").status == 201
    assert drive in {one["id"] for one in talk.good(f"/sites/{site}/drives")["value"]}


def test_tenant_03_items_are_made_changed_and_deleted(talk: Talk, site: str) -> None:
    """``listitem-create.md``, ``listitem-update.md``, ``listitem-delete.md``."""
    where = f"/sites/{site}/lists"
    talk.ask("POST", where, json_body={"displayName": "Widgets", "columns": []})
    items = f"{where}/Widgets/items"
    made = talk.ask("POST", items, json_body={"fields": {"Title": "Widget"}})
    assert (made.status, made.json()["fields"]["Title"]) == (201, "Widget")
    one = f"{items}/{made.json()['id']}"
    changed = talk.ask("PATCH", f"{one}/fields", json_body={"Title": "Other"})
    assert (changed.status, talk.good(f"{one}/fields")["Title"]) == (200, "Other")
    assert talk.ask("POST", items, json_body={"fields": {"Nonsense": 1}}).status == 400
    assert talk.ask("DELETE", one).status == 204
    assert talk.get(one).status == 404 and talk.good(items)["value"] == []
    again = talk.ask("POST", items, json_body={"fields": {"Title": "New"}}).json()
    assert again["id"] != made.json()["id"], "an id is never given twice"
    assert talk.ask("DELETE", f"{where}/Widgets").status == 204
    assert talk.get(f"{where}/Widgets").status == 404
