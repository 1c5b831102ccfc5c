"""What the second story of the demo is played on: two tenants and the old supplier's server.

Ten people and three sites. Not everybody ever opened their OneDrive, as everywhere. In the
new tenant all places are there, and empty.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sluis.rehearsal.keeper import Keeper
from sluis.rehearsal.lab import Lab
from sluis.rehearsal.loopback import OLD_SUPPLIER
from sluis.rehearsal.old_supplier import fill_drive
from sluis.rehearsal.sshd import SshHost, new_ssh_key, start_host
from sluis.rehearsal.tenant.settings import Population, Settings
from sluis.rehearsal.tenant.start import Tenant, start_tenant
from sluis.rehearsal.tenant.weather import Weather

_PEOPLE = Population(
    users=10,
    without_onedrive=9,
    sites=3,
    items_per_drive=10,
    office_share=0.3,
    shared_share=0.0,
)
#: with a second library in each team: the I-drive gets one to itself, so that all that is
#: found there beside it would be extra
_EMPTY = replace(_PEOPLE, items_per_drive=0, office_share=0.0, drives_per_site=2)
#: that of most days, less what takes long: nothing here may wait for minutes
WEATHER = Weather(
    empty_pages=0.2,
    duplicates=0.1,
    unavailable=0.02,
    gateway_timeout=0.01,
    retry_after=0.1,
    cut_bodies=0.03,
    rewrite=("office",),
)
_OLD = Settings(seed=1042, tenant_name="old", population=_PEOPLE, weather=WEATHER)
_NEW = Settings(
    seed=1043,
    tenant_name="new",
    population=_EMPTY,
    # a 504 to what makes a folder leaves open whether it was made, and stops that import
    weather=replace(WEATHER, gateway_timeout=0.0),
    address="127.0.10.22",
    content_address="127.0.10.23",
)
_SHARED_FILES, _FILE_BYTES, _SEED = 16, 4_000, 20190630


@dataclass(frozen=True)
class Ground:
    """Everything between which data moves.

    Args:
        old: the tenant that ends.
        new: the tenant that everything goes to.
        server: the old supplier's file server, SFTP only.
        i_drive: its shared folder.
        key: the private key that may log in there.
    """

    old: Tenant
    new: Tenant
    server: SshHost
    i_drive: Path
    key: Path


@contextmanager
def start_ground(lab: Lab) -> Iterator[Ground]:
    """Both tenants and the server, as long as the block lasts.

    Args:
        lab: a running lab; everything goes into its folder and ends with it at the latest.

    Raises:
        SluisError: ``tenant-failed``, ``program-missing``, ``lab-part-failed``.
    """
    folder = lab.folder / f"move-{secrets.token_hex(4)}"
    folder.mkdir(mode=0o711)
    with Keeper() as keeper, ExitStack() as stack:
        tenants = []
        for settings in (_OLD, _NEW):
            started = start_tenant(folder / settings.tenant_name, settings)
            tenants.append(stack.enter_context(started))
            # killed in any way, we leave none behind
            keeper.watch(tenants[-1].pid)
        key = folder / "supplier_key"
        public = new_ssh_key(key, "reader of the old supplier's drive")
        server = start_host(
            keeper, folder / "supplier", "oldsupplier", OLD_SUPPLIER, public, sftp_only=True
        )
        i_drive = server.folder / "srv" / "I"
        fill_drive(i_drive, _SHARED_FILES, _FILE_BYTES, _SEED)
        # a printer's queue is no data, and nobody could fetch it
        (i_drive / "Oud" / "printer.spool").unlink()
        yield Ground(tenants[0], tenants[1], server, i_drive, key)
