"""Rule: every asset in reach has a fresh snapshot that was proven by restoring it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sluis.evidence.chain import CLOCK_TOLERANCE
from sluis.evidence.copies import newest_copy, newest_proof
from sluis.evidence.predicates import (
    Level,
    LevelResult,
    Reason,
    Snapshot,
    Store,
    Verification,
    Waiver,
)
from sluis.evidence.statements import Statement
from sluis.gate.demand import Demand, Evidence, reason
from sluis.gate.neighbours import neighbours
from sluis.gate.open_questions import open_questions
from sluis.gate.restores import BROKEN_STATE_LEVEL, put_back
from sluis.gate.steps import failure_under
from sluis.plan.model import PlanStep
from sluis.scope.as_it_came import lines_to_paste
from sluis.scope.model import Asset, ScopeDocument, freshness_hours, required_level
from sluis.scope.words import LONGEST_PATH
from sluis.signoff.standing import waivers

#: from this level on, every file of a copy is known to be the source's
_EQUAL: Level = "V5"
_DAMAGED = (
    "Run prepare again; it is then fetched again. If it stays so, have its owner open it where it "
    "is; only a waiver lets the others go without it."
)
#: a snapshot whose age is not known, as its time has yet to come
_FUTURE = "snapshot-from-the-future"
#: files of an asset that a refusal names
_NAMED_AT_MOST = 200


@dataclass(frozen=True)
class Coverage:
    """The statements that cover the assets, how long they are fresh, and what is missing."""

    relies_on: tuple[str, ...]
    until: datetime | None
    reasons: tuple[Reason, ...]


def coverage(evidence: Evidence, demand: Demand, now: datetime) -> Coverage:
    """Hold every host and every asset of the scope against the ledger."""
    scope = evidence.scope
    if scope is None:
        return Coverage((), None, ())
    accepted = waivers(evidence.view, now)
    reasons = _hosts_named(evidence, demand)
    relies_on: list[str] = []
    until: list[datetime] = []
    for asset in scope.assets:
        if asset.host is None and not asset.takes_snapshot:
            continue
        waiver = accepted.get(asset.id)
        if waiver is not None:
            relies_on.append(waiver.sha256)
        reasons += _asset_reasons(
            evidence, demand.step, scope, asset, waiver, now, relies_on, until
        )
    return Coverage(tuple(relies_on), min(until, default=None), tuple(reasons))


def unproven(evidence: Evidence, now: datetime) -> tuple[Reason, ...]:
    """What of each asset is not proven as the gate asks it, or not waived, or an open question.

    As long as there is anything, the gate will refuse whatever the client signs; so nobody is
    asked to. How old a snapshot is does not count: it can be made again under the same plan.

    Args:
        evidence: the dossier as read and verified.
        now: aware UTC time.
    """
    scope = evidence.scope
    if scope is None or evidence.plan is None:
        return ()
    accepted = waivers(evidence.view, now)
    found: list[Reason] = []
    for asset in scope.assets:
        if asset.host is None and not asset.takes_snapshot:
            continue
        waiver = accepted.get(asset.id)
        found += _asset_reasons(evidence, None, scope, asset, waiver, now, [], [])
    return (*_but_for_age(found), *neighbours(evidence), *open_questions(evidence))


def waivers_not_needed(evidence: Evidence, drafted: Collection[str], now: datetime) -> list[str]:
    """The assets that are proven as the gate asks it without the waiver that is drafted for them.

    Args:
        evidence: the dossier as read and verified.
        drafted: the assets for which a waiver is drafted.
        now: aware UTC time.
    """
    scope = evidence.scope
    if scope is None or evidence.plan is None:
        return []
    return [
        asset.id
        for asset in scope.assets
        if asset.id in drafted
        and asset.host is not None
        and not _but_for_age(_asset_reasons(evidence, None, scope, asset, None, now, [], []))
    ]


def _but_for_age(found: Iterable[Reason]) -> list[Reason]:
    return [one for one in found if one.code not in ("snapshot-too-old", _FUTURE)]


def _hosts_named(evidence: Evidence, demand: Demand) -> list[Reason]:
    scope = evidence.scope
    if scope is None:
        return []
    named = {asset.host for asset in scope.assets} | {h.host for h in scope.hosts_without_data}
    found = [
        reason(
            "host-not-in-scope",
            host,
            f"The scope says nothing about {host}: nobody knows what data it holds.",
            "Name its assets in the scope, or name it under hosts_without_data with a reason.",
        )
        for host in demand.hosts
        if host not in named
    ]
    found += [
        reason(
            "asset-host-not-in-batch",
            asset.id,
            f"{asset.id} lies on {asset.host}, which is not in this batch.",
            "Run the whole batch, or correct the scope.",
        )
        for asset in scope.assets
        if asset.host is not None and asset.host not in demand.hosts
    ]
    return found


def _asset_reasons(
    evidence: Evidence,
    step: PlanStep | None,
    scope: ScopeDocument,
    asset: Asset,
    waiver: Statement[Waiver] | None,
    now: datetime,
    relies_on: list[str],
    until: list[datetime],
) -> list[Reason]:
    if asset.host is None:
        return [
            reason(
                "no-worker",
                asset.id,
                f"{asset.id} was given to no export worker, so nobody fetched it.",
                "Run prepare; it divides what has no host over the export workers.",
            )
        ]
    accepts = waiver.body.accepts if waiver else None
    if accepts == "none":
        return []
    if not asset.takes_snapshot:
        return [
            reason(
                "kind-not-verifiable",
                asset.id,
                f"{asset.id} is a {asset.kind}; its snapshot cannot be made or verified here.",
                "Have the client sign a waiver for this asset, or take it out of reach.",
            )
        ]
    way_back = step is not None and step.way_back
    needed: Level = accepts or required_level(asset)
    after = 0
    if evidence.plan is not None and asset.id in put_back(evidence.plan):
        needed = min(needed, BROKEN_STATE_LEVEL)
    elif way_back:
        needed = min(needed, BROKEN_STATE_LEVEL)
        after = failure_under(evidence.view, evidence.plan_object) or 0
    taken = newest_copy(evidence.view, asset.id)
    if taken is None or taken.number < after:
        return [
            reason(
                "no-snapshot" if not after else "broken-state-not-kept",
                asset.id,
                f"There is no snapshot of {asset.id}"
                + (" as it was after the failure." if after else " for this change."),
                "Run prepare." if not after else "Take a snapshot of the broken state first.",
            )
        ]
    proof = newest_proof(evidence.view, taken.sha256)
    if proof is None:
        return [
            reason(
                "not-verified",
                asset.id,
                f"The newest snapshot of {asset.id} was never restored and compared.",
                "Run prepare again; it verifies the snapshot.",
            )
        ]
    found = []
    reached = proof.body.reached
    if reached is None or reached < needed:
        short = next((x for x in proof.body.levels if x.verdict != "proven"), None)
        found.append(
            reason(
                "level-too-low",
                asset.id,
                f"{asset.id} needs {needed} and reached {reached or 'nothing'}."
                + (f" {short.missing[:3000]}" if short else ""),
                _remedy(short),
            )
        )
        found += _doubted(asset, proof.body)
    if needed >= _EQUAL:
        found += _as_it_came(asset, proof.body)
    found += _place_reasons(asset, taken.body.store)
    found += _machine_reasons(step, asset, taken.body)
    if taken.body.finished_at > now + CLOCK_TOLERANCE and not way_back:
        found.append(
            reason(
                _FUTURE,
                asset.id,
                f"The snapshot of {asset.id} has the time {taken.body.finished_at:%Y-%m-%d %H:%M} "
                "UTC, which has yet to come. So nobody knows whether it is fresh.",
                "Look whether the clock of this machine is right, and run prepare again.",
            )
        )
    fresh_until = taken.body.finished_at + timedelta(hours=freshness_hours(scope, asset))
    if fresh_until < now and not way_back:
        found.append(
            reason(
                "snapshot-too-old",
                asset.id,
                f"The snapshot of {asset.id} was made at {taken.body.finished_at:%Y-%m-%d %H:%M} "
                "UTC and is no longer fresh.",
                "Run prepare again.",
            )
        )
    relies_on += [taken.sha256, proof.sha256]
    if not way_back:
        until.append(fresh_until)
    return found


def _remedy(short: LevelResult | None) -> str:
    """What to do about a level. A copy of which nothing bad is known asks for no waiver."""
    if short is not None and short.verdict == "not verified" and short.level < _EQUAL:
        return "Put right what kept it from being looked at, and run prepare again."
    return "Repair what the level names and run prepare again, or have a waiver signed."


def _doubted(asset: Asset, proof: Verification) -> list[Reason]:
    """Each file that is not known to be right, and how a client can take it all the same."""
    return [
        reason(
            "file-not-verified",
            f"{asset.id}: {file.path}"[:1000],
            f"{file.path}: {file.check}. {file.note}"[:3000].rstrip(),
            _DAMAGED
            if file.check == "corrupt" or len(file.path) > LONGEST_PATH
            else "Run prepare again; it is then fetched again. If the client takes it as it came, "
            f"put this under 'origin' of {asset.id} in scope.yml and have it signed:\n"
            f"{lines_to_paste(file)}",
        )
        for file in proof.doubted[:_NAMED_AT_MOST]
    ]


def _as_it_came(asset: Asset, proof: Verification) -> list[Reason]:
    """What was proven by leave of a list in the scope holds for the list that is signed."""
    listed = {(one.path, one.sha256) for one in asset.origin.as_it_came} if asset.origin else set()
    return [
        reason(
            "file-not-signed",
            f"{asset.id}: {file.path}"[:1000],
            f"{file.path} was to be taken as it came, and the scope does not say so any more.",
            "Run prepare again; it is then fetched and proven anew.",
        )
        for file in proof.as_it_came
        if (file.path, file.sha256) not in listed
    ][:_NAMED_AT_MOST]


def _place_reasons(asset: Asset, store: Store) -> list[Reason]:
    """A copy may lie only where the client agreed that it may (case A12)."""
    for place in asset.allowed_locations:
        if (place.site, place.country, place.provider) == (
            store.site, store.country, store.provider,
        ):  # fmt: skip
            return []
    return [
        reason(
            "store-not-allowed",
            asset.id,
            f"The copy of {asset.id} lies at {store.site} ({store.country}, {store.provider}). "
            "The scope does not allow that place.",
            "Use a store in an agreed place, or have the place added to the scope and signed.",
        )
    ]


def _machine_reasons(step: PlanStep | None, asset: Asset, taken: Snapshot) -> list[Reason]:
    """The machine about to be changed, or that fetches, is the machine the snapshot came from."""
    if asset.is_exported and taken.machine.host != asset.host:
        return [
            reason(
                "fetched-by-another-worker",
                asset.id,
                f"What is proven of {asset.id} was fetched by {taken.machine.host}, and "
                f"{asset.host} is to go on with it.",
                "Run prepare again; it is then fetched anew there.",
            )
        ]
    if step is None or step.host != asset.host:
        return []
    source, target = urlsplit(taken.machine.target), step.target
    if target.connection == source.scheme == "local":
        return []
    if target.connection == source.scheme == "ssh" and (source.hostname, source.port or 22) == (
        target.address.lower(), target.port or 22,
    ):  # fmt: skip
        return []
    return [
        reason(
            "snapshot-of-another-machine",
            asset.id,
            f"The snapshot of {asset.id} came from {taken.machine.target}, and this step would "
            f"change {step.target.uri()}.",
            "Find out which machine is the right one, and run prepare again.",
        )
    ]
