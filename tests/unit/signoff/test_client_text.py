"""What a client reads of the demo's changes and of a restore, whole, as files to read.

``SLUIS_WRITE_GOLDEN=1`` writes them anew; read the difference aloud before you keep it.
"""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sluis.border.characters import visible
from sluis.plan.annex import plan_annex
from sluis.plan.model import PlanDocument
from sluis.plan.text import plan_text
from sluis.scope.annex import scope_annex
from sluis.scope.model import Language, Migrate, ScopeDocument
from sluis.scope.text import scope_text
from sluis.signoff.dialogue import questions

FOLDER = Path(__file__).parents[2] / "golden" / "client_text"
UNTIL = datetime(2026, 12, 4, 19, 15, tzinfo=UTC)
CHANGES = ("CHG-1042", "CHG-1043", "CHG-1044", "CHG-1050")
LANGUAGES: tuple[Language, ...] = ("nl", "en")


def documents(change: str, language: Language) -> tuple[ScopeDocument, PlanDocument]:
    scope = ScopeDocument.from_bytes((FOLDER / f"{change}.scope.json").read_bytes())
    plan = PlanDocument.model_validate_json(
        (FOLDER / f"{change}.plan.{language}.json").read_bytes()
    )
    return scope, plan.model_copy(update={"scope_object": scope.digest()})


def main_text(change: str, language: Language) -> str:
    """What has to be read, and every question."""
    scope, plan = documents(change, language)
    asked = "\n\n".join(f"? {item.text}" for item in questions(scope, plan, language, UNTIL))
    return f"{plan_text(plan, language)}\n{scope_text(scope, language)}\n{asked}\n"


def annex(change: str, language: Language) -> str:
    scope, plan = documents(change, language)
    return visible(f"{scope_annex(scope, language)}\n{plan_annex(plan, language)}")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("change", CHANGES)
