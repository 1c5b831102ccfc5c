"""What a client reads of a move in which things stay behind, whole, as files for a person to read.

``SLUIS_WRITE_GOLDEN=1`` writes them anew; read the difference aloud before you keep it.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sluis.errors import EvidenceError
from sluis.evidence.canonical import sha256
from sluis.evidence.predicates import Export, Machine
from sluis.plan.annex import plan_annex
from sluis.plan.behind import Why, behind_list
from sluis.plan.model import BehindOf, PlanDocument
from sluis.scope.model import Language, ScopeDocument, Stays
from sluis.scope.text import asset_name
from sluis.scope.voice import Voice
from sluis.scope.who import in_words
from sluis.signoff.dialogue import questions
from sluis.signoff.fetched_text import MOST_NAMED, FetchedText, fetched_text
from sluis.tenant.tenant_manifest import About, Check, ManifestLine, write_manifest
from support.dossiers import BEGIN, ONE, make

GOLDEN = Path(__file__).parents[2] / "golden" / "client_text"
UNTIL = datetime(2026, 12, 4, 19, 15, tzinfo=UTC)
LANGUAGES: tuple[Language, ...] = ("nl", "en")
Found = list[tuple[str, Why]]
#: of everything that there can be something, and of shortcuts more than a text names
STAYS: Found = [
    ("Beleid/Oud protocol.pdf", "could-not-be-had"),
    ("Foto's/röntgen.jpg", "corrupt"),
    *((f"Snelkoppelingen/Map {number}", "shortcut") for number in range(1, 8)),
    ("Overleg/CON", "name-refused"),
    ("Film.mp4", "too-large"),
    ("Brief.docx", "same-path"),
    ("Personeel", "rights-not-had"),
    ("Personeel/Salaris.xlsx", "narrower-rights"),
    ("Personeel/Ziek.docx", "narrower-rights"),
    ("Voormalig Medewerker (old@practice.example)", "unmapped-principal"),
    ("a link for anybody (link:anonymous)", "unmapped-principal"),
    ("a link for everybody in the tenant (link:organization)", "unmapped-principal"),
    ("Balie (id:7c1f0a)", "unmapped-principal"),
    ("Team Zorg (oud) (site-group:team zorg (oud))", "unmapped-principal"),
    ("Rapport.docx: Anna de Vries (anna@practice.example)", "right-not-givable"),
    (
        "Overleg/Verslag: oud.docx: a link for everybody in the tenant (link:organization)",
        "right-not-givable",
    ),
    ("Archief: team@practice.example", "folder-was-there"),
    ("retention-labelled items: Team", "not-seen"),
    ("files: less than 85 % of 3,000", "fewer-than-counted"),
    ("bytes: less than 85 % of 12,000,000", "fewer-than-counted"),
]


def scope() -> ScopeDocument:
    """That of the move, with a count of its first place that is fetched."""
    read = ScopeDocument.from_bytes((GOLDEN / "CHG-1050.scope.json").read_bytes())
    first = next(item for item in read.assets if item.is_exported)
    counted = first.model_copy(update={"items": 3_000, "size": 12_000_000})
    assets = tuple(counted if item is first else item for item in read.assets)
    return read.model_copy(update={"assets": assets})


def plan(language: Language) -> PlanDocument:
    read = PlanDocument.model_validate_json(
        (GOLDEN / f"CHG-1050.plan.{language}.json").read_bytes()
    )
    return read.model_copy(update={"scope_object": scope().digest()})


def line(path: str, check: Check = "equal", versions: int = 0) -> ManifestLine:
    older = tuple({"id": str(number)} for number in range(versions))
    return ManifestLine(
        path, "file", path, f"files/{path}", size=4_656, sha256=ONE, listed_size=8_115,
        check=check, versions=older,
    )  # fmt: skip


LINES = [
    line("Foto's/röntgen.jpg", "corrupt"), line("Rapport.docx", "rewritten by the service"),
    replace(line("Contract.docx"), sealed="label"),
    replace(line("Agenda.xlsx", "not verified", versions=3), doubt="differs"),
    replace(line("Rooster.xlsx", "not verified"), doubt="older"),
    replace(line("Notitie.txt", "not verified"), doubt="no hash", listed_size=4_656),
    replace(line("Oud.csv", "not verified"), doubt="read once", listed_size=4_656),
    replace(line("Plan.docx", "edited meanwhile"), doubt="edited"),
    replace(line("Blad.aspx", "not verified"), listed_size=None),
    line("Lijst.csv", versions=1), line("a.txt"),
]  # fmt: skip


def passed(asset: str, manifest: str) -> Export:
    return Export(
        asset=asset, origin={}, machine=Machine(host="h1", target="ssh://h1"), pass_number=1,
        started_at=BEGIN, finished_at=BEGIN + timedelta(minutes=1), items=2_460, bytes=9_812_000,
        complete=True, manifest_object=manifest,
    )  # fmt: skip


def told(
    root: Path,
    stays: Found,
    lines: list[ManifestLine],
    language: Language,
    *,
    goes: bool = True,
    earlier: bool = False,
) -> tuple[FetchedText | None, PlanDocument]:
    """What is told of the move's first place that is fetched; it ``goes`` over, or stays."""
    made, of = make(root), next(item for item in scope().assets if item.is_exported)
    listed = behind_list(of.id, stays)
    kept = made.objects.put(listed.to_bytes())
    write_manifest(root / "manifest", lines, About(source={}))
    made.append(passed(of.id, made.objects.put_file(root / "manifest")))
    named = BehindOf(asset=of.id, items=len(listed.items), list_sha256=kept, earlier=earlier)
    signed = plan(language).model_copy(update={"behind": (named,)})
    document = scope()
    if not goes:
        stay = Stays(what="stays", what_happens="It stays.", when="no end date")
        assets = tuple(
            one.model_copy(update={"disposition": stay}) if one.id == of.id else one
            for one in document.assets
        )
        document = document.model_copy(update={"assets": assets})
    return fetched_text(document, made.read(), made.objects, language, signed), signed


