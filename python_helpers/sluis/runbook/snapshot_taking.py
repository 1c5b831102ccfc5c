"""Take snapshots of all assets of one host, and record them from the host's own answer."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from sluis.border import codec
from sluis.border.characters import clean_text
from sluis.border.facts import plain_facts
from sluis.border.found import Found
from sluis.border.parts import Expected, Identity, Place, Purpose, Secrets
from sluis.border.strict_json import WrongError
from sluis.border.verb import refused
from sluis.border.verbs.asset_snapshot import (
    ASSET_SNAPSHOT,
    Answer,
    Made,
    Recognised,
    Request,
    Unchanged,
)
from sluis.counted import counted
from sluis.errors import EvidenceError, RefusedError
from sluis.evidence.canonical import canonical
from sluis.evidence.chain import CLOCK_TOLERANCE
from sluis.evidence.copies import newest_copy, newest_proof
from sluis.evidence.ledger import View
from sluis.evidence.predicates import Discovery, Machine, Snapshot
from sluis.gate.neighbours import databases_on, discovery_of
from sluis.gate.steps import first_change
from sluis.manifest import Manifest, loads
from sluis.runbook.data_before import states_before
from sluis.runbook.division import placed_scope
from sluis.runbook.done import Done
from sluis.runbook.judgement import read_evidence
from sluis.runbook.other_changes import worked_on_by_others
from sluis.runbook.run import OpenDossier, Run, now
from sluis.runbook.snapshot_history import (
    Earlier,
    History,
    expected_identity,
    known_id,
    of_this_source,
    source_of,
)
from sluis.runbook.snapshot_settings import SnapshotSettings
from sluis.scope.model import Asset, ScopeDocument, freshness_hours, required_level
from sluis.scope.neighbours import is_named
from sluis.snapshot.make import refuse_place
from sluis.snapshot.nonce import nonce_hash
from sluis.snapshot.suspicion import Seen, seen_of, suspicions

#: kinds of which the server is asked what else it holds
_BLIND = "databases-not-listed"
_SERVERS = ("postgresql", "mariadb")

#: runs ``asset_snapshot`` on the host
Call = Callable[[Request, Secrets], Answer]


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
) -> Done:
    """Take a snapshot of each asset of a host that needs one, and record it.

    Args:
        run: the current run.
        dossier: where the evidence goes.
        source: the machine.
        settings: the role's variables.
        purpose: ``prepare`` skips an asset whose snapshot of this change is fresh, proven
            and of a source that was not touched since, unless another change may have worked
            on it: the gate goes by when the copy was made, so that is made anew;
            ``catch-up`` skips what was not touched and, once a change step has begun,
            everything that such a step can change, but still asks which machine it is;
            ``broken state`` skips nothing.
        call: runs ``make_snapshot`` there.
        check_mode: say what would be done, touch nothing.

    Raises:
        SluisError: what stands in the way; assets before it are recorded already.
    """
    scope = read_scope(run)
    _host_is_named(scope, source.host)
    view = _sound(dossier)
    history = History(run, dossier, view)
    taken = Done()
    # What is there once a change step has begun is no longer the state from before it. What is
    # fetched from elsewhere is: a move writes in the new place, and never in the old one.
    only_fetched = purpose == "catch-up" and first_change(read_evidence(dossier)) is not None
    found: list[Found] = []
    listed, blind = False, False
    machine = Identity()
    recognised = False
    others = worked_on_by_others(run, dossier.anchors, view, scope) if purpose == "prepare" else {}
    for asset in scope.assets_on(source.host):
        if not asset.takes_snapshot:
            taken.lines.append(f"{asset.id}: no snapshot is made of a {asset.kind}")
            continue
        known = history.of(asset.id, source.host)
        earlier = of_this_source(known, settings.asset(asset))
        expected = expected_identity(settings.expected_identity, known)
        request = _request(run, source, settings, purpose, asset, expected, earlier)
        refuse_place(asset.id, request.store, request.allowed_locations)
        if only_fetched and not asset.is_exported:
            # what is left of the change is for the machine that the snapshot came from, too
            if not (recognised or check_mode):
                _recognise(source, request, call)
                recognised = True
            taken.lines.append(f"{asset.id}: change steps have begun; the snapshot stays")
            continue
        skip = _skip_state(view, scope, asset, purpose, request, settings)
        if skip and asset.id in others:
            skip = None
            taken.lines.append(f"{asset.id}: copied anew, because of {others[asset.id]}")
        if check_mode:
            taken.changed = True
            taken.lines.append(f"{asset.id}: would be copied to {settings.store_record.location}")
            continue
        nonce = secrets.token_hex(32)
        began = now()
        asked = replace(request, unless_state=skip, unless_place=_place_of(view, asset, skip))
        answer = call(asked, settings.for_maker(asset.id, nonce))
        made = _checked(source, request, skip, answer)
        if made is None:
            taken.lines.append(f"{asset.id}: not touched since its proven snapshot")
            continue
        compared = states_before(dossier.objects, view, asset.id, earlier)
        body = _record(dossier, settings, source, asset, request, made, nonce, began, compared)
        machine = made.machine
        found += made.found
        blind = blind or not made.found_all
        listed = listed or asset.kind in _SERVERS
        taken.changed = True
        taken.lines.append(
            f"{asset.id}: {counted(body.items, 'item')}, {counted(body.bytes, 'byte')} "
            f"copied to {body.store.id} "
            f"as snapshot {body.snapshot_id[:8]}"
        )
        taken.warnings += [f"{asset.id}: {line}" for line in body.warnings]
    if taken.changed and not check_mode:
        if not listed:
            found, blind = _seen_before(dossier, source.host)
        taken.warnings += _discover(dossier, source, machine, scope, history, found, blind)
    return taken


def _recognise(source: Source, request: Request, call: Call) -> None:
    """Have the machine say which one it is; it gets no secret for that.

    Raises:
        SnapshotError: ``wrong-machine``.
        BorderError: ``bad-answer``.
    """
    answer = call(replace(request, recognise_only=True), Secrets())
    if not isinstance(answer.result, Recognised):
        wrong = WrongError("tells of a copy that nobody asked for", ("result",))
        raise refused("bad-answer", source.host, ASSET_SNAPSHOT.name, wrong)


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
    expected: Expected,
    earlier: list[Earlier],
) -> Request:
    there = [
        item.body
        for item in earlier
        if settings.has_copy(item.body) and item.body.place == earlier[0].body.place
    ]
    older = [known_id(body.snapshot_id) for body in there]
    return Request(
        asset=settings.asset(asset),
        host=source.host,
        host_address=source.address,
        change=run.change,
        purpose=purpose,
        store=settings.store,
        allowed_locations=tuple(
            Place(place.site, place.country, place.provider) for place in asset.allowed_locations
        ),
        expected_identity=expected,
        older=tuple(item for item in older if item)[:20],
        older_place=there[0].place if there else None,
        probe=next((known_id(body.made_by.get("probe")) for body in there), None),
        workdir=settings.workdir,
        restic=settings.restic,
        patience=settings.patience,
    )


def _checked(source: Source, request: Request, skip: str | None, answer: Answer) -> Made | None:
    """What was made, held against what we know ourselves; ``None``: nothing had to be.

    Raises:
        BorderError: ``bad-answer``.
    """
    made = answer.result
    why: tuple[str, str] | None = None
    if isinstance(made, Unchanged):
        if skip and made.state == skip:
            return None
        why = ("state", "is not the state in which no snapshot is needed")
    elif isinstance(made, Recognised):
        why = ("kind", "does not answer what was asked: whether a copy is needed")
    elif made.older_made_now == (made.previous_snapshot_id in request.older):
        why = ("previous_snapshot_id", "is not a generation that is on record, or was made now")
    elif made.snapshot_id in request.older:
        why = ("snapshot_id", "is that of an earlier snapshot")
    elif made.probe in (made.snapshot_id, made.previous_snapshot_id, *request.older):
        why = ("probe", "is a snapshot of the client's data")
    if why is None:
        assert isinstance(made, Made)  # noqa: S101
        return made
    wrong = WrongError(why[1], ("result", why[0]))
    raise refused("bad-answer", source.host, ASSET_SNAPSHOT.name, wrong)


def _manifest(source: Source, field_name: str, packed: bytes) -> Manifest:
    """A manifest that a host sent.

    Raises:
        BorderError: ``bad-answer``.
    """
    try:
        return loads(packed)
    except EvidenceError as error:
        wrong = WrongError(f"cannot be read. {error.what.rstrip('.')}", ("result", field_name))
        raise refused("bad-answer", source.host, ASSET_SNAPSHOT.name, wrong) from None


def _skip_state(
    view: View,
    scope: ScopeDocument,
    asset: Asset,
    purpose: Purpose,
    request: Request,
    settings: SnapshotSettings,
) -> str | None:
    """The state in which the source needs no new snapshot; ``None``: it always needs one."""
    if purpose == "broken state":
        return None
    taken = newest_copy(view, asset.id)
    if taken is None or taken.body.made_by.get("source") != source_of(request.asset):
        return None
    if taken.body.machine.host != request.host:
        return None
    adopted = taken.body.purpose == "adopted"
    if not adopted and not settings.has_copy(taken.body):
        return None  # on the store that the settings name now there is no copy
    proof = newest_proof(view, taken.sha256)
    reached = proof.body.reached if proof else None
    if reached is None or reached < required_level(asset):
        return None
    age = (now() - taken.body.finished_at).total_seconds() / 3600
    # Half the time that the gate allows: the client still has to read and sign.
    if purpose == "prepare" and age > freshness_hours(scope, asset) / 2:
        return None
    if purpose == "prepare" and taken.body.finished_at > now() + CLOCK_TOLERANCE:
        return None  # its time has yet to come, so nobody knows how old it is
    return known_id(taken.body.made_by.get("state"))


def _place_of(view: View, asset: Asset, skip: str | None) -> str | None:
    """Where the source has to lie when it needs no new snapshot in that state."""
    taken = newest_copy(view, asset.id) if skip else None
    return taken.body.place if taken is not None else None


def _record(
    dossier: OpenDossier,
    settings: SnapshotSettings,
    source: Source,
    asset: Asset,
    request: Request,
    made: Made,
    nonce: str,
    began: datetime,
    compared: dict[str, Seen],
) -> Snapshot:
    before = made.manifest_before
    after = made.manifest_after or before
    manifest = _manifest(source, "manifest_before", before)
    if after != before:
        manifest = _manifest(source, "manifest_after", after)
    objects = dossier.objects
    facts = plain_facts(made.facts)
    current = seen_of(facts, made.bytes, made.items, manifest)
    body = Snapshot(
        asset=asset.id,
        asset_kind=asset.kind,
        purpose=request.purpose,
        machine=machine_of(source, made.machine),
        store=settings.store_record,
        engine=made.engine,
        repository_id=made.repository_id,
        snapshot_id=made.snapshot_id,
        previous_snapshot_id=made.previous_snapshot_id,
        started_at=began,
        finished_at=now(),
        nonce_sha256=nonce_hash(nonce) if made.nonce_placed else None,
        manifest_before_object=objects.put(before),
        manifest_after_object=objects.put(after),
        facts_object=objects.put(canonical(facts)),
        bytes=made.bytes,
        items=made.items,
        warnings=(
            *made.warnings,
            *(line for when, seen in compared.items() for line in suspicions(seen, current, when)),
        ),
        made_by={
            "append_only": codec.dump(made.append_only),
            "as_files": made.as_files,
            "identity": codec.dump(made.machine),
            "inside": made.inside,
            "older_made_now": made.older_made_now,
            "probe": made.probe,
            "ran": [f"{one.ran} ({one.seconds} s)" for one in made.ran],
            "source": source_of(request.asset),
            "state": made.state,
            "store_clock_before": made.store_clock_before,
        },
        place=made.place,
    )
    # From here on the texts are those of the statement, as the ledger keeps them.
    recorded = dossier.ledger.append(
        body, key=dossier.key, now=now(), subjects={"snapshot": body.snapshot_id}
    )
    assert isinstance(recorded.body, Snapshot)  # noqa: S101
    return recorded.body


def machine_of(source: Source, identity: Identity) -> Machine:
    """A machine for the record: where it was reached, and what it says of itself."""
    return Machine(
        host=source.host,
        target=source.target,
        machine_id=identity.machine_id,
        host_keys=identity.host_keys,
        system_identifier=identity.system_identifier,
    )


def _seen_before(dossier: OpenDossier, host: str) -> tuple[list[Found], bool]:
    """The databases that were last found on a host, and whether there may be more."""
    view = dossier.ledger.read(now())
    latest = discovery_of(view, host)
    said = latest.not_verified if latest else ()
    return databases_on(view, host), any(line.startswith(_BLIND) for line in said)


def _discover(
    dossier: OpenDossier,
    source: Source,
    machine: Identity,
    scope: ScopeDocument,
    history: History,
    found: list[Found],
    blind: bool,
) -> list[str]:
    """Record what is on the host besides the scope, and what was there last time."""
    missing = sorted(history.assets_on(source.host) - {a.id for a in scope.assets})
    named = {one: is_named(scope, source.host, one) for one in found}
    strangers = sorted({clean_text(one.location, 200) for one in found if not named[one]})
    said = [
        *(f"source-not-in-scope: the database {name} is on {source.host}" for name in strangers),
        *(f"asset-missing: {name} was copied before and is not in the scope" for name in missing),
    ]
    if blind:
        said.append(f"{_BLIND}: a database on {source.host} may be missing from the list")
    entries = [{**codec.dump(one), "in_scope": in_scope} for one, in_scope in named.items()]
    body = Discovery(
        machine=machine_of(source, replace(machine, system_identifier=None)),
        found=tuple(sorted(entries, key=lambda one: json.dumps(one, sort_keys=True))),
        not_verified=tuple(said),
    )
    if discovery_of(dossier.ledger.read(now()), source.host) != body:
        dossier.ledger.append(body, key=dossier.key, now=now())
    return said
