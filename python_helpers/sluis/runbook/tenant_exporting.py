"""Fetch every asset of one host that lies elsewhere, and record each pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sluis.errors import SnapshotError
from sluis.evidence.predicates import Export, Machine, Plan
from sluis.gate.fetched import freeze_in_force
from sluis.runbook.run import OpenDossier, Run, now
from sluis.runbook.snapshot_taking import Source, read_scope
from sluis.runbook.tenant_discovering import source_of
from sluis.runbook.tenant_settings import TenantSettings
from sluis.runbook.worker_file import Fetch, keep_worker_file
from sluis.scope.ends import by_end, end_of_source
from sluis.scope.model import Asset
from sluis.scope.moving import FromFolder, FromSftp, FromTenant, Origin
from sluis.tenant.tenant_manifest import ManifestLine, read_manifest

Call = Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]

#: what is left out of every export without making it less than whole: none of these is a
#: file in its newest state
_NO_FILES = frozenset(
    {
        "bytes of earlier versions",
        "earlier versions",
        "list attachments, definitions of hyperlink and location columns",
        "list fields",
        "permissions",
        "permissions of the library",
        "quota",
        "recycle bin",
        "recycle bin contents",
    }
)


@dataclass
class Fetched:
    """What was fetched, for the operator."""

    changed: bool = False
    lines: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


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
) -> Fetched:
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
            what changed (microsoft-graph-docs-contrib#8794).
        check_mode: say what would be done.

    Raises:
        SluisError: an asset cannot be fetched; passes before it are recorded already.
    """
    fetched = Fetched()
    for asset in by_end(read_scope(run).assets_on(worker.host)):
        if asset.origin is None:
            continue
        fetched.changed = True
        if check_mode:
            fetched.lines.append(f"{asset.id}: would be fetched from {asset.location}")
            continue
        began = now()
        answer = call(*_asked(dossier, asset, asset.origin, settings, last_pass))
        body = _record(dossier, worker, asset, answer, began, fetch, scratch)
        _tell(fetched, asset, body, answer)
    return fetched


