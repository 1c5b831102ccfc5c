"""A snapshot that is to be put back is fetched from the store that the inventory names now.

Both facts are there before anything runs, so a snapshot that lies elsewhere is said by check and
by prepare, and not when the client has signed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from sluis.evidence.predicates import Snapshot
from sluis.evidence.predicates import Store as StoreRecord
from sluis.runbook.findings import Finding
from sluis.runbook.run import Run
from sluis.runbook.snapshot_settings import SnapshotSettings
from sluis.runbook.written_choice import chosen_in, recorded_snapshots
from sluis.scope.model import ScopeDocument

CODE = "other-store"
_RESTORE = "restore.yml"
_SFTP = re.compile(r"sftp://(?P<user>[^@/]+)@(?P<machine>[^/]+):(?P<port>[0-9]+)(?P<path>/.*)")


def is_elsewhere(there: StoreRecord, now: StoreRecord) -> bool:
    """Whether a snapshot's store is another one than the inventory names.

    Args:
        there: as the snapshot's statement has it.
        now: as the inventory has it.
    """
    return there.location.rstrip("/") != now.location.rstrip("/")


def what_is_elsewhere(about: str, there: StoreRecord, now: StoreRecord) -> str:
    """One sentence: which snapshot lies where, and which store is named."""
    return (
        f"{about} in the store {there.id} at {there.location}, and the inventory names "
        f"the store {now.id} at {now.location}."
    )


def remedy_of(host: str, there: StoreRecord, now: StoreRecord) -> str:
    """What can be done: the store is a setting of the host, so it is set for as long as it takes.

    Args:
        host: inventory name.
        there: the store that has the snapshot.
        now: the store that the inventory names.
    """
    other = f"name a snapshot in restore.yml that lies in {now.id}"
    if there.kind == "folder":
        return f"It is a backup of somebody else's, and cannot be fetched from: {other}."
    return (
        f"For as long as this restore takes, let snapshot_and_verify_store of {host} name that "
        f"store: {_as_written(there)}, with its login and passwords in "
        "snapshot_and_verify_store_secrets; prepare and have it signed only then, and write "
        f"today's store again after the hand-over. Or {other}. What lies in another store than "
        "the rest goes into a restore of its own."
    )


def snapshots_elsewhere(
    run: Run, host: str, settings: SnapshotSettings, scope: ScopeDocument | None
) -> Iterator[Finding]:
    """The snapshots that a restore names for a host, and that lie in another store than it has.

    Args:
        run: the current run.
        host: inventory name.
        settings: the role's variables, for that host.
        scope: the change's scope, if it can be read.
    """
    if scope is None or settings.own_store is None:
        return
    named = settings.store_record
    elsewhere: dict[str, tuple[StoreRecord, list[str]]] = {}
    for asset, body in _named(run, run.change_folder / _RESTORE):
        known = scope.asset(asset)
        if known is not None and known.host == host and is_elsewhere(body.store, named):
            _, told = elsewhere.setdefault(body.store.location, (body.store, []))
            told.append(f"{body.snapshot_id[:8]} of {asset}")
    for there, told in elsewhere.values():
        about = f"{host}: the snapshot {told[0]} lies"
        if len(told) > 1:
            about = f"{host}: the snapshots {', '.join(told)} lie"
        what = what_is_elsewhere(about, there, named)
        yield Finding(host, CODE, what, remedy_of(host, there, named), True)


def _named(run: Run, path: Path) -> Iterator[tuple[str, Snapshot]]:
    """What a ``restore.yml`` names and the dossiers have; its readers say what else is wrong."""
    recorded: dict[str, tuple[Snapshot, ...] | None] = {}
    for asset, change, snapshot in chosen_in(path) or ():
        if asset is None or change is None or snapshot is None:
            continue
        if change not in recorded:
            recorded[change] = recorded_snapshots(run.places, run.client, change)
        there = recorded[change] or ()
        found = [one for one in there if (one.snapshot_id, one.asset) == (snapshot, asset)]
        if found:
            yield asset, found[-1]


def _as_written(store: StoreRecord) -> str:
    """The store as it is written in the inventory, as far as a statement tells."""
    fields: dict[str, str | int] = {"id": store.id, "kind": store.kind}
    if store.kind == "rest":
        fields["url"] = store.location
    elif (sftp := _SFTP.fullmatch(store.location)) is not None:
        fields |= {**sftp.groupdict(), "port": int(sftp["port"]), "host_key": "..."}
    else:
        fields["path"] = store.location
    fields |= {"machine": store.machine, "site": store.site, "country": store.country}
    fields["provider"] = store.provider
    plain = (f"{name}: {json.dumps(one, ensure_ascii=False)}" for name, one in fields.items())
    return f"{{{', '.join(plain)}}}"
