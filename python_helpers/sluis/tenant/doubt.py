"""Why a fetched file is not known to be right, in one word of a few. Pure.

What is told a client has to be true of the very file: that nothing was listed to compare it with
is another thing than that it differs, and an older version is known not to be the newest.
"""

from __future__ import annotations

from .other_hashes import hashes_in
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
        listed: size in bytes and hashes, as listed; each ``None`` when there was none.
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
    known_of_it = (quickxor, f"sha256:{sha256}")
    # SHA-1 and CRC-32 of what is on disk are not kept
    told = [one for one in hashes_in(hashed) if not one.startswith(("sha1:", "crc32:"))]
    return None if all(one in known_of_it for one in told) else "differs"
