"""Every reader of YAML stays within bounds, whatever its aliases stand for (L22)."""

from __future__ import annotations

import itertools

import pytest
import yaml

from sluis.plan.settled import named_texts
from sluis.plan.templates import outside_of_yaml
from sluis.plan.written_yaml import NotReadableError, read_written, sealed_texts
from sluis.plan.yaml_bounds import MOST_VALUES, BoundlessError, refuse_boundless


def _bomb(levels: int) -> str:
    rows = [f"a{one}: &a{one} [{', '.join([f'*a{one - 1}'] * 10)}]" for one in range(1, levels)]
    return "\n".join(["a0: &a0 [x, x, x, x, x, x, x, x, x, x]", *rows, ""])


BOUNDLESS = {
    "lists": _bomb(9),
    "in itself": "a: &a [*a]\n",
    "in itself, deeper": "a: &a {b: {c: *a}}\n",
    "merged": "a: &a {x: &b [y, y]}\n"
    + "".join(f"b{one}: &b {{<<: *a, z: [*b, *b]}}\n" for one in range(40)),
    "a text": "a: &a x\nb: &b [" + "*a, " * 2000 + "]\nc: [" + "*b, " * 200 + "]\n",
}


@pytest.mark.parametrize("what", BOUNDLESS)
def test_L22_what_repeats_itself_without_end_is_read_by_nobody(what: str) -> None:
    text = BOUNDLESS[what]
    with pytest.raises(BoundlessError, match="aliases"):
        refuse_boundless(text)
    with pytest.raises(NotReadableError, match="aliases") as told:
        read_written(text.encode())
    assert "without aliases" in told.value.remedy
    assert list(sealed_texts(text.encode())) == []
    assert list(named_texts(text.encode())) == []
    assert len(outside_of_yaml(text.encode())) == 1


def test_what_repeats_itself_a_little_is_read() -> None:
    text = "a: &a [x, y]\nb: [*a, *a]\nc: &c z\nd: *c\n"
    refuse_boundless(text)
    assert read_written(text.encode()).plain() == {
        "a": ["x", "y"], "b": [["x", "y"], ["x", "y"]], "c": "z", "d": "z",
    }  # fmt: skip


def test_a_long_file_without_aliases_is_read() -> None:
    refuse_boundless("".join(f"- {one}\n" for one in range(MOST_VALUES + 10)))


@pytest.mark.parametrize("opened", ["[", "{a: ", "- "])
def test_what_is_nested_too_deeply_is_refused(opened: str) -> None:
    for levels, refused in ((90, False), (300, True)):
        closed = {"[": "]", "{a: ": "}", "- ": ""}[opened]
        text = opened * levels + "x" + closed * levels
        if refused:
            with pytest.raises(BoundlessError, match="nested"):
                refuse_boundless(text)
            with pytest.raises(NotReadableError, match="nested"):
                read_written(text.encode())
        else:
            refuse_boundless(text)


def test_json_that_is_nested_too_deeply_and_no_yaml_is_refused_as_well() -> None:
    """With a tab YAML stops at once, and then the text is tried as JSON."""
    text = "\t" + "[" * 100_000 + "]" * 100_000
    with pytest.raises(NotReadableError):
        read_written(text.encode())


def test_no_yaml_is_no_matter_of_bounds() -> None:
    for text, anchors in itertools.product(("a: [", "a: b: c"), ("", "x: &a y\n")):
        with pytest.raises(yaml.YAMLError) as told:
            refuse_boundless(anchors + text)
        assert not isinstance(told.value, BoundlessError)
