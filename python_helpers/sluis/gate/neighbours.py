"""Rule: every database that was found beside those of the scope has a disposition (case B1)."""

from __future__ import annotations

import json
from typing import Any

from sluis.border import codec
from sluis.border.characters import visible
from sluis.border.found import Found
from sluis.border.strict_json import WrongError
from sluis.counted import counted
from sluis.evidence.ledger import View
from sluis.evidence.predicates import Discovery, Reason
from sluis.gate.demand import Evidence, reason
from sluis.gate.restores import put_back
from sluis.scope.model import Asset
from sluis.scope.neighbours import is_named

#: of such a reason
NOT_IN_SCOPE = "source-not-in-scope"


def neighbours(evidence: Evidence) -> list[Reason]:
    """What shares a server with data of this change, and is named nowhere.

    What is only put back replaces what the scope names and nothing beside it.
    """
    scope, plan = evidence.scope, evidence.plan
    if scope is None or plan is None:
        return []
    restored = put_back(plan)
    found: dict[tuple[str, str], Reason] = {}
    for host in sorted({asset.host for asset in scope.assets if asset.host}):
        for one in databases_on(evidence.view, host):
            beside = [
                asset for asset in scope.assets_on(host)
                if asset.kind == one.kind and asset.id not in restored
            ]  # fmt: skip
            if beside and not is_named(scope, host, one):
                found[host, one.location] = unnamed(host, one, beside[0])
    return list(found.values())


def unnamed(host: str, one: Found, beside: Asset) -> Reason:
    """The reason for one database, with what to write.

    Args:
        host: inventory name.
        one: the database.
        beside: an asset of the same kind on that host.
    """
    name = visible(one.location, allowed="")[:200]
    size = counted(one.bytes, "byte") if one.bytes is not None else "of a size that we may not know"
    return reason(
        NOT_IN_SCOPE,
        f"{host}: {name}",
        f"The database {name} ({size}) is on {host} beside {beside.id}, and the scope says "
        "nothing about it.",
        f"Copy the entry of {beside.id} in scope.yml, give it an id of its own, 'location: "
        f"{json.dumps(name, ensure_ascii=False)}' and a disposition. If it holds "
        "nothing that anybody needs, its owner can remove it; look into it first.",
    )


def databases_on(view: View, host: str) -> list[Found]:
    """The databases that were last found on a host, besides those that a snapshot was made of."""
    latest = discovery_of(view, host)
    return [one for entry in (latest.found if latest else ()) if (one := _database(entry))]


def discovery_of(view: View, host: str) -> Discovery | None:
    """What was last found on a host itself.

    What it saw of a tenant, and a nonce that was placed there, say nothing of what is beside it.
    """
    latest = view.latest(
        Discovery,
        lambda item: (
            item.body.machine.host == host
            and not any("tenant" in one or "location" not in one for one in item.body.found)
        ),
    )
    return latest.body if latest else None


def _database(entry: dict[str, Any]) -> Found | None:
    try:
        return codec.load(Found, {name: entry.get(name) for name in ("kind", "location", "bytes")})
    except WrongError:
        return None  # something else than a database
