"""Rights that do not go over: found before anything is written, signed, and told at the end.

``invite`` gives read, write or owner, one of each person on an item, and only on what is ours to
open. Whatever of the source's rights is more or other than that would else be gone without a word.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .import_policy import LEAVE_OUT, ImportPolicy
from .tenant_manifest import ManifestLine
from .user_map import Invite, NotGiven, translate

#: what lies in such a folder besides ours is the target's, and not ours to open
THERE_WHY = LEAVE_OUT["folder-was-there"]


@dataclass(frozen=True, slots=True)
class RightLeft:
    """One right on one item that does not go over.

    Args:
        path: original path of the item.
        principal: the key under which the map would find whose it is.
        name: of the principal, for people.
        role: as in ``user_map.Grant``.
        code: out of ``LEAVE_OUT``.
        why: one sentence, without its capital and full stop.
    """

    path: str
    principal: str
    name: str
    role: str
    code: str
    why: str


def rights_of(
    line: ManifestLine, policy: ImportPolicy, *, was_there: bool
) -> tuple[tuple[Invite, ...], tuple[NotGiven, ...]]:
    """What is given on one item, and what is not.

    Args:
        line: the item.
        policy: as signed; without rights in it nothing is given and nothing is missed.
        was_there: it is a folder that was in the target before.
    """
    if not policy.permissions:
        return (), ()
    invites, not_given = translate(line.permissions, policy.users)
    if not was_there:
        return invites, not_given
    there = (NotGiven(one.recipient, one.role, THERE_WHY, "folder-was-there") for one in invites)
    return (), (*not_given, *there)


def not_givable(lines: Iterable[ManifestLine], policy: ImportPolicy) -> tuple[RightLeft, ...]:
    """Every right of somebody whom the map names that cannot be given in any target."""
    return tuple(
        one
        for line in lines
        for one in lefts(line.path, rights_of(line, policy, was_there=False)[1])
        if one.code == "right-not-givable"
    )


def on_old_folders(folders: Iterable[ManifestLine], policy: ImportPolicy) -> tuple[RightLeft, ...]:
    """Every right that would be given on folders, if these had not been in the target before."""
    return tuple(
        one
        for line in folders
        for one in lefts(line.path, rights_of(line, policy, was_there=True)[1])
        if one.code == "folder-was-there"
    )


def not_signed(found: Iterable[RightLeft], policy: ImportPolicy) -> Mapping[str, int]:
    """For which reasons rights would not be given that nobody signed for, and how many."""
    return Counter(one.code for one in found if one.code not in policy.leave_out)


def lefts(path: str, not_given: Iterable[NotGiven]) -> tuple[RightLeft, ...]:
    """Of rights on one item those for which somebody has to sign."""
    return tuple(
        RightLeft(path, one.principal, one.name or one.principal, one.role, one.code, one.why)
        for one in not_given
        if one.code
    )
