"""See before the client signs what would stand in the way of a move. Nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sluis.errors import SnapshotError
from sluis.evidence.predicates import Reason, Refusal
from sluis.runbook.run import OpenDossier, Run, now
from sluis.runbook.snapshot_taking import read_scope
from sluis.runbook.tenant_importing import import_request, newest_export
from sluis.runbook.tenant_settings import TenantSettings
from sluis.runbook.tenant_steps import going_from, into_of

Call = Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]
#: how many names are told of each kind
_NAMED = 20


@dataclass
class Ahead:
    """What would happen, for the operator; ``refused`` is what would stop it."""

    lines: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    refused: list[Reason] = field(default_factory=list)


def look_ahead(
    run: Run, dossier: OpenDossier, host: str, settings: TenantSettings, call: Call
) -> Ahead:
    """Decide about every item of a host's assets as the import will, and stop at that.

    What would stop the import stops prepare, so that nobody signs for what cannot be done.

    Args:
        run: the current run.
        dossier: where a refusal is recorded.
        host: the worker.
        settings: accounts and secrets.
        call: runs ``reconcile_asset`` there.

    Raises:
        SluisError: an asset was not fetched, or its target cannot be looked at.
    """
    ahead = Ahead()
    scope = read_scope(run)
    for asset in going_from(run, host):
        into = into_of(asset)
        assert into is not None  # noqa: S101  going_from gives no other
        request = import_request(scope, asset, into, newest_export(dossier, asset), settings)
        answer = call({**request, "ahead": True}, settings.secret(into.tenant))
        try:
            tell(ahead, asset.id, answer)
        except (KeyError, TypeError, ValueError) as error:
            raise SnapshotError(
                "answer-unreadable",
                f"What {host} says of the way for {asset.id} cannot be read: {error!r}",
                "Use the same version of Sluis everywhere.",
            ) from error
    if ahead.refused:
        body = Refusal(hosts=(host,), reasons=tuple(ahead.refused))
        dossier.ledger.append(body, key=dossier.key, now=now())
    return ahead


def tell(ahead: Ahead, asset: str, answer: Mapping[str, Any]) -> None:
    """Add what one asset's import would do.

    Args:
        ahead: what is added to.
        asset: its id.
        answer: what ``tenant.run_import.plan`` returned.
    """
    ahead.lines.append(
        f"{asset}: {answer['to_send']} of {answer['files']} files to send, "
        f"{answer['bytes_to_send']:,} bytes; {len(answer['renamed'])} names change, "
        f"{len(answer['left_out'])} items stay behind"
    )
    ahead.warnings += [
        f"{asset}: {one['path']} becomes {one['target']}" for one in answer["renamed"][:_NAMED]
    ]
    ahead.warnings += [
        f"{asset}: stays behind: {one['path']}: {one['why']}" for one in answer["left_out"][:_NAMED]
    ]
    for one in answer["refusals"]:
        named = list(_examples(str(one["code"]), answer))[:5]
        which = f" Among them: {'; '.join(named)}." if named else ""
        ahead.refused.append(
            Reason(
                code=str(one["code"]),
                about=asset,
                sentence=f"{asset}: {one['what']}{which}"[:2000],
                remedy=str(one["remedy"]),
            )
        )


def _examples(code: str, answer: Mapping[str, Any]) -> Iterator[str]:
    if code == "conflicts":
        yield from (f"{one['path']} ({one['why']})" for one in answer["conflicts"])
    elif code == "unmapped-principal":
        yield from (f"{one['name']} ({one['key']})" for one in answer["unmapped"])
    elif code == "narrower-rights":
        yield from answer["may_be_narrower"]
    else:
        yield from (one["path"] for one in answer["left_out"] if one["code"] == code)
