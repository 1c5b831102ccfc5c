"""What must hold of what goes from one place to another: sources, targets, people. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from sluis.scope.broken import Broken, Path, repeats
from sluis.scope.model import Asset, ClientMovesIt, Migrate, ScopeDocument
from sluis.scope.moving import EXPORTED_KINDS, Into, Landing
from sluis.scope.words import plain_absolute_path


def moves(document: ScopeDocument) -> Iterator[Broken]:
    """Where each asset is fetched, and where it is put by us or by the client."""
    targets: list[tuple[str, tuple[str, str], str]] = []
    for number, asset in enumerate(document.assets):
        path: Path = ("assets", number)
        yield from _origin(asset, (*path, "origin"))
        here: Path
        target: Into | Landing
        if isinstance(asset.disposition, Migrate) and asset.disposition.into is not None:
            target, here = asset.disposition.into, (*path, "disposition", "into")
            if asset.origin is None:
                yield Broken(
                    here,
                    "into-without-origin",
                    "says where we put it, but not where we fetch it.",
                    "Write 'origin', or describe the move in words in 'to' alone.",
                )
        elif isinstance(asset.disposition, ClientMovesIt) and asset.disposition.landing is not None:
            target, here = asset.disposition.landing, (*path, "disposition", "landing")
            yield from _landing(document, asset.disposition.landing, here)
        else:
            continue
        if target.folder is not None and (
            target.folder.startswith("/") or not plain_absolute_path("/" + target.folder)
        ):
            yield Broken(
                (*here, "folder"),
                "bad-location",
                f"goes into the folder {target.folder!r}, which is not a plain path in a drive.",
                "Write folder names joined by '/', without a slash at either end.",
            )
        drive = (target.tenant, target.drive.casefold())
        folder = (target.folder or "").casefold()
        for other, where, there in targets:
            if where == drive and _inside(folder, there):
                yield Broken(
                    here,
                    "targets-overlap",
                    f"goes to a place that lies in that of {other!r}, or the other way round.",
                    "Give each a folder or a drive of its own, so that nothing lands on top of "
                    "another and each can be compared by itself.",
                )
        targets.append((asset.id, drive, folder))


def _origin(asset: Asset, path: Path) -> Iterator[Broken]:
    if asset.origin is None:
        return
    if asset.kind not in EXPORTED_KINDS:
        yield Broken(
            path,
            "origin-of-another-kind",
            f"says where it is fetched from, but a {asset.kind} is copied where it is.",
            f"Take 'origin' out, or correct the kind: {', '.join(EXPORTED_KINDS)}.",
        )
    for number in repeats([one.path for one in asset.origin.as_it_came]):
        yield Broken(
            (*path, "as_it_came", number, "path"),
            "file-listed-twice",
            f"names {asset.origin.as_it_came[number].path!r} again.",
            "Keep the line with the digest of what came last.",
        )
    if asset.origin.by != "tenant" and not plain_absolute_path(asset.origin.folder):
        yield Broken(
            (*path, "folder"),
            "bad-location",
            f"is fetched from {asset.origin.folder!r}, which is not a plain absolute path.",
            "Write the full path, without '..', doubled slashes or a slash at the end.",
        )


def _landing(document: ScopeDocument, landing: Landing, path: Path) -> Iterator[Broken]:
    if document.job != "migration":
        yield Broken(
            path,
            "landing-outside-a-move",
            f"has a landing folder, and a change with the job {document.job!r} makes none.",
            "Take 'landing' out, or make it a change with the job 'migration'.",
        )
    name, _, place = landing.account.rpartition("@")
    if not name or not place or any(character.isspace() for character in landing.account):
        yield Broken(
            (*path, "account"),
            "landing-without-account",
            f"lets {landing.account!r} write there, which is not an e-mail address.",
            "Write the address, in the new tenant, of who moves the data.",
        )


def _inside(one: str, other: str) -> bool:
    """Whether one folder of a drive is the other, or lies in it, either way round."""
    short, long = sorted((one, other), key=len)
    return not short or long == short or long.startswith(f"{short}/")


def people(document: ScopeDocument) -> Iterator[Broken]:
    """Whose rights become whose: each person once, and decided."""
    for number in repeats([person.was.casefold() for person in document.people]):
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
