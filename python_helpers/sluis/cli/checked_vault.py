"""What is said of hosts, when a file that holds their passwords could not be opened.

A password that stands in such a file is missing for everything that is looked at. Whoever is then
told to write that password down looks for a mistake that nobody made.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import PurePosixPath
from typing import Protocol, TypeVar

from sluis.runbook.vault_codes import GIVES_NONE, NOT_OPENED

#: what may be so only because a password or a setting could not be read
MAY_FOLLOW = frozenset(
    {
        "become-password-missing", "check-not-let-in", "check-not-tried",
        "database-login-refused", "database-not-reached",
        "escrow-password-missing", "login-refused", "mariadb-session-lost", "no-app-secret",
        "no-repository-password", "no-store", "no-such-server", "no-such-tenant",
        "postgresql-session-lost", "rights-not-asked", "source-login-missing",
        "source-login-refused", "store-login-refused",
    }
)  # fmt: skip
#: errors of ``vault.cfg`` itself
_OF_SETTINGS = frozenset({GIVES_NONE, "bad-vault-setting", "vault-file-not-private"})


class _Told(Protocol):
    @property
    def about(self) -> str: ...
    @property
    def code(self) -> str: ...


T = TypeVar("T", bound=_Told)


def without_what_follows(
    written: Sequence[T], out: Sequence[T]
) -> tuple[list[T], list[T], list[str]]:
    """Take out what may follow only from a file that could not be opened.

    Args:
        written: what is wrong in what was written.
        out: what is wrong out there.

    Returns:
        Both without it, and what could not be looked at instead.
    """
    shut = [one.about for one in written if one.code == NOT_OPENED]
    settings = [one.about for one in written if one.code in _OF_SETTINGS]
    if not shut and not settings:
        return list(written), list(out), []
    instead: list[str] = []
    kept = list(written)
    if settings and shut:
        kept = [one for one in written if one.code != NOT_OPENED]
        instead.append(
            f"what is in {_listed(shut)}: it is encrypted, and what is to open it is wrong itself"
        )
    left = [one for one in out if one.code not in MAY_FOLLOW or not _touched(one.about, shut)]
    gone = [one for one in out if one not in left]
    if shut:
        instead.append(
            "whatever needs a password or a setting that could not be opened"
            + "".join(f"; {line}" for line in _by_host(gone))
        )
    return kept, left, instead


def _by_host(gone: Sequence[_Told]) -> Iterator[str]:
    for about in sorted({one.about for one in gone}):
        codes = sorted({one.code for one in gone if one.about == about})
        yield f"{about} may be right ({', '.join(codes)})"


def _touched(about: str, shut: Collection[str]) -> bool:
    """Whether one of these files may hold something for a host; those of another host do not."""
    for file in shut:
        parts = PurePosixPath(file).parts
        if "host_vars" not in parts:
            return True
        whose = parts[parts.index("host_vars") + 1]
        if about == whose or PurePosixPath(whose).stem == about or " " in about:
            return True
    return False


def _listed(names: Sequence[str]) -> str:
    return ", ".join(dict.fromkeys(names))
