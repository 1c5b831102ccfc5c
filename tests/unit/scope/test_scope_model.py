"""What a scope must say, by the court case that showed what its absence costs."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from sluis.errors import EvidenceError
from sluis.scope.load import ScopeError, load_scope
from sluis.scope.model import ScopeDocument, freshness_hours, required_level
from support.scopes import make_scope, scope_dict, to_yaml, write_scope

TWICE = {"name": "a. client", "role": "Practice Manager"}


def problem(tmp_path: Path, changes: dict[str, Any], code: str) -> Any:
    """The one problem with ``code`` that the loader finds after ``changes``."""
    with pytest.raises(ScopeError) as caught:
        load_scope(write_scope(tmp_path, changes))
    found = [item for item in caught.value.problems if item.code == code]
    assert len(found) == 1, caught.value.problems
    assert found[0].remedy
    assert found[0].line > 0
    assert found[0].remedy in str(caught.value) or len(caught.value.problems) > 1
    return found[0]


def line_of(tmp_path: Path, text: str, nth: int = 1) -> int:
    lines = (tmp_path / "scope.yml").read_text().splitlines()
    return [number for number, line in enumerate(lines, 1) if text in line][nth - 1]


def test_a_complete_scope_loads(tmp_path: Path) -> None:
    loaded = load_scope(write_scope(tmp_path))
    assert loaded.document == make_scope()
    assert loaded.source == (tmp_path / "scope.yml").read_bytes()
    assert ScopeDocument.from_bytes(loaded.document.to_bytes()) == loaded.document


@pytest.mark.parametrize(
    "field",
    [
        "id", "name", "kind", "location", "counted_on", "data_class", "criticality",
        "matters_because", "management", "backup", "security", "ends_on",
    ],
)  # fmt: skip
def test_case_B1_an_asset_without_a_field_is_named(tmp_path: Path, field: str) -> None:
    found = problem(tmp_path, {f"assets.1.{field}": ...}, "field-missing")
    assert found.field == field
    assert found.asset == ("letters" if field != "id" else "number 2")
    assert found.line == line_of(
        tmp_path, '- id: "letters"' if field != "id" else '- name: "Scanned'
    )


@pytest.mark.parametrize("field", ["size", "items", "newest"])
def test_case_B1_a_figure_is_there_or_its_absence_is_explained(tmp_path: Path, field: str) -> None:
    found = problem(tmp_path, {f"assets.0.{field}": ...}, "figure-missing")
    assert (found.asset, found.field) == ("patient-records", field)
    because = "The old supplier gives no access."
    document = make_scope({f"assets.0.{field}": ..., "assets.0.unknown_because": because})
    assert getattr(document.assets[0], field) is None
    problem(tmp_path, {"assets.0.unknown_because": because}, "nothing-unknown")


def test_case_B1_an_empty_source_has_no_newest_date(tmp_path: Path) -> None:
    document = make_scope({"assets.0.newest": ..., "assets.0.items": 0, "assets.0.size": 0})
    assert document.assets[0].items == 0
    problem(tmp_path, {"assets.0.newest": date(2026, 11, 3)}, "newest-after-count")


def test_case_B1_a_disposition_is_required(tmp_path: Path) -> None:
    found = problem(tmp_path, {"assets.1.disposition": ...}, "no-disposition")
    assert found.asset == "letters"


@pytest.mark.parametrize("zero", [0, "0", "zero", "nul", "none"])
@pytest.mark.parametrize("where", ["assets.1.disposition", "assets.1.disposition.what"])
def test_case_B2_a_zero_is_not_a_disposition(tmp_path: Path, zero: object, where: str) -> None:
    found = problem(tmp_path, {where: zero}, "zero-disposition")
    assert found.asset == "letters"
    assert "A zero is not a disposition" in found.what
    assert found.line == line_of(tmp_path, "disposition:", 2) + where.endswith("what")


def test_case_B2_what_stays_says_what_happens_and_when(tmp_path: Path) -> None:
    for field in ("what_happens", "when"):
        found = problem(tmp_path, {f"assets.0.disposition.{field}": ...}, "field-missing")
        assert (found.asset, found.field) == ("patient-records", f"disposition.{field}")


def test_case_B2_what_goes_over_says_what_happens_to_the_original(tmp_path: Path) -> None:
    migrate = {"what": "migrate", "to": "The new site.", "by": date(2026, 12, 1)}
    found = problem(tmp_path, {"assets.0.disposition": migrate}, "field-missing")
    assert found.field == "disposition.old_copy"


def test_case_B3_an_open_question_stands_in_for_a_disposition() -> None:
    question = {"question": "All of it?", "asked_of": "A. Client", "asked_on": date(2026, 11, 1)}
    document = make_scope({"assets.1.disposition": ..., "assets.1.open_questions": [question]})
    (found,) = document.open_questions()
    assert found[0].id == "letters"
    assert found[1].question == "All of it?"


@pytest.mark.parametrize("field", ["to", "owner", "deadline", "if_late"])
def test_case_B4_client_moves_it_needs_place_owner_and_deadline(tmp_path: Path, field: str) -> None:
    moves = {
        "what": "client moves it",
        "to": "The folder 'moved'.",
        "owner": "A. Client",
        "deadline": date(2026, 12, 1),
        "if_late": "We call you.",
    }
    make_scope({"assets.1.disposition": moves})
    del moves[field]
    found = problem(tmp_path, {"assets.1.disposition": moves}, "field-missing")
    assert (found.asset, found.field) == ("letters", f"disposition.{field}")


def test_case_B5_nothing_is_planned_after_the_source_has_ended(tmp_path: Path) -> None:
    ends = {"assets.1.ends_on": date(2026, 6, 30)}
    problem(tmp_path, ends, "stays-past-its-end")
    migrate = {
        "what": "migrate", "to": "There.", "by": date(2026, 7, 1), "old_copy": "It goes away.",
    }  # fmt: skip
    found = problem(tmp_path, {**ends, "assets.1.disposition": migrate}, "after-its-end")
    assert (found.asset, found.field) == ("letters", "disposition.by")
    make_scope({**ends, "assets.1.disposition": {**migrate, "by": date(2026, 6, 30)}})


def test_case_B8_special_data_needs_a_processing_agreement(tmp_path: Path) -> None:
    found = problem(tmp_path, {"assets.0.processing_agreement": ...}, "no-processing-agreement")
    assert (found.asset, found.field) == ("patient-records", "processing_agreement")
    assert "processing agreement" in found.remedy
    make_scope({"assets.0.processing_agreement": ..., "assets.0.data_class": "ordinary"})


@pytest.mark.parametrize("job", ["management", "backup", "security"])
def test_case_B9_each_job_has_a_party_and_an_agreement(tmp_path: Path, job: str) -> None:
    found = problem(tmp_path, {f"assets.0.{job}": {"by": "provider"}}, "field-missing")
    assert (found.asset, found.field) == ("patient-records", f"{job}.agreement")
    found = problem(tmp_path, {f"assets.0.{job}": {"by": "somebody"}}, "not-a-choice")
    assert found.field == f"{job}.by"
    # who does it for a vital asset is a person, also when it is the client
    found = problem(tmp_path, {f"assets.0.{job}": {"by": "client"}}, "nobody-named")
    assert found.asset == "patient-records"


@pytest.mark.parametrize("missing", ["name", "agreement"])
def test_case_C2_a_subcontractor_has_a_name_and_an_agreement(tmp_path: Path, missing: str) -> None:
    third = {"by": "third", "name": "Example Hosting", "agreement": "H-1"}
    del third[missing]
    found = problem(tmp_path, {"assets.1.management": third}, "field-missing")
    assert (found.asset, found.field) == ("letters", f"management.{missing}")


def test_case_C1_no_asset_goes_without_backup_and_security_owner(tmp_path: Path) -> None:
    path = write_scope(tmp_path, {"assets.0.backup": ..., "assets.1.security": ...})
    with pytest.raises(ScopeError) as caught:
        load_scope(path)
    assert [(item.asset, item.field) for item in caught.value.problems] == [
        ("patient-records", "backup"),
        ("letters", "security"),
    ]


def test_case_A12_a_copy_has_an_agreed_place(tmp_path: Path) -> None:
    found = problem(tmp_path, {"assets.0.allowed_locations": ...}, "no-allowed-location")
    assert found.asset == "patient-records"
    place = {"site": "North", "provider": "Example"}
    found = problem(tmp_path, {"assets.0.allowed_locations": [place]}, "field-missing")
    assert found.field == "allowed_locations.1.country"
    found = problem(tmp_path, {"assets.0.allowed_locations.0.country": "Netherlands"}, "wrong-form")
    assert found.asset == "patient-records"


def test_case_A9_every_asset_has_a_risk_in_words(tmp_path: Path) -> None:
    found = problem(tmp_path, {"risks.1": ...}, "asset-without-risk")
    assert found.asset == "letters"
    found = problem(tmp_path, {"risks.1.asset": "patient-records"}, "asset-without-risk")
    assert found.asset == "letters"


def test_case_A9_a_risk_is_about_an_asset_and_not_copied(tmp_path: Path) -> None:
    found = problem(tmp_path, {"risks.2": {
        "id": "x", "asset": "elsewhere", "words": "It can break.", "we_do": "We look.",
    }}, "risk-without-asset")  # fmt: skip
    assert found.field == "risks.3.asset"
    same = scope_dict()["risks"][0]["words"].upper().replace(" ", "  ")
    found = problem(tmp_path, {"risks.1.words": same}, "risk-copied")
    assert found.line == line_of(tmp_path, "THE  UPDATE")
    problem(tmp_path, {"risks.1.words": "  "}, "empty-text")


def test_case_B11_retention_is_agreed(tmp_path: Path) -> None:
    for field in ("snapshot_days", "safety_copy_days", "afterwards"):
        found = problem(tmp_path, {f"retention.{field}": ...}, "field-missing")
        assert found.field == f"retention.{field}"
    found = problem(tmp_path, {"retention": ...}, "field-missing")
    assert found.field == "retention"


def test_case_B11_destruction_is_a_change_of_its_own(tmp_path: Path) -> None:
    destroy = {"what": "destroy", "day": date(2027, 3, 1), "words": "We wipe the disk."}
    found = problem(tmp_path, {"assets.1.disposition": destroy}, "destroy-without-change")
    assert (found.asset, found.field) == ("letters", "disposition.in_change")
    this = {**destroy, "in_change": "CHG-1042"}
    problem(tmp_path, {"assets.1.disposition": this}, "destroy-in-this-change")
    other = {**destroy, "in_change": "CHG-2000"}
    make_scope({"assets.1.disposition": other})
    make_scope({"assets.1.disposition": destroy, "job": "decommission"})
    for field in ("day", "words"):
        less = {key: value for key, value in other.items() if key != field}
        problem(tmp_path, {"assets.1.disposition": less}, "field-missing")


def test_case_C3_what_is_not_included_is_listed(tmp_path: Path) -> None:
    found = problem(tmp_path, {"not_included": ...}, "field-missing")
    assert found.field == "not_included"
    found = problem(tmp_path, {"not_included": []}, "empty")
    assert found.field == "not_included"


def test_case_C4_a_document_handed_over_is_part_of_what_is_signed(tmp_path: Path) -> None:
    entry = {"id": "terms", "title": "Terms 2026", "file": "terms.pdf"}
    path = write_scope(tmp_path, {"documents": [entry]})
    with pytest.raises(ScopeError) as caught:
        load_scope(path)
    assert caught.value.code == "scope-not-readable"
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "terms.pdf").write_bytes(b"be good")
    loaded = load_scope(path)
    digest = loaded.document.documents[0].sha256
    assert loaded.documents == {digest: b"be good"}
    before = loaded.document.digest()
    (tmp_path / "documents" / "terms.pdf").write_bytes(b"be better")
    assert load_scope(path).document.digest() != before
    pinned = {**entry, "sha256": digest}
    problem(tmp_path, {"documents": [pinned]}, "document-altered")


def test_case_C4_a_document_cannot_be_fetched_from_elsewhere(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("key")
    folder = tmp_path / "change"
    (folder / "documents").mkdir(parents=True)
    (folder / "documents" / "link.pdf").symlink_to(secret)
    for file in ("../../secret", "/etc/hostname", "link.pdf", "..", ".hidden", "a/b"):
        entry = {"id": "terms", "title": "Terms", "file": file}
        with pytest.raises(ScopeError):
            load_scope(write_scope(folder, {"documents": [entry]}))


_NOT_PLAIN = (
    "/srv/../etc/passwd", "/srv/..", "/..", "/../srv", "/srv/./data", "/srv//data", "//srv/data",
    "/srv/data/", "/", "srv/data", "../data", "file:/srv/data",
)  # fmt: skip


@pytest.mark.parametrize("kind", ["directory", "sqlite"])
@pytest.mark.parametrize("location", _NOT_PLAIN)
def test_T32_a_path_that_leads_elsewhere_is_refused_for_each_kind_of_file(
    tmp_path: Path, kind: str, location: str
) -> None:
    changes = {"assets.1.kind": kind, "assets.1.location": location}
    assert problem(tmp_path, changes, "bad-location").field == "location"


@pytest.mark.parametrize("kind", ["directory", "sqlite"])
@pytest.mark.parametrize("location", ["/srv/data", "/srv/..data/a..b", "/srv/data.sqlite3"])
def test_T32_a_plain_path_is_taken(tmp_path: Path, kind: str, location: str) -> None:
    changes = {"assets.1.kind": kind, "assets.1.location": location, "assets.1.exclude": ...}
    assert load_scope(write_scope(tmp_path, changes)).document.assets[1].location == location


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
@pytest.mark.parametrize("location", ["a/b", "/srv/data", "x" * 65, "é" * 33])
def test_T32_what_is_not_the_name_of_one_database_is_refused(
    tmp_path: Path, kind: str, location: str
) -> None:
    changes = {"assets.0.kind": kind, "assets.0.location": location}
    assert problem(tmp_path, changes, "bad-location").field == "location"


def test_case_D1_the_record_says_why_it_matters(tmp_path: Path) -> None:
    problem(tmp_path, {"assets.0.matters_because": ""}, "empty")
    assert b"Without the records nobody can be treated." in make_scope().to_bytes()


def test_case_D2_criticality_sets_the_level_and_the_freshness() -> None:
    asked = {}
    for criticality in ("low", "normal", "vital"):
        document = make_scope({"assets.0.criticality": criticality})
        asset = document.assets[0]
        asked[criticality] = (required_level(asset), freshness_hours(document, asset))
    assert asked == {"low": ("V3", 24), "normal": ("V6", 24), "vital": ("V6", 4)}
    short = make_scope({"freshness_hours": 2})
    assert freshness_hours(short, short.assets[0]) == 2


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"assets.1.location": "srv/letters"}, "bad-location", "location"),
        ({"assets.1.location": "/srv/../etc"}, "bad-location", "location"),
        ({"assets.1.location": "/srv/letters/"}, "bad-location", "location"),
        ({"assets.1.location": "/"}, "bad-location", "location"),
        ({"assets.0.location": "a/b"}, "bad-location", "location"),
        ({"assets.1.exclude": ["**/*"]}, "excludes-everything", "exclude.1"),
        ({"assets.0.exclude": ["x"]}, "nothing-to-exclude-from", "exclude"),
        ({"assets.1.host": ...}, "host-missing", "host"),
        ({"risks.1.id": "update-breaks"}, "id-used-twice", "risks.2.id"),
        ({"assets.1.id": "Letters"}, "wrong-form", "id"),
        ({"assets.1.host": "h2; rm -rf"}, "wrong-form", "host"),
        ({"assets.1.size": "53 gigs"}, "bad-size", "size"),
        ({"assets.1.size": -1}, "out-of-range", "size"),
        ({"assets.1.items": True}, "not-a-number", "items"),
        ({"assets.1.newest": "2026-10-01"}, "not-a-date", "newest"),
        ({"assets.1.name": date(2026, 1, 1)}, "not-text", "name"),
        ({"assets.1.criticality": "high"}, "not-a-choice", "criticality"),
        ({"way_back.consent": "true"}, "not-a-boolean", "way_back.consent"),
        ({"hosts_without_data.0.host": "h1"}, "host-has-data", "hosts_without_data.1.host"),
        ({"freshness_hours": 0}, "out-of-range", "freshness_hours"),
        ({"signers.1": TWICE}, "signer-listed-twice", "signers.2"),
        ({"assets": []}, "empty", "assets"),
        ({"assets": "all"}, "not-a-list", "assets"),
        ({"retention": "long"}, "not-a-group", "retention"),
        ({"version": "1"}, "not-a-number", "version"),
        ({"summary": "x" * 2001}, "too-long", "summary"),
        ({"price": 0}, "unknown-field", "price"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named_with_its_line(
    tmp_path: Path, changes: dict[str, Any], code: str, field: str
) -> None:
    found = problem(tmp_path, changes, code)
    assert found.field == field


@pytest.mark.parametrize(
    ("changes", "written", "remedy"),
    [
        ({"signoff_valid_hours": 0}, None,
         "Write a whole number from 1 to 2,160, such as: signoff_valid_hours: 1"),
        ({"signoff_valid_hours": 5000}, None,
         "Write a whole number from 1 to 2,160, such as: signoff_valid_hours: 2160"),
        ({"signoff_valid_hours": 7}, "0.02",
         "Write a whole number from 1 to 2,160, such as: signoff_valid_hours: 1"),
        ({"signoff_valid_hours": 7}, "three",
         "Write a whole number from 1 to 2,160, such as: signoff_valid_hours: 1"),
        ({"freshness_hours": 7}, "2.5",
         "Write a whole number from 1 to 168, such as: freshness_hours: 3"),
        ({"assets.1.items": 7}, "0.5", "Write a whole number, 0 or more, such as: items: 1"),
    ],
)  # fmt: skip
def test_newcomer_a_number_that_does_not_fit_is_told_with_its_ends_and_the_line(
    tmp_path: Path, changes: dict[str, Any], written: str | None, remedy: str
) -> None:
    path = write_scope(tmp_path, changes)
    if written is not None:
        name = next(iter(changes)).rpartition(".")[2]
        text = path.read_text()
        assert f"{name}: 7\n" in text
        path.write_text(text.replace(f"{name}: 7\n", f"{name}: {written}\n"))
    with pytest.raises(ScopeError) as caught:
        load_scope(path)
    (found,) = caught.value.problems
    assert found.remedy == remedy
    if written is not None:
        assert (found.code, found.what) == (
            "not-a-number", f"is not a whole number but {written!r}.",
        )  # fmt: skip


def test_a_misspelt_field_gets_a_suggestion(tmp_path: Path) -> None:
    found = problem(tmp_path, {"assets.1.critcality": "low"}, "unknown-field")
    assert "'criticality'" in found.remedy


def test_every_problem_is_reported_at_once_in_file_order(tmp_path: Path) -> None:
    path = write_scope(
        tmp_path,
        {"version": "1", "assets.0.backup": ..., "assets.1.colour": "red", "way_back": "yes"},
    )
    with pytest.raises(ScopeError) as caught:
        load_scope(path)
    lines = [item.line for item in caught.value.problems]
    assert len(lines) == 4
    assert lines == sorted(lines)
    assert caught.value.code == "bad-scope"
    assert str(path) in str(caught.value)
    for item in caught.value.problems:
        assert item.line_of_text() in str(caught.value)


def test_two_spellings_of_the_same_data_are_one_asset(tmp_path: Path) -> None:
    twin = {**scope_dict()["assets"][1], "id": "twin"}
    risk = {"id": "z", "asset": "twin", "words": "Other words.", "we_do": "We look."}
    found = problem(tmp_path, {"assets.2": twin, "risks.2": risk}, "asset-listed-twice")
    assert found.asset == "twin"


def test_a_scope_copied_from_another_change_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "inventories" / "practice" / "changes" / "CHG-1042"
    load_scope(write_scope(folder))
    for wrong, field in (
        ("practice/changes/CHG-9", "change"),
        ("other/changes/CHG-1042", "client"),
    ):
        with pytest.raises(ScopeError) as caught:
            load_scope(write_scope(tmp_path / "inventories" / wrong))
        assert caught.value.code == "wrong-place"
        assert caught.value.problems[0].field == field


def test_the_model_itself_keeps_the_rules() -> None:
    """Also a scope that comes back from the dossier, and not only one from a file."""
    text = make_scope().to_bytes().replace(b'"processing_agreement":"PA-2026-03"',
                                           b'"processing_agreement":null')  # fmt: skip
    with pytest.raises(EvidenceError) as caught:
        ScopeDocument.from_bytes(text)
    assert caught.value.code == "scope-unreadable"
    with pytest.raises(ValidationError):
        make_scope({"risks.1.asset": "nothing"})


def test_yaml_of_the_support_file_is_what_it_says(tmp_path: Path) -> None:
    """The other tests change scopes by way of this writer; it must not swallow anything."""
    (tmp_path / "a").mkdir()
    text = to_yaml(scope_dict())
    assert text.count("\n") > 90
