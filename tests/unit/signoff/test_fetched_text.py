"""Each file that is not byte for byte what was listed is named to the client, and counted once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from sluis.evidence.predicates import Export, Machine
from sluis.scope.model import Language, ScopeDocument
from sluis.signoff.fetched_text import fetched_text
from sluis.tenant.tenant_manifest import (
    COULD_NOT,
    About,
    Check,
    ItemType,
    ManifestLine,
    write_manifest,
)
from support.dossiers import BEGIN, ONE, make

GOLDEN = Path(__file__).parents[2] / "golden" / "client_text"


def line(name: str, check: Check | None = "equal", kind: ItemType = "file") -> ManifestLine:
    stored = f"files/{name}" if kind == "file" else None
    return ManifestLine(
        name, kind, name, stored, size=4_656, sha256=ONE, listed_size=8_115, check=check
    )


def told(root: Path, *passes: list[ManifestLine], language: Language = "en") -> str | None:
    """What the client reads after these passes over the move's first asset."""
    scope = ScopeDocument.from_bytes((GOLDEN / "CHG-1050.scope.json").read_bytes())
    asset = next(item for item in scope.assets if item.is_exported)
    made = make(root)
    for number, lines in enumerate(passes, 1):
        path = root / f"manifest-{number}"
        write_manifest(path, lines, About(source={}))
        made.append(
            Export(
                asset=asset.id, origin={}, machine=Machine(host="h1", target="ssh://h1"),
                pass_number=number, started_at=BEGIN, finished_at=BEGIN + timedelta(minutes=1),
                items=len(lines), bytes=1, complete=True, checks={}, not_had=0,
                manifest_object=made.objects.put_file(path), changes_object=ONE,
            )
        )  # fmt: skip
    found = fetched_text(scope, made.read(), made.objects, language)
    return found.text if found is not None else None


def test_M1_every_file_that_differs_is_named_and_counted_once(tmp_path: Path) -> None:
    differ: list[Check | None] = [
        "rewritten by the service", "stale metadata", "edited meanwhile", "not verified", "corrupt",
    ]  # fmt: skip
    lines = [line("equal.txt"), *(line(f"{n}.html", check) for n, check in enumerate(differ))]
    lines.append(line("unread.msg", None))
    text = told(tmp_path, [line("folder", None, "folder"), *lines])
    assert text is not None
    assert "4 files may not be right:" in text
    assert "2 files are right, but the list of the old environment was not:" in text
    named = [row[2:] for row in text.splitlines() if row.startswith("- ")]
    assert named == ["4.html", "3.html", "unread.msg", "2.html", "1.html", "0.html"], "worst first"
    assert text.count("Listed with 8,115 bytes, received 4,656.") == 5
    assert "This is damaged, or it is another file." in " ".join(text.split())
    assert " ".join(text.split()).count("It is not certain that this is right.") == 2


def test_a_client_reads_it_in_dutch(tmp_path: Path) -> None:
    text = told(tmp_path, [line("a.html", "corrupt")], language="nl")
    assert text is not None
    assert ": 1 bestand klopt misschien niet:\n" in text
    assert "Volgens de lijst 8.115 bytes, gekregen 4.656." in text


DOUBTED = {
    "no hash": ("niets om de inhoud mee te vergelijken", "nothing to compare the content with"),
    "older": ("Dit is een oudere versie.", "This is an older one."),
    "read once": ("maar één keer gelezen", "We read it only once."),
    "differs": ("vermeldt iets anders dan wij kregen", "What is listed is not what we got."),
}


@pytest.mark.parametrize("doubt", DOUBTED)
@pytest.mark.parametrize("language", ["nl", "en"])
def test_M1_a_doubt_is_told_with_the_reason_that_is_true_of_the_file(
    tmp_path: Path, doubt: str, language: Language
) -> None:
    text = told(
        tmp_path,
        [replace(line("a.txt", "not verified"), doubt=doubt, listed_size=4_656)],
        language=language,
    )
    assert text is not None
    read = " ".join(text.split())
    column = ("nl", "en").index(language)
    assert [one for one in DOUBTED if DOUBTED[one][column] in read] == [doubt]
    # as many bytes as listed is no difference, and nobody says that there is one
    assert ("4.656" if language == "nl" else "4,656") in read
    assert not any(one in read for one in ("Volgens de lijst", "Listed with", "anders is"))
    uncertain = {"nl": "Het is niet zeker dat dit goed is", "en": "It is not certain that"}
    assert (uncertain[language] in read) == (doubt != "older"), "an older one is not the newest"


@pytest.mark.parametrize("check", ["corrupt", "not verified", "edited meanwhile"])
def test_M1_where_no_size_is_listed_none_is_told(tmp_path: Path, check: Check) -> None:
    text = told(tmp_path, [replace(line("a.txt", check), listed_size=None)])
    assert text is not None
    assert "?" not in text
    assert ("The list does not say how many" in text) == (check != "edited meanwhile")


def test_M1_an_unknown_reason_says_only_that_it_is_not_certain(tmp_path: Path) -> None:
    for doubt in (None, "\x1b[2J", "corrupt"):
        text = told(tmp_path / repr(doubt), [replace(line("a", "not verified"), doubt=doubt)])
        assert text is not None
        last = text.splitlines()[-2:]
        assert " ".join(" ".join(last).split()).endswith(
            "received 4,656. It is not certain that this is right."
        )


def test_where_all_is_as_listed_there_is_no_such_text(tmp_path: Path) -> None:
    gone = ManifestLine("gone", "file", "1", check="corrupt", state=COULD_NOT, why="It is gone.")
    assert told(tmp_path, [line("a"), line("folder", None, "folder"), gone]) is None
    assert told(tmp_path / "nothing fetched") is None


def test_files_that_are_right_are_told_where_none_is_in_doubt(tmp_path: Path) -> None:
    text = told(tmp_path, [line("a.html", "stale metadata")])
    assert text is not None
    assert ": 1 file is right, but the list of the old environment was not:" in text
    assert "may not be right" not in text


def test_the_newest_pass_counts(tmp_path: Path) -> None:
    assert told(tmp_path, [line("a", "corrupt")], [line("a")]) is None
    text = told(tmp_path / "other", [line("a")], [line("a", "corrupt")])
    assert text is not None
    assert "- a\n" in text


@pytest.mark.parametrize("check", ["equal", "not verified"])
def test_what_a_label_locks_is_named_though_its_bytes_are_right(
    tmp_path: Path, check: Check
) -> None:
    locked = replace(line("secret.docx", check), sealed="label")
    text = told(tmp_path, [line("a"), locked])
    assert text is not None
    head, _, rest = text.partition("FILES THAT MAY NOT OPEN IN THE NEW ENVIRONMENT\n")
    assert bool(head) == (check != "equal")
    assert rest.splitlines()[-1] == "- secret.docx"
    assert ": 1 file\n" in rest
    assert "locked" in rest


@pytest.mark.parametrize("name", ["\x1b[2Jgone", "a\nb", "abc\u202egpj.exe"])
def test_a_name_cannot_repaint_the_screen(tmp_path: Path, name: str) -> None:
    text = told(tmp_path, [line(name, "corrupt")])
    assert text is not None
    assert name not in text
    assert not set("\x1b\u202e") & set(text)
