"""Rights in the target, given as the signed user map says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ..graph.connect import Graph
from ..graph.errors import GraphError
from ..graph.links import segment
from .user_map import Invite

#: how many addresses an error names
_NAMED = 5


async def give_rights(graph: Graph, drive_id: str, item_id: str, invites: Sequence[Invite]) -> None:
    """Give rights on one item; nobody gets a mail about it.

    Giving a right twice is the same as once, so a lost answer is simply asked for again.

    Args:
        graph: the connection to the target.
        drive_id: the target drive.
        item_id: the item.
        invites: what ``translate`` made of the source's permissions.

    Raises:
        GraphError: the service said no, for instance to a recipient it does not know.
    """
    place = f"/drives/{segment(drive_id)}/items/{segment(item_id)}/invite"
    for role, until in sorted({(one.role, one.until or "") for one in invites}):
        body: dict[str, Any] = {
            "recipients": [
                _recipient(one.recipient)
                for one in invites
                if (one.role, one.until or "") == (role, until)
            ],
            "roles": [role],
            "requireSignIn": True,
            "sendInvitation": False,
        }
        if until:
            body["expirationDateTime"] = until
        try:
            await graph.post(place, body, repeatable=True)
        except GraphError as error:
            if "noResolvedUsers" not in error.codes:
                raise
            named = [one["email"] for one in body["recipients"] if "email" in one]
            raise _nobody(error, named) from error


def _nobody(error: GraphError, named: Sequence[str]) -> GraphError:
    """The service knows none of those who are to get a right, and does not say whom."""
    first = ", ".join(sorted(named)[:_NAMED]) or "a group or person by its id"
    more = f", and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return GraphError(
        "person-missing",
        f"The new tenant knows nobody called {first}{more}, so the rights were not given.",
        "Make those accounts, or correct 'becomes' under 'people' in scope.yml; then prepare.",
        status=error.status,
        codes=error.codes,
        request_id=error.request_id,
    )


def rights_digest(invites: Sequence[Invite]) -> str:
    """Tells one set of rights from another."""
    said = json.dumps([asdict(one) for one in invites], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()


def _recipient(who: str) -> dict[str, str]:
    return {"objectId": who.removeprefix("id:")} if who.startswith("id:") else {"email": who}