def asked(found: FetchedText, signed: PlanDocument, language: Language) -> dict[str, str]:
    every = questions(scope(), signed, language, UNTIL, files=found.asked)
    return {one.id: one.text for one in every if one.id in {"read:files", *found.asked}}


@pytest.mark.parametrize("language", LANGUAGES)
def test_M1_the_text_is_the_one_that_was_read_aloud(tmp_path: Path, language: Language) -> None:
    found, signed = told(tmp_path, STAYS, LINES, language)
    assert found is not None
    shown = "\n\n".join(f"? {text}" for text in asked(found, signed, language).values())
    edge = f"\n{'=' * 78}\n\n"
    text = f"{found.text}\n{shown}\n{edge}{found.annex}"
    path = GOLDEN / f"stays-behind.{language}.txt"
    if os.environ.get("SLUIS_WRITE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("language", LANGUAGES)
def test_M1_each_is_counted_once_and_named_with_its_reason(
    tmp_path: Path, language: Language
) -> None:
    found, signed = told(tmp_path, STAYS, LINES, language)
    assert found is not None
    lines = found.annex.splitlines()
    for path, _ in STAYS:
        words, key = in_words(path, Voice(language))
        which = f"{words} ({key})" if key else path
        assert sum(row.startswith(f"- {which}: ") for row in lines) == 1, path
    # what stays behind is not told again as a file that differs
    assert found.text.count("röntgen.jpg") == 1
    main = found.text + "".join(asked(found, signed, language).values())
    assert not re.search(
        r"[0-9a-f]{12}|could-not|name-refused|objects/|not-seen|not-giv|was-there", main
    )
    assert signed.behind[0].list_sha256 in found.annex
    assert signed.behind[0].list_sha256 in plan_annex(signed, language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_M1_what_stays_behind_is_a_question_of_its_own_for_each_place(
    tmp_path: Path, language: Language
) -> None:
    found, signed = told(tmp_path, STAYS, LINES, language)
    assert found is not None
    of = signed.behind[0].asset
    assert list(found.asked) == [
        f"behind:{of}", f"behind-rights:{of}", f"behind-open:{of}", f"behind-person:{of}",
        f"behind-access:{of}", f"behind-place:{of}",
        f"behind-count:{of}",
    ]  # fmt: skip
    ends = {"nl": "Weet u dat?", "en": "Do you know that?"}[language]
    every = asked(found, signed, language)
    assert all(every[name].endswith(ends) for name in found.asked)
    assert "12" in every[f"behind:{of}"]
    assert {"nl": "en nog 9", "en": "and 9 more"}[language] in every[f"behind:{of}"]


def test_M1_a_name_can_repaint_nothing_and_forge_no_answer(tmp_path: Path) -> None:
    names = ["\x1b[2Jgone", "a\n>>> yes", "abc\u202egpj.exe"]
    found, signed = told(tmp_path, [(name, "shortcut") for name in names], [], "en")
    assert found is not None
    every = [found.text, found.annex, *asked(found, signed, "en").values()]
    assert not set("\x1b\u202e") & set("".join(every))
    assert not any(row.startswith(">>>") for row in "\n".join(every).splitlines())


def test_M1_of_thousands_the_text_counts_and_says_where_the_list_is(tmp_path: Path) -> None:
    many: Found = [(f"Team/{number:05}.lnk", "shortcut") for number in range(7_654)]
    found, signed = told(tmp_path, many, [], "en")
    assert found is not None
    assert "7,654 files or folders do not move" in found.text
    assert "and 7,649 more" in found.text
    assert found.text.count(".lnk") == 5
    assert found.annex.count(".lnk") == MOST_NAMED
    assert f"and {7_654 - MOST_NAMED:,} more, for which there is no room here" in found.annex
    digest = signed.behind[0].list_sha256
    assert f"objects/sha256/{digest[:2]}/{digest[2:]}" in found.annex
    assert len(found.text) < 2_000
    # what has no room there is handed over whole, and named with its digest
    ((file, whole),) = found.lists.items()
    assert file == f"{signed.behind[0].asset}-behind.txt"
    assert whole.decode().count(".lnk") == 7_654
    assert f"the file {file}, which you are given with this. SHA-256 {sha256(whole)}" in found.annex


@pytest.mark.parametrize("language", LANGUAGES)
def test_M1_fewer_than_were_counted_is_told_with_both_figures(
    tmp_path: Path, language: Language
) -> None:
    found, _ = told(tmp_path, STAYS[-2:-1], [], language)
    assert found is not None
    said = {
        "nl": "geteld 3.000 bestanden, gekregen 2.460.",
        "en": "counted 3,000 files, received 2,460.",
    }[language]
    assert said in " ".join(found.text.split())
    (question,) = found.asked.values()
    assert said in question
    assert "bytes" not in found.text
    assert STAYS[-2][0] in found.annex


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_an_earlier_move_left_there_is_told_in_one_sentence(
    tmp_path: Path, language: Language
) -> None:
    """Prepare said it to the operator alone."""
    found, signed = told(tmp_path, [], [line("a")], language, earlier=True)
    assert found is not None
    said = {
        "nl": "wat een eerdere verhuizing al in de nieuwe omgeving zette, blijft daar staan zoals "
        "het is.",
        "en": "what an earlier move already put into the new environment stays there as it is.",
    }[language]
    assert said in " ".join(found.text.split())
    assert len(said.split()) <= 20
    of = next(one for one in scope().assets if one.is_exported)
    name = asset_name(scope(), of, Voice(language))
    more, _ = told(tmp_path / "more", STAYS, LINES, language, earlier=True)
    assert more is not None
    plain, _ = told(tmp_path / "plain", STAYS, LINES, language)
    assert plain is not None
    flat = " ".join(more.text.split())
    assert flat.replace(f"{name}: {said} ", "") == " ".join(plain.text.split())
    assert f"\n\n{name}: " in more.text
    assert (
        plan_annex(signed, language).count("\n  ")
        == plan_annex(plan(language), language).count("\n  ") + 1
    )
    stays, _ = told(tmp_path / "stays", [], [line("a")], language, earlier=True, goes=False)
    assert stays is None


def test_M1_where_everything_goes_as_listed_there_is_no_such_text(tmp_path: Path) -> None:
    assert told(tmp_path, [], [line("a")], "en")[0] is None


RIGHTS: Found = [("Personeel", "rights-not-had")]
FILES: Found = [("Film.mp4", "too-large")]
WHY = {"item": "too-large", "rights": "rights-not-had"}


@pytest.mark.parametrize("stays", [RIGHTS, FILES, FILES + RIGHTS], ids=["rights", "a file", "both"])
@pytest.mark.parametrize("goes", [True, False], ids=["goes over", "stays where it is"])
def test_M1_what_is_said_of_a_file_holds_for_files_and_where_they_go(
    tmp_path: Path, stays: Found, goes: bool
) -> None:
    """That it stays behind only where something goes over; that it is nowhere else only then."""
    found, signed = told(tmp_path, stays, [], "en", goes=goes)
    assert found is not None
    of = signed.behind[0].asset
    marks = {"item": "behind", "rights": "behind-rights"}
    here = [about for about in marks if any(one[1] == WHY[about] for one in stays)]
    assert list(found.asked) == [f"{marks[about]}:{of}" for about in here]
    said = {"item": "1 file or folder does not move" if goes else "could not fetch 1 file",
            "rights": "of 1 file or folder"}  # fmt: skip
    for about in here:
        assert said[about] in found.asked[f"{marks[about]}:{of}"], about
    only = "stays in the old environment only"
    assert (only in " ".join(found.text.split())) == (goes and "item" in here)


def test_M1_what_stays_behind_hides_no_file_that_differs(tmp_path: Path) -> None:
    lines = [line("Film.mp4", "corrupt"), line("Rapport.docx", "corrupt")]
    found, _ = told(tmp_path, FILES, lines, "en")
    assert found is not None
    assert "1 file may not be right:\n- Rapport.docx" in found.text


@pytest.mark.parametrize(
    ("number", "rest", "more"),
    [(3, "", ""), (4, ", and 1 more", ""), (5, ", and 2 more", ""), (6, ", and 3 more", "1 more")],
)
def test_M1_of_a_few_the_first_are_named_and_the_rest_counted(
    tmp_path: Path, number: int, rest: str, more: str
) -> None:
    stays: Found = [(f"{one}.lnk", "shortcut") for one in range(number)]
    found, _ = told(tmp_path, stays, [], "en")
    assert found is not None
    (question,) = found.asked.values()
    assert question.endswith(f": 0.lnk, 1.lnk, 2.lnk{rest}.")
    assert [row for row in found.text.splitlines() if row.startswith("- and ")] == (
        [f"- and {more}; it is at the end, in the technical details"] if more else []
    )


@pytest.mark.parametrize(("length", "shown"), [(70, "x" * 70), (71, "…" + "x" * 70)])
def test_M1_of_a_long_path_a_question_says_the_end(tmp_path: Path, length: int, shown: str) -> None:
    path = f"{'y' * 100}{'x' * 70}"[-length:]
    found, _ = told(tmp_path, [(path, "shortcut")], [], "en")
    assert found is not None
    (question,) = found.asked.values()
    assert question.endswith(f": {shown}.")


def test_M1_fewer_bytes_alone_are_told_as_well(tmp_path: Path) -> None:
    found, _ = told(tmp_path, STAYS[-1:], [], "en")
    assert found is not None
    assert "counted 12,000,000 bytes, received 9,812,000." in " ".join(found.text.split())
    assert "3,000" not in found.text


@pytest.mark.parametrize(
    ("behind", "differ", "locked", "more"),
    [
        (MOST_NAMED - 2, 1, 1, []),
        (MOST_NAMED, 0, 1, ["and 1 more"]),
        (MOST_NAMED - 2, 1, 2, ["and 1 more"]),
        (MOST_NAMED - 3, 5, 2, ["and 2 more", "and 2 more"]),
        (MOST_NAMED + 1, 2, 3, ["and 1 more", "and 2 more", "and 3 more"]),
    ],
)
def test_M1_the_details_have_room_for_so_many_in_all(
    tmp_path: Path, behind: int, differ: int, locked: int, more: list[str]
) -> None:
    stays: Found = [(f"{one:05}.lnk", "shortcut") for one in range(behind)]
    lines = [
        *(line(f"{one}.doc", "corrupt") for one in range(differ)),
        *(replace(line(f"{one}.pdf"), sealed="label") for one in range(locked)),
    ]
    found, _ = told(tmp_path, stays, lines, "en")
    assert found is not None
    rows = [row for row in found.annex.splitlines() if row.startswith("- ")]
    named = [row for row in rows if re.match(r"- \d+\.(lnk|doc|pdf)", row)]
    assert len(found.lists) == len(more)
    assert any(name.endswith("-locked.txt") for name in found.lists) == bool(more)
    assert len(named) == min(behind + differ + locked, MOST_NAMED)
    assert [row[2:].partition(",")[0] for row in rows if row not in named] == more


def test_M1_each_place_has_its_files_that_may_not_open(tmp_path: Path) -> None:
    made, places = make(tmp_path), [item for item in scope().assets if item.is_exported][:2]
    assert len(places) == 2
    for one in places:
        path = tmp_path / f"manifest-{one.id}"
        write_manifest(path, [replace(line(f"{one.id}.pdf"), sealed="label")], About(source={}))
        made.append(passed(one.id, made.objects.put_file(path)))
    found = fetched_text(scope(), made.read(), made.objects, "en")
    assert found is not None
    named = [row for row in found.text.splitlines() if row.startswith("- ")]
    assert named == [f"- {one.id}.pdf" for one in places]
    assert "objects/" not in found.annex, "there is no list of them"


def test_M1_a_list_that_was_edited_is_shown_to_nobody(tmp_path: Path) -> None:
    made = make(tmp_path)
    of = next(item for item in scope().assets if item.is_exported)
    kept = made.objects.put(behind_list(of.id, STAYS).to_bytes())
    path = made.objects.path(kept)
    path.chmod(0o600)
    path.write_bytes(behind_list(of.id, STAYS[1:]).to_bytes())
    named = BehindOf(asset=of.id, items=len(STAYS), list_sha256=kept)
    signed = plan("en").model_copy(update={"behind": (named,)})
    with pytest.raises(EvidenceError) as caught:
        fetched_text(scope(), made.read(), made.objects, "en", signed)
    assert caught.value.code == "object-altered"
