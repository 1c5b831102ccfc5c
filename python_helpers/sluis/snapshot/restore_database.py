"""Restore a database beside the live one, compare figures with the signed ones, swap.

The figures (rows, checksums, sequences, objects) were read inside the very snapshot that
the dump is of. The copy lives in the same server under another name; the displaced
database stays there too, under its quarantine name.

Standard library only and Python 3.8 syntax: this file runs on managed hosts.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from typing import Any, Dict, List, Optional

from ..errors import InputError, SnapshotError
from .children import Children
from .database_compare import compare_figures
from .restore_fetch import (
    Signed,
    compare_with_signed,
    comparison_answer,
    fetch,
    not_equal,
    read_facts,
    read_signed,
)
from .restore_server_space import demand_server_space
from .restore_stand_in import stand_in

Request = Dict[str, Any]
#: both servers cut or refuse longer names (NAMEDATALEN 63 bytes, MariaDB 64 characters)
_LONGEST_NAME = 63
_MOST_NAMED = 50


def restore_beside(request: Request) -> Dict[str, Any]:
    """Restore the dump into a database of its own and hold its figures against the signed.

    Args:
        request: as for ``restore_directory.restore_beside``, with ``asset`` also holding
            the connection data, ``facts`` (``{"path", "sha256"}`` of the signed figures)
            and ``secrets`` also ``asset`` (``password``).

    Returns:
        as there; ``beside`` is the copy's name, ``counts`` the numbers of tables and rows.

    Raises:
        SnapshotError: ``restore-differs``, ``restore-not-verified``, and all that can go
            wrong on the way; the live database was not touched.
    """
    signed, facts = read_signed(request), read_facts(request)
    names = _Names(request)
    found = _equal_already(request, names, facts)
    if found is not None or request.get("check_mode"):
        answer = found or {"equal": None, **names.shown()}
        return {**answer, "changed": found is None}
    unsure = demand_server_space(request["asset"], facts, _secrets(request), _workdir(request))
    with Children(_workdir(request)) as children:
        folder = os.path.join(children.private, "dump")
        os.mkdir(folder, 0o700)
        answer = _fetch_dump(request, signed, folder)
        files = sorted(os.path.join(folder, name) for name in os.listdir(folder))
        made = _load(request, files, names, facts)
    answer["ran"] += [{"ran": line, "seconds": None} for line in made["ran"]]
    return {
        **answer,
        **_demand_equal(request, facts, names.copy, "The restored"),
        **names.shown(),
        "warnings": [*unsure, *made["warnings"]],
        "changed": True,
    }


def swap(request: Request) -> Dict[str, Any]:
    """Swap the copy in; the live database keeps its data under the quarantine name.

    Args:
        request: as for ``restore_beside``.

    Returns:
        ``changed``, ``resumed``, ``live``, ``quarantine`` (names), ``warnings``, and the
        figures' comparison after the swap.

    Raises:
        SnapshotError: ``restore-not-compared``, ``restore-differs``; then the live database
            was not touched, unless the text says so.
    """
    facts, names = read_facts(request), _Names(request)
    state = _state(request, names)
    if request.get("check_mode"):
        answer = names.answer(changed=state != "after", resumed=state == "closed")
        return {**answer, "warnings": []}
    warnings = []
    if state.startswith("unclear") and _bring_stand_in(request, facts, names):
        warnings.append(f"{names.live!r} was gone; the database in quarantine is an empty one")
        state = _state(request, names)
    if state != "after":
        if state not in ("before", "closed"):
            raise SnapshotError(
                "restore-not-compared",
                f"There is no restored copy {names.copy!r} beside {names.live!r} ({state}).",
                "Run the step that restores beside first. Nothing was renamed.",
            )
        if state == "before":
            _demand_equal(request, facts, names.copy, "The restored")
    done = _primitives(request).swap(
        request["asset"], names.copy, names.quarantine, _secrets(request), _workdir(request)
    )
    compared = _demand_equal(
        request, facts, names.live, f"After the swap (the old one is {names.quarantine}) the live"
    )
    answer = names.answer(changed=state != "after", resumed=state != "before")
    if done.get("ended"):
        warnings.append(f"{done['ended']} sessions of the live database were ended")
    return {**answer, **compared, "warnings": warnings}


class _Names:
    """The three names of one restore: live, copy, quarantine. The same on every run."""

    def __init__(self, request: Request) -> None:
        self.live = str(request["asset"]["location"])
        mark = re.sub("[^A-Za-z0-9]", "_", str(request["restore_id"]))
        self.copy = _name(self.live, f"_sluis_restored_{mark}")
        self.quarantine = _name(self.live, f"_sluis_quarantine_{mark}")

    def shown(self) -> Dict[str, Any]:
        return {"live": self.live, "beside": self.copy}

    def answer(self, *, changed: bool, resumed: bool) -> Dict[str, Any]:
        return {
            "changed": changed,
            "resumed": resumed,
            "live": self.live,
            "quarantine": [self.quarantine],
        }


def _name(live: str, suffix: str) -> str:
    """A name next to the live one, no longer than the servers allow, and plain after it."""
    name = live + suffix
    if len(name.encode()) <= _LONGEST_NAME:
        return name
    # Long names are told apart by a digest of the whole one.
    mark = "_" + hashlib.sha256(name.encode()).hexdigest()[:8]
    start = live.encode()[:12].decode("utf-8", "ignore")
    return start + suffix[: _LONGEST_NAME - len(start.encode()) - len(mark)] + mark


def _equal_already(
    request: Request, names: _Names, facts: Dict[str, Any]
) -> Optional[Dict[str, Any]]:
    """The comparison of a copy that an earlier run made, when it is there and equal."""
    state = _state(request, names)
    if state not in ("before", "closed", "after"):
        return None
    try:
        answer = _compare(request, facts, names.live if state == "after" else names.copy)
    except SnapshotError:
        return None  # an unfinished copy takes no connections; it is made anew
    if state == "after":
        # It was swapped in before; what was written since then is no difference of the copy.
        answer["equal"] = answer["equal"] or None
    elif answer["equal"] is not True:
        return None
    return {**answer, **names.shown(), "ran": [], "warnings": []}


def _load(
    request: Request, files: List[str], names: _Names, facts: Dict[str, Any]
) -> Dict[str, Any]:
    """Load the dump; an unfinished copy of ours is made anew, a finished one is not."""
    try:
        made: Dict[str, Any] = _primitives(request).restore_beside(
            request["asset"], files, names.copy, _secrets(request), facts
        )
    except SnapshotError as error:
        if not error.code.endswith("-name-taken"):
            raise
        raise SnapshotError(
            "restore-copy-touched",
            f"There is a database {names.copy!r} already, and it is not what was signed.",
            "Find out who wrote to it, rename or drop it by hand, and run this again.",
        ) from error
    return made


def _fetch_dump(request: Request, signed: Signed, folder: str) -> Dict[str, Any]:
    fetched = fetch(request, signed, folder, "(work folder)")
    found, _ = compare_with_signed(folder, signed)
    answer = comparison_answer(found)
    if not found.holds:
        raise not_equal(str(request["asset"]["id"]), answer, "the store")
    return {**answer, "ran": fetched["ran"]}


def _bring_stand_in(request: Request, facts: Dict[str, Any], names: _Names) -> bool:
    """When the live database is gone and the copy is good, put an empty one in its place."""
    try:
        if _compare(request, facts, names.copy)["equal"] is not True:
            return False
    except SnapshotError:
        return False
    return stand_in(request["asset"], _secrets(request), _workdir(request))


def _demand_equal(request: Request, facts: Dict[str, Any], name: str, what: str) -> Dict[str, Any]:
    answer = _compare(request, facts, name)
    if answer["equal"] is True:
        return answer
    asset = request["asset"]["id"]
    if answer["equal"] is None:
        raise SnapshotError(
            "restore-not-verified",
            f"{what} database of {asset} could not be compared: {'; '.join(answer['unknown'])}.",
            "Use an account that may see all of the database.",
        )
    raise SnapshotError(
        "restore-differs",
        f"{what} database of {asset} is not what was signed: "
        f"{'; '.join(answer['differences'][:5])}.",
        "Choose another snapshot, or find out who wrote to it meanwhile.",
    )


def _compare(request: Request, facts: Dict[str, Any], name: str) -> Dict[str, Any]:
    found = _primitives(request).figures(
        request["asset"], _secrets(request), _workdir(request), name
    )
    compared = compare_figures(facts, found)
    equal: Optional[bool] = not compared.differences
    if equal and compared.unknown:
        equal = None
    rows = sum(int(table["rows"]) for table in found["tables"].values())
    return {
        "equal": equal,
        "counts": {"tables": len(found["tables"]), "rows": rows},
        "differences": compared.differences[:_MOST_NAMED],
        "unknown": compared.unknown[:_MOST_NAMED],
        "notes": compared.notes[:_MOST_NAMED],
        "changed_during": [],
    }


def _state(request: Request, names: _Names) -> str:
    state: str = _primitives(request).swap_state(
        request["asset"], names.copy, names.quarantine, _secrets(request), _workdir(request)
    )
    return state


def _primitives(request: Request) -> Any:
    # Named one by one, so that Ansible finds them and ships them to the host.
    kind = request["asset"]["kind"]
    if kind == "postgresql":
        from . import postgresql_restore

        return postgresql_restore
    if kind == "mariadb":
        from . import mariadb_restore

        return mariadb_restore
    raise InputError(
        "kind-unknown",
        f"No database of kind {kind!r} can be restored.",
        "Use postgresql, mariadb, sqlite or directory.",
    )


def _secrets(request: Request) -> Dict[str, Any]:
    return dict(request["secrets"].get("asset") or {})


def _workdir(request: Request) -> str:
    return str(request.get("workdir") or tempfile.gettempdir())


__all__: List[str] = ["restore_beside", "swap"]
