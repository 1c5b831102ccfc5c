"""Which snapshot is put back: read from evidence, never from variables.

Two answers, both fixed when the client signs. *named*: the engineer named a snapshot of
another change; the plan holds the digest of that snapshot's statement. *before this
change*: the way back of an update; the plan holds the rule, and the ledger holds what the
rule gives: the newest proven snapshot from before the first step that changed something.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from sluis.errors import EvidenceError, InputError, RefusedError
from sluis.evidence.copies import newest_copy, newest_proof
from sluis.evidence.ledger import Ledger, View
from sluis.evidence.objects import ObjectStore
from sluis.evidence.predicates import Level, Snapshot
from sluis.evidence.statements import Statement
from sluis.gate.demand import Evidence
from sluis.gate.steps import first_change
from sluis.gate.way_back import ENOUGH, is_of_its_source, proven_before, swapped_back
from sluis.places import change_id
from sluis.runbook.division import placed_scope
from sluis.runbook.judgement import read_evidence
from sluis.runbook.run import OpenDossier, Run, now
from sluis.scope.model import Asset, Language, ScopeDocument
from sluis.scope.text import asset_name
from sluis.scope.voice import Voice

NAMED = "named"
BEFORE = "before this change"
_UNPROVEN = "not verified"
#: what the host takes as the id of a restore
_LONGEST_ID = 100
_FIELDS = {"asset", "from_change", "snapshot_id"}

# a name stands in front: in the middle of a sentence its capital would be in the way
_WORDS: dict[str, dict[Language, str]] = {
    "restore": {
        "nl": "{asset}: wij zetten de kopie van {when} eerst apart terug, en vergelijken die met "
        "wat wij kopieerden.",
        "en": "{asset}: we first restore the copy of {when} to a separate place, and compare it "
        "with what we copied.",
    },
    "swap": {
        "nl": "{asset}: de teruggezette kopie komt op de plaats van wat er dan staat. Wat er "
        "stond, bewaren wij apart.",
        "en": "{asset}: the restored copy takes the place of what is there then. What was there we "
        "keep apart.",
    },
}
_BROKEN: dict[Language, str] = {
    "nl": " (gemaakt nadat het misging)",
    "en": " (made after things had gone wrong)",
}
_ORIGIN: dict[Language, str] = {
    "nl": "Die kopie is gemaakt op {host}{place}, en niet op de plaats waar {asset} nu staat.",
    "en": "That copy was made on {host}{place}, and not at the place where {asset} is now.",
}
_BACK: dict[str, dict[Language, str]] = {
    "restore": {
        "nl": "{asset}: wij zetten de kopie van vlak voor deze wijziging eerst apart terug, en "
        "vergelijken die met wat wij kopieerden.",
        "en": "{asset}: we first restore the copy from right before this change to a separate "
        "place, and compare it with what we copied.",
    },
    "swap": _WORDS["swap"],
}


@dataclass(frozen=True)
class Chosen:
    """A snapshot to put back, the asset it belongs to, and the dossier it is in.

    ``reached`` is the level that its newest verification proved, ``None`` for none.
    """

    asset: Asset
    statement: Statement[Snapshot]
    objects: ObjectStore
    reached: Level | None

    @property
    def body(self) -> Snapshot:
        """What the snapshot's statement says."""
        return self.statement.body


def planned_restores(
    run: Run, dossier: OpenDossier, host: str, described: Any
) -> list[dict[str, Any]]:
    """What the engineer named to be put back on one host, as guarded steps and words about them.

    Args:
        run: the current run.
        dossier: its dossier.
        host: inventory name.
        described: the engineer's list: ``asset``, ``from_change``, ``snapshot_id``, and
            optionally ``tolerate_use``.

    Returns:
        ``asset``, ``words_restore``, ``words_swap`` and ``args`` for each, by asset.

    Raises:
        InputError: ``bad-restore-list``, ``asset-not-in-scope``.
        EvidenceError: the snapshot is not in a dossier that holds.
    """
    _sound(dossier.ledger.read(now()), run.change, dossier.path)
    scope = placed_scope(run)
    planned = []
    for item in _described(described):
        asset = scope.asset(item["asset"])
        if asset is None:
            raise InputError(
                "asset-not-in-scope",
                f"{item['asset'][:80]!r} is to be restored and is not in the scope.",
                "Name it in scope.yml of this change, or take it out of restore_asset_list.",
            )
        if asset.host != host:
            continue
        chosen = _named(run, dossier, asset, item["from_change"], item["snapshot_id"])
        body = chosen.body
        args = {
            "asset": asset.id,
            "which": NAMED,
            "from_change": item["from_change"],
            "snapshot_id": body.snapshot_id,
            "statement": chosen.statement.sha256,
            "made_at": _made_at(chosen),
            "reached": chosen.reached or _UNPROVEN,
            "tolerate_use": item["tolerate_use"],
        }
        told = Voice(scope.language).moment(body.finished_at, scope.time_zone)
        if body.purpose == "broken state":
            told += _BROKEN[scope.language]
        one = _planned(scope, asset, args, _WORDS, told)
        if is_of_its_source(body, asset) is False:
            one["words_restore"] += _origin(scope, asset, body)
        planned.append(one)
    return planned


