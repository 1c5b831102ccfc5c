"""A property of the conversation: a yes needs every yes, in full, by somebody who may."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluis.errors import InputError
from sluis.evidence.typed_words import is_yes, usable_words
from sluis.scope.model import Language
from sluis.signoff.dialogue import Question, hold, questions
from support.scopes import make_scope
from support.signing import SIGNER, make_plan

SCOPE = make_scope()
UNTIL = datetime(2026, 12, 4, 19, 15, tzinfo=UTC)
ASKED = questions(SCOPE, make_plan(SCOPE), "en", UNTIL)
CONFIRM = [question.id for question in ASKED if question.kind in ("confirm", "decision")]
TYPED = st.sampled_from(["yes", "yes", "yes", "ja", "YES ", "no", "nee", "", "y", "ok", "maybe"])


@given(
    st.dictionaries(st.sampled_from(CONFIRM), TYPED, max_size=4),
    st.sampled_from([SIGNER[0], "B. Passer-by", ""]),
    st.sampled_from([SIGNER[1], "visitor"]),
)
@settings(max_examples=300, deadline=None)
def test_a_yes_is_every_yes_by_a_signer(typed: dict[str, str], name: str, role: str) -> None:
    heard: list[str] = []

    def ask(question: Question) -> str:
        heard.append(question.id)
        words = {"name": name, "role": role, "remarks": "Because."}
        return words.get(question.id, typed.get(question.id, "yes"))

    clear = [is_yes(typed.get(question_id, "yes")) for question_id in CONFIRM]
    first_not_yes = next((answer for answer in clear if answer is not True), True)
    try:
        answers = hold(ASKED, ask, signers=SCOPE.signers, language="en")
    except InputError as error:
        assert error.code in ("no-clear-answer", "not-a-signer", "no-name")
        assert first_not_yes is None or name != SIGNER[0] or role != SIGNER[1]
        return
    if answers.decision == "yes":
        assert all(clear)
        assert set(answers.confirmed) == set(CONFIRM)
        assert (answers.name, answers.role) == SIGNER
    else:
        assert first_not_yes is False
        # nothing more is asked for after a no but why, and by whom
        last = list(answers.confirmed)[-1]
        assert is_yes(answers.confirmed[last]) is False
        assert heard[heard.index(last) + 1] == "remarks"


@given(st.text(max_size=30))
def test_only_two_words_mean_yes(typed: str) -> None:
    words = typed.split()
    if len(words) == 1 and words[0][-1] in ".!":
        words = [words[0][:-1]]
    assert (is_yes(typed) is True) == (words in ([w] for w in _spellings("yes", "ja")))


@pytest.mark.parametrize("typed", ["Ja.", "yes!", "JA.", "no.", "Nee!"])
def test_newcomer_one_mark_behind_a_word_is_taken(typed: str) -> None:
    assert is_yes(typed) is (typed[0].lower() in "jy")
    for wrong in (f"{typed}.", f"{typed[:-1]}?", f".{typed}", f"{typed[:-1]} ."):
        assert is_yes(wrong) is None


def test_the_questions_are_the_same_in_both_languages() -> None:
    ids = []
    languages: tuple[Language, ...] = ("nl", "en")
    for language in languages:
        asked = questions(SCOPE, make_plan(SCOPE), language, UNTIL)
        ids.append([(question.id, question.kind) for question in asked])
        assert len({question.id for question in asked}) == len(asked)
    assert ids[0] == ids[1]


def test_words_that_were_typed_are_words() -> None:
    assert usable_words(" A.  Client ") == "A. Client"
    for wrong in ("", " ", "...", "A\x07", "A\u200bB", "caf\ufffd", "x" * 1001):
        assert usable_words(wrong) is None


def _spellings(*words: str) -> set[str]:
    found = set()
    for word in words:
        for bits in range(2 ** len(word)):
            found.add("".join(c.upper() if bits >> i & 1 else c for i, c in enumerate(word)))
    return found
