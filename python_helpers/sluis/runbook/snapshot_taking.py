"""Take snapshots of all assets of one host, and record them from the host's own answer."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sluis.errors import EvidenceError, RefusedError, SnapshotError
from sluis.evidence.canonical import canonical
from sluis.evidence.ledger import View
from sluis.evidence.predicates import Discovery, Machine, Snapshot, Verification
from sluis.gate.steps import first_change
from sluis.manifest import loads
from sluis.runbook.division import placed_scope
from sluis.runbook.judgement import read_evidence
from sluis.runbook.run import OpenDossier, Run, now
from sluis.runbook.snapshot_history import Earlier, History, expected_identity, source_digest
from sluis.runbook.snapshot_settings import SnapshotSettings
from sluis.scope.model import Asset, ScopeDocument, freshness_hours, required_level
from sluis.snapshot.make import refuse_place
from sluis.snapshot.nonce import nonce_hash
from sluis.snapshot.suspicion import seen_of, suspicions

Purpose = Literal["prepare", "catch-up", "broken state"]
#: runs a module on the host: request and secrets in, the module's answer out
Call = Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]


@dataclass
class Taken:
    """What came of one host's assets, for the operator."""

    changed: bool = False
    lines: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Source:
    """The machine that assets are on: inventory name, connection target, its address."""

    host: str
    target: str
    address: str | None


def read_scope(run: Run) -> ScopeDocument:
    """The change's scope, from its fixed place; who fetches what is filled in."""
    return placed_scope(run)


def has_assets(run: Run, host: str) -> bool:
    """Whether the scope names anything on this host that a snapshot is made of.

    Raises:
        RefusedError: ``host-not-in-scope``.
    """
    scope = read_scope(run)
    _host_is_named(scope, host)
    return any(asset.takes_snapshot for asset in scope.assets_on(host))


def take_snapshots(
    run: Run,
    dossier: OpenDossier,
    source: Source,
    settings: SnapshotSettings,
    purpose: Purpose,
    call: Call,
    *,
    check_mode: bool = False,
) -> Taken:
    """Take a snapshot of each asset of a host that needs one, and record it.

    Args:
        run: the current run.
        dossier: where the evidence goes.
        source: the machine.
        settings: the role's variables.
        purpose: ``prepare`` skips an asset whose snapshot of this change is fresh, proven
            and of a source that was not touched since; ``catch-up`` skips what was not
            touched and, once a change step has begun, everything that such a step can
            change; ``broken state`` skips nothing.
        call: runs ``make_snapshot`` there.
        check_mode: say what would be done, touch nothing.

    Raises:
        SluisError: what stands in the way; assets before it are recorded already.
    """
    scope = read_scope(run)
    _host_is_named(scope, source.host)
    view = _sound(dossier)
    history = History(run, dossier, view)
    taken = Taken()
    # What is there once a change step has begun is no longer the state from before it. What is
    # fetched from elsewhere is: a move writes in the new place, and never in the old one.
    only_fetched = purpose == "catch-up" and first_change(read_evidence(dossier)) is not None
    found: list[dict[str, Any]] = []
    machine: Mapping[str, Any] = {}
    for asset in scope.assets_on(source.host):
        if not asset.takes_snapshot:
            taken.lines.append(f"{asset.id}: no snapshot is made of a {asset.kind}")
            continue
        if only_fetched and not asset.is_exported:
            taken.lines.append(f"{asset.id}: change steps have begun; the snapshot stays")
            continue
        earlier = history.of(asset.id, source.host)
        request = _request(run, source, settings, purpose, asset, earlier)
        refuse_place(request)
        skip = _skip_state(view, scope, asset, purpose, request)
        if check_mode:
            taken.changed = True
            taken.lines.append(f"{asset.id}: would be copied to {settings.store_record.location}")
            continue
        nonce = secrets.token_hex(32)
        began = now()
        answer = call(
            {**request, "unless_state": skip}, {**settings.for_maker(asset.id), "nonce": nonce}
        )
        if answer.get("unchanged"):
            taken.lines.append(f"{asset.id}: not touched since its proven snapshot")
            continue
        body = _record(
            dossier, settings, source, purpose, asset, request, answer, nonce, began, earlier
        )
        machine = answer["machine"]
        found.extend(_others(asset, answer, scope))
        taken.changed = True
        taken.lines.append(
            f"{asset.id}: {body.items:,} items, {body.bytes:,} bytes copied to {body.store.id} "
            f"as {body.snapshot_id[:8]}"
        )
        taken.warnings += [f"{asset.id}: {line}" for line in body.warnings]
    if taken.changed and not check_mode:
        taken.warnings += _discover(dossier, source, machine, scope, history, found)
    return taken


