"""The same meaning has the same digest; another meaning has another."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sluis.scope.model import ScopeDocument
from sluis.scope.strict_yaml import read_tree
from support.every_field import SCOPE_WITH_EVERYTHING, changed_once
from support.scopes import scope_dict, to_yaml, tuples


def digest_of(text: str) -> str:
    return ScopeDocument.model_validate(read_tree(text.encode()).value).digest()


def shuffled(value: Any, chance: random.Random) -> Any:
    if isinstance(value, dict):
        keys = list(value)
        chance.shuffle(keys)
        return {key: shuffled(value[key], chance) for key in keys}
    if isinstance(value, list | tuple):
        return [shuffled(item, chance) for item in value]
    return value


@given(st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_key_order_comments_and_spelling_do_not_change_the_digest(chance: random.Random) -> None:
    text = to_yaml(shuffled(scope_dict(), chance))
    lines = []
    for line in text.splitlines():
        if chance.random() < 0.3:
            lines.append(" " * chance.randrange(6) + "# a note: &not *a [trick]")
        if chance.random() < 0.2:
            lines.append("")
        # quoted one way, the other way, or not at all
        simple = re.fullmatch(r'( *(?:- )?\w+: )"([A-Za-z][A-Za-z ]*)"', line)
        if simple and simple[2].lower() not in ("yes", "no", "on", "off", "y", "n"):
            line = simple[1] + chance.choice(["{}", "'{}'", '"{}"', ">-\n          {}"]).format(
                simple[2]
            )
        # trailing spaces mean nothing, except in a folded text
        lines.append(line if ">-" in line else line + " " * chance.randrange(3))
    assert digest_of("\n".join(lines) + "\n") == digest_of(to_yaml(scope_dict()))


def test_flow_style_and_units_are_only_spelling() -> None:
    text = to_yaml(scope_dict())
    other = text.replace("size: 53000000000", "size: 53 GB").replace(
        '      agreement: "SEC-88"\n', "      agreement: SEC-88  # since 2024\n"
    )
    assert other != text
    assert digest_of(other) == digest_of(text)


def test_the_same_words_in_another_unicode_form_are_the_same_words() -> None:
    composed, decomposed = "Patiënten", "Patie\u0308nten"
    assert composed != decomposed
    assert _with_title(composed) == _with_title(decomposed) == _with_title(f"  {composed} ")
    # a path is taken letter by letter: on disk these are two files
    paths = [
        ScopeDocument.model_validate(
            tuples(scope_dict({"assets.1.location": f"/srv/{name}"}))
        ).digest()
        for name in (composed, decomposed)
    ]
    assert paths[0] != paths[1]


def test_any_changed_field_changes_the_digest() -> None:
    full = ScopeDocument.model_validate(SCOPE_WITH_EVERYTHING)
    seen = {full.digest(): full}
    for where, document in changed_once():
        assert document.digest() != full.digest(), where
        assert seen.setdefault(document.digest(), document) == document, where
    assert len(seen) > 200


@given(st.data())
@settings(max_examples=20, deadline=None)
def test_a_scope_comes_back_from_its_bytes_unchanged(data: st.DataObject) -> None:
    _, document = data.draw(st.sampled_from(list(changed_once())))
    again = ScopeDocument.from_bytes(document.to_bytes())
    assert again == document
    assert again.to_bytes() == document.to_bytes()


def test_the_digest_of_the_template_example_is_stable_across_reads() -> None:
    path = Path(__file__).parents[3] / "inventories/template/changes/CHG-TEMPLATE/scope.yml"
    text = path.read_text()
    without_notes = "\n".join(
        line for line in text.splitlines() if not line.lstrip().startswith("#")
    )
    assert digest_of(text) == digest_of(without_notes)


def _with_title(title: str) -> str:
    return ScopeDocument.model_validate(tuples(scope_dict({"title": title}))).digest()
