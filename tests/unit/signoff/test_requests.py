"""What a request binds an answer to, what is shown of it, and the file that goes to the client."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sluis.errors import InputError
from sluis.evidence.asked import FORM, REQUEST
from sluis.evidence.canonical import sha256
from sluis.evidence.predicates import Export, Machine, Shown
from sluis.scope.annex import scope_annex
from sluis.scope.model import ScopeDocument
from sluis.scope.text import scope_text
from sluis.signoff.fetched_text import fetched_text
from sluis.signoff.proposal import propose, propose_waiver
from sluis.signoff.request import (
    ANNEX,
    Offer,
    Request,
    build_request,
    build_waiver_request,
    show,
    write_request,
)
from sluis.signoff.waiver import waiver_text
from sluis.tenant.tenant_manifest import About, ManifestLine, write_manifest
from support.scopes import CHANGE, CLIENT, make_scope
from support.signing import DRAFT, START, Bench, empty_bench, make_bench


def offered(bench: Bench, **more: Any) -> Offer:
    return build_request(bench, propose(bench, bench.now), now=bench.now, **more)


def with_document(root: Path) -> Bench:
    bench = empty_bench(root)
    entry = {"id": "terms", "title": "Terms 2026", "file": "terms.pdf",
             "sha256": bench.objects.put(b"be good")}  # fmt: skip
    bench.lay_down(make_scope({"documents": [entry], "time_zone": "Europe/Amsterdam"}))
    return bench


def test_a_request_binds_the_answer_to_all_that_was_shown(tmp_path: Path) -> None:
    bench = with_document(tmp_path)
    proposal = propose(bench, bench.now)
    offer = offered(bench)
    request = offer.request
    every = {**offer.texts, **offer.handed}
    assert list(every) == ["plan", "scope", ANNEX, "document:terms"]
    assert request == Request(
        purpose="signoff", client=CLIENT, change=CHANGE, language="en",
        scope_object=proposal.scope_object, plan_object=proposal.plan_object,
        documents={title: sha256(data) for title, data in every.items()},
        questions=request.questions, made_at=START, expires_at=START + timedelta(hours=48),
        after=bench.view().head,
    )  # fmt: skip
    assert (offer.names, offer.zone) == ({"document:terms": "terms.pdf"}, "Europe/Amsterdam")
    assert offer.handed == {"document:terms": b"be good"}
    assert [(one.id, one.kind, one.text, one.hint) for one in request.asked()] == [
        (one.id, one.kind, one.text, one.hint) for one in request.questions
    ]
    assert len(request.questions) > 10


def test_case_A10_a_request_for_a_waiver_binds_to_the_draft_and_to_no_plan(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    proposal = propose(bench, bench.now)
    offer = build_waiver_request(proposal, DRAFT, (), now=bench.now)
    text = waiver_text(DRAFT, make_scope(), "en").encode()
    assert offer.request == Request(
        purpose="waiver", client=CLIENT, change=CHANGE, language="en",
        scope_object=proposal.scope_object, plan_object=None, waiver=DRAFT,
        documents={"waiver": sha256(text)}, questions=offer.request.questions,
        made_at=START, expires_at=START + timedelta(hours=48), after=bench.view().head,
    )  # fmt: skip
    assert (offer.texts, offer.handed) == ({"waiver": text}, {})


def test_a_client_can_be_asked_in_another_language_than_the_scopes(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    dutch = offered(bench, language="nl")
    assert dutch.request.language == "nl"
    assert dutch.texts["scope"].decode() == scope_text(make_scope(), "nl")
    assert dutch.texts[ANNEX].decode().startswith(scope_annex(make_scope(), "nl"))
    assert any("ja of nee" in one.hint for one in dutch.request.questions)
    proposal = propose_waiver(bench, bench.now)
    waiver = build_waiver_request(proposal, DRAFT, (), now=bench.now, language="nl")
    assert waiver.request.language == "nl"
    assert waiver.texts["waiver"].decode() == waiver_text(DRAFT, make_scope(), "nl")
    assert any("ja of nee" in one.hint for one in waiver.request.questions)


def test_without_a_plan_there_is_no_request_for_a_sign_off(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    with pytest.raises(InputError) as caught:
        build_request(bench, propose_waiver(bench, bench.now), now=bench.now)
    assert (caught.value.code, caught.value.remedy) == ("no-plan", "Run prepare first.")


def test_what_a_vendor_wrote_repaints_no_screen_from_the_details_either(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    proposal = propose(bench, bench.now)
    assert proposal.plan is not None
    step = proposal.plan.steps[0].model_copy(update={"args": {"cmd": "a\u202eb"}})
    plan = proposal.plan.model_copy(update={"steps": (step,)})
    offer = build_request(bench, replace(proposal, plan=plan), now=bench.now)
    assert all("\u202e" not in text.decode() for text in offer.texts.values())


def test_a_request_of_an_older_version_keeps_its_digest(tmp_path: Path) -> None:
    request = offered(make_bench(tmp_path)).request
    older = request.model_copy(update={"after": None})
    assert b'"after"' in request.to_bytes()
    assert b'"after"' not in older.to_bytes()
    assert Request.from_bytes(older.to_bytes()) == older
    assert older.digest() == sha256(older.to_bytes()) != request.digest()


def test_all_that_is_shown_is_kept(tmp_path: Path) -> None:
    bench = with_document(tmp_path)
    offer = offered(bench)
    bench.later(minutes=1)
    shown = show(bench, offer, to="The manager", channel="page", now=bench.now)
    every = {**offer.texts, **offer.handed, REQUEST: offer.request.to_bytes()}
    assert shown.body == Shown(
        to="The manager", language="en", channel="page",
        documents={title: sha256(data) for title, data in every.items()},
    )  # fmt: skip
    assert shown.recorded_at == START + timedelta(minutes=1)
    for title, data in every.items():
        assert bench.objects.get(shown.body.documents[title]) == data


def test_the_file_for_a_client_is_kept_and_goes_with_what_is_handed_over(tmp_path: Path) -> None:
    bench = with_document(tmp_path)
    offer = offered(bench)
    digest = offer.request.digest()
    folder = tmp_path / "a" / "folder"
    path, shown = write_request(bench, folder, now=bench.now)
    assert path == folder / f"{CHANGE}-signoff-{digest[:12]}.txt"
    assert (shown.body.to, shown.body.channel) == (CLIENT, "file")
    assert bench.objects.get(shown.body.documents[FORM]) == path.read_bytes()
    assert f"\n    {digest}\n" in path.read_text()
    handed = folder / f"{digest[:12]}-terms.pdf"
    assert handed.read_bytes() == b"be good"
    assert {one.name: one.stat().st_mode & 0o777 for one in folder.iterdir()} == {
        path.name: 0o600, handed.name: 0o600,
    }  # fmt: skip


def test_the_file_has_what_is_read_before_the_questions_and_the_details_behind_them(
    tmp_path: Path,
) -> None:
    bench = make_bench(tmp_path)
    offer = offered(bench)
    path, _ = write_request(bench, tmp_path / "out", now=bench.now, offer=offer)
    edge = "\n" + "=" * 78 + "\n\n"
    plan, scope, questions, details = path.read_text().split(edge)
    digest, shown = f"\n    {offer.request.digest()}\n\n", offer.texts["plan"].decode()
    assert plan.endswith(digest + shown)
    assert scope == offer.texts["scope"].decode()
    lines = questions.split("\n")
    assert (lines[0], lines[1]) == (lines[0].upper(), "")
    assert questions.count("\n>>>\n") == len(offer.request.questions)
    numbers = [line.partition(".")[0] for line in lines if line[:1].isdigit()]
    assert numbers == [str(number + 1) for number in range(len(offer.request.questions))]
    assert details.startswith(offer.texts[ANNEX].decode().removesuffix("\n") + "\n\n")
    assert details.endswith(" 2026-11-22 12:00 UTC.\nEnd.\n")


def with_a_file_that_is_not_right(tmp_path: Path) -> tuple[Bench, ScopeDocument]:
    bench = empty_bench(tmp_path)
    assets = [asset.model_dump() for asset in make_scope().assets]
    assets[1].update(kind="share", exclude=(), origin={"by": "folder", "folder": "/mnt"})
    scope = make_scope().model_validate({**make_scope().model_dump(), "assets": tuple(assets)})
    wrong = ManifestLine(
        "short.msg", "file", "1", "files/short.msg", size=9, sha256="1" * 64, listed_size=70,
        check="corrupt",
    )  # fmt: skip
    write_manifest(tmp_path / "manifest", [wrong], About(source={}))
    bench.ledger.append(
        Export(
            asset="letters", origin={}, machine=Machine(host="h1", target="ssh://h1"),
            pass_number=1, started_at=START, finished_at=START, items=1, bytes=9, complete=True,
            manifest_object=bench.objects.put_file(tmp_path / "manifest"),
        ),
        key=bench.key, now=bench.now,
    )  # fmt: skip
    bench.lay_down(scope)
    return bench, scope


def test_the_form_is_laid_out_for_a_reader_and_for_a_machine(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    offer = offered(bench)
    path, _ = write_request(bench, tmp_path / "out", now=bench.now, offer=offer)
    lines = path.read_text().split("\n")
    named = lines.index(f"    {offer.request.digest()}")
    assert (lines[1], lines[named - 2], lines[named + 1]) == ("", "", "")
    edges = [number for number, one in enumerate(lines) if one == "=" * 78]
    assert len(edges) == len(offer.texts), "one behind each text, and one before the details"
    for edge in edges:
        assert (lines[edge - 1], lines[edge + 1]) == ("", "")
    assert all(len(one) <= 78 for one in lines if ">>>" not in one)
    begin = edges[-2] + 2
    blocks = "\n".join([*lines[begin : edges[-1]], ""]).split("\n>>>\n\n")
    head, _, blocks[0] = blocks[0].partition("\n\n")
    assert head.isupper()
    assert blocks.pop() == ""
    assert len(blocks) == len(offer.request.asked())
    for number, block in enumerate(blocks, 1):
        first, *rest = block.split("\n")
        assert first.startswith(f"{number}. ")
        assert all(one.startswith("   ") and one[3] != " " for one in rest), block
    assert any("\n" in block for block in blocks)


def test_M1_files_that_may_not_be_right_are_a_text_a_question_and_details(tmp_path: Path) -> None:
    bench, scope = with_a_file_that_is_not_right(tmp_path)
    offer = offered(bench)
    assert not offer.handed
    files = fetched_text(scope, bench.view(), bench.objects, "en")
    assert files is not None
    assert list(offer.texts) == ["plan", "scope", "files", ANNEX]
    assert offer.texts["files"].decode() == files.text
    assert offer.texts[ANNEX].decode().endswith(f"\n\n{files.annex}")
    assert "read:files" in [one.id for one in offer.request.questions]
    assert "read:files" not in [
        one.id for one in offered(make_bench(tmp_path / "other")).request.questions
    ]


def test_M1_a_list_that_is_too_long_is_handed_over_whole_and_signed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sluis.signoff.fetched_text.MOST_NAMED", 0)
    bench, _ = with_a_file_that_is_not_right(tmp_path)
    offer = offered(bench)
    path, shown = write_request(bench, tmp_path / "out", now=bench.now, offer=offer)
    handed = path.parent / f"{offer.request.digest()[:12]}-letters-doubted.txt"
    whole = handed.read_bytes()
    assert b"\n- short.msg: " in whole
    title = "document:list:letters-doubted.txt"
    assert offer.request.documents[title] == shown.body.documents[title] == sha256(whole)
    told = f"the file letters-doubted.txt, which you are given with this. SHA-256 {sha256(whole)}"
    assert told in path.read_text()
