"""The text the client reads is complete, plain, and the same in two languages."""

from __future__ import annotations

import re
import string
from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from sluis.border.characters import hostile, visible
from sluis.scope.annex import scope_annex
from sluis.scope.compared import Compared
from sluis.scope.model import Language, ScopeDocument
from sluis.scope.text import scope_text
from sluis.scope.texts import MONTH_NAMES, SENTENCES
from sluis.scope.voice import Voice
from support.every_field import SCOPE_WITH_EVERYTHING, changed_once
from support.scopes import make_scope

LANGUAGES: tuple[Language, ...] = ("nl", "en")
FULL = ScopeDocument.model_validate(SCOPE_WITH_EVERYTHING)


def read(document: ScopeDocument, language: Language) -> str:
    """Everything that the client gets: the text, and the technical details behind it."""
    return f"{scope_text(document, language)}\n{scope_annex(document, language)}"


def test_every_field_of_the_model_is_used_by_the_full_scope() -> None:
    """Otherwise the next test would not notice a field that nobody shows."""
    unused = set()
    for name, field in _fields(ScopeDocument):
        if name not in _used(FULL.model_dump()):
            unused.add(name)
        assert field is not None
    assert unused == set()


@pytest.mark.parametrize("part", sorted(SCOPE_WITH_EVERYTHING))
def test_case_B2_changing_any_field_changes_what_the_client_reads(part: str) -> None:
    whole = {language: read(FULL, language) for language in LANGUAGES}
    for where, document in changed_once():
        if where[0] != part:
            continue
        # words that were given in both languages are shown in one at a time
        languages = [item for item in LANGUAGES if item == where[-1]] or list(LANGUAGES)
        for language in languages:
            assert read(document, language) != whole[language], where


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_of_the_client_is_in_the_text(language: Language) -> None:
    text = " ".join(read(make_scope(), language).split())
    for words in (
        "Without the records nobody can be treated.",
        "Then nobody can open a record for hours.",
        "prove that it can be put back.",
        "Plan it after closing time.",
        "We do not train your people.",
        "It only prints.",
        "PA-2026-03",
        "Example Security",
        "SEC-88",
        "The practice manager",
        "*.tmp",
        "/srv/letters",
    ):
        assert words in text


def test_case_D2_low_importance_says_what_is_not_proven() -> None:
    low, vital = (
        " ".join(scope_text(make_scope({"assets.0.criticality": level}), "en").split())
        for level in ("low", "vital")
    )
    assert low.count("without having shown that the copy equals the original.") == 1 + 1
    assert vital.count("without having shown that the copy equals the original.") == 1
    assert "at most 4 hours old" in " ".join(vital.split())


def test_an_asset_without_a_copy_says_so() -> None:
    text = scope_text(FULL, "nl")
    assert text.count("Hiervan maken wij geen kopie.") == 2


def test_the_job_is_in_the_text() -> None:
    texts = {read(make_scope({"job": job}), "en") for job in ("update", "migration")}
    assert len(texts) == 2


def test_case_B4_the_client_reads_where_to_put_it_and_what_we_look_at() -> None:
    words = " ".join(scope_text(FULL, "en").split())
    assert "the folder From I for it in the new environment. Who may write in it: user03@" in words
    assert "We only count. Whether all of it is there we cannot say." in words


def test_case_B11_the_way_back_and_retention_are_in_words() -> None:
    no = scope_text(make_scope({"way_back.consent": False}), "en")
    assert "We then put NOTHING back without calling you first." in no
    assert "We keep copies from right before the change for 90 days." in no


@pytest.mark.parametrize("key", sorted(SENTENCES))
def test_each_sentence_exists_in_both_languages_with_the_same_blanks(key: str) -> None:
    nl, en = SENTENCES[key]["nl"], SENTENCES[key]["en"]
    assert nl.strip()
    assert en.strip()
    assert _blanks(nl) == _blanks(en)