def _host_is_named(scope: ScopeDocument, host: str) -> None:
    """Every machine of the batch has assets or a reason why not (case C1)."""
    if scope.assets_on(host) or any(item.host == host for item in scope.hosts_without_data):
        return
    raise RefusedError(
        "host-not-in-scope",
        f"The scope says nothing about {host}: nobody knows what data it holds.",
        "Name its assets in the scope, or name it under hosts_without_data with a reason.",
    )


def _sound(dossier: OpenDossier) -> View:
    view = dossier.ledger.read(now())
    if view.problems:
        first = view.problems[0]
        raise EvidenceError(first.code, first.sentence, first.remedy)
    return view


def _request(
    run: Run,
    source: Source,
    settings: SnapshotSettings,
    purpose: Purpose,
    asset: Asset,
    earlier: list[Earlier],
) -> dict[str, Any]:
    connection = settings.connections.get(asset.id, {})
    probe = next((e.body.made_by.get("probe") for e in earlier if _same_store(e, settings)), None)
    return {
        "asset": {
            **connection,
            "id": asset.id,
            **settings.copied(asset),
            "exclude": list(asset.exclude),
        },
        "host": source.host,
        "host_address": source.address,
        "change": run.change,
        "purpose": purpose,
        "store": settings.store,
        "allowed_locations": [place.model_dump() for place in asset.allowed_locations],
        "expected_identity": expected_identity(settings.expected_identity, earlier),
        "older": [e.body.snapshot_id for e in earlier if _same_store(e, settings)][:20],
        "probe": probe,
        "workdir": settings.workdir,
        "restic": settings.restic,
        "patience": settings.patience,
    }


def _same_store(earlier: Earlier, settings: SnapshotSettings) -> bool:
    return earlier.body.store.location == settings.store_record.location


def _skip_state(
    view: View, scope: ScopeDocument, asset: Asset, purpose: Purpose, request: dict[str, Any]
) -> str | None:
    """The state in which the source needs no new snapshot; ``None``: it always needs one."""
    if purpose == "broken state":
        return None
    taken = view.latest(Snapshot, lambda item: item.body.asset == asset.id)
    if taken is None or taken.body.made_by.get("source") != source_digest(request["asset"]):
        return None
    if taken.body.machine.host != request["host"]:
        return None
    proof = view.latest(Verification, lambda item: item.body.snapshot == taken.sha256)
    reached = proof.body.reached if proof else None
    if reached is None or reached < required_level(asset):
        return None
    age = (now() - taken.body.finished_at).total_seconds() / 3600
    # Half the time that the gate allows: the client still has to read and sign.
    if purpose == "prepare" and age > freshness_hours(scope, asset) / 2:
        return None
    return taken.body.made_by.get("state") or None


