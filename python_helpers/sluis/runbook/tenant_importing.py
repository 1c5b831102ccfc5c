"""Put a host's assets into the tenants that the scope names, from their proven exports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sluis.errors import InputError, RefusedError, SnapshotError
from sluis.evidence.predicates import Export
from sluis.runbook.run import OpenDossier, Run, now
from sluis.runbook.snapshot_taking import read_scope
from sluis.runbook.tenant_settings import TenantSettings
from sluis.runbook.tenant_steps import into_of
from sluis.scope.model import Asset, ScopeDocument
from sluis.scope.moving import FromTenant, Into

Call = Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]

#: the folder for what was removed at the source, in the client's language
_ASIDE = {"nl": "Verwijderd bij de bron", "en": "Removed at the source"}


@dataclass
class Imported:
    """What came of one asset, for the operator."""

    changed: bool = False
    whole: bool = False
    lines: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def import_asset(
    run: Run,
    dossier: OpenDossier,
    asset_id: str,
    host: str,
    settings: TenantSettings,
    call: Call,
) -> Imported:
    """Send what the newest export of an asset holds.

    The gate has let this step through, so that export has a proven snapshot.

    Raises:
        InputError: ``not-on-this-host``.
        RefusedError: ``no-export``, ``fetched-by-another-worker``.
        SluisError: it could not be sent.
    """
    scope = read_scope(run)
    asset, into = _found(scope, asset_id, host)
    export = newest_export(dossier, asset)
    answer = call(
        import_request(scope, asset, into, export, settings), settings.secret(into.tenant)
    )
    try:
        outcome, counts = str(answer["outcome"]), dict(answer["counts"])
        done = Imported(
            changed=bool(answer["bytes_sent"] or counts.get("sent") or counts.get("folders made")),
            whole=outcome == "done",
        )
        said = ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))
        done.lines.append(f"{asset.id}: {outcome}: {said or 'nothing to send'}")
        done.lines += [
            f"{asset.id}: {item['path']}: {item['what']} {item['remedy']} [{item['code']}]"
            for item in answer["reasons"]
        ]
        done.warnings += [
            f"{asset.id}: stays behind, as signed: {item['path']}: {item['code']}"
            for item in answer["left_out"][:50]
        ]
        if answer["renamed"]:
            done.warnings.append(f"{asset.id}: {len(answer['renamed'])} names were changed")
    except (KeyError, TypeError, ValueError) as error:
        raise SnapshotError(
            "answer-unreadable",
            f"What {host} says of its import of {asset.id} cannot be read: {error!r}",
            "Use the same version of Sluis everywhere.",
        ) from error
    return done


def newest_export(dossier: OpenDossier, asset: Asset) -> Export:
    """The newest pass over an asset, by the worker that is to go on with it.

    Raises:
        RefusedError: ``no-export``, ``fetched-by-another-worker``.
    """
    found = dossier.ledger.read(now()).latest(Export, lambda item: item.body.asset == asset.id)
    if found is None:
        raise RefusedError(
            "no-export", f"{asset.id} was never fetched from where it is.", "Run prepare."
        )
    if found.body.machine.host != asset.host:
        raise RefusedError(
            "fetched-by-another-worker",
            f"{asset.id} was fetched by {found.body.machine.host}; {asset.host} has none of it.",
            "Run prepare again; it is then fetched anew there.",
        )
    return found.body


def import_request(
    scope: ScopeDocument, asset: Asset, into: Into, export: Export, settings: TenantSettings
) -> dict[str, Any]:
    """What the worker is asked, for an import and for the comparison after it.

    The manifest is named by its digest, so that no other one can be used.
    """
    return {
        "asset": asset.id,
        "account": settings.account(into.tenant),
        "budget": settings.budget(into.tenant),
        "workers": settings.workers,
        "folder": f"{settings.exports}/{asset.id}",
        "source_id": source_id(asset),
        "manifest_sha256": export.manifest_object,
        "pass": export.pass_number,
        "target": {"drive_id": into.drive, "folder": into.folder or ""},
        "policy": policy_of(scope, into),
        "trust": into.check,
    }


def source_id(asset: Asset) -> str:
    """Under which name the worker keeps what it fetched of an asset."""
    return asset.origin.drive if isinstance(asset.origin, FromTenant) else asset.id


def policy_of(scope: ScopeDocument, into: Into) -> dict[str, Any]:
    """The signed rules, as ``tenant.import_policy`` takes them."""
    names = into.names
    return {
        "names": {
            "characters": "replace" if names.characters else "refuse",
            "replacement": names.characters or "_",
            "reserved": "suffix" if names.reserved else "refuse",
            "suffix": names.reserved or "_",
            "long": "shorten" if names.shorten else "refuse",
            "clash": "suffix" if names.tell_apart else "refuse",
        },
        "users": {person.was: person.becomes for person in scope.people},
        "conflicts": into.conflicts,
        "leave_out": list(into.leave_out),
        "permissions": into.rights,
        "gone": into.gone,
        "aside": _ASIDE[scope.language],
    }


def _found(scope: ScopeDocument, asset_id: str, host: str) -> tuple[Asset, Into]:
    asset = scope.asset(asset_id)
    into = into_of(asset) if asset is not None else None
    if asset is None or into is None or asset.host != host:
        raise InputError(
            "not-on-this-host",
            f"The scope has no asset {asset_id[:80]!r} that {host} puts into another tenant.",
            "Correct the scope, and prepare again.",
        )
    return asset, into
