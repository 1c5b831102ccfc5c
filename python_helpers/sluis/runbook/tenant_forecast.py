"""How long the sources of one worker take to fetch, beside the day each ends (B5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sluis.border.tenant import TenantSecrets
from sluis.border.verbs.tenant_forecast import Answer, Request
from sluis.counted import counted
from sluis.errors import SluisError
from sluis.evidence.ledger import View
from sluis.evidence.predicates import Discovery, Export, Forecast, Machine, SourceEnd
from sluis.graph import cost
from sluis.runbook.run import OpenDossier, Run, now
from sluis.runbook.snapshot_taking import Source, read_scope
from sluis.runbook.tenant_exporting import reading_request
from sluis.runbook.tenant_settings import TenantSettings
from sluis.scope.division import workers_from
from sluis.scope.ends import by_end, end_of_source
from sluis.scope.model import Asset, ScopeDocument
from sluis.scope.moving import FromTenant, Origin
from sluis.tenant import source
from sluis.tenant.forecast import EGRESS, Means, Policy, hours_for, units_of
from sluis.tenant.turns import Done, Turn, in_turn

Call = Callable[[Request, TenantSecrets], Answer]


@dataclass
class Foretold:
    """What was worked out for one host, for the operator."""

    lines: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Figures:
    """One asset's turn, and where its figures come from."""

    turn: Turn
    basis: str
    size: int | None = None


def forecast_sources(
    run: Run,
    dossier: OpenDossier,
    worker: Source,
    settings: TenantSettings,
    call: Call,
    *,
    check_mode: bool = False,
) -> Foretold:
    """Say when each source of a host will have been fetched, and record it.

    A drive's cost follows from the newest count of it; servers and folders are counted and
    measured now. What was fetched before takes as long as it took.

    Args:
        run: the current run.
        dossier: where the forecast is recorded.
        worker: the host.
        settings: accounts, and how much of a tenant's budget this host may use.
        call: runs ``measure_asset`` there.
        check_mode: record nothing.

    Raises:
        SluisError: the ledger cannot be read or written.
    """
    scope, foretold = read_scope(run), Foretold()
    view = dossier.ledger.read(now())
    figures = [
        _figures(view, asset, asset.origin, settings, call)
        for asset in by_end(scope.assets_on(worker.host))
        if asset.origin is not None
    ]
    foretold.lines += _tenants(view, scope, settings, worker.host)
    if not figures:
        return foretold
    means = {
        one.turn.tenant: _means(settings, one.turn.tenant)
        for one in figures
        if one.turn.tenant is not None
    }
    start = now()
    ends = []
    for one, done in zip(figures, in_turn([f.turn for f in figures], means, start), strict=True):
        ends.append(_line(one, done))
        said = _words(ends[-1])
        foretold.lines.append(said)
        if done.verdict in ("too late", "tight") or (
            done.verdict == "not known" and one.turn.ends is not None
        ):
            foretold.warnings.append(said)
    if not check_mode:
        body = Forecast(
            machine=Machine(host=worker.host, target=worker.target),
            starts_at=start,
            sources=tuple(ends),
            warnings=tuple(foretold.warnings),
        )
        dossier.ledger.append(body, key=dossier.key, now=now())
    return foretold


def _figures(
    view: View, asset: Asset, origin: Origin, settings: TenantSettings, call: Call
) -> _Figures:
    ends = end_of_source(asset)
    export = view.latest(Export, lambda item: item.body.asset == asset.id)
    if export is not None:
        body = export.body
        took = (body.finished_at - body.started_at).total_seconds() / 3600
        basis = f"pass {body.pass_number}, of {body.finished_at:%Y-%m-%d}, took this long"
        return _Figures(Turn(asset.id, ends, hours=took), basis, body.bytes)
    if isinstance(origin, FromTenant):
        return _drive(view, asset, origin)
    try:
        answer = call(*reading_request(asset, origin, settings))
    except SluisError as error:
        return _Figures(Turn(asset.id, ends), str(error)[:1000])
    hours, basis = answer.hours, "counted and measured now"
    if answer.failed:
        hours, basis = None, answer.failed
    elif hours is None:
        basis = "counted now, and it could not be measured how fast it is read"
    if answer.could_not:
        # what was not seen is not in the count
        why = answer.why or counted(answer.could_not, "thing")
        hours, basis = None, f"not all of it could be counted: {why}"
    return _Figures(Turn(asset.id, ends, hours=hours), basis[:1000], answer.bytes)


