"""Fills a tenant from its seed: the same seed gives the same tenant, to the byte."""

from __future__ import annotations

from random import Random

from sluis.rehearsal.tenant import beside_files
from sluis.rehearsal.tenant.directory import Site, SiteList, User
from sluis.rehearsal.tenant.drive import Drive
from sluis.rehearsal.tenant.drive_filling import Filling
from sluis.rehearsal.tenant.identifiers import guid
from sluis.rehearsal.tenant.population_dates import EPOCH, YEAR
from sluis.rehearsal.tenant.world import World

_LIBRARIES = ("Documents", "Archive", "Projects", "Photos", "Minutes")


def populate(world: World) -> None:
    """Fill the world with what its settings say."""
    people = world.settings.population
    seed = world.settings.seed
    for number in range(1, people.users + 1):
        _add_user(world, number)
    for user in world.users[: max(0, people.users - people.without_onedrive)]:
        _open_onedrive(world, user)
    world.enter_site(Site("root", world.host, "", "Communication site", EPOCH - 3 * YEAR, seed))
    for number in range(1, people.sites + 1):
        path = f"sites/team{number:02d}"
        site = Site(path, world.host, path, f"Team {number:02d}", EPOCH - 2 * YEAR, seed)
        world.enter_site(site)
        site.lists.append(_contacts(site))
        for place in range(people.drives_per_site):
            name = _LIBRARIES[place] if place < len(_LIBRARIES) else f"Library {place + 1:02d}"
            _add_drive(world, site, name, "Shared Documents" if place == 0 else name, None)
    _add_shortcuts(world)
    beside_files.add(world)


def _add_shortcuts(world: World) -> None:
    """Shortcuts from each OneDrive to folders of the tenant's last library."""
    libraries = [drive for drive in world.drives.values() if drive.owner is None]
    if not libraries:
        return
    target = libraries[-1]
    folders = [item for item in target.live() if item.kind == "folder"]
    for user in world.users:
        if user.drive is None:
            continue
        for number in range(world.settings.population.shortcuts):
            item = user.drive.add(
                user.drive.root,
                f"Shortcut {number + 1:02d}",
                "shortcut",
                now=EPOCH,
                by=user.number,
                quietly=True,
            )
            item.more.target = (target.id, folders[number % len(folders)].number)


def _add_user(world: World, number: int) -> None:
    mail = f"user{number:02d}@{world.settings.tenant_name}.example"
    world.enter_user(
        User(number, guid(world.settings.seed, "user", number), f"User {number:02d}", mail)
    )


def _open_onedrive(world: World, user: User) -> None:
    path = "personal/" + user.mail.replace("@", "_").replace(".", "_")
    host = f"{world.settings.tenant_name}-my.sharepoint.example"
    site = Site(path, host, path, user.name, EPOCH - 2 * YEAR, world.settings.seed, personal=True)
    world.enter_site(site)
    user.drive = _add_drive(world, site, "OneDrive", "Documents", user.number)


def _contacts(site: Site) -> SiteList:
    """A list that is no library: an export of files does not see it unless it looks."""
    made = SiteList(guid(site.seed, site.key, "contacts"), "Contacts", site.created)
    made.columns = [("Phone", "text")]
    for number in range(1, 6):
        made.add({"Title": f"Contact {number:02d}", "Phone": f"0{number:09d}"})
    return made


def _add_drive(world: World, site: Site, name: str, folder: str, owner: int | None) -> Drive:
    drive = Drive(
        world.settings.seed,
        f"{site.key}/{folder}",
        name,
        f"{site.url}/{folder}",
        site.id,
        owner,
        site.created,
        world.settings.population.quota,
    )
    world.enter_drive(site, drive)
    random = Random(f"{world.settings.seed} {drive.key}")  # noqa: S311
    Filling(world, drive, random).fill(site.title)
    return drive
