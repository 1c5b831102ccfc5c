"""Half a character (a lone surrogate) in an answer: no file and no database takes one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sluis.graph.answer import json_or_none, parsed
from sluis.graph.errors import GraphError, answer_error, plain

HALF = "a\ud83d"
WHERE: dict[str, Any] = {
    "an id": {"id": HALF},
    "an eTag": {"eTag": HALF},
    "a hash": {"file": {"hashes": {"quickXorHash": HALF}}},
    "a time": {"fileSystemInfo": {"lastModifiedDateTime": HALF}},
    "a parent": {"parentReference": {"driveId": "d", "id": HALF}},
    "an address": {"createdBy": {"user": {"email": HALF}}},
}


def escaped(told: object) -> bytes:
    return json.dumps(told).encode()


def in_bytes(told: object) -> bytes:
    return json.dumps(told, ensure_ascii=False).encode("utf-8", "surrogatepass")


def in_utf_16(told: object) -> bytes:
    return json.dumps(told, ensure_ascii=False).encode("utf-16", "surrogatepass")


@pytest.mark.parametrize("written", [escaped, in_bytes, in_utf_16])
@pytest.mark.parametrize("where", WHERE)
def test_half_a_character_where_a_text_is_exact_is_an_error_with_its_call(
    where: str, written: Any
) -> None:
    page = {"value": [{"id": "1", "name": "one"}, {"id": "2", **WHERE[where]}]}
    with pytest.raises(GraphError, match=r"page-malformed.*GET /drives/d/root/delta.*half") as told:
        parsed(written(page), 200, "GET", "https://graph.example/drives/d/root/delta?token=x")
    str(told.value).encode()
    assert json_or_none(written(page)) is None


def test_a_link_with_half_a_character_is_none() -> None:
    assert (
        json_or_none(escaped({"value": [], "@odata.nextLink": f"https://graph.example/{HALF}"}))
        is None
    )


def test_names_stay_as_they_are_and_other_words_are_whole() -> None:
    item = {
        "id": "1", "name": HALF, "description": HALF, "tags": [HALF, "b"],
        "createdBy": {"user": {"displayName": HALF}}, "fields": {"Title": HALF},
    }  # fmt: skip
    assert json_or_none(escaped({"value": [item]})) == {"value": [{
        "id": "1", "name": HALF, "description": "a\ufffd", "tags": ["a\ufffd", "b"],
        "createdBy": {"user": {"displayName": "a\ufffd"}}, "fields": {"Title": HALF},
    }]}  # fmt: skip


def test_two_halves_are_a_character() -> None:
    page = {"value": [{"id": "\U0001f600", "eTag": "\ud55c\uae00"}]}
    assert json_or_none(escaped(page)) == json_or_none(in_bytes(page)) == page


def test_a_message_of_the_service_can_be_shown() -> None:
    assert plain(f"no {HALF}b") == "no a b"
    str(answer_error(403, {"error": {"code": HALF, "message": HALF}}, "/a", method="GET")).encode()