def test_each_sentence_is_used() -> None:
    """A sentence nobody says is one that nobody keeps true."""
    from pathlib import Path

    import sluis.scope.text

    room = Path(sluis.scope.text.__file__).parent
    source = "".join((room / name).read_text() for name in ("text.py", "move_text.py", "who.py"))
    for key in SENTENCES:
        family, counted = key.split(".")[0], re.sub(r"\.(one|more)$", "", key)
        assert f'"{counted}"' in source or f'"{family}.' in source, key


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_are_short(language: Language) -> None:
    for key, said in SENTENCES.items():
        for sentence in re.split(r"(?<=[.!?:]) ", said[language]):
            assert len(sentence.split()) <= 20, (key, sentence)


@pytest.mark.parametrize("language", LANGUAGES)
def test_our_words_hold_no_jargon(language: Language) -> None:
    jargon = re.compile(
        r"\b(digest|hash|sha|snapshot|manifest|restic|repository|payload|nonce|dossier|ledger|"
        r"rollback|deploy|tenant|scope|asset|criticality)\b",
        re.IGNORECASE,
    )
    for key, said in SENTENCES.items():
        assert not jargon.search(re.sub(r"\{\w+\}", "", said[language])), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_lines_fit_a_screen_and_nothing_hides_in_them(language: Language) -> None:
    text = scope_text(FULL, language)
    assert max(len(line) for line in text.splitlines()) <= 78
    assert hostile(text) is None
    assert text.endswith("\n")


def test_words_cannot_start_a_heading_of_their_own() -> None:
    """A sentence is one paragraph, so it cannot imitate the lines we write ourselves."""
    document = make_scope({"assets.1.matters_because": "Fine.\n\nWHAT WE DO NOT DO\n\n- Nothing."})
    lines = scope_text(document, "en").splitlines()
    assert lines.count("WHAT WE DO NOT DO") == 1


@pytest.mark.parametrize(
    ("language", "size", "number", "day"),
    [
        ("nl", "12,3 GB", "48.210", "2 november 2026"),
        ("en", "12.3 GB", "48,210", "2 November 2026"),
    ],
)
def test_numbers_and_days_are_written_as_people_write_them(
    language: Language, size: str, number: str, day: str
) -> None:
    voice = Voice(language)
    assert voice.size(12_345_678_901) == size
    assert voice.number(48_210) == number
    assert voice.day(make_scope().assets[0].counted_on) == day
    assert voice.size(999) == "999 bytes"
    assert len(MONTH_NAMES[language]) == 12


@pytest.mark.parametrize(
    ("language", "zone", "told"),
    [
        ("nl", "Europe/Amsterdam", "vrijdag 4 december 2026 om 00.15 uur"),
        ("en", "Europe/Amsterdam", "Friday 4 December 2026 at 00:15"),
        ("en", None, "Thursday 3 December 2026 at 23:15 (UTC)"),
    ],
)
def test_a_moment_is_told_on_the_clients_clock(
    language: Language, zone: str | None, told: str
) -> None:
    moment = datetime(2026, 12, 3, 23, 15, tzinfo=UTC)
    assert Voice(language).moment(moment, zone) == told


@pytest.mark.parametrize("zone", ["Europe/Nowhere", "Amsterdam", "/etc/passwd", "../x", ""])
def test_an_unknown_time_zone_is_refused(zone: str) -> None:
    with pytest.raises(ValidationError):
        make_scope({"time_zone": zone})


def test_a_scope_without_a_time_zone_keeps_its_digest() -> None:
    """Scopes that were signed before that field existed are named by what they were."""
    assert b"time_zone" not in make_scope().to_bytes()
    assert b'"time_zone":"Europe/Amsterdam"' in FULL.to_bytes()


def test_two_places_of_one_name_are_told_apart() -> None:
    name = make_scope().assets[0].name
    text = scope_text(make_scope({"assets.1.name": name}), "en")
    for asset in make_scope().assets[:2]:
        assert f"{name} ({asset.id})" in text
    assert f"({make_scope().assets[0].id})" not in scope_text(make_scope(), "en")


def test_what_a_machine_wrote_is_made_visible() -> None:
    assert visible("a\x1b[31mb\u202ec\\d\ne") == "a\\u{001B}[31mb\\u{202E}c\\d\ne"
    assert hostile(visible("".join(map(chr, range(0x3000))))) is None


