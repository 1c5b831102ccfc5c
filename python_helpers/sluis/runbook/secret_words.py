"""Whether a text carries a password that everybody may read: in a command, a line, a query, a URL.

The name of an argument says nothing here: ``argv: [tool, --password=abc]`` shows the password to
whoever reads the plan, and to whoever lists the processes of the host.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_NAME = r"(?:pass|passwd|password|passphrase|token|secret|api[-_]?key|private[-_]?key)"
#: Not a secret: a file, a variable of the shell, a switch.
_NOT = r"(?!['\"]?(?:[/~@]|\.{1,2}/|\$|(?:true|false|yes|no|on|off|none|null|[01])\b))"

_MARIADB = r"(?:mysql|mariadb)[a-z-]*\s"
_CURL = r"curl\s"
#: What stands between a program and its option; behind the program once more it is another call,
#: or a text that names it a thousand times is read to its end from each of them.
_UP_TO = r"(?:(?![\s/]{}).){{0,2000}}"

_IN_A_TEXT = re.compile(
    "|".join(
        (
            # PGPASSWORD=abc, --db-password=abc, token = "abc"
            (
                rf"(?:^|[^A-Za-z0-9])[A-Za-z0-9_-]{{0,60}}?(?:{_NAME})"
                rf"\s{{0,9}}=\s{{0,9}}{_NOT}['\"]?[^\s'\"=&|;)]"
            ),
            # --password abc
            rf"(?:^|\s)--?(?:[a-z0-9]{{1,30}}[-_]){{0,5}}{_NAME}\s{{1,9}}{_NOT}['\"]?[^\s'\"-]",
            # https://name:abc@host
            r"[a-z][a-z0-9+.-]{0,20}://[^\s/@:]{0,200}:(?!\$)[^\s/@]{1,200}@",
            r"\bauthorization:\s*(?:bearer|basic|token)\s+(?!\$)\S",
            # alter role x password 'abc'; create user x identified by 'abc'
            r"\b(?:password|identified\s+by(?:\s+password)?)\s+'[^']",
            # programs that take a password in one short option
            rf"(?:^|[\s/]){_MARIADB}(?:{_UP_TO.format(_MARIADB)}\s)?(?-i:-p)(?!\$)[^\s]",
            r"(?:^|[\s/])sshpass\s+-p\s*(?!\$)\S",
            (
                rf"(?:^|[\s/]){_CURL}(?:{_UP_TO.format(_CURL)}\s)?"
                r"(?:-u|--user)[\s=]*(?!\$)[^\s:]{1,200}:(?!\$)\S"
            ),
        )
    ),
    re.IGNORECASE,
)


def carries_a_secret(text: str) -> bool:
    """Whether a text looks as if a password, token or key stands in it.

    Args:
        text: a command, a line of a file, a query, a URL.
    """
    return _IN_A_TEXT.search(text) is not None


def words_carry_a_secret(words: Sequence[object]) -> bool:
    """The same of the words of a command; an option and its value may be two of them.

    Args:
        words: as ``argv`` has them; what is no text is passed over.
    """
    texts = [word for word in words if isinstance(word, str)]
    return any(map(carries_a_secret, texts)) or carries_a_secret(" ".join(texts))
