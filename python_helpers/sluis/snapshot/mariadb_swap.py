"""Swap a restored MariaDB database in, and back out again.

MariaDB cannot rename a database. The tables of the live database go to the quarantine
database and those of the copy come in, all in one RENAME TABLE, which other sessions see
as one moment. Views and triggers cannot be moved between databases (errors 1450 and 1435),
so with routines and events they are first saved as text in the quarantine database, then
made anew from the text that came with the copy.

The quarantine database also keeps how far we are and which tables were to move. So a kill
anywhere is survived: the next call reads it and goes on, also on versions that do not
recover a RENAME of many tables as a whole (before 10.6.1). What was made in the live database
meanwhile goes to the quarantine as well: nothing of it is dropped. Code that was made meanwhile is
kept there as text, and made again when the swap is undone.
"""

from __future__ import annotations

import json
import os
import re
import time
from typing import Any, Dict, List, Optional, Pattern, Set, Tuple

from ..errors import InputError, SnapshotError
from .children import Children
from .database_proof import without_data
from .mariadb_back_rights import (
    definers_in,
    definers_of,
    demand_code_of,
    lacking_to_put_back,
)
from .mariadb_copy import (
    CODE,
    FINISHED,
    OURS,
    exists,
    fetch_code,
    has_table,
    is_empty,
    keep_code,
    read_mark,
    tables_of,
)
from .mariadb_objects import list_code, show_code
from .mariadb_scratch import load_dump
from .mariadb_session import MariadbConnection, MariadbError, MariadbSession, quoted, text
from .mariadb_source import Source, dump_code

_SWAP = "sluis_swap"
#: no such thread, and not the owner of the thread
_NOT_ENDED = frozenset({1094, 1095})
#: code that was made in the live database while a swap lay half-way or after it
_CAME = "meanwhile"
_BEGUN, _DONE, _UNDOING = "begun", "done", "undoing"


def swap_state(
    asset: Dict[str, Any],
    new_name: str,
    quarantine_name: str,
    secrets: Dict[str, Any],
    workdir: str,
) -> str:
    """Which state the server is in: ``before``, ``closed``, ``after``, or ``unclear: why``.

    ``closed``: a swap, or undoing one, was cut off half-way; call the same again.
    """
    with Children(workdir) as children:
        source = Source(asset, children, MariadbConnection.of(asset, secrets))
        with source.anywhere() as session:
            return _state(session, source.database, new_name, quarantine_name)


def swap(
    asset: Dict[str, Any],
    new_name: str,
    quarantine_name: str,
    secrets: Dict[str, Any],
    workdir: str,
) -> Dict[str, Any]:
    """Make the copy's tables the live ones; the live ones go to the quarantine database.

    Killed anywhere, calling it again finishes it; called again after it was done, it says
    so and does nothing.

    Returns:
        ``state_found``, ``state`` (always ``after``), ``ended`` (sessions), ``seconds``, and
        ``kept_code``: code that was made in the live database meanwhile, by kind and name. It is
        in the quarantine as text.

    Raises:
        SnapshotError: the copy is not there or not finished, or the quarantine name is taken.
    """
    began = time.monotonic()
    check_names(asset, new_name, quarantine_name)
    ended = 0
    with Children(workdir) as children:
        source = Source(asset, children, MariadbConnection.of(asset, secrets))
        with source.anywhere() as session:
            move = _Move(source, session, source.database, new_name, quarantine_name)
            found = _clear(asset, session, move)
            if found == "before":
                _demand_finished(session, new_name)
                move.demand_code(asset)
                move.begin()
            if found != "after":
                if move.phase() == _UNDOING:
                    raise _half_way(asset, "undo_swap")
                move.demand_code(asset)
                ended = _end_sessions(source, session)
                move.forward()
            kept = move.came
    return _answer(found, "after", ended, began, kept)