def _record(
    dossier: OpenDossier,
    settings: SnapshotSettings,
    source: Source,
    purpose: Purpose,
    asset: Asset,
    request: dict[str, Any],
    answer: dict[str, Any],
    nonce: str,
    began: datetime,
    earlier: list[Earlier],
) -> Snapshot:
    try:
        before = base64.b64decode(answer["manifest_before"], validate=True)
        packed = answer["manifest_after"]
        after = base64.b64decode(packed, validate=True) if packed else None
        manifest = loads(after or before)
        identity = answer["machine"]
        objects = dossier.objects
        facts = answer["facts"]
        current = seen_of(facts, int(answer["bytes"]), int(answer["items"]), manifest)
        body = Snapshot(
            asset=asset.id,
            asset_kind=asset.kind,
            purpose=purpose,
            machine=Machine(
                host=source.host,
                target=source.target,
                machine_id=identity.get("machine_id"),
                host_keys=tuple(identity.get("host_keys") or ()),
                system_identifier=identity.get("system_identifier"),
            ),
            store=settings.store_record,
            engine=answer["engine"],
            repository_id=answer["repository_id"],
            snapshot_id=answer["snapshot_id"],
            previous_snapshot_id=answer["previous_snapshot_id"],
            started_at=began,
            finished_at=now(),
            nonce_sha256=nonce_hash(nonce) if answer["nonce_placed"] else None,
            manifest_before_object=objects.put(before),
            manifest_after_object=objects.put(after or before),
            facts_object=objects.put(canonical(facts)),
            bytes=int(answer["bytes"]),
            items=int(answer["items"]),
            warnings=(*answer["warnings"], *suspicions(_last_seen(earlier), current)),
            made_by={
                "append_only": answer["append_only"],
                "as_files": bool(answer.get("as_files")),
                "identity": identity,
                "inside": answer["inside"],
                "older_made_now": answer["older_made_now"],
                "probe": answer["probe"],
                "ran": [f"{r['ran']} ({r['seconds']} s)" for r in answer["ran"]],
                "source": source_digest(request["asset"]),
                "state": answer["state"],
                "store_clock_before": answer["store_clock_before"],
            },
        )
    except (KeyError, TypeError, ValueError) as error:
        raise SnapshotError(
            "answer-unreadable",
            f"The answer of {source.host} about {asset.id} cannot be read: {error!r}",
            "Use the same version of Sluis everywhere; if it is, mistrust that host.",
        ) from error
    dossier.ledger.append(body, key=dossier.key, now=now(), subjects={"snapshot": body.snapshot_id})
    return body


def _last_seen(earlier: list[Earlier]) -> Any:
    for item in earlier:
        if item.body.purpose != "broken state" and item.body.facts_object:
            facts = json.loads(item.objects.get(item.body.facts_object))
            return seen_of(facts, item.body.bytes, item.body.items, item.manifest())
    return None


def _others(asset: Asset, answer: dict[str, Any], scope: ScopeDocument) -> list[dict[str, Any]]:
    """Databases on the same server that the scope does not name (case B1)."""
    named = {a.location for a in scope.assets if a.kind == asset.kind and a.host == asset.host}
    others = []
    for item in answer.get("found") or ():
        entry = dict(item)
        entry["in_scope"] = entry.get("location") in named or _is_empty_default(entry)
        others.append(entry)
    return others


def _is_empty_default(entry: dict[str, Any]) -> bool:
    """PostgreSQL makes a database ``postgres`` of 7 to 8 MB that nobody put data in."""
    size = entry.get("bytes")
    return entry.get("location") == "postgres" and size is not None and int(size) < 10_000_000


def _discover(
    dossier: OpenDossier,
    source: Source,
    machine: Mapping[str, Any],
    scope: ScopeDocument,
    history: History,
    found: list[dict[str, Any]],
) -> list[str]:
    """Record what is on the host besides the scope, and what was there last time."""
    missing = sorted(history.assets_on(source.host) - {a.id for a in scope.assets})
    strangers = sorted({str(item.get("location")) for item in found if not item["in_scope"]})
    said = [
        *(f"source-not-in-scope: the database {name} is on {source.host}" for name in strangers),
        *(f"asset-missing: {name} was copied before and is not in the scope" for name in missing),
    ]
    unique = {json.dumps(item, sort_keys=True): item for item in found}
    body = Discovery(
        machine=Machine(
            host=source.host,
            target=source.target,
            machine_id=machine.get("machine_id"),
            host_keys=tuple(machine.get("host_keys") or ()),
        ),
        found=tuple(unique[text] for text in sorted(unique)),
        not_verified=tuple(said),
    )
    latest = dossier.ledger.read(now()).latest(
        Discovery, lambda item: item.body.machine.host == source.host
    )
    if latest is None or latest.body != body:
        dossier.ledger.append(body, key=dossier.key, now=now())
    return said
