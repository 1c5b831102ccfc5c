"""An error says what happened in a sentence that ends, whoever said the end of it."""

from __future__ import annotations

import pytest

from sluis.errors import SnapshotError, as_sentence


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("The store said: Permission denied", "The store said: Permission denied."),
        ("It could not open '/srv/a'", "It could not open '/srv/a'."),
        ("It ended and said: ", "It ended and said."),
        ("It is done.", "It is done."),
        ("It says itself: “Look there.”", "It says itself: “Look there.”"),
        ("Is it (or was it?)", "Is it (or was it?)"),
        ("line one\nsluis keys trust a b", "line one\nsluis keys trust a b"),
        ("", ""),
    ],
)
def test_newcomer_what_happened_ends_before_what_to_do_begins(said: str, sentence: str) -> None:
    assert as_sentence(said) == sentence
    error = SnapshotError("some-code", said, "Look there.")
    assert (error.what, error.args[0]) == (sentence, sentence)
