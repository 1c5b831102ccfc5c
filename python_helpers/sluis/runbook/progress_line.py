"""One line of progress, as a managed host writes it: typed, bounded and cleaned before it is
passed on. Such lines are for the eye only; one that is none is left out."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sluis.border import codec
from sluis.border.formats import Count, Slug
from sluis.border.marked import Annotated
from sluis.border.shapes import Real, Text
from sluis.border.strict_json import WrongError

#: bytes of one line; ours have less than 300
LONGEST_LINE = 2000


@dataclass(frozen=True)
class ProgressLine:
    """How far one asset is; see ``snapshot.progress``."""

    asset: Slug
    phase: Annotated[str, Text(120)]
    done: Annotated[float, Real(0, 1)] | None = None
    seconds: Annotated[float, Real(0, 10**9)] = 0.0
    bytes: Count | None = None
    of_bytes: Count | None = None
    items: Count | None = None


def passed_on(raw: bytes, asset: str | None) -> bytes | None:
    """The same line, written by us; ``None`` when it is none.

    Args:
        raw: what the host wrote.
        asset: what it is at work on; a line about another asset is none. ``None``: any.
    """
    try:
        line = codec.decode(ProgressLine, raw, most_bytes=LONGEST_LINE, most_values=20)
    except WrongError:
        return None
    if asset is not None and line.asset != asset:
        return None
    said = {name: value for name, value in codec.dump(line).items() if value is not None}
    return json.dumps(said).encode("ascii") + b"\n"
