"""Owner, mode, ACL and other attributes of a folder itself.

The engine copies what is in a folder, and the folder itself is not in the copy. A restore
puts these back from the signed figures: a failed change may have altered the live ones.
"""

from __future__ import annotations

import base64
import errno
import os
import stat
from typing import Any, Dict, Union

#: what an administrator sets; security.* and trusted.* belong to the system
_KEPT = ("user.", "system.posix_acl_")
_NOT_OURS_TO_SET = frozenset({errno.EPERM, errno.EACCES, errno.EOPNOTSUPP})


def folder_rights(folder: Union[str, int]) -> Dict[str, Any]:
    """Read them, as JSON data.

    Args:
        folder: a path or an open file descriptor.

    Returns:
        ``mode`` (octal text), ``uid``, ``gid``, ``attributes`` (base64, by name).
    """
    status = os.stat(folder)
    try:
        names = [name for name in os.listxattr(folder) if name.startswith(_KEPT)]
        attributes = {name: os.getxattr(folder, name) for name in names}
    except OSError:
        attributes = {}  # this filesystem has none
    return {
        "mode": f"{stat.S_IMODE(status.st_mode):04o}",
        "uid": status.st_uid,
        "gid": status.st_gid,
        "attributes": {k: base64.b64encode(v).decode("ascii") for k, v in attributes.items()},
    }


def give_rights(fd: int, rights: Dict[str, Any]) -> None:
    """Give them to an open file or folder, as far as this account may.

    Args:
        fd: an open file descriptor.
        rights: what ``folder_rights`` gave.
    """
    mine = os.fstat(fd)
    if (mine.st_uid, mine.st_gid) != (rights["uid"], rights["gid"]):
        try:
            os.fchown(fd, int(rights["uid"]), int(rights["gid"]))
        except PermissionError:
            pass  # an ordinary user cannot give files away; the engine could not either
    for name, value in rights["attributes"].items():
        try:
            os.setxattr(fd, name, base64.b64decode(value))
        except OSError as error:
            if error.errno not in _NOT_OURS_TO_SET:
                raise
    os.fchmod(fd, int(str(rights["mode"]), 8))
