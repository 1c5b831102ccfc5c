"""What the newest proofs compared, for the client who reads of it before signing."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from sluis.evidence.ledger import View
from sluis.evidence.predicates import Verification
from sluis.scope.compared import Compared
from sluis.scope.model import ScopeDocument

#: levels of which the copy was held against the original
_COMPARED = ("V5", "V6")
#: kinds of which what was compared are files and folders
_FILES = ("directory", "share", "home drives", "sharepoint", "onedrive")
#: kinds of which it is what they hold
_DATABASES = ("postgresql", "mariadb", "sqlite")


def compared_copies(scope: ScopeDocument, view: View) -> dict[str, Compared]:
    """By asset, what was compared; what is not known is left out.

    Args:
        scope: what is signed.
        view: the ledger.
    """
    zone = ZoneInfo(scope.time_zone or "UTC")
    found: dict[str, Compared] = {}
    for asset in scope.assets:
        newest = view.latest(Verification, lambda item, one=asset.id: item.body.asset == one)  # type: ignore[misc]
        if asset.kind not in (*_FILES, *_DATABASES) or newest is None:
            continue
        body = newest.body
        # a sample is not all of it
        if body.reached not in _COMPARED or not body.compared_items or body.sample is not None:
            continue
        day = newest.recorded_at.astimezone(zone).date()
        items = body.compared_items if asset.kind in _FILES else None
        found[asset.id] = Compared(day, items, body.compared_bytes)
    return found
