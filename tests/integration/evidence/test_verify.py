"""A whole dossier, verified offline: what holds, what does not, what cannot be known."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sluis import programs
from sluis.errors import InputError
from sluis.evidence import ssh_signatures
from sluis.evidence.canonical import canonical
from sluis.evidence.predicates import (
    PREDICATES,
    Behind,
    Check,
    Erasure,
    Export,
    Freeze,
    Machine,
    Shown,
    Waiver,
)
from sluis.evidence.verify import verify_dossier
from sluis.plan.behind import behind_list
from sluis.rehearsal.tsa import LocalTsa
from support.dossiers import Made, copy, make, tell
from support.signed_dossier import Ground, prepared

CHECK = Check(check="web", host="server1", what="HTTP 200", passed=True)
TWO = "2" * 64


@pytest.fixture(scope="module")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalTsa]:
    with LocalTsa(tmp_path_factory.mktemp("tsa") / "tsa") as running:
        yield running


@pytest.fixture(scope="module")
def stamped_once(tmp_path_factory: pytest.TempPathFactory, tsa: LocalTsa) -> Made:
    made = make(
        tmp_path_factory.mktemp("stamped") / "one",
        begin=datetime.now(UTC) - timedelta(minutes=12),
    )
    made.trust_tsa(tsa.url, tsa.certificate)
    tell(made)
    made.now = datetime.now(UTC)
    made.stamp()
    return made


@pytest.fixture
def told(stamped_once: Made, tmp_path: Path) -> Made:
    """A whole dossier with trusted time; each test may spoil its own copy."""
    made = copy(stamped_once, tmp_path / "copy")
    made.reload()
    return made


def verdicts(made: Made, what: str) -> list[tuple[str, str]]:
    return [(f.about, f.verdict) for f in made.verify().findings if f.what == what]


def test_a_whole_dossier_holds(told: Made) -> None:
    verdict = told.verify(told.digest(12))
    assert verdict.holds
    assert {(f.what, f.verdict) for f in verdict.findings} == {
        # this client answered beside the operator, and no request was kept
        ("answer-unproven", "could not be checked"),
        ("chain", "holds"),
        ("mailed-head", "holds"),
        ("head", "holds"),
        ("objects", "holds"),
        ("trusted-time", "holds"),
        ("references", "holds"),
    }


def test_the_verdict_is_plain_json(told: Made) -> None:
    value = json.loads(canonical(told.verify().as_dict()))
    assert value["holds"] is True
    assert value["client"] == told.client
    assert value["change"] == told.change
    assert value["statements"] == 12
    assert value["head"] == told.digest(12)
    assert set(value["findings"][0]) == {"what", "verdict", "about", "detail"}


def test_case_B12_a_copy_is_verified_years_later_without_network_or_controller(
    told: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = told.digest(12)
    archive = tmp_path / "archive" / "practice north, update 2026"
    shutil.copytree(told.dossier, archive)
    trust = tmp_path / "archive" / "trust"
    shutil.copytree(told.trust, trust)
    anchors = told.anchors
    shutil.rmtree(told.root)

    def no_network(*args: object, **more: object) -> None:
        raise AssertionError("verifying needs no network")

    monkeypatch.setattr(socket, "socket", no_network)
    from sluis.evidence.anchors import load_anchors

    anchors = load_anchors(trust, told.client)
    years_later = told.now + timedelta(days=3 * 365)
    verdict = verify_dossier(archive, anchors, years_later, head)
    assert verdict.holds
    assert {f.what for f in verdict.findings if f.verdict == "could not be checked"} == {
        "answer-unproven",
        "folder-name",
    }
    # without the mailed head it says what it cannot know
    alone = verify_dossier(archive, anchors, years_later)
    assert alone.holds
    assert {f.what for f in alone.findings if f.verdict == "could not be checked"} == {
        "answer-unproven",
        "folder-name",
        "head",
    }


def test_no_dossier_is_an_input_error(told: Made) -> None:
    with pytest.raises(InputError) as caught:
        verify_dossier(told.root / "nothing", told.anchors, told.now)
    assert caught.value.code == "no-dossier"


def test_an_empty_dossier_does_not_hold(told: Made, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    verdict = verify_dossier(tmp_path / "empty", told.anchors, told.now)
    assert not verdict.holds
    shutil.rmtree(told.statements)
    assert "tail-removed" in {f.what for f in told_as(told).findings}


def told_as(made: Made) -> Any:
    return verify_dossier(made.dossier, made.anchors, made.now, change=made.change)


def test_another_change_is_another_dossier(told: Made) -> None:
    verdict = verify_dossier(told.dossier, told.anchors, told.now, change="CHG-9")
    assert not verdict.holds
    assert "wrong-dossier" in {f.what for f in verdict.findings}


def test_the_name_of_a_folder_counts_for_nothing_beside_a_change_that_is_named(
    told: Made, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "copy-of-it"
    shutil.copytree(told.dossier, elsewhere)
    named = verify_dossier(elsewhere, told.anchors, told.now, change=told.change)
    assert "folder-name" not in {found.what for found in named.findings}
    unnamed = verify_dossier(elsewhere, told.anchors, told.now)
    assert "folder-name" in {found.what for found in unnamed.findings}


# --- any byte, any file ----------------------------------------------------------------------


def _files(made: Made) -> list[Path]:
    return sorted(path for path in made.dossier.rglob("*") if path.is_file())


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(which=st.integers(0, 10**6), place=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_any_flipped_bit_in_any_file_is_found(
    stamped_once: Made, which: int, place: int, bit: int
) -> None:
    files = _files(stamped_once)
    path = files[which % len(files)]
    data = path.read_bytes()
    spoiled = bytearray(data)
    spoiled[place % len(data)] ^= 1 << bit
    try:
        _put(path, bytes(spoiled))
        assert stamped_once.failures() != set(), path
    finally:
        _put(path, data)


def test_any_removed_file_is_found(told: Made) -> None:
    files = _files(told)
    assert len(files) > 20
    for path in files:
        data = path.read_bytes()
        path.unlink()
        assert told.failures() != set(), path
        _put(path, data)
    assert told.verify().holds


def test_any_file_cut_short_or_grown_is_found(told: Made) -> None:
    for path in _files(told):
        data = path.read_bytes()
        for other in (data[:-1], data + b"\n", b""):
            _put(path, other)
            assert told.failures() != set(), path
        _put(path, data)


def test_what_lies_beside_the_evidence_is_named(told: Made) -> None:
    (told.dossier / "notes.txt").write_text("x")
    assert verdicts(told, "foreign-file") == [("notes.txt", "could not be checked")]
    (told.dossier / "objects" / "sha256" / "ab").mkdir(exist_ok=True)
    (told.dossier / "objects" / "sha256" / "ab" / "x").write_text("x")
    (told.dossier / "objects" / "list").write_text("x")
    (told.dossier / "timestamps" / "x.tsr").write_text("x")
    assert told.failures() == {"foreign-file", "timestamp-file-altered"}


def test_what_a_killed_process_left_is_no_fault(told: Made) -> None:
    for folder in ("statements", "objects/sha256", "timestamps"):
        (told.dossier / folder / ".new-0123456789abcdef").write_bytes(b"half")
    assert told.verify().holds


# --- objects ---------------------------------------------------------------------------------


def test_a_missing_object_is_named_with_what_it_was(told: Made) -> None:
    scope = told.read().statements[0].body.scope_object  # type: ignore[attr-defined]
    told.objects.path(scope).unlink()
    (finding,) = [f for f in told.verify().findings if f.what == "object-missing"]
    assert finding.verdict == "does not hold"
    assert finding.about == scope
    assert "scope_object of 000001.json (scope)" in finding.detail
    assert told.codes() == set(), "the chain itself stays whole"


def test_an_object_erased_on_record_is_told_apart(told: Made) -> None:
    source = told.read().statements[0].body.source_object  # type: ignore[attr-defined]
    told.append(Erasure(objects=(source,), reason="Asked under the GDPR.", asked_by="A. Client"))
    told.objects.erase(source)
    verdict = told.verify()
    assert verdict.holds
    (finding,) = [f for f in verdict.findings if f.what == "object-erased"]
    assert finding.verdict == "could not be checked"
    assert "000013.json (erasure): Asked under the GDPR." in finding.detail


def test_an_object_nobody_speaks_of_is_named(told: Made) -> None:
    digest = told.objects.put(b"stray")
    assert [v for _, v in verdicts(told, "object-unspoken-of")] == ["could not be checked"]
    _put(told.objects.path(digest), b"other")
    assert told.failures() == {"object-altered"}


def test_a_store_that_is_a_link_is_not_followed(told: Made) -> None:
    folder = told.dossier / "objects"
    folder.rename(told.root / "aside")
    folder.symlink_to(told.root / "aside")
    assert "object-altered" in told.failures()


# --- references ------------------------------------------------------------------------------


def _bodies(made: Made) -> dict[str, Any]:
    return {statement.kind: statement.body for statement in made.read().statements}


@pytest.mark.parametrize(
    ("kind", "changes", "words"),
    [
        ("verification", {"snapshot": TWO}, "never recorded"),
        ("verification", {"asset": "other"}, "speaks of other"),
        ("verification", {"snapshot_id": "other"}, "snapshot other"),
        ("plan", {"scope_object": TWO}, "scope that it names was never recorded"),
        ("signoff", {"scope_object": TWO}, "scope that it names was never recorded"),
        ("signoff", {"plan_object": TWO}, "plan that it names was never recorded"),
        ("signoff", {"shown": TWO}, "no earlier record of what the client was shown"),
        ("signoff", {"shown": None}, "does not say what the client was shown"),
        ("permit", {"scope_object": TWO}, "scope that it names was never recorded"),
        ("permit", {"plan_object": TWO}, "plan that it names was never recorded"),
        ("permit", {"relies_on": ()}, "no yes from the client"),
        ("permit", {"relies_on": (TWO,)}, "no earlier statement"),
        ("step", {"state": "started", "plan_object": TWO}, "No permit"),
        ("step", {"state": "started", "host": "server2"}, "No permit for this plan on server2"),
        ("step", {"state": "done", "call_sha256": TWO}, "Nothing says that this call was started"),
        ("handover", {"plan_object": TWO}, "plan that it names was never recorded"),
        ("timestamp", {"head": TWO}, "no statement of this ledger"),
    ],
)
def test_a_reference_that_leads_nowhere_is_found(
    told: Made, kind: str, changes: dict[str, Any], words: str
) -> None:
    told.append(_bodies(told)[kind].model_copy(update=changes))
    found = [f for f in told.verify().findings if f.what == "reference-broken"]
    assert any(words in f.detail for f in found), found
    assert all(f.about.startswith("000013.json") for f in found)
    assert not told.verify().holds


def test_a_snapshot_of_another_kind_of_statement_is_not_one(told: Made) -> None:
    told.append(_bodies(told)["verification"].model_copy(update={"snapshot": told.digest(1)}))
    assert "reference-broken" in told.failures()


def test_a_statement_cannot_rest_on_a_later_one(told: Made) -> None:
    """Forged so that the digests fit: a verification before its snapshot."""
    made = make(told.root / "two")
    bodies = _bodies(told)
    snapshot = bodies["snapshot"]
    made.append(CHECK)
    made.append(snapshot)
    later = made.digest(2)
    made.append(bodies["verification"].model_copy(update={"snapshot": later}))
    assert verdicts(made, "reference-broken") == []
    made.append(bodies["verification"].model_copy(update={"snapshot": "f" * 64}))
    assert len(verdicts(made, "reference-broken")) == 1


def test_a_permit_after_a_withdrawal_is_found(told: Made) -> None:
    bodies = _bodies(told)
    told.append(bodies["signoff"].model_copy(update={"decision": "withdrawn"}))
    told.append(bodies["permit"])
    (finding,) = [f for f in told.verify().findings if f.what == "reference-broken"]
    assert "'withdrawn'" in finding.detail


def test_a_permit_on_an_expired_yes_and_a_step_after_a_permit_are_found(told: Made) -> None:
    bodies = _bodies(told)
    told.now += timedelta(hours=9)
    told.append(bodies["step"].model_copy(update={"state": "started"}))
    told.append(bodies["permit"])
    details = {f.detail for f in told.verify().findings if f.what == "reference-broken"}
    assert details == {
        "The permit before it had ended.",
        "It relies on a sign-off that had expired.",
    }


def test_a_yes_to_a_plan_for_another_scope_is_found(told: Made) -> None:
    bodies = _bodies(told)
    other = told.objects.put(b"other scope")
    told.append(bodies["scope"].model_copy(update={"scope_object": other}))
    told.append(bodies["signoff"].model_copy(update={"scope_object": other}))
    (finding,) = [f for f in told.verify().findings if f.what == "reference-broken"]
    assert "another scope" in finding.detail


def test_a_freeze_of_no_scope_or_of_a_moment_to_come_is_found(told: Made) -> None:
    scope = _bodies(told)["scope"].scope_object
    told.append(Freeze(state="frozen", scope_object=scope, since=told.now, told_by="A. Client"))
    assert verdicts(told, "reference-broken") == []
    later = told.now + timedelta(hours=1)
    told.append(Freeze(state="frozen", scope_object=scope, since=later, told_by="A. Client"))
    told.append(Freeze(state="frozen", scope_object=TWO, since=told.now, told_by="A. Client"))
    details = {f.detail for f in told.verify().findings if f.what == "reference-broken"}
    assert details == {
        "It speaks of a moment that was still to come.",
        "The scope that it names was never recorded.",
    }


def test_a_waiver_that_was_not_shown_is_found(told: Made) -> None:
    told.append(_waiver(shown=TWO))
    told.append(_waiver(shown=None))
    assert len(verdicts(told, "reference-broken")) == 2
    told.append(_waiver(shown=told.digest(5)))
    assert len(verdicts(told, "reference-broken")) == 2


#: fields that are a digest of something else than a statement or an object
_OTHER_DIGESTS = {"call_sha256", "tree_sha256", "nonce_sha256"}
_DIGEST = "^[0-9a-f]{64}$"


def _holds_digests(schema: Any) -> bool:
    if isinstance(schema, dict):
        return schema.get("pattern") == _DIGEST or any(
            _holds_digests(item) for name, item in schema.items() if name != "$ref"
        )
    return isinstance(schema, list) and any(_holds_digests(item) for item in schema)


def _references() -> list[tuple[str, str]]:
    """Every field of every predicate with which a statement rests on an earlier one."""
    found = []
    for kind, model in PREDICATES.items():
        for name, schema in model.model_json_schema()["properties"].items():
            rests_on_a_document = name != f"{kind}_object" and name in (
                "scope_object",
                "plan_object",
            )
            is_object = name.endswith("_object") or name in ("documents", "objects")
            refers = _holds_digests(schema) and not is_object and name not in _OTHER_DIGESTS
            if refers or rests_on_a_document:
                found.append((kind, name))
    return found


@pytest.mark.parametrize(("kind", "field"), _references())
def test_W3_every_field_that_refers_is_looked_at(told: Made, kind: str, field: str) -> None:
    """Taken from the predicates themselves: a new reference without a rule fails here."""
    bodies = _bodies(told) | {
        "waiver": _waiver(shown=told.digest(5), scope_object=_bodies(told)["scope"].scope_object),
        "freeze": Freeze(
            state="frozen",
            scope_object=_bodies(told)["scope"].scope_object,
            since=told.now,
            told_by="A. Client",
        ),
    }
    if kind == "step":
        bodies["step"] = bodies["step"].model_copy(update={"state": "started"})
    if kind == "behind":
        bodies["behind"] = _behind(told)
    good = bodies[kind]
    told.append(good)
    assert verdicts(told, "reference-broken") == [], "without the change nothing is wrong"
    before = getattr(good, field)
    nowhere: Any = TWO
    if isinstance(before, tuple):
        nowhere = (*before, TWO)
    elif isinstance(before, dict):
        nowhere = {"files": TWO}
    told.append(good.model_copy(update={field: nowhere}))
    broken = verdicts(told, "reference-broken")
    assert broken
    newest = f"{len(told.read().statements):06}.json"
    assert all(about.startswith(newest) for about, _ in broken)


def _behind(told: Made) -> Behind:
    """What does not go over of a pass that is recorded here."""
    listed = behind_list("files", [("a.docx", "could-not-be-had")])
    export = told.append(
        Export(
            asset="files", origin={}, machine=Machine(host="h1", target="ssh://h1"),
            pass_number=1, started_at=told.now, finished_at=told.now, items=1, bytes=1,
            complete=True, manifest_object=told.objects.put(b"a manifest"),
        )
    )  # fmt: skip
    kept = told.objects.put(listed.to_bytes())
    return Behind(asset="files", export=export.sha256, items=1, list_object=kept)


def test_M1_what_stays_behind_is_of_a_pass_over_that_asset(told: Made) -> None:
    body = _behind(told)
    told.append(body)
    assert told.verify().holds
    told.append(body.model_copy(update={"asset": "other"}))
    assert "reference-broken" in told.failures()


def test_M1_an_edit_of_what_stays_behind_is_found(told: Made) -> None:
    """Whoever takes a name off the list afterwards, signed or not."""
    body = _behind(told)
    told.append(body)
    assert told.verify().holds
    path = told.objects.path(body.list_object)
    path.chmod(0o600)
    path.write_bytes(behind_list("files", []).to_bytes())
    assert "object-altered" in told.failures()
    assert not told.verify().holds


def test_W3_the_fields_that_refer_are_found() -> None:
    found = set(_references())
    assert {("verification", "snapshot"), ("permit", "relies_on"), ("signoff", "shown"),
            ("waiver", "shown"), ("timestamp", "head"), ("handover", "landings"),
            ("plan", "scope_object"), ("step", "plan_object")} <= found  # fmt: skip
    assert ("scope", "scope_object") not in found
    assert ("snapshot", "facts_object") not in found


def _waiver(**changes: Any) -> Waiver:
    values: dict[str, Any] = {
        "asset": "files",
        "accepts": "V3",
        "reason": "The application cannot be started elsewhere.",
        "risk": "Damage that only shows when files is opened is not found.",
        "alternative": "A test server.",
        "alternative_hours": 3.5,
        "ends_on": "2026-12-31",
        "signer_name": "A. Client",
        "signer_role": "practice manager",
        "shown": None,
    }
    return Waiver.model_validate({**values, **changes})


# --- the client's own SSH signature ----------------------------------------------------------


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    """A change that the client signed with their own key."""
    ground = prepared(tmp_path_factory.mktemp("answered") / "one")
    ground.answer("yes")
    return ground


def test_what_is_needed_for_an_ssh_signature_may_be_missing(
    answered: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(answered.made.root, tmp_path / "copy")
    made = answered.moved_to(tmp_path / "copy").made
    assert [v for _, v in verdicts(made, "ssh-signature")] == ["holds"]
    assert made.verify().holds
    with monkeypatch.context() as without:
        without.setattr(ssh_signatures, "_HELD", set())
        without.setattr(programs, "SEARCH", ("/nonexistent",))
        assert [v for _, v in verdicts(made, "ssh-signature")] == ["could not be checked"]
    (made.trust / "allowed_signers").unlink()
    made.reload()
    assert [v for _, v in verdicts(made, "ssh-signature")] == ["could not be checked"]


@pytest.mark.parametrize(
    ("options", "verdict"),
    [
        ("", "holds"),
        ('valid-before="{later}"', "holds"),  # it ended since: it was good when it signed
        ('valid-after="{earlier}",valid-before="{later}"', "holds"),
        ('valid-before="{earlier}"', "does not hold"),
        ('valid-after="{later}"', "does not hold"),
    ],
)
def test_T18_the_clients_key_is_judged_as_of_the_answer(
    answered: Ground, tmp_path: Path, options: str, verdict: str
) -> None:
    shutil.copytree(answered.made.root, tmp_path / "copy")
    ground = answered.moved_to(tmp_path / "copy")
    made, at = ground.made, ground.statements["yes"].recorded_at
    path = made.trust / "allowed_signers"
    times = {
        "earlier": f"{at - timedelta(seconds=10):%Y%m%d%H%M%SZ}",
        "later": f"{at + timedelta(seconds=10):%Y%m%d%H%M%SZ}",
    }
    first, *rest = path.read_text().splitlines()
    name, key = first.split(" ", 1)
    path.write_text("\n".join([f"{name} {options.format(**times)} {key}", *rest]) + "\n")
    made.reload()
    years_later = made.now + timedelta(days=900)
    found = verify_dossier(made.dossier, made.anchors, years_later).findings
    assert [item.verdict for item in found if item.what == "ssh-signature"] == [verdict]


def test_case_C4_handing_over_a_document_is_in_the_record(told: Made) -> None:
    terms = told.objects.put(b"%PDF general terms")
    told.append(
        Shown(to="A. Client", language="nl", channel="file", documents={"Voorwaarden": terms})
    )
    assert told.verify().holds
    told.objects.path(terms).unlink()
    (finding,) = [f for f in told.verify().findings if f.what == "object-missing"]
    assert "documents/Voorwaarden of 000013.json (shown)" in finding.detail


def _put(path: Path, data: bytes) -> None:
    path.unlink(missing_ok=True)
    path.write_bytes(data)
