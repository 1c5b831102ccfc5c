"""A draft of a scope's assets: what was found filled in, what people decide left open.

Nothing here decides anything. A field that somebody has to decide gets no value, and a scope
with such a field is refused (``empty-value``), so no default can be signed unread.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sluis.border.characters import hostile, visible
from sluis.border.tenant import Drive, NotSeen
from sluis.border.verbs.tenant_discover import SitePart, Workload
from sluis.scope.model import ScopeDocument

#: fields that only people can decide, with what may stand there
_DECISIONS = (
    ("data_class", "ordinary, personal or special (that one with a processing_agreement)"),
    ("criticality", "low, normal or vital: how much proof the gate asks for"),
    ("matters_because", "in the client's words"),
    ("management", "{by: client}, {by: provider, agreement: ..}; or by: third, and its name"),
    ("backup", "as management"),
    ("security", "as management"),
    ("allowed_locations", "- {site: .., country: NL, provider: ..}"),
    ("ends_on", "the day that this place ends, or no end date"),
    ("disposition", "migrate, stays, client moves it or destroy; the template says how"),
)  # fmt: skip
#: what is not fetched by us needs no place for a copy
_ONLY_FETCHED = frozenset({"allowed_locations"})
_LONGEST_ID, _LONGEST_NAME, _LONGEST_EXACT, _LONGEST_NOTE = 48, 160, 1024, 600


@dataclass(frozen=True)
class Found:
    """What is in one tenant, and not in the scope yet.

    Args:
        tenant: its name in the inventory.
        sources: drives.
        workloads: other data.
        could_not: what nobody could see.
        parts: what is in sites beside files.
    """

    tenant: str
    sources: Sequence[Drive]
    workloads: Sequence[Workload]
    could_not: Sequence[NotSeen]
    parts: Sequence[SitePart] = ()


@dataclass(frozen=True)
class DraftAsset:
    """What is known of one asset. ``unknown`` says why a figure is missing, by language."""

    id: str
    name: str
    kind: str
    location: str
    origin: tuple[str, str] | None = None
    size: int | None = None
    items: int | None = None
    newest: date | None = None
    unknown: Mapping[str, str] | None = None
    notes: tuple[str, ...] = ()


def draft_assets(
    found: Iterable[Found], scope: ScopeDocument | None, today: date
) -> tuple[DraftAsset, ...]:
    """One asset for each drive, each list, the pages of each site, and each other kind of data.

    Args:
        found: by tenant; only what the scope does not name.
        scope: the scope that the draft is added to, whose ids are taken.
        today: the day of counting.
    """
    names = _Names({asset.id for asset in scope.assets} if scope else set())
    places: set[tuple[str, str]] = set()
    if scope is not None:
        places.update((asset.kind, asset.location) for asset in scope.assets)
    assets: list[DraftAsset] = []
    drives: set[str] = set()
    for one in found:
        why = {gap.subject: gap.why for gap in one.could_not}
        for source in one.sources:
            # a tenant that stands in the inventory under two names has each drive once
            if source.drive_id not in drives:
                drives.add(source.drive_id)
                asset = _of_source(one.tenant, source, names, places, why, today)
                places.add((asset.kind, asset.location))
                assets.append(asset)
        assets += [_of_part(one.tenant, part, names) for part in one.parts]
        assets += [_of_workload(one.tenant, item, names) for item in one.workloads]
    return tuple(assets)


def draft_text(
    assets: Sequence[DraftAsset],
    found: Sequence[Found],
    targets: Sequence[Found],
    scope: ScopeDocument | None,
    today: date,
) -> str:
    """The draft as YAML, to paste into ``scope.yml``.

    Args:
        assets: see ``draft_assets``.
        found: by tenant, for what could not be seen.
        targets: drives of the new tenants, by tenant, to name in a disposition.
        scope: the scope that the draft is added to, whose ids are taken.
        today: the day of counting.
    """
    risks = _Names({risk.id for risk in scope.risks} if scope else set())
    lines = [*_HEAD, "assets:"]
    for asset in assets:
        lines += _lines(asset, today)
    lines += [
        "",
        "# At least one for each asset, in words for this client and this place.",
        "risks:",
    ]
    for asset in assets:
        lines += [
            f"  - id: {_quoted(risks.new(f'risk-{asset.id}'))}",
            f"    asset: {_quoted(asset.id)}",
            "    words:  # what can go wrong",
            "    we_do:",
        ]
    places = [
        f"# - {{tenant: {one.tenant}, drive: {_quoted(one_line(source.drive_id, 200))}}}"
        f"  {one_line(source.name, _LONGEST_NAME)}"
        for one in targets
        for source in one.sources
    ]
    if places:
        lines += ["", "# Where something can be put: 'into' of the disposition migrate.", *places]
    gaps = [_gap(one.tenant, gap) for one in found for gap in one.could_not]
    if gaps:
        lines += ["", "# What nobody could see. It may be there all the same: ask the client."]
        lines += [f"# - {gap}" for gap in gaps]
    return "\n".join([*lines, ""])


def one_line(text: str, longest: int) -> str:
    """Text from a tenant as one line that can be read for what it is, cut to ``longest``."""
    shown = " ".join(visible(text, allowed="").split())
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"


_HEAD = (
    '# A draft of assets, from what "sluis discover" found and counted. Nothing reads this file:',
    "# copy what is under assets and risks into scope.yml, into its lists of the same names.",
    "# What has no value is for people to decide. A scope with such a line is refused.",
    "# Who fetches an asset is left open too; that may stay so, or write its host.",
)


def _of_source(
    tenant: str,
    source: Drive,
    names: _Names,
    places: set[tuple[str, str]],
    why: Mapping[str, str],
    today: date,
) -> DraftAsset:
    drive, name, location = source.drive_id, source.name, source.web_url
    if not _can_stand(location) or (source.kind, location) in places:
        location = one_line(drive, _LONGEST_EXACT)
    notes: tuple[str, ...] = ()
    if not _can_stand(drive):
        notes = ("No scope can name this drive's id. Ask Microsoft.",)
    if source.system:
        notes += ("The service keeps this library for itself; people do not see it.",)
    newest, late = _newest(source.newest, today)
    items, size = source.items, source.bytes
    unknown = None
    if items is None or size is None:
        unknown = _both("Niet geteld", "Not counted", why.get(name, ""))
    elif newest is None and items:
        unknown = (
            _both("De nieuwste wijziging zou na vandaag zijn", "The newest change would be after "
                  "today", late)
            if late
            else _both("Geen bestand zegt wanneer het is gewijzigd",
                       "No file says when it was changed", "")
        )  # fmt: skip
    return DraftAsset(
        id=names.new(name),
        name=one_line(name, _LONGEST_NAME) or one_line(drive, _LONGEST_NAME),
        kind=source.kind,
        location=location,
        origin=(tenant, one_line(drive, _LONGEST_EXACT)),
        size=size,
        items=items,
        newest=newest,
        unknown=unknown,
        notes=notes,
    )


_PART = {"list": "", "site pages": " (site pages)", "hidden lists": " (hidden lists)"}


def place_of_part(tenant: str, part: SitePart) -> str:
    """Where a scope says that something in a site is: its address, or what it is of which site."""
    if part.kind == "list" and part.web_url and _can_stand(part.web_url):
        return part.web_url
    where = part.id if part.kind == "list" else part.site_url or part.site_id
    what = "list" if part.kind == "list" else f"{part.kind} of"
    return one_line(f"{tenant}: {what} {where}", _LONGEST_EXACT)


def place_of_lists(tenant: str, part: SitePart) -> str:
    """Where a scope says that all lists of a site are, for one disposition of them all."""
    return one_line(f"{tenant}: lists of {part.site_url or part.site_id}", _LONGEST_EXACT)


def _of_part(tenant: str, part: SitePart, names: _Names) -> DraftAsset:
    notes: tuple[str, ...] = ("It is no library of files: we do not move it.",)
    if part.kind == "list":
        notes += (f"For all lists of its site at once: {place_of_lists(tenant, part)}",)
    return DraftAsset(
        id=names.new(f"{part.name}{_PART[part.kind]}"),
        name=one_line(f"{part.name}{_PART[part.kind]}", _LONGEST_NAME) or part.id,
        kind="other",
        # prepare looks for exactly this (tenant_discovering)
        location=place_of_part(tenant, part),
        items=part.items,
        unknown=_both(
            "Alleen het aantal is bekend; wij verplaatsen dit niet"
            if part.items is not None else "Niet geteld; wij verplaatsen dit niet",
            "Only their number is known; we do not move them"
            if part.items is not None else "Not counted; we do not move them", "",
        ),
        notes=notes,
    )  # fmt: skip


def _of_workload(tenant: str, item: Workload, names: _Names) -> DraftAsset:
    kind = item.kind
    return DraftAsset(
        id=names.new(f"{tenant} {kind}"),
        name=one_line(f"{kind} ({tenant})", _LONGEST_NAME),
        kind="mailbox" if kind == "mailboxes" else "other",
        # prepare looks for exactly this (tenant_discovering)
        location=f"{tenant}: {kind}",
        items=item.count,
        unknown=_both(
            "Alleen het aantal is bekend; wij verplaatsen dit niet",
            "Only their number is known; we do not move them", "",
        ),
        notes=tuple(f"Such as {one_line(name, 80)}" for name in item.names[:3]),
    )  # fmt: skip


class _Names:
    """Ids of our own making, each once."""

    def __init__(self, taken: set[str]) -> None:
        self._taken = set(taken)

    def new(self, words: str) -> str:
        """An id that shows what it is of."""
        plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode().lower()
        slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST_ID].strip("-") or "asset"
        found, number = slug, 1
        while found in self._taken:
            number += 1
            found = f"{slug}-{number}"
        self._taken.add(found)
        return found


def _lines(asset: DraftAsset, today: date) -> Iterator[str]:
    yield f"  - id: {_quoted(asset.id)}"
    for note in asset.notes:
        yield f"    # {note}"
    yield f"    name: {_quoted(asset.name)}"
    yield f"    kind: {asset.kind}"
    yield f"    location: {_quoted(asset.location)}"
    if asset.origin is not None:
        tenant, drive = map(_quoted, asset.origin)
        yield f"    origin: {{by: tenant, tenant: {tenant}, drive: {drive}}}"
    for field, value in (("size", asset.size), ("items", asset.items), ("newest", asset.newest)):
        if value is not None:
            yield f"    {field}: {value}"
    yield f"    counted_on: {today}"
    if asset.unknown is not None:
        said = ", ".join(f"{name}: {_quoted(words)}" for name, words in asset.unknown.items())
        yield f"    unknown_because: {{{said}}}"
    for field, choices in _DECISIONS:
        if asset.origin is not None or field not in _ONLY_FETCHED:
            yield f"    {field}:  # {choices}"


def _newest(stamp: str | None, today: date) -> tuple[date | None, str]:
    """The day of the newest change; when it cannot be one, what the source says."""
    try:
        moment = datetime.fromisoformat(str(stamp)) if stamp else None
    except ValueError:
        return None, one_line(str(stamp), 40)
    if moment is None:
        return None, ""
    # without a zone it would be read as this machine's
    day = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone().date()
    return (day, "") if day <= today else (None, str(day))


def _both(nl: str, en: str, detail: str) -> dict[str, str]:
    tail = f": {one_line(detail, _LONGEST_NOTE)}" if detail else "."
    return {"nl": f"{nl}{tail}", "en": f"{en}{tail}"}


def _gap(tenant: str, gap: NotSeen) -> str:
    return one_line(f"{tenant}: {gap.what}: {gap.subject}: {gap.why}", _LONGEST_NOTE)


def _can_stand(text: str) -> bool:
    """Whether a scope may hold this text letter by letter (``words.Exact``)."""
    return (
        0 < len(text) <= _LONGEST_EXACT and text == text.strip() and not hostile(text, allowed="")
    )


def _quoted(text: str) -> str:
    """A YAML string in double quotes: those of JSON are the same."""
    return json.dumps(text, ensure_ascii=False)
