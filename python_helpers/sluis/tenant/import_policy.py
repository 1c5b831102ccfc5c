"""What the client signs about an import: the rules by which everything is decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from ..errors import InputError
from .name_rules import NameRules, complaints
from .user_map import UserMap

#: What is done when something of that name is in the target already. Nothing is ever replaced.
Conflicts = Literal["fail", "keep both", "skip equal"]
#: What is done with an item of ours whose original was removed before the last pass.
Gone = Literal["stop", "keep", "set aside"]

#: Why an item, or a right on it, may stay behind. One that is not signed stops the import
#: before anything is written.
LEAVE_OUT = {
    "could-not-be-had": "the export could not have it",
    "shortcut": "it is a shortcut to an item elsewhere, which Graph cannot make",
    "name-refused": "no rule makes its name one that the target takes",
    "corrupt": "what the export was given is not the file that was listed",
    "too-large": "it is larger than SharePoint takes",
    "unmapped-principal": "a right on it belongs to somebody whom the user map does not name",
    "rights-not-had": "who may reach it at the source could not be had, and in the target it is as "
    "open as its folder",
    "right-not-givable": "it is of a kind that Graph cannot give in the target, such as to look "
    "and not download, or a second right of somebody that lasts longer than the first",
    "folder-was-there": "the folder was in the target before, and what else is in it is not ours "
    "to open",
    "same-path": "another item has the very same path, and the target takes one of them",
    "room-not-told": "the target may have no room for it, and does not say how much it has",
    "narrower-rights": "the source may have kept others out of it, which Graph cannot do in the "
    "target: it can give rights and not take inherited ones away",
}
#: bytes of one file (Microsoft's page on restrictions and limitations)
LARGEST_FILE = 250 * 10**9


@dataclass(frozen=True)
class Target:
    """Where things go.

    Args:
        drive_id: the target drive.
        folder: path of a folder in it, made when it is not there; "" is the root.

    Raises:
        InputError: ``bad-target``.
    """

    drive_id: str
    folder: str = ""

    def __post_init__(self) -> None:
        if not self.drive_id:
            raise _bad_target("it names no drive")
        if self.folder:
            for depth, name in enumerate(self.folder.split("/")):
                if found := complaints(name, at_root=depth == 0):
                    raise _bad_target(f"SharePoint refuses a folder name in it ({found[0]})")


@dataclass(frozen=True)
class ImportPolicy:
    """The signed rules of one import.

    Args:
        names: how refused names are changed.
        users: who is who in the target.
        conflicts: ``fail``: nothing starts while anything of ours would meet something of the
            same name; ``keep both``: ours gets a mark in its name; ``skip equal``: what has the
            same size and hash stays and counts as there, anything else fails.
        leave_out: for which reasons, out of ``LEAVE_OUT``, things may stay behind.
        permissions: whether rights are given in the target.
        folder_dates: whether folders get their old dates (one call a folder).
        gone: ``stop``: an item of ours whose original was removed stops the hand-over; ``keep``:
            it stays; ``set aside``: it is moved into the folder ``aside``. Nothing is deleted.
        aside: name of that folder, below the target's folder.
        reserve: bytes that must stay free in the target.
        largest_file: bytes; a larger file is left out.
    """

    names: NameRules = field(default_factory=NameRules)
    users: UserMap = field(default_factory=UserMap)
    conflicts: Conflicts = "fail"
    leave_out: frozenset[str] = frozenset()
    permissions: bool = True
    folder_dates: bool = True
    gone: Gone = "stop"
    aside: str = "Removed at the source"
    reserve: int = 0
    largest_file: int = LARGEST_FILE

    def __post_init__(self) -> None:
        if self.conflicts not in ("fail", "keep both", "skip equal"):
            raise _bad_policy("conflicts must be fail, keep both or skip equal")
        if self.gone not in ("stop", "keep", "set aside"):
            raise _bad_policy("gone must be stop, keep or set aside")
        if found := complaints(self.aside, at_root=True):
            raise _bad_policy(f"SharePoint refuses the folder name {self.aside!r} ({found[0]})")
        if unknown := self.leave_out - LEAVE_OUT.keys():
            raise _bad_policy(f"leave_out has no {', '.join(sorted(unknown))}")
        if min(self.reserve, self.largest_file - 1) < 0:
            raise _bad_policy("reserve and largest_file are counts of bytes")

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> ImportPolicy:
        """The policy from plain data, as it stands in the scope.

        Raises:
            InputError: ``bad-import-policy``, ``bad-name-rules``, ``bad-user-map``.
        """
        kinds: dict[str, type] = {
            "names": dict, "users": dict, "conflicts": str, "leave_out": list,
            "permissions": bool, "folder_dates": bool, "gone": str, "aside": str,
            "reserve": int, "largest_file": int,
        }  # fmt: skip
        if unknown := set(data) - kinds.keys():
            raise _bad_policy(f"there is no field {', '.join(sorted(map(str, unknown)))}")
        for name, value in data.items():
            if type(value) is not kinds[name]:
                raise _bad_policy(f"{name} is not of the right kind")
        given = dict(data)
        if "names" in given:
            given["names"] = NameRules.from_data(given["names"])
        if "users" in given:
            given["users"] = UserMap.from_data(given["users"])
        if "leave_out" in given:
            given["leave_out"] = frozenset(map(str, given["leave_out"]))
        return cls(**given)

    def as_data(self) -> dict[str, Any]:
        """The policy as plain data, for the scope and for statements."""
        data = {one.name: getattr(self, one.name) for one in fields(self)}
        data["names"] = self.names.as_data()
        data["users"] = self.users.as_data()
        data["leave_out"] = sorted(self.leave_out)
        return data


def _bad_target(what: str) -> InputError:
    return InputError(
        "bad-target",
        f"The target of the import cannot be used: {what}.",
        "Name a drive of the target tenant and, if wanted, a folder in it.",
    )


def _bad_policy(what: str) -> InputError:
    return InputError(
        "bad-import-policy",
        f"The policy of the import cannot be used: {what}.",
        "Correct it in the scope; it has to be signed again.",
    )


def remedy_for(reason: str) -> str:
    """What to do about a reason why an import would not start."""
    if reason == "conflicts":
        return "Decide each."
    if reason == "quota":
        return "Free space in the target, or have its quota raised."
    named, after = "", ""
    if reason == "unmapped-principal":
        named = "name each under 'people', or "
    if reason == "folder-was-there":
        named = "name another folder to put it into, or "
    if reason == "room-not-told":
        named = "after a look at the room in the target's admin centre, "
    if reason == "narrower-rights":
        # to name people gives them their rights, and keeps nobody else out
        after = " ('people' does not change it, and the client reads each by name)"
    return (
        f"In the scope, {named}write {reason} into 'leave_out' of this asset{after}; then sign "
        "anew."
    )
