"""Look at what a change needs on this machine, in seconds, and change nothing.

Whatever is wrong is noted, and the rest is looked at all the same: the operator wants to hear
all of it at once.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import tempfile
import time
from datetime import datetime, timezone
from typing import Iterator, List, Optional

from ..border.parts import Asset, AssetSecrets, StoreSecrets
from ..border.store import Store
from ..border.verb import Failure
from ..border.verbs.asset_check import (
    Answer,
    CheckSecrets,
    Disk,
    Lacking,
    Request,
    Seen,
    Trouble,
)
from ..counted import counted
from ..errors import SluisError, SnapshotError
from ..programs import Command, fixed, run
from .access import Access, open_access, unreachable
from .backup_look import demand_backup
from .children import Children, confined_account
from .folder_rights import Owners, may_give
from .identity import own_addresses
from .local_store import demand_use
from .look_directory import look_at_files
from .mariadb_programs import find_program, server_series
from .postgresql_programs import for_scratch
from .prepare import demand_escrow
from .restic import password_of
from .restore_in_use import COMPANIONS, demand_quiet
from .scratch import choose_scratch, too_small
from .store_keys import keys_of

#: databases whose copy is restored into a server of the same version
_SERVERS = ("postgresql", "mariadb")
#: seconds for counting the files of one machine: a look is no measurement
_COUNTING = 8.0
#: what a database takes in a scratch folder besides its dump
_DATABASE_SPARE = 2.2


def look_around(request: Request, secrets: CheckSecrets) -> Answer:
    """Look at one machine.

    Args:
        request: what to look at.
        secrets: the store's login and the databases' passwords.
    """
    clock = datetime.now(timezone.utc)
    look = _Look()
    if request.restic is not None:
        with look.noting():
            _demand_restic(request.restic)
    if request.store is not None:
        with look.noting():
            look.at_store(request.store, secrets.store, verifier=request.part == "verifier")
    if request.part == "source":
        look.at_assets(request.assets, secrets, way_back=request.way_back, restore=request.restore)
        for backup in request.backups:
            with look.noting():
                demand_backup(backup, secrets.backups.get(backup.asset), request.restic or "restic")
        with look.noting():
            _demand_workdir(request.folder, look.seen)
    if request.part == "verifier":
        look.at_verifier(request)
    return Answer(
        clock=clock.isoformat(timespec="seconds"),
        store_clock=look.store_clock,
        troubles=tuple(look.troubles),
        lacking=tuple(look.lacking),
        seen=tuple(look.seen),
        lets_remove=look.lets_remove,
        own=tuple(own_addresses(request.store.address)) if request.store else (),
        disk=look.disk,
    )


class _Look:
    """Collects what is found."""

    def __init__(self) -> None:
        self.troubles: List[Trouble] = []
        self.lacking: List[Lacking] = []
        self.seen: List[Seen] = []
        self.store_clock: Optional[str] = None
        self.lets_remove: Optional[bool] = None
        self.disk: Optional[Disk] = None

    @contextlib.contextmanager
    def noting(self, asset: Optional[str] = None) -> Iterator[None]:
        """Note what goes wrong in a block, and go on after it."""
        try:
            yield
        except SluisError as error:
            family = type(error).__name__.lstrip("_")
            failure = Failure(family, error.code, error.what, error.remedy)
            self.troubles.append(Trouble(asset, failure))

    def at_store(self, store: Store, secrets: StoreSecrets, *, verifier: bool) -> None:
        """Whether it answers, lets us in, opens with our password, and keeps what it has."""
        if store.kind == "local":
            self.disk = demand_use(store, makes=verifier)
        with Children(tempfile.gettempdir()) as children:
            access = open_access(store, secrets, children.private, children)
            if not access.reachable():
                raise unreachable(store, "nobody answers at its address")
            there = access.names("keys")
            self.store_clock = access.clock()
            if verifier:
                with self.noting():
                    demand_escrow(access, secrets, store.id)
            if there and secrets.repository_password:  # without one: said by who read the settings
                with self.noting():
                    _demand_password(access, secrets, store)
            if verifier:
                self.lets_remove = access.lets_remove()

    def at_assets(
        self,
        assets: "tuple[Asset, ...]",
        secrets: CheckSecrets,
        *,
        way_back: bool = False,
        restore: bool = False,
    ) -> None:
        """Whether each can be read, by whom we are, to the last item."""
        until = time.monotonic() + _COUNTING
        for asset in assets:
            with self.noting(asset.id):
                if asset.kind in _SERVERS:
                    secret = secrets.assets.get(asset.id, AssetSecrets())
                    seen, lacking = _database(asset, secret, way_back, restore)
                    self.seen.append(seen)
                    self.lacking += lacking
                elif restore:
                    self.seen.append(_unused(asset, until))
                else:
                    self.seen.append(look_at_files(asset, until))

    def at_verifier(self, request: Request) -> None:
        """Whether what is going to be restored has its programs and its room there."""
        bin_dirs = {asset.id: asset.connection.bin_dir for asset in request.assets}
        for seen in request.seen:
            with self.noting(seen.asset):
                if seen.kind in _SERVERS:
                    confined_account()
                    _demand_server(seen, bin_dirs.get(seen.asset))
                size = seen.bytes
                if seen.kind in _SERVERS:
                    size = int(size * _DATABASE_SPARE)
                room = choose_scratch(request.folder, size, seen.items)
                if not room.is_enough:
                    raise too_small(seen.asset, room)


def _unused(asset: Asset, until: float) -> Seen:
    """Files that are to be put back: they may be broken or gone, and nobody may have them open."""
    path = os.path.realpath(asset.location)
    try:
        demand_quiet(path, COMPANIONS if asset.kind == "sqlite" else ())
    except OSError as error:
        raise SnapshotError(
            "source-unreadable",
            f"{path!r} cannot be read: {error.strerror}.",
            "Give the user that Ansible becomes there the right to read it.",
        ) from error
    _demand_givable(path, until)
    return Seen(asset.id, asset.kind, 0, 0)


def _demand_givable(path: str, until: float) -> None:
    """What lies there now has only owners and groups that this account can give to a copy."""
    if os.geteuid() == 0:
        return
    owners: Owners = {}
    for above, folders, files in os.walk(path):
        for name in (above, *(os.path.join(above, one) for one in (*folders, *files))):
            try:
                status = os.lstat(name)
            except OSError:
                continue  # gone, or out of reach: of that nothing is said
            if not may_give(status.st_uid, status.st_gid):
                owners[status.st_uid, status.st_gid] = 1
        if owners or time.monotonic() > until:
            break
    if owners:
        who = pwd.getpwuid(os.geteuid()).pw_name
        raise SnapshotError(
            "owners-not-given",
            f"{path!r} has items of an owner or a group that {who} cannot give to a file, so a "
            "restore cannot put them back as they are now.",
            "Write restore_asset_become: true into restore.yml. Otherwise all of it gets the owner "
            f"{who} and its group, and apply says of how many items.",
        )


def _database(
    asset: Asset, secrets: AssetSecrets, way_back: bool, restore: bool
) -> "tuple[Seen, List[Lacking]]":
    # named one by one, so that Ansible ships them
    if asset.kind == "postgresql":
        from .postgresql_look import look_at_postgresql

        return look_at_postgresql(asset, secrets, way_back=way_back, restore=restore)
    from .mariadb_look import look_at_mariadb

    return look_at_mariadb(asset, secrets, way_back=way_back, restore=restore)


def _demand_restic(program: str) -> None:
    try:
        done = run(Command(program, fixed("version")), seconds=20)
    except (OSError, TimeoutError) as error:
        raise _no_restic(program, str(error)) from None
    except SnapshotError as error:
        raise _no_restic(program, error.what) from None
    if done.status != 0 or b"restic" not in done.output:
        raise _no_restic(program, f"it ended with status {done.status}")


def _no_restic(program: str, why: str) -> SnapshotError:
    return SnapshotError(
        "restic-missing",
        f"The program {program} cannot be used: {why.rstrip('.')}.",
        "Install it (apt-get install restic; 0.14 or newer), or name it in "
        "snapshot_and_verify_restic.",
    )


def _demand_password(access: Access, secrets: StoreSecrets, store: Store) -> None:
    if not keys_of(access, password_of(secrets), escrowed=False, sure=True):
        raise SnapshotError(
            "repository-password-wrong",
            f"repository_password opens no key of the store {store.id}.",
            "Use the password that the repository was made with.",
        )


def _demand_workdir(folder: Optional[str], seen: List[Seen]) -> None:
    """Room for the largest dump, which lies there until it is on the store."""
    place = folder or tempfile.gettempdir()
    if not os.path.isdir(place) or not os.access(place, os.W_OK | os.X_OK):
        raise SnapshotError(
            "workdir-unusable",
            f"The folder for dumps {place} is not there, or cannot be written to.",
            "Make it, or name another one in snapshot_and_verify_workdir.",
        )
    needed = max((one.bytes for one in seen if one.kind in _SERVERS), default=0)
    free = shutil.disk_usage(place).free
    if free < needed:
        raise SnapshotError(
            "workdir-too-small",
            f"The folder for dumps {place} has {counted(free, 'byte')} free, and the largest "
            "dump may "
            f"take {needed:,}.",
            "Make room there, or name a folder on a larger volume in snapshot_and_verify_workdir.",
        )


def _demand_server(seen: Seen, bin_dir: Optional[str]) -> None:
    version = seen.version or ""
    if not version:
        return  # the server could not be asked; why not is said already
    if seen.kind == "postgresql":
        if for_scratch(bin_dir, int(version) if version.isdigit() else 0) is None:
            raise SnapshotError(
                "scratch-server-missing",
                f"There is no PostgreSQL {version} server on the verifier to restore "
                f"{seen.asset} into.",
                f"Install the package postgresql-{version} on the verifier, and stop its own "
                "cluster.",
            )
        return
    program = find_program("mariadbd", bin_dir)
    if program is None or server_series(program) != version:
        raise SnapshotError(
            "scratch-server-missing",
            f"There is no MariaDB {version} server on the verifier to restore {seen.asset} into.",
            f"Install MariaDB {version} (mariadb-server) on the verifier, and stop its own "
            "service.",
        )
