"""The settings of our roles in a client's inventory, read strictly before anything is done.

A misspelt name would be a setting that nobody reads: the change would go on without it.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from sluis.border.parts import AssetSecrets, Connection, StoreSecrets
from sluis.border.tenant import AccountSecret, Server, ServerSecret, TenantAccount
from sluis.border.verbs.asset_copies import Backup
from sluis.errors import InputError
from sluis.plan.faults import Fault, did_you_mean, not_a_group, unknown_field, value_faults
from sluis.plan.role_options import Options
from sluis.plan.written_yaml import OPAQUE, Item
from sluis.runbook.connection_variables import meant_by
from sluis.runbook.snapshot_settings import backup_of, connection_of, store_of

#: so alike are a name and its misspelling, whatever it begins with
_ALIKE = 0.86
_NO_OPTION = "take it out; ansible-doc -t role -r roles describes what each role takes."


def _of(*made: type) -> frozenset[str]:
    return frozenset(field.name for one in made for field in fields(one))


@dataclass(frozen=True)
class _Each:
    """A mapping by name, of which each value is a group of fields.

    Args:
        known: the fields.
        assets: whether the names are those of assets.
        told_elsewhere: fields that the role itself refuses, with words of its own.
        made: makes the value from plain data, to see whether it can be used.
    """

    known: frozenset[str]
    assets: bool = False
    told_elsewhere: frozenset[str] = frozenset()
    made: Callable[[str, Any], object] | None = None


_ACCOUNT = _of(TenantAccount) | {"licences"}
_EACH = {
    "snapshot_and_verify_connections": _Each(_of(Connection), assets=True, made=connection_of),
    "snapshot_and_verify_secrets": _Each(
        _of(AssetSecrets) | {f"backup_{name}" for name in _of(StoreSecrets)}, assets=True
    ),
    "snapshot_and_verify_adopt": _Each(_of(Backup), assets=True, made=backup_of),
    "tenant_export_accounts": _Each(_ACCOUNT, told_elsewhere=_of(AccountSecret)),
    "tenant_import_accounts": _Each(_ACCOUNT, told_elsewhere=_of(AccountSecret)),
    "tenant_export_servers": _Each(_of(Server), told_elsewhere=_of(ServerSecret)),
    "tenant_export_secrets": _Each(_of(AccountSecret, ServerSecret)),
    "tenant_import_secrets": _Each(_of(AccountSecret)),
    "service_checks_secrets": _Each(_of(AssetSecrets)),
}
_STORE = "snapshot_and_verify_store"
_FLAT = {"snapshot_and_verify_store_secrets": _of(StoreSecrets)}

#: the fields of each setting that argument_specs cannot describe, because its keys are ids or
#: because it holds secrets
FIELDS: Mapping[str, frozenset[str]] = {
    **{name: each.known for name, each in _EACH.items()},
    **_FLAT,
}


@dataclass(frozen=True)
class Assets:
    """Ids of the assets that settings may speak of.

    Args:
        here: those of this change's scope; empty: there is none, or it could not be read.
        anywhere: those of all scopes of the client; ``None``: nobody can tell.
    """

    here: Collection[str]
    anywhere: Collection[str] | None


def is_ours(name: str, options: Options) -> bool:
    """Whether a variable bears a name that only a setting of ours bears.

    Args:
        name: its name.
        options: what the roles take.
    """
    return name in options.variables or _plain(name).startswith(options.prefixes)


def _plain(name: str) -> str:
    return name.lower().replace("-", "_")


def setting_faults(
    file: str, name: str, item: Item, options: Options, assets: Assets
) -> Iterator[Fault]:
    """What is wrong with one variable of an inventory; nothing when it is none of ours.

    Args:
        file: where it stands, for messages.
        name: its name.
        item: its value.
        options: what the roles take.
        assets: what it may speak of.
    """
    if name not in options.variables:
        yield from _unknown(file, name, item, options)
        return
    found = list(value_faults(file, name, item, options.variables[name]))
    yield from found
    if found or not isinstance(item.value, dict):
        return
    if name in _EACH:
        yield from _each(file, name, item, _EACH[name], assets)
    elif name in _FLAT:
        yield from _fields(file, name, item, _FLAT[name])
    elif name == _STORE and item.value and item.is_known:
        yield from _usable(file, item, lambda: store_of(item.plain()))


def _unknown(file: str, name: str, item: Item, options: Options) -> Iterator[Fault]:
    meant = meant_by(name)
    if meant is not None:
        yield Fault(
            "unknown-setting", file, item.line, f"{name[:80]!r} is no variable of Ansible's: the "
            "machine would be reached without it.",
            f"Did you mean {meant!r}? Otherwise: give it a name that does not look like it.",
        )  # fmt: skip
        return
    plain = _plain(name)
    if is_ours(name, options) or difflib.get_close_matches(
        plain, options.variables, n=1, cutoff=_ALIKE
    ):
        yield Fault(
            "unknown-setting", file, item.line, f"{name[:80]!r} is no setting of ours: no role "
            "would look at it.", did_you_mean(plain, options.variables, _NO_OPTION),
        )  # fmt: skip


def _each(file: str, name: str, item: Item, each: _Each, assets: Assets) -> Iterator[Fault]:
    for called, given in item.value.items():
        if each.assets and called not in assets.here:
            fault = _of_nothing(file, name, called, given, assets)
            if fault is not None:
                yield fault
                continue
        before = list(_fields(file, f"{name}: {called}", given, each.known | each.told_elsewhere))
        yield from before
        if not before and each.made is not None and given.is_known:
            made, plain = each.made, given.plain()
            yield from _usable(file, given, lambda made=made, n=called, v=plain: made(n, v))  # type: ignore[misc]


def _of_nothing(file: str, name: str, called: str, given: Item, assets: Assets) -> Fault | None:
    """A setting for an asset that there is not; for one of another change it is none of ours."""
    about = f"{name} speaks of {called[:80]!r}, and "
    if assets.anywhere is not None:
        if called in assets.anywhere:
            return None
        return Fault(
            "unknown-asset", file, given.line,
            f"{about}no scope.yml of this client has such an asset.",
            did_you_mean(
                called, {*assets.here, *assets.anywhere}, "name it in a scope.yml, or take it out."
            ),
        )  # fmt: skip
    near = difflib.get_close_matches(called, sorted(assets.here), n=1, cutoff=0.75)
    if not near:
        return None
    return Fault(
        "unknown-asset", file, given.line, f"{about}the scope has no such asset.",
        did_you_mean(called, near, "take it out."),
    )  # fmt: skip


def _fields(file: str, about: str, item: Item, known: Collection[str]) -> Iterator[Fault]:
    if item.is_template or item.value is OPAQUE:
        return
    if not isinstance(item.value, dict):
        yield not_a_group(file, about, item)
        return
    for name, given in item.value.items():
        if name not in known:
            yield unknown_field(file, about, name, given, known)


def _usable(file: str, item: Item, make: Callable[[], object]) -> Iterator[Fault]:
    try:
        make()
    except InputError as error:
        yield Fault(error.code, file, item.line, error.what, error.remedy)
