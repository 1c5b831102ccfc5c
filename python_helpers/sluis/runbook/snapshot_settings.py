"""What the inventory says about snapshots: the role's variables, checked and rendered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sluis.border import codec
from sluis.border.characters import clean_text
from sluis.border.parts import Asset as BorderAsset
from sluis.border.parts import AssetSecrets, Connection, Expected, Secrets, StoreSecrets
from sluis.border.store import Store
from sluis.border.strict_json import WrongError
from sluis.border.verbs.asset_copies import Backup
from sluis.errors import InputError
from sluis.evidence.predicates import Snapshot
from sluis.evidence.predicates import Store as StoreRecord
from sluis.runbook.setting_values import full_path, program, short_text, whole_number
from sluis.scope.model import Asset
from sluis.scope.words import plain_absolute_path
from sluis.snapshot.store import read_store

_ROLE = "snapshot_and_verify_"
#: how the secrets of an existing backup begin, among those of its asset
_BACKUP = "backup_"
#: seconds
_LONGEST_PATIENCE = 86_400
#: files
_LARGEST_SAMPLE = 10_000_000
T = TypeVar("T")


class Templar(Protocol):
    """Renders an inventory variable; ansible-core's does."""

    def template(self, variable: Any) -> Any:
        """The value with its templates filled in."""


@dataclass(frozen=True)
class SnapshotSettings:
    """The role's variables for one host.

    Secrets are kept apart and are never part of ``repr``. ``own_store`` is ``None`` only where
    no store of our own is needed.
    """

    own_store: Store | None
    connections: dict[str, Connection]
    expected_identity: Expected
    scratch: str | None
    workdir: str | None
    restic: str
    patience: int
    sample: int | None
    host_site: str | None
    adopt: dict[str, Backup]
    exports: str
    store_secrets: StoreSecrets = field(repr=False)
    asset_secrets: dict[str, AssetSecrets] = field(repr=False)
    backup_secrets: dict[str, StoreSecrets] = field(repr=False)

    @property
    def store(self) -> Store:
        """The store that snapshots go to.

        Raises:
            InputError: ``no-store``.
        """
        if self.own_store is None:
            raise _no_store()
        return self.own_store

    def has_copy(self, taken: Snapshot) -> bool:
        """Whether a copy lies on the store that these settings name."""
        return self.own_store is not None and taken.store.location == self.store_record.location

    @property
    def store_record(self) -> StoreRecord:
        """The store as it goes into a statement."""
        return StoreRecord.model_validate(self.store.record())

    def asset(self, asset: Asset) -> BorderAsset:
        """What is really copied and how it is reached: of an exported asset, its export."""
        kind, location = asset.kind, asset.location
        if asset.is_exported:
            kind, location = "directory", f"{self.exports}/{asset.id}"
        try:
            return codec.load(
                BorderAsset,
                {
                    "id": asset.id,
                    "kind": kind,
                    "location": location,
                    "exclude": list(asset.exclude),
                    "connection": codec.dump(self.connections.get(asset.id, Connection())),
                },
            )
        except WrongError as wrong:
            raise InputError(
                "bad-asset",
                f"The asset {asset.id} cannot be copied: its {wrong.field} {wrong.why}.",
                "Correct it in the scope.",
            ) from None

    def for_maker(self, asset: str, nonce: str | None = None) -> Secrets:
        """Secrets for the machine of the asset: never the escrowed password."""
        own = replace(self.store_secrets, escrow_password=None)
        return Secrets(own, self.asset_secrets.get(asset, AssetSecrets()), nonce)

    def for_verifier(self) -> Secrets:
        """Secrets for the verifier: the escrowed password instead of the maker's, if any."""
        store = self.store_secrets
        if store.escrow_password not in (None, "", store.repository_password):
            store = replace(store, repository_password=None)
        return Secrets(store)

    def for_store(self) -> Secrets:
        """Secrets to prepare the store with: both passwords."""
        return Secrets(self.store_secrets)


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
        raise _no_store()
    secrets = _texts("store_secrets", value("store_secrets", {}))
    if store_needed and not secrets.get("repository_password"):
        raise InputError(
            "no-repository-password",
            "The inventory holds no password for the repository.",
            "Set repository_password in snapshot_and_verify_store_secrets, in a vault file.",
        )
    _read_key(secrets, "store_key", "store_secrets")
    own_store = None
    if store:
        own_store = store_of(store, _certificate(store.get("ca_certificate")))
    assets = {
        name: _texts(f"secrets.{name}", given)
        for name, given in _mapping("secrets", value("secrets", {}))
    }
    for name, given in assets.items():
        _read_key(given, f"{_BACKUP}store_key", f"secrets.{name}")
    return SnapshotSettings(
        own_store=own_store,
        store_secrets=_read("store_secrets", StoreSecrets, secrets),
        connections={
            name: connection_of(name, given)
            for name, given in _mapping("connections", value("connections", {}))
        },
        asset_secrets={
            name: _read(
                f"secrets.{name}",
                AssetSecrets,
                {k: v for k, v in given.items() if not k.startswith(_BACKUP)},
            )
            for name, given in assets.items()
        },
        backup_secrets={
            name: _read(
                f"secrets.{name}",
                StoreSecrets,
                {k.removeprefix(_BACKUP): v for k, v in given.items() if k.startswith(_BACKUP)},
            )
            for name, given in assets.items()
        },
        expected_identity=_read(
            "expected_identity",
            Expected,
            _present("expected_identity", value("expected_identity", {})),
        ),
        scratch=_folder("scratch", value("scratch", None)),
        workdir=_folder("workdir", value("workdir", None)),
        restic=program(f"{_ROLE}restic", value("restic", "restic")),
        patience=whole_number(f"{_ROLE}patience", value("patience", 300), 0, _LONGEST_PATIENCE),
        sample=whole_number(f"{_ROLE}sample", value("sample", 0), 0, _LARGEST_SAMPLE) or None,
        host_site=short_text(f"{_ROLE}host_site", value("host_site", None)),
        adopt={
            name: backup_of(name, given) for name, given in _mapping("adopt", value("adopt", {}))
        },
        exports=full_path(f"{_ROLE}exports", value("exports", "/var/lib/sluis/exports")),
    )


