"""What a rehearsal tenant is made of: everything follows from these, the seed included."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any

from sluis.rehearsal.tenant.rights import AppSettings
from sluis.rehearsal.tenant.throttle import Limits
from sluis.rehearsal.tenant.weather import Weather


@dataclass(frozen=True)
class Population:
    """Who and what is in the tenant. Shares are between 0 and 1.

    Attributes:
        users: each has a OneDrive, but for the last ``without_onedrive``.
        sites: team sites, the root site not counted.
        drives_per_site: document libraries of each site.
        items_per_drive: generated files of each drive; folders come on top.
        folder_depth: how deep folders go; 0 puts all files in the root.
        files_per_folder: how many files a folder holds about.
        file_size: smallest and largest size of a generated file, bytes.
        office_share: share of the files that are real Office packages.
        versions_share: share of the files that have earlier versions.
        shared_share: share of the items with permissions of their own.
        packages: OneNote notebooks in each drive.
        malware: files in each drive in which malware was found.
        retention_hidden: retention-labelled files in each drive, unseen without full control.
        recycle_bin: entries in each drive's recycle bin.
        shortcuts: shortcuts in each OneDrive to a folder of another drive.
        without_hash: files in each drive whose hash appears after a first download only.
        nasty_names: about forty files and folders with hostile names in each drive.
        without_onedrive: users who never opened theirs.
        encrypted: Office files in each drive that a sensitivity label encrypts: compound files
            and no ZIPs (MS-OFFCRYPTO 2.3.4.4).
        twins: files in each drive that have the name of another one in the same folder, letter
            for letter. ``driveitem-delta.md`` makes the id the key and not the path; that two
            live files can have one path for long was not found in any report.
        quota: bytes that each drive may hold.
        groups: Microsoft 365 groups; each has a site of its own, on top of ``sites``.
        teams: how many of these groups have a Team.
        security_groups: groups without a mailbox and a site.
        contacts: contacts that the organisation shares.
        bookings: pages on which customers book.
        subsites: sites in each team site; every second one lies in the one before it.
        lists: lists of each site that are no library, on top of Contacts.
        pages: site pages of each site.
        hidden_libraries: libraries of each site with the system facet, of three files each.
    """

    users: int = 2
    sites: int = 1
    drives_per_site: int = 1
    items_per_drive: int = 20
    folder_depth: int = 2
    files_per_folder: int = 20
    file_size: tuple[int, int] = (0, 20_000)
    office_share: float = 0.1
    versions_share: float = 0.1
    shared_share: float = 0.1
    packages: int = 0
    malware: int = 0
    retention_hidden: int = 0
    recycle_bin: int = 0
    shortcuts: int = 0
    without_hash: int = 0
    nasty_names: bool = False
    without_onedrive: int = 0
    encrypted: int = 0
    twins: int = 0
    quota: int = 27_487_790_694_400
    groups: int = 0
    teams: int = 0
    security_groups: int = 0
    contacts: int = 0
    bookings: int = 0
    subsites: int = 0
    lists: int = 0
    pages: int = 0
    hidden_libraries: int = 0


@dataclass(frozen=True)
class Settings:
    """One rehearsal tenant.

    Attributes:
        seed: ids, names, sizes, dates and bytes all follow from it.
        population: who and what is in it.
        weather: what goes wrong, and how often.
        limits: throttling; ``None`` means none.
        latency_ms: how long every answer is held back, milliseconds of the wall's clock.
        clock_speed: tenant's seconds in one of the wall's.
        apps: the app registrations; the first is the one that ``Tenant.app`` gives.
        tenant_name: host name of its web addresses: ``<name>.sharepoint.example``.
        page_size: entries of one page when the client asks for no other.
        largest_page: entries of one page at most.
        url_seconds: life of a pre-authenticated download URL, seconds.
        session_seconds: life of an upload session, seconds.
        address: loopback address of Graph itself.
        content_address: loopback address of the origin that content comes from.
        port: of Graph itself; 0 takes a free one.
    """

    seed: int = 1
    population: Population = field(default_factory=Population)
    weather: Weather = field(default_factory=Weather)
    limits: Limits | None = None
    latency_ms: float = 0.0
    clock_speed: float = 1.0
    apps: tuple[AppSettings, ...] = (AppSettings(),)
    tenant_name: str = "rehearsal"
    page_size: int = 200
    largest_page: int = 1000
    url_seconds: float = 3600.0
    session_seconds: float = 86_400.0
    address: str = "127.0.10.20"
    content_address: str = "127.0.10.21"
    port: int = 0


def to_json(settings: Settings) -> str:
    """The settings as JSON, to be read by :func:`from_json`."""
    return json.dumps(dataclasses.asdict(settings))


def from_json(text: str) -> Settings:
    """The settings that :func:`to_json` wrote.

    Raises:
        TypeError: for a field that does not exist.
    """
    given: dict[str, Any] = json.loads(text)
    population = Population(**given.pop("population"))
    limits = given.pop("limits")
    return Settings(
        **{
            **given,
            "population": dataclasses.replace(
                population, file_size=(population.file_size[0], population.file_size[1])
            ),
            "weather": Weather(**_tuples(given.pop("weather"))),
            "limits": None if limits is None else Limits(**_tuples(limits)),
            "apps": tuple(AppSettings(**_tuples(app)) for app in given.pop("apps")),
        }
    )


def _tuples(given: dict[str, Any]) -> dict[str, Any]:
    """JSON knows lists only; the frozen settings have tuples."""
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in given.items()
    }
