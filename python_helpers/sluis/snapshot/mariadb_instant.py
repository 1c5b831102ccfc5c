"""Several MariaDB sessions that look at the same instant.

mariadb-dump opens a snapshot of its own and cannot be told to use ours. So all writers of
this one database are held up for the blink in which everybody opens theirs: LOCK TABLES
... READ waits for the transactions under way and lets no new ones write. Where that right
is lacking, FLUSH TABLES WITH READ LOCK does the same for the whole server. Tables without
transactions (MyISAM, Aria) stay locked until the dump is complete.
"""

from __future__ import annotations

import time
from typing import Callable, List, Optional, Sequence

from ..errors import SnapshotError
from .mariadb_figures import Table
from .mariadb_session import MariadbError, MariadbSession, quoted

#: access denied for: the database, the statement, the table, the privilege
_DENIED = frozenset({1044, 1142, 1227, 1143})
_TIMED_OUT = 1205
#: a table went away after being listed, or has another shape than in the snapshot
_MOVED = frozenset({1146, 1051, 1412})


class Instant:
    """Holds writers up from `hold` until `let_go`, and the unsnapshotable ones until `close`.

    Attributes:
        held: seconds that everybody was held up.
        how: the statement used, or None when the user has neither right.
    """

    def __init__(self, open_session: Callable[[], MariadbSession], asset: str) -> None:
        self._open = open_session
        self._asset = asset
        self._brief: Optional[MariadbSession] = None
        self._lasting: Optional[MariadbSession] = None
        self._since = 0.0
        self.held = 0.0
        self.how: Optional[str] = None

    def hold(self, tables: Sequence[Table]) -> None:
        """Lock, as far as the user may.

        Raises:
            SnapshotError: somebody else keeps the tables busy for too long.
        """
        self._since = time.monotonic()
        # Sequences stay free: a program that waits for a number does nothing at all, and
        # where they stood before and after is known.
        local = [table for table in tables if not table.elsewhere and table.kind != "SEQUENCE"]
        lasting = [table for table in local if not table.in_snapshots]
        brief = [table for table in local if table.in_snapshots]
        try:
            if lasting:
                self._lasting = self._lock(lasting)
            if brief:
                self._brief = self._lock(brief)
            self.how = "LOCK TABLES ... READ"
        except MariadbError as error:
            self.close()
            if error.number not in _DENIED:
                raise
            self._hold_server(bool(lasting))

    def let_go(self) -> None:
        """Everybody has opened their snapshot: let the writers of transactions go on."""
        if self._brief is not None:
            self._brief.close()
            self._brief = None
        self.held = round(time.monotonic() - self._since, 3)

    def close(self) -> None:
        """Let everybody go on."""
        for session in (self._brief, self._lasting):
            if session is not None:
                session.close()
        self._brief = self._lasting = None

    def _hold_server(self, lasting: bool) -> None:
        try:
            session = self._attempt("flush tables with read lock")
        except MariadbError as error:
            if error.number not in _DENIED:
                raise
            return  # neither right: the caller says what that means
        self.how = "FLUSH TABLES WITH READ LOCK"
        if lasting:
            self._lasting = session
        else:
            self._brief = session

    def _lock(self, tables: Sequence[Table]) -> MariadbSession:
        return self._attempt(
            "lock tables " + ", ".join(f"{quoted(table.name)} read" for table in tables)
        )

    def _attempt(self, statement: str) -> MariadbSession:
        for _ in range(3):
            session = self._open()
            try:
                session.rows(statement)
            except MariadbError as error:
                session.close()
                if error.number != _TIMED_OUT:
                    raise
                continue
            return session
        raise SnapshotError(
            "mariadb-busy",
            f"Long transactions kept the tables of {self._asset} busy three times over.",
            "Make the snapshot at a quieter time, or end the transaction that holds them.",
        )


def moved(error: MariadbError) -> bool:
    """Whether tables were made, altered or dropped meanwhile: then we start again."""
    return error.number in _MOVED


def open_readers(open_session: Callable[[], MariadbSession], count: int) -> List[MariadbSession]:
    """Sessions with a snapshot each, taken now.

    They keep nobody from changing a table's shape: whoever does that makes the server
    refuse to read it from an older snapshot (error 1412), for us and for mariadb-dump.
    """
    readers: List[MariadbSession] = []
    try:
        for _ in range(count):
            reader = open_session()
            readers.append(reader)
            reader.rows("set session transaction isolation level repeatable read")
            reader.rows("start transaction with consistent snapshot, read only")
    except BaseException:
        for reader in readers:
            reader.close()
        raise
    return readers
