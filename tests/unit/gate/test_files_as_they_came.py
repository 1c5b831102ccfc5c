"""A file in doubt goes nowhere, unless the client signed for that very file."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from sluis.errors import EvidenceError
from sluis.evidence.predicates import (
    Export,
    FetchedFile,
    LevelResult,
    Machine,
    Reason,
    Refusal,
    Waiver,
)
from sluis.evidence.predicates import Shown as ShownBody
from sluis.gate.decide import decide
from sluis.manifest import build_manifest, dumps
from sluis.runbook.doubted_files import doubts_in
from sluis.runbook.export_verdict import export_verdict
from sluis.runbook.snapshot_proving import _with_its_export
from sluis.scope.annex import scope_annex
from sluis.scope.as_it_came import lines_to_paste
from sluis.scope.model import ScopeDocument
from sluis.scope.moving import FromSftp, FromTenant
from sluis.scope.text import scope_text
from sluis.signoff.attend import attend
from sluis.tenant.stored_names import safe_name
from sluis.tenant.tenant_manifest import About, ManifestLine, write_manifest
from support.every_field import SCOPE_WITH_EVERYTHING
from support.evidence_made import NOW, Made, digest_of, made, snapshot, verification
from support.scopes import make_scope, tuples
from support.signing import make_bench

ONE, TWO = "11" * 32, "22" * 32
WORDS = {"nl": "Te kort, en wij nemen het.", "en": "Too short, and we take it."}


def line(path: str, check: Any = "not verified", sha256: str = ONE, **more: Any) -> ManifestLine:
    given: dict[str, Any] = {"size": 9, "listed_size": 70, "check_note": "70 bytes listed.", **more}
    return ManifestLine(
        path=path, type="file", item_id=path, stored=f"content/{path}", sha256=sha256, check=check,
        **given,
    )  # fmt: skip


def origin(*files: tuple[str, str]) -> FromTenant:
    listed = tuple({"path": path, "sha256": sha256, "words": WORDS} for path, sha256 in files)
    return FromTenant.model_validate(
        {"by": "tenant", "tenant": "old", "drive": "b!one", "as_it_came": listed}
    )


def export(lines: list[ManifestLine], **more: Any) -> Export:
    checks: dict[str, int] = {}
    for one in lines:
        checks[str(one.check)] = checks.get(str(one.check), 0) + 1
    fields: dict[str, Any] = {
        "asset": "team", "origin": {}, "machine": Machine(host="w", target="local://"),
        "pass_number": 1, "started_at": NOW, "finished_at": NOW, "items": len(lines), "bytes": 9,
        "complete": True, "checks": checks, "manifest_object": "ab" * 32, **more,
    }  # fmt: skip
    return Export(**fields)


def verdict(lines: list[ManifestLine], *signed: tuple[str, str], **more: Any) -> str:
    return export_verdict(export(lines, **more), 5, 4, doubts_in(lines, origin(*signed))).verdict


@pytest.mark.parametrize("check", ["not verified", "edited meanwhile", "something new"])
def test_M1_only_the_very_file_that_is_in_the_scope_is_taken(check: Any) -> None:
    files = [line("a", "equal"), line("b", check), line("c", check, TWO)]
    assert verdict(files) == "not verified"
    assert verdict(files, ("b", ONE)) == "not verified"
    assert verdict(files, ("b", ONE), ("c", ONE)) == "not verified"
    assert verdict(files, ("c", ONE), ("b", TWO)) == "not verified"
    assert verdict(files, ("B", ONE), ("c", TWO)) == "not verified"
    assert verdict(files, ("b", ONE), ("c", TWO)) == "proven"
    assert verdict(files, ("b", ONE), ("c", TWO), ("d", ONE)) == "proven"


def test_M1_a_corrupt_file_is_taken_by_nobody() -> None:
    assert verdict([line("b", "corrupt")], ("b", ONE)) == "failed"
    (named,) = doubts_in([line("b", "corrupt")], origin(("b", ONE))).doubted
    assert named.check == "corrupt"
    # whatever the worker counted
    assert verdict([line("b", "corrupt")], ("b", ONE), checks={"equal": 1}) == "failed"


def test_M1_a_worker_that_counts_otherwise_than_its_manifest_is_not_believed() -> None:
    assert verdict([line("b")], checks={"equal": 1}) == "not verified"
    assert verdict([line("b", "equal")], checks={"equal": 2}) == "not verified"
    assert verdict([line("b", "equal")], checks={"equal": 1, "corrupt": 0}) == "proven"


def test_M1_a_whole_reading_of_a_busy_file_is_no_doubt_on_a_server() -> None:
    server = FromSftp.model_validate({"by": "sftp", "server": "old", "folder": "/srv"})
    files = [line("a", "edited meanwhile")]
    assert export_verdict(export(files), 5, 4, doubts_in(files, server)).verdict == "proven"
    files = [line("a", "not verified")]
    assert export_verdict(export(files), 5, 4, doubts_in(files, server)).verdict == "not verified"


SIGNED = {
    "no hash": ("niets om de inhoud mee te vergelijken", "nothing to compare"),
    "older": ("Dit is een oudere versie", "an older one"),
    "read once": ("maar één keer gelezen", "read only once"),
    "edited": ("werd aan gewerkt", "worked on it"),
    "differs": ("niet wat de bron vermeldt", "not what the source lists"),
    None: ("niet zeker", "not certain"),
    "something new": ("niet zeker", "not certain"),
}


@pytest.mark.parametrize("doubt", SIGNED)
def test_M1_the_words_to_sign_say_what_is_true_of_the_file(doubt: str | None) -> None:
    (file,) = doubts_in([line("a", doubt=doubt)], origin()).doubted
    assert file.doubt == doubt
    (pasted,) = yaml.safe_load(lines_to_paste(file))["as_it_came"]
    for language, said in zip(("nl", "en"), SIGNED[doubt], strict=True):
        words = pasted["words"][language]
        assert said in words
        assert {one for one, all_said in SIGNED.items() if words.count(
            all_said[("nl", "en").index(language)]
        )} == {one for one in SIGNED if SIGNED[one] == SIGNED[doubt]}  # fmt: skip


def test_M1_a_statement_without_a_reason_is_read_and_claims_none() -> None:
    older = FetchedFile.model_validate({"path": "a", "sha256": ONE, "check": "not verified"})
    assert older.doubt is None
    assert "niet wat de bron vermeldt" not in lines_to_paste(older)
    edited = older.model_copy(update={"check": "edited meanwhile"})
    assert "Somebody worked on it" in lines_to_paste(edited)


NASTY = ["plain.txt", "it's: a #name.txt", "a\u202egpj.exe", "\u200bseen.txt", '"quoted" \\.txt']


@pytest.mark.parametrize("path", NASTY)
def test_M1_the_lines_to_paste_are_taken_as_they_are(path: str) -> None:
    (file,) = doubts_in([line(path)], origin()).doubted
    pasted = yaml.safe_load(lines_to_paste(file))["as_it_came"]
    listed = FromTenant.model_validate(
        {"by": "tenant", "tenant": "old", "drive": "b!one", "as_it_came": tuples(pasted)}
    )
    found = doubts_in([line(path)], listed)
    assert (len(found.doubted), len(found.as_it_came)) == (0, 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"sha256": "11" * 31},
        {"sha256": "AA" * 32},
        {"sha256": ...},
        {"path": ""},
        {"path": ...},
        {"path": "a\u202eb"},
        {"words": ""},
        {"words": ...},
        {"words": {"nl": "x"}},
        {"more": "x"},
    ],
)
def test_M1_the_list_is_read_strictly(wrong: dict[str, Any]) -> None:
    entry = {"path": "a", "sha256": ONE, "words": WORDS, **wrong}
    entry = {key: value for key, value in entry.items() if value is not ...}
    with pytest.raises(ValueError, match=r"as_it_came"):
        FromTenant.model_validate(
            {"by": "tenant", "tenant": "old", "drive": "b!one", "as_it_came": (entry,)}
        )


def full(*files: tuple[str, str]) -> ScopeDocument:
    value = dict(SCOPE_WITH_EVERYTHING)
    value["assets"] = tuple(
        {**asset, "origin": origin(*files).model_dump()} if asset["id"] == "team" else asset
        for asset in value["assets"]
    )
    return ScopeDocument.model_validate(value)


def test_M1_the_client_reads_each_file_by_name_in_both_languages() -> None:
    document = full(("Photos/a.jpg", ONE), ("b.msg", TWO))
    for language, words in (("nl", WORDS["nl"]), ("en", WORDS["en"])):
        text = scope_text(document, language)  # type: ignore[arg-type]
        for said in ("- Photos/a.jpg", "- b.msg", words):
            assert said in text
        annex = scope_annex(document, language)  # type: ignore[arg-type]
        for said in ("Photos/a.jpg", "b.msg", ONE, TWO):
            assert said in annex
    with pytest.raises(ValueError, match=r"names 'b\.msg' again"):
        full(("b.msg", ONE), ("b.msg", TWO))


def test_M1_the_signature_binds_the_list_and_an_older_scope_keeps_its_digest() -> None:
    digests = {full(*files).digest() for files in ((), (("a", ONE),), (("a", TWO),))}
    assert len(digests) == 3
    assert b"as_it_came" not in full().to_bytes()
    assert ScopeDocument.from_bytes(full().to_bytes()).digest() == full().digest()


def codes(change: Made) -> dict[str, str]:
    answer = decide(change.evidence(), change.demand(), NOW)
    reasons = answer.reasons if isinstance(answer, Refusal) else ()
    return {item.code: f"{item.about} {item.sentence} {item.remedy}" for item in reasons}


def with_files(reached: str, assets: Any = None, /, **files: Any) -> Made:
    proof = verification("files-one", digest_of(9), "x", reached)
    if reached < "V5":
        levels = tuple(
            LevelResult(level=one.level, verdict="not verified", detail="doubt")
            if one.level == "V5"
            else one
            for one in proof.levels
        )
        proof = proof.model_copy(update={"levels": levels})
    change = made(**({"assets": assets} if assets else {}))
    return change.and_then(
        snapshot("files-one", "h1", "192.0.2.1", NOW), proof.model_copy(update=files)
    )


FILE = FetchedFile(path="Photos/a.jpg", sha256=ONE, check="not verified", note="70 bytes listed.")


def test_M1_a_refusal_names_each_file_with_the_lines_to_paste() -> None:
    found = codes(with_files("V4", doubted=(FILE,)))
    assert set(found) == {"level-too-low", "file-not-verified"}
    said = found["file-not-verified"]
    assert "Photos/a.jpg: not verified. 70 bytes listed." in said
    assert lines_to_paste(FILE) in said


def test_M1_a_refusal_names_what_is_damaged_and_offers_no_lines_for_it() -> None:
    damaged = FILE.model_copy(update={"check": "corrupt"})
    said = codes(with_files("V4", doubted=(damaged,)))["file-not-verified"]
    assert "Photos/a.jpg: corrupt." in said
    assert "as_it_came" not in said


def refused(change: Made, code: str) -> Reason:
    answer = decide(change.evidence(), change.demand(), NOW)
    assert isinstance(answer, Refusal)
    return next(item for item in answer.reasons if item.code == code)


LONG = "d" * 900 + "/" + "f" * 900


@pytest.mark.parametrize(
    ("path", "note", "about", "sentence"),
    [
        ("a.jpg", "", "files-one: a.jpg", "a.jpg: not verified."),
        (" a.jpg", "", "files-one:  a.jpg", " a.jpg: not verified."),
        ("a.jpg", "n" * 5000, "files-one: a.jpg", f"a.jpg: not verified. {'n' * 2979}"),
        (LONG, "", f"files-one: {LONG}"[:1000], f"{LONG}: not verified."),
    ],
    ids=["without a note", "a space before the name", "a long note", "a long path"],
)
def test_M1_a_refusal_says_of_a_file_what_there_is_room_for(
    path: str, note: str, about: str, sentence: str
) -> None:
    file = FILE.model_copy(update={"path": path, "note": note})
    found = refused(with_files("V4", doubted=(file,)), "file-not-verified")
    assert (found.about, found.sentence) == (about, sentence)


@pytest.mark.parametrize(("length", "lines"), [(1024, True), (1025, False), (9000, False)])
def test_M1_a_path_that_no_scope_can_name_has_no_lines_to_paste(length: int, lines: bool) -> None:
    """And is refused like any other, however long it is."""
    file = FILE.model_copy(update={"path": "'" * length})
    found = refused(with_files("V4", doubted=(file,)), "file-not-verified")
    assert ("as_it_came" in found.remedy) is lines
    assert "prepare again" in found.remedy


def taking(*files: tuple[str, str]) -> tuple[dict[str, Any], ...]:
    """The first folder is fetched, and these of its files are taken as they came."""
    one, two = (asset.model_dump() for asset in made().scope.assets)
    return ({**one, "kind": "sharepoint", "origin": origin(*files).model_dump()}, two)


def test_M1_what_was_proven_by_leave_of_a_list_holds_only_for_that_list() -> None:
    assert set(codes(with_files("V6", as_it_came=(FILE,)))) == {"file-not-signed"}
    assert codes(with_files("V6")) == {}
    came, long = (FILE.path, FILE.sha256), FILE.model_copy(update={"path": LONG})
    for listed, allowed in ((came, True), ((FILE.path, TWO), False), (("b.jpg", ONE), False)):
        change = with_files("V6", taking(listed), as_it_came=(FILE,))
        assert set(codes(change)) == (set() if allowed else {"file-not-signed"})
    for file, about in ((FILE, "files-one: Photos/a.jpg"), (long, f"files-one: {LONG}"[:1000])):
        assert refused(with_files("V6", as_it_came=(file,)), "file-not-signed").about == about


@pytest.mark.parametrize(("accepted", "asked"), [("V4", False), ("V5", True)])
def test_M1_a_list_is_asked_for_where_every_file_must_be_the_source_s(
    accepted: Any, asked: bool
) -> None:
    change = made()
    waiver = Waiver(
        asset="files-one", accepts=accepted, scope_object=change.scope.digest(), reason="No room.",
        risk="It may be lost.", alternative="A second copy.", alternative_hours=2.0,
        ends_on=NOW.date(), signer_name="A. Client", signer_role="owner", shown=digest_of(7),
    )  # fmt: skip
    proof = verification("files-one", digest_of(2), "x", "V5")
    change = change.and_then(waiver, proof.model_copy(update={"as_it_came": (FILE,)}))
    assert set(codes(change)) == ({"file-not-signed"} if asked else set())


def test_M1_the_client_reads_what_is_not_byte_for_byte_what_was_listed(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    lines = [
        line("fine.txt", "equal"), line("short.msg"),
        line("letter.docx", "rewritten by the service"),
        line("old.pdf", "stale metadata"), line("bad.jpg", "corrupt"),
        line("busy.txt", "edited meanwhile"), line("a\u202eb.txt"),
    ]  # fmt: skip
    manifest = tmp_path / "manifest.gz"
    write_manifest(manifest, lines, About({}))
    scope = make_scope()
    assets = [
        {**asset.model_dump(), "kind": "share", "origin": {"by": "folder", "folder": "/mnt"}}
        for asset in scope.assets[:1]
    ]
    value = {**scope.model_dump(), "assets": tuples([*assets, *(
        asset.model_dump() for asset in scope.assets[1:]
    )])}  # fmt: skip
    document = ScopeDocument.model_validate(value)
    body = export(
        lines, asset=document.assets[0].id, manifest_object=bench.objects.put_file(manifest)
    )
    bench.ledger.append(body, key=bench.key, now=bench.now)
    bench.lay_down(document)
    _sign(bench)
    shown = bench.view().of(ShownBody)[-1].body
    text = bench.objects.get(shown.documents["files"]).decode()
    for name in ("short.msg", "letter.docx", "old.pdf", "bad.jpg", "busy.txt", "a\\u{202E}b.txt"):
        assert f"- {name}\n" in text
    assert "fine.txt" not in text
    assert "read:files" in {item.id for item in bench.asked}


@pytest.mark.parametrize("signed", [True, False])
def test_M1_what_was_fetched_decides_what_a_proof_says(tmp_path: Path, signed: bool) -> None:
    bench = make_bench(tmp_path)
    lines = [line("fine.txt", "equal"), line("short.msg")]
    manifest = tmp_path / "manifest.gz"
    write_manifest(manifest, lines, About({}))
    digest = bench.objects.put_file(manifest)
    bench.ledger.append(
        export(lines, asset="team", manifest_object=digest), key=bench.key, now=bench.now
    )
    asset = full(*([("short.msg", ONE)] if signed else [])).asset("team")
    assert asset is not None
    asset = asset.model_copy(update={"items": 2, "size": 9})
    bench.later(minutes=1)
    taken = bench.ledger.append(
        snapshot("team", "h1", "192.0.2.1", bench.now), key=bench.key, now=bench.now
    )
    proof = verification("team", taken.sha256, "x")
    found = _with_its_export(bench, asset, taken, proof)  # type: ignore[arg-type]
    assert found.reached == ("V6" if signed else "V4")
    assert [one.path for one in found.as_it_came] == (["short.msg"] if signed else [])
    assert [one.path for one in found.doubted] == ([] if signed else ["short.msg"])
    # a share that is not mounted is fetched without an error: the counts tell
    whole = asset.model_copy(update={"items": 5, "size": 9})
    found = _with_its_export(bench, whole, taken, proof)  # type: ignore[arg-type]
    assert found.reached == "V0", "not even what is of low criticality goes on"
    said = {one.level: one.detail for one in found.levels if one.verdict == "not verified"}
    assert set(said) == {"V1", "V5"}
    assert all("brought 2 files, and the scope" in one for one in said.values())
    # a manifest that was put in the place of the recorded one is not read
    place = bench.objects.path(digest)
    place.chmod(0o600)
    write_manifest(place, [line("fine.txt", "equal")], About({}))
    with pytest.raises(EvidenceError, match="object-altered"):
        _with_its_export(bench, asset, taken, proof)  # type: ignore[arg-type]


def test_files_of_our_own_beside_what_was_fetched_are_not_counted(tmp_path: Path) -> None:
    """The copy holds our state and manifests too; the client reads how much of its own was."""
    bench = make_bench(tmp_path)
    place = tmp_path / "copy" / safe_name("b!one")
    for name in ("content/a", "state.sqlite", "passes/0001/manifest.gz"):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(b"what was fetched")
    copy = build_manifest(str(tmp_path / "copy"))
    fetched = [line("a", "equal", hashlib.sha256(b"what was fetched").hexdigest())]
    write_manifest(tmp_path / "manifest.gz", fetched, About({}))
    digest = bench.objects.put_file(tmp_path / "manifest.gz")
    bench.ledger.append(
        export(fetched, asset="team", manifest_object=digest), key=bench.key, now=bench.now
    )
    asset = full().asset("team")
    assert asset is not None
    asset = asset.model_copy(update={"items": 1, "size": 9})
    bench.later(minutes=1)
    taken = bench.ledger.append(
        snapshot("team", "h1", "192.0.2.1", bench.now), key=bench.key, now=bench.now
    )
    proof = verification("team", taken.sha256, "x").model_copy(
        update={"compared_items": 8, "compared_bytes": 90_000,
                "restored_manifest_object": bench.objects.put(dumps(copy))}
    )  # fmt: skip
    found = _with_its_export(bench, asset, taken, proof)  # type: ignore[arg-type]
    assert (found.reached, found.compared_items, found.compared_bytes) == ("V6", 1, 9)


def _sign(bench: Any) -> None:
    attend(bench, (), tell=bench.tell, ask=bench.client(), clock=bench.clock)
