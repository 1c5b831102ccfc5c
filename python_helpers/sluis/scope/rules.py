"""What must hold between the fields of a scope. Pure; finds everything at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from sluis.scope.broken import Broken, Path, repeats
from sluis.scope.model import (
    Asset,
    ByClient,
    ClientMovesIt,
    Destroy,
    Migrate,
    ScopeDocument,
    Stays,
)
from sluis.scope.move_rules import moves, people
from sluis.scope.words import in_each, plain_absolute_path


def broken_rules(document: ScopeDocument) -> tuple[Broken, ...]:
    """All rules that ``document`` breaks, in the order of the document."""
    return tuple(
        problem
        for rule in (
            _assets,
            moves,
            people,
            _names_used_twice,
            _hosts,
            _risks,
            _same_words,
            _dispositions,
        )
        for problem in rule(document)
    )


def _assets(document: ScopeDocument) -> Iterator[Broken]:
    for number, asset in enumerate(document.assets):
        path: Path = ("assets", number)
        yield from _figures(asset, path)
        if asset.data_class == "special" and asset.processing_agreement is None:
            yield Broken(
                (*path, "processing_agreement"),
                "no-processing-agreement",
                "holds special personal data and names no processing agreement.",
                "Write the reference of the signed processing agreement. Without one the data "
                "may not be read.",
            )
        if asset.takes_snapshot:
            yield from _snapshot_needs(asset, path)
        elif asset.exclude:
            yield Broken(
                (*path, "exclude"),
                "nothing-to-exclude-from",
                f"excludes something, but no copy is made of a {asset.kind}.",
                "Take the line 'exclude' out.",
            )


def _figures(asset: Asset, path: Path) -> Iterator[Broken]:
    newest_can_be_missing = asset.items == 0
    missing = [
        field
        for field, value in (("size", asset.size), ("items", asset.items), ("newest", asset.newest))
        if value is None and not (field == "newest" and newest_can_be_missing)
    ]
    if missing and asset.unknown_because is None:
        yield Broken(
            (*path, missing[0]),
            "figure-missing",
            f"has no {' and no '.join(missing)}.",
            "Count it and write it down, or say in 'unknown_because' why that cannot be done.",
        )
    if not missing and asset.unknown_because is not None:
        yield Broken(
            (*path, "unknown_because"),
            "nothing-unknown",
            "says that something is unknown, but every figure is there.",
            "Take 'unknown_because' out, or take out the figure that is a guess.",
        )
    if asset.newest is not None and asset.newest > asset.counted_on:
        yield Broken(
            (*path, "newest"),
            "newest-after-count",
            f"has a newest date {asset.newest} after the day of counting {asset.counted_on}.",
            "Correct one of the two dates.",
        )


def _snapshot_needs(asset: Asset, path: Path) -> Iterator[Broken]:
    # what can be fetched from anywhere is divided over the export workers
    if asset.host is None and (asset.origin is None or asset.origin.by == "folder"):
        yield Broken(
            (*path, "host"),
            "host-missing",
            f"is a {asset.kind} without a host.",
            "Write the inventory name of the machine that it is on, or that can read it.",
        )
    if not asset.allowed_locations:
        yield Broken(
            (*path, "allowed_locations"),
            "no-allowed-location",
            "does not say where a copy may live.",
            "Agree with the client on at least one site, country and provider.",
        )
    if asset.kind in ("directory", "sqlite") and not plain_absolute_path(asset.location):
        yield Broken(
            (*path, "location"),
            "bad-location",
            f"has the location {asset.location!r}, which is not a plain absolute path.",
            "Write the full path, without '..', doubled slashes or a slash at the end.",
        )
    if asset.kind in ("postgresql", "mariadb") and not (
        len(asset.location.encode()) <= 64 and "/" not in asset.location
    ):
        yield Broken(
            (*path, "location"),
            "bad-location",
            f"has the location {asset.location!r}, which is not the name of one database.",
            "Write the name of the database; connection data belong to the inventory.",
        )
    if asset.exclude and asset.kind != "directory":
        yield Broken(
            (*path, "exclude"),
            "nothing-to-exclude-from",
            f"excludes something, but a {asset.kind} is always copied whole.",
            "Take the line 'exclude' out.",
        )


def _names_used_twice(document: ScopeDocument) -> Iterator[Broken]:
    for field in ("assets", "risks", "not_included", "documents"):
        ids = [entry.id for entry in getattr(document, field)]
        for number in repeats(ids):
            yield Broken(
                (field, number, "id"),
                "id-used-twice",
                f"repeats the id {ids[number]!r}.",
                "Give each entry an id of its own.",
            )
    places = [
        (None if asset.origin and asset.origin.by != "folder" else asset.host, asset.kind,
         asset.location)
        for asset in document.assets
    ]  # fmt: skip
    for number in repeats(places):
        yield Broken(
            ("assets", number, "location"),
            "asset-listed-twice",
            "is the same data as an earlier asset: same host, kind and location.",
            "Keep one of the two, with one disposition.",
        )
    signers = [(signer.name.casefold(), signer.role.casefold()) for signer in document.signers]
    for number in repeats(signers):
        yield Broken(
            ("signers", number),
            "signer-listed-twice",
            "names the same signer again.",
            "Keep one of the two lines.",
        )
    files = [entry.file for entry in document.documents]
    for number in repeats(files):
        yield Broken(
            ("documents", number, "file"),
            "document-listed-twice",
            "hands over a file twice.",
            "Keep one of the two lines.",
        )


def _hosts(document: ScopeDocument) -> Iterator[Broken]:
    with_data = {asset.host for asset in document.assets}
    hosts = [entry.host for entry in document.hosts_without_data]
    for number in repeats(hosts):
        yield Broken(
            ("hosts_without_data", number, "host"),
            "host-listed-twice",
            f"lists {hosts[number]} twice.",
            "Keep one of the two lines.",
        )
    for number, host in enumerate(hosts):
        if host in with_data:
            yield Broken(
                ("hosts_without_data", number, "host"),
                "host-has-data",
                f"says that {host} holds no data, but an asset is on it.",
                "Take this line out, or correct the host of the asset.",
            )


def _risks(document: ScopeDocument) -> Iterator[Broken]:
    for number, risk in enumerate(document.risks):
        if document.asset(risk.asset) is None:
            yield Broken(
                ("risks", number, "asset"),
                "risk-without-asset",
                f"is about {risk.asset!r}, which is not an asset of this scope.",
                "Write the id of the asset that this risk is about.",
            )
    for number, asset in enumerate(document.assets):
        if not document.risks_of(asset.id):
            yield Broken(
                ("assets", number),
                "asset-without-risk",
                "has no risk in words. A professional warns first.",
                "Add a risk for this asset: what can go wrong for this client.",
            )


def _same_words(document: ScopeDocument) -> Iterator[Broken]:
    # a risk that fits every asset was not written for any of them
    seen: dict[str, str] = {}
    for number, risk in enumerate(document.risks):
        for words in in_each(risk.words):
            first = seen.setdefault(words.casefold(), risk.asset)
            if first != risk.asset:
                yield Broken(
                    ("risks", number, "words"),
                    "risk-copied",
                    f"has the same words as the risk of {first!r}.",
                    "Say what it means for this asset.",
                )
                break


def _dispositions(document: ScopeDocument) -> Iterator[Broken]:
    for number, asset in enumerate(document.assets):
        path: Path = ("assets", number, "disposition")
        match asset.disposition:
            case None:
                if not asset.open_questions:
                    yield Broken(
                        path,
                        "no-disposition",
                        "has no disposition.",
                        "Say what happens to it: migrate, stays, client moves it, or destroy.",
                    )
            case Migrate(by=day):
                yield from _in_time(asset, day, (*path, "by"))
            case ClientMovesIt(deadline=day):
                yield from _in_time(asset, day, (*path, "deadline"))
            case Stays(when="no end date") if isinstance(asset.ends_on, date):
                yield Broken(
                    (*path, "when"),
                    "stays-past-its-end",
                    f"stays without an end date, but the place it is in ends on {asset.ends_on}.",
                    "Say what happens to it on that day.",
                )
            case Destroy(in_change=None) if document.job != "decommission":
                yield Broken(
                    (*path, "in_change"),
                    "destroy-without-change",
                    "is to be destroyed, but no change is named that does it.",
                    "Write in 'in_change' the id of the change of its own that the client will "
                    "sign for this.",
                )
            case Destroy(in_change=str(other)) if other == document.change:
                yield Broken(
                    (*path, "in_change"),
                    "destroy-in-this-change",
                    "names this very change as the one that destroys it.",
                    "Destroying is a change of its own, with the job 'decommission'.",
                )
        for job in ("management", "backup", "security"):
            party = getattr(asset, job)
            if (
                isinstance(party, ByClient)
                and party.person is None
                and (asset.criticality == "vital")
            ):
                yield Broken(
                    ("assets", number, job, "person"),
                    "nobody-named",
                    f"is vital and the client does its {job}, but nobody is named.",
                    "Write in 'person' who does it at the client.",
                )


def _in_time(asset: Asset, day: date, path: Path) -> Iterator[Broken]:
    if isinstance(asset.ends_on, date) and day > asset.ends_on:
        yield Broken(
            path,
            "after-its-end",
            f"is planned for {day}, after the data's place ends on {asset.ends_on}.",
            "Choose an earlier day, or have the old contract prolonged first.",
        )
