"""Free ports on the lab's own loopback addresses, and waiting for a service.

Every machine of the lab has an address of its own in 127.0.10.0/24, as machines have:
``app1`` 127.0.10.1, ``db1`` 127.0.10.2, the old supplier's file server 127.0.10.3, the store
127.0.10.9, the time-stamping service 127.0.10.8. Linux answers on all of 127.0.0.0/8 without
any setting up.
"""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from sluis.errors import SluisError

APP1 = "127.0.10.1"
DB1 = "127.0.10.2"
OLD_SUPPLIER = "127.0.10.3"
TSA = "127.0.10.8"
STORE = "127.0.10.9"

#: seconds that a service may take to answer on a busy machine
PATIENCE = 30.0


def free_port(address: str) -> int:
    """A TCP port that is free on ``address`` at this moment."""
    with socket.socket() as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


def answers(address: str, port: int, greeting: bytes = b"") -> bool:
    """Whether something accepts connections there, and greets so when asked for."""
    try:
        with socket.create_connection((address, port), timeout=2) as link:
            return not greeting or link.recv(len(greeting)) == greeting
    except OSError:
        return False


def start_until_it_answers(
    start: Callable[[int], subprocess.Popen[bytes]],
    *,
    what: str,
    address: str,
    log: Path,
    greeting: bytes = b"",
) -> tuple[subprocess.Popen[bytes], int]:
    """Start a server on a free port; another port when somebody took it meanwhile.

    Args:
        start: starts the server on the port it is given.
        what: the server's name, for the error.
        address: where it listens.
        log: its output, for the error.
        greeting: the first bytes it says, if it speaks first.

    Raises:
        SluisError: ``lab-part-failed`` when it ends or does not answer.
    """
    for _ in range(5):
        port = free_port(address)
        server = start(port)
        deadline = time.monotonic() + PATIENCE
        while server.poll() is None and time.monotonic() < deadline:
            # our server may not be there yet while a stranger's is: look at ours last
            if answers(address, port, greeting) and server.poll() is None:
                return server, port
            time.sleep(0.01)
        if server.poll() is None:
            break
        if "in use" not in _tail(log):
            break
    raise SluisError(
        "lab-part-failed",
        f"{what} did not start on {address}. It said: {_tail(log) or 'nothing'}",
        "Run .ci/install-debian, and look for another copy of it on this machine.",
    )


def _tail(log: Path) -> str:
    try:
        return log.read_text(errors="replace")[-2000:].strip()
    except OSError:
        return ""
