"""The words of a query, seen so widely that no function can hide among them.

The server parses a query; this does not. It only has to name every word that could be the
name of a function, and may name more: a word too many ends a check, a word too few would
let a function run that does more than read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import FrozenSet, Set

#: Every character above ASCII can be part of a name, for PostgreSQL and for MariaDB.
_WORD = re.compile("[A-Za-z0-9_$\u0080-\U0010ffff]+")
#: White space is that of ASCII: any other is part of a name, for the servers as well. A name is
#: looked for from its beginning only, or a long one would take the square of its length.
_CALL = re.compile(
    '(?<![A-Za-z0-9_$\u0080-\U0010ffff])([A-Za-z0-9_$\u0080-\U0010ffff]+)["`]?\\s*\\(',
    re.ASCII,
)
#: a bracket, or a comment, which a bracket may follow
_QUOTED_CALL = re.compile(r'[`"]\s*(?:\(|--|#|/\*)')
_COMMENT = re.compile(r"--|/\*")
#: bytes of a name that PostgreSQL keeps
_KEPT = 63


@dataclass(frozen=True)
class Named:
    """``every`` word of a query, and those that are ``called``: a bracket follows."""

    every: FrozenSet[str]
    called: FrozenSet[str]


def words_of(query: str) -> Named:
    """Find the words of a query, as written and in small letters.

    Args:
        query: SQL.

    Returns:
        With a comment in the query, between a name and its bracket perhaps, every word
        counts as called.
    """
    every = _spellings(_WORD.findall(query))
    called = every if _COMMENT.search(query) else _spellings(_CALL.findall(query))
    return Named(every, called)


def calls_a_quoted_name(query: str) -> bool:
    """Tell whether a bracket follows a name in backticks or double quotes.

    Between quotes a name may hold any sign or be a word of the language, so no list of
    functions can say what it calls. A text that ends before a bracket counts as well, and a
    comment after the quote counts as one with a bracket after it.
    """
    return _QUOTED_CALL.search(query) is not None


def _spellings(words: "list[str]") -> FrozenSet[str]:
    found: Set[str] = set()
    for word in words:
        small = "".join(c.lower() if c.isascii() else c for c in word)
        for one in (word, small):
            cut = one.encode("utf-8", "surrogatepass")[:_KEPT].decode("utf-8", "ignore")
            found.update((one, cut))
    return frozenset(found)