def look_at_swap(
    asset: Dict[str, Any],
    new_name: str,
    quarantine_name: str,
    secrets: Dict[str, Any],
    workdir: str,
) -> None:
    """Refuse a swap that would fail, before a table is moved.

    Raises:
        SnapshotError: ``mariadb-copy-unfinished``, ``mariadb-definers``, ``mariadb-swap-rights``.
    """
    with Children(workdir) as children:
        source = Source(asset, children, MariadbConnection.of(asset, secrets))
        with source.anywhere() as session:
            _demand_finished(session, new_name)
            move = _Move(source, session, source.database, new_name, quarantine_name)
            move.demand_code(asset)
            lacking = lacking_to_put_back(session, source.database, hidden=False)
    if lacking:
        rights = ", ".join(sorted({right for _, some in lacking for right in some}))
        raise SnapshotError(
            "mariadb-swap-rights",
            f"The user of {asset['id']} cannot swap it: it lacks {rights}.",
            "Give it what it lacks, or use an account that has it. Nothing was moved.",
        )


def undo_swap(
    asset: Dict[str, Any],
    new_name: str,
    quarantine_name: str,
    secrets: Dict[str, Any],
    workdir: str,
) -> Dict[str, Any]:
    """The swap backwards: displaced tables and code are live again, the copy has its own back.

    Also undoes a swap that was cut off half-way. Killed anywhere, calling it again finishes
    it. Returns as `swap`, ``state`` is ``before``.
    """
    began = time.monotonic()
    check_names(asset, new_name, quarantine_name)
    ended = 0
    with Children(workdir) as children:
        source = Source(asset, children, MariadbConnection.of(asset, secrets))
        with source.anywhere() as session:
            move = _Move(source, session, source.database, new_name, quarantine_name)
            found = _clear(asset, session, move)
            if found != "before":
                move.demand_code(asset)
                ended = _end_sessions(source, session)
                move.backward()
            kept = move.came
    return _answer(found, "before", ended, began, kept)


def check_names(asset: Dict[str, Any], *names: str) -> None:
    """Refuse names that are equal, empty, or that the server would not take."""
    every = [str(asset["location"]), *names]
    wrong = any(not name or len(name) > 64 or name != name.rstrip(" ") for name in names)
    if len({name.lower() for name in every}) != len(every) or wrong:
        raise InputError(
            "mariadb-names",
            f"The names for {asset['id']} must differ and have 1 to 64 characters each.",
            "Choose other names for the copy and the quarantine.",
        )


