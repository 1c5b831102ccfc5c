"""Adopt a backup that the client already has (A2 to A4): restored and compared like ours.

First a challenge: a nonce is placed in the source and its hash recorded. The client's own
backup runs. Then the newest copy is restored and has to hold that nonce, have another
generation beside it, and equal the source. What is refused is recorded with its reasons.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sluis.errors import InputError, SnapshotError
from sluis.evidence.canonical import canonical
from sluis.evidence.predicates import (
    Discovery,
    Machine,
    Reason,
    Refusal,
    Snapshot,
    Store,
    Verification,
)
from sluis.manifest import loads
from sluis.runbook.run import OpenDossier, Run, now
from sluis.runbook.snapshot_history import History, expected_identity, source_digest
from sluis.runbook.snapshot_settings import SnapshotSettings
from sluis.runbook.snapshot_taking import Source, read_scope
from sluis.scope.model import Asset, required_level
from sluis.snapshot.judge import judge
from sluis.snapshot.nonce import nonce_hash
from sluis.snapshot.store import place_allowed

Call = Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]
_CHALLENGE = "challenge"


@dataclass(frozen=True)
class Place:
    """Where source and backup are, and how to look at each."""

    source: Source
    verifier: Machine
    observe: Call
    look: Call


@dataclass
class Adopted:
    """What came of it, for the operator."""

    changed: bool = False
    lines: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    refused: list[Reason] = field(default_factory=list)


def challenge(
    run: Run,
    dossier: OpenDossier,
    place: Place,
    settings: SnapshotSettings,
    *,
    check_mode: bool = False,
) -> Adopted:
    """Place a nonce in each source whose backup is to be adopted, and record its hash.

    Raises:
        SluisError: a source is not there, or is on another machine than expected.
    """
    done = Adopted()
    for asset, _ in _to_adopt(run, place.source.host, settings):
        if asset.kind != "directory":
            done.lines.append(f"{asset.id}: a {asset.kind} takes no challenge")
            continue
        done.changed = True
        if check_mode:
            done.lines.append(f"{asset.id}: a nonce would be placed")
            continue
        nonce = secrets.token_hex(32)
        request = _observe_request(run, dossier, place, settings, asset, _CHALLENGE)
        answer = place.observe(request, {"asset": {}, "nonce": nonce})
        if not answer["placed"]:
            done.warnings.append(f"{asset.id}: no nonce could be placed in the source")
            continue
        body = Discovery(
            machine=_machine(place.source, answer["machine"]),
            found=({"kind": _CHALLENGE, "asset": asset.id, "nonce_sha256": nonce_hash(nonce)},),
        )
        dossier.ledger.append(body, key=dossier.key, now=now())
        done.lines.append(f"{asset.id}: the nonce is placed. Let the client's backup run now")
    return done


def adopt(
    run: Run,
    dossier: OpenDossier,
    place: Place,
    settings: SnapshotSettings,
    *,
    check_mode: bool = False,
) -> Adopted:
    """Look at each existing backup, and record it as a snapshot with its verification.

    A backup that is refused is recorded as a refusal only, so that it can never stand in
    for a good snapshot.

    Raises:
        SluisError: source or backup cannot be looked at.
    """
    done = Adopted()
    for asset, backup in _to_adopt(run, place.source.host, settings):
        done.changed = True
        if check_mode:
            done.lines.append(f"{asset.id}: its backup would be restored and compared")
            continue
        observed = place.observe(
            _observe_request(run, dossier, place, settings, asset, "look"),
            {**settings.for_maker(asset.id), "nonce": secrets.token_hex(32)},
        )
        challenged = _challenged(dossier, asset)
        answer = place.look(
            {
                "asset": {
                    **settings.connections.get(asset.id, {}),
                    "id": asset.id,
                    "kind": asset.kind,
                    "location": asset.location,
                },
                "backup": backup,
                "source": {n: observed.get(n) for n in ("content", "facts", "machine")},
                "nonce_sha256": challenged,
                "scratch": settings.scratch,
                "restic": settings.restic,
                "patience": settings.patience,
            },
            {"store": backup_secrets(settings, asset.id), "asset": {}},
        )
        reasons = [*_place_reasons(asset, backup), *_reasons(asset, answer)]
        if reasons:
            body = Refusal(hosts=(place.source.host,), reasons=tuple(reasons))
            dossier.ledger.append(body, key=dossier.key, now=now())
            done.refused += reasons
            done.lines += [f"{asset.id}: {r.code}: {r.sentence} {r.remedy}" for r in reasons]
            continue
        proof = _record(dossier, place, asset, backup, observed, answer, challenged)
        reached = proof.reached or "no level"
        done.lines.append(
            f"{asset.id}: adopted {answer['generations'][0]['name']} of {answer['copied_at']}, "
            f"which reached {reached}"
        )
        if proof.reached is None or proof.reached < required_level(asset):
            done.warnings += [
                f"{asset.id} needs {required_level(asset)}. {item.level} is {item.verdict}: "
                f"{item.detail}"
                for item in proof.levels
                if item.verdict != "proven"
            ]
    return done


def backup_secrets(settings: SnapshotSettings, asset: str) -> dict[str, str]:
    """Secrets of an existing restic repository, kept with those of the asset."""
    given = settings.asset_secrets.get(asset, {})
    return {str(k).removeprefix("backup_"): str(v) for k, v in given.items() if "backup_" in k}


def _to_adopt(
    run: Run, host: str, settings: SnapshotSettings
) -> list[tuple[Asset, dict[str, Any]]]:
    wanted = dict(settings.adopt)
    found = []
    for asset in read_scope(run).assets_on(host):
        backup = wanted.pop(asset.id, None)
        if backup is not None:
            found.append((asset, _checked(asset, backup)))
    return found


def _checked(asset: Asset, backup: Any) -> dict[str, Any]:
    needed = ("kind", "machine", "site", "country", "provider")
    if not isinstance(backup, dict) or any(not backup.get(name) for name in needed):
        raise InputError(
            "bad-backup",
            f"The backup of {asset.id} is not described in full.",
            f"Write {', '.join(needed)} and its locations in snapshot_and_verify_adopt.",
        )
    if backup["kind"] not in ("copies", "dump", "restic"):
        raise InputError(
            "bad-backup",
            f"The backup of {asset.id} is of the unknown kind {backup['kind']!r}.",
            "Use copies, dump or restic.",
        )
    return backup


def _observe_request(
    run: Run,
    dossier: OpenDossier,
    place: Place,
    settings: SnapshotSettings,
    asset: Asset,
    stage: str,
) -> dict[str, Any]:
    view = dossier.ledger.read(now())
    earlier = History(run, dossier, view).of(asset.id, place.source.host)
    return {
        "asset": {
            **settings.connections.get(asset.id, {}),
            "id": asset.id,
            "kind": asset.kind,
            "location": asset.location,
            "exclude": list(asset.exclude),
        },
        "host": place.source.host,
        "expected_identity": expected_identity(settings.expected_identity, earlier),
        "stage": stage,
    }


def _challenged(dossier: OpenDossier, asset: Asset) -> str | None:
    """Hash of the newest nonce that was placed for this asset in this change."""
    for statement in reversed(dossier.ledger.read(now()).of(Discovery)):
        for item in statement.body.found:
            if item.get("kind") == _CHALLENGE and item.get("asset") == asset.id:
                return str(item["nonce_sha256"])
    return None


def _place_reasons(asset: Asset, backup: Mapping[str, Any]) -> list[Reason]:
    allowed = [location.model_dump() for location in asset.allowed_locations]
    if place_allowed(backup, allowed):
        return []
    return [
        Reason(
            code="store-not-allowed",
            about=asset.id,
            sentence=f"The backup of {asset.id} lies at {backup['site']} ({backup['country']}, "
            f"{backup['provider']}). The scope does not allow that place.",
            remedy="Have the place added to the scope and signed, or make a snapshot of our own.",
        )
    ]


def _reasons(asset: Asset, answer: Mapping[str, Any]) -> list[Reason]:
    reasons = [
        Reason(code=item["code"], about=asset.id, sentence=item["sentence"], remedy=item["remedy"])
        for item in answer["objections"]
    ]
    reasons += [
        Reason(
            code="copy-unreadable",
            about=asset.id,
            sentence=f"{item['level']} of the newest copy failed: {item['detail']}"[:3900],
            remedy="Do not rely on this medium. Make a snapshot of our own.",
        )
        for item in answer.get("levels") or ()
        if item["verdict"] == "failed"
    ]
    return reasons


def _record(
    dossier: OpenDossier,
    place: Place,
    asset: Asset,
    backup: dict[str, Any],
    observed: dict[str, Any],
    answer: dict[str, Any],
    challenged: str | None,
) -> Verification:
    put = dossier.objects.put
    try:
        manifest = base64.b64decode(observed["manifest"]) if observed.get("manifest") else None
        before = put(manifest) if manifest else None
        copied_at = datetime.fromisoformat(str(answer["copied_at"])).astimezone(UTC)
        source = {
            "kind": asset.kind, "location": asset.location, "exclude": list(asset.exclude),
        }  # fmt: skip
        body = Snapshot(
            asset=asset.id,
            asset_kind=asset.kind,
            purpose="adopted",
            machine=_machine(place.source, observed["machine"]),
            store=Store(
                id=f"backup-of-{asset.id}",
                kind="folder",
                machine=backup["machine"],
                location=", ".join(map(str, backup.get("locations") or ["(a repository)"])),
                site=backup["site"],
                country=backup["country"],
                provider=backup["provider"],
            ),
            engine=str(answer["engine"]),
            repository_id=None,
            snapshot_id=answer["snapshot_id"],
            previous_snapshot_id=None,
            started_at=copied_at,
            # The age that counts is that of the copy, not of our looking at it.
            finished_at=copied_at,
            nonce_sha256=challenged,
            manifest_before_object=before,
            manifest_after_object=before,
            facts_object=put(canonical(observed.get("facts") or {})),
            bytes=int(answer["bytes"]),
            items=int(answer["items"]),
            made_by={
                "generations": json.loads(json.dumps(answer["generations"])),
                "identity": observed["machine"],
                "source": source_digest(source),
                "state": observed.get("state") or "",
            },
        )
        taken = dossier.ledger.append(body, key=dossier.key, now=now())
        inside = None
        if backup["machine"] in (place.source.host, place.source.address):
            inside = f"the backup is kept on {backup['machine']} itself"
        judgement = judge(
            body,
            taken.sha256,
            loads(manifest) if manifest else _dump_manifest(answer),
            None,
            answer,
            verifier=place.verifier,
            inside=inside,
            copied_at=copied_at,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise SnapshotError(
            "answer-unreadable",
            f"What was found of the backup of {asset.id} cannot be read: {error!r}",
            "Use the same version of Sluis everywhere.",
        ) from error
    proof = judgement.verification.model_copy(
        update={
            "restored_manifest_object": put(judgement.restored) if judgement.restored else None,
            "differences_object": put(canonical(judgement.differences)),
        }
    )
    dossier.ledger.append(proof, key=dossier.key, now=now())
    return proof


def _dump_manifest(answer: Mapping[str, Any]) -> Any:
    """A dump file has no source file; what counts is the database inside it."""
    restored = answer.get("restored")
    return loads(base64.b64decode(restored)) if restored else None


def _machine(source: Source, identity: Mapping[str, Any]) -> Machine:
    return Machine(
        host=source.host,
        target=source.target,
        machine_id=identity.get("machine_id"),
        host_keys=tuple(identity.get("host_keys") or ()),
        system_identifier=identity.get("system_identifier"),
    )
