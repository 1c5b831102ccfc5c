"""The whole tenant in memory: who and what is in it, and where content comes from."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from sluis.rehearsal.tenant import office, quick_xor
from sluis.rehearsal.tenant.api_error import ApiError
from sluis.rehearsal.tenant.clock import Clock
from sluis.rehearsal.tenant.directory import Site, User
from sluis.rehearsal.tenant.drive import Drive
from sluis.rehearsal.tenant.generated import Generator
from sluis.rehearsal.tenant.identifiers import guid
from sluis.rehearsal.tenant.items import Content, Generated, Item, Office, Stored
from sluis.rehearsal.tenant.links import Links
from sluis.rehearsal.tenant.organisation import Booking, Contact, Group
from sluis.rehearsal.tenant.settings import Settings
from sluis.rehearsal.tenant.uploads import Session

if TYPE_CHECKING:
    from sluis.rehearsal.tenant.copying import Copying
    from sluis.rehearsal.tenant.door import Door


#: the file that holds all small contents, one behind the other
_PACK = "small"


class World:
    """Everything behind the door.

    Args:
        settings: what the tenant is made of.
        folder: where uploaded content is kept.
        clock: the tenant's clock.
    """

    #: tokens, rights, throttle and weather; set when the tenant starts
    door: Door

    def __init__(self, settings: Settings, folder: Path, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self.tenant_id = guid(settings.seed, "tenant")
        self.host = f"{settings.tenant_name}.sharepoint.example"
        self.users: list[User] = []
        self.sites: list[Site] = []
        self.groups: list[Group] = []
        self.contacts: list[Contact] = []
        self.bookings: list[Booking] = []
        self.drives: dict[str, Drive] = {}
        self.generator = Generator(settings.seed)
        self.uploads = folder / "content"
        self.uploads.mkdir(parents=True, exist_ok=True)
        #: requests by kind
        self.counters: Counter[str] = Counter()
        #: origins, known once the servers listen
        self.graph = ""
        self.content = ""
        self.links = Links()
        #: open upload sessions, by the secret part of their URL
        self.sessions: dict[str, Session] = {}
        #: copies that were accepted, by the secret part of their monitor's URL
        self.copies: dict[str, Copying] = {}
        self._by_site: dict[str, Site] = {}
        self._by_user: dict[str, User] = {}
        self._next_upload = 0
        self._pack = (self.uploads / _PACK).open("w+b", buffering=0)
        self._packed = 0
        self.bytes_out = 0

    # finding

    def user(self, name: str) -> User:
        """The user with this object id or principal name; ApiError 404."""
        found = self._by_user.get(name.lower())
        if found is None:
            raise ApiError(
                404,
                "Request_ResourceNotFound",
                f"Resource '{name}' does not exist or one of its queried reference-property "
                "objects are not present.",
            )
        return found

    def site(self, name: str) -> Site:
        """The site with this id, host name, or GUID of its collection; ApiError 404."""
        found = self._by_site.get(name.lower())
        if found is None:
            raise ApiError(404, "itemNotFound", "Requested site could not be found")
        return found

    def drive(self, name: str) -> Drive:
        """The drive with this id; ApiError 404."""
        found = self.drives.get(name)
        if found is None:
            raise ApiError(404, "itemNotFound", "The resource could not be found.")
        return found

    def enter_user(self, user: User) -> None:
        """Add somebody."""
        self.users.append(user)
        self._by_user[user.id.lower()] = self._by_user[user.mail.lower()] = user

    def enter_site(self, site: Site) -> None:
        """Add a site; its drives are entered apart."""
        self.sites.append(site)
        names = [site.id, f"{site.host}:/{site.path}"]
        if site.parent is None:
            names.append(site.collection)
        if not site.path:
            names += ["root"] if site.host == self.host else []
            names.append(site.host)
        for name in names:
            self._by_site[name.lower()] = site

    def enter_drive(self, site: Site, drive: Drive) -> None:
        """Add a drive to its site."""
        site.drives.append(drive)
        self.drives[drive.id] = drive

    # bytes

    def hash_of(self, drive: Drive, item: Item) -> str:
        """The quickXorHash of a file as it came in; tampering does not show in it."""
        content = drive.content(item)
        if isinstance(content, Stored):
            return content.quick_xor
        if isinstance(content, Generated):
            return self.generator.quick_xor(self._key(drive, content.key), item.size)
        data = self._office(drive, content, item.size)
        return quick_xor.text(quick_xor.columns(data), len(data))

    def read(
        self, drive: Drive, content: Content, size: int, start: int = 0, end: int | None = None
    ) -> bytes:
        """The bytes ``start`` up to ``end`` of some content."""
        end = size if end is None else min(end, size)
        if isinstance(content, Generated):
            return self.generator.read(self._key(drive, content.key), start, end)
        if isinstance(content, Office):
            return self._office(drive, content, size)[start:end]
        if content.name == _PACK:
            return os.pread(self._pack.fileno(), end - start, content.start + start)
        with (self.uploads / content.name).open("rb") as stored:
            stored.seek(start)
            return stored.read(end - start)

    def pieces(
        self, drive: Drive, content: Content, size: int, start: int, end: int
    ) -> Iterable[bytes | memoryview]:
        """The same in pieces, not copied where that is not needed."""
        if isinstance(content, Generated):
            return self.generator.pieces(self._key(drive, content.key), start, end)
        return [self.read(drive, content, size, start, end)]

    def read_item(self, drive: Drive, item: Item, start: int = 0, end: int | None = None) -> bytes:
        """The bytes ``start`` up to ``end`` of a file, with what was tampered with."""
        data = self.read(drive, drive.content(item), item.size, start, end)
        flipped = item.extras.flipped if item.extras else {}
        if flipped:
            changed = bytearray(data)
            for offset, value in flipped.items():
                if start <= offset < start + len(changed):
                    changed[offset - start] = value
            data = bytes(changed)
        return data

    def download_url(self, drive: Drive, item: Item, caller: str = "", version: str = "") -> str:
        """A pre-authenticated URL of a file's content, or of one of its earlier versions."""
        until = int(self.clock.now() + self.settings.url_seconds)
        ticket = self.links.sign(["get", drive.id, item.number, version, until, caller])
        return f"{self.content}/download/{ticket}"

    def store(self, data: bytes | bytearray) -> Stored:
        """Keep some bytes; a small file costs no file of its own."""
        start = self._packed
        self._pack.write(data)
        self._packed += len(data)
        return Stored(_PACK, quick_xor.text(quick_xor.columns(data), len(data)), start)

    def new_upload(self) -> Path:
        """A new place for uploaded content."""
        self._next_upload += 1
        return self.uploads / f"{self._next_upload:08d}"

    def _office(self, drive: Drive, content: Office, size: int) -> bytes:
        return office.make(self.generator, self._key(drive, content.key), content.suffix, size)

    @staticmethod
    def _key(drive: Drive, key: int) -> int:
        return drive.content_key | key
