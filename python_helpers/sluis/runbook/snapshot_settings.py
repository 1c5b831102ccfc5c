"""What the inventory says about snapshots: the role's variables, checked and rendered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from sluis.errors import InputError
from sluis.evidence.predicates import Store as StoreRecord
from sluis.scope.model import Asset
from sluis.scope.words import plain_absolute_path
from sluis.snapshot.store import read_store

_ROLE = "snapshot_and_verify_"


class Templar(Protocol):
    """Renders an inventory variable; ansible-core's does."""

    def template(self, variable: Any) -> Any:
        """The value with its templates filled in."""


@dataclass(frozen=True)
class SnapshotSettings:
    """The role's variables for one host.

    Secrets are kept apart and are never part of ``repr``.
    """

    store: dict[str, Any]
    connections: dict[str, dict[str, Any]]
    expected_identity: dict[str, Any]
    scratch: str | None
    workdir: str | None
    restic: str
    patience: float
    sample: int | None
    host_site: str | None
    adopt: dict[str, Any]
    exports: str
    store_secrets: dict[str, str] = field(repr=False)
    asset_secrets: dict[str, dict[str, str]] = field(repr=False)

    @property
    def store_record(self) -> StoreRecord:
        """The store as it goes into a statement."""
        return StoreRecord(**read_store(self.store).record())

    def copied(self, asset: Asset) -> dict[str, str]:
        """Kind and location of what is really copied: of an exported asset, its export."""
        if asset.is_exported:
            return {"kind": "directory", "location": f"{self.exports}/{asset.id}"}
        return {"kind": asset.kind, "location": asset.location}

    def for_maker(self, asset: str) -> dict[str, Any]:
        """Secrets for the machine of the asset: never the escrowed password."""
        own = {k: v for k, v in self.store_secrets.items() if not k.startswith("escrow")}
        return {"store": own, "asset": self.asset_secrets.get(asset, {})}

    def for_verifier(self) -> dict[str, Any]:
        """Secrets for the verifier: the escrowed password instead of the maker's, if any."""
        store = dict(self.store_secrets)
        if store.get("escrow_password") not in (None, "", store["repository_password"]):
            del store["repository_password"]
        return {"store": store, "asset": {}}

    def for_store(self) -> dict[str, Any]:
        """Secrets to prepare the store with: both passwords."""
        return {"store": dict(self.store_secrets), "asset": {}}


def read_settings(
    task_vars: Mapping[str, Any], templar: Templar, *, store_needed: bool = True
) -> SnapshotSettings:
    """Read and check the role's variables of one host.

    Args:
        task_vars: as ansible-core hands them to an action plugin.
        templar: renders them.
        store_needed: whether a store of our own must be named.

    Raises:
        InputError: ``no-store``, ``bad-store``, ``no-repository-password``, ``bad-setting``,
            ``certificate-missing``.
    """

    def value(name: str, default: Any) -> Any:
        raw = task_vars.get(_ROLE + name)
        rendered = plain(templar.template(raw)) if raw is not None else None
        return default if rendered in (None, "") else rendered

    store = value("store", {})
    if store_needed and not (isinstance(store, dict) and store):
        raise InputError(
            "no-store",
            "The inventory names no store for snapshots.",
            "Set snapshot_and_verify_store in the client's group_vars.",
        )
    secrets = {str(k): str(v) for k, v in _mapping("store_secrets", value("store_secrets", {}))}
    if store_needed and not secrets.get("repository_password"):
        raise InputError(
            "no-repository-password",
            "The inventory holds no password for the repository.",
            "Set repository_password in snapshot_and_verify_store_secrets, in a vault file.",
        )
    if secrets.get("store_key") and Path(secrets["store_key"]).is_file():
        secrets["store_key"] = Path(secrets["store_key"]).read_text(encoding="utf-8")
    if store:
        store = {**store, "ca_certificate": _certificate(store.get("ca_certificate"))}
        read_store(store)
    sample = value("sample", 0)
    return SnapshotSettings(
        store=store,
        store_secrets=secrets,
        connections=dict(_mapping("connections", value("connections", {}))),
        asset_secrets=dict(_mapping("secrets", value("secrets", {}))),
        expected_identity=dict(_mapping("expected_identity", value("expected_identity", {}))),
        scratch=value("scratch", None),
        workdir=value("workdir", None),
        restic=str(value("restic", "restic")),
        patience=float(value("patience", 300)),
        sample=int(sample) or None,
        host_site=value("host_site", None),
        adopt=dict(_mapping("adopt", value("adopt", {}))),
        exports=_absolute("exports", value("exports", "/var/lib/sluis/exports")),
    )


def _absolute(name: str, value: Any) -> str:
    if not isinstance(value, str) or not plain_absolute_path(value):
        raise InputError(
            "bad-setting",
            f"{_ROLE}{name} is not a plain absolute path.",
            "Write the full path, without '..' or a slash at the end.",
        )
    return value


def plain(value: Any) -> Any:
    """Plain JSON data: ansible-core 2.19 hands out tagged subclasses."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, Mapping):
        return {"".join(str(key)): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return "".join(str(value))


def _mapping(name: str, value: Any) -> list[tuple[str, Any]]:
    if not isinstance(value, dict):
        raise InputError(
            "bad-setting", f"{_ROLE}{name} is not a mapping.", "Write it as name: value."
        )
    return list(value.items())


def _certificate(given: Any) -> str | None:
    """The store's certificate: PEM text, or a file on the controller that holds it."""
    if not given:
        return None
    if "-----BEGIN CERTIFICATE-----" in str(given):
        return str(given)
    try:
        return Path(str(given)).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            "certificate-missing",
            f"The store's certificate {given} cannot be read: {error}.",
            "Put the PEM file there, or its text in ca_certificate.",
        ) from error
