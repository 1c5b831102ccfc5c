"""Do a piece of work of our own in a confined child, because it decodes what others made.

The child is a copy of this process that gives up everything first: see `confine`. What it finds
it writes into a pipe, line by line, so that a crash or a time limit loses one answer and not all.

Standard library only and Python 3.8 syntax: this file also runs on managed hosts.
"""

from __future__ import annotations

import encodings.cp437  # noqa: F401  zipfile asks for it late, where no file can be read
import json
import os
import resource
import select
import signal
import time
from dataclasses import dataclass, replace
from typing import Any, Callable, List, Sequence, Tuple

from ..errors import SnapshotError
from .children import Account
from .confine import Confinement, Enter, held_name, libc

#: bytes of memory for a decoder of ours
_MEMORY = 2 << 30
#: bytes that it may answer
_MOST = 256 << 20
_IN, _DONE = b"in\n", b"done\n"
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38

Tell = Callable[[Any], None]


@dataclass(frozen=True)
class Told:
    """What the child told, in order, and why it did not come to its end (or nothing)."""

    answers: List[Any]
    trouble: str


def in_confinement(
    work: Callable[[Tell], None],
    account: Account,
    keep: Sequence[int],
    seconds: float,
    *,
    by_name: Sequence[Tuple[int, str]] = (),
) -> Told:
    """Do ``work`` in a confined child.

    Args:
        work: is given a function that passes JSON data to us. It may use ``keep``, and what was
            imported before; it can open nothing else.
        account: from `children.confined_account`.
        keep: open descriptors that it needs.
        seconds: after that many it is killed.
        by_name: those of ``keep`` that are opened again by name, with their path; see `name_of`.

    Raises:
        SnapshotError: ``cannot-confine``.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            _be_the_child(work, account, sorted({*keep, writing}), writing, seconds, by_name)
        finally:
            os._exit(1)
    os.close(writing)
    try:
        data, trouble = _hear(reading, seconds)
    finally:
        os.close(reading)
        os.kill(child, signal.SIGKILL)  # it is ours until it is waited for
        status = os.waitpid(child, 0)[1]
    if not data.startswith(_IN):
        raise SnapshotError(
            "cannot-confine",
            "A program of ours could not be started with the little that it may have.",
            "Look for what on this machine forbids namespaces or limits.",
        )
    if not trouble and not data.endswith(_DONE):
        by = f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else "itself"
        trouble = f"the program that read it was ended by {by}"
    lines = data.split(b"\n")[1:-1]  # a line that was not finished says nothing
    try:
        answers = [json.loads(line) for line in lines if line + b"\n" != _DONE]
    except (ValueError, RecursionError):
        answers, trouble = [], "the program that read it said nothing that makes sense"
    return Told(answers, trouble)


def name_of(descriptor: int, path: str, account: Account) -> str:
    """The name under which the child opens a file of ``by_name``; its own owner is ``account``.

    Args:
        descriptor: the open file.
        path: its name for us.
        account: who reads it.
    """
    if account.confinement is None or not account.confinement.files:
        return path
    if os.geteuid() == 0:
        os.fchown(descriptor, account.uid, account.gid)
    return held_name(descriptor)


def _be_the_child(
    work: Callable[[Tell], None],
    account: Account,
    keep: Sequence[int],
    writing: int,
    seconds: float,
    by_name: Sequence[Tuple[int, str]],
) -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    before = 2
    for descriptor in keep:
        os.closerange(before + 1, descriptor)
        before = descriptor
    os.closerange(before + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    into = account.confinement or Confinement(None, None, False, False, ())
    into = replace(into, most_memory=_MEMORY, most_file=0)
    if by_name and not into.files:
        # Nobody else can pass the folders above it; `Confinement.lacking` says so already.
        into = replace(into, uid=None, gid=None)
    Enter(into, [], held=by_name)()
    most = int(seconds) + 10
    resource.setrlimit(resource.RLIMIT_CPU, (most, most))
    found = libc()
    if found is not None:
        found.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        found.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)

    def tell(answer: Any) -> None:
        line = json.dumps(answer).encode("ascii") + b"\n"
        while line:
            line = line[os.write(writing, line) :]

    os.write(writing, _IN)
    work(tell)
    os.write(writing, _DONE)
    os._exit(0)


def _hear(reading: int, seconds: float) -> "tuple[bytes, str]":
    until = time.monotonic() + seconds
    data = bytearray()
    while True:
        left = until - time.monotonic()
        if left <= 0 or not select.select([reading], [], [], left)[0]:
            return bytes(data), f"it was not read within {seconds:.0f} s"
        piece = os.read(reading, 1 << 16)
        if not piece:
            return bytes(data), ""
        data += piece
        if len(data) > _MOST:
            return bytes(data), "it says too much"
