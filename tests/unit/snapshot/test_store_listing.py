"""What a store lists: whole ids are used, and all else is counted and named."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluis.snapshot import store_listing
from sluis.snapshot.store_listing import Foreign, foreign_words, names_in_json, only_ids

ID = "0123456789abcdef" * 4
HOSTILE = (
    "--password-command=sh -c id", "-", "../../config", "junk", ID.upper(), ID + "\n", ID[:-1],
    ID + "0", f"{ID}/x", "\x1b[2J", "\u202e" + ID, "", " " + ID,
)  # fmt: skip


def in_pieces(data: bytes, size: int = 7) -> Iterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


@pytest.mark.parametrize("name", HOSTILE)
def test_L1_a_name_that_is_no_id_is_never_used(name: str) -> None:
    ids, foreign = only_ids("keys", [ID, name])
    assert ids == [ID]
    assert foreign.count == 1
    assert foreign.examples[0].startswith("keys/")


@given(st.lists(st.one_of(st.text(), st.sampled_from(HOSTILE), st.just(ID))))
def test_L21_every_name_is_used_or_counted(names: list[str]) -> None:
    ids, foreign = only_ids("snapshots", names)
    assert len(ids) + foreign.count == len(names)
    assert set(ids) <= {ID}


def test_L21_people_are_told_without_control_characters() -> None:
    _, foreign = only_ids("keys", ["\x1b[2Jjunk", "-x" * 500, "\u202e", "four"])
    words = foreign_words([foreign, Foreign("data", 0, ())])
    assert words.startswith("the store holds 4 objects that are not restic's, such as keys/")
    assert words.isprintable()
    assert len(words) < 500
    assert foreign_words([Foreign("keys", 0, ())]) == ""


@given(st.lists(st.text()), st.booleans(), st.integers(1, 40))
def test_both_versions_of_the_protocol_are_read_in_pieces(
    names: list[str], second: bool, size: int
) -> None:
    listed = [{"name": name, "size": 1} for name in names] if second else names
    assert list(names_in_json(in_pieces(json.dumps(listed).encode(), size))) == names


@pytest.mark.parametrize(
    "body",
    [
        b'["a"', b'["a",', b"[", b'{"name": "a"}', b"[5]", b"[null]", b"[[1]]", b'[{"size": 1}]',
        b"<html>", b'["a" "b"', b"[" * 100_000, b'["' + b"x" * 200_000, b'[{"name": 5}]', b"nul",
    ],
)  # fmt: skip
def test_L21_a_listing_that_is_none_is_an_error_and_never_a_shorter_one(body: bytes) -> None:
    with pytest.raises(ValueError, match="listing"):
        list(names_in_json(in_pieces(body, 1000)))


@pytest.mark.parametrize("body", [b"[]", b" [ ] \n", b"null", b"null\n", b""])
def test_an_empty_listing(body: bytes) -> None:
    assert list(names_in_json(in_pieces(body))) == []


def test_L21_foreign_names_take_no_memory() -> None:
    def listing() -> Iterator[bytes]:
        yield b"["
        for number in range(0, 100_000, 1000):
            names = range(number, number + 1000)
            yield b"".join(b'{"name":"junk-%d","size":1},' % name for name in names)
        yield b'{"name":"' + ID.encode() + b'"}]'

    tracemalloc.start()
    ids, foreign = only_ids("keys", names_in_json(listing()))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (ids, foreign.count) == ([ID], 100_000)
    assert most < 2 << 20


def test_L21_a_listing_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_listing, "MOST_NAMES", 10)
    with pytest.raises(ValueError, match="more than 10 objects in keys"):
        only_ids("keys", (str(number) for number in range(11)))
