"""Every documented example that concerns a served call, compared by shape with our answer.

The examples are of July 2021 and partly from OneDrive Personal; where our tenant differs on
purpose, the difference is listed with its reason, and a difference that is listed and does
not occur fails the test as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from support.asking import Asking
from support.graph_examples import Example, differences, read_examples
from support.graph_facts import shape_of

#: ``page number`` of examples that belong to calls the tenant does not serve, by page
NOT_SERVED = {
    "driveitem-checkin": "no check-in and check-out",
    "driveitem-checkout": "no check-in and check-out",
    "driveitem-follow": "needs a signed-in user",
    "driveitem-unfollow": "needs a signed-in user",
    "driveitem-restore": "OneDrive Personal only",
    "listitemversion-restore": "only versions of files are kept",
    "listitemversion": "only versions of files are kept",
    "permission-grant": "works on sharing links, which the tenant does not resolve",
    "permissiongrantpolicy-delete-excludes": "directory policies are out of reach",
    "permissiongrantpolicy-delete-includes": "directory policies are out of reach",
    "permissiongrantpolicy-delete": "directory policies are out of reach",
    "permissiongrantpolicy-post-excludes": "directory policies are out of reach",
    "permissiongrantpolicy-post-includes": "directory policies are out of reach",
    "permissiongrantpolicy-post-permissiongrantpolicies": "directory policies are out of reach",
    "permissiongrantpolicy-update": "directory policies are out of reach",
    "permissiongrantconditionset": "directory policies are out of reach",
    "permissiongrantpolicy": "directory policies are out of reach",
    "permissionscope": "directory policies are out of reach",
    "shareddriveitem": "works on sharing links, which the tenant does not resolve",
    "site-follow": "needs a signed-in user",
    "site-unfollow": "needs a signed-in user",
    "driverecipient": "only sent, never answered",
    "driveitemuploadableproperties": "only sent, never answered",
    "driveitem-createuploadsession 1": "only sent, never answered",
    "driveitem-createlink 6": "links to embed are OneDrive Personal only",
}

#: where our answer has another shape, by example and difference
ON_PURPOSE = {
    ("driveitem-createlink 2", "missing link.application"): "application of the caller is not told",
    ("driveitem-createlink 4", "missing link.application"): "application of the caller is not told",
    ("driveitem-invite 3", "missing value[].hasPassword"): "told of links only",
    ("driveitem-invite 3", "missing value[].invitation"): "told of guests; this is a user",
    ("driveitem-post-children 2", "missing createdBy.user.id"): "an app made it, no user",
    ("driveitem-post-children 2", "missing lastModifiedBy.user.id"): "an app made it, no user",
    ("list-create 2", "missing createdBy.user.id"): "an app made it, no user",
    ("list-create 2", "missing lastModifiedBy.user.id"): "an app made it, no user",
    ("listitem-create 2", "missing createdBy.user.id"): "an app made it, no user",
    ("listitem-create 2", "missing lastModifiedBy.user.id"): "an app made it, no user",
    ("driveitem-put-content 5", "status 200, not 201"): (
        "the example is that of a new file; other content of an old one answers 200"
    ),
    ("listitem-update 1", "status 200, not 201"): "nothing is created by this PATCH",
}


class Stage:
    """A drive with something of everything to make, change and delete."""

    def __init__(self, asking: Asking) -> None:
        self.asking = asking
        self.drive = next(one for one in asking.tenant.control.drives() if not one["owner"])
        self.base = f"/drives/{self.drive['id']}"
        self._made = 0

    def number(self) -> int:
        self._made += 1
        return self._made

    def new_file(self, content: bytes = b"twenty-six letters or so..") -> dict[str, Any]:
        path = f"{self.base}/root:/example {self.number()}.txt:/content"
        found: dict[str, Any] = self.asking.json("PUT", path, data=content)
        return found

    def item(self, rest: str = "") -> str:
        return f"{self.base}/items/{self.new_file()['id']}{rest}"

    def session(self, name: str, **item: Any) -> str:
        answer = self.asking.json(
            "POST", f"{self.base}/root:/{name}:/createUploadSession", json=item or {}
        )
        return str(answer["uploadUrl"])

    def piece(self, url: str, start: int, size: int, total: int) -> requests.Response:
        span = f"bytes {start}-{start + size - 1}/{total}"
        return self.asking.plain.put(url, data=b"x" * size, headers={"Content-Range": span})


PIECE = 320 * 1024


def _open(stage: Stage) -> requests.Response:
    name = f"open {stage.number()}.vhd"
    return stage.asking.ask("POST", f"{stage.base}/root:/{name}:/createUploadSession", json={})


def _copy(stage: Stage) -> requests.Response:
    return stage.asking.ask("POST", stage.item("/copy"), json={"name": f"copy {stage.number()}"})


def _list(stage: Stage) -> requests.Response:
    body = {"displayName": f"List {stage.number()}", "columns": [{"name": "Color", "text": {}}]}
    return stage.asking.ask("POST", f"/sites/{stage.drive['site']}/lists", json=body)


def _list_item(stage: Stage) -> requests.Response:
    items = f"/sites/{stage.drive['site']}/lists/{_list(stage).json()['id']}/items"
    return stage.asking.ask("POST", items, json={"fields": {"Title": "Widget", "Color": "Purple"}})


def _delete_list_item(stage: Stage) -> requests.Response:
    base = f"/sites/{stage.drive['site']}/lists/{_list(stage).json()['id']}/items"
    made = stage.asking.json("POST", base, json={"fields": {"Title": "Widget"}})
    return stage.asking.ask("DELETE", f"{base}/{made['id']}")


def _first_piece(stage: Stage) -> requests.Response:
    return stage.piece(stage.session("first.vhd"), 0, PIECE, 2 * PIECE)


def _last_piece(stage: Stage) -> requests.Response:
    return stage.piece(stage.session("last.vhd"), 0, 128, 128)


def _deferred(stage: Stage) -> requests.Response:
    url = stage.session("deferred.vhd", deferCommit=True)
    assert stage.piece(url, 0, 128, 128).status_code == 202
    return stage.asking.plain.post(url, data=b"", headers={"Content-Length": "0"})


def _cancel(stage: Stage) -> requests.Response:
    return stage.asking.plain.delete(stage.session("cancelled.vhd"))


def _state(stage: Stage) -> requests.Response:
    url = stage.session("state.vhd")
    stage.piece(url, 0, PIECE, 2 * PIECE)
    return stage.asking.plain.get(url)


def _range(stage: Stage) -> requests.Response:
    where = stage.asking.ask("GET", stage.item("/content"))
    assert where.status_code == 302
    return stage.asking.plain.get(where.headers["Location"], headers={"Range": "bytes=0-9"})


def _invite(stage: Stage) -> requests.Response:
    body = {
        "recipients": [{"email": "user01@rehearsal.example"}],
        "requireSignIn": True,
        "sendInvitation": False,
        "roles": ["write"],
        "expirationDateTime": "2030-07-15T14:00:00.000Z",
    }
    return stage.asking.ask("POST", stage.item("/invite"), json=body)


def _link(kind: str, scope: str) -> Callable[[Stage], requests.Response]:
    def make(stage: Stage) -> requests.Response:
        body = {"type": kind, "scope": scope}
        return stage.asking.ask("POST", stage.item("/createLink"), json=body)

    return make


def _shared_item(stage: Stage) -> tuple[str, str]:
    item = stage.item()
    body = {"recipients": [{"email": "user02@rehearsal.example"}], "roles": ["write"]}
    made = stage.asking.json("POST", f"{item}/invite", json=body)["value"][0]
    return item, made["id"]


def _change_permission(stage: Stage) -> requests.Response:
    item, permission = _shared_item(stage)
    body = {"roles": ["read"]}
    return stage.asking.ask("PATCH", f"{item}/permissions/{permission}", json=body)


def _delete_permission(stage: Stage) -> requests.Response:
    item, permission = _shared_item(stage)
    return stage.asking.ask("DELETE", f"{item}/permissions/{permission}")


def _own_permission(stage: Stage) -> requests.Response:
    item, permission = _shared_item(stage)
    return stage.asking.ask("GET", f"{item}/permissions/{permission}")


def _children(stage: Stage) -> requests.Response:
    return stage.asking.ask("GET", f"{stage.base}/root/children?$top=20")


def _folder(stage: Stage) -> requests.Response:
    body = {"name": "By example", "folder": {}, "@microsoft.graph.conflictBehavior": "rename"}
    return stage.asking.ask("POST", f"{stage.base}/root/children", json=body)


def _move(stage: Stage) -> requests.Response:
    folder = _folder(stage).json()["id"]
    body = {"parentReference": {"id": folder}, "name": "new-item-name.txt"}
    return stage.asking.ask("PATCH", stage.item(), json=body)


def _rename(stage: Stage) -> requests.Response:
    return stage.asking.ask("PATCH", stage.item(), json={"name": "new-file-name.docx"})


def _put_new(stage: Stage) -> requests.Response:
    return stage.asking.ask("PUT", f"{stage.base}/root:/FileB.txt:/content", data=b"new")


def _put_again(stage: Stage) -> requests.Response:
    return stage.asking.ask("PUT", stage.item("/content"), data=b"again")


def _delete(stage: Stage) -> requests.Response:
    return stage.asking.ask("DELETE", stage.item())


def _restore_version(stage: Stage) -> requests.Response:
    item = stage.item()
    stage.asking.json("PUT", f"{item}/content", data=b"second")
    old = stage.asking.json("GET", f"{item}/versions")["value"][-1]["id"]
    return stage.asking.ask("POST", f"{item}/versions/{old}/restoreVersion")


def _version(stage: Stage) -> requests.Response:
    item = stage.item()
    stage.asking.json("PUT", f"{item}/content", data=b"second")
    old = stage.asking.json("GET", f"{item}/versions")["value"][-1]["id"]
    return stage.asking.ask("GET", f"{item}/versions/{old}")


def _fields(stage: Stage) -> requests.Response:
    body = {"Title": "Widget", "Department": "Sales"}
    return stage.asking.ask("PATCH", stage.item("/listItem/fields"), json=body)


def _site(stage: Stage) -> requests.Response:
    sites = stage.asking.json("GET", "/sites?search=site")["value"]
    team = next(site for site in sites if "/sites/" in site["webUrl"])
    host, path = team["webUrl"].removeprefix("https://").split("/", 1)
    return stage.asking.ask("GET", f"/sites/{host}:/{path}")


def _get(rest: str) -> Callable[[Stage], requests.Response]:
    return lambda stage: stage.asking.ask("GET", f"{stage.base}{rest}")


SERVED: dict[str, Callable[[Stage], requests.Response]] = {
    "driveitem-createlink 2": _link("view", "anonymous"),
    "driveitem-createlink 4": _link("edit", "organization"),
    "driveitem-copy 2": _copy,
    "driveitem-createuploadsession 4": _open,
    "driveitem-createuploadsession 6": _first_piece,
    "driveitem-createuploadsession 9": _last_piece,
    "driveitem-createuploadsession 11": _deferred,
    "driveitem-createuploadsession 13": _cancel,
    "driveitem-createuploadsession 15": _state,
    "driveitem-delete 2": _delete,
    "driveitem-get-content 3": _range,
    "driveitem-invite 3": _invite,
    "driveitem-list-children 2": _children,
    "driveitem-move 2": _move,
    "driveitem-post-children 2": _folder,
    "driveitem-put-content 3": _put_new,
    "driveitem-put-content 5": _put_again,
    "driveitem-update 2": _rename,
    "driveitemversion-restore 2": _restore_version,
    "list-create 2": _list,
    "listitem-create 2": _list_item,
    "listitem-delete 2": _delete_list_item,
    "listitem-update 1": _fields,
    "permission-delete 2": _delete_permission,
    "permission-update 2": _change_permission,
    "site-getbypath 1": _site,
}

#: descriptions of resources: only what both have is compared
RESOURCES: dict[str, Callable[[Stage], requests.Response]] = {
    "drive 0": _get(""),
    "driveItemVersion 0": _version,
    "driveitem 0": lambda stage: stage.asking.ask("GET", stage.item()),
    "hashes 0": lambda stage: stage.asking.ask("GET", stage.item()),
    "itemreference 0": lambda stage: stage.asking.ask("GET", stage.item()),
    "listitem 0": lambda stage: stage.asking.ask("GET", stage.item("/listItem?$expand=fields")),
    "permission 0": _own_permission,
    "sharinglink 0": _link("view", "organization"),
    "site 0": _site,
    "sitecollection 0": _site,
    "uploadsession 0": _open,
}
#: where in our answer the resource is
_PART = {
    "hashes 0": ("file", "hashes"),
    "itemreference 0": ("parentReference",),
    "sharinglink 0": ("link",),
    "sitecollection 0": ("siteCollection",),
}


@pytest.fixture(scope="module")
def stage(asking: Asking) -> Stage:
    return Stage(asking)


@pytest.fixture(scope="module")
def examples(facts: dict[str, Any]) -> dict[str, Example]:
    return {one.name: one for one in read_examples(facts)}


def test_every_documented_answer_is_accounted_for(examples: dict[str, Example]) -> None:
    left_over = [
        name
        for name, example in examples.items()
        if example.kind in ("response", "resource")
        and name not in SERVED
        and name not in RESOURCES
        and name not in NOT_SERVED
        and name.rpartition(" ")[0] not in NOT_SERVED
    ]
    assert not left_over
    assert set(SERVED) | set(RESOURCES) <= set(examples)


def test_served_calls_answer_as_documented(examples: dict[str, Example], stage: Stage) -> None:
    found: list[tuple[str, str]] = []
    for name, call in SERVED.items():
        example, answer = examples[name], call(stage)
        if answer.status_code != example.status:
            found.append((name, f"status {answer.status_code}, not {example.status}"))
        elif example.shape is not None:
            found += [(name, one) for one in differences(example.shape, answer.json())]
        elif example.status == 204:
            assert not answer.content, name
    accounted = [one for one in found if one in ON_PURPOSE]
    unexplained = [one for one in found if one not in ON_PURPOSE]
    assert not unexplained, "\n".join(map(str, unexplained))
    assert set(accounted) == set(ON_PURPOSE)


def test_resources_have_the_documented_kinds(examples: dict[str, Example], stage: Stage) -> None:
    found: list[tuple[str, str]] = []
    for name, call in RESOURCES.items():
        ours = call(stage).json()
        for part in _PART.get(name, ()):
            ours = ours[part]
        documented = examples[name].shape
        assert isinstance(documented, dict), name
        shared = {key: value for key, value in documented.items() if key in ours}
        assert shared, name
        found += [
            (name, one)
            for one in differences(shared, ours)
            # inside a part a resource's description is as loose as at its top
            if one.startswith("kind ")
        ]
    assert not found


def test_the_comparison_finds_what_differs() -> None:
    documented = {"a": "x", "b": {"c": 1}, "d": [{"e": True}, {"f": "y"}], "g": 1}
    shape = shape_of(documented)
    assert not list(differences(shape, {**documented, "more": 1}))
    assert set(differences(shape, {"a": 1, "b": {}, "d": [{"e": "no"}], "g": None})) == {
        "kind a",
        "missing b.c",
        "kind d[].e",
        "missing d[].f",
    }
