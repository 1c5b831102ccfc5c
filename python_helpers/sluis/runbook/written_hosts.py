"""Lists of hosts, read as strictly as settings: a slip in one moves work to another machine."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from sluis.plan.faults import Fault, looks_like, not_a_group, unknown_field
from sluis.plan.written_yaml import Item

#: groups that our playbooks ask for by name
OURS = ("verifiers", "export_workers")
_FIELDS = ("hosts", "children", "vars")


def list_faults(file: str, item: Item, groups: Collection[str] = ()) -> Iterator[Fault]:
    """What Ansible would skip in a list of hosts without a word that anybody sees.

    Args:
        file: its path, for messages.
        item: what was read.
        groups: all groups of the inventory, as far as they are known.
    """
    for name, group in (item.value if isinstance(item.value, dict) else {}).items():
        yield from _group(file, name, group, groups)


def _group(file: str, name: str, group: Item, groups: Collection[str]) -> Iterator[Fault]:
    about = f"the group {name[:80]}"
    if name in _FIELDS:
        yield _stands_as(file, name, group, "a group")
    if group.value is None:
        return
    if not isinstance(group.value, dict):
        yield not_a_group(file, about, group)
        return
    for field, given in group.value.items():
        if field not in _FIELDS:
            yield unknown_field(file, about, field, given, _FIELDS)
        elif given.value is not None and not isinstance(given.value, dict):
            yield not_a_group(file, f"{about}: {field}", given)
        elif field == "children":
            for child, inner in (given.value or {}).items():
                yield from _group(file, child, inner, groups)
        elif field == "hosts":
            for host, variables in (given.value or {}).items():
                yield from _host(file, host, variables, groups)


def _host(file: str, name: str, variables: Item, groups: Collection[str]) -> Iterator[Fault]:
    """A host whose name is that of a group, or with what only a group has."""
    about = f"the host {name[:80]}"
    if name in _FIELDS:
        yield _stands_as(file, name, variables, "a host")
    elif name in groups:
        yield both_host_and_group(file, variables.line, name)
    elif variables.value is not None and not isinstance(variables.value, dict):
        yield not_a_group(file, about, variables)
    for field, given in variables.value.items() if isinstance(variables.value, dict) else ():
        if field in _FIELDS:
            yield Fault(
                "misplaced-field", file, given.line,
                f"{about} has a field {field!r}, which belongs to a group. A host has its "
                "variables right below its name.",
                "Write what is below it two spaces further out, and take the word out."
                if field == "vars" else "Move it two levels out, below the name of a group.",
            )  # fmt: skip


def _stands_as(file: str, name: str, item: Item, what: str) -> Fault:
    return Fault(
        "misplaced-field", file, item.line, f"{name!r} stands there as the name of {what}.",
        "Write it below the name of a group, beside its other fields.",
    )  # fmt: skip


def both_host_and_group(file: str, line: int, name: str) -> Fault:
    """The fault of a host that has the name of a group.

    Args:
        file: the list, for messages.
        line: of the host.
        name: of both.
    """
    return Fault(
        "host-and-group", file, line, f"{name[:80]!r} is a group, and stands there as a host.",
        "Did you mean 'children:'? Groups stand below that, and hosts below 'hosts:'.",
    )  # fmt: skip


def group_faults(file: str, hosts: Mapping[str, Collection[str]]) -> Iterator[Fault]:
    """Groups of ours that nobody is in, and groups whose names look like those.

    Args:
        file: the inventory, for messages.
        hosts: the hosts in each group.
    """
    for ours in OURS:
        if ours in hosts and not hosts[ours]:
            yield Fault(
                "group-empty", file, 0,
                f"There is a group {ours!r}, and nobody is in it: its work would be done on this "
                "machine.",
                "Name its hosts under 'hosts:', or take the group out.",
            )  # fmt: skip
    for name in sorted(set(hosts) - set(OURS)):
        near = _meant(name)
        if near is not None and not set(hosts[name]) <= set(hosts.get(near, ())):
            yield Fault(
                "no-such-group", file, 0, f"Nothing asks for a group {name[:80]!r}.",
                f"Did you mean {near!r}? Otherwise give it a name that does not look like it.",
            )  # fmt: skip


def _meant(name: str) -> str | None:
    """The group of ours that a name is a slip of, or that has its words and more."""
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower())
    near = looks_like(plain, OURS)
    if near is not None:
        return near
    words = plain.split("_")
    for ours in OURS:
        if all(any(looks_like(word, (part,)) for word in words) for part in ours.split("_")):
            return ours
    return None
