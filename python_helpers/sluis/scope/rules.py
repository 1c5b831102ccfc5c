"""What must hold between the fields of a scope. Pure; finds everything at once."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sluis.scope.model import (
    Asset,
    ByClient,
    ClientMovesIt,
    Destroy,
    Migrate,
    ScopeDocument,
    Stays,
)
from sluis.scope.moving import EXPORTED_KINDS
from sluis.scope.words import Both, Text, plain_absolute_path

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Broken:
    """One rule that does not hold: where in the document, what, and the remedy."""

    path: Path
    code: str
    what: str
    remedy: str


class BrokenRulesError(ValueError):
    """Carries every broken rule out of the model's validation."""

    def __init__(self, problems: tuple[Broken, ...]) -> None:
        super().__init__("; ".join(f"{p.code}: {p.what}" for p in problems))
        self.problems = problems


def broken_rules(document: ScopeDocument) -> tuple[Broken, ...]:
    """All rules that ``document`` breaks, in the order of the document."""
    return tuple(
        problem
        for rule in (
            _assets,
            _moves,
            _people,
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


def _moves(document: ScopeDocument) -> Iterator[Broken]:
    targets: list[tuple[str, tuple[str, str], str]] = []
    for number, asset in enumerate(document.assets):
        path: Path = ("assets", number)
        if asset.origin is not None and asset.kind not in EXPORTED_KINDS:
            yield Broken(
                (*path, "origin"),
                "origin-of-another-kind",
                f"says where it is fetched from, but a {asset.kind} is copied where it is.",
                f"Take 'origin' out, or correct the kind: {', '.join(EXPORTED_KINDS)}.",
            )
        if (
            asset.origin is not None
            and asset.origin.by != "tenant"
            and not plain_absolute_path(asset.origin.folder)
        ):
            yield Broken(
                (*path, "origin", "folder"),
                "bad-location",
                f"is fetched from {asset.origin.folder!r}, which is not a plain absolute path.",
                "Write the full path, without '..', doubled slashes or a slash at the end.",
            )
        if not isinstance(asset.disposition, Migrate) or asset.disposition.into is None:
            continue
        into = asset.disposition.into
        if asset.origin is None:
            yield Broken(
                (*path, "disposition", "into"),
                "into-without-origin",
                "says where we put it, but not where we fetch it.",
                "Write 'origin', or describe the move in words in 'to' alone.",
            )
        if into.folder is not None and (
            into.folder.startswith("/") or not plain_absolute_path("/" + into.folder)
        ):
            yield Broken(
                (*path, "disposition", "into", "folder"),
                "bad-location",
                f"goes into the folder {into.folder!r}, which is not a plain path in a drive.",
                "Write folder names joined by '/', without a slash at either end.",
            )
        drive, folder = (into.tenant, into.drive.casefold()), (into.folder or "").casefold()
        for other, where, there in targets:
            if where == drive and _inside(folder, there):
                yield Broken(
                    (*path, "disposition", "into"),
                    "targets-overlap",
                    f"goes to a place that lies in that of {other!r}, or the other way round.",
                    "Give each a folder or a drive of its own, so that nothing lands on top of "
                    "another and each can be compared by itself.",
                )
        targets.append((asset.id, drive, folder))


def _inside(one: str, other: str) -> bool:
    """Whether one folder of a drive is the other, or lies in it, either way round."""
    short, long = sorted((one, other), key=len)
    return not short or long == short or long.startswith(f"{short}/")


def _people(document: ScopeDocument) -> Iterator[Broken]:
    for number in _repeats([person.was.casefold() for person in document.people]):
        yield Broken(
            ("people", number, "was"),
            "person-listed-twice",
            f"names {document.people[number].was} again.",
            "Keep one of the two lines.",
        )
    for number, person in enumerate(document.people):
        if (person.becomes is None) == (person.because is None):
            yield Broken(
                ("people", number),
                "person-undecided",
                f"says of {person.was} both who it becomes and why it becomes nobody, or neither.",
                "Write 'becomes', or 'because' with the reason why these rights end.",
            )


def _names_used_twice(document: ScopeDocument) -> Iterator[Broken]:
    for field in ("assets", "risks", "not_included", "documents"):
        ids = [entry.id for entry in getattr(document, field)]
        for number in _repeats(ids):
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
    for number in _repeats(places):
        yield Broken(
            ("assets", number, "location"),
            "asset-listed-twice",
            "is the same data as an earlier asset: same host, kind and location.",
            "Keep one of the two, with one disposition.",
        )
    signers = [(signer.name.casefold(), signer.role.casefold()) for signer in document.signers]
    for number in _repeats(signers):
        yield Broken(
            ("signers", number),
            "signer-listed-twice",
            "names the same signer again.",
            "Keep one of the two lines.",
        )
    files = [entry.file for entry in document.documents]
    for number in _repeats(files):
        yield Broken(
            ("documents", number, "file"),
            "document-listed-twice",
            "hands over a file twice.",
            "Keep one of the two lines.",
        )


def _hosts(document: ScopeDocument) -> Iterator[Broken]:
    with_data = {asset.host for asset in document.assets}
    hosts = [entry.host for entry in document.hosts_without_data]
    for number in _repeats(hosts):
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
        for words in _all_words(risk.words):
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


def _all_words(text: Text) -> Iterable[str]:
    return (text.nl, text.en) if isinstance(text, Both) else (text,)


def _repeats(entries: Sequence[Hashable]) -> Iterator[int]:
    seen: set[Hashable] = set()
    for number, entry in enumerate(entries):
        if entry in seen:
            yield number
        seen.add(entry)