def way_back_restores(
    run: Run, dossier: OpenDossier, host: str, *, planning: bool
) -> list[dict[str, Any]]:
    """The way back of an update on one host, as guarded steps and words about them.

    Args:
        run: the current run.
        dossier: its dossier.
        host: inventory name.
        planning: the way back is laid down: every asset whose newest copy of this change can be
            put back. Otherwise it is as the plan has it, for once something is changed no step
            may drop out.

    Returns:
        As ``planned_restores``; nothing if the client did not agree to a way back.

    Raises:
        EvidenceError: the dossier's ledger does not hold.
    """
    evidence = read_evidence(dossier)
    view = _sound(evidence.view, run.change, dossier.path)
    scope = placed_scope(run)
    if not scope.way_back.consent:
        return []
    signed = swapped_back(evidence.plan) if evidence.plan is not None else frozenset()
    return [
        _planned(scope, asset, {"asset": asset.id, "which": BEFORE}, _BACK)
        for asset in scope.assets_on(host)
        if asset.takes_snapshot
        and (proven_before(view, asset, None) is not None if planning else asset.id in signed)
    ]


def choose(run: Run, dossier: OpenDossier, evidence: Evidence, args: Mapping[str, Any]) -> Chosen:
    """Find the snapshot that signed arguments mean, in evidence as it is now.

    Args:
        run: the current run.
        dossier: its dossier.
        evidence: the dossier's ledger with its newest plan and scope.
        args: as ``planned_restores`` made them, after they were signed.

    Raises:
        EvidenceError: ``ledger-does-not-hold``, ``snapshot-not-found``, ``other-snapshot``.
        RefusedError: ``no-proven-snapshot``.
    """
    _sound(evidence.view, run.change, dossier.path)
    asset = evidence.scope.asset(str(args["asset"])) if evidence.scope else None
    if asset is None:
        raise InputError(
            "asset-not-in-scope",
            f"{str(args['asset'])[:80]!r} is not in the signed scope.",
            "Run prepare again and have it signed.",
        )
    if args.get("which") == BEFORE:
        return _before_this_change(dossier, evidence, asset)
    chosen = _named(run, dossier, asset, str(args["from_change"]), str(args["snapshot_id"]))
    if chosen.statement.sha256 != args.get("statement"):
        raise EvidenceError(
            "other-snapshot",
            f"The statement about snapshot {chosen.body.snapshot_id[:8]} is not the one that "
            "was signed.",
            "Run prepare again and have it signed.",
        )
    _as_it_was_signed(chosen, args)
    return chosen


def place_before(evidence: Evidence, asset: Asset) -> str | None:
    """Where an asset of files really lay before the change; ``None``: nobody knows.

    Args:
        evidence: the dossier's ledger.
        asset: what is put back.
    """
    newest = newest_copy(evidence.view, asset.id, before=first_change(evidence))
    return newest.body.place if newest is not None else None


def _as_it_was_signed(chosen: Chosen, args: Mapping[str, Any]) -> None:
    """The copy is from when the client read, and is proven at least as well as they read."""
    about = f"Snapshot {chosen.body.snapshot_id[:8]} of {chosen.asset.id}"
    if args.get("made_at") != _made_at(chosen):
        raise EvidenceError(
            "other-snapshot",
            f"{about} was made at {_made_at(chosen)}, and something else was signed.",
            "Run prepare again and have it signed.",
        )
    signed = args.get("reached")
    if signed == _UNPROVEN:
        return
    if signed not in get_args(Level) or chosen.reached is None or str(signed) > chosen.reached:
        raise RefusedError(
            "no-proven-snapshot",
            f"{about} was signed as proven to {str(signed)[:20]}, and its newest proof reached "
            f"{chosen.reached or 'no level'}.",
            "Name another snapshot in restore.yml, run prepare again and have it signed. Nothing "
            "was put back.",
        )


def _made_at(chosen: Chosen) -> str:
    return f"{chosen.body.finished_at:%Y-%m-%d %H:%M} UTC"


def _before_this_change(dossier: OpenDossier, evidence: Evidence, asset: Asset) -> Chosen:
    found = proven_before(evidence.view, asset, first_change(evidence))
    if found is None:
        raise RefusedError(
            "no-proven-snapshot",
            f"The newest snapshot of {asset.id} from before this change cannot be put back: there "
            f"is none, it was not proven to {ENOUGH}, it is of another place than {asset.id} is "
            "now, or it is a backup of somebody else's.",
            "Restore as a change of its own (playbooks/restore.yml), naming the snapshot.",
        )
    return Chosen(asset, found, dossier.objects, _reached(evidence.view, found))


