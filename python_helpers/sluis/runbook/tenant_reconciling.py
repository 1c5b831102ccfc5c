"""Compare every item in the new tenant with its manifest; the result is a check in the ledger."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from sluis.border import codec
from sluis.border.moving import Moving, Trust
from sluis.border.strict_json import WrongError
from sluis.border.tenant import TenantSecrets
from sluis.border.verb import refused
from sluis.border.verbs.tenant_reconcile import TENANT_RECONCILE, Answer, Found, Request
from sluis.counted import counted, plural
from sluis.errors import BorderError, SluisError
from sluis.evidence.canonical import canonical
from sluis.evidence.predicates import Check, Plan
from sluis.plan.model import PlannedCheck
from sluis.runbook.move_words import move_words
from sluis.runbook.planning import note_check
from sluis.runbook.run import OpenDossier, Run, now
from sluis.runbook.snapshot_taking import read_scope
from sluis.runbook.tenant_importing import import_request
from sluis.runbook.tenant_settings import TenantSettings
from sluis.runbook.tenant_steps import (
    Which,
    check_id,
    going_from,
    imported_export,
    into_of,
    moved_already,
)
from sluis.runbook.worker_file import Fetch, keep_worker_file
from sluis.scope.model import Asset, ScopeDocument

Call = Callable[[Request, TenantSecrets], Answer]
#: on what a comparison rests, in words that promise no more than was done
_ON: Mapping[Trust, str] = {
    "every byte": "every byte",
    "the service's hash": "by size and the service's hash, not every byte",
}


@dataclass
class Compared:
    """What came of a host's assets, for the operator."""

    whole: bool = True
    lines: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def plan_comparisons(run: Run, host: str) -> list[str]:
    """Put one comparison for each asset into the plan; their ids."""
    planned = []
    scope = read_scope(run)
    for asset in going_from(run, host):
        what = move_words(scope, asset, "check")
        note_check(run, PlannedCheck(check=check_id(asset), host=host, what=what))
        planned.append(check_id(asset))
    return planned


def reconcile_assets(
    run: Run,
    dossier: OpenDossier,
    host: str,
    settings: TenantSettings,
    call: Call,
    fetch: Fetch,
    scratch: Path,
    which: Which,
) -> Compared:
    """Compare each asset that this host put somewhere, and record what was found.

    What could not be compared is recorded as "not made", which no hand-over accepts. The first
    comparison, before the last pass, lets the service's hash stand for a file: it is there to
    find what went wrong while there is time. What counts is the last one.

    Args:
        run: the current run.
        dossier: where each result is recorded.
        host: the worker.
        settings: accounts and secrets.
        call: runs ``reconcile_asset`` there.
        fetch: brings the list of compared items from there.
        scratch: a private folder on the controller.
        which: the comparison before the last pass, or the one after it.

    Raises:
        SluisError: the ledger cannot be read or written.
    """
    compared = Compared()
    scope = read_scope(run)
    view = dossier.ledger.read(now())
    plan = view.latest(Plan)
    for asset in going_from(run, host):
        if which == "first" and plan and moved_already(view, plan.body.plan_object, asset):
            compared.lines.append(f"{asset.id}: was compared after it was moved")
            continue
        into = into_of(asset)
        assert into is not None  # noqa: S101  going_from gives no other
        result: Found | None = None
        try:
            moving = import_request(scope, asset, into, imported_export(view, asset), settings)
            if which == "first":
                moving = replace(moving, trust="the service's hash")
            answer = call(Request(moving, ahead=False), settings.secret(into.tenant))
            result = _asked_for(answer, moving, host)
            body = _found(dossier, scope, asset, host, moving, result, fetch, scratch)
        except SluisError as error:
            result = None
            body = Check(
                check=check_id(asset),
                host=host,
                what=move_words(scope, asset, "check"),
                passed=None,
                detail=str(error)[:500],
            )
        dossier.ledger.append(body, key=dossier.key, now=now())
        compared.whole &= body.passed is True
        compared.lines.append(f"{asset.id}: {body.detail}")
        if result is not None:
            _tell(compared, asset, result)
    return compared


def _asked_for(answer: Answer, asked: Moving, host: str) -> Found:
    """The comparison, when it is the one that was asked for.

    Raises:
        BorderError: ``bad-answer``.
    """
    found = answer.found
    if not isinstance(found, Found):
        raise _bad_answer(host, "is a look ahead, and a comparison was asked for", "kind")
    for field_, said, wanted in (
        ("manifest_sha256", found.manifest_sha256, asked.manifest_sha256),
        ("target", found.target, asked.target),
        ("trust", found.trust, asked.trust),
    ):
        if said != wanted:
            raise _bad_answer(host, "is not what was asked for", field_)
    return found


def _bad_answer(host: str, why: str, name: str) -> BorderError:
    return refused("bad-answer", host, TENANT_RECONCILE.name, WrongError(why, ("found", name)))


def _tell(compared: Compared, asset: Asset, result: Found) -> None:
    compared.lines += [
        f"{asset.id}: {line.category}: {line.path}: {line.why}"
        for line in result.lines
        if line.category != "equal"
    ][:100]
    compared.lines += [
        f"{asset.id}: {said}: {one.path}: {one.who} ({one.role}): {one.why}"
        for said, rights in (
            ("right missing", result.rights_missing),
            ("right nobody signed for", result.rights_surplus),
        )
        for one in rights[:50]
    ]
    compared.warnings += [
        f"{asset.id}: stays behind, as signed: {item.path}: {item.code}"
        for item in result.left_out[:50]
    ]


def _found(
    dossier: OpenDossier,
    scope: ScopeDocument,
    asset: Asset,
    host: str,
    moving: Moving,
    result: Found,
    fetch: Fetch,
    scratch: Path,
) -> Check:
    remote = f"{moving.work()}/lines.gz"
    lines = keep_worker_file(dossier, fetch, remote, scratch / "lines", result.lines_sha256)
    kept = codec.dump(result) | {"lines": lines}
    return Check(
        check=check_id(asset),
        host=host,
        what=move_words(scope, asset, "check"),
        passed=result.sound,
        detail=in_one_line(result),
        result_object=dossier.objects.put(canonical(kept)),
    )


def in_one_line(result: Found) -> str:
    """What a comparison came to: what was compared, on what that rests, what stayed behind."""
    missing, surplus = result.rights_missing_in_all, result.rights_surplus_in_all
    numbers = {
        **result.counts,
        plural(missing, "right missing", "rights missing"): missing,
        plural(surplus, "right too many", "rights too many"): surplus,
    }
    counts = ", ".join(f"{count} {what}" for what, count in sorted(numbers.items()) if count)
    stayed = ""
    if result.left_out_in_all:
        stayed = f"; {counted(result.left_out_in_all, 'item')} stayed behind"
    if result.rights_left_in_all:
        rights = counted(result.rights_left_in_all, "right was", "rights were")
        stayed += f"; {rights} not given, as signed"
    said = f"{counted(result.items, 'item')} compared ({_ON[result.trust]}): {counts or 'none'}"
    return said[: 500 - len(stayed)] + stayed
