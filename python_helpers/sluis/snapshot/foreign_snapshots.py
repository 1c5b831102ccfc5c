"""What restic's ``check`` says about objects that have the name of a snapshot, and are none.

Anybody who holds the login of an append-only store can put one there. The ``check`` of an old
restic then ends with an error, whatever data it read: nobody's snapshot could be proven.
"""

from __future__ import annotations

import hashlib
import re
from typing import List, Sequence, Set

from .access import Access
from .restic import Answer, explain

#: Measured with 0.14: all that it says about such an object. A name in capitals is an id to it,
#: and then an object that it cannot find.
_ABOUT_ONE = re.compile(
    r"(?:error: |could not load snapshot [0-9a-f]{8}: "
    r"|Load\(<snapshot/[0-9a-f]{10}>, 0, 0\) returned error, retrying after [0-9.a-z\u00b5]+: )"
    r"(?:load )?<snapshot/(?P<id>[0-9a-f]{10})>(?:: invalid data returned| does not exist)"
)
_END = "Fatal: repository contains errors"
_LARGEST = 4 << 20
_MOST = 20


def demand_only_foreign(answer: Answer, access: Access, wanted: Sequence[str]) -> None:
    """Accept a failed ``check`` when all that it met are objects that are not restic's.

    restic names a snapshot by the SHA-256 of what it holds, so anybody can tell.

    Args:
        answer: of ``check``; it reads all data, whatever it met before.
        access: the store; the objects are noted there.
        wanted: the snapshots that must be whole.

    Raises:
        SnapshotError: it met anything else.
    """
    said: Set[str] = set()
    lines = [line.strip() for line in answer.errors.splitlines()]
    for line in lines:
        found = _ABOUT_ONE.fullmatch(line)
        if found:
            said.add(found["id"])
    strange = [line for line in lines if line not in ("", _END) and not _ABOUT_ONE.fullmatch(line)]
    named = [name for name in access.names("snapshots") if name[:10] in said]
    ours = [name for name in wanted if name[:10] in said]
    if strange or ours or not said or _some_are(access, named):
        raise explain(answer, access.foreign())
    for name in named:
        access.note_foreign("snapshots", name)


def _some_are(access: Access, names: List[str]) -> bool:
    """Whether any of these objects is restic's after all, or cannot be looked at."""
    if not names:
        return False
    stored = access.read_files("snapshots", _MOST, _LARGEST, only=names)
    foreign = [one for one in stored if hashlib.sha256(one.body).hexdigest() != one.name]
    return len(foreign) != len(names)
