"""What a host's error is worth: its code and its advice are ours only when we know them.

A managed host may be in strange hands. It may say that something failed; it may not say that
the gate refused, and it may not give the operator commands to paste as if Sluis advised them.
"""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from pathlib import Path

import sluis
from sluis.border.verb import Failure
from sluis.errors import InputError, SluisError, SnapshotError
from sluis.runbook.own_code import SENT_ROOMS
from sluis.snapshot.server_login import every_remedy
from sluis.syntax import parsed

_CODE = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)+")
#: what may stand where a sentence of ours leaves room: one word, such as a path, in quotes or not
_ONE_WORD = r"['\"]?[A-Za-z0-9_./:@+,-]{0,200}['\"]?"
#: stands for a name, and has nothing in it that would be quoted or escaped
_ROOM = "roomforaname"
#: letters of our own that advice has at least
_LEAST = 20


def host_error(failure: Failure, *, host: str, module: str) -> SluisError:
    """The error to raise here for one that happened on a host. It is never a refusal.

    Args:
        failure: what the host said, decoded.
        host: which host.
        module: which module of ours it was running.
    """
    codes, advice = _known()
    family = InputError if failure.family == "InputError" else SnapshotError
    if failure.code not in codes:
        return SnapshotError(
            "host-failed",
            f"{module} failed on {host} with an error that Sluis does not know "
            f"({failure.code}): {failure.what}",
            f"Look at {host} itself before anything else runs there, and use the same version of "
            "Sluis everywhere.",
        )
    if any(known.fullmatch(failure.remedy) for known in advice):
        return family(failure.code, failure.what, failure.remedy)
    return family(
        failure.code,
        failure.what,
        f"Look at {host}. It says itself, in words that Sluis does not know: “{failure.remedy}”",
    )


@lru_cache(maxsize=1)
def _known() -> tuple[frozenset[str], tuple[re.Pattern[str], ...]]:
    """Codes and advice as they stand in the source of what runs on hosts. Read once, on failure."""
    root = Path(sluis.__file__).parent
    codes: set[str] = set()
    advice: set[str] = set()
    for path in [
        *(p for room in SENT_ROOMS for p in (root / room).rglob("*.py")),
        root / "programs.py",
    ]:
        for node in ast.walk(parsed(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                if _CODE.fullmatch(node.value):
                    codes.add(node.value)
                elif node.value.endswith(".") and len(node.value) >= _LEAST:
                    advice.add(re.escape(node.value))
            elif isinstance(node, ast.JoinedStr) and _is_sentence(node):
                advice.add(_pattern(node))
    # put together from parts, with a name or two in them
    for remedy in every_remedy(_ROOM):
        advice.add(re.escape(remedy).replace(_ROOM, _ONE_WORD))
    return frozenset(codes), tuple(re.compile(one) for one in sorted(advice))


def _is_sentence(text: ast.JoinedStr) -> bool:
    """Whether it is a sentence of ours with room for a word or two, and no mere frame."""
    ours = [str(part.value) for part in text.values if isinstance(part, ast.Constant)]
    room = len(text.values) - len(ours)
    return room <= 2 and sum(map(len, ours)) >= _LEAST and ours[-1].endswith(".")


def _pattern(text: ast.JoinedStr) -> str:
    return "".join(
        re.escape(str(part.value)) if isinstance(part, ast.Constant) else _ONE_WORD
        for part in text.values
    )