class _Move:
    """One swap on its way: what is recorded of it, and its steps, each of which may repeat."""

    def __init__(
        self, source: Source, session: MariadbSession, live: str, new: str, quarantine: str
    ) -> None:
        self.live, self.new, self.quarantine = live, new, quarantine
        self._source = source
        self._session = session
        self._record = f"{quoted(quarantine)}.{_SWAP}"
        self._text = os.path.join(source.children.private, "code.sql")
        #: what of it was kept by this call
        self.came: List[str] = []

    def demand_code(self, asset: Dict[str, Any]) -> None:
        """Refuse when the code of either side could not be made again: a swap may be undone."""
        definers = definers_of(self._session, self.live)
        for keeper, which in self._kept_code():
            if fetch_code(self._session, keeper, which, self._text):
                definers |= definers_in(self._text)
        demand_code_of(self._session, str(asset["id"]), definers)

    def begin(self) -> None:
        """Save the live code, then record what will move; from then on it is half-way."""
        session = self._session
        session.rows(f"create database if not exists {quoted(self.quarantine)}")
        with self._source.session() as in_live:
            dump_code(self._source, in_live, self._text)
        keep_code(session, self.quarantine, "displaced", self._text)
        moving = {"out": tables_of(session, self.live), "in": tables_of(session, self.new)}
        session.rows(
            f"create table if not exists {self._record} (only_one tinyint primary key,"
            " phase varchar(20) not null, moving longtext not null) engine=InnoDB"
        )
        moves = json.dumps(moving)
        session.rows(f"replace into {self._record} values (1, {text(_BEGUN)}, {text(moves)})")

    def phase(self) -> Optional[str]:
        """How far it is: begun, done, undoing; None when nothing is recorded."""
        if not has_table(self._session, self.quarantine, _SWAP):
            return None
        return self._session.value(f"select phase from {self._record}")

    def forward(self) -> None:
        """From begun to done."""
        moving = self._with_what_came(self._moving())
        self._drop_code()
        self._rename(moving["out"], self.live, self.quarantine, moving["in"], self.new)
        self._load_code(self.new, "copy")
        self._set_phase(_DONE)

    def backward(self) -> None:
        """From begun or done to before."""
        moving = self._moving()
        self._set_phase(_UNDOING)
        self._drop_code()
        self._rename(moving["in"], self.live, self.new, moving["out"], self.quarantine)
        self._load_code(self.quarantine, "displaced")
        stays = self._try_what_came()
        if not stays and is_empty(self._session, self.quarantine, (*OURS, _SWAP)):
            # Nothing of the client is in it any more, only our own record.
            self._session.rows(f"drop database {quoted(self.quarantine)}")
        else:
            # what somebody put there meanwhile stays; the record comes last, so that a kill is seen
            code = f"{quoted(self.quarantine)}.{CODE}"
            for ours in (self._record,) if stays else (code, self._record):
                self._session.rows(f"drop table if exists {ours}")

    def _with_what_came(self, moving: Dict[str, List[str]]) -> Dict[str, List[str]]:
        """Tables that were made in the live database while a swap lay half-way go out as well.

        An application that starts makes its tables, and the copy of the state that lay there
        places its nonce. They are recorded before one is moved, so that undoing brings them back.
        """
        session = self._session
        waiting = set(tables_of(session, self.new))
        came = [
            name
            for name in tables_of(session, self.live)
            if name not in moving["out"] and (name in waiting or name not in moving["in"])
        ]
        if not came:
            return moving
        found = {**moving, "out": [*moving["out"], *came]}
        session.rows(f"update {self._record} set moving = {text(json.dumps(found))}")
        return found

    def _rename(self, out: List[str], live: str, away: str, into: List[str], origin: str) -> None:
        """Move what has not moved yet: ``out`` from live to away, ``into`` from origin to live.

        What stands in the way of a table that comes in goes to the quarantine under a free name.
        """
        at_origin = set(tables_of(self._session, origin))
        at_away = set(tables_of(self._session, away))
        at_live = set(tables_of(self._session, live))
        out_now = [name for name in out if name in at_live and name not in at_away]
        into_now = [name for name in into if name in at_origin]
        in_the_way = [name for name in into_now if name in at_live and name not in out_now]
        taken = {*at_away, *at_origin, *at_live, *out, *into}
        steps = [(live, away, name, name) for name in out_now]
        for name in in_the_way:
            free = _free_name(name, taken)
            taken.add(free)
            steps.append((live, self.quarantine, name, free))
        steps += [(origin, live, name, name) for name in into_now]
        if not steps:
            return
        self._session.rows("set session foreign_key_checks = 0")
        self._session.rows(
            "rename table "
            + ", ".join(
                f"{quoted(one)}.{quoted(name)} to {quoted(other)}.{quoted(there)}"
                for one, other, name, there in steps
            )
        )

    def _drop_code(self) -> None:
        """Drop the code of the live database; its text is safe in the quarantine."""
        self._keep_what_code_came()
        for kind, name, _ in list_code(self._session, self.live):
            if kind == "package body":
                continue  # goes with its package
            self._session.rows(f"drop {kind} if exists {quoted(self.live)}.{quoted(name)}")

    def _kept_code(self) -> List[Tuple[str, str]]:
        return [(self.new, "copy"), (self.quarantine, "displaced"), (self.quarantine, _CAME)]

    def _keep_what_code_came(self) -> None:
        """Keep the text of code that is in no text of ours: an application that starts makes some.

        It is kept before anything is dropped, beside what an earlier call kept.
        """
        texts = b""
        for keeper, which in self._kept_code()[:2]:
            if fetch_code(self._session, keeper, which, self._text):
                texts += _read(self._text)
        came = [
            (kind, name)
            for kind, name, _ in list_code(self._session, self.live)
            if not _makes(texts, kind, name)
        ]
        if not came:
            return
        with self._source.session() as in_live:
            new = b"".join(show_code(in_live, kind, name).encode() for kind, name in came)
        before = b""
        if fetch_code(self._session, self.quarantine, _CAME, self._text):
            before = _read(self._text)
        with open(self._text, "wb") as file:
            file.write(before + new)
        keep_code(self._session, self.quarantine, _CAME, self._text)
        self.came = [f"{kind} {name}" for kind, name in came]

    def _try_what_came(self) -> bool:
        """Make that code again; whether its text has to stay, as it does not fit what is live."""
        try:
            self._load_code(self.quarantine, _CAME)
        except SnapshotError:
            return True
        return False

    def _load_code(self, keeper: str, which: str) -> None:
        if not fetch_code(self._session, keeper, which, self._text):
            return
        errors = load_dump(
            self._source.children,
            self._source.connection,
            self._text,
            self.live,
            self._source.bin_dir,
        )
        if errors:
            raise SnapshotError(
                "mariadb-code-failed",
                f"Making the views, routines and triggers of {self.live} said: "
                f"{without_data(errors)}",
                "Put right what it says and call this again; the tables are in their places.",
            )

    def _moving(self) -> Dict[str, List[str]]:
        recorded = self._session.value(f"select moving from {self._record}")
        moving: Dict[str, List[str]] = json.loads(recorded or '{"out": [], "in": []}')
        return moving

    def _set_phase(self, phase: str) -> None:
        self._session.rows(f"update {self._record} set phase = {text(phase)}")


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _makes(texts: bytes, kind: str, name: str) -> bool:
    """Whether a text of definitions makes this object; a trigger's is as its author wrote it."""
    return _made_by(kind, name).search(texts) is not None