def _drive(view: View, asset: Asset, origin: FromTenant) -> _Figures:
    ends = end_of_source(asset)
    counted = _counted(view, asset, origin)
    if counted is None:
        return _Figures(Turn(asset.id, ends), "nobody counted how many files there are")
    drive, basis = counted
    units = sum(units_of(drive, Policy(versions=origin.versions)).values())
    size = drive.bytes or 0
    return _Figures(
        Turn(asset.id, ends, tenant=origin.tenant, units=units, bytes=size), basis, size
    )


def _counted(view: View, asset: Asset, origin: FromTenant) -> tuple[source.Source, str] | None:
    """The newest count: discovery's, where it counted, else the scope's."""
    names = ("items", "bytes", "folders", "shared")
    for statement in reversed(view.of(Discovery)):
        for item in statement.body.found:
            if (item.get("tenant"), item.get("drive_id")) == (origin.tenant, origin.drive) and (
                item.get("items") is not None and item.get("bytes") is not None
            ):
                drive = _source(asset, origin, {name: item.get(name) for name in names})
                return drive, f"counted on {statement.recorded_at:%Y-%m-%d}"
    if asset.items is None or asset.size is None:
        return None
    figures = {"items": asset.items, "bytes": asset.size}
    return _source(asset, origin, figures), f"the scope's count of {asset.counted_on}"


def _source(asset: Asset, origin: FromTenant, figures: dict[str, Any]) -> source.Source:
    kind: source.Kind = "onedrive" if asset.kind == "onedrive" else "sharepoint"
    return source.Source(
        kind, asset.id, asset.id, site_id="known", drive_id=origin.drive, **figures
    )


def _means(settings: TenantSettings, tenant: str, *, whole: bool = False) -> Means:
    """What a tenant lets this worker use, or all workers together."""
    budget = settings.budget(tenant)
    minute, day = cost.budget(budget.licences)
    share = 1.0 if whole else budget.share
    # the service lets so much out of a tenant, however many workers ask for it
    return Means(minute, day, int(EGRESS * share), share=share)


def _tenants(view: View, scope: ScopeDocument, settings: TenantSettings, host: str) -> list[str]:
    """One line for each tenant of which this is the first worker: all its drives together."""
    mine = {tenant for tenant, hosts in workers_from(scope).items() if hosts[0] == host}
    totals: dict[str, list[_Figures]] = {}
    for asset in scope.assets:
        if isinstance(asset.origin, FromTenant) and asset.origin.tenant in mine:
            totals.setdefault(asset.origin.tenant, []).append(_drive(view, asset, asset.origin))
    lines = []
    for tenant, drives in sorted(totals.items()):
        known = [one for one in drives if one.turn.tenant is not None]
        units, size = sum(one.turn.units for one in known), sum(one.turn.bytes for one in known)
        hours, *_, bound = hours_for(units, size, _means(settings, tenant, whole=True))
        left = len(drives) - len(known)
        lines.append(
            f"tenant {tenant}: {counted(len(known), 'drive')}, {counted(units, 'unit')}, "
            f"{counted(size, 'byte')}: {hours:.2f} h for a first pass over all of them "
            f"(bound by: {bound})"
            + (f"; {counted(left, 'more is', 'more are')} not counted" if left else "")
        )
    return lines


def _line(one: _Figures, done: Done) -> SourceEnd:
    return SourceEnd(
        asset=one.turn.source_id,
        units=one.turn.units if one.turn.tenant is not None else None,
        bytes=one.size,
        hours=done.hours,
        done=_second(done.done),
        ends=one.turn.ends,
        margin_hours=done.margin_hours,
        start_by=_second(done.start_by),
        verdict=done.verdict,
        basis=one.basis,
    )


def _second(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(microsecond=0)


def _words(line: SourceEnd) -> str:
    hours = "an unknown time" if line.hours is None else f"{line.hours:.2f} h by itself"
    said = f"{line.asset}: {hours} ({line.basis})"
    if line.done is not None:
        said += f"; done {line.done:%Y-%m-%d %H:%M} UTC"
    if line.ends is None:
        return f"{said}; no end date"
    said += f"; ends {line.ends:%Y-%m-%d %H:%M} UTC"
    margin = line.margin_hours
    if line.verdict == "too late":
        over = "" if margin is None else f" by {-margin:,.1f} h"
        return f"{said}: TOO LATE{over}"
    if margin is None:
        return f"{said}: NOT KNOWN whether that is in time"
    words = "tight: only" if line.verdict == "tight" else "in time:"
    start = f"; start by {line.start_by:%Y-%m-%d %H:%M} UTC" if line.start_by else ""
    return f"{said}: {words} {margin:,.1f} h to spare{start}"
