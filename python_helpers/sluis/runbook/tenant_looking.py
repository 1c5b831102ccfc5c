"""See what would stand in the way of a move, and record what does not go over.

Before the client signs, and once more when the last pass was made: what the client did not read
must not stay behind. In the new tenant nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sluis.border.moving import Moving
from sluis.border.strict_json import WrongError
from sluis.border.tenant import TenantSecrets
from sluis.border.verb import refused
from sluis.border.verbs.tenant_reconcile import TENANT_RECONCILE, Answer, Request
from sluis.border.verbs.tenant_reconcile import Ahead as Answered
from sluis.counted import counted
from sluis.evidence.predicates import Export, Reason, Refusal
from sluis.runbook.fetched_too_little import said_of_counts
from sluis.runbook.run import OpenDossier, Run, now
from sluis.runbook.snapshot_taking import read_scope
from sluis.runbook.stays_noted import note_what_stays
from sluis.runbook.tenant_importing import import_request, newest_export
from sluis.runbook.tenant_settings import TenantSettings
from sluis.runbook.tenant_steps import going_from, into_of
from sluis.runbook.worker_file import Fetch, bring_worker_file
from sluis.scope.model import Asset
from sluis.tenant.import_policy import remedy_for

Call = Callable[[Request, TenantSecrets], Answer]
#: how many names are told of each kind
_NAMED = 20


@dataclass
class Ahead:
    """What would happen, for the operator; ``refused`` is what would stop it."""

    lines: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    refused: list[Reason] = field(default_factory=list)


def look_ahead(
    run: Run,
    dossier: OpenDossier,
    host: str,
    settings: TenantSettings,
    call: Call,
    fetch: Fetch,
    scratch: Path,
) -> Ahead:
    """Decide about every item of a host's assets as the import will, and stop at that.

    What would stop the import stops prepare, so that nobody signs for what cannot be done.

    Args:
        run: the current run.
        dossier: where a refusal is recorded, and what does not go over.
        host: the worker.
        settings: accounts and secrets.
        call: runs ``reconcile_asset`` there.
        fetch: brings the list of what does not go over from there.
        scratch: a private folder on the controller.

    Raises:
        SluisError: an asset was not fetched, or its target cannot be looked at.
    """
    ahead = Ahead()
    scope = read_scope(run)
    for asset in going_from(run, host):
        into = into_of(asset)
        assert into is not None  # noqa: S101  going_from gives no other
        export = newest_export(dossier, asset)
        moving = import_request(scope, asset, into, export, settings)
        answer = call(Request(moving, ahead=True), settings.secret(into.tenant)).found
        if not isinstance(answer, Answered):
            wrong = WrongError("is a comparison, and a look ahead was asked for", ("found",))
            raise refused("bad-answer", host, TENANT_RECONCILE.name, wrong)
        remote = f"{moving.work()}/behind.gz"
        local = scratch / "behind.gz"
        bring_worker_file(fetch, remote, local, answer.behind_sha256)
        there = answer.earlier_in_all > 0
        listed = note_what_stays(dossier, asset, local, answer.behind_in_all, earlier=there)
        tell(ahead, asset.id, answer)
        ahead.lines += said_of_earlier(moving, answer)
        ahead.lines += said_of_counts(asset, export, listed)
    for asset in scope.assets_on(host):
        if asset.is_exported and into_of(asset) is None:
            listed = note_what_stays(dossier, asset)
            ahead.lines += said_of_counts(asset, _newest(dossier, asset), listed)
    if ahead.refused:
        body = Refusal(hosts=(host,), reasons=tuple(ahead.refused))
        dossier.ledger.append(body, key=dossier.key, now=now())
    return ahead


def _newest(dossier: OpenDossier, asset: Asset) -> Export:
    """The pass that was noted just now, whichever worker made it."""
    found = dossier.ledger.read(now()).latest(Export, lambda item: item.body.asset == asset.id)
    assert found is not None  # noqa: S101  what was not fetched has no list
    return found.body


def _and_rights(lines: int) -> str:
    """What the list names besides items that stay behind: of those that go, who may reach them."""
    if not lines:
        return ""
    return (
        f", and of who may reach what goes, {counted(lines, 'thing is', 'things are')} not as now"
    )


def said_of_earlier(moving: Moving, answer: Answered) -> Iterator[str]:
    """What other imports of the same asset left in the new tenant, and what becomes of it.

    Args:
        moving: what was asked, of this import.
        answer: what the worker said of it.
    """
    for one in answer.earlier:
        whose = f"change {one.change}" if one.change else "an earlier import"
        if one.target is None:
            yield (
                f"{moving.asset}: what was kept of an earlier import cannot be read; it may have "
                "put files into the new tenant, which stay there"
            )
            continue
        files = counted(one.files, "file")
        if one.begun:
            files += f", and perhaps {one.begun} more,"
        single = (one.files, one.begun) == (1, 0)
        is_or_are, stay = ("is", "stays") if single else ("are", "stay")
        if one.target == moving.target:
            yield (
                f"{moving.asset}: {files} of {whose} {is_or_are} in the same place; this change "
                "did not put them there and overwrites none. What would take their place is "
                f"decided by conflicts in the scope ({moving.policy.conflicts})"
            )
            continue
        folder = f"the folder {one.target.folder}" if one.target.folder else "the top"
        other = "" if one.target.drive_id == moving.target.drive_id else (
            f" of another drive ({one.target.drive_id})"
        )  # fmt: skip
        yield (
            f"{moving.asset}: {files} of {whose} {is_or_are} in {folder}{other} and {stay} there: "
            "nothing there is brought up to date, compared or removed. Tell the client, and "
            "remove them when nobody needs them"
        )
    if (more := answer.earlier_in_all - len(answer.earlier)) > 0:
        yield f"{moving.asset}: {counted(more, 'earlier import')} more"


def tell(ahead: Ahead, asset: str, answer: Answered) -> None:
    """Add what one asset's import would do.

    Args:
        ahead: what is added to.
        asset: its id.
        answer: what the worker said of it.
    """
    ahead.lines.append(
        f"{asset}: {answer.to_send:,} of {counted(answer.files, 'file')} to send, "
        f"{counted(answer.bytes_to_send, 'byte')}; "
        f"{counted(answer.renamed_in_all, 'name changes', 'names change')}; "
        f"{counted(answer.left_out_in_all, 'file or folder stays', 'files or folders stay')} behind"
        f"{_and_rights(answer.behind_in_all - answer.left_out_in_all)}"
    )
    ahead.warnings += [
        f"{asset}: {one.path} becomes {one.target}" for one in answer.renamed[:_NAMED]
    ]
    # as lines: what is a warning of Ansible's stands in its log only
    ahead.lines += [
        f"{asset}: stays behind: {one.path}: {one.why}" for one in answer.left_out[:_NAMED]
    ]
    if (more := answer.left_out_in_all - _NAMED) > 0:
        ahead.lines.append(f"{asset}: stays behind: {more} more")
    for one in answer.refusals:
        which = f" Among them: {'; '.join(one.examples)}." if one.examples else ""
        ahead.refused.append(
            Reason(
                code=one.code,
                about=asset,
                sentence=f"{asset}: {one.what}{which}"[:2000],
                remedy=remedy_for(one.code),
            )
        )
