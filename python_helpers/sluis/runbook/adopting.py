"""Adopt a backup that the client already has (A2 to A4): restored and compared like ours.

First a challenge: a nonce is placed in the source and its hash recorded. The client's own
backup runs. Then the newest copy is restored and has to hold that nonce, have another
generation beside it, and equal the source. What is refused is recorded with its reasons.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal

from sluis.border import codec
from sluis.border.facts import plain_facts
from sluis.border.parts import Place as AllowedPlace
from sluis.border.parts import Secrets, StoreSecrets
from sluis.border.strict_json import WrongError
from sluis.border.verb import refused
from sluis.border.verbs import asset_copies, asset_observe
from sluis.errors import EvidenceError, SluisError
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
from sluis.manifest import Manifest, loads
from sluis.runbook.data_before import seen_beside_a_backup, states_before
from sluis.runbook.done import Done
from sluis.runbook.run import OpenDossier, Run, now
from sluis.runbook.snapshot_history import (
    History,
    expected_identity,
    of_this_source,
    source_of,
)
from sluis.runbook.snapshot_settings import SnapshotSettings
from sluis.runbook.snapshot_taking import Source, machine_of, read_scope
from sluis.scope.model import Asset, required_level
from sluis.snapshot.generations import objections
from sluis.snapshot.judge import CLOCK_TOLERANCE, judge
from sluis.snapshot.nonce import FILE, nonce_hash
from sluis.snapshot.store import place_allowed
from sluis.snapshot.suspicion import suspicions

Observe = Callable[[asset_observe.Request, Secrets], asset_observe.Answer]
Look = Callable[[asset_copies.Request, Secrets], asset_copies.Answer]
#: in the place of a statement's digest, while it is not known whether there will be one
_NOT_RECORDED = "0" * 64
_CHALLENGE: Literal["challenge"] = "challenge"


@dataclass(frozen=True)
class Place:
    """Where source and backup are, and how to look at each."""

    source: Source
    verifier: Machine
    observe: Observe
    look: Look


@dataclass
class Adopted(Done):
    """What came of it, for the operator."""

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
        answer = place.observe(request, Secrets(nonce=nonce))
        if not answer.placed:
            done.warnings.append(f"{asset.id}: no nonce could be placed in the source")
            continue
        body = Discovery(
            machine=machine_of(place.source, answer.machine),
            found=({"kind": _CHALLENGE, "asset": asset.id, "nonce_sha256": nonce_hash(nonce)},),
        )
        dossier.ledger.append(body, key=dossier.key, now=now())
        done.lines.append(
            f"{asset.id}: the nonce is placed. Let the client's backup run now; then have it "
            f"judged: {_judge(run)}"
        )
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
            settings.for_maker(asset.id, secrets.token_hex(32)),
        )
        challenged = _challenged(dossier, asset)
        answer = place.look(
            asset_copies.Request(
                asset=replace(settings.asset(asset), exclude=()),
                backup=backup,
                source=asset_copies.Source(observed.machine, observed.content, observed.facts),
                nonce_sha256=challenged,
                scratch=settings.scratch,
                restic=settings.restic,
                patience=settings.patience,
            ),
            Secrets(settings.backup_secrets.get(asset.id, StoreSecrets())),
        )
        reasons = [
            *_place_reasons(asset, backup),
            *_reasons(asset, observed, answer),
            *_nonce_reasons(run, dossier, asset, answer, challenged),
            *_time_reasons(asset, answer),
        ]
        newest = answer.newest
        if reasons or newest is None:
            body = Refusal(hosts=(place.source.host,), reasons=tuple(reasons))
            dossier.ledger.append(body, key=dossier.key, now=now())
            done.refused += reasons
            done.lines += [f"{asset.id}: {r.code}: {r.sentence} {r.remedy}" for r in reasons]
            continue
        try:
            taken, proof = _record(
                run, dossier, place, settings, asset, backup, observed, answer, newest, challenged
            )
        except _IsBadError as bad:
            body = Refusal(hosts=(place.source.host,), reasons=tuple(bad.reasons))
            dossier.ledger.append(body, key=dossier.key, now=now())
            done.refused += bad.reasons
            done.lines += [f"{asset.id}: {r.code}: {r.sentence} {r.remedy}" for r in bad.reasons]
            continue
        if taken.nonce_sha256 is not None:
            done.warnings += _tidied(run, dossier, place, settings, asset)
        done.warnings += [f"{asset.id}: {line}" for line in taken.warnings]
        reached = proof.reached or "no level"
        done.lines.append(
            f"{asset.id}: adopted {answer.generations[0].name} of {newest.copied_at}, "
            f"which reached {reached}"
        )
        if proof.reached is None or proof.reached < required_level(asset):
            done.warnings += [
                f"{asset.id} needs {required_level(asset)}. {item.missing}"
                for item in proof.levels
                if item.verdict != "proven"
            ]
    return done


def _judge(run: Run) -> str:
    """The command that has a backup judged."""
    return f"sluis adopt {run.client} {run.change}"


def _tidied(
    run: Run, dossier: OpenDossier, place: Place, settings: SnapshotSettings, asset: Asset
) -> list[str]:
    """Take the nonce away from the source, once a backup that holds it is adopted."""
    try:
        place.observe(_observe_request(run, dossier, place, settings, asset, "tidy"), Secrets())
    except SluisError as error:
        told = (
            f"{asset.id}: the backup is adopted, and the nonce ({FILE}) may still be in the source"
        )
        return [f"{told}: {error.what} It may be removed."]
    return []


def _to_adopt(
    run: Run, host: str, settings: SnapshotSettings
) -> list[tuple[Asset, asset_copies.Backup]]:
    wanted = settings.adopt
    return [(a, wanted[a.id]) for a in read_scope(run).assets_on(host) if a.id in wanted]


def _observe_request(
    run: Run,
    dossier: OpenDossier,
    place: Place,
    settings: SnapshotSettings,
    asset: Asset,
    stage: Literal["challenge", "look", "tidy"],
) -> asset_observe.Request:
    view = dossier.ledger.read(now())
    earlier = History(run, dossier, view).of(asset.id, place.source.host)
    return asset_observe.Request(
        asset=settings.asset(asset),
        host=place.source.host,
        stage=stage,
        expected_identity=expected_identity(settings.expected_identity, earlier),
    )


def _challenged(dossier: OpenDossier, asset: Asset) -> str | None:
    """Hash of the newest nonce that was placed for this asset in this change."""
    for statement in reversed(dossier.ledger.read(now()).of(Discovery)):
        for item in statement.body.found:
            if item.get("kind") == _CHALLENGE and item.get("asset") == asset.id:
                return str(item["nonce_sha256"])
    return None


def _place_reasons(asset: Asset, backup: asset_copies.Backup) -> list[Reason]:
    allowed = [
        AllowedPlace(place.site, place.country, place.provider) for place in asset.allowed_locations
    ]
    if place_allowed(backup, allowed):
        return []
    return [
        Reason(
            code="store-not-allowed",
            about=asset.id,
            sentence=f"The backup of {asset.id} lies at {backup.site} ({backup.country}, "
            f"{backup.provider}). The scope does not allow that place.",
            remedy="Have the place added to the scope and signed, or make a snapshot of our own.",
        )
    ]


def _reasons(
    asset: Asset, observed: asset_observe.Answer, answer: asset_copies.Answer
) -> list[Reason]:
    reasons = [
        Reason(code=item.code, about=asset.id, sentence=item.sentence, remedy=item.remedy)
        for item in objections(answer.generations, observed.content)
    ]
    reasons += [
        Reason(
            code="copy-unreadable",
            about=asset.id,
            sentence=f"{item.level} of the newest copy failed: {item.detail}"[:3900],
            remedy="Do not rely on this medium. Make a snapshot of our own.",
        )
        for item in (answer.newest.proof.levels if answer.newest else ())
        if item.verdict == "failed"
    ]
    return reasons


def _nonce_reasons(
    run: Run,
    dossier: OpenDossier,
    asset: Asset,
    answer: asset_copies.Answer,
    challenged: str | None,
) -> list[Reason]:
    """A backup that did not pick up the nonce is of something else, or of an earlier moment.

    A nonce is taken away when a backup in which it was found is adopted. So it is asked of no later
    backup: that cannot hold it any more. Until then it stays in the source.
    """
    proof = answer.newest.proof if answer.newest else None
    if challenged is None or proof is None or proof.nonce_found:
        return []
    if proof.restored is None and proof.restored_digest is None:
        return []  # nothing came back to look in, which is said by its level
    taken = dossier.ledger.read(now()).of(Snapshot)
    if any(one.body.asset == asset.id and one.body.nonce_sha256 == challenged for one in taken):
        return []
    return [
        Reason(
            code="nonce-not-in-copy",
            about=asset.id,
            sentence=f"The newest copy of {asset.id} ({answer.generations[0].name}) does not hold "
            "the nonce that was placed in the source. It is a copy of something else, or the "
            "backup did not run since then."[:3900],
            remedy="Look whether snapshot_and_verify_adopt names the right place. The nonce stays "
            "in the source: let the client's backup run, and have it judged again: "
            f"{_judge(run)}. Where somebody removed the nonce, place a new one first: "
            f"{_judge(run)} --challenge",
        )
    ]


def _time_reasons(asset: Asset, answer: asset_copies.Answer) -> list[Reason]:
    """A copy whose time has yet to come: nobody knows how old it is."""
    copied_at = _moment(answer.newest.copied_at) if answer.newest else None
    if copied_at is None or copied_at <= now() + CLOCK_TOLERANCE:
        return []
    return [
        Reason(
            code="copy-from-the-future",
            about=asset.id,
            sentence=f"The newest copy of {asset.id} ({answer.generations[0].name}) was written at "
            f"{copied_at:%Y-%m-%d %H:%M} UTC by the clock of where it lies, and that has yet to "
            "come. So nobody knows how old it is."[:3900],
            remedy="Set the clock of that machine and of this one right, let the client's backup "
            "run again, and have it judged again.",
        )
    ]


def _record(
    run: Run,
    dossier: OpenDossier,
    place: Place,
    settings: SnapshotSettings,
    asset: Asset,
    backup: asset_copies.Backup,
    observed: asset_observe.Answer,
    answer: asset_copies.Answer,
    newest: asset_copies.Newest,
    challenged: str | None,
) -> tuple[Snapshot, Verification]:
    put = dossier.objects.put
    before = put(observed.manifest) if observed.manifest else None
    facts = plain_facts(observed.facts)
    copied_at = _moment(newest.copied_at)
    # A dump file has no source file; what counts is the database inside it.
    source = observed.manifest or newest.proof.restored
    body = Snapshot(
        asset=asset.id,
        asset_kind=asset.kind,
        purpose="adopted",
        machine=machine_of(place.source, observed.machine),
        store=Store(
            id=f"backup-of-{asset.id}",
            kind="folder",
            machine=backup.machine,
            location=", ".join(backup.locations or ("(a repository)",)),
            site=backup.site,
            country=backup.country,
            provider=backup.provider,
        ),
        engine=newest.proof.engine,
        repository_id=None,
        snapshot_id=newest.snapshot_id,
        previous_snapshot_id=None,
        # The age that counts is that of the copy, not of our looking at it. A clock that is a
        # little ahead makes no copy that is yet to be made.
        started_at=min(copied_at, now()),
        finished_at=min(copied_at, now()),
        # one that nobody looked for, or that was not there, is still to be found in a later backup
        nonce_sha256=challenged if newest.proof.nonce_found else None,
        manifest_before_object=before,
        manifest_after_object=before,
        facts_object=put(canonical(facts)),
        bytes=newest.bytes,
        items=newest.items,
        warnings=_suspicions(run, dossier, place, settings, asset, facts, observed.manifest),
        made_by={
            "generations": [codec.dump(one) for one in answer.generations],
            "identity": codec.dump(observed.machine),
            "source": source_of(settings.asset(asset)),
            "state": observed.state,
        },
        place=observed.place,
    )
    manifest = _manifest(place, source)
    inside = newest.inside
    if backup.machine in (place.source.host, place.source.address):
        inside = f"the backup is kept on {backup.machine} itself"
    judgement = judge(
        body.model_copy(update={"nonce_sha256": challenged}),
        _NOT_RECORDED,
        manifest,
        None,
        newest.proof,
        verifier=place.verifier,
        inside=inside,
        copied_at=copied_at,
    )
    bad = _failed(asset, judgement.verification)
    if bad:
        raise _IsBadError(bad)
    taken = dossier.ledger.append(body, key=dossier.key, now=now())
    proof = judgement.verification.model_copy(
        update={
            "snapshot": taken.sha256,
            "restored_manifest_object": put(judgement.restored) if judgement.restored else None,
            "differences_object": put(canonical(judgement.differences)),
        }
    )
    dossier.ledger.append(proof, key=dossier.key, now=now())
    return body, proof


def _suspicions(
    run: Run,
    dossier: OpenDossier,
    place: Place,
    settings: SnapshotSettings,
    asset: Asset,
    facts: Mapping[str, Any],
    packed: bytes | None,
) -> tuple[str, ...]:
    """What is other at the source than it was before, as of a copy that we make.

    From here on the backup stands for what lies there: a client who signed for something else is
    asked again.
    """
    view = dossier.ledger.read(now())
    earlier = of_this_source(
        History(run, dossier, view).of(asset.id, place.source.host), settings.asset(asset)
    )
    current = seen_beside_a_backup(facts, _manifest(place, packed))
    before = states_before(dossier.objects, view, asset.id, earlier)
    return tuple(line for when, seen in before.items() for line in suspicions(seen, current, when))


class _IsBadError(Exception):
    """A backup that was judged, and is bad. Nothing of it was recorded."""

    def __init__(self, reasons: list[Reason]) -> None:
        super().__init__()
        self.reasons = reasons


def _failed(asset: Asset, proof: Verification) -> list[Reason]:
    """The levels that failed: such a backup must never stand in for a good snapshot.

    V6 is left out: a disk that is not append-only is less than is asked, and no bad copy. That
    the nonce is not in the copy was refused before.
    """
    return [
        Reason(
            code="backup-is-bad",
            about=asset.id,
            sentence=f"{item.level} of the newest copy of {asset.id} failed: {item.detail}"[:3900],
            remedy="Do not rely on this backup. Find out why it is so, or make a snapshot of our "
            "own with prepare.",
        )
        for item in proof.levels
        if item.verdict == "failed" and item.level != "V6"
    ]


def _moment(text: str) -> datetime:
    """A time of the border's form; Python reads six digits of its fraction."""
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text)).astimezone(UTC)


def _manifest(place: Place, packed: bytes | None) -> Manifest | None:
    """A manifest that came with an answer.

    Raises:
        BorderError: ``bad-answer``.
    """
    try:
        return loads(packed) if packed else None
    except EvidenceError as error:
        wrong = WrongError(f"cannot be read. {error.what.rstrip('.')}", ("manifest",))
        module = asset_observe.ASSET_OBSERVE.name
        raise refused("bad-answer", place.source.host, module, wrong) from None
