"""Several connections that read files side by side, and survive being cut.

The files to fetch come from one place and the outcomes go to one place, both in the thread
that calls: it alone knows the state.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace

from .found import Found
from .local_copy import Piece
from .sftp_fetch import SMALL, Whole, ask_small, fetch_stream, keep_small
from .sftp_login import SftpLogin
from .sftp_session import Errand, SftpSession
from .source_error import CutError
from .source_file import Batch, Outcome, PieceDone, Wanted
from .stored_names import ExportFolder

#: files that a connection asks for side by side, and their bytes
_AT_ONCE = 48
_BYTES_AT_ONCE = 8 << 20
#: files handed out and not yet done, for each connection
_AHEAD = 256
#: After so many cuts a file is read alone, and after so many it is left: some files make a
#: server fall over each time, and the others must not wait for them.
_ALONE, _ENOUGH = 2, 4
#: Seconds to wait before a lost connection is opened again; as often in a row as there are
#: figures here, unless something was had in between.
PAUSES = (1.0, 2.0, 5.0, 15.0, 30.0)


def fetch_files(
    login: SftpLogin,
    root: bytes,
    folder: ExportFolder,
    wanted: Iterator[Wanted],
    connections: int,
    pauses: Sequence[float] = PAUSES,
) -> Iterator[Batch]:
    """Fetch files over several connections.

    Args:
        login: how to get in.
        root: of the source.
        folder: the export's folder.
        wanted: files; asked for as room comes free, in the calling thread.
        connections: how many at most; a server that lets fewer in is read over fewer.
        pauses: seconds to wait before a lost connection is opened again, time after time.

    Yields:
        what came of each file, and pieces of large files, as they happen.

    Raises:
        CutError: no connection could be had any more.
        SourceError: the server is not the one we know, or says no.
        OSError: our own disk refuses.
    """
    crew = _Crew(login, root, folder, pauses)
    threads = [threading.Thread(target=crew.read, daemon=True) for _ in range(connections)]
    out = 0
    alive = connections
    more = True
    try:
        for thread in threads:
            thread.start()
        while True:
            while more and out < _AHEAD * connections:
                fresh = next(wanted, None)
                if fresh is None:
                    more = False
                    break
                crew.work.put(fresh)
                out += 1
            if not out:
                return
            result = crew.results.get()
            if not isinstance(result, BaseException):
                out -= sum(isinstance(one, Outcome) for one in result)
                yield result
                continue
            alive -= 1
            if not isinstance(result, CutError) or not alive:
                raise result
    finally:
        crew.stop()
        for _ in threads:
            crew.work.put(None)
        for thread in threads:
            thread.join()


class _Crew:
    """What the connections share."""

    def __init__(
        self,
        login: SftpLogin,
        root: bytes,
        folder: ExportFolder,
        pauses: Sequence[float],
    ) -> None:
        self._login = login
        self.root = root
        self.folder = folder
        self._pauses = pauses
        self._sessions: set[SftpSession] = set()
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self.work: queue.SimpleQueue[Wanted | None] = queue.SimpleQueue()
        self.results: queue.SimpleQueue[Batch | BaseException] = queue.SimpleQueue()

    def stop(self) -> None:
        """End all connections, also those that wait for an answer."""
        with self._lock:
            self._stopped.set()
            for session in self._sessions:
                session.close()

    def read(self) -> None:
        """One connection's life; what ends it before its time is among the results."""
        reader = _Reader(self)
        cuts = 0
        while True:
            had = reader.had
            try:
                session = self._open()
                if session is None:
                    return
                try:
                    reader.serve(session)
                    return
                finally:
                    self._close(session)
            except CutError as error:
                reader.give_back()
                cuts = 1 if reader.had > had else cuts + 1
                if self._stopped.is_set() or cuts > len(self._pauses):
                    self.results.put(error)
                    return
                self._stopped.wait(self._pauses[cuts - 1])
            except BaseException as error:
                self.results.put(error)
                return

    def _open(self) -> SftpSession | None:
        if self._stopped.is_set():
            return None
        session = SftpSession.open(self._login)
        with self._lock:
            self._sessions.add(session)
            if self._stopped.is_set():
                session.close()
        return session

    def _close(self, session: SftpSession) -> None:
        with self._lock:
            self._sessions.discard(session)
        session.close()


