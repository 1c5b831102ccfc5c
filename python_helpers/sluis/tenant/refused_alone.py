"""Whether a refusal is about the one thing that was asked, or about everything.

A permission call on a large list gets a 429 that never clears (sp-dev-docs
``migration-perm-guidance.md``), and a single file can be refused by rules of its own; neither
says anything of the next call. A consent that was withdrawn, or a claims challenge, does. What
tells them apart is another call, one that costs little.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..graph.connect import Graph
from ..graph.errors import ConnectionCutError, GraphError, ThrottledError

_SIGN_IN = frozenset({"sign-in-refused", "sign-in-failed"})
#: a call that hardly any app may not make; that it is refused is an answer as well
ANY_TENANT = "/users"
_LITTLE = {"$select": "id", "$top": "1"}


async def raise_unless_alone(
    graph: Graph, place: str, error: GraphError, params: Mapping[str, str] | None = None
) -> None:
    """Return when the service still answers another call: the refusal is about one thing.

    Only no answer, an endless 429, a 401 and a 403 leave that open. Without a sign-in nothing
    goes on, and any other refusal is about what was asked.

    Args:
        graph: the connection.
        place: what is asked instead: of what lies in a drive, the drive.
        error: the refusal.
        params: of that call.

    Raises:
        GraphError: ``error``: the service refuses the other call as well.
    """
    if error.code in _SIGN_IN:
        raise error
    away = ThrottledError | ConnectionCutError
    if not isinstance(error, away) and error.status not in (401, 403):
        return
    try:
        await graph.get(place, params or {"$select": "id"})
    except GraphError as other:
        nobody = isinstance(other, away) or other.status == 401 or other.code in _SIGN_IN
        if nobody or (error.status is not None and other.status == error.status):
            raise error from None


async def raise_unless_tenant_answers(graph: Graph, error: GraphError) -> None:
    """As :func:`raise_unless_alone`, for what is asked of a whole tenant.

    Raises:
        GraphError: ``error``.
    """
    if error.status != 403:  # a right that the app lacks says nothing of the others
        await raise_unless_alone(graph, ANY_TENANT, error, _LITTLE)
