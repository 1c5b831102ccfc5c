"""Restore a SQLite database beside the live file, have SQLite check it, swap.

A write-ahead log or a journal that is left beside a restored file would be replayed into
it. So those files are displaced together with the live one, before the copy comes.

Standard library only and Python 3.8 syntax: this file runs on managed hosts.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from dataclasses import replace
from typing import Dict, List

from ..border import codec
from ..border.facts import Facts
from ..border.parts import Secrets
from ..border.restores import Request
from ..border.verbs.asset_restore import Answer
from ..border.verbs.asset_swap import Answer as SwapAnswer
from ..errors import SnapshotError
from . import sqlite
from .folder_rights import give_rights, not_given
from .kinds import check
from .restore_copy import (
    beside_path,
    demand_same,
    demand_untouched,
    is_of,
    known_answer,
    opened,
    rights_for,
    worked_in,
)
from .restore_fetch import (
    Signed,
    compare_with_signed,
    comparison_answer,
    fetch,
    not_equal,
    read_facts,
    read_signed,
)
from .restore_in_use import COMPANIONS
from .restore_place import Beside, Live
from .restore_space import demand_space
from .restore_swap import DATA, swap_in, would_swap

_DUMP = "dump"


def restore_beside(request: Request, secrets: Secrets) -> Answer:
    """Put a restored and checked copy beside the live file; use an equal one again.

    Args:
        request: which snapshot, and where. The answer counts tables and rows.
        secrets: the store's login.

    Raises:
        SnapshotError: ``restore-differs``, ``restore-not-verified``, and all that can go
            wrong on the way.
    """
    signed, facts = read_signed(request), read_facts(request)
    with opened(request, create=not request.check_mode) as (live, beside, _):
        if beside is not None and is_of(beside, signed):
            touched = beside.record["state"] == "compared" and (
                beside.record["copy_state"] != _state_of(beside)
            )
            known = None if touched else known_answer(beside)
            if known is not None:
                return replace(known, changed=False)
        if request.check_mode:
            demand_space(live.home, signed.sizes())
            return Answer(True, live.path, beside_path(live, request), None)
        assert beside is not None  # noqa: S101
        return _restore(request, secrets, signed, facts, live, beside)


def swap(request: Request, secrets: Secrets) -> SwapAnswer:
    """Swap the copy in; the live file and what SQLite keeps beside it go to quarantine.

    The file that is live afterwards is compared again.

    Args:
        request: as for ``restore_beside``.
        secrets: not used: nothing is fetched.
    """
    del secrets
    signed, facts = read_signed(request), read_facts(request)
    with opened(request, create=False) as (live, beside, home_fd):
        if beside is not None:
            demand_same(beside, signed)
            if beside.record["state"] == "compared":
                demand_untouched(beside, _state_of(beside))
            if beside.record["state"] == "swapped":
                _demand_still_live(request, facts, live)
        if request.check_mode:
            return would_swap(live, beside, COMPANIONS, tolerate_use=request.tolerate_use)
        if beside is None:
            raise SnapshotError(
                "restore-not-compared",
                f"There is no restored copy beside {live.path!r}.",
                "Run the step that restores beside first.",
            )
        answer = swap_in(
            live,
            beside,
            home_fd,
            change=request.change,
            companions=COMPANIONS,
            tolerate_use=request.tolerate_use,
        )
        if not answer.changed:
            return answer
        counts = _demand_good(request, facts, live.path, "The live database")
        return replace(answer, counts=counts)


def _restore(
    request: Request, secrets: Secrets, signed: Signed, facts: Facts, live: Live, beside: Beside
) -> Answer:
    beside.clear_for("restoring", signed.snapshot_id, signed.digest)
    os.mkdir(_DUMP, 0o700, dir_fd=beside.fd)
    folder = beside.inside(_DUMP)
    ran = fetch(request, secrets, signed, folder, os.path.join(beside.path, _DUMP))
    found, _ = compare_with_signed(folder, signed)
    if not found.holds:
        raise not_equal(request.asset.id, found, beside.path)
    counts = _demand_good(request, facts, folder, "The restored database")
    warnings = _finish_copy(beside, live)
    answer = comparison_answer(found, live.path, beside.path)
    answer = replace(answer, counts=counts, ran=ran, warnings=tuple(warnings))
    beside.write(
        state="compared",
        snapshot_id=signed.snapshot_id,
        manifest=signed.digest,
        copy_state=_state_of(beside),
        answer=codec.dump(answer),
    )
    return answer


def _demand_good(request: Request, facts: Facts, path: str, what: str) -> Dict[str, int]:
    """SQLite's own check and the signed figures, or an error: tables and rows."""
    answer = check(request.asset, path, facts, None, "")
    if answer.verdict == "proven":
        tables = answer.figures.tables or {}
        rows = sum(int(table.rows) for table in tables.values())
        return {"tables": len(tables), "rows": rows}
    failed = answer.verdict == "failed"
    raise SnapshotError(
        "restore-differs" if failed else "restore-not-verified",
        f"{what} of {request.asset.id} is not what was signed: {answer.detail[:800]}.",
        "Choose another snapshot, or find out who wrote to it meanwhile.",
    )


def _demand_still_live(request: Request, facts: Facts, live: Live) -> None:
    """A swap that was done before is only called done while the signed data is live."""
    try:
        _demand_good(request, facts, live.path, "The live database")
    except SnapshotError as error:
        raise worked_in(live.path, error.what.rstrip(".")) from error


def _finish_copy(beside: Beside, live: Live) -> List[str]:
    """Take our nonce out of the copy, and give it the live file's owner and rights."""
    name = os.path.join(_DUMP, sqlite.DUMP_FILE)
    with contextlib.closing(sqlite3.connect(beside.inside(name))) as copy:
        copy.execute(f"drop table if exists {sqlite.NONCE_TABLE}")
        copy.commit()
    os.rename(name, DATA, src_dir_fd=beside.fd, dst_dir_fd=beside.fd)
    shutil.rmtree(beside.inside(_DUMP))
    rights, warnings = rights_for(live, "0600")
    copy_fd = os.open(DATA, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=beside.fd)
    try:
        warnings += not_given(give_rights(copy_fd, rights))
        os.fsync(copy_fd)
    finally:
        os.close(copy_fd)
    return warnings


def _state_of(beside: Beside) -> str:
    status = os.stat(DATA, dir_fd=beside.fd, follow_symlinks=False)
    return repr((status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino))
