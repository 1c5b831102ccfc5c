"""What of the inventory a change can reach, as Ansible resolved it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sluis.evidence.predicates import Reason


@dataclass(frozen=True)
class Reach:
    """Hosts and groups of one inventory, with what its sources say about them.

    Args:
        hosts: names of every host that a run can go to.
        groups: names of every group that such a host is in.
        entries: digest by readable name: ``host app1: ansible_port``, ``group clients``.
        texts: every text of a variable: where it is written, the variable's name, the text.
        reasons: what is wrong with the inventory itself.
    """

    hosts: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    entries: Mapping[str, str] = field(default_factory=dict)
    texts: tuple[tuple[str, str, str], ...] = ()
    reasons: tuple[Reason, ...] = ()
