"""Ask a database through its own client program, within limits."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from typing import Dict, Optional, Union

from ..errors import SnapshotError
from ..programs import Command, run
from .answer import Answer

#: the most that a query may answer
MOST_ROWS = 10_000
MOST_BYTES = 4 << 20
#: bytes of memory for the client program, which holds the whole answer
_MOST_MEMORY = 1 << 30
#: characters of a server's words that are repeated
_MOST_WORDS = 200
#: seconds beyond the server's own limit
_GRACE = 15


@dataclass(frozen=True)
class Said:
    """What a client program said, and how it ended."""

    output: str
    status: int
    errors: str

    def between(self, begin: str, end: str) -> Optional[str]:
        """The lines after the line ``begin``, up to ``end``; ``None`` when there is no such."""
        _, begun, rest = self.output.partition(begin + "\n")
        return rest.partition(end)[0] if begun else None


def mark(name: str) -> str:
    """A line that parts our own output from an answer. No answer can hold it by chance."""
    return f"sluis-{name}-{secrets.token_hex(8)}"


def ask(
    command: Command, script: str, environment: Dict[str, str], timeout: float
) -> Union[Said, Answer]:
    """Feed a script to a client program.

    Args:
        command: the program and its options.
        script: what it reads.
        environment: what the program gets besides a plain environment.
        timeout: seconds that the server was told.

    Returns:
        An `Answer` when the program could not be run, took too long or said too much.
    """
    try:
        done = run(
            command,
            seconds=timeout + _GRACE,
            given=script.encode("utf-8"),
            environment={"HOME": os.environ.get("HOME", "/"), **environment},
            most_output=MOST_BYTES,
            most_memory=_MOST_MEMORY,
        )
    except SnapshotError:
        return not_answered(f"there is no program {os.path.basename(command.program)} on this host")
    except OSError as error:
        # TimeoutError is an OSError, without a text of the system
        if isinstance(error, TimeoutError):
            return not_answered(f"no answer within {timeout + _GRACE:g} s")
        return not_answered(f"the client program cannot run: {error.strerror}")
    errors = done.errors.decode("utf-8", "replace")
    if len(done.output) >= MOST_BYTES or "out of memory" in errors:
        return not_answered(f"the answer is larger than {MOST_BYTES:,} bytes")
    return Said(done.output.decode("utf-8", "replace"), done.status, errors)


def not_answered(detail: str) -> Answer:
    """An `Answer` of a query that nobody could ask, or that was not answered."""
    return Answer(None, detail, "not answered")


def not_let_in(errors: str, password: Optional[str]) -> Answer:
    """An `Answer` for a server that could not be reached or let nobody in.

    Args:
        errors: what the client program said.
        password: what it was given.
    """
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    lines = [line for line in lines if "FATAL" in line or "ERROR" in line] or lines
    gave = "a password was given" if password else "no password was given"
    return Answer(
        None,
        f"the database could not be reached or let nobody in ({gave})"
        f"{server_words(lines[-1] if lines else '')}. Its password is the one of this check in "
        "service_checks_secrets",
        "not let in",
    )


def server_words(words: str) -> str:
    """What a server said, short, to go on a sentence."""
    plain = " ".join(words.split())[:_MOST_WORDS]
    return f": {plain}" if plain else ""


def hexed(text: str) -> str:
    """A text as hexadecimal digits: no quote, backslash, colon or line end is left in it."""
    return text.encode("utf-8").hex()
