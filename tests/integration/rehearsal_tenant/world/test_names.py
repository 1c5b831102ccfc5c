"""What the service takes as a name, and the hostile names that it serves anyway."""

from __future__ import annotations

from urllib.parse import quote, unquote

import pytest

from support.tenant_talk import Reply, Talk

REFUSED = (
    "trailing.",
    "trailing...",
    *(f"a{sign}b" for sign in '"*<>?|\\:'),
    "a/b",
    "bell\x07",
    "line\nbreak",
    " leading",
    "trailing ",
    ".lock",
    "con",
    "PRN",
    "aux",
    "NUL",
    "COM0",
    "com9",
    "LPT5",
    "Desktop.ini",
    "..",
    ".",
    "my_vti_file",
    "~$draft.docx",
    "forms",
    "",
    "\ud83d",
    "x" * 256,
)
TAKEN = (
    "CON.txt",
    "a%b",
    "a#b",
    "~user",
    "..a",
    "😀",
    "com10",
    "x" * 200,
)


def _make(talk: Talk, drive: str, name: object, parent: str = "root") -> Reply:
    where = f"/drives/{drive}/items/{parent}/children"
    return talk.ask("POST", where, json_body={"name": name, "folder": {}})


def test_names_that_are_not_allowed_are_refused(talk: Talk, drive: str) -> None:
    for name in REFUSED:
        answer = _make(talk, drive, name)
        assert (answer.status, answer.error) == (400, "invalidRequest"), name
    assert _make(talk, drive, None).status == 400
    # the same by every other way in
    assert talk.put(drive, "a<b.txt", b"x").status == 400
    file = talk.put(drive, "fine.txt", b"x").json()
    where = f"/drives/{drive}/items/{file['id']}"
    assert talk.ask("PATCH", where, json_body={"name": "NUL"}).status == 400
    session = f"/drives/{drive}/root:/{quote('a|b.txt')}:/createUploadSession"
    assert talk.ask("POST", session, json_body={}).status == 400


def test_names_that_only_look_reserved_are_taken(talk: Talk, drive: str) -> None:
    for name in TAKEN:
        assert _make(talk, drive, name).status == 201, name


def test_forms_is_reserved_at_the_root_only(talk: Talk, drive: str) -> None:
    folder = _make(talk, drive, "Folder").json()["id"]
    assert _make(talk, drive, "Forms").status == 400
    assert _make(talk, drive, "Forms", folder).status == 201


@pytest.mark.parametrize(("first", "second"), [("Case.txt", "cASE.TXT"), ("É", "é")])
def test_case_alone_does_not_make_another_name(
    talk: Talk, drive: str, first: str, second: str
) -> None:
    assert _make(talk, drive, first).status == 201
    answer = _make(talk, drive, second)
    assert (answer.status, answer.error) == (409, "nameAlreadyExists")


@pytest.mark.parametrize(("first", "second"), [("caf\u00e9", "cafe\u0301"), ("ß", "ss")])
def test_names_that_only_a_careless_program_takes_for_one_live_side_by_side(
    talk: Talk, drive: str, first: str, second: str
) -> None:
    assert _make(talk, drive, first).json()["name"] == first
    assert _make(talk, drive, second).json()["name"] == second


def test_a_path_has_400_characters_with_the_address_of_the_library(talk: Talk, drive: str) -> None:
    address = unquote(talk.good(f"/drives/{drive}")["webUrl"])
    folder = _make(talk, drive, "f" * 100).json()
    left = 400 - len(address) - 1 - 100 - 1
    name = "n" * left
    assert left < 256
    assert _make(talk, drive, name, folder["id"]).status == 201
    refused = _make(talk, drive, name + "n", folder["id"])
    assert (refused.status, refused.error, refused.inner) == (
        400,
        "invalidRequest",
        "pathIsTooLong",
    )


def test_hostile_names_are_listed_and_can_be_fetched(talk: Talk, quiet_drive: str) -> None:
    live = talk.tenant.control.items(quiet_drive)
    nasty = [one for one in live if one["path"].startswith("Nasty/")]
    names = {one["name"] for one in nasty}
    assert {
        "CON.txt",
        "trailing dots...",
        "line\nbreak.txt",
        "caf\u00e9.txt",
        "cafe\u0301.txt",
    } <= names
    assert any("\u202e" in name for name in names)
    address = unquote(talk.good(f"/drives/{quiet_drive}")["webUrl"])
    assert max(len(one["path"]) for one in nasty) + len(address) + 1 == 400
    for one in nasty:
        if "file" not in one:
            continue
        found = talk.good(f"/drives/{quiet_drive}/root:/{quote(one['path'])}")
        assert (found["id"], found["name"]) == (one["id"], one["name"])
    for name in ("line\nbreak.txt", "..%2f..%2fetc%2fpasswd", "empty.txt"):
        one = next(item for item in nasty if item["name"] == name)
        assert len(talk.fetch(quiet_drive, one["id"])) == one["size"]