def _made_by(kind: str, name: str) -> Pattern[bytes]:
    words = rb"\s+".join(re.escape(word.encode()) for word in kind.split())
    home = rb"(?:(?:`[^`]*`|[^\s`.]+)\s*\.\s*)?"
    called = re.escape(quoted(name).encode()) + rb"|" + re.escape(name.encode()) + rb"(?![\w$])"
    pattern = rb"\b" + words + rb"\s+(?:if\s+not\s+exists\s+)?" + home + rb"(?:" + called + rb")"
    return re.compile(pattern, re.IGNORECASE)


def _free_name(name: str, taken: Set[str]) -> str:
    """A name beside one that is taken, within the 64 characters of MariaDB."""
    known = {one.lower() for one in taken}
    for number in range(1, 10_000):
        end = f"_meanwhile_{number}"
        if (name[: 64 - len(end)] + end).lower() not in known:
            return name[: 64 - len(end)] + end
    return name  # the server refuses it, and nothing is moved


def _state(session: MariadbSession, live: str, new: str, quarantine: str) -> str:
    if not exists(session, live):
        return f"unclear: there is no database {live}"
    if exists(session, quarantine):
        if has_table(session, quarantine, _SWAP):
            phase = session.value(f"select phase from {quoted(quarantine)}.{_SWAP}")
            if phase is not None:
                return "after" if phase == _DONE else "closed"
        if not is_empty(session, quarantine, (*OURS, _SWAP)):
            return f"unclear: there is a database {quarantine}, and it is not a quarantine of ours"
    if not exists(session, new):
        return f"unclear: there is no database {new}"
    return "before"


def _clear(asset: Dict[str, Any], session: MariadbSession, move: _Move) -> str:
    found = _state(session, move.live, move.new, move.quarantine)
    if found.startswith("unclear"):
        raise SnapshotError(
            "mariadb-swap-unclear",
            f"{asset['id']} cannot be swapped: {found}",
            "Look at the databases by hand; nothing was moved.",
        )
    return found


def _demand_finished(session: MariadbSession, new: str) -> None:
    if read_mark(session, new) != FINISHED:
        raise SnapshotError(
            "mariadb-copy-unfinished",
            f"The database {new} is not a restored copy of ours that was finished.",
            "Restore beside first; the live database was not touched.",
        )


def _half_way(asset: Dict[str, Any], what: str) -> SnapshotError:
    return SnapshotError(
        "mariadb-swap-half-way",
        f"Undoing the swap of {asset['id']} was cut off half-way.",
        f"Call {what} again first.",
    )


def _end_sessions(source: Source, session: MariadbSession) -> int:
    """End the sessions that use the live database, as far as we may; how many."""
    ended = 0
    rows = session.rows(
        "select id from information_schema.processlist"
        f" where binary db = binary {text(source.database)} and id <> connection_id()"
    )
    for (number,) in rows:
        try:
            with source.anywhere() as killer:
                killer.rows(f"kill {int(number)}")
            ended += 1
        except MariadbError as error:
            # It left by itself, or is not ours to end: then the renames wait for it.
            if error.number not in _NOT_ENDED:
                raise
    return ended


def _answer(found: str, state: str, ended: int, began: float, kept: List[str]) -> Dict[str, Any]:
    return {
        "state_found": found,
        "state": state,
        "ended": ended,
        "kept_code": kept,
        "seconds": round(time.monotonic() - began, 3),
    }
