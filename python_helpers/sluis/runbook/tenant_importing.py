"""Put a host's assets into the tenants that the scope names, from their proven exports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sluis.border.moving import Moving, NameRules, Policy
from sluis.border.tenant import Target, TenantSecrets
from sluis.border.verbs.tenant_import import Answer
from sluis.counted import counted, plural
from sluis.errors import InputError, RefusedError
from sluis.evidence.predicates import Export
from sluis.runbook.run import OpenDossier, Run, now
from sluis.runbook.snapshot_taking import read_scope
from sluis.runbook.tenant_settings import TenantSettings
from sluis.runbook.tenant_steps import into_of
from sluis.scope.model import Asset, ScopeDocument
from sluis.scope.moving import FromTenant, Into

Call = Callable[[Moving, TenantSecrets], Answer]

#: the folder for what was removed at the source, in the client's language
_ASIDE = {"nl": "Verwijderd bij de bron", "en": "Removed at the source"}
#: what is counted, of one
_ONE = {
    "folder dates": "folder date",
    "folders made": "folder made",
    "folders used": "folder used",
    "rights given": "right given",
}


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
    done = Imported(
        changed=bool(
            answer.bytes_sent or answer.counts.get("sent") or answer.counts.get("folders made")
        ),
        whole=answer.outcome == "done",
    )
    said = ", ".join(
        f"{count} {plural(count, _ONE.get(what, what), what)}"
        for what, count in sorted(answer.counts.items())
    )
    done.lines.append(f"{asset.id}: {answer.outcome}: {said or 'nothing to send'}")
    done.lines += [
        f"{asset.id}: {item.path}: {item.what} {item.remedy} [{item.code}]"
        for item in answer.reasons
    ]
    more = answer.reasons_in_all - len(answer.reasons)
    if more > 0:
        done.lines.append(
            f"{asset.id}: {counted(more, 'more reason is', 'more reasons are')} not named here"
        )
    done.warnings += [
        f"{asset.id}: stays behind, as signed: {item.path}: {item.code}"
        for item in answer.left_out[:50]
    ]
    if answer.renamed_in_all:
        done.warnings.append(
            f"{asset.id}: {counted(answer.renamed_in_all, 'name was', 'names were')} changed"
        )
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
) -> Moving:
    """What the worker is asked, for an import and for the comparison after it.

    The manifest is named by its digest, so that no other one can be used.

    Raises:
        InputError: ``no-such-tenant``, ``bad-setting``.
    """
    return Moving(
        change=scope.change,
        asset=asset.id,
        account=settings.account(into.tenant),
        budget=settings.budget(into.tenant),
        workers=settings.workers,
        folder=f"{settings.exports}/{asset.id}",
        source_id=source_id(asset),
        manifest_sha256=export.manifest_object,
        pass_number=export.pass_number,
        target=Target(into.drive, into.folder or ""),
        policy=policy_of(scope, into),
        trust=into.check,
    )


def source_id(asset: Asset) -> str:
    """Under which name the worker keeps what it fetched of an asset."""
    return asset.origin.drive if isinstance(asset.origin, FromTenant) else asset.id


def policy_of(scope: ScopeDocument, into: Into) -> Policy:
    """The signed rules, as ``tenant.import_policy`` takes them."""
    names = into.names
    return Policy(
        names=NameRules(
            characters="replace" if names.characters else "refuse",
            replacement=names.characters or "_",
            reserved="suffix" if names.reserved else "refuse",
            suffix=names.reserved or "_",
            long="shorten" if names.shorten else "refuse",
            clash="suffix" if names.tell_apart else "refuse",
        ),
        users={person.was: person.becomes for person in scope.people},
        conflicts=into.conflicts,
        leave_out=into.leave_out,
        permissions=into.rights,
        gone=into.gone,
        aside=_ASIDE[scope.language],
    )


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
