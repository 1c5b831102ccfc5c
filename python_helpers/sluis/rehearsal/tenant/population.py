"""Fills a tenant from its seed: the same seed gives the same tenant, to the byte."""

from __future__ import annotations

from random import Random

from sluis.rehearsal.tenant import office
from sluis.rehearsal.tenant.directory import Site, User
from sluis.rehearsal.tenant.drive import Drive
from sluis.rehearsal.tenant.identifiers import guid
from sluis.rehearsal.tenant.items import Item, Office
from sluis.rehearsal.tenant.settings import Population
from sluis.rehearsal.tenant.world import World

#: 1 June 2026: nothing in a new tenant is younger, so that a seed gives the same dates
EPOCH = 1_780_272_000.0
_YEAR = 31_536_000.0
_LIBRARIES = ("Documents", "Archive", "Projects", "Photos", "Minutes")
_SUFFIXES = ("pdf", "jpg", "txt", "csv", "msg", "mp4", "zip", "html")
_WORDS = [
    "Report",
    "Plan",
    "Invoice",
    "Letter",
    "Minutes",
    "Budget",
    "Offer",
    "Photo",
    "Contract",
    "Notes",
    "Draft",
    "Overview",
    "Memo",
    "Agenda",
    "Order",
    "Sheet",
]
_OFFICE = ("docx", "xlsx", "pptx")


def populate(world: World) -> None:
    """Fill the world with what its settings say."""
    people = world.settings.population
    seed = world.settings.seed
    for number in range(1, people.users + 1):
        _add_user(world, number, opened=number <= people.users - people.without_onedrive)
    root = Site("root", world.host, "", "Communication site", EPOCH - 3 * _YEAR, seed)
    world.enter_site(root)
    for number in range(1, people.sites + 1):
        path = f"sites/team{number:02d}"
        site = Site(path, world.host, path, f"Team {number:02d}", EPOCH - 2 * _YEAR, seed)
        world.enter_site(site)
        for place in range(people.drives_per_site):
            name = _LIBRARIES[place] if place < len(_LIBRARIES) else f"Library {place + 1:02d}"
            folder = "Shared Documents" if place == 0 else name
            _add_drive(world, site, name, folder, None)


def _add_user(world: World, number: int, *, opened: bool) -> None:
    seed = world.settings.seed
    domain = f"{world.settings.tenant_name}.example"
    user = User(
        number, guid(seed, "user", number), f"User {number:02d}", f"user{number:02d}@{domain}"
    )
    world.enter_user(user)
    if not opened:
        return
    path = "personal/" + user.mail.replace("@", "_").replace(".", "_")
    host = f"{world.settings.tenant_name}-my.sharepoint.example"
    site = Site(path, host, path, user.name, EPOCH - 2 * _YEAR, seed, personal=True)
    world.enter_site(site)
    user.drive = _add_drive(world, site, "OneDrive", "Documents", number)


def _add_drive(world: World, site: Site, name: str, folder: str, owner: int | None) -> Drive:
    people = world.settings.population
    drive = Drive(
        world.settings.seed,
        f"{site.key}/{folder}",
        name,
        f"{site.url}/{folder}",
        site.id,
        owner,
        site.created,
        people.quota,
    )
    world.enter_drive(site, drive)
    _Filling(drive, people, Random(f"{world.settings.seed} {drive.key}")).fill()  # noqa: S311
    return drive


class _Filling:
    """Fills one drive."""

    def __init__(self, drive: Drive, people: Population, random: Random) -> None:
        self._drive = drive
        self._people = people
        self._random = random

    def fill(self) -> None:
        """Everything that the population says, in an order that never changes."""
        folders = self._folders()
        for number in range(self._people.items_per_drive):
            self._file(folders[number % len(folders)], number)

    def _folders(self) -> list[Item]:
        people = self._people
        if not people.folder_depth:
            return [self._drive.root]
        wanted = max(1, people.items_per_drive // max(1, people.files_per_folder))
        made: list[tuple[Item, int]] = [(self._drive.root, 0)]
        for number in range(wanted):
            # each folder hangs below an earlier one that is not yet at the bottom
            parent, depth = made[self._random.randrange(len(made))]
            while depth >= people.folder_depth:
                parent, depth = made[self._random.randrange(len(made))]
            folder = self._add(parent, f"Folder {number + 1:04d}", "folder", 0)
            made.append((folder, depth + 1))
        return [folder for folder, _ in made]

    def _file(self, folder: Item, number: int) -> None:
        people, random = self._people, self._random
        word = _WORDS[random.randrange(len(_WORDS))]
        smallest, largest = people.file_size
        size = random.randint(smallest, largest)
        if random.random() < people.office_share:
            suffix = _OFFICE[number % 3]
            size = max(size, office.smallest(suffix))
            item = self._add(folder, f"{word} {number + 1:06d}.{suffix}", "file", size)
            item.content = Office(item.number, suffix)
        else:
            suffix = _SUFFIXES[random.randrange(len(_SUFFIXES))]
            item = self._add(folder, f"{word} {number + 1:06d}.{suffix}", "file", size)

    def _add(self, parent: Item, name: str, kind: str, size: int) -> Item:
        random = self._random
        created = EPOCH - float(random.randrange(int(2 * _YEAR)))
        modified = created + float(random.randrange(int(EPOCH - created) + 1))
        author = 1 + random.randrange(max(1, self._people.users))
        return self._drive.add(
            parent,
            name,
            kind,  # type: ignore[arg-type]
            size=size,
            now=created,
            by=author,
            modified=modified,
            quietly=True,
        )
