"""Ends a scratch server that takes too long or too much: a restored database can run for ever."""

from __future__ import annotations

import threading
import time
from typing import Any, Callable, Dict, Optional

from ..errors import SnapshotError
from .children import Account, Children, confined_words
from .database_proof import Proof
from .filling import Filling, free_in

#: seconds that the proof of a database may take, whatever its size
SECONDS = 1800.0
#: bytes that are restored and checked in a second, at the very least
_SLOWEST = 1 << 20
#: a database takes this much more while it is loaded than afterwards: log, sorting, indexes
_WHILE_LOADED = 4
#: and this many bytes whatever its size: an empty server has a log of its own
ROOM = 2 << 30
_LOOK_EVERY = 0.5


class Guard:
    """Looks at the time and the disk, and ends every program of a block of children.

    Args:
        children: the block; nothing else of it may be running.
        scratch: the folder that its private folder lies in.
        account: who its programs run as.
        facts: what the source said of itself, or empty.
        dump_bytes: size of the dump, for a database of which nothing is known.
    """

    def __init__(
        self,
        children: Children,
        scratch: str,
        account: Account,
        facts: Dict[str, Any],
        dump_bytes: int,
    ) -> None:
        size = int(facts["database"]["bytes"]) if facts else dump_bytes * 10
        self._seconds = SECONDS + size / _SLOWEST
        self._children = children
        self._words = confined_words(account)
        self._filling = Filling(
            children.private, scratch, size * _WHILE_LOADED + ROOM, free_in(scratch)
        )
        self._ended: Optional[str] = None
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    @property
    def ended(self) -> Optional[str]:
        """Why it ended everything, in words; ``None`` while it did not."""
        return self._ended

    def __enter__(self) -> Guard:  # noqa: PYI034  Self needs Python 3.11
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def judges(self, proof: Proof, prove: Callable[[], None]) -> None:
        """Do the proof. When it was ended, that is what came of it, whatever the tools say."""
        began = time.monotonic()
        done = len(proof.parts)
        try:
            prove()
        except SnapshotError:
            if self._ended is None:
                raise
        if self._ended is not None:
            del proof.parts[done:]
            proof.add("restored", "failed", self._ended, began, [f"scratch server{self._words}"])

    def _look(self) -> None:
        until = time.monotonic() + self._seconds
        while not self._done.wait(_LOOK_EVERY):
            if time.monotonic() > until:
                self._ended = f"it was not restored and checked within {self._seconds:.0f} s"
            elif self._filling.overrun():
                most = self._filling.most or 0
                self._ended = f"it takes more than {most:,} bytes while it is restored"
            if self._ended is not None:
                self._children.kill()