def _asked(
    dossier: OpenDossier, asset: Asset, origin: Origin, settings: TenantSettings, last_pass: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The request and its secrets."""
    if isinstance(origin, FromTenant):
        request = _request(dossier, asset, origin, settings)
        request["export"]["policy"]["relist"] = last_pass
        return request, settings.secret(origin.tenant)
    return reading_request(asset, origin, settings)


def reading_request(
    asset: Asset, origin: FromSftp | FromFolder, settings: TenantSettings
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a worker is asked about a server or a folder, and the secrets for it."""
    kind = "sftp" if isinstance(origin, FromSftp) else "directory"
    source: dict[str, Any] = {
        "kind": kind, "id": asset.id, "name": asset.location, "location": origin.folder,
    }  # fmt: skip
    servers, secret = {}, {}
    if isinstance(origin, FromSftp):
        source["server"] = origin.server
        servers = {origin.server: settings.server(origin.server)}
        secret = settings.server_secret(origin.server)
    export = {
        "sources": [source], "servers": servers, "folder": f"{settings.exports}/{asset.id}",
    }  # fmt: skip
    return {"asset": asset.id, "export": export}, secret


def _request(
    dossier: OpenDossier, asset: Asset, origin: FromTenant, settings: TenantSettings
) -> dict[str, Any]:
    source = source_of(dossier, origin.tenant, origin.drive)
    known = {k: v for k, v in source.items() if v is not None}
    end = end_of_source(asset)
    ends = {known["id"]: end.isoformat()} if end is not None else {}
    counted = {"items": asset.items, "bytes": asset.size}
    return {
        "asset": asset.id,
        "export": {
            "account": settings.account(origin.tenant),
            "sources": [{**known, **{k: v for k, v in counted.items() if v is not None}}],
            "folder": f"{settings.exports}/{asset.id}",
            "policy": {"versions": origin.versions},
            "workers": settings.workers,
            "budget": settings.budget(origin.tenant),
            "ends": ends,
        },
    }


def _record(
    dossier: OpenDossier,
    worker: Source,
    asset: Asset,
    answer: Mapping[str, Any],
    began: datetime,
    fetch: Fetch,
    scratch: Path,
) -> Export:
    if not answer.get("complete"):
        raise _unfinished(asset, answer)
    try:
        (drive,) = answer["drives"]
        folder, manifest = str(drive["folder"]), str(drive["manifest"])
        beside = manifest.rsplit("/", 1)[0]
        local = scratch / "fetched"

        def keep(name: str, expected: str | None = None) -> str:
            return keep_worker_file(dossier, fetch, f"{folder}/{name}", local, expected)

        from_tenant = isinstance(asset.origin, FromTenant)
        manifest_object = keep(manifest, str(drive["manifest_sha256"]))
        late = _late(dossier, read_manifest(local))
        gaps = [(g["what"], f"{g['what']}: {g['subject']}: {g['why']}") for g in drive["gaps"]]
        body = Export(
            asset=asset.id,
            origin=asset.origin.model_dump(mode="json") if asset.origin else {},
            machine=Machine(host=worker.host, target=worker.target),
            pass_number=int(drive["seen_in_pass"]),
            started_at=began,
            finished_at=now(),
            items=int(drive["files"]),
            bytes=int(drive["bytes"]),
            complete=True,
            checks={str(k): int(v) for k, v in drive["checks"].items()},
            not_had=_not_had(drive["could_not"]),
            unseen=tuple(said for what, said in gaps if what not in _NO_FILES),
            left_out=tuple(said for what, said in gaps if what in _NO_FILES),
            manifest_object=manifest_object,
            changes_object=keep(f"{beside}/changes.json"),
            recycle_bin_object=keep(f"{beside}/recycle_bin.json") if from_tenant else None,
            forecast=dict(answer.get("plan") or {}),
            spent=dict(answer.get("used") or {}),
            warnings=(*late, *_warnings(drive)),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise SnapshotError(
            "answer-unreadable",
            f"What {worker.host} says of its export of {asset.id} cannot be read: {error!r}",
            "Use the same version of Sluis everywhere.",
        ) from error
    dossier.ledger.append(body, key=dossier.key, now=now())
    return body


def _not_had(could_not: Any) -> int:
    """How much could not be had: a drive names all of it, a server counts and names the first."""
    return could_not if isinstance(could_not, int) else len(could_not)


def _warnings(drive: Mapping[str, Any]) -> tuple[str, ...]:
    """What happened on the way, such as a file that somebody changed here; what was not had."""
    named = drive.get("could_not_named", drive["could_not"])[:200]
    happened = [str(note) for note in (drive.get("notes") or ())[:50]]
    not_had = [f"{one['path']}: {one['why']}" for one in named]
    return tuple(said[:500] for said in (*happened, *not_had))


def _late(dossier: OpenDossier, lines: Iterable[ManifestLine]) -> tuple[str, ...]:
    """Who wrote after the freeze, as far as the items themselves say. They go over all the same."""
    view = dossier.ledger.read(now())
    plan = view.latest(Plan)
    frozen = freeze_in_force(view, plan.body.scope_object) if plan else None
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
    more = (f"{len(found) - 100} more files were written after the freeze",)
    return tuple(one[:500] for one in found[:100]) + (more if len(found) > 100 else ())


def _after(time_said: str | None, moment: datetime) -> bool:
    try:
        said = datetime.fromisoformat(time_said or "")
        return said >= moment
    except (ValueError, TypeError):
        return False


def _unfinished(asset: Asset, answer: Mapping[str, Any]) -> SnapshotError:
    failed = answer.get("failed") or [{}]
    error = failed[0].get("error") or {}
    return SnapshotError(
        str(error.get("code") or "export-unfinished"),
        f"{asset.id} was not fetched to its end. {error.get('what', '')}".strip(),
        str(error.get("remedy") or "Run this again; it goes on where it stopped."),
    )


def _tell(fetched: Fetched, asset: Asset, body: Export, answer: Mapping[str, Any]) -> None:
    counted = ", ".join(f"{count} {name}" for name, count in sorted(body.checks.items()))
    fetched.lines.append(
        f"{asset.id}: pass {body.pass_number}: {body.items:,} files, {body.bytes:,} bytes"
        + (f" ({counted})" if counted else "")
    )
    for row in answer.get("beside") or ():
        planned, actual = (_figure(row["what"], row[name]) for name in ("planned", "actual"))
        fetched.lines.append(f"{asset.id}: {row['what']}: planned {planned}, used {actual}")
    for kind, count in sorted((answer["drives"][0].get("changes") or {}).items()):
        if count:
            fetched.warnings.append(f"{asset.id}: {kind} since the pass before: {count}")
    if body.not_had:
        fetched.warnings.append(f"{asset.id}: {body.not_had} items could not be had")
    fetched.warnings += [f"{asset.id}: {line}" for line in body.warnings[:20]]
    fetched.warnings += [f"{asset.id}: {line}" for line in (*body.unseen, *body.left_out)]


def _figure(what: str, value: float) -> str:
    return f"{value:.2f}" if what == "hours" else f"{int(value):,}"
