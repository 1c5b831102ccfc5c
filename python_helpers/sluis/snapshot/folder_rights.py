"""Owner, mode, ACL and other attributes of a folder itself.

The engine copies what is in a folder, and the folder itself is not in the copy. A restore
puts these back from the signed figures: a failed change may have altered the live ones.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import Union

from ..border.facts import FolderRights

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


def give_rights(fd: int, rights: FolderRights) -> None:
    """Give them to an open file or folder, as far as this account may.

    Args:
        fd: an open file descriptor.
        rights: what ``folder_rights`` gave.
    """
    mine = os.fstat(fd)
    if (mine.st_uid, mine.st_gid) != (rights.uid, rights.gid):
        try:
            os.fchown(fd, rights.uid, rights.gid)
        except PermissionError:
            pass  # an ordinary user cannot give files away; the engine could not either
    for name, value in rights.attributes.items():
        try:
            os.setxattr(fd, name, value)
        except OSError as error:
            if error.errno not in _NOT_OURS_TO_SET:
                raise
    os.fchmod(fd, int(rights.mode, 8))
