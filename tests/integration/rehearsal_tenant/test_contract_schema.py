"""Every resource that the tenant returns, held against Microsoft's own entity model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from support.asking import Asking
from support.csdl import Complaint, Model

#: types that the model names and does not define
UNDEFINED_TYPES = {"fieldValueSet"}
#: properties of open types that the model does not name, and where they are seen all the same
KNOWN_EXTRAS = {
    ("identity", "email"): "the real service gives it in createdBy and lastModifiedBy",
    ("identitySet", "group"): "the owner of a library whose site belongs to a group",
    ("sharePointIdentity", "email"): "the real service gives it in grantedToV2.siteUser",
}


@pytest.fixture(scope="module")
def model(facts: dict[str, Any]) -> Model:
    return Model(facts)


def gathered(asking: Asking) -> Iterator[tuple[str, str, Any]]:
    """What every served GET returns: the call, its type, and the value."""
    users = "Collection(graph.user)", "/users"
    sites = "Collection(graph.site)", "/sites/getAllSites"
    for type_name, path in (users, sites, (sites[0], "/sites?search=site")):
        for page in asking.every_page(path):
            yield path, type_name, page["value"]
    yield "/users/{id}", "graph.user", asking.json("GET", "/users/user01@rehearsal.example")
    for site in asking.json("GET", "/sites/getAllSites")["value"]:
        yield from _of_site(asking, site["id"])


def _of_site(asking: Asking, site: str) -> Iterator[tuple[str, str, Any]]:
    base = f"/sites/{site}"
    yield "/sites/{id}", "graph.site", asking.json("GET", base)
    yield (
        "/sites/{id}/sites",
        "Collection(graph.site)",
        asking.json("GET", f"{base}/sites")["value"],
    )
    for page in asking.every_page(f"/beta{base}/recycleBin/items"):
        yield "recycleBin/items", "Collection(graph.recycleBinItem)", page["value"]
    lists = asking.json("GET", f"{base}/lists")["value"]
    yield "/lists", "Collection(graph.list)", lists
    for one in lists:
        path = f"{base}/lists/{one['id']}"
        yield "/lists/{id}", "graph.list", asking.json("GET", path)
        columns = asking.json("GET", f"{path}/columns")["value"]
        yield "/columns", "Collection(graph.columnDefinition)", columns
        for page in asking.every_page(f"{path}/items?$expand=fields"):
            yield "/items", "Collection(graph.listItem)", page["value"]
    for drive in asking.json("GET", f"{base}/drives")["value"]:
        yield "/drives", "graph.drive", drive
        yield from _of_drive(asking, drive["id"])


def _of_drive(asking: Asking, drive: str) -> Iterator[tuple[str, str, Any]]:
    base = f"/drives/{drive}"
    yield "/drives/{id}", "graph.drive", asking.json("GET", base)
    found: dict[str, dict[str, Any]] = {}
    for page in asking.every_page(f"{base}/root/delta"):
        yield "delta", "Collection(graph.driveItem)", page["value"]
        found |= {item["id"]: item for item in page["value"]}
    items = list(found.values())
    for page in asking.every_page(f"{base}/root/children"):
        yield "children", "Collection(graph.driveItem)", page["value"]
    for item in items[::5]:
        path = f"{base}/items/{item['id']}"
        yield "item", "graph.driveItem", asking.json("GET", path)
        permissions = asking.json("GET", f"{path}/permissions")["value"]
        yield "permissions", "Collection(graph.permission)", permissions
        if "file" in item:
            versions = asking.json("GET", f"{path}/versions")["value"]
            yield "versions", "Collection(graph.driveItemVersion)", versions
        if "root" not in item:
            list_item = asking.json("GET", f"{path}/listItem?$expand=fields")
            yield "listItem", "graph.listItem", list_item
    session = asking.json("POST", f"{base}/root:/contract.bin:/createUploadSession", json={})
    yield "createUploadSession", "graph.uploadSession", session


@pytest.fixture(scope="module")
def everything(asking: Asking) -> list[tuple[str, str, Any]]:
    return list(gathered(asking))


def complaints(model: Model, everything: list[tuple[str, str, Any]]) -> set[Complaint]:
    return {
        complaint
        for call, type_name, value in everything
        for complaint in model.check(value, type_name, call)
    }


def test_the_model_was_read(model: Model) -> None:
    assert model.property_type("driveItem", "lastModifiedDateTime") == "Edm.DateTimeOffset"
    assert model.property_type("driveItem", "file") == "graph.file"
    assert model.property_type("site", "recycleBin") == "graph.recycleBin"
    assert model.property_type("driveItem", "nonsense") is None


def test_the_model_finds_what_is_wrong(model: Model) -> None:
    wrong = {
        "id": 7,
        "size": "12",
        "lastModifiedDateTime": "yesterday",
        "file": {"hashes": {"quickXorHash": 1}},
        "folder": [],
        "colour": "red",
        "@microsoft.graph.downloadUrl": 1,
    }
    (required,) = model.check({"createdDateTime": None, "eTag": None}, "graph.driveItem", "x")
    assert (required.where, required.detail) == ("x.createdDateTime", "null")
    found = {(one.what, one.where) for one in model.check(wrong, "graph.driveItem", "x")}
    assert found == {
        ("wrong", "x.id"),
        ("wrong", "x.size"),
        ("wrong", "x.lastModifiedDateTime"),
        ("wrong", "x.file.hashes.quickXorHash"),
        ("wrong", "x.folder"),
        ("extra", "x.colour"),
    }


def test_every_value_has_the_type_of_the_model(
    model: Model, everything: list[tuple[str, str, Any]]
) -> None:
    wrong = [one for one in complaints(model, everything) if one.what == "wrong"]
    assert not wrong


def test_every_property_is_in_the_model_or_a_known_extra_of_an_open_type(
    model: Model, everything: list[tuple[str, str, Any]]
) -> None:
    found = complaints(model, everything)
    unknown = {one for one in found if one.what == "unknown" and one.type not in UNDEFINED_TYPES}
    assert not unknown
    # a known extra that is never seen is a stale excuse
    assert {(one.type, one.detail) for one in found if one.what == "extra"} == set(KNOWN_EXTRAS)


def test_one_of_everything_was_seen(everything: list[tuple[str, str, Any]]) -> None:
    """The suite would say nothing if the tenant held nothing."""
    seen: set[str] = set()
    for _, _, value in everything:
        for entry in value if isinstance(value, list) else [value]:
            seen |= set(entry)
    assert {
        "file",
        "folder",
        "package",
        "malware",
        "shared",
        "root",
        "parentReference",
        "fileSystemInfo",
        "grantedToV2",
        "link",
        "inheritedFrom",
        "quota",
        "owner",
        "deletedFromLocation",
        "fields",
        "uploadUrl",
    } <= seen


def test_errors_are_in_the_model(model: Model, asking: Asking) -> None:
    for method, path, status in (
        ("GET", "/sites/nowhere", 404),
        ("GET", "/nonsense", 400),
        ("POST", "/$batch", 400),
    ):
        answer = asking.ask(method, path, json={} if method == "POST" else None)
        assert answer.status_code == status
        error = answer.json()["error"]
        found = {(one.what, one.detail) for one in model.check(error, "graph.publicError", path)}
        # Graph's error bodies carry these three in the open inner error
        assert found == {("extra", one) for one in ("date", "request-id", "client-request-id")}
        assert error["innerError"]["request-id"] == answer.headers["request-id"]
