"""What still has to come or to be fetched, and how long there is left, from the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from sluis.counted import plural
from sluis.dossier.lines import Part
from sluis.dossier.material import Material
from sluis.evidence.predicates import Forecast, Handover, Landing, SourceEnd, Told
from sluis.scope.ends import end_of_deadline, end_of_source
from sluis.scope.model import Asset, ClientMovesIt, Migrate

#: so long before a source ends it is said each time somebody looks (days)
NEAR_DAYS = 30.0
_DAY = 86_400.0


class ToldLine(Part):
    """Somebody was told: who and when."""

    who: str
    at: datetime


class LandingLine(Part):
    """Where one landing folder stands.

    ``seen`` is whether the newest attempt to look succeeded, ``number`` the statement that says
    so, ``whole`` whether everything was there. ``report_object`` names the files. ``late``: the
    deadline has passed and not everything is known to be there.
    """

    asset: str
    owner: str
    deadline: date
    days_left: float
    place: str
    state: str
    seen: bool
    whole: bool
    late: bool
    number: int | None = None
    looked_at: datetime | None = None
    files: int | None = None
    expected_files: int | None = None
    new_files: int | None = None
    report_object: str | None = None
    told: tuple[ToldLine, ...] = ()
    words: str


class EndLine(Part):
    """A source that ends soon, or before it can be fetched, and is not handed over.

    ``forecast`` is the newest one about it, ``forecast_at`` when that was made.
    """

    asset: str
    ends: datetime | None
    days_left: float | None
    forecast: str | None = None
    forecast_at: datetime | None = None
    told: tuple[ToldLine, ...] = ()
    words: str


def landings_of(material: Material, now: datetime) -> tuple[LandingLine, ...]:
    """One line for each asset that the client moves into a folder of ours."""
    if material.scope is None:
        return ()
    return tuple(
        _landing(material, asset, asset.disposition, now)
        for asset in material.scope.assets
        if isinstance(asset.disposition, ClientMovesIt) and asset.disposition.landing is not None
    )


def ends_of(material: Material, now: datetime) -> tuple[EndLine, ...]:
    """Sources whose end is near or past, or that a forecast calls too late; none once the
    change was handed over."""
    done = material.view.latest(Handover)
    if done is not None and done.body.result == "applied":
        return ()
    lines = [line for asset in _moving(material) if (line := _end(material, asset, now))]
    if material.scope is None:
        # before prepare only a forecast knows what there is
        newest = {
            source.asset: (source, statement.recorded_at)
            for statement in material.view.of(Forecast)
            for source in statement.body.sources
        }
        for source, at in newest.values():
            if line := _line(material, source.asset, source.ends, source, at, now):
                lines.append(line)
    return tuple(lines)


def _landing(
    material: Material, asset: Asset, disposition: ClientMovesIt, now: datetime
) -> LandingLine:
    assert disposition.landing is not None  # noqa: S101  landings_of gives no other
    said = [s for s in material.view.of(Landing) if s.body.asset == asset.id]
    looks = [s for s in said if s.body.look is not None]
    newest = said[-1] if said else None
    look = looks[-1].body.look if looks else None
    left = (end_of_deadline(disposition.deadline) - now).total_seconds() / _DAY
    if newest is None:
        state = "not made yet"
    elif newest.body.not_seen:
        state = "could not be looked at"
    else:
        state = look.state if look is not None else "not looked at yet"
    late = left < 0 and state != "everything has arrived"
    told = _told(material, asset.id, "landing")
    time_words = f"{left:.1f} days left" if left >= 0 else f"{-left:.1f} days past its deadline"
    words = f"{asset.id}: {'TOO LATE, ' if late else ''}{state}; {time_words}."
    if newest is not None and newest.body.not_seen:
        words += f" {newest.body.not_seen}"
    if look is not None:
        words += f" Looked at {looks[-1].recorded_at:%Y-%m-%d %H:%M} UTC: {look.words}"
        if look.new_files is not None:
            words += (
                f" Since the look before: {look.new_files:+,} {plural(look.new_files, 'file')},"
                f" {look.new_bytes or 0:+,} {plural(look.new_bytes or 0, 'byte')}."
            )
    words += (
        f" Told: {told[-1].who}, {told[-1].at:%Y-%m-%d %H:%M} UTC."
        if told
        else f" Nobody was told; its owner is {disposition.owner}."
    )
    place = newest.body.place if newest is not None else None
    return LandingLine(
        asset=asset.id,
        owner=disposition.owner,
        deadline=disposition.deadline,
        days_left=round(left, 2),
        place=(place.web_url or place.folder) if place else disposition.landing.folder,
        state=state,
        seen=newest is not None and newest.body.look is not None,
        whole=state == "everything has arrived",
        late=late,
        number=newest.number if newest is not None else None,
        looked_at=looks[-1].recorded_at if looks else None,
        files=look.files if look is not None else None,
        expected_files=look.expected_files if look is not None else None,
        new_files=look.new_files if look is not None else None,
        report_object=looks[-1].body.report_object if looks else None,
        told=told,
        words=words,
    )


def _told(material: Material, asset: str, about: str) -> tuple[ToldLine, ...]:
    return tuple(
        ToldLine(who=s.body.who, at=s.recorded_at)
        for s in material.view.of(Told)
        if (s.body.asset, s.body.about) == (asset, about)
    )


def _moving(material: Material) -> Iterator[Asset]:
    """What somebody still has to move; of what stays the client signed what happens to it."""
    for asset in material.scope.assets if material.scope is not None else ():
        if asset.disposition is None or isinstance(asset.disposition, Migrate | ClientMovesIt):
            yield asset


def _end(material: Material, asset: Asset, now: datetime) -> EndLine | None:
    ends = end_of_source(asset)
    for statement in reversed(material.view.of(Forecast)):
        for source in statement.body.sources:
            # of another end date it says nothing
            if source.asset == asset.id and source.ends == ends:
                return _line(material, asset.id, ends, source, statement.recorded_at, now)
    return _line(material, asset.id, ends, None, None, now)


def _line(
    material: Material,
    asset: str,
    ends: datetime | None,
    source: SourceEnd | None,
    at: datetime | None,
    now: datetime,
) -> EndLine | None:
    if ends is None:
        return None
    left = (ends - now).total_seconds() / _DAY
    verdict = source.verdict if source is not None else None
    if left > NEAR_DAYS and verdict not in ("too late", "tight", "not known"):
        return None
    words = f"{asset}: it ends on {ends:%Y-%m-%d}, "
    words += f"in {left:.1f} days" if left >= 0 else f"which is {-left:.1f} days ago"
    if source is None or at is None:
        words += "; no forecast was made"
    elif source.margin_hours is None:
        words += f"; the forecast of {at:%Y-%m-%d} does not know whether that is in time"
    else:
        what = "TOO LATE by" if verdict == "too late" else f"{verdict}, to spare"
        words += f"; the forecast of {at:%Y-%m-%d}: {what} {abs(source.margin_hours):,.1f} h"
    told = _told(material, asset, "end date")
    words += f". Told: {told[-1].who}, {told[-1].at:%Y-%m-%d %H:%M} UTC" if told else ""
    return EndLine(
        asset=asset, ends=ends, days_left=round(left, 2), forecast=verdict, forecast_at=at,
        told=told, words=f"{words}.",
    )  # fmt: skip