def _origin(scope: ScopeDocument, asset: Asset, body: Snapshot) -> str:
    """That the copy is of another place than the asset has now, with a space in front."""
    return " " + _ORIGIN[scope.language].format(
        asset=asset_name(scope, asset, Voice(scope.language)),
        host=body.machine.host,
        place=f" ({body.place})" if body.place else "",
    )


def _named(run: Run, dossier: OpenDossier, asset: Asset, change: str, snapshot_id: str) -> Chosen:
    folder = run.places.dossier(run.client, change_id(change))
    if folder == dossier.path:
        view, objects = dossier.ledger.read(now()), dossier.objects
    else:
        view = Ledger(folder, dossier.anchors, run.client, change).read(now())
        objects = ObjectStore(folder)
    _sound(view, change, folder)
    found = view.latest(
        Snapshot,
        lambda item: item.body.snapshot_id == snapshot_id and item.body.asset == asset.id,
    )
    if found is None:
        raise EvidenceError(
            "snapshot-not-found",
            f"The dossier of {change} has no snapshot {snapshot_id[:12]} of {asset.id}.",
            f"Look up the whole id with: sluis status {run.client} {change} --json. "
            "It must be a snapshot of this asset.",
        )
    if found.body.asset_kind != asset.kind:
        raise EvidenceError(
            "other-kind",
            f"Snapshot {snapshot_id[:8]} is of a {found.body.asset_kind}, and {asset.id} is a "
            f"{asset.kind} now.",
            "Correct the asset's kind in the scope, or choose another snapshot.",
        )
    if found.body.made_by.get("as_files"):
        raise EvidenceError(
            "kept-as-files",
            f"Snapshot {snapshot_id[:8]} holds the files of {asset.id} as they were when it was "
            "broken; they cannot be put back as a working database.",
            "Choose a snapshot from before it broke, or fetch the files by hand with restic.",
        )
    return Chosen(asset, found, objects, _reached(view, found))


def _reached(view: View, snapshot: Statement[Snapshot]) -> Level | None:
    proof = newest_proof(view, snapshot.sha256)
    return proof.body.reached if proof else None


def _sound(view: View, change: str, folder: Path) -> View:
    for problem in view.problems:
        raise EvidenceError(
            "ledger-does-not-hold",
            f"The ledger of {change} does not hold: {problem.sentence}",
            "A snapshot that it names cannot be trusted now. See what is wrong with: "
            f"sluis verify {shlex.quote(str(folder))}",
        )
    return view


def _described(described: Any) -> list[dict[str, Any]]:
    if not isinstance(described, (list, tuple)) or not described:
        raise _bad("restore_asset_list names nothing to put back")
    items = []
    for item in described:
        if not isinstance(item, Mapping) or set(item) - {"tolerate_use"} != _FIELDS:
            raise _bad("an item of restore_asset_list has other fields than it should")
        tolerate = item.get("tolerate_use", False)
        if not isinstance(tolerate, bool):
            raise _bad("tolerate_use is not true or false")
        texts = {name: "".join(str(item[name])) for name in _FIELDS}
        items.append({**texts, "tolerate_use": tolerate})
    ids = [item["asset"] for item in items]
    if len(set(ids)) != len(ids):
        raise _bad("restore_asset_list names an asset twice")
    return items


def _bad(what: str) -> InputError:
    return InputError(
        "bad-restore-list",
        f"In restore.yml {what}.",
        "Write asset, from_change and snapshot_id (all 64 characters) for each asset, once.",
    )


def _planned(
    scope: ScopeDocument,
    asset: Asset,
    args: dict[str, Any],
    sentences: Mapping[str, Mapping[Language, str]],
    when: str = "",
) -> dict[str, Any]:
    name = asset_name(scope, asset, Voice(scope.language))

    def say(what: str) -> str:
        return sentences[what][scope.language].format(asset=name, when=when)

    return {
        "asset": asset.id,
        "args": args,
        "words_restore": say("restore"),
        "words_swap": say("swap"),
    }


def restore_id(change: str, chosen: Chosen, plan: str) -> str:
    """Names one restore on the host; the same on every run of the same signed plan.

    What another plan swapped in is not done by this one: data was worked on since, and the
    client signed that the copy comes once more.

    Args:
        change: the change's id.
        chosen: the snapshot.
        plan: digest of the statement that laid the plan down.
    """
    own = f"-{chosen.body.snapshot_id[:8]}-{plan[:8]}"
    return change[: _LONGEST_ID - len(own)] + own
