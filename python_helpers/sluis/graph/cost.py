"""What a call costs in resource units, as Microsoft prices them.

Source: sp-dev-docs ``how-to-avoid-getting-throttled-or-blocked-in-sharepoint-online.md`` (page of
2025-10-02): 1 unit for one item, a delta with a token, a file download; 2 for lists, a delta
without a token, create, update, upload; 5 for anything about permissions. A call inside
``$batch`` costs what it costs outside.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

SINGLE = 1
MANY = 2
PERMISSIONS = 5
#: one file, whether by ``/content`` or by the URL that came with a listing. Whether the latter is
#: charged is nowhere documented, so it is paced as if it were.
DOWNLOAD = 1

#: bytes per hour and app, in and out each (same source)
HOUR_BYTES = 400_000_000_000

#: licences up to and including, units per minute, units per 24 hours (same source)
TIERS = (
    (1_000, 1_250, 1_200_000),
    (5_000, 2_500, 2_400_000),
    (15_000, 3_750, 3_600_000),
    (50_000, 5_000, 4_800_000),
)
_LARGEST = (6_250, 6_000_000)

_PERMISSION = re.compile(
    r"/(permissions|invite|createLink|grant|revokeGrants)(?=[/(]|$)", re.IGNORECASE
)
_DELTA = re.compile(r"/(?:microsoft\.graph\.)?delta(\([^()]*\))?$", re.IGNORECASE)
_LISTS = re.compile(
    r"/(children|versions|items|drives|sites|users|lists|columns|subsites|recycleBin/items"
    r"|getAllSites|search\([^()]*\)|search)/?$",
    re.IGNORECASE,
)


def budget(licences: int) -> tuple[int, int]:
    """Units per minute and per 24 hours of one app in a tenant with so many licences."""
    for most, minute, day in TIERS:
        if licences <= most:
            return minute, day
    return _LARGEST


def units(method: str, place: str) -> int:
    """What one call costs.

    Args:
        method: the HTTP method.
        place: path with query, from the version on or without it.
    """
    path, _, query = place.partition("?")
    options = {name.lower(): value for name, value in parse_qsl(query, keep_blank_values=True)}
    expanded = options.get("$expand", "").lower()
    if _PERMISSION.search(path) or "permissions" in expanded:
        return PERMISSIONS
    if method.upper() != "GET":
        return MANY
    if found := _DELTA.search(path):
        with_token = "token" in options or "$deltatoken" in options or "$skiptoken" in options
        return SINGLE if with_token or "token" in (found[1] or "").lower() else MANY
    return MANY if _LISTS.search(path) else SINGLE
