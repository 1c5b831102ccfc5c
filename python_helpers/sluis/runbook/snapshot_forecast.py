"""Forecast of one host: sizes from the scope or counted, speeds measured there and then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sluis.border.characters import clean_text
from sluis.border.parts import Secrets
from sluis.border.verbs.asset_forecast import Answer, Request
from sluis.counted import counted
from sluis.errors import SnapshotError
from sluis.runbook.run import Run
from sluis.runbook.snapshot_settings import SnapshotSettings
from sluis.runbook.snapshot_taking import read_scope
from sluis.snapshot.forecast import MB, Estimate, Load, Route, forecast, forecast_lines

#: runs ``asset_forecast`` on the host
Call = Callable[[Request, Secrets], Answer]


@dataclass(frozen=True)
class HostForecast:
    """What there is to copy on a host, and how long each route takes."""

    load: Load
    estimates: tuple[Estimate, ...]
    lines: tuple[str, ...]


def forecast_host(
    run: Run, host: str, settings: SnapshotSettings, call: Call, *, check_mode: bool = False
) -> HostForecast:
    """Measure and estimate. What could not be measured is said and not guessed.

    Args:
        run: the current run.
        host: inventory name.
        settings: the role's variables.
        call: runs ``measure_speeds`` there.
        check_mode: send nothing to the store.
    """
    scope = read_scope(run)
    assets = [asset for asset in scope.assets_on(host) if asset.takes_snapshot]
    if not assets:
        return HostForecast(Load(0, 0), (), ())
    request = Request(tuple(settings.asset(asset) for asset in assets), settings.store, check_mode)
    try:
        answer = call(request, settings.for_maker(""))
    except SnapshotError as error:
        # what stops the copying as well is said there; a measurement stops nothing
        answer = Answer(None, None, {}, (clean_text(error.what, 1000),))
    size = items = 0
    for asset in assets:
        known = answer.sizes.get(asset.id)
        size += known.bytes if known else asset.size or 0
        # Rows of a database are no files: its dump is a handful.
        items += known.items if known else 1
    load = Load(size, items)
    disk, upload = answer.disk, answer.upload
    measured = []
    if upload:
        measured = [Route("store", "the store, over today's link", upload, upload, measured=True)]
    estimates = forecast(load, disk, measured)
    lines = [f"{size / MB:,.1f} MB in {counted(items, 'item')} to copy and to prove"]
    if disk:
        lines.append(f"the source reads {disk / MB:,.0f} MB/s")
    lines += [f"not measured: {why}" for why in answer.not_measured]
    lines += forecast_lines(estimates)
    return HostForecast(load, tuple(estimates), tuple(lines))
