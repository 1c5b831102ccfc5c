"""Whether copies that were proven earlier are still kept: on a store, or on a disk.

Not each byte is read again. The store shows each snapshot, and every folder and every file of data
that it needs is there, in the size that it should have. A folder or a file on a disk has what it
it had, nothing in it was written or renamed since, and links lead to it as they did.
"""

from __future__ import annotations

import os
import stat
import tempfile
import time
from typing import List, Optional, Tuple

from ..border.characters import clean_text
from ..border.parts import Secrets
from ..border.store import Store
from ..border.verbs.asset_kept import Answer, Copy, Request
from ..counted import counted
from ..errors import SnapshotError
from ..programs import fixed
from .access import Access, open_access
from .children import Children
from .copies import end_of_links, is_archive, written
from .escrow import open_with
from .foreign_snapshots import demand_only_foreign
from .progress import Progress
from .restic import ENDED, Restic

#: what restic's ``check`` says when it looked at everything, and something is not there
_NOT_WHOLE = "repository contains errors"


#: seconds after which it is asked again of anything else. An old ``check`` looks at the whole
#: repository, and calls a snapshot that another machine makes just then one without data
_AGAIN_AFTER = 5.0


def look_for_kept(request: Request, secrets: Secrets) -> Answer:
    """Look for snapshots on a store, or copies on a disk, and for the data that they need.

    Args:
        request: which.
        secrets: the escrowed or the repository's password, and the store's login.

    Raises:
        SnapshotError: nobody can tell; the store is away or cannot be opened.
    """
    gone: List[str] = []
    damaged: Optional[str] = None
    ran: List[str] = []
    for copy in request.copies:
        ran.append(f"list {copy.path}"[:1000])
        try:
            if not _is_there(copy.path):
                gone.append(copy.id)
                continue
            changed = _changed(copy)
        except OSError as error:
            raise SnapshotError(
                "copy-unreadable",
                f"The copy {copy.path} cannot be looked at: {error.strerror or error}.",
                "Look at the medium that it lies on.",
            ) from error
        damaged = damaged or changed
    if request.store is not None and request.snapshots:
        found = _on_store(request.store, request, secrets)
        return Answer((*gone, *found.gone), damaged or found.damaged, (*ran, *found.ran))
    return Answer(tuple(gone), damaged, tuple(ran))


def _on_store(store: Store, request: Request, secrets: Secrets) -> Answer:
    with Children(tempfile.gettempdir()) as children:
        access = open_access(store, secrets.store, children.private, children)
        shown = set(access.names("snapshots"))
        gone = tuple(one for one in request.snapshots if one not in shown)
        there = [one for one in request.snapshots if one in shown]
        ran: List[str] = ["list the store's snapshots"]
        damaged: Optional[str] = None
        if there:
            # A cache of its own: the maker's would answer in place of the store.
            cache = os.path.join(children.private, "cache")
            os.mkdir(cache, 0o700)
            password, escrowed, _ = open_with(secrets.store)
            progress = Progress(request.progress, store.id)
            restic = Restic(
                children, access, password, cache, program=request.restic, escrowed=escrowed,
                patience=request.patience, progress=progress,
            )  # fmt: skip
            progress.say("asking the store for the proven copies")
            damaged, asked = _damage(restic, access, there)
            if damaged is not None and not _is_of_lost_data(damaged):
                time.sleep(_AGAIN_AFTER)
                damaged, asked = _damage(restic, access, there)
            ran.append(asked)
    return Answer(gone, damaged, tuple(ran))


def _is_there(path: str) -> bool:
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def _changed(copy: Copy) -> Optional[str]:
    """What is other about a copy on a disk than it was; ``None``: nothing that can be seen."""
    leads_to = end_of_links(copy.path)
    if copy.leads_to is not None and leads_to != copy.leads_to:
        return f"a link led to {copy.leads_to} when it was proven, and leads elsewhere now"
    items, size = 1, os.stat(copy.path).st_size
    if copy.size is not None and size != copy.size:
        return f"its file had {counted(copy.size, 'byte')}, and has {size} now"
    if os.path.isdir(copy.path):
        items, size = _measure(copy.path)
    if not is_archive(copy.path):  # what was counted of one is what it unpacks to
        if copy.items is not None and items != copy.items:
            return f"it had {counted(copy.items, 'item')}, and has {items} now"
        if copy.bytes is not None and size != copy.bytes:
            return f"it had {counted(copy.bytes, 'byte')}, and has {size} now"
    last, touched = written(copy.path)
    if last != copy.written:
        return f"it was last written at {copy.written} when it was proven, and now at {last}"
    if copy.touched is not None and touched != copy.touched:
        return f"a name in it was last changed at {copy.touched}, and now at {touched}"
    return None


def _measure(folder: str) -> Tuple[int, int]:
    """How many folders, files and links there are, and the bytes of all files."""
    items = size = 0
    for root, folders, names in os.walk(folder, onerror=_raise):
        for name in (*folders, *names):
            status = os.lstat(os.path.join(root, name))
            if stat.S_ISREG(status.st_mode):
                size += status.st_size
            elif not (stat.S_ISDIR(status.st_mode) or stat.S_ISLNK(status.st_mode)):
                continue  # a pipe or a socket is in no copy
            items += 1
    return items, size


def _raise(error: OSError) -> None:
    raise error


def _damage(restic: Restic, access: Access, wanted: List[str]) -> Tuple[Optional[str], str]:
    """What is missing of these snapshots, or ``None``; and what was asked.

    Raises:
        SnapshotError: restic did not get so far that it could tell.
    """
    ids = wanted if restic.can("check", "check [flags] [snapshot") else []
    answer = restic.run(
        fixed("check", "--no-lock"), ids=ids, accept=(0, 1, ENDED), stops_at=_is_of_lost_data
    )
    lost = next(filter(_is_of_lost_data, answer.errors.splitlines()), None)
    if lost is not None:
        return clean_text(lost, 400), answer.ran
    if answer.status == 0:
        return None, answer.ran
    try:
        demand_only_foreign(answer, access, wanted)
    except SnapshotError as error:
        if _NOT_WHOLE not in answer.text + answer.errors:
            raise
        return error.what, answer.ran
    return None, answer.ran


def _is_of_lost_data(line: str) -> bool:
    """Whether restic says that a file of data is gone.

    It tries for most of a minute for each, and nothing that it says then matters.
    """
    return "does not exist" in line and ("pack " in line or "<data/" in line)
