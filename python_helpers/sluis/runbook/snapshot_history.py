"""What earlier statements say about an asset: of this change, and of this client's others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sluis.border.parts import Asset, Expected
from sluis.errors import SluisError
from sluis.evidence.copies import source_digest
from sluis.evidence.ledger import Ledger, View
from sluis.evidence.objects import ObjectStore
from sluis.evidence.predicates import Snapshot
from sluis.evidence.statements import Statement
from sluis.manifest import Manifest, loads
from sluis.runbook.run import OpenDossier, Run, now

_ID = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Earlier:
    """One earlier snapshot of an asset, and the dossier that it is in."""

    statement: Statement[Snapshot]
    objects: ObjectStore

    @property
    def body(self) -> Snapshot:
        """What the statement says."""
        return self.statement.body


class History:
    """All snapshots of one client's asset that the dossiers know, newest first.

    A dossier with a problem is left out: what it says cannot be relied on.
    """

    def __init__(self, run: Run, dossier: OpenDossier, view: View) -> None:
        self._run = run
        self._dossier = dossier
        self._view = view

    def of(self, asset: str, host: str) -> list[Earlier]:
        """Earlier snapshots of an asset on a host, adopted ones not counted."""
        found = [
            Earlier(statement, objects)
            for view, objects in self._views()
            for statement in view.of(Snapshot)
            if statement.body.asset == asset
            and statement.body.machine.host == host
            and statement.body.purpose != "adopted"
        ]
        return sorted(found, key=lambda item: item.body.finished_at, reverse=True)

    def assets_on(self, host: str) -> set[str]:
        """Ids of all assets that ever had a snapshot on this host."""
        return {
            statement.body.asset
            for view, _ in self._views()
            for statement in view.of(Snapshot)
            if statement.body.machine.host == host
        }

    def _views(self) -> Iterator[tuple[View, ObjectStore]]:
        yield self._view, self._dossier.objects
        for folder in self._others():
            anchors = self._dossier.anchors
            view = Ledger(folder, anchors, self._run.client, folder.name).read(now())
            if not view.problems:
                yield view, ObjectStore(folder)

    def _others(self) -> list[Path]:
        parent = self._dossier.path.parent
        return sorted(
            folder
            for folder in (parent.iterdir() if parent.is_dir() else ())
            if folder.is_dir()
            and not folder.name.startswith(".")
            and folder.name != self._dossier.path.name
            and (folder / "statements").is_dir()
        )


def expected_identity(configured: Expected, earlier: list[Earlier]) -> Expected:
    """Which machine to expect: as the inventory says, else as it was last time."""
    if not earlier:
        return configured
    machine = earlier[0].body.machine
    return Expected(
        machine_id=configured.machine_id or machine.machine_id,
        host_keys=configured.host_keys or machine.host_keys,
        system_identifier=configured.system_identifier or machine.system_identifier,
    )


def source_of(asset: Asset) -> str:
    """Names what is copied of an asset, as it is asked for."""
    return source_digest(asset.kind, asset.location, asset.exclude)


def of_this_source(earlier: list[Earlier], asset: Asset) -> list[Earlier]:
    """The copies that are of this very source.

    An id may have been given to another folder: a copy of that is no older generation of this.
    """
    digest = source_of(asset)
    return [item for item in earlier if item.body.made_by.get("source") == digest]


def manifest_after(taken: Snapshot, objects: ObjectStore) -> Manifest | None:
    """The source's manifest just after a copy, while it is kept."""
    digest = taken.manifest_after_object or taken.manifest_before_object
    try:
        return loads(objects.get(digest)) if digest else None
    except SluisError:
        return None


def known_id(value: object) -> str | None:
    """A full id or digest that an earlier statement holds as a host told it, or ``None``.

    Statements of before version 1 of the protocol may hold anything in its place.
    """
    return value if isinstance(value, str) and _ID.fullmatch(value) else None
