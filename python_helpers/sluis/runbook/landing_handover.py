"""What the landing folders mean for a hand-over, from the ledger alone (B4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sluis.evidence.ledger import View
from sluis.evidence.predicates import Landing
from sluis.scope.model import ClientMovesIt, ScopeDocument


@dataclass(frozen=True)
class Landed:
    """What stands in the way, the newest look by asset, and how things stand in words."""

    missing: tuple[str, ...]
    looks: dict[str, str]
    sentences: tuple[str, ...]


def landed(view: View, scope: ScopeDocument | None, since: int, now: datetime) -> Landed:
    """Hold each landing folder of a signed scope against the newest look in it.

    Before its deadline a folder that is not full stops nothing: the client has until then.
    After it what is not known to be there may be lost, and no hand-over may look like an end.

    Args:
        view: the ledger.
        scope: the scope that was signed.
        since: number of the last step; an earlier look says nothing about what was made.
        now: aware UTC time.
    """
    missing, sentences, looks = [], [], {}
    for asset in scope.assets if scope is not None else ():
        if not isinstance(asset.disposition, ClientMovesIt) or asset.disposition.landing is None:
            continue
        found = view.latest(Landing, lambda item, name=asset.id: item.body.asset == name)  # type: ignore[misc]
        if found is None or found.number < since or found.body.look is None:
            why = f": {found.body.not_seen}" if found is not None and found.body.not_seen else ""
            missing.append(f"landing folder of {asset.id}: not looked at{why}")
            continue
        look = found.body.look
        looks[asset.id] = found.sha256
        if look.state == "everything has arrived":
            sentences.append(f"{asset.id}: {look.words}")
        elif found.body.place.deadline < now:
            missing.append(
                f"landing folder of {asset.id}: {look.words} Have the rest moved, or have the "
                "client sign another deadline or disposition"
            )
        else:
            sentences.append(f"{asset.id} is not all there, and is not ours to move: {look.words}")
    return Landed(tuple(missing), looks, tuple(sentences))
