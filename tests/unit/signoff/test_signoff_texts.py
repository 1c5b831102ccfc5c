"""What is said around a signature: in both languages, short, and without jargon."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

import sluis.signoff.texts
from sluis.signoff.texts import SENTENCES

ROOM = Path(sluis.signoff.texts.__file__).parent


@pytest.mark.parametrize("key", sorted(SENTENCES))
def test_each_sentence_exists_in_both_languages_with_the_same_blanks(key: str) -> None:
    said = SENTENCES[key]
    blanks = [{name for _, name, _, _ in string.Formatter().parse(said[language]) if name}
              for language in ("nl", "en")]  # fmt: skip
    assert said["nl"].strip()
    assert said["en"].strip()
    assert said["nl"] != said["en"]
    assert blanks[0] == blanks[1]


def test_each_sentence_is_used() -> None:
    source = "".join(path.read_text() for path in ROOM.glob("*.py") if path.name != "texts.py")
    for key in SENTENCES:
        counted = re.sub(r"\.(one|more)$", "", key)
        assert f'"{counted}"' in source or f'"{key.split(".")[0]}.{{' in source, key


def test_sentences_are_short_and_hold_no_jargon() -> None:
    jargon = re.compile(
        r"\b(digest|hash|snapshot|manifest|restic|nonce|dossier|ledger|rollback|scope|asset|"
        r"waiver|sign-off)\b", re.IGNORECASE)  # fmt: skip
    for key, said in SENTENCES.items():
        for words in (said["nl"], said["en"]):
            assert not jargon.search(re.sub(r"\{\w+\}", "", words)), key
            for sentence in re.split(r"(?<=[.!?:]) ", words):
                assert len(sentence.split()) <= 20, (key, sentence)