def _read(name: str, made: type[T], given: Any) -> T:
    """Part of the inventory as its type.

    Raises:
        InputError: ``bad-setting``.
    """
    try:
        return codec.load(made, given)
    except WrongError as wrong:
        raise InputError(
            "bad-setting",
            f"{_ROLE}{name}: {wrong.field} {wrong.why}.",
            "Correct it there; ansible-doc -t role -r roles snapshot_and_verify describes it.",
        ) from None


def _present(name: str, given: Any) -> dict[str, Any]:
    """A mapping without what was left empty."""
    return {key: value for key, value in _mapping(name, given) if value not in (None, "", [])}


def _texts(name: str, given: Any) -> dict[str, str]:
    return {key: str(value) for key, value in _present(name, given).items()}


def _with_port(name: str, given: Any) -> dict[str, Any]:
    """A connection; YAML and ini inventories may give its port as text."""
    found = _present(f"connections.{name}", given)
    port = str(found.get("port", ""))
    if port.isascii() and port.isdecimal():
        found["port"] = int(port[:6])
    return found


def connection_of(asset: str, given: Any) -> Connection:
    """How a database is reached, as the inventory says it.

    Raises:
        InputError: ``bad-setting``.
    """
    return _read(f"connections.{asset}", Connection, _with_port(asset, given))


def store_of(given: Mapping[str, Any], certificate: str | None = None) -> Store:
    """The store as the inventory describes it, with what its certificate says.

    Raises:
        InputError: ``bad-store``.
    """
    return read_store({**given, "ca_certificate": certificate})


def _folder(name: str, value: Any) -> str | None:
    return None if value is None else full_path(_ROLE + name, value)


def backup_of(asset: str, given: Any) -> Backup:
    """An existing backup as it is described in the inventory.

    Raises:
        InputError: ``bad-backup``, ``bad-store``.
    """
    needed = ("kind", "machine", "site", "country", "provider")
    if not isinstance(given, dict) or any(not given.get(name) for name in needed):
        raise InputError(
            "bad-backup",
            f"The backup of {asset} is not described in full.",
            f"Write {', '.join(needed)} and its locations in snapshot_and_verify_adopt.",
        )
    found = {name: value for name, value in given.items() if value not in (None, "")}
    try:
        if "store" in found:
            found["store"] = codec.dump(read_store(found["store"]))
        return codec.load(Backup, found)
    except WrongError as wrong:
        raise InputError(
            "bad-backup",
            f"The backup of {asset} cannot be used: {wrong.field} {wrong.why}.",
            "Correct it in snapshot_and_verify_adopt.",
        ) from None


def _no_store() -> InputError:
    return InputError(
        "no-store",
        "The inventory names no store for snapshots.",
        "Set snapshot_and_verify_store in the client's group_vars.",
    )


def _read_key(secrets: dict[str, str], name: str, where: str) -> None:
    """Put a private key in the place of the file on the controller that holds it, if it is one.

    Args:
        secrets: that the inventory gives; a key in it may be its text.
        name: of the key, among those.
        where: they are given, for the error.

    Raises:
        InputError: ``bad-setting``: the file cannot be read. The error never holds the value,
            which may be the key itself.
    """
    if name not in secrets or not plain_absolute_path(secrets[name]):
        return
    try:
        secrets[name] = Path(secrets[name]).read_text(encoding="ascii")
    except (OSError, ValueError):
        raise InputError(
            "bad-setting",
            f"{_ROLE}{where}: the file that {name} gives cannot be read as a key.",
            f"Put the private key there, or its text in {name}.",
        ) from None


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
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text of ASCII"
        raise InputError(
            "certificate-missing",
            f"The store's certificate {clean_text(str(given), 200)} cannot be read: {why}.",
            "Put the PEM file there, or its text in ca_certificate.",
        ) from error
