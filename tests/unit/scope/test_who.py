"""Who has no address is told in the client's words, and by no code."""

from __future__ import annotations

import re

import pytest

from sluis.scope.model import Language, Person
from sluis.scope.move_text import people_sentences
from sluis.scope.voice import Voice
from sluis.scope.who import in_words, who
from sluis.tenant.user_map import grants_in
from support.scopes import make_scope

LANGUAGES: tuple[Language, ...] = ("nl", "en")
#: what no client reads
CODE = re.compile(r"(?:link|id|permission|site-group|user|application|group):|tenant|not told who")


@pytest.mark.parametrize(
    ("line", "nl", "en"),
    [
        ("a link for anybody (link:anonymous)", "een link voor iedereen", "a link for anybody"),
        (
            "a link for everybody in the tenant (link:organization)",
            "een link voor iedereen in uw organisatie",
            "a link for everybody in your organisation",
        ),
        (
            "a: b.txt: a link for anybody (link:anonymous)",
            "a: b.txt: een link voor iedereen", "a: b.txt: a link for anybody",
        ),
        ("Anna (anna@old.example)", "Anna (anna@old.example)", "Anna (anna@old.example)"),
        ("anna@old.example", "anna@old.example", "anna@old.example"),
        ("Desk (old) (id:7c1f)", "Desk (old)", "Desk (old)"),
        ("a.txt: Desk (id:7c1f)", "a.txt: Desk", "a.txt: Desk"),
        ("id:7c1f", "het account met nummer 7c1f", "the account with number 7c1f"),
        ("a.txt: id:7c1f", "a.txt: het account met nummer 7c1f",
         "a.txt: the account with number 7c1f"),
        ("Team (x) (site-group:team (x))", "Team (x)", "Team (x)"),
        ("site-group:team (x)", "de groep team (x)", "the group team (x)"),
        ("not told who (permission:ab)", "iemand van wie wij de naam niet kregen",
         "somebody whose name we did not get"),
        ("a.txt: not told who (permission:ab)", "a.txt: iemand van wie wij de naam niet kregen",
         "a.txt: somebody whose name we did not get"),
        ("user:not told who", "iemand van wie wij de naam niet kregen",
         "somebody whose name we did not get"),
        ("application:backup", "het programma backup", "the program backup"),
    ],
)  # fmt: skip
def test_newcomer_somebody_is_told_without_a_code(line: str, nl: str, en: str) -> None:
    assert [in_words(line, Voice(language))[0] for language in LANGUAGES] == [nl, en]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scope", ["anonymous", "organization", None, "users"])
def test_newcomer_every_kind_of_link_has_words(language: Language, scope: str | None) -> None:
    given = {"link": {"scope": scope, "type": "view"}, "grantedToIdentitiesV2": [], "id": "7c"}
    (grant,) = grants_in(given)
    line = f"{grant.principal.name} ({grant.principal.keys[0]})"
    for told in (
        in_words(line, Voice(language))[0],
        who(grant.principal.keys[0], Voice(language)),
    ):
        assert CODE.search(told) is None, told
        assert "link" in told


@pytest.mark.parametrize("language", LANGUAGES)
def test_newcomer_a_map_of_people_names_links_in_words(language: Language) -> None:
    people = (
        Person(was="link:anonymous", because="It ends."),
        Person(was="site-group:Team", becomes="id:7c1f"),
    )
    document = make_scope().model_copy(update={"people": people})
    text = " / ".join(people_sentences(document, Voice(language)))
    assert CODE.search(text) is None, text
    assert {"nl": "een link voor iedereen", "en": "a link for anybody"}[language] in text
    assert {"nl": "de groep Team wordt het account", "en": "the group Team becomes the account"}[
        language
    ] in text
