"""Parse JSON from elsewhere: within bounds, and without what JSON leaves open."""

from __future__ import annotations

import json
import math
from typing import Any, Dict, List, Tuple

#: digits of a number that is still read; ``int()`` takes quadratic time on more
_MOST_DIGITS = 40


class WrongError(ValueError):
    """A value that may not cross the border.

    Args:
        why: what is wrong with it, as the rest of a sentence. It never holds the value.
        path: where, outermost name first; each shape that is left adds its own in front.
    """

    def __init__(self, why: str, path: Tuple[str, ...] = ()) -> None:
        super().__init__(why)
        self.why = why
        self.path = path

    @property
    def field(self) -> str:
        """The path as one word, such as ``levels.2.seconds``."""
        return ".".join(self.path) or "(the whole)"


def parse(data: bytes, *, most_bytes: int, most_values: int) -> Any:
    """Read one JSON value.

    Args:
        data: UTF-8 text.
        most_bytes: bound of the text itself.
        most_values: bound of the values in it, and so of the memory that they take.

    Raises:
        WrongError: it is too large, too deep, no JSON, or holds a name twice, NaN, an infinity
            or a number that no field of ours could hold.
    """
    if len(data) > most_bytes:
        raise WrongError(f"is {len(data):,} bytes and may be {most_bytes:,}")
    # Each value of a container costs at least one of these; texts may hold them as well.
    if data.count(b",") + data.count(b"[") + data.count(b"{") > most_values:
        raise WrongError(f"holds more than {most_values:,} values")
    try:
        return json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_no_twins,
            parse_constant=_no_constant,
            parse_int=_whole,
            parse_float=_real,
        )
    except WrongError:
        raise
    except RecursionError:
        raise WrongError("is nested too deep") from None
    except ValueError:
        raise WrongError("is not JSON") from None


def _no_twins(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise WrongError("holds the same name twice")
    return made


def _no_constant(_name: str) -> Any:
    raise WrongError("holds a number that is not finite")


def _whole(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise WrongError("holds a number with too many digits")
    return int(digits)


def _real(digits: str) -> float:
    if len(digits) > 10 * _MOST_DIGITS:
        raise WrongError("holds a number with too many digits")
    number = float(digits)
    if not math.isfinite(number):  # 1e999 is valid JSON, and Python parses it as infinity
        raise WrongError("holds a number that is not finite")
    return number
