"""What is in a drive when the tenant starts."""

from __future__ import annotations

from random import Random

from sluis.rehearsal.tenant import office, permissions
from sluis.rehearsal.tenant.containers import compound_file
from sluis.rehearsal.tenant.drive import Drive
from sluis.rehearsal.tenant.items import Generated, Item, Kind, Office, Version
from sluis.rehearsal.tenant.name_rules import LONGEST_PATH
from sluis.rehearsal.tenant.nasty_names import LONGEST, NASTY, long_path
from sluis.rehearsal.tenant.population_dates import EPOCH, draw_dates
from sluis.rehearsal.tenant.world import World

_SUFFIXES = ("pdf", "jpg", "txt", "csv", "msg", "mp4", "zip", "html")
_WORDS = ("Report", "Plan", "Invoice", "Letter", "Minutes", "Budget", "Offer", "Photo")
_OFFICE = ("docx", "xlsx", "pptx")
_DEPARTMENTS = ("Care", "Finance", "Staff")
_DAY = 86_400.0


class Filling:
    """Fills one drive.

    Args:
        random: drawn from in an order that never changes, so the seed decides all.
    """

    def __init__(self, world: World, drive: Drive, random: Random) -> None:
        self._world = world
        self._drive = drive
        self._people = world.settings.population
        self._random = random

    def fill(self, title: str) -> None:
        """Put in everything that the population says.

        Args:
            title: the site's title; its groups are named after it.
        """
        people = self._people
        self._share_root(title)
        folders = self._folders()
        for number in range(people.items_per_drive):
            self._file(folders[number % len(folders)], number)
        for number in range(people.packages):
            self._notebook(number)
        for number in range(people.malware):
            item = self._add(self._drive.root, f"Infected {number + 1:02d}.exe", "file", 3_000)
            item.more.malware = "EICAR-Test-File"
        for number in range(people.retention_hidden):
            item = self._add(self._drive.root, f"Retained {number + 1:02d}.pdf", "file", 4_000)
            item.more.retention = "Keep 20 years"
        for number in range(people.without_hash):
            item = self._add(self._drive.root, f"Without hash {number + 1:02d}.bin", "file", 2_000)
            item.more.no_hash = True
        for number in range(people.encrypted):
            self._encrypted(number)
        for number in range(people.twins):
            self._twin(number)
        if people.nasty_names:
            self._nasty()
        for number in range(people.recycle_bin):
            item = self._add(folders[-1], f"Deleted {number + 1:04d}.txt", "file", 500)
            self._drive.delete(item, EPOCH + number * _DAY / 24, quietly=True)

    def _folders(self) -> list[Item]:
        people = self._people
        if not people.folder_depth:
            return [self._drive.root]
        wanted = max(1, people.items_per_drive // max(1, people.files_per_folder))
        made = [self._drive.root]
        open_to_more: list[tuple[Item, int]] = [(self._drive.root, 0)]
        for number in range(wanted):
            parent, depth = open_to_more[self._random.randrange(len(open_to_more))]
            folder = self._add(parent, f"Folder {number + 1:04d}", "folder", 0)
            made.append(folder)
            if depth + 1 < people.folder_depth:
                open_to_more.append((folder, depth + 1))
            self._maybe_share(folder)
        return made

    def _file(self, folder: Item, number: int) -> None:
        people, random = self._people, self._random
        word = _WORDS[random.randrange(len(_WORDS))]
        size = random.randint(*people.file_size)
        if random.random() < people.office_share:
            suffix = _OFFICE[number % 3]
            size = max(size, office.smallest(suffix))
            item = self._add(folder, f"{word} {number + 1:06d}.{suffix}", "file", size)
            item.content = Office(item.number, suffix)
        else:
            suffix = _SUFFIXES[random.randrange(len(_SUFFIXES))]
            item = self._add(folder, f"{word} {number + 1:06d}.{suffix}", "file", size)
        if random.random() < people.versions_share:
            self._versions(item)
        self._maybe_share(item)
        if number % 7 == 3:
            item.more.fields = {
                "Title": f"{word} {number + 1}",
                "Department": _DEPARTMENTS[number % 3],
                "Reviewed": number % 2 == 0,
            }

    def _versions(self, item: Item) -> None:
        count = 1 + self._random.randrange(3)
        for label in range(1, count + 1):
            size = self._random.randint(*self._people.file_size)
            # the number of the version sets its content apart from the current one
            content = Generated(item.number | label << 32)
            when = item.created + (item.modified - item.created) * label / (count + 1)
            item.more.versions.append(Version(f"{label}.0", size, content, when, item.author))
        item.content_changes = count + 1

    def _share_root(self, title: str) -> None:
        drive = self._drive
        more = drive.root.more
        if drive.owner is None:
            more.permissions = [
                permissions.for_group(drive, f"{title} Owners", "owner", 3),
                permissions.for_group(drive, f"{title} Members", "write", 5),
                permissions.for_group(drive, f"{title} Visitors", "read", 4),
            ]
        else:
            owner = self._world.users[drive.owner - 1]
            more.permissions = [permissions.for_user(drive, drive.root, owner, "owner")]

    def _maybe_share(self, item: Item) -> None:
        """Some items have permissions of their own, and some of those inherit nothing."""
        random, drive = self._random, self._drive
        if random.random() >= self._people.shared_share:
            return
        way = random.randrange(4)
        more = item.more
        if way == 0:
            more.permissions.append(permissions.for_link(drive, item, "view", "organization", 0))
        elif way == 1:
            more.permissions.append(permissions.for_link(drive, item, "edit", "anonymous", 0))
        elif way == 2 and self._world.users:
            user = self._world.users[random.randrange(len(self._world.users))]
            more.permissions.append(permissions.for_user(drive, item, user, "write"))
            more.breaks = True
        else:
            guest = f"guest{item.number:04d}@partner.example"
            more.permissions.append(permissions.for_guest(drive, item, guest, "read"))

    def _notebook(self, number: int) -> None:
        """A notebook: one section that comes, one that is too large, a table of contents."""
        notebook = self._add(self._drive.root, f"Notebook {number + 1:02d}", "package", 0)
        self._add(notebook, "Section.one", "file", 8_000)
        large = self._add(notebook, "Large section.one", "file", 3_000_000)
        large.more.unavailable = True
        self._add(notebook, "Open Notebook.onetoc2", "file", 4_000)

    def _encrypted(self, number: int) -> None:
        """A document that a label encrypted: a compound file around bytes of its own."""
        name = f"Labelled {number + 1:02d}.{_OFFICE[number % 3]}"
        package = self._random.randbytes(5_000 + self._random.randrange(4_000))
        data = compound_file(package)
        item = self._add(self._drive.root, name, "file", len(data))
        item.content = self._world.store(data)

    def _twin(self, number: int) -> None:
        """Two files of one name in one folder."""
        name = f"Twice {number + 1:02d}.txt"
        self._add(self._drive.root, name, "file", 300)
        self._add(self._drive.root, name, "file", 400)

    def _nasty(self) -> None:
        left = LONGEST_PATH - len(self._drive.url) - 1
        paths = [*NASTY, (long_path(left), 60)]
        if len("Nasty/") + len(LONGEST) <= left:
            paths.append((f"Nasty/{LONGEST}", 61))
        for path, size in paths:
            parent = self._drive.root
            *above, name = path.split("/")
            for folder in above:
                parent = self._drive.at(folder, parent) or self._add(parent, folder, "folder", 0)
            self._add(parent, name, "folder" if size is None else "file", size or 0)

    def _add(self, parent: Item, name: str, kind: Kind, size: int) -> Item:
        created, modified = draw_dates(self._random)
        author = 1 + self._random.randrange(max(1, self._people.users))
        return self._drive.add(
            parent,
            name,
            kind,
            size=size,
            now=created,
            by=author,
            modified=modified,
            quietly=True,
        )
