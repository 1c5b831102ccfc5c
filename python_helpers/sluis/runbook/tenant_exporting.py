"""Fetch every asset of one host that lies elsewhere, and record each pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from sluis.border import codec
from sluis.border.tenant import TenantSecrets
from sluis.border.verb import Failure
from sluis.border.verbs.tenant_export import (
    TENANT_EXPORT,
    Answer,
    OfFolder,
    OfServer,
    OfTenant,
    Pass,
    Request,
)
from sluis.counted import counted
from sluis.errors import SluisError
from sluis.evidence.predicates import Export, Freeze, Machine, Plan
from sluis.evidence.statements import Statement
from sluis.gate.fetched import freeze_in_force
from sluis.runbook.done import Done
from sluis.runbook.host_errors import host_error
from sluis.runbook.run import OpenDossier, Run, now
from sluis.runbook.snapshot_taking import Source, read_scope
from sluis.runbook.tenant_discovering import source_of
from sluis.runbook.tenant_importing import source_id
from sluis.runbook.tenant_settings import TenantSettings
from sluis.runbook.worker_file import Fetch, keep_worker_file
from sluis.scope.ends import by_end, end_of_source
from sluis.scope.model import Asset
from sluis.scope.moving import FromFolder, FromSftp, FromTenant, Origin
from sluis.tenant.stored_names import safe_name
from sluis.tenant.tenant_manifest import SEALED, UNCOUNTED, ManifestLine, read_manifest

Call = Callable[[Request, TenantSecrets], Answer]

#: what is left out of every export without making it less than whole: none of these is a
#: file in its newest state
NO_FILES = frozenset(
    {
        "bytes of earlier versions",
        "earlier versions",
        "earlier versions of another length",
        SEALED,
        # each was listed in two ways; without full control another gap says what that means
        UNCOUNTED,
        "list attachments, definitions of hyperlink and location columns",
        "list fields",
        "permissions",
        "permissions of an item",
        "permissions of the library",
        "quota",
        "recycle bin",
        "recycle bin contents",
    }
)


def export_assets(
    run: Run,
    dossier: OpenDossier,
    worker: Source,
    settings: TenantSettings,
    call: Call,
    fetch: Fetch,
    scratch: Path,
    *,
    last_pass: bool = False,
    check_mode: bool = False,
) -> Done:
    """Make a pass over each asset that this host fetches.

    Args:
        run: the current run.
        dossier: where each pass is recorded.
        worker: the host.
        settings: accounts and secrets.
        call: runs ``export_asset`` there.
        fetch: brings manifests from there.
        scratch: a private folder on the controller.
        last_pass: list every drive anew, since some deletions are never told to who only asks
            what changed (microsoft-graph-docs-contrib#8794); and read every file of a server or
            a folder anew, since an edit can leave size and time as they were.
        check_mode: say what would be done.

    Raises:
        SluisError: an asset cannot be fetched; passes before it are recorded already.
    """
    fetched = Done()
    for asset in by_end(read_scope(run).assets_on(worker.host)):
        if asset.origin is None:
            continue
        fetched.changed = True
        if check_mode:
            fetched.lines.append(f"{asset.id}: would be fetched from {asset.location}")
            continue
        began = now()
        answer = call(*_asked(dossier, asset, asset.origin, settings, last_pass))
        if answer.done is None:
            raise _unfinished(asset, answer, worker.host)
        body = _record(dossier, worker, asset, settings, answer, answer.done, began, fetch, scratch)
        _tell(fetched, asset, body, answer)
    return fetched


def _asked(
    dossier: OpenDossier, asset: Asset, origin: Origin, settings: TenantSettings, last_pass: bool
) -> tuple[Request, TenantSecrets]:
    """The request and its secrets."""
    if isinstance(origin, FromTenant):
        request = _request(dossier, asset, origin, settings, last_pass)
        return request, settings.secret(origin.tenant)
    return reading_request(
        asset, origin, settings, last_pass=last_pass, frozen=_frozen(dossier, last_pass)
    )


def reading_request(
    asset: Asset,
    origin: FromSftp | FromFolder,
    settings: TenantSettings,
    *,
    last_pass: bool = False,
    frozen: str | None = None,
) -> tuple[Request, TenantSecrets]:
    """What a worker is asked about a server or a folder, and the secrets for it.

    Raises:
        InputError: ``no-such-server``, ``bad-setting``.
    """
    place: OfServer | OfFolder = OfFolder("directory", origin.folder, last_pass, frozen)
    secrets = TenantSecrets()
    if isinstance(origin, FromSftp):
        login = settings.server(origin.server)
        place = OfServer("sftp", origin.server, login, origin.folder, last_pass, frozen)
        secrets = settings.server_secret(origin.server)
    folder = f"{settings.exports}/{asset.id}"
    return Request(asset.id, asset.location, folder, place), secrets


def _request(
    dossier: OpenDossier,
    asset: Asset,
    origin: FromTenant,
    settings: TenantSettings,
    last_pass: bool,
) -> Request:
    known = source_of(dossier, origin.tenant, origin.drive)
    end = end_of_source(asset)
    return Request(
        asset=asset.id,
        name=known.name,
        folder=f"{settings.exports}/{asset.id}",
        origin=OfTenant(
            kind="drive",
            account=settings.account(origin.tenant),
            drive=replace(known, items=asset.items, bytes=asset.size),
            budget=settings.budget(origin.tenant),
            workers=settings.workers,
            versions=origin.versions,
            relist=last_pass,
            frozen=_frozen(dossier, last_pass),
            ends=None if end is None else end.isoformat(),
        ),
    )


def _record(
    dossier: OpenDossier,
    worker: Source,
    asset: Asset,
    settings: TenantSettings,
    answer: Answer,
    done: Pass,
    began: datetime,
    fetch: Fetch,
    scratch: Path,
) -> Export:
    # where we had it put: a path that the worker says could be anything
    number, source = done.seen_in_pass, safe_name(source_id(asset))
    beside = f"{settings.exports}/{asset.id}/{source}/passes/{number:04d}"
    local = scratch / "fetched"

    def keep(name: str, expected: str | None = None) -> str:
        return keep_worker_file(dossier, fetch, f"{beside}/{name}", local, expected)

    manifest_object = keep("manifest.gz", done.manifest_sha256)
    late = _late(dossier, read_manifest(local))
    gaps = [(gap.what, f"{gap.what}: {gap.subject}: {gap.why}") for gap in done.gaps]
    from_tenant = isinstance(asset.origin, FromTenant)
    body = Export(
        asset=asset.id,
        origin=asset.origin.model_dump(mode="json") if asset.origin else {},
        machine=Machine(host=worker.host, target=worker.target),
        pass_number=number,
        started_at=begun_at(done, began),
        finished_at=now(),
        items=done.files,
        bytes=done.bytes,
        complete=True,
        checks=dict(done.checks),
        not_had=done.not_had,
        unseen=tuple(said for what, said in gaps if what not in NO_FILES),
        left_out=tuple(said for what, said in gaps if what in NO_FILES),
        manifest_object=manifest_object,
        changes_object=keep("changes.json"),
        recycle_bin_object=keep("recycle_bin.json") if from_tenant else None,
        forecast={} if answer.plan is None else codec.dump(answer.plan),
        spent={} if answer.used is None else codec.dump(answer.used),
        warnings=(*late, *_warnings(done)),
    )
    dossier.ledger.append(body, key=dossier.key, now=now())
    return body


def _warnings(done: Pass) -> tuple[str, ...]:
    """What happened on the way, such as a file that somebody changed here; what was not had."""
    not_had = [f"{one.path}: {one.why}" for one in done.not_had_named[:200]]
    return tuple(said[:500] for said in (*done.notes[:50], *not_had))


def begun_at(done: Pass, asked: datetime) -> datetime:
    """When a pass was begun: a run before this one may have listed and fetched for it already."""
    return asked if done.begun is None else min(asked, datetime.fromisoformat(done.begun))


def _freeze(dossier: OpenDossier) -> Statement[Freeze] | None:
    view = dossier.ledger.read(now())
    plan = view.latest(Plan)
    return freeze_in_force(view, plan.body.scope_object) if plan else None


def _frozen(dossier: OpenDossier, last_pass: bool) -> str | None:
    """Since when nobody writes in the old place, for a last pass."""
    freeze = _freeze(dossier) if last_pass else None
    return None if freeze is None else freeze.body.since.isoformat()


def _late(dossier: OpenDossier, lines: Iterable[ManifestLine]) -> tuple[str, ...]:
    """Who wrote after the freeze, as far as the items themselves say. They go over all the same."""
    frozen = _freeze(dossier)
    if frozen is None:
        return ()
    # SharePoint keeps whole seconds; better told too much
    since = frozen.body.since.replace(microsecond=0)
    found = [
        f"{line.path}: written after the freeze, at {line.modified}"
        + (f" by {line.modified_by}" if line.modified_by else "")
        for line in lines
        if line.type == "file" and _after(line.modified, since)
    ]
    more = (
        f"{counted(len(found) - 100, 'more file was', 'more files were')} written after the freeze",
    )
    return tuple(one[:500] for one in found[:100]) + (more if len(found) > 100 else ())


def _after(time_said: str | None, moment: datetime) -> bool:
    try:
        said = datetime.fromisoformat(time_said or "")
        return said >= moment
    except (ValueError, TypeError):
        return False


def _unfinished(asset: Asset, answer: Answer, host: str) -> SluisError:
    failed = answer.failed
    if failed is None:
        raise AssertionError("an answer has a pass or a failure")
    failure = Failure(
        family="SnapshotError",
        code=failed.code,
        what=f"{asset.id} was not fetched to its end. {failed.what}".strip(),
        remedy=failed.remedy,
    )
    return host_error(failure, host=host, module=TENANT_EXPORT.name)


def _tell(fetched: Done, asset: Asset, body: Export, answer: Answer) -> None:
    checks = ", ".join(f"{count} {name}" for name, count in sorted(body.checks.items()))
    fetched.lines.append(
        f"{asset.id}: pass {body.pass_number}: {counted(body.items, 'file')}, "
        f"{counted(body.bytes, 'byte')}" + (f" ({checks})" if checks else "")
    )
    for row in answer.beside:
        planned, actual = _figure(row.what, row.planned), _figure(row.what, row.actual)
        fetched.lines.append(f"{asset.id}: {row.what}: planned {planned}, used {actual}")
    for kind, count in sorted(answer.done.changes.items() if answer.done else ()):
        if count:
            fetched.warnings.append(f"{asset.id}: {kind} since the pass before: {count}")
    if body.not_had:
        fetched.warnings.append(f"{asset.id}: {counted(body.not_had, 'item')} could not be had")
    fetched.warnings += [f"{asset.id}: {line}" for line in body.warnings[:20]]
    fetched.warnings += [f"{asset.id}: {line}" for line in (*body.unseen, *body.left_out)]


def _figure(what: str, value: float) -> str:
    return f"{value:.2f}" if what == "hours" else f"{int(value):,}"
