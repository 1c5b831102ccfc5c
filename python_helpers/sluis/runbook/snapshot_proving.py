"""Have the newest snapshots of one host proven by the verifier, and record the verdict."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

from sluis.border import codec
from sluis.border.facts import read_facts
from sluis.border.parts import Connection, Identity, Secrets
from sluis.border.proof import Proof, Sealed
from sluis.border.strict_json import WrongError
from sluis.border.verbs.asset_verify import Request
from sluis.errors import EvidenceError, SluisError
from sluis.evidence.canonical import canonical, sha256
from sluis.evidence.copies import newest_copy, newest_proof
from sluis.evidence.predicates import Export, LevelResult, Machine, Snapshot, Verification
from sluis.evidence.statements import Statement
from sluis.manifest import Manifest, loads
from sluis.runbook.done import Done
from sluis.runbook.doubted_files import doubts_in
from sluis.runbook.export_verdict import export_verdict, same_files, size_verdict, with_export
from sluis.runbook.fetched_too_little import too_little
from sluis.runbook.proof_words import asked_less_lines, proof_lines
from sluis.runbook.run import OpenDossier, Run, now
from sluis.runbook.snapshot_history import known_id
from sluis.runbook.snapshot_settings import SnapshotSettings
from sluis.runbook.snapshot_taking import read_scope
from sluis.runbook.tenant_importing import source_id
from sluis.scope.model import Asset, required_level
from sluis.snapshot.judge import Judgement, judge
from sluis.snapshot.levels import LEVELS, NOT_VERIFIED, PROVEN
from sluis.tenant.stored_names import safe_name
from sluis.tenant.tenant_manifest import read_manifest

#: runs ``asset_verify`` on the verifier
Call = Callable[[Request, Secrets], Proof]


def prove_snapshots(
    run: Run,
    dossier: OpenDossier,
    host: str,
    verifier: Machine,
    settings: SnapshotSettings,
    call: Call,
    *,
    check_mode: bool = False,
) -> Done:
    """Prove each newest snapshot of a host that has no verification yet.

    A snapshot that could not be looked at is recorded as "not verified": never a pass,
    and never silence.

    Args:
        run: the current run.
        dossier: where snapshots are read and verdicts go.
        host: the assets' host.
        verifier: the machine that looks.
        settings: the role's variables.
        call: runs ``prove_snapshot`` there.
        check_mode: say what would be done, touch nothing.
    """
    done = Done()
    call = _reading_once(call)
    view = dossier.ledger.read(now())
    for asset in read_scope(run).assets_on(host):
        taken = newest_copy(view, asset.id)
        if taken is None or not asset.takes_snapshot or taken.body.purpose == "adopted":
            continue
        if newest_proof(view, taken.sha256) is not None:
            done.lines.append(
                f"{asset.id}: its snapshot {taken.body.snapshot_id[:8]} was proven before"
            )
            continue
        done.changed = True
        if check_mode:
            done.lines.append(f"{asset.id}: would be restored and compared")
            continue
        body = _prove(dossier, asset, taken, verifier, settings, call)
        dossier.ledger.append(
            body, key=dossier.key, now=now(), subjects={"snapshot": body.snapshot_id}
        )
        _tell(done, asset, taken.body, body)
    return done


def _reading_once(call: Call) -> Call:
    """Pass on what one answer says about the whole store, so that it is read once a run."""
    sealed: Sealed | None = None

    def ask(request: Request, secrets: Secrets) -> Proof:
        nonlocal sealed
        proof = call(replace(request, sealed=sealed), secrets)
        sealed = proof.sealed
        return proof

    return ask


def _prove(
    dossier: OpenDossier,
    asset: Asset,
    taken: Statement[Snapshot],
    verifier: Machine,
    settings: SnapshotSettings,
    call: Call,
) -> Verification:
    try:
        digest = taken.body.manifest_before_object
        packed = dossier.objects.get(digest) if digest else None
        before = loads(packed) if packed else None
        request = _request(dossier, asset, taken.body, settings)
        if before is not None:
            request = replace(request, manifest_check=sha256(before.digest().encode()))
        proof = call(request, settings.for_verifier())
        judgement = judge(
            taken.body,
            taken.sha256,
            before,
            _after(dossier, taken.body),
            proof,
            verifier=_machine(verifier, proof.verifier),
            older=_older(dossier, taken.body),
            inside=taken.body.made_by.get("inside"),
            host_site=settings.host_site,
            packed=packed,
        )
    except SluisError as error:
        return not_judged(taken, verifier, str(error))
    body = _with_objects(dossier, judgement)
    return _with_its_export(dossier, asset, taken, body) if asset.is_exported else body


def _with_its_export(
    dossier: OpenDossier, asset: Asset, taken: Statement[Snapshot], body: Verification
) -> Verification:
    # what was compared is the copy of our own folder so far, with our own files in it
    body = body.model_copy(update={"compared_items": 0, "compared_bytes": 0})
    passes = [s for s in dossier.ledger.read(now()).of(Export) if s.body.asset == asset.id]
    if not passes:
        return with_export(body, export_verdict(None, taken.number, 0))
    newest = passes[-1]
    short = too_little(asset, newest.body, [s.body for s in passes[:-1]])
    for found in size_verdict(short):
        body = with_export(body, found)
    dossier.objects.check(newest.body.manifest_object)
    manifest = dossier.objects.path(newest.body.manifest_object)
    doubts = doubts_in(read_manifest(manifest), asset.origin)
    body = with_export(body, export_verdict(newest.body, taken.number, newest.number, doubts))
    body = body.model_copy(update={"doubted": doubts.doubted, "as_it_came": doubts.as_it_came})
    if body.restored_manifest_object is None:
        return body
    copy = loads(dossier.objects.get(body.restored_manifest_object))
    same = same_files(copy, read_manifest(manifest), safe_name(source_id(asset)))
    if same.verdict == PROVEN:
        figures = {"compared_items": newest.body.items, "compared_bytes": newest.body.bytes}
        body = body.model_copy(update=figures)
    return with_export(body, same)


def not_judged(taken: Statement[Snapshot], verifier: Machine, why: str) -> Verification:
    """The verdict on a snapshot that nobody could look at."""
    return Verification(
        asset=taken.body.asset,
        snapshot=taken.sha256,
        snapshot_id=taken.body.snapshot_id,
        verifier=verifier,
        levels=tuple(
            LevelResult(level=name, verdict=NOT_VERIFIED, detail=why[:3000]) for name in LEVELS
        ),
        reached=None,
    )


def _request(
    dossier: OpenDossier,
    asset: Asset,
    taken: Snapshot,
    settings: SnapshotSettings,
) -> Request:
    given = settings.asset(asset)
    # The verifier needs the programs' folder, and nothing by which the source is reached.
    given = replace(given, exclude=(), connection=Connection(bin_dir=given.connection.bin_dir))
    if taken.made_by.get("as_files"):
        # What was kept as plain files is proven as plain files.
        given = replace(given, kind="directory")
    try:
        packed = dossier.objects.get(taken.facts_object) if taken.facts_object else b"{}"
        facts = read_facts(json.loads(packed))
        maker = codec.load(Identity, taken.made_by.get("identity") or {})
    except (WrongError, ValueError) as error:
        raise EvidenceError(
            "snapshot-record-unusable",
            f"What is recorded about the snapshot of {asset.id} cannot be used: {error}.",
            "Make a new snapshot.",
        ) from None
    return Request(
        asset=given,
        snapshot_id=taken.snapshot_id,
        older_snapshot_id=taken.previous_snapshot_id,
        nonce_sha256=taken.nonce_sha256,
        bytes=taken.bytes,
        items=taken.items,
        facts=facts,
        maker=maker,
        probe=known_id(taken.made_by.get("probe")),
        store=settings.store,
        scratch=settings.scratch,
        sample=settings.sample,
        restic=settings.restic,
        patience=settings.patience,
    )


def _manifest(dossier: OpenDossier, digest: str | None) -> Manifest | None:
    return loads(dossier.objects.get(digest)) if digest else None


def _after(dossier: OpenDossier, taken: Snapshot) -> Manifest | None:
    """The manifest after, when it differs from the one before."""
    same = taken.manifest_after_object == taken.manifest_before_object
    return None if same else _manifest(dossier, taken.manifest_after_object)


def _older(dossier: OpenDossier, taken: Snapshot) -> Manifest | None:
    """The older generation's own manifest, when this dossier has its statement."""
    earlier = dossier.ledger.read(now()).latest(
        Snapshot, lambda item: item.body.snapshot_id == taken.previous_snapshot_id
    )
    try:
        return _manifest(dossier, earlier.body.manifest_before_object) if earlier else None
    except SluisError:
        return None


def _machine(verifier: Machine, identity: Identity) -> Machine:
    return verifier.model_copy(
        update={"machine_id": identity.machine_id, "host_keys": identity.host_keys}
    )


def _with_objects(dossier: OpenDossier, judgement: Judgement) -> Verification:
    put = dossier.objects.put
    return judgement.verification.model_copy(
        update={
            "restored_manifest_object": put(judgement.restored) if judgement.restored else None,
            "differences_object": put(canonical(judgement.differences)),
        }
    )


def _tell(done: Done, asset: Asset, taken: Snapshot, body: Verification) -> None:
    done.lines += proof_lines(asset.id, taken.snapshot_id, body)
    needed = required_level(asset)
    if taken.purpose == "broken state":
        done.lines += asked_less_lines(asset.id, needed)
    if body.reached is None or body.reached < needed:
        done.warnings += [
            f"{asset.id} needs {needed}. {item.missing}"
            for item in body.levels
            if item.verdict != PROVEN
        ]
    if body.changed_during:
        done.warnings.append(
            f"{asset.id}: changed during the snapshot: {', '.join(body.changed_during[:10])}"
        )
