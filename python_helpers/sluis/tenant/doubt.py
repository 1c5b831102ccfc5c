"""Why a fetched file is not known to be right, in one word of a few. Pure.

What is told a client has to be true of the very file: that nothing was listed to compare it with
is another thing than that it differs, and an older version is known not to be the newest.
"""

from __future__ import annotations

from .tenant_manifest import Doubt


def doubt_of(
    check: str | None,
    known: Doubt | None,
    *,
    older: bool,
    listed: tuple[int | None, str | None],
    got: tuple[int, str | None, str | None],
) -> Doubt | None:
    """Name the reason for which nothing says that a file is right.

    Args:
        check: what its line says.
        known: the reason that was written down with that, by what looked at the file.
        older: whether its bytes are known to be of an earlier version.
        listed: size in bytes and hash, as listed; each ``None`` when there was none.
        got: size in bytes, quickXorHash and SHA-256 of what is on disk.

    Returns:
        ``None`` when it is not in doubt, or when no more is known than that it is.
    """
    if check == "edited meanwhile":
        return "edited"
    if check != "not verified":
        return None
    if older:
        return "older"
    if known is not None:
        return known
    (size, hashed), (came, quickxor, sha256) = listed, got
    if size is not None and size != came:
        return "differs"
    if hashed is None:
        return "no hash"
    kind, colon, _ = hashed.partition(":")
    if not colon:
        return None if hashed == quickxor else "differs"
    if kind == "sha256":
        return None if hashed == f"sha256:{sha256}" else "differs"
    return None
