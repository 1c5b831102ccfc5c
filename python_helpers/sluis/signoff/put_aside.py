"""What changes put aside on the client's machines: data of the client, beside what is in use."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sluis.errors import SluisError
from sluis.evidence.ledger import Ledger, View
from sluis.evidence.objects import ObjectStore
from sluis.evidence.predicates import Handover, Scope
from sluis.scope.aside import Aside
from sluis.scope.model import ScopeDocument

#: what holds data of the client
_DATA = frozenset(
    {"displaced data", "perhaps displaced data", "restored copy", "perhaps an unfinished copy"}
)


def put_aside(ledger: Ledger, view: View, scope: ScopeDocument, now: datetime) -> tuple[Aside, ...]:
    """What this client's changes put aside, as their hand-overs say, oldest first.

    Args:
        ledger: of the change that is to be signed; those of others lie beside it.
        view: what was read of it.
        scope: what is to be signed.
        now: aware.
    """
    found = _of(ledger.change, view, ledger.dossier, scope)
    around = ledger.dossier.parent
    for folder in sorted(around.iterdir()) if around.is_dir() else ():
        if folder == ledger.dossier or folder.name.startswith(".") or not folder.is_dir():
            continue
        try:
            other = Ledger(folder, ledger.anchors, ledger.client, folder.name)
            found += _of(folder.name, other.read(now), folder, scope)
        except (SluisError, OSError):
            continue  # what is wrong with it is said by the gate
    return tuple(sorted(found, key=lambda one: (one.day, one.change)))


def _of(change: str, view: View, folder: Path, scope: ScopeDocument) -> list[Aside]:
    zone = ZoneInfo(scope.time_zone or "UTC")
    found: list[Aside] = []
    known: set[tuple[str, str, str]] = set()
    for ended in view.of(Handover):
        for left in ended.body.left:
            place = (left.host, left.asset, left.place)
            if left.what not in _DATA or place in known:
                continue
            known.add(place)
            day = ended.recorded_at.astimezone(zone).date()
            then = _scope_then(view, ended.number, folder) or scope
            asset = then.asset(left.asset)
            until = day + timedelta(days=then.retention.snapshot_days)
            one = Aside(change, asset.name if asset else left.asset, day, until)
            found += [] if one in found else [one]
    return found


def _scope_then(view: View, before: int, folder: Path) -> ScopeDocument | None:
    laid_down = view.latest(Scope, lambda item: item.number < before)
    if laid_down is None:
        return None
    try:
        return ScopeDocument.from_bytes(ObjectStore(folder).get(laid_down.body.scope_object))
    except (SluisError, OSError):
        return None
