"""Our quickXorHash of one file as a process of its own: ``python hash_process.py FILE``."""

from __future__ import annotations

import sys
from pathlib import Path

from sluis.graph.quickxor import QuickXor

_PIECE = 1 << 20


def main() -> None:
    """Print the hash as Graph writes it."""
    running, room = QuickXor(), bytearray(_PIECE)
    view = memoryview(room)
    with Path(sys.argv[1]).open("rb", buffering=0) as file:
        while count := file.readinto(room):
            running.update(view[:count])
    print(running.base64())


if __name__ == "__main__":
    main()
