"""Whether a store still keeps snapshots that were proven earlier. Runs on the verifier.

Not each byte is read again. The store shows each snapshot, and every folder and every file of data
that it needs is there, in the size that it should have.
"""

from __future__ import annotations

import os
import tempfile
import time
from typing import List, Optional, Tuple

from ..border.characters import clean_text
from ..border.parts import Secrets
from ..border.verbs.asset_kept import Answer, Request
from ..errors import SnapshotError
from ..programs import fixed
from .access import Access, open_access
from .children import Children
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
    """Look for snapshots on a store, and for the data that they need.

    Args:
        request: which.
        secrets: the escrowed or the repository's password, and the store's login.

    Raises:
        SnapshotError: nobody can tell; the store is away or cannot be opened.
    """
    with Children(tempfile.gettempdir()) as children:
        access = open_access(request.store, secrets.store, children.private, children)
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
            progress = Progress(request.progress, request.store.id)
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
