"""A source: one drive (or folder) of the old tenant or supplier that must get a disposition."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from ..graph.links import segment

Kind = Literal["sharepoint", "onedrive", "sftp", "directory"]


@dataclass(frozen=True, slots=True)
class Source:
    """Something that holds files.

    Args:
        kind: where it lives.
        id: stable and unique in this change; for a drive the drive's id.
        name: for people: the site's and the library's name, or whose OneDrive it is.
        site_id: of the site that a drive belongs to; empty where there is none.
        drive_id: Graph's id of the drive; empty for other kinds.
        owner: e-mail address or name of the drive's owner, else empty.
        items: how many files there are; ``None`` when nobody counted.
        bytes: sum of their sizes as listed; ``None`` when nobody counted.
        newest: ISO 8601 time of the newest change of a file; ``None`` when not known.
        folders: how many folders there are; ``None`` when nobody counted.
        shared: how many items have permissions of their own; ``None`` when nobody counted.
        web_url: where a person finds it, else empty.
        list_id: of the list behind a library, for its columns; empty when not known.
        system: whether the service keeps it for itself and shows it to nobody unasked.
    """

    kind: Kind
    id: str
    name: str
    site_id: str = ""
    drive_id: str = ""
    owner: str = ""
    items: int | None = None
    bytes: int | None = None
    newest: str | None = None
    folders: int | None = None
    shared: int | None = None
    web_url: str = ""
    list_id: str = ""
    system: bool = False

    def drive_place(self, *below: str) -> str:
        """The drive's path in Graph, and what is below it; ids cannot change the path."""
        return "/".join(["/drives", segment(self.drive_id), *below])

    def item_place(self, item_id: str, *below: str) -> str:
        """The path of one of the drive's items in Graph, and what is below it."""
        return self.drive_place("items", segment(item_id), *below)

    def as_data(self) -> dict[str, Any]:
        """The source as plain JSON data."""
        return asdict(self)


def source_from_data(data: dict[str, Any]) -> Source:
    """What ``Source.as_data`` gave, as a source again.

    Raises:
        TypeError: a field that a source does not have, or one that is missing.
    """
    return Source(**data)
