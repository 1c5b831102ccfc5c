"""Restore a database beside the live one, compare figures with the signed ones, swap.

The figures (rows, checksums, sequences, objects) were read inside the very snapshot that
the dump is of. The copy lives in the same server under another name; the displaced
database stays there too, under its quarantine name.

Standard library only and Python 3.8 syntax: this file runs on managed hosts.
"""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import dataclass, replace
from typing import Any, Dict, List, Optional, Tuple

from ..border.facts import plain_facts
from ..border.own_databases import COPY, DISPLACED, name_beside
from ..border.parts import Ran, Secrets
from ..border.restores import Request
from ..border.verbs.asset_restore import Answer
from ..border.verbs.asset_swap import Answer as SwapAnswer
from ..counted import counted, plural
from ..errors import InputError, SnapshotError
from .children import Children
from .database_compare import compare_figures
from .kinds import engine_asset, engine_secrets
from .restore_copy import worked_in
from .restore_fetch import (
    compare_with_signed,
    comparison_answer,
    fetch,
    not_equal,
    read_facts,
    read_signed,
)
from .restore_server_space import demand_server_space
from .restore_stand_in import stand_in

_MOST_NAMED = 50


@dataclass(frozen=True)
class _Compared:
    """How a database compares with the signed figures; ``equal`` is ``None``: nobody can tell."""

    equal: Optional[bool]
    counts: Dict[str, int]
    differences: Tuple[str, ...]
    unknown: Tuple[str, ...]
    notes: Tuple[str, ...]
    owners: Tuple[str, ...]


def restore_beside(request: Request, secrets: Secrets) -> Answer:
    """Restore the dump into a database of its own and hold its figures against the signed.

    Args:
        request: which snapshot, and where. In the answer, ``beside`` is the copy's name and
            ``counts`` are the numbers of tables and rows.
        secrets: the store's login and the database's.

    Raises:
        SnapshotError: ``restore-differs``, ``restore-not-verified``, and all that can go
            wrong on the way; the live database was not touched.
    """
    signed, work = read_signed(request), _Work(request, secrets)
    found = _equal_already(work)
    if found is not None:
        return found
    if request.check_mode:
        return Answer(True, work.live, work.copy, None)
    unsure = demand_server_space(work.asset, work.facts, work.secrets, work.folder)
    with Children(work.folder) as children:
        folder = os.path.join(children.private, "dump")
        os.mkdir(folder, 0o700)
        ran = fetch(request, secrets, signed, folder, "(work folder)")
        compared, _ = compare_with_signed(folder, signed)
        if not compared.holds:
            raise not_equal(request.asset.id, compared, "the store")
        files = sorted(os.path.join(folder, name) for name in os.listdir(folder))
        made = _load(work, files)
    equal = _demand_equal(work, work.copy, "The restored")
    return replace(
        comparison_answer(compared, work.live, work.copy),
        equal=True,
        counts=equal.counts,
        notes=equal.notes,
        ran=(*ran, *(Ran(line) for line in made["ran"])),
        warnings=(*unsure, *made["warnings"]),
    )


def swap(request: Request, secrets: Secrets) -> SwapAnswer:
    """Swap the copy in; the live database keeps its data under the quarantine name.

    Args:
        request: as for ``restore_beside``. In the answer, ``quarantine`` is a name.
        secrets: the database's login.

    Raises:
        SnapshotError: ``restore-not-compared``, ``restore-differs``, ``restore-worked-in``; then
            the live database was not touched, unless the text says so.
    """
    work = _Work(request, secrets)
    state = work.state()
    if state == "after":
        _demand_still_live(work)
    if request.check_mode:
        if state == "before":
            work.engine.look_at_swap(
                work.asset, work.copy, work.quarantine, work.secrets, work.folder
            )
        return work.swapped(changed=state != "after", resumed=state == "closed")
    warnings: List[str] = []
    if state.startswith("unclear") and _bring_stand_in(work):
        warnings.append(f"{work.live!r} was gone; the database in quarantine is an empty one")
        state = work.state()
    if state != "after":
        if state not in ("before", "closed"):
            raise SnapshotError(
                "restore-not-compared",
                f"There is no restored copy {work.copy!r} beside {work.live!r} ({state}).",
                "Run the step that restores beside first. Nothing was renamed.",
            )
        if state == "before":
            _demand_equal(work, work.copy, "The restored")
    done = work.engine.swap(work.asset, work.copy, work.quarantine, work.secrets, work.folder)
    # when it was cut off before, what lay there was kept since, which left another nonce in it
    equal = _demand_equal(
        work,
        work.live,
        f"After the swap (the old one is {work.quarantine}) the live",
        with_nonce=state == "before",
    )
    warnings += equal.owners
    if done.get("ended"):
        ended = counted(done["ended"], "session")
        warnings.append(
            f"{ended} of the live database {plural(done['ended'], 'was', 'were')} ended"
        )
    if done.get("kept_code"):
        names = ", ".join(done["kept_code"])[:1000]
        warnings.append(
            f"this was made in the live database meanwhile, and is kept as text in "
            f"{work.quarantine}.sluis_code: {names}"
        )
    return replace(
        work.swapped(changed=state != "after", resumed=state != "before"),
        equal=True,
        counts=equal.counts,
        notes=equal.notes,
        warnings=tuple(warnings),
    )


