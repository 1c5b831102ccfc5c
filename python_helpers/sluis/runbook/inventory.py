"""The inventory of a client as Ansible resolves it: hosts, their groups, their variables.

Not the text of its files: a comment, another order or another layout changes nothing that a
run does. Files under ``host_vars`` and ``group_vars`` are bound as files, see ``plan/tree``.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from ansible.errors import AnsibleError
from ansible.inventory.group import Group
from ansible.inventory.host import Host
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultHelper

from sluis.evidence.canonical import canonical, sha256
from sluis.evidence.predicates import Reason
from sluis.places import VAULT_SETTINGS, Places
from sluis.plan.reach import Reach
from sluis.plan.templates import outside, reaches_outside
from sluis.plan.yaml_bounds import BoundlessError, refuse_boundless

#: these Ansible adds to an inventory by itself
_ALWAYS_HOSTS = frozenset({"localhost"})
_ALWAYS_GROUPS = frozenset({"all", "ungrouped"})
#: folders of a client's inventory that are not lists of hosts
NO_SOURCES = ("changes", "group_vars", "host_vars")
#: the code of an inventory of which nothing can be said
NOT_READABLE = "inventory-not-readable"

_Looks = tuple[tuple[str, int, int, int, int], ...]
_KNOWN: dict[str, tuple[_Looks, Reach]] = {}


def reach_of(places: Places, client: str) -> Reach:
    """What the inventory of a client says; read again only when one of its files changed.

    Args:
        places: the project.
        client: client id.
    """
    folder = str(places.inventory(client))
    looks = tuple(sorted(_looks(folder, top=True)))
    known = _KNOWN.get(folder)
    if known is not None and known[0] == looks:
        return known[1]
    found = _resolved(folder, client)
    _KNOWN[folder] = looks, found
    return found


def reach_of_run(entities: Iterable[object]) -> dict[str, str] | None:
    """What the inventory says that the running Ansible has read, in the words of ``Reach.entries``.

    Args:
        entities: a host or a group that Ansible handed to a vars plugin; the rest hangs on it.

    Returns:
        ``None`` when nothing of an inventory was handed over.
    """
    groups: dict[str, Group] = {}
    hosts: dict[str, Host] = {}
    todo: list[object] = list(entities)
    while todo:
        one = todo.pop()
        if isinstance(one, Host) and one.name not in hosts and not one.implicit:
            hosts[one.name] = one
            todo += one.groups
        elif isinstance(one, Group) and one.name not in groups:
            groups[one.name] = one
            todo += [*one.parent_groups, *one.child_groups, *one.hosts]
    return dict(_reach(groups, hosts).entries) if hosts else None


def _looks(folder: str, *, top: bool) -> Iterator[tuple[str, int, int, int, int]]:
    try:
        items = list(os.scandir(folder))
    except OSError:
        return
    for item in items:
        if top and item.name in NO_SOURCES:
            continue
        try:
            status = item.stat()
        except OSError:
            continue
        yield (item.path, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        if item.is_dir(follow_symlinks=False):
            yield from _looks(item.path, top=False)


def _resolved(folder: str, client: str) -> Reach:
    try:
        _refuse_boundless(folder)
        manager = InventoryManager(loader=DataLoader(), sources=[folder])
    except (AnsibleError, OSError, ValueError, BoundlessError) as error:
        return Reach(
            reasons=(
                _reason(
                    NOT_READABLE,
                    f"inventories/{client}",
                    f"The inventory cannot be read: {error}"[:1000],
                    "Write it as YAML or INI. Secrets go into host_vars or group_vars.",
                ),
            )
        )
    found = _reach(manager.groups, manager.hosts)
    return dataclasses.replace(
        found, reasons=(*found.reasons, *_bad_names(client, [*manager.hosts, *found.groups]))
    )


def _refuse_boundless(folder: str) -> None:
    """Some hundred bytes of YAML can repeat themselves a billion times, and Ansible would read on.

    Raises:
        BoundlessError: with the file.
        OSError: a file that would be waited for.
    """
    for path, *_ in sorted(_looks(folder, top=True)):
        if os.path.basename(path) == VAULT_SETTINGS:  # noqa: PTH119
            continue  # no list of hosts: Ansible passes over it
        if not (os.path.isfile(path) or os.path.isdir(path)):  # noqa: PTH112, PTH113
            raise OSError(f"{os.path.relpath(path, folder)} is a device, a pipe or a socket.")
        try:
            refuse_boundless(Path(path).read_text())
        except BoundlessError as error:
            raise BoundlessError(f"{os.path.relpath(path, folder)}: {error}") from error
        except (OSError, UnicodeError, yaml.YAMLError):
            continue  # a folder, INI, or what Ansible says of it


def _reach(groups: Mapping[str, Group], hosts: Mapping[str, Host]) -> Reach:
    groups = {name: group for name, group in groups.items() if group.get_hosts()}
    entries: dict[str, str] = {}
    reasons: list[Reason] = []
    texts: list[tuple[str, str, str]] = []
    for name, group in groups.items():
        entries[f"group {name}"] = _digest(_shape(group))
        _bind(f"group {name}", group.vars, entries, reasons, texts)
    for name, host in hosts.items():
        entries[f"host {name}"] = _digest([item.name for item in host.get_groups()])
        _bind(f"host {name}", host.vars, entries, reasons, texts)
    return Reach(
        hosts=frozenset(hosts) | _ALWAYS_HOSTS,
        groups=frozenset(groups) | _ALWAYS_GROUPS,
        entries=entries,
        texts=tuple(texts),
        reasons=tuple(reasons),
    )


def _shape(group: Group) -> dict[str, Any]:
    return {
        "hosts": [host.name for host in group.get_hosts()],
        "parents": sorted(item.name for item in group.parent_groups),
        "depth": group.depth,
        "priority": group.priority,
    }


def _bind(
    whose: str,
    variables: Mapping[str, Any],
    entries: dict[str, str],
    reasons: list[Reason],
    texts: list[tuple[str, str, str]],
) -> None:
    for name, value in variables.items():
        if name == "inventory_file":  # Ansible's own, and only where it read the host
            continue
        entries[f"{whose}: {name}"] = _digest(value)
        written = list(_texts(value))
        texts += [(f"{whose}: {name}", str(name), text) for text in written]
        reached = [words for text in written for words in outside(text)]
        if reached:
            reasons.append(reaches_outside(f"{whose}: {name}", reached))


def _bad_names(client: str, names: list[str]) -> list[Reason]:
    """A name becomes part of the path under host_vars or group_vars, and of templates."""
    return [
        _reason(
            "bad-inventory-name",
            name[:200],
            f"A host or group of {client} has a name that is a path or a template.",
            "Give it a name without '/' and '{', that does not begin with a dot.",
        )
        for name in names
        if "/" in name or "{" in name or name.startswith(".")
    ]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(key)
            yield from _texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)


def _digest(value: Any) -> str:
    return sha256(canonical(_plain(value)))


def _plain(value: Any) -> Any:
    """JSON data: ansible-core hands out tagged and encrypted values."""
    secret = VaultHelper.get_ciphertext(value, with_tags=False)
    if secret is not None:
        return {"vault": "".join(secret)}
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value) if abs(value) < 2**53 else f"int:{int(value)}"
    if isinstance(value, str):
        return "".join(value)
    if isinstance(value, Mapping):
        return {"".join(str(key)): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return f"{type(value).__name__}:{value}"


def _reason(code: str, about: str, sentence: str, remedy: str) -> Reason:
    return Reason(code=code, about=about or "(empty)", sentence=sentence, remedy=remedy)
