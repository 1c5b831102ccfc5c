"""Run other programs so that nothing from outside can become an option of theirs.

A `Command` is built from three kinds of words, and each kind has its own place:

* `fixed`: words that stand in our source: subcommands and switches;
* `option`: a switch that stands in our source, bound to a value that may come from anywhere;
* ``operands``: values without a switch. They follow a ``--``, so a leading ``-`` means nothing.

`tests/unit/ground/test_child_processes.py` holds the rest of the code to it: only this file and
`snapshot/children.py` start programs, and `fixed` is given nothing but text constants.

Programs are looked up in a fixed search path. The caller's ``PATH`` decides nothing.

Standard library only and Python 3.8 syntax: this file also runs on managed hosts.
"""

from __future__ import annotations

import os
import re
import resource
import subprocess
import tempfile
from dataclasses import dataclass
from typing import Dict, Optional, Sequence, Tuple, Union

from .errors import InputError, SnapshotError

#: where programs are looked up, in this order
SEARCH: Tuple[str, ...] = (
    "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin",
)  # fmt: skip
#: the same, as ``PATH`` of a child process
PATH = os.pathsep.join(SEARCH)

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]*")
#: bytes of a child's output that are kept
_MOST_KEPT = 64 << 20


@dataclass(frozen=True)
class Words:
    """Words of a command line that no outside value can turn into another option."""

    parts: Tuple[str, ...]


def fixed(*words: str) -> Words:
    """Use words as they stand in our source. Never pass a variable's text to this."""
    return Words(words)


def option(name: str, value: Union[str, int]) -> Words:
    """Bind a value to an option: ``--name=value``, or ``-n`` and the value as its argument.

    Args:
        name: the option as it stands in our source; a short one must require an argument.
        value: whatever it is.

    Raises:
        InputError: ``bad-argument``: the value holds a zero byte.
    """
    text = _usable(str(value))
    return Words((f"{name}={text}",) if name.startswith("--") else (name, text))


class Command:
    """One command: a program, its words, and its operands after ``--``.

    Args:
        program: an absolute path, or a name that is looked up in `SEARCH`.
        words: from `fixed` and `option`.
        operands: values without a switch.

    Raises:
        InputError: ``bad-argument``, ``bad-program``.
    """

    def __init__(self, program: str, *words: Words, operands: Sequence[str] = ()) -> None:
        if not all(isinstance(word, Words) for word in words):
            raise TypeError("a command is built from fixed() and option()")
        self.program = program
        self._words = tuple(part for word in words for part in word.parts)
        self._operands = tuple(_usable(value) for value in operands)
        if "\0" in program or not (os.path.isabs(program) or _PLAIN_NAME.fullmatch(program)):
            raise InputError(
                "bad-program",
                f"{program[:80]!r} is neither a program's name nor an absolute path.",
                "Write the full path of the program.",
            )

    @property
    def arguments(self) -> Tuple[str, ...]:
        """All words after the program."""
        return (*self._words, "--", *self._operands) if self._operands else self._words

    @property
    def shown(self) -> str:
        """The command as people read it. It holds no secret, because no command does."""
        return " ".join([self.program, *self._words, *self._operands])

    def under(self, outer: Command) -> Command:
        """Have another program start this one, such as ``setpriv`` or ``unshare``."""
        return Command(outer.program, Words(outer._words), operands=self.argv())

    def argv(self) -> Tuple[str, ...]:
        """What is executed; the first word is an absolute path.

        Raises:
            SnapshotError: ``program-missing``.
        """
        found = find(self.program)
        if found is None:
            raise SnapshotError(
                "program-missing",
                f"There is no program {self.program} in {', '.join(SEARCH)}.",
                "Install it, or write its full path where the inventory names it.",
            )
        return (found, *self.arguments)


@dataclass(frozen=True)
class Done:
    """How a program ended. ``status`` is negative when a signal ended it."""

    status: int
    output: bytes
    errors: bytes


def find(program: str, first: Sequence[str] = ()) -> Optional[str]:
    """Look up a program: its absolute path, or None.

    Args:
        program: a name, or an absolute path, which is only checked.
        first: absolute folders that are looked in before `SEARCH`.
    """
    if os.path.isabs(program):
        return program if _is_program(program) else None
    if not _PLAIN_NAME.fullmatch(program):
        return None
    for folder in (*first, *SEARCH):
        path = os.path.join(folder, program)
        if os.path.isabs(folder) and _is_program(path):
            return path
    return None


def run(
    command: Command,
    *,
    seconds: float,
    given: bytes = b"",
    environment: Optional[Dict[str, str]] = None,
    most_output: int = _MOST_KEPT,
    most_memory: Optional[int] = None,
) -> Done:
    """Run a small program to its end.

    Args:
        command: what to run.
        seconds: after that many it is killed.
        given: its standard input. It starts in ``/``, so paths must be absolute.
        environment: what it finds besides ``PATH`` and ``LC_ALL=C``. Nothing is inherited.
        most_output: bytes that it may write into its output (or into any file) before the
            system ends it.
        most_memory: bytes of address space that it may take.

    Raises:
        SnapshotError: ``program-missing``.
        OSError: it cannot be started.
        TimeoutError: it took too long.
    """
    argv = command.argv()
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        try:
            status = subprocess.run(
                argv,
                input=given,
                stdout=output,
                stderr=errors,
                cwd="/",
                env={"PATH": PATH, "LC_ALL": "C", **(environment or {})},
                timeout=seconds,
                check=False,
                preexec_fn=_Limits(most_output, most_memory),
            ).returncode
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"{command.program} did not end in {seconds:g} s") from None
        output.seek(0)
        errors.seek(0)
        return Done(status, output.read(_MOST_KEPT), errors.read(_MOST_KEPT))


class _Limits:
    """Runs in the child between fork and exec: system calls only."""

    def __init__(self, most_output: int, most_memory: Optional[int]) -> None:
        self._limits = [(resource.RLIMIT_FSIZE, most_output), (resource.RLIMIT_CORE, 0)]
        if most_memory is not None:
            self._limits.append((resource.RLIMIT_AS, most_memory))

    def __call__(self) -> None:
        for which, most in self._limits:
            hard = resource.getrlimit(which)[1]
            least = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(which, (least, least))


def _usable(value: str) -> str:
    if "\0" in value:
        raise InputError(
            "bad-argument",
            f"A zero byte cannot be part of a command: {value[:80]!r}.",
            "Correct the name or path that holds it.",
        )
    return value


def _is_program(path: str) -> bool:
    return os.path.isfile(path) and os.access(path, os.X_OK)