class _Work:
    """One restore as the engine takes it, and its three names: the same on every run."""

    def __init__(self, request: Request, secrets: Secrets) -> None:
        self.id = request.asset.id
        self.asset = engine_asset(request.asset)
        self.secrets = engine_secrets(secrets.asset)
        self.facts = plain_facts(read_facts(request))
        self.folder = request.workdir or tempfile.gettempdir()
        self.engine = _engine(request.asset.kind)
        self.live = request.asset.location
        mark = re.sub("[^A-Za-z0-9]", "_", request.restore_id)
        self.copy = name_beside(self.live, COPY + mark)
        self.quarantine = name_beside(self.live, DISPLACED + mark)

    def state(self) -> str:
        """How far the swap is, by the names that are there."""
        return str(
            self.engine.swap_state(
                self.asset, self.copy, self.quarantine, self.secrets, self.folder
            )
        )

    def swapped(self, *, changed: bool, resumed: bool) -> SwapAnswer:
        """The answer of a swap that was not compared yet."""
        return SwapAnswer(changed, resumed, self.live, (self.quarantine,), None)


def _equal_already(work: _Work) -> Optional[Answer]:
    """The comparison of a copy that an earlier run made, when it is there and equal."""
    state = work.state()
    if state not in ("before", "closed", "after"):
        return None
    if state == "closed" and work.asset["kind"] == "mariadb":
        # its tables are on their way; a copy that is made anew would come in a second time
        return Answer(changed=False, live=work.live, beside=work.copy, equal=None)
    try:
        found = _compare(work, work.live if state == "after" else work.copy)
    except SnapshotError:
        return None  # an unfinished copy takes no connections; it is made anew
    # Once it is swapped in, what was written since then is no difference of the copy.
    equal = (found.equal or None) if state == "after" else found.equal
    if state != "after" and equal is not True:
        return None
    return Answer(
        changed=False,
        live=work.live,
        beside=work.copy,
        equal=equal,
        counts=found.counts,
        unknown=found.unknown,
        notes=found.notes,
    )


def _load(work: _Work, files: List[str]) -> Dict[str, Any]:
    """Load the dump; an unfinished copy of ours is made anew, a finished one is not."""
    try:
        made: Dict[str, Any] = work.engine.restore_beside(
            work.asset, files, work.copy, work.secrets, work.facts
        )
    except SnapshotError as error:
        if not error.code.endswith("-name-taken"):
            raise
        raise SnapshotError(
            "restore-copy-touched",
            f"There is a database {work.copy!r} already, and it is not what was signed.",
            "Find out who wrote to it, rename or drop it by hand, and run this again.",
        ) from error
    return made


def _bring_stand_in(work: _Work) -> bool:
    """When the live database is gone and the copy is good, put an empty one in its place."""
    try:
        if _compare(work, work.copy).equal is not True:
            return False
    except SnapshotError:
        return False
    return stand_in(work.asset, work.secrets, work.folder)


def _demand_equal(work: _Work, name: str, what: str, *, with_nonce: bool = True) -> _Compared:
    found = _compare(work, name, with_nonce=with_nonce)
    if found.equal is True:
        return found
    if found.equal is None:
        raise SnapshotError(
            "restore-not-verified",
            f"{what} database of {work.id} could not be compared: {'; '.join(found.unknown)}.",
            "Use an account that may see all of the database.",
        )
    raise SnapshotError(
        "restore-differs",
        f"{what} database of {work.id} is not what was signed: {'; '.join(found.differences[:5])}.",
        "Choose another snapshot, or find out who wrote to it meanwhile.",
    )


def _demand_still_live(work: _Work) -> None:
    """A swap that was done before is only called done while the signed data is live.

    The nonce counts for nothing: the copy of what is live now, made first, leaves another one.
    """
    found = _compare(work, work.live, with_nonce=False)
    if found.differences:
        raise worked_in(work.live, "; ".join(found.differences[:5]))


def _compare(work: _Work, name: str, *, with_nonce: bool = True) -> _Compared:
    found = work.engine.figures(work.asset, work.secrets, work.folder, name)
    compared = compare_figures(work.facts, found, with_nonce=with_nonce)
    equal: Optional[bool] = not compared.differences
    if equal and compared.unknown:
        equal = None
    rows = sum(int(table["rows"]) for table in found["tables"].values())
    owners = found.get("extension_owners") or {}
    return _Compared(
        equal=equal,
        counts={"tables": len(found["tables"]), "rows": rows},
        differences=tuple(compared.differences[:_MOST_NAMED]),
        unknown=tuple(compared.unknown[:_MOST_NAMED]),
        notes=tuple(compared.notes[:_MOST_NAMED]),
        owners=tuple(_other_owners(work.facts.get("extension_owners") or {}, owners)),
    )


def _other_owners(then: Dict[str, str], now: Dict[str, str]) -> List[str]:
    """What is to be said of extensions that belong to somebody else than before.

    Whoever runs ``create extension`` owns it, and PostgreSQL has no command that changes that.
    """
    return [
        f"the extension {name} belonged to {owner} and belongs to {now[name]} now: PostgreSQL "
        "gives it to whoever restores, and has no command to change it"
        for name, owner in sorted(then.items())
        if now.get(name, owner) != owner
    ][:_MOST_NAMED]


def _engine(kind: str) -> Any:
    # Named one by one, so that Ansible finds them and ships them to the host.
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


__all__: List[str] = ["restore_beside", "swap"]
