"""Owner, mode, ACL and other attributes of a folder itself.

The engine copies what is in a folder, and the folder itself is not in the copy. A restore
puts these back from the signed figures: a failed change may have altered the live ones.
"""

from __future__ import annotations

import errno
import grp
import os
import pwd
import stat
from typing import Any, Callable, Dict, List, Tuple, Union

from ..border.facts import FolderRights
from ..counted import counted

#: how many items have which owner and group
Owners = Dict[Tuple[int, int], int]
#: pairs of owner and group that are named one by one
_MOST_NAMED = 5

#: what an administrator sets; security.* and trusted.* belong to the system
_KEPT = ("user.", "system.posix_acl_")
_NOT_OURS_TO_SET = frozenset({errno.EPERM, errno.EACCES, errno.EOPNOTSUPP})


def folder_rights(folder: Union[str, int]) -> FolderRights:
    """Read them.

    Args:
        folder: a path or an open file descriptor.
    """
    status = os.stat(folder)
    try:
        names = [name for name in os.listxattr(folder) if name.startswith(_KEPT)]
        attributes = {name: os.getxattr(folder, name) for name in names}
    except OSError:
        attributes = {}  # this filesystem has none
    mode = f"{stat.S_IMODE(status.st_mode):04o}"
    return FolderRights(mode, status.st_uid, status.st_gid, attributes)


def give_rights(fd: int, rights: FolderRights) -> Owners:
    """Give them to an open file or folder, as far as this account may.

    Args:
        fd: an open file descriptor.
        rights: what ``folder_rights`` gave.

    Returns:
        The owner and group that could not be given; empty when they are as they should be.
    """
    mine = os.fstat(fd)
    kept: Owners = {}
    if (mine.st_uid, mine.st_gid) != (rights.uid, rights.gid):
        try:
            os.fchown(fd, rights.uid, rights.gid)
        except PermissionError:  # an ordinary user cannot give files away, as the engine cannot
            kept[rights.uid, rights.gid] = 1
    for name, value in rights.attributes.items():
        try:
            os.setxattr(fd, name, value)
        except OSError as error:
            if error.errno not in _NOT_OURS_TO_SET:
                raise
    os.fchmod(fd, int(rights.mode, 8))
    return kept


def may_give(uid: int, gid: int) -> bool:
    """Whether this account can give a file that it made to this owner and group: chown(2)."""
    if os.geteuid() == 0:
        return True
    return uid == os.geteuid() and (gid == os.getegid() or gid in os.getgroups())


def not_given(owners: Owners) -> List[str]:
    """What to say of a copy of which not every owner and group was put back.

    Args:
        owners: of how many items which owner and group could not be given.
    """
    if not owners:
        return []
    which = [
        f"user {_called(pwd.getpwuid, uid)}, group {_called(grp.getgrgid, gid)}: {number}"
        for (uid, gid), number in sorted(owners.items())[:_MOST_NAMED]
    ]
    more = len(owners) - len(which)
    rest = f"; and {counted(more, 'other pair')}" if more else ""
    ours = f"{_called(pwd.getpwuid, os.geteuid())}, group {_called(grp.getgrgid, os.getegid())}"
    return [
        (
            f"owner and group were NOT put back of {counted(sum(owners.values()), 'item')} "
            f"({'; '.join(which)}{rest}): the copy was made by {ours}, who cannot give files away. "
            "A program that reads them as that user or group may not be able to. Give them back "
            "with chown as root; with restore_asset_become: true a restore does it itself"
        )
    ]


def _called(look_up: Callable[[int], Any], number: int) -> str:
    """A user or group by name, as far as this machine knows it."""
    try:
        return str(look_up(number)[0])
    except KeyError:
        return str(number)
