"""Compare every item in the new tenant with its manifest; the result is a check in the ledger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sluis.errors import SluisError, SnapshotError
from sluis.evidence.canonical import canonical
from sluis.evidence.predicates import Check, Plan
from sluis.plan.model import PlannedCheck
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
from sluis.scope.model import Asset

Call = Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]


@dataclass
class Compared:
    """What came of a host's assets, for the operator."""

    whole: bool = True
    lines: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def plan_comparisons(run: Run, host: str) -> list[str]:
    """Put one comparison for each asset into the plan; their ids."""
    planned = []
    for asset in going_from(run, host):
        note_check(run, PlannedCheck(check=check_id(asset), host=host, what=_words(asset)))
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
        result: dict[str, Any] | None = None
        try:
            request = import_request(scope, asset, into, imported_export(view, asset), settings)
            if which == "first":
                request["trust"] = "the service's hash"
            answer = call(request, settings.secret(into.tenant))
            body = _found(dossier, asset, host, answer, fetch, scratch)
            result = answer
        except SluisError as error:
            body = Check(
                check=check_id(asset), host=host, what=_words(asset), passed=None,
                detail=str(error)[:500],
            )  # fmt: skip
        dossier.ledger.append(body, key=dossier.key, now=now())
        compared.whole &= body.passed is True
        compared.lines.append(f"{asset.id}: {body.detail}")
        if result is not None:
            compared.lines += [
                f"{asset.id}: {line['category']}: {line['path']}: {line['why']}"
                for line in result["lines"]
                if line["category"] != "equal"
            ][:100]
            compared.lines += [
                f"{asset.id}: {said}: {one['path']}: {one.get('recipient') or one['principal']} "
                f"({one['role']}): {one['why']}"
                for said, rights in (
                    ("right missing", result["rights_missing"]),
                    ("right nobody signed for", result["rights_surplus"]),
                )
                for one in rights[:50]
            ]
            compared.warnings += [
                f"{asset.id}: stays behind, as signed: {item['path']}: {item['code']}"
                for item in result["left_out"][:50]
            ]
    return compared


def _found(
    dossier: OpenDossier,
    asset: Asset,
    host: str,
    answer: dict[str, Any],
    fetch: Fetch,
    scratch: Path,
) -> Check:
    try:
        counted = {
            **answer["counts"],
            "rights missing": len(answer["rights_missing"]),
            "rights too many": len(answer["rights_surplus"]),
        }
        counts = ", ".join(f"{count} {what}" for what, count in sorted(counted.items()) if count)
        trusted = str(answer["trust"])
        lines = keep_worker_file(
            dossier, fetch, str(answer["lines_file"]), scratch / "lines",
            str(answer["lines_sha256"]),
        )  # fmt: skip
        kept = {k: v for k, v in answer.items() if k != "lines_file"} | {"lines": lines}
        return Check(
            check=check_id(asset),
            host=host,
            what=_words(asset),
            passed=bool(answer["sound"]),
            detail=f"{answer['items']} items compared ({trusted}): {counts or 'none'}"[:500],
            result_object=dossier.objects.put(canonical(kept)),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise SnapshotError(
            "answer-unreadable",
            f"What {host} says of its comparison of {asset.id} cannot be read: {error!r}",
            "Use the same version of Sluis everywhere.",
        ) from error


def _words(asset: Asset) -> str:
    return f"Every item of {asset.id} is in the new tenant, and equal."
