"""Files of waivers are all read, and what is wrong with one is said of that one, with its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sluis.errors import InputError
from sluis.plan.faults import Fault
from sluis.scope.text import asset_name, proof_sentences
from sluis.scope.voice import Voice
from sluis.signoff.texts import SENTENCES
from sluis.signoff.waiver import (
    load_waiver,
    load_waivers,
    waiver_faults,
    waiver_questions,
    waiver_text,
)
from support.scopes import make_scope
from support.signing import DRAFT, START

GOOD = (
    "asset: letters\naccepts: V1\nreason: Because.\nrisk: It breaks.\n"
    "alternative: Wait.\nalternative_hours: 8\nends_on: 2026-11-23\n"
)
EXAMPLE = "Look at the example of a waiver in inventories/template."
NOBODY = "Nobody would read it: the name of a waiver ends in .yml."


def faults(root: Path, files: dict[str, str]) -> list[Fault]:
    folder = root / "change" / "waivers"
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    return list(waiver_faults(root / "change", make_scope(), root, START))


def test_every_file_is_looked_at_and_each_fault_names_its_own(tmp_path: Path) -> None:
    other = "patient-records"
    about_another = GOOD.replace("asset: letters", "asset: patient-records")
    found = faults(
        tmp_path,
        {
            ".letters.yml.swp": "x", "README.md": "x", "a.example": "x", "letters.yml~": "x",
            "notes.txt": "x",  # none of these is a waiver, and none keeps others from being read
            "aaa.yaml": GOOD, "leters.yml": GOOD, "letters.yml": about_another,
            "patient-records.yml": "asset: patient-records\naccepts: V9\n",
        },
    )  # fmt: skip
    place = "change/waivers"
    assert found[:3] == [
        Fault("bad-waiver", f"{place}/aaa.yaml", 0, NOBODY, "Call it 'aaa.yml', or take it out."),
        Fault(
            "waiver-unknown-asset", f"{place}/leters.yml", 0, "The scope has no asset 'leters'.",
            found[1].remedy,
        ),
        Fault(
            "bad-waiver", f"{place}/letters.yml", 1, f"It is about {other!r}, not 'letters'.",
            "Name the file after its asset.",
        ),
    ]  # fmt: skip
    assert "'letters'" in found[1].remedy
    rest = found[3:]
    assert {(one.code, one.file) for one in rest} == {
        ("bad-waiver", f"{place}/patient-records.yml")
    }
    assert {one.line for one in rest} >= {2}
    assert {one.what.split()[1] for one in rest} == {
        "'accepts'", "'reason'", "'risk'", "'alternative'", "'alternative_hours'", "'ends_on'",
    }  # fmt: skip
    assert all(one.what.startswith("field '") and one.remedy for one in rest)


def test_who_signs_reads_the_same_files_as_who_checks(tmp_path: Path) -> None:
    """An editor that is open leaves a hidden file and a link that leads nowhere."""
    others = {".letters.yml": "x", "._letters.yml": "\0", "letters.yml~": "x", "notes.txt": "x"}
    folder = tmp_path / "change" / "waivers"
    assert all(
        one.code != "bad-waiver" for one in faults(tmp_path, {"letters.yml": GOOD, **others})
    )
    (folder / ".#letters.yml").symlink_to("me@here.4711:1")
    assert all(
        one.code != "bad-waiver"
        for one in waiver_faults(tmp_path / "change", make_scope(), tmp_path, START)
    )
    assert [one.asset for one in load_waivers(tmp_path / "change")] == ["letters"]


def test_a_name_that_is_like_none_is_told_what_to_be(tmp_path: Path) -> None:
    (one,) = faults(tmp_path, {"zzzz.yml": GOOD})
    assert "name the file after an asset of the scope." in one.remedy.lower()
    assert list(waiver_faults(tmp_path / "no-change", make_scope(), tmp_path, START)) == []


def test_what_is_no_yaml_and_no_file_is_said_with_what_to_do(tmp_path: Path) -> None:
    (one,) = faults(tmp_path, {"letters.yml": "asset: [letters\n"})
    assert (one.code, one.file) == ("bad-waiver", "change/waivers/letters.yml")
    assert one.line > 0
    assert one.what
    assert one.remedy
    path = tmp_path / "change" / "waivers" / "letters.yml"
    path.unlink()
    path.mkdir()
    (one,) = waiver_faults(tmp_path / "change", make_scope(), tmp_path, START)
    assert (one.code, one.file, one.line, one.remedy) == (
        "bad-waiver", "change/waivers/letters.yml", 0, EXAMPLE,
    )  # fmt: skip
    assert str(path) in one.what


def test_a_draft_that_is_refused_names_the_file_and_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "letters.yml"
    with pytest.raises(InputError) as caught:
        load_waiver(path)
    assert caught.value.what.count(str(path)) >= 1
    assert "line 0" not in caught.value.what
    assert caught.value.remedy == EXAMPLE
    path.write_text(GOOD + "prize: 1\n")
    with pytest.raises(InputError) as caught:
        load_waiver(path)
    assert f"{path}: line 8: field 'prize' " in caught.value.what
    assert "waiver" in caught.value.what + caught.value.remedy
    path.write_text(GOOD.replace("ends_on", "ends_om"))
    with pytest.raises(InputError) as caught:
        load_waiver(path)
    assert "ends_on" in caught.value.remedy + caught.value.what


@pytest.mark.parametrize(
    ("hours", "read"), [("8", 8.0), ("'8'", 8.0), ("'0.25'", 0.25), ("9999", 9999.0)]
)
def test_hours_are_a_number_and_nothing_else(tmp_path: Path, hours: str, read: float) -> None:
    path = tmp_path / "letters.yml"
    path.write_text(GOOD.replace("hours: 8", f"hours: {hours}"))
    found = load_waiver(path).alternative_hours
    assert (found, type(found)) == (read, float)
    for wrong in ("true", "[8]", "'eight'", "0", "10000", "'8 hours'", "''"):
        path.write_text(GOOD.replace("hours: 8", f"hours: {wrong}"))
        with pytest.raises(InputError, match=r"line 6: field 'alternative_hours'"):
            load_waiver(path)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_case_A10_the_text_says_what_is_normal_what_is_accepted_and_where(language: Any) -> None:
    scope = make_scope()
    asset = next(one for one in scope.assets if one.id == "letters")
    ours, voice = Voice(language), Voice(language, SENTENCES)
    text = waiver_text(DRAFT, scope, language)
    lines = text.split("\n")
    assert lines[0] == voice.say("waiver.title", name=asset_name(scope, asset, ours))
    assert lines[1] == ""
    flat = " ".join(text.split())
    for part in (
        " ".join(proof_sentences(scope, asset, ours)), voice.say(f"level.{DRAFT.accepts}"),
        asset.id, asset.location, DRAFT.accepts, str(scope.version), DRAFT.reason, DRAFT.risk,
    ):  # fmt: skip
        assert " ".join(part.split()) in flat, part
    assert "None" not in text
    assert "XX" not in text
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


@pytest.mark.parametrize("language", ["nl", "en"])
def test_case_A10_each_question_holds_what_it_is_about(language: Any) -> None:
    scope = make_scope()
    asset = next(one for one in scope.assets if one.id == "letters")
    ours, voice = Voice(language), Voice(language, SENTENCES)
    asked = {one.id: one.text for one in waiver_questions(DRAFT, scope, language)}
    assert asset_name(scope, asset, ours) in asked["waiver-less"]
    assert voice.say(f"level.{DRAFT.accepts}") in asked["waiver-less"]
    assert DRAFT.reason in asked["waiver-reason"]
    assert DRAFT.alternative in asked["waiver-alternative"]
    assert not any("None" in text for text in asked.values())
    kinds = [one.kind for one in waiver_questions(DRAFT, scope, language)]
    assert kinds.count("decision") == 1


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("nl", "Wij bewijzen niet dat de reservesleutel haar opent: niemand heeft die geprobeerd."),
        ("en", "We do not prove that the spare key opens it: nobody tested that key."),
    ],
)
def test_C22_what_is_not_proven_is_named_where_it_is_known(language: Any, said: str) -> None:
    scope, voice = make_scope(), Voice(language, SENTENCES)
    draft = DRAFT.model_copy(update={"accepts": "V5"})
    every = voice.say("level.V5")
    for lacking, there in ((("spare-key",), said), ((), every)):
        text = " ".join(waiver_text(draft, scope, language, lacking).split())
        asked = {one.id: one.text for one in waiver_questions(draft, scope, language, lacking)}
        other = every if lacking else said
        for words in (text, asked["waiver-less"]):
            assert there in words
            assert other not in words


@pytest.mark.parametrize(
    ("hours", "dutch", "english"),
    [(8.0, "8", "8"), (10.0, "10", "10"), (7.5, "7,5", "7.5"), (0.25, "0,25", "0.25")],
)
def test_case_A10_hours_are_said_as_the_language_writes_them(
    hours: float, dutch: str, english: str
) -> None:
    scope, draft = make_scope(), DRAFT.model_copy(update={"alternative_hours": hours})
    for language, said in (("nl", f" {dutch} uur"), ("en", f" {english} hours")):
        asked = {one.id: one.text for one in waiver_questions(draft, scope, language)}  # type: ignore[arg-type]
        assert said in asked["waiver-alternative"]
        assert said in " ".join(waiver_text(draft, scope, language).split())  # type: ignore[arg-type]


def test_case_A10_one_hour_is_said_as_one() -> None:
    scope, draft = make_scope(), DRAFT.model_copy(update={"alternative_hours": 1.0})
    asked = {one.id: one.text for one in waiver_questions(draft, scope, "en")}
    assert " 1 hour" in asked["waiver-alternative"]
    assert "1 hours" not in asked["waiver-alternative"]


def drafted(**changes: Any) -> str:
    values = {
        "accepts": "V1", "asset": "letters", "reason": DRAFT.reason, "risk": DRAFT.risk,
        "alternative": DRAFT.alternative, "alternative_hours": 8, "ends_on": DRAFT.ends_on,
    }  # fmt: skip
    return "".join(f"{key}: {value}\n" for key, value in {**values, **changes}.items())


def test_case_A10_F5_a_copy_of_another_draft_is_said_beforehand(tmp_path: Path) -> None:
    risk = DRAFT.risk.replace("scanned letters", "patient records").replace(
        "/srv/letters", "patient-records"
    )
    found = faults(
        tmp_path,
        {
            "letters.yml": drafted(),
            "patient-records.yml": drafted(asset="patient-records", risk=risk),
        },
    )
    assert [(one.code, one.file, one.line) for one in found] == [
        ("waiver-copied", f"change/waivers/{name}.yml", 0)
        for name in ("letters", "patient-records")
    ]
    assert "patient-records" in found[0].what
    assert {one.remedy for one in found} == {"Say what this client risks with this asset."}


def test_a_fault_is_on_the_line_of_its_field(tmp_path: Path) -> None:
    (one,) = faults(tmp_path, {"patient-records.yml": drafted()})
    assert (one.line, one.remedy) == (2, "Name the file after its asset.")


def test_a_field_that_is_like_another_is_told_which(tmp_path: Path) -> None:
    (one,) = faults(tmp_path, {"letters.yml": drafted().replace("ends_on", "ends_om")})
    assert one.what.split()[1] == "'ends_om'"
    assert "Did you mean 'ends_on'?" in one.remedy


def test_F5_what_would_be_refused_at_the_signature_is_said_beforehand(tmp_path: Path) -> None:
    """The client sits there when a waiver is asked for: that is too late to mend it."""
    late = f"ends_on: {DRAFT.ends_on:%Y}-01-01"
    text = drafted()
    assert faults(tmp_path / "good", {"letters.yml": text}) == []
    wrong = text.replace(DRAFT.risk, "Some of it can be lost, and nobody could ever bring it back.")
    (one,) = faults(tmp_path / "risk", {"letters.yml": wrong})
    assert (one.code, one.file) == ("waiver-names-no-asset", "change/waivers/letters.yml")
    assert "letters" in one.what
    (one,) = faults(
        tmp_path / "late", {"letters.yml": text.replace(f"ends_on: {DRAFT.ends_on}", late)}
    )
    assert one.code == "waiver-end-date"
