"""What is in a tenant beside libraries and OneDrives: groups, subsites, lists, pages and more."""

from __future__ import annotations

from random import Random

from sluis.rehearsal.tenant.directory import Site, SiteList
from sluis.rehearsal.tenant.drive import Drive
from sluis.rehearsal.tenant.drive_filling import Filling
from sluis.rehearsal.tenant.identifiers import guid
from sluis.rehearsal.tenant.organisation import Booking, Contact, Group
from sluis.rehearsal.tenant.page_calls import PAGES_TEMPLATE
from sluis.rehearsal.tenant.population_dates import EPOCH, YEAR, draw_dates
from sluis.rehearsal.tenant.world import World

#: titles, templates and columns of lists that people keep
_LISTS: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...] = (
    ("Events", "events", (("Location", "text"), ("EventDate", "dateTime"))),
    ("Tasks", "tasks", (("DueDate", "dateTime"), ("PercentComplete", "number"))),
    ("Stock", "genericList", (("Amount", "number"), ("Ordered", "boolean"))),
    ("Links", "links", (("Comments", "text"),)),
)
#: libraries that the service makes, and that no listing shows unless it is asked for them
_SYSTEM = ("Preservation Hold Library", "Form Templates", "Style Library", "Teams Wiki Data")


def add(world: World) -> None:
    """Add all of it, as the settings say; nothing that was there before changes by it."""
    people, seed = world.settings.population, world.settings.seed
    sites = [site for site in world.sites if site.path and not site.personal]
    sites += [_group(world, number) for number in range(1, people.groups + 1)]
    for number in range(1, people.security_groups + 1):
        name = f"Security {number:02d}"
        world.groups.append(Group(guid(seed, "security group", number), name, "", EPOCH - YEAR))
    for number in range(1, people.contacts + 1):
        mail = f"contact{number:02d}@partner.example"
        name = f"Contact {number:02d}"
        world.contacts.append(Contact(guid(seed, "org contact", number), name, mail))
    for number in range(1, people.bookings + 1):
        mail = f"booking{number:02d}@{world.settings.tenant_name}.example"
        world.bookings.append(Booking(mail, f"Appointments {number:02d}"))
    for site in list(sites):
        sites += _subsites(world, site)
    for site in sites:
        for number in range(people.lists):
            site.lists.append(_list(site, number))
        if people.pages:
            _pages(world, site)
        for number in range(people.hidden_libraries):
            name = _SYSTEM[number] if number < len(_SYSTEM) else f"System {number + 1:02d}"
            hidden = _drive(world, site, name, name.replace(" ", ""), system=True)
            random = _random(hidden)
            for place in range(3):
                _file(hidden, random, f"Kept {place + 1:02d}.docx", 5_000)


def _group(world: World, number: int) -> Site:
    """A Microsoft 365 group and the site that it is connected to."""
    seed, path = world.settings.seed, f"sites/group{number:02d}"
    site = Site(path, world.host, path, f"Group {number:02d}", EPOCH - YEAR, seed)
    world.enter_site(site)
    mail = f"group{number:02d}@{world.settings.tenant_name}.example"
    team = number <= world.settings.population.teams
    world.groups.append(
        Group(guid(seed, "group", number), site.title, mail, site.created, site, team)
    )
    _fill(world, site)
    return site


def _subsites(world: World, site: Site) -> list[Site]:
    made: list[Site] = []
    for number in range(1, world.settings.population.subsites + 1):
        above = made[-1] if number % 2 == 0 else site
        path = f"{above.path}/sub{number:02d}"
        title = f"{site.title} sub {number:02d}"
        below = Site(path, site.host, path, title, EPOCH - YEAR, site.seed, parent=above)
        world.enter_site(below)
        _fill(world, below)
        made.append(below)
    return made


def _fill(world: World, site: Site) -> None:
    """One library, as full as any other of the population."""
    drive = _drive(world, site, "Documents", "Shared Documents")
    Filling(world, drive, _random(drive)).fill(site.title)


def _list(site: Site, number: int) -> SiteList:
    title, template, columns = _LISTS[number % len(_LISTS)]
    if number >= len(_LISTS):
        title = f"{title} {number + 1:02d}"
    made = SiteList(guid(site.seed, site.key, "list", title), title, site.created)
    made.template, made.columns = template, list(columns)
    for place in range(1, 4):
        made.add({"Title": f"{title} {place:02d}"})
    return made


def _pages(world: World, site: Site) -> None:
    drive = _drive(world, site, "Site Pages", "SitePages", template=PAGES_TEMPLATE)
    random = _random(drive)
    for number in range(world.settings.population.pages):
        name = "Home.aspx" if number == 0 else f"Page {number + 1:02d}.aspx"
        _file(drive, random, name, 4_000)
        drive.items[-1].more.fields = {"Title": name.removesuffix(".aspx")}


def _drive(
    world: World,
    site: Site,
    name: str,
    folder: str,
    *,
    template: str = "documentLibrary",
    system: bool = False,
) -> Drive:
    drive = Drive(
        world.settings.seed,
        f"{site.key}/{folder}",
        name,
        f"{site.url}/{folder}",
        site.id,
        None,
        site.created,
        world.settings.population.quota,
        template=template,
        system=system,
    )
    world.enter_drive(site, drive)
    return drive


def _file(drive: Drive, random: Random, name: str, largest: int) -> None:
    created, modified = draw_dates(random)
    size = random.randint(largest // 2, largest)
    drive.add(drive.root, name, "file", size=size, now=created, modified=modified, quietly=True)


def _random(drive: Drive) -> Random:
    return Random(drive.id)  # noqa: S311