class _Reader:
    """One connection's work: small files side by side, large ones one after the other."""

    def __init__(self, crew: _Crew) -> None:
        self._crew = crew
        self._first: Wanted | None = None
        self._careful: deque[Wanted] = deque()
        self._under_way: dict[str, Wanted] = {}
        self._bytes = 0
        self._outcomes: list[Outcome] = []
        self._ended = False
        #: files that this connection has finished with
        self.had = 0

    def give_back(self) -> None:
        """Put back what was under way; any connection may have it."""
        self._hand_on()
        if self._first is not None:
            self._careful.append(self._first)
        for wanted in self._under_way.values():
            self._crew.work.put(replace(wanted, cuts=wanted.cuts + 1))
        for wanted in self._careful:
            self._crew.work.put(wanted)
        self._first = None
        self._under_way.clear()
        self._careful.clear()
        self._bytes = 0

    def serve(self, session: SftpSession) -> None:
        """Read until there is nothing more to read."""
        while True:
            self._hand_on()
            if self._careful:
                self._read_stream(session)
                continue
            if self._ended:
                return
            self._first = self._crew.work.get()
            if self._first is None:
                return
            for whole in session.run(_Smalls(self, session), _AT_ONCE):
                wanted = self._under_way.pop(whole.wanted.item_id)
                self._bytes -= wanted.size
                # until it is on disk it counts as under way: a cut now must not lose it
                self._careful.append(wanted)
                outcome = keep_small(self._crew.folder, whole)
                if outcome is not None:
                    self._careful.pop()
                    self._done(outcome)

    def next_small(self, session: SftpSession) -> Errand[Whole] | None:
        """One more small file to ask for now; ``None`` when there is none, or no room.

        It is asked whenever files have ended, so those are handed on here, together: to wake
        another thread for each of them costs more than the file itself.
        """
        self._hand_on()
        if self._careful or self._ended or self._bytes > _BYTES_AT_ONCE:
            return None
        wanted, self._first = self._first, None
        if wanted is None:
            try:
                wanted = self._crew.work.get_nowait()
            except queue.Empty:
                return None
        if wanted is None:
            self._ended = True
            return None
        if wanted.size > SMALL or wanted.pieces or wanted.cuts >= _ALONE:
            self._careful.append(wanted)
            return None
        self._under_way[wanted.item_id] = wanted
        self._bytes += wanted.size
        return ask_small(session, self._crew.root, wanted)

    def _read_stream(self, session: SftpSession) -> None:
        wanted = self._careful.popleft()
        if wanted.cuts >= _ENOUGH:
            why = f"the connection was lost each of the {wanted.cuts} times that it was read"
            self._done(Outcome(wanted, wanted.found, why=why))
            return
        self._under_way[wanted.item_id] = wanted

        def keep(piece: Piece, found: Found) -> None:
            # after a cut it goes on from here, without asking the state
            before = self._under_way[wanted.item_id]
            kept = (p for p in before.pieces if before.found == found and p.start < piece.start)
            after = replace(before, found=found, pieces=(*kept, piece), cuts=0)
            self._under_way[wanted.item_id] = after
            self._crew.results.put((PieceDone(wanted.item_id, found, piece),))
            self.had += 1

        crew = self._crew
        outcome = fetch_stream(session, crew.root, crew.folder, wanted, keep)
        del self._under_way[wanted.item_id]
        self._done(outcome)

    def _done(self, outcome: Outcome) -> None:
        self.had += 1
        self._outcomes.append(outcome)

    def _hand_on(self) -> None:
        if self._outcomes:
            self._crew.results.put(self._outcomes)
            self._outcomes = []


class _Smalls:
    """Small files as errands; it may have none now and more later."""

    def __init__(self, reader: _Reader, session: SftpSession) -> None:
        self._reader = reader
        self._session = session

    def __iter__(self) -> _Smalls:
        return self

    def __next__(self) -> Errand[Whole]:
        errand = self._reader.next_small(self._session)
        if errand is None:
            raise StopIteration
        return errand