def _blanks(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def _fields(model: type) -> list[tuple[str, object]]:
    from sluis.scope import model as room

    found = []
    for kind in vars(room).values():
        if (
            isinstance(kind, type)
            and hasattr(kind, "model_fields")
            and kind.__module__ == (room.__name__)
        ):
            found += list(kind.model_fields.items())
    assert model in vars(room).values()
    return found


def _used(value: object) -> set[str]:
    if isinstance(value, dict):
        used = {key for key, item in value.items() if item not in (None, (), [])}
        return used.union(*(_used(item) for item in value.values()))
    if isinstance(value, list | tuple):
        return set().union(*(_used(item) for item in value))
    return set()


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        ({"items": 1, "size": 900, "newest": date(2026, 11, 1)},
         "we counted 1 record, 900 bytes together. The newest change was made on 1 November 2026."),
        ({"items": 3_127, "size": None, "newest": None},
         ("we counted 3,127 records. We do not know how large it is or when it last changed. "
         "The reason: Nobody could look.")),
        ({"items": None, "size": 2_000_000, "newest": None},
         "we counted 2 MB. We do not know how many items there are or when it last changed."),
        ({"items": 0, "size": 0, "newest": None}, "there was nothing in it."),
        ({"items": None, "size": None, "newest": date(2026, 11, 1)},
         "we did not know how many items there are or how large it is."),
    ],
)  # fmt: skip
def test_what_was_counted_and_what_was_not_is_said_in_sentences(
    figures: dict[str, Any], said: str
) -> None:
    lacking = None in figures.values() and figures["items"] != 0
    because = "Nobody could look." if lacking else None
    changes = {f"assets.0.{name}": value for name, value in figures.items()}
    changes["assets.0.unknown_because"] = because
    words = " ".join(scope_text(make_scope(changes), "en").split())
    assert said in words
    assert "1 items" not in words


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ("On 29 November 2026 we restored the copy elsewhere. We compared all 3,127 files "
               "and folders with the original, the folder itself included, 2 MB together.")),
        ("nl", ("Op 29 november 2026 hebben wij de kopie elders teruggezet. Wij hebben alle 3.127 "
               "bestanden en mappen vergeleken met het origineel, de map zelf meegeteld, samen "
               "2 MB.")),
    ],
)  # fmt: skip
def test_what_was_compared_before_signing_is_said_with_its_figures(
    language: Language, said: str
) -> None:
    document = make_scope()
    first = document.assets[0].id
    known = {first: Compared(date(2026, 11, 29), 3_127, 2_000_000)}
    words = " ".join(scope_text(document, language, known).split())
    assert words.count(said) == 1
    assert said not in " ".join(scope_text(document, language).split())


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "We compared all 3,127 files with the original, 2 MB together."),
        ("nl", "Wij hebben alle 3.127 bestanden vergeleken met het origineel, samen 2 MB."),
    ],
)
def test_of_what_was_fetched_files_were_compared_and_no_folders(
    language: Language, said: str
) -> None:
    document = ScopeDocument.model_validate(SCOPE_WITH_EVERYTHING)
    known = {"team": Compared(date(2026, 11, 29), 3_127, 2_000_000)}
    assert said in " ".join(scope_text(document, language, known).split())


def test_C24_of_a_day_that_was_nothing_is_said_that_may_be_a_plan() -> None:
    """In Dutch "zetten wij" is what we did and what we do: on a day it reads as a plan."""
    unclear = [
        said
        for entry in SENTENCES.values()
        for said in entry["nl"].split(". ")
        if said.startswith("Op {day} ") and said.split()[2].endswith("tten")
    ]
    assert unclear == []


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("nl", ["Uw akkoord geldt 1 uur.", "bewaren wij 1 dag. ", "bewaren wij 30 dagen."]),
        ("en", ["counts for 1 hour.", "change for 1 day. ", "we keep for 30 days."]),
    ],
)
def test_one_hour_and_one_day_are_said_as_one(language: Language, said: list[str]) -> None:
    once = {
        "signoff_valid_hours": 1, "retention.snapshot_days": 1, "retention.safety_copy_days": 30,
    }  # fmt: skip
    words = " ".join(scope_text(make_scope(once), language).split())
    assert [one for one in said if one not in words] == []
