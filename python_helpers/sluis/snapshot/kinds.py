"""Which engine copies and checks which kind of database: the one place that speaks to them.

A directory needs none: it is its own copy. Engines work with JSON data, as figures are kept
and compared; what goes in and comes out here has types and bounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Optional, Sequence, Tuple

from ..border import codec
from ..border.facts import Facts, plain_facts, read_facts
from ..border.found import Found
from ..border.parts import Asset, AssetSecrets
from ..border.proof import DatabaseProof
from ..border.strict_json import WrongError
from ..errors import InputError, SnapshotError

#: kinds whose data is dumped to files first
DUMPED = ("postgresql", "mariadb", "sqlite")


@dataclass(frozen=True)
class Dumped:
    """A dump that was made, and the figures of that moment."""

    facts: Facts
    system_identifier: Optional[str]
    ran: Tuple[str, ...]
    warnings: Tuple[str, ...]
    found: Tuple[Found, ...]
    state: str
    #: whether ``found`` is all that is there
    sees_all: bool = True


def adapter_of(kind: str) -> Any:
    """The module with ``dump`` and ``check`` for a kind of database.

    Raises:
        InputError: ``kind-unknown``.
    """
    # Named one by one, and not by importlib: Ansible ships to a host what it finds
    # imported, and a verifier of files need not load database code.
    if kind == "postgresql":
        from . import postgresql

        return postgresql
    if kind == "mariadb":
        from . import mariadb

        return mariadb
    if kind == "sqlite":
        from . import sqlite

        return sqlite
    raise InputError(
        "kind-unknown",
        f"No snapshot can be made of a {kind!r}.",
        f"Use directory, {', '.join(DUMPED)}, or have a waiver signed for this asset.",
    )


def engine_asset(asset: Asset) -> Dict[str, Any]:
    """An asset as engines take it: its own fields and those of its connection."""
    plain: Dict[str, Any] = codec.dump(asset)
    return {**plain.pop("connection"), **plain}


def engine_secrets(secrets: AssetSecrets) -> Dict[str, Any]:
    """Secrets as engines take them."""
    plain: Dict[str, Any] = codec.dump(secrets)
    return plain


def dump(asset: Asset, folder: str, nonce: str, secrets: AssetSecrets) -> Dumped:
    """Dump a database to files in ``folder``, with the figures of that same moment.

    Raises:
        SnapshotError: the engine's own, or ``figures-unusable``.
    """
    engine = adapter_of(asset.kind)
    said = engine.dump(engine_asset(asset), folder, nonce, engine_secrets(secrets))
    try:
        facts = read_facts(said["facts"])
        if facts is None:
            raise WrongError("are missing")
        return Dumped(
            facts=facts,
            system_identifier=said["system_identifier"],
            ran=tuple(said["ran"]),
            warnings=tuple(said["warnings"]),
            found=tuple(codec.load(Found, one) for one in said["found"]),
            state=str(said.get("state") or ""),
            sees_all=bool(said.get("sees_all", True)),
        )
    except WrongError as wrong:
        raise _unusable(asset, wrong) from None


def check(
    asset: Asset, restored: str, facts: Optional[Facts], nonce: Optional[str], scratch: str
) -> DatabaseProof:
    """Restore a dump into a server of our own, and compare.

    Args:
        asset: what the dump is of.
        restored: the folder or file that came back.
        facts: the source's figures, or ``None`` when nobody read them.
        nonce: SHA-256 of the nonce to be found, or ``None``.
        scratch: folder to work in.

    Raises:
        SnapshotError: the engine's own, or ``figures-unusable``.
    """
    engine = adapter_of(asset.kind)
    said = engine.check(engine_asset(asset), restored, plain_facts(facts), nonce, scratch, {})
    try:
        return codec.load(DatabaseProof, said)
    except WrongError as wrong:
        raise _unusable(asset, wrong) from None


def databases_beside(asset: Asset, said: Sequence[Dict[str, Any]]) -> Tuple[Found, ...]:
    """The other databases of an asset's server, as its engine said them.

    Raises:
        SnapshotError: ``figures-unusable``.
    """
    try:
        return tuple(codec.load(Found, one) for one in said)
    except WrongError as wrong:
        raise _unusable(asset, wrong) from None


def observe(asset: Asset) -> str:
    """A database's state by sizes and times of its files; empty when that cannot be told."""
    look = getattr(adapter_of(asset.kind), "observe", None)
    return str(look(engine_asset(asset))) if look else ""


def _unusable(asset: Asset, wrong: WrongError) -> SnapshotError:
    return SnapshotError(
        "figures-unusable",
        f"The figures of {asset.id} cannot be used: {wrong.field} {wrong.why}.",
        "Look at that database: a name or number in it is outside all bounds.",
    )