def test_the_text_is_the_one_that_was_read_aloud(change: str, language: Language) -> None:
    path = FOLDER / f"{change}.{language}.txt"
    line = f"\n{'=' * 78}\n\n"
    text = f"{main_text(change, language)}{line}{annex(change, language)}"
    if os.environ.get("SLUIS_WRITE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("change", CHANGES)
def test_no_id_path_code_or_level_stands_in_a_sentence(change: str, language: Language) -> None:
    text = main_text(change, language)
    scope, plan = documents(change, language)
    names = {name for asset in scope.assets for name in (asset.id, asset.location, asset.host)}
    names |= {step.step for step in plan.steps} | {entry.id for entry in scope.not_included}
    # a single word may be one of the client's own
    ids = {name for name in names if name and re.search(r"[-/!]", name)}
    assert [name for name in ids if name in text] == []
    assert not re.search(r"\bV[0-6]\b|[0-9a-f]{12}|\bUTC\b|://|CHG-|/srv/", text)
    assert "over, it stays" not in text
    assert "gaat niet over, het blijft" not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_update_speaks_of_data_that_stay_and_a_move_of_what_moves(language: Language) -> None:
    stays = {"nl": "Deze gegevens blijven waar ze zijn.", "en": "This data stays where it is."}
    goes = {"nl": "Dit gaat mee, uiterlijk op", "en": "This moves, by"}
    behind = {"nl": "Dit gaat niet mee.", "en": "We do not move this."}
    update, move = main_text("CHG-1042", language), main_text("CHG-1050", language)
    assert stays[language] in update
    assert goes[language] not in update
    assert stays[language] not in move
    assert goes[language] in move
    assert behind[language] in move


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("change", CHANGES)
def test_nothing_is_headed_or_said_twice(change: str, language: Language) -> None:
    text = main_text(change, language)
    # the questions say again what was read
    read = text[: text.index("\n? ")].splitlines()
    assert read.count({"nl": "Voor alles:", "en": "For everything:"}[language]) == 1
    headings = [line for line in read if line.isupper()]
    assert len(headings) == len(set(headings))


@pytest.mark.parametrize("change", CHANGES)
def test_no_english_label_stands_in_the_dutch_annex(change: str) -> None:
    scope, _ = documents(change, "nl")
    labels = {line.split(":")[0].strip() for line in scope_annex(scope, "nl").splitlines()}
    english = {"management", "backup", "security", "tenant", "drive", "folder", "path", "kind"}
    assert labels & english == set()
    assert not re.search(r": (client|provider|third)$", annex(change, "nl"), re.MULTILINE)


#: how a question may end; what a yes to it means cannot be taken for anything safer
ENDINGS = {
    "nl": (
        "Hebt u dat gelezen?", "Gaat u daarmee akkoord?", "Weet u dat?",
        "Mogen wij doorgaan, met dit risico?",
    ),
    "en": (
        "Have you read that?", "Do you agree to that?", "Do you know that?",
        "May we go on, with this risk?",
    ),
}  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("change", CHANGES)
def test_a_yes_is_one_answer_to_one_question(change: str, language: Language) -> None:
    scope, plan = documents(change, language)
    for item in questions(scope, plan, language, UNTIL):
        if item.kind == "confirm":
            assert item.text.endswith(ENDINGS[language]), item.text
            assert item.text.count("?") == 1


def test_whoever_lets_us_go_back_is_told_in_that_question_what_it_costs() -> None:
    scope, plan = documents("CHG-1042", "en")
    (asked,) = (one for one in questions(scope, plan, "en", UNTIL) if one.id == "way-back")
    assert "at once and without calling you first" in asked.text
    assert "you lose what was done after it was made" in asked.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_restore_loses_is_said_of_its_success(language: Language) -> None:
    lost = {"nl": "bent u dan kwijt", "en": "You lose what was done"}[language]
    heads = {"nl": ("ALS HET LUKT", "ALS HET MISLUKT"), "en": ("IF IT SUCCEEDS", "IF IT FAILS")}
    succeeds, fails = heads[language]
    scope, plan = documents("CHG-1044", language)
    text = " ".join(scope_text(scope, language).split())
    assert lost in text[text.index(succeeds) : text.index(fails)]
    assert lost not in text[text.index(fails) :]
    asked = {item.id: item.text for item in questions(scope, plan, language, UNTIL)}
    assert lost in asked["succeeds"]
    assert lost not in asked["way-back"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_only_a_restore_speaks_of_putting_back_as_its_work(language: Language) -> None:
    """An update changes data where it is, a restore replaces it there."""
    only = {"nl": ("Die kopie is hooguit", "ALS HET LUKT", "De plek van deze gegevens blijft"),
            "en": ("That copy is at most", "IF IT SUCCEEDS", "The place of this data stays"),
            }  # fmt: skip
    not_here = {"nl": ("Is er iets niet gelijk, dan beginnen wij niet", "vlak voor de wijziging"),
                "en": ("we do not begin", "right before the change")}  # fmt: skip
    for change in CHANGES:
        text = " ".join(main_text(change, language).split())
        for words in only[language]:
            assert (words in text) == (change == "CHG-1044"), (change, words)
        if change == "CHG-1044":
            assert [words for words in not_here[language] if words in text] == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("listed", [True, False], ids=["a list of people", "no list"])
def test_M1_nobody_is_promised_access_whom_the_same_text_takes_it_from(
    language: Language, listed: bool
) -> None:
    """What is below the list of people is there, and what it does not name is not promised."""
    scope, _ = documents("CHG-1050", language)
    assert scope.people
    if not listed:
        scope = scope.model_copy(update={"people": ()})
    assets = tuple(
        asset.model_copy(
            update={
                "disposition": asset.disposition.model_copy(
                    update={
                        "into": asset.disposition.into.model_copy(
                            update={"leave_out": ("unmapped-principal",)}
                        )
                    }
                )
            }
        )
        if isinstance(asset.disposition, Migrate) and asset.disposition.into
        else asset
        for asset in scope.assets
    )
    text = " ".join(scope_text(scope.model_copy(update={"assets": assets}), language).split())
    below = {"nl": "lijst met personen hieronder", "en": "list of people below"}[language]
    none = {"nl": "Er is geen lijst met personen.", "en": "There is no list of people."}[language]
    on_it = {"nl": "niet op de lijst met personen", "en": "not on the list of people"}[language]
    assert ([below in text, none in text, on_it in text]) == [listed, not listed, listed]
    for promise in ("Wie er nu bij kan, kan er daar ook bij", "can reach it there as well"):
        assert promise not in text
