"""Addresses, ids, tickets and settings: what goes in comes out, and nothing else does."""

from __future__ import annotations

import dataclasses
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluis.rehearsal.tenant.api_error import ApiError
from sluis.rehearsal.tenant.call import ByPath, Segment, read_address
from sluis.rehearsal.tenant.identifiers import ItemIds, ctag, etag
from sluis.rehearsal.tenant.links import Links
from sluis.rehearsal.tenant.rights import AppSettings
from sluis.rehearsal.tenant.settings import Population, Settings, from_json, to_json
from sluis.rehearsal.tenant.throttle import Limits
from sluis.rehearsal.tenant.weather import STORM

NAMES = st.text(st.characters(codec="utf-8", exclude_characters=r'"*:<>?/\|'), min_size=1)


@pytest.mark.parametrize(
    ("raw", "segments"),
    [
        ("/v1.0/drives/b!x/root", ("drives", "b!x", "root")),
        ("/v1.0/drives/x/root:/a%20b/c", ("drives", "x", "root", ByPath("a b/c"))),
        (
            "/v1.0/drives/x/root:/a:/children?$top=5",
            ("drives", "x", "root", ByPath("a"), "children"),
        ),
        ("/v1.0/drives/x/root%3A%2Fa%3A/content", ("drives", "x", "root", ByPath("a"), "content")),
        ("/v1.0/drives/x/root:", ("drives", "x", "root")),
        (
            "/beta/sites/h.example:/sites/a:/drives/x/root:/f()",
            ("sites", "h.example", ByPath("sites/a"), "drives", "x", "root", ByPath("f()")),
        ),
        ("/v1.0/sites/getAllSites()", ("sites", "getAllSites")),
    ],
)
def test_an_address_is_taken_apart(raw: str, segments: tuple[Segment, ...]) -> None:
    assert read_address(raw)[1] == segments


def test_arguments_of_a_function_become_a_query() -> None:
    _, segments, query = read_address(
        "/v1.0/drives/x/root/delta(token='2026-01-01T00:00:00Z')?$top=5"
    )
    assert segments == ("drives", "x", "root", "delta")
    assert query == {"$top": "5", "token": "2026-01-01T00:00:00Z"}
    assert read_address("/v1.0/drives/x/root/search(q='plan')")[2] == {"q": "plan"}


def test_an_unknown_version_is_refused() -> None:
    with pytest.raises(ApiError) as caught:
        read_address("/v3/users")
    assert caught.value.status == 400


@given(st.lists(NAMES.filter(lambda name: name not in (".", "..")), min_size=1, max_size=4))
def test_a_path_comes_through_whatever_its_names(names: list[str]) -> None:
    path = "/".join(names)
    for raw in (f"root:/{quote(path)}:/content", f"root%3A%2F{quote(path, safe='')}%3A/content"):
        assert read_address(f"/v1.0/drives/x/{raw}")[1][3:] == (ByPath(path), "content")


@given(st.integers(0, 2**31))
def test_an_id_says_which_item_it_is_in_its_own_drive_only(number: int) -> None:
    ids, others = ItemIds(b"one"), ItemIds(b"two")
    item = ids.item(number)
    assert ids.number(item) == number
    assert ids.number(item.lower()) is None
    assert others.number(item) is None
    assert ids.number(item[:-1]) is None
    assert ids.number(item[:10] + ("A" if item[10] != "A" else "B") + item[11:]) is None


def test_tags_have_the_shape_of_business() -> None:
    unique = ItemIds(b"one").unique(1)
    assert etag(unique, 3).startswith('"{') and etag(unique, 3).endswith('},3"')
    assert ctag(unique, 3) == etag(unique, 3).replace('"{', '"c:{')


def test_a_ticket_is_read_and_a_forged_one_is_not() -> None:
    links = Links()
    ticket = links.sign(["get", "drive", 1])
    assert links.read(ticket) == ["get", "drive", 1]
    assert Links().read(ticket) is None
    for place in (0, 5, len(ticket) // 2):
        forged = ticket[:place] + ("A" if ticket[place] != "A" else "B") + ticket[place + 1 :]
        assert links.read(forged) is None
    assert links.read("") is None
    assert links.read("é") is None


def test_settings_go_to_the_process_and_come_back() -> None:
    settings = Settings(
        seed=3,
        population=Population(file_size=(5, 6), nasty_names=True),
        weather=STORM,
        limits=Limits(licences=5),
        apps=(AppSettings("one", ("Sites.Selected",)),),
    )
    assert from_json(to_json(settings)) == settings
    assert from_json(to_json(Settings())) == Settings()
    assert dataclasses.replace(settings, seed=4) != settings
