"""Our quickXorHash of one file as a process of its own: ``python hash_process.py FILE``.

The file is mapped and not read, which spares a copy of every byte. An export hashes what comes
from a socket and has that copy anyway.
"""

from __future__ import annotations

import mmap
import sys
from pathlib import Path

from sluis.graph.quickxor import QuickXor

_PIECE = 1 << 26


def main() -> None:
    """Print the hash as Graph writes it."""
    running = QuickXor()
    with (
        Path(sys.argv[1]).open("rb") as file,
        mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as mapped,
        memoryview(mapped) as view,
    ):
        for at in range(0, len(view), _PIECE):
            with view[at : at + _PIECE] as piece:
                running.update(piece)
    print(running.base64())


if __name__ == "__main__":
    main()
