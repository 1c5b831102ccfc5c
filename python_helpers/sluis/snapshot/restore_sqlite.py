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
from typing import Any, Dict, List

from ..errors import SnapshotError
from . import sqlite
from .folder_rights import give_rights
from .restore_copy import (
    Request,
    beside_path,
    demand_same,
    demand_untouched,
    is_of,
    opened,
    rights_for,
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
from .restore_place import Beside, Live
from .restore_space import demand_space
from .restore_swap import DATA, swap_in, would_swap

#: files that SQLite keeps beside a database (https://www.sqlite.org/tempfiles.html)
COMPANIONS = ("-wal", "-shm", "-journal")
_DUMP = "dump"


def restore_beside(request: Request) -> Dict[str, Any]:
    """Put a restored and checked copy beside the live file; use an equal one again.

    Args:
        request: as for ``restore_directory.restore_beside``, with ``facts``
            (``{"path", "sha256"}`` of the signed figures).

    Returns:
        as there; ``counts`` are tables and rows.

    Raises:
        SnapshotError: ``restore-differs``, ``restore-not-verified``, and all that can go
            wrong on the way.
    """
    signed, facts = read_signed(request), read_facts(request)
    check_mode = bool(request.get("check_mode"))
    with opened(request, create=not check_mode) as (live, beside, _):
        if beside is not None and is_of(beside, signed):
            touched = beside.record["state"] == "compared" and (
                beside.record["copy_state"] != _state_of(beside)
            )
            if not touched:
                return {**beside.record["answer"], "changed": False}
        if check_mode:
            demand_space(live.home, signed.sizes())
            return {
                "changed": True,
                "beside": beside_path(live, request),
                "live": live.path,
                "equal": None,
            }
        assert beside is not None  # noqa: S101
        return _restore(request, signed, facts, live, beside)


def swap(request: Request) -> Dict[str, Any]:
    """Swap the copy in; the live file and what SQLite keeps beside it go to quarantine.

    Args:
        request: as for ``restore_beside``, with ``change`` and ``tolerate_use``.

    Returns:
        as ``restore_swap.swap_in``, with the comparison of the file that is live now.
    """
    signed, facts = read_signed(request), read_facts(request)
    with opened(request, create=False) as (live, beside, home_fd):
        if request.get("check_mode"):
            return would_swap(live, beside, COMPANIONS)
        if beside is None:
            raise SnapshotError(
                "restore-not-compared",
                f"There is no restored copy beside {live.path!r}.",
                "Run the step that restores beside first.",
            )
        demand_same(beside, signed)
        if beside.record["state"] == "compared":
            demand_untouched(beside, _state_of(beside))
        answer = swap_in(
            live,
            beside,
            home_fd,
            change=str(request["change"]),
            companions=COMPANIONS,
            tolerate_use=bool(request.get("tolerate_use")),
        )
        if not answer["changed"]:
            return answer
        return {**answer, **_demand_good(request, facts, live.path, "The live database")}


def _restore(
    request: Request, signed: Signed, facts: Dict[str, Any], live: Live, beside: Beside
) -> Dict[str, Any]:
    beside.clear_for("restoring", signed.snapshot_id, signed.digest)
    os.mkdir(_DUMP, 0o700, dir_fd=beside.fd)
    folder = beside.inside(_DUMP)
    fetched = fetch(request, signed, folder, os.path.join(beside.path, _DUMP))
    found, _ = compare_with_signed(folder, signed)
    answer = comparison_answer(found)
    if not found.holds:
        raise not_equal(str(request["asset"]["id"]), answer, beside.path)
    answer.update(_demand_good(request, facts, folder, "The restored database"))
    warnings = _finish_copy(beside, live)
    answer.update(beside=beside.path, live=live.path, ran=fetched["ran"], warnings=warnings)
    beside.write(
        state="compared",
        snapshot_id=signed.snapshot_id,
        manifest=signed.digest,
        copy_state=_state_of(beside),
        answer=answer,
    )
    return {**answer, "changed": True}


def _demand_good(request: Request, facts: Dict[str, Any], path: str, what: str) -> Dict[str, Any]:
    """SQLite's own check and the signed figures, or an error."""
    answer = sqlite.check(request["asset"], path, facts, None, "", {})
    if answer["verdict"] == "proven":
        tables = answer["figures"]["tables"]
        rows = sum(int(table["rows"]) for table in tables.values())
        return {"equal": True, "counts": {"tables": len(tables), "rows": rows}}
    failed = answer["verdict"] == "failed"
    raise SnapshotError(
        "restore-differs" if failed else "restore-not-verified",
        f"{what} of {request['asset']['id']} is not what was signed: {answer['detail'][:800]}.",
        "Choose another snapshot, or find out who wrote to it meanwhile.",
    )


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
        give_rights(copy_fd, rights)
        os.fsync(copy_fd)
    finally:
        os.close(copy_fd)
    return warnings


def _state_of(beside: Beside) -> str:
    status = os.stat(DATA, dir_fd=beside.fd, follow_symlinks=False)
    return repr((status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino))
