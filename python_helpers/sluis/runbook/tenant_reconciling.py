"""Compare every item in the new tenant with its manifest; the result is a check in the ledger."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sluis.errors import SluisError, SnapshotError
from sluis.evidence.canonical import canonical
from sluis.evidence.predicates import Check
from sluis.plan.model import PlannedCheck
from sluis.runbook.planning import note_check
from sluis.runbook.run import OpenDossier, Run, now
from sluis.runbook.snapshot_taking import read_scope
from sluis.runbook.tenant_importing import going_from, import_request, into_of, newest_export
from sluis.runbook.tenant_settings import TenantSettings
from sluis.scope.model import Asset

Call = Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]
Fetch = Callable[[str, Path], None]


@dataclass
class Compared:
    """What came of a host's assets, for the operator."""

    whole: bool = True
    lines: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def plan_comparisons(run: Run, host: str) -> list[str]:
    """Put one comparison for each asset into the plan; their ids."""
    planned = []
    for asset, _ in going_from(run, host):
        note_check(run, PlannedCheck(check=_check_id(asset), host=host, what=_words(asset)))
        planned.append(_check_id(asset))
    return planned


def reconcile_assets(
    run: Run,
    dossier: OpenDossier,
    host: str,
    settings: TenantSettings,
    call: Call,
    fetch: Fetch,
    scratch: Path,
) -> Compared:
    """Compare each asset that this host put somewhere, and record what was found.

    What could not be compared is recorded as "not made", which no hand-over accepts.

    Raises:
        SluisError: the ledger cannot be read or written.
    """
    compared = Compared()
    scope = read_scope(run)
    for asset, _ in going_from(run, host):
        into = into_of(asset)
        assert into is not None  # noqa: S101  going_from gives no other
        result: dict[str, Any] | None = None
        try:
            export = newest_export(dossier, asset)
            request = import_request(scope, asset, into, export, settings)
            answer = call(request, settings.secret(into.tenant))
            body = _found(dossier, asset, host, answer, fetch, scratch)
            result = answer
        except SluisError as error:
            body = Check(
                check=_check_id(asset), host=host, what=_words(asset), passed=None,
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
        counts = ", ".join(f"{count} {what}" for what, count in sorted(answer["counts"].items()))
        trusted = str(answer["trust"])
        local = scratch / "lines"
        local.unlink(missing_ok=True)
        fetch(str(answer["lines_file"]), local)
        with local.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != answer["lines_sha256"]:
            raise SnapshotError(
                "lines-altered",
                "The list of compared items is not the one that the worker wrote.",
                "Find out who writes there, and compare again.",
            )
        lines = dossier.objects.put_file(local)
        kept = {k: v for k, v in answer.items() if k != "lines_file"} | {"lines": lines}
        return Check(
            check=_check_id(asset),
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


def _check_id(asset: Asset) -> str:
    return f"reconcile-{asset.id}"


def _words(asset: Asset) -> str:
    return f"Every item of {asset.id} is in the new tenant, and equal."
