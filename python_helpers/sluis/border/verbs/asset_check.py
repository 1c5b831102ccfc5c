"""Look at what a change needs on a machine: its store, its assets, its rights and its room."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Mapping, Optional, Tuple

from ..formats import Count, ExactName, PlainName, Slug, Time, Words
from ..found import Found
from ..marked import Annotated
from ..parts import Asset, AssetSecrets, Kind, StoreSecrets
from ..shapes import Most
from ..store import Store
from ..verb import Failure, Verb

#: rights of a database's user, each by what it is needed for
Need = Literal[
    "read all", "read schema", "read large objects", "read past row security", "place the nonce",
    "place the nonce again", "read and lock", "see definitions", "see routines",
    "see databases", "read definitions", "run functions", "repair a view",
    # what putting a database back needs besides: only asked where there may be a way back
    "make databases", "own what is put back", "end sessions", "mark a copy", "be a superuser",
    "put back beside", "swap in", "make code of others",
]  # fmt: skip
#: what MariaDB calls the rights that can be lacking
Privilege = Literal[
    "SELECT", "LOCK TABLES", "SHOW VIEW", "TRIGGER", "EVENT", "CREATE", "INSERT", "UPDATE",
    "EXECUTE", "DELETE", "DROP", "ALTER", "CREATE VIEW", "CREATE ROUTINE", "ALTER ROUTINE",
    "SET USER", "SUPER",
]  # fmt: skip


@dataclass(frozen=True)
class Seen:
    """An asset that was looked at: its bytes and items, and its server's version.

    ``beside`` are the other databases of that server.
    """

    asset: Slug
    kind: Kind
    bytes: Count
    items: Count
    version: Optional[Words] = None
    beside: Annotated[Tuple[Found, ...], Most(10_000)] = ()


@dataclass(frozen=True)
class Repository:
    """Where the client's own backup of an asset is said to be.

    A repository of restic's has a ``store``, with the asset's ``path`` and the ``host`` as the
    backup names them; copies and dumps have ``locations``.
    """

    asset: Slug
    store: Optional[Store] = None
    path: Optional[PlainName] = None
    host: Optional[PlainName] = None
    locations: Annotated[Tuple[PlainName, ...], Most(1000)] = ()


@dataclass(frozen=True)
class Request:
    """What to look at.

    Args:
        part: ``source`` on the machine of the assets, ``machine`` there without its assets,
            ``verifier`` where they are restored.
        store: where snapshots go; ``None``: none is named.
        assets: of this machine; for a verifier, those that are restored there.
        folder: to work in: for dumps, or to restore in; ``None``: the usual one.
        restic: the program; ``None``: nothing is copied from here.
        seen: what is going to be restored there (``verifier``).
        way_back: whether the client is asked for a way back: then the rights that putting a
            database back needs are looked at as well.
        restore: whether the assets are to be put back: a database may be broken or gone.
        backups: repositories that are to be opened with their own passwords (``source``).
        check_mode: it is all the same: nothing is ever changed.
    """

    part: Literal["source", "machine", "verifier"]
    store: Optional[Store] = None
    assets: Annotated[Tuple[Asset, ...], Most(10_000)] = ()
    folder: Optional[PlainName] = None
    restic: Optional[PlainName] = None
    seen: Annotated[Tuple[Seen, ...], Most(10_000)] = ()
    way_back: bool = False
    restore: bool = False
    backups: Annotated[Tuple[Repository, ...], Most(10_000)] = ()
    check_mode: bool = False


@dataclass(frozen=True)
class CheckSecrets:
    """What opens the store, and each database and backup by the id of its asset."""

    store: StoreSecrets = field(default_factory=StoreSecrets)
    assets: Annotated[Mapping[Slug, AssetSecrets], Most(10_000)] = field(default_factory=dict)
    backups: Annotated[Mapping[Slug, StoreSecrets], Most(10_000)] = field(default_factory=dict)


@dataclass(frozen=True)
class Trouble:
    """Something that would fail, and the asset that it is about, if any."""

    asset: Optional[Slug]
    failure: Failure


@dataclass(frozen=True)
class Lacking:
    """A right that a database's user lacks.

    Args:
        asset: whose database.
        need: what it is needed for.
        to: the user.
        on: the database, or the schema or role that it is about.
        privileges: in MariaDB's words.
    """

    asset: Slug
    need: Need
    to: ExactName
    on: ExactName
    privileges: Annotated[Tuple[Privilege, ...], Most(20)] = ()


@dataclass(frozen=True)
class Disk:
    """A store on a disk, as one machine sees it.

    Args:
        user: who uses it there, by name and number.
        number: of that user.
        there: whether there is a repository.
    """

    user: Words
    number: Count
    there: bool


@dataclass(frozen=True)
class Answer:
    """What was found.

    Args:
        clock: this machine's.
        store_clock: the store's, where it tells.
        troubles: what would fail.
        lacking: rights that are lacking.
        seen: the assets that could be looked at.
        lets_remove: whether the store lets go of what lies on it; ``None``: nobody can tell.
        own: addresses of the store that are this machine's own.
        disk: of a store of kind ``local`` that may be used here.
    """

    clock: Time
    store_clock: Optional[Time]
    troubles: Annotated[Tuple[Trouble, ...], Most(10_000)]
    lacking: Annotated[Tuple[Lacking, ...], Most(10_000)]
    seen: Annotated[Tuple[Seen, ...], Most(10_000)]
    lets_remove: Optional[bool]
    own: Annotated[Tuple[ExactName, ...], Most(100)] = ()
    disk: Optional[Disk] = None


ASSET_CHECK = Verb("asset_check", Request, CheckSecrets, Answer)
