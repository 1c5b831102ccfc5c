"""How the conversation goes on after an answer that is none, and how often it asks."""

from __future__ import annotations

from typing import Any

import pytest

from sluis.errors import InputError
from sluis.scope.model import Language
from sluis.scope.voice import Voice
from sluis.signoff.dialogue import (
    ATTEMPTS,
    Answers,
    Question,
    closing_questions,
    confirm_question,
    hold,
    may_sign,
)
from sluis.signoff.texts import SENTENCES
from support.scopes import make_scope
from support.signing import SIGNER

SIGNERS = make_scope(
    {"signers": [{"name": SIGNER[0], "role": SIGNER[1]}, {"name": "B. Owner", "role": "owner"}]}
).signers


def talk(typed: dict[str, list[str]], language: Language = "en") -> tuple[Answers, list[Question]]:
    """Two questions and who answers; what is typed to each, the last of it again and again."""
    asked = (
        confirm_question("one", "Is it one?", language),
        confirm_question("two", "Is it two?", language),
        *closing_questions(language),
    )
    heard: list[Question] = []
    left: dict[str, list[str]] = {
        "one": ["yes"], "two": ["yes"], "name": [SIGNER[0]], "role": [SIGNER[1]],
        "remarks": [""], **{key: list(words) for key, words in typed.items()},
    }  # fmt: skip

    def ask(question: Question) -> str:
        heard.append(question)
        words = left[question.id]
        return words.pop(0) if len(words) > 1 else words[0]

    return hold(asked, ask, signers=SIGNERS, language=language), heard


def hints(heard: list[Question], question: str) -> list[str]:
    return [one.hint for one in heard if one.id == question]


@pytest.mark.parametrize("language", ["nl", "en"])
def test_what_is_asked_again_says_what_may_be_typed(language: Language) -> None:
    voice = Voice(language, SENTENCES)
    answers, heard = talk(
        {"two": ["perhaps", "", " yes "], "name": ["", "B. Owner"], "role": ["12", "owner"]},
        language,
    )
    again, words = voice.say("again.yes-no"), voice.say("again.words")
    assert hints(heard, "two") == [voice.say("type.yes-no"), again, again]
    assert hints(heard, "name") == [voice.say("type.words"), words]
    assert hints(heard, "role") == [voice.say("type.words"), words]
    assert answers.confirmed == {"one": "yes", "two": "yes"}
    assert (answers.name, answers.role, answers.remarks) == ("B. Owner", "owner", "")
    assert [one.id for one in answers.questions] == ["one", "two", "name", "role", "remarks"]


@pytest.mark.parametrize("language", ["nl", "en"])
def test_somebody_else_is_told_who_may_sign(language: Language) -> None:
    _, heard = talk({"name": ["Nobody", SIGNER[0]]}, language)
    listed = f"{SIGNER[0]}, {SIGNER[1]}; B. Owner, owner"
    voice = Voice(language, SENTENCES)
    said = voice.say("again.not-a-signer", name="Nobody", role=SIGNER[1])
    said += " " + voice.say("again.signer", signers=listed)
    assert hints(heard, "name") == [Voice(language, SENTENCES).say("type.words"), said]


@pytest.mark.parametrize(
    ("typed", "code", "about", "often"),
    [
        ({"two": ["perhaps"]}, "no-clear-answer", "'Is it two?'", {"two": ATTEMPTS, "name": 0}),
        ({"name": [""]}, "no-name", "name", {"name": ATTEMPTS, "role": 0}),
        ({"role": ["5"]}, "no-name", "role", {"name": 1, "role": ATTEMPTS}),
        ({"name": ["Nobody"]}, "not-a-signer", f"Nobody ({SIGNER[1]})",
         {"name": ATTEMPTS, "role": ATTEMPTS}),
    ],
)  # fmt: skip
def test_after_so_many_attempts_nothing_is_signed(
    typed: dict[str, list[str]], code: str, about: str, often: dict[str, int]
) -> None:
    heard: list[str] = []
    last = {"one": "yes", "two": "yes", "name": SIGNER[0], "role": SIGNER[1]}

    def ask(question: Question) -> str:
        heard.append(question.id)
        return typed.get(question.id, [last.get(question.id, "")])[-1]

    asked = (
        confirm_question("one", "Is it one?", "en"), confirm_question("two", "Is it two?", "en"),
        *closing_questions("en"),
    )  # fmt: skip
    with pytest.raises(InputError) as caught:
        hold(asked, ask, signers=SIGNERS, language="en")
    assert caught.value.code == code
    assert about in caught.value.what
    assert {question: heard.count(question) for question in often} == often
    assert "remarks" not in heard


def test_of_a_long_question_an_error_says_the_beginning() -> None:
    asked = (confirm_question("one", "x" * 400, "en"), *closing_questions("en"))
    with pytest.raises(InputError) as caught:
        hold(asked, lambda question: "", language="en")
    assert caught.value.what.count("x") == 300
    name = Question("name", "name", "z" * 400, "")
    said: dict[str, Any] = {"one": "yes"}
    with pytest.raises(InputError) as caught:
        hold((asked[0], name, *asked[2:]), lambda question: said.get(question.id, ""))
    assert caught.value.what.count("z") == 300


@pytest.mark.parametrize(
    ("name", "role", "may"),
    [
        (*SIGNER, True), (f" {SIGNER[0].upper()}", f"{SIGNER[1].title()}  ", True),
        (SIGNER[0], "owner", False), ("B. Owner", "Owner", True), ("B. Owner", SIGNER[1], False),
        ("", "", False),
    ],
)  # fmt: skip
def test_who_may_sign_is_a_name_with_its_role(name: str, role: str, may: bool) -> None:
    assert may_sign(SIGNERS, name, role) is may
    assert may_sign((), name, role)
